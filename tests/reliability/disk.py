"""Disks that refuse and disks that forget: `python -m tests.reliability.disk [--each N] [--damages N]`.

ENOSPC, EIO and EROFS at every write of one full move (`disk_writes`), then a state database damaged in so
many ways, used, checked and restored (`disk_damage`). `--replay SEED NUMBER` does one of these again.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from random import Random

from tests.reliability.disk_damage import mended
from tests.reliability.disk_writes import Refusal, ran, refusals, writes

SHOWN = 20


@dataclass
class Tally:
    """What a campaign came to."""

    runs: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    failed: dict[str, str] = field(default_factory=dict)


def refused(found: Iterable[Refusal]) -> Tally:
    """Run a full move over each of these disks."""
    tally = Tally()
    for refusal in found:
        world, disk = ran(refusal)
        tally.runs += 1
        tally.outcomes.update([*set(disk.refused), *(f"move {state}" for state in world.states)])
        if not disk.refused:
            tally.outcomes["nothing was written there"] += 1
        if world.violations:
            tally.failed[str(refusal)] = f"{world.violations[0].law}: {world.violations[0].what}"
    return tally


def damaged(count: int, seed: int) -> Tally:
    """Damage a state database so often, each time anew."""
    tally = Tally()
    for number in range(count):
        tally.runs += 1
        try:
            form, outcome = mended(Random(f"{seed}/{number}"))
            tally.outcomes[outcome] += 1
            tally.outcomes[f"form: {form}"] += 1
        except Exception as error:  # noqa: BLE001 - whatever gets out is what is looked for
            where = f"--replay {seed} {number}"
            tally.failed[where] = f"{type(error).__name__}: {error}"[:400]
    return tally


def main() -> int:
    """Run what the command line asks for; 1 when a law did not hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--each", type=int, default=1, help="every how manieth way in which a write fails")
    parser.add_argument("--damages", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--replay", type=int, nargs=2, metavar=("SEED", "NUMBER"))
    chosen = parser.parse_args()
    if chosen.replay is not None:
        print(mended(Random("/".join(map(str, chosen.replay)))))
        return 0
    began, count = time.process_time(), writes()
    refusing = refused(list(refusals(count))[:: chosen.each])
    damaging = damaged(chosen.damages, chosen.seed)
    facts = {
        "writes_of_one_move": count,
        "seed": chosen.seed,
        "failed": len(refusing.failed) + len(damaging.failed),
        **{
            name: {"runs": one.runs, "failed": len(one.failed), "outcomes": dict(one.outcomes.most_common())}
            for name, one in (("refused_writes", refusing), ("damaged_databases", damaging))
        },
        "cpu_s": round(time.process_time() - began, 1),
    }
    print(json.dumps(facts, indent=1))
    failed = {**refusing.failed, **damaging.failed}
    for where, what in list(failed.items())[:SHOWN]:
        print(f"{where}: {what}")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
