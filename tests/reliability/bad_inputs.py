"""Bad inputs of every kind, counted: `python -m tests.reliability.bad_inputs COUNT SEED`.

A case is a seed and a number: what comes from a node, from a person or from the disk is broken in one way,
and given to the program's own readers. Each is a typed refusal, or the right answer. Nothing is signed on it,
nothing raises what nobody expected, and no text that is rendered can steer a terminal.
`--replay SEED NUMBER` runs one case again, with its traceback.
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from tests.reliability.bad_acting import signatures
from tests.reliability.bad_answers import looks, preparations, readings
from tests.reliability.bad_documents import documents
from tests.reliability.bad_forms import Kind
from tests.reliability.bad_names import names
from tests.reliability.bad_settings import settings
from tests.reliability.bad_sources import sources
from tests.reliability.disk_damage import damage

KINDS: dict[str, tuple[Kind, int]] = {
    "answers: what a signature rests on": (preparations, 320),
    "answers: an open slot": (looks, 170),
    "answers: markets, prices, holdings": (readings, 45),
    "answers: up to the first signature": (signatures, 10),
    "documents": (documents, 80),
    "answers of outside sources": (sources, 60),
    "configuration files": (settings, 205),
    "names rendered": (names, 100),
    "bytes of the state": (damage, 10),
}
"""Each kind, and how many of a thousand cases are of it: the cheap ones more often."""
SHOWN = 20


@dataclass
class Tally:
    """What a campaign came to."""

    runs: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    forms: set[str] = field(default_factory=set)
    outcomes: dict[str, Counter[str]] = field(default_factory=dict)
    failed: dict[int, str] = field(default_factory=dict)
    slowest_ms: float = 0.0
    real_s: float = 0.0


def case(seed: int, number: int) -> tuple[str, Kind, Random]:
    """Return the kind of one case and its draw."""
    draw = Random(f"{seed}/{number}")
    (name,) = draw.choices(list(KINDS), [share for _, share in KINDS.values()])
    return name, KINDS[name][0], draw


def campaign(count: int, seed: int, stop: bool = False, only: Sequence[str] = ()) -> Tally:
    """Run so many cases; `stop`: at the first that fails; `only`: of these kinds alone."""
    tally, began = Tally(outcomes={name: Counter() for name in KINDS}), time.process_time()
    for number in range(count):
        name, kind, draw = case(seed, number)
        if only and name not in only:
            continue
        start = time.process_time()
        try:
            form, outcome = kind(draw)
        except Exception as error:  # noqa: BLE001 - whatever gets out of a reader is what is looked for
            form, outcome = "", "FAILED"
            tally.failed[number] = f"{name}: {type(error).__name__}: {error}"[:400]
        tally.runs += 1
        tally.kinds[name] += 1
        tally.forms.add(f"{name}: {form}")
        tally.outcomes[name][outcome] += 1
        tally.slowest_ms = max(tally.slowest_ms, 1_000 * (time.process_time() - start))
        if stop and tally.failed:
            break
    tally.real_s = time.process_time() - began
    return tally


def told(tally: Tally, seed: int) -> dict[str, object]:
    """Return what a campaign came to, as it is published."""
    wrong = Counter("law" if "WrongError" in what else "defect" for what in tally.failed.values())
    return {
        "runs": tally.runs,
        "seed": seed,
        "failed": len(tally.failed),
        "laws_broken": wrong["law"],
        "tracebacks": wrong["defect"],
        "kinds": dict(tally.kinds),
        "forms": len(tally.forms),
        "share_below_at_95_percent": None if tally.failed else round(3 / max(1, tally.runs), 6),
        "ms_per_run": round(1_000 * tally.real_s / max(1, tally.runs), 2),
        "slowest_ms": round(tally.slowest_ms),
        "outcomes": {name: dict(found.most_common()) for name, found in tally.outcomes.items()},
    }


def main(arguments: Sequence[str]) -> int:
    """Run what the command line asks for; 1 when anything failed."""
    if arguments[:1] == ["--replay"]:
        seed, number = int(arguments[1]), int(arguments[2])
        name, kind, draw = case(seed, number)
        print(name)
        print(kind(draw))
        return 0
    count, seed = (*map(int, arguments), *(200_000, 1)[len(arguments) :])
    tally = campaign(count, seed)
    print(json.dumps(told(tally, seed), indent=1))
    for number, what in list(tally.failed.items())[:SHOWN]:
        print(f"{what!r}: python -m tests.reliability.bad_inputs --replay {seed} {number}")
    return bool(tally.failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
