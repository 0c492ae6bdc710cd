"""Run schedules and say what they came to: `python -m tests.reliability.campaign --seeds 500`."""

from __future__ import annotations

import argparse
import json
import sys
import time
import traceback
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from mammon.sim.faults import KINDS
from tests.reliability.schedule import schedule
from tests.reliability.truth import Violation
from tests.reliability.world import World, quick_hashes


@dataclass
class Tally:
    """What a campaign came to."""

    runs: int = 0
    failed: dict[int, Violation] = field(default_factory=dict)
    kinds: Counter[str] = field(default_factory=Counter)
    ends: Counter[str] = field(default_factory=Counter)
    halts: Counter[str] = field(default_factory=Counter)
    worst_s: float = 0.0
    slowest_s: float = 0.0
    processes: int = 0
    done: int = 0
    parked: int = 0
    real_s: float = 0.0


def once(seed: int, trace: bool = False, **options: object) -> World:
    """Run one schedule; a defect that is raised is a violation as well."""
    with quick_hashes():
        return _once(seed, trace, **options)


def _once(seed: int, trace: bool, **options: object) -> World:
    world = World(schedule(seed, **options), print if trace else None)  # type: ignore[arg-type]
    try:
        return world.run()
    except Exception as error:  # noqa: BLE001 - whatever the program raises that is no MammonError is a defect
        if trace:
            traceback.print_exc()
        where = traceback.extract_tb(error.__traceback__)[-1]
        what = f"{type(error).__name__}: {error} ({Path(where.filename).name}:{where.lineno})"
        world.violations.append(Violation("defect", what, world.stage.steps))
        return world


def campaign(seeds: range, stop: bool = False, **options: object) -> Tally:
    """Run many; `stop`: at the first that fails."""
    tally, began = Tally(), time.process_time()
    for seed in seeds:
        start = time.process_time()
        world = once(seed, **options)
        _count(tally, world, time.process_time() - start)
        if world.violations:
            tally.failed[seed] = world.violations[0]
            if stop:
                break
    tally.real_s = time.process_time() - began
    return tally


def _count(tally: Tally, world: World, real_s: float) -> None:
    tally.runs += 1
    tally.kinds.update(fault.name for fault in world.schedule.faults)
    tally.ends.update(end.split()[0] for end in world.ends)
    tally.halts.update(code for code, _ in world.emergencies)
    tally.processes += world.commands
    tally.worst_s = max(tally.worst_s, getattr(world, "took_s", 0.0))
    tally.slowest_s = max(tally.slowest_s, real_s)
    tally.done += world.states["done"]
    tally.parked += world.states["parked"]


def main() -> int:
    """Run what the command line asks for; exit 1 when a law did not hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=500)
    parser.add_argument("--start", type=int, default=0)
    parser.add_argument("--stored-each", type=int, default=10)
    parser.add_argument("--replay", type=int)
    parser.add_argument("--only", default="", help="kinds of faults, with commas between")
    parser.add_argument("--stop", action="store_true")
    parser.add_argument("--report", type=Path, help="write what it came to as JSON")
    chosen = parser.parse_args()
    options = {"stored_each": chosen.stored_each, "among": tuple(filter(None, chosen.only.split(",")))}
    if chosen.replay is not None:
        print(schedule(chosen.replay, **options))
        world = once(chosen.replay, trace=True, **options)
        print("\n".join(f"{one.law}: {one.what}" for one in world.violations) or "every law held")
        return bool(world.violations)
    seeds = range(chosen.start, chosen.start + chosen.seeds)
    tally = campaign(seeds, chosen.stop, **options)
    facts = {"first": seeds.start, "last": seeds.stop - 1, **options, **told(tally)}
    print(json.dumps(facts, indent=1))
    if chosen.report is not None:
        chosen.report.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    for seed, violation in tally.failed.items():
        print(f"{violation.law}: {violation.what}: python -m tests.reliability.campaign --replay {seed}")
    return bool(tally.failed)


def told(tally: Tally) -> dict[str, object]:
    """Return what a campaign came to, as it is published."""
    return {
        "runs": tally.runs,
        "failed": len(tally.failed),
        "laws": dict(Counter(one.law for one in tally.failed.values())),
        "share_below_at_95_percent": None if tally.failed else round(3 / max(1, tally.runs), 6),
        "kinds": len(tally.kinds),
        "kinds_unused": sorted(set(KINDS) - set(tally.kinds)),
        "processes": tally.processes,
        "intents_done": tally.done,
        "intents_parked": tally.parked,
        "halts": dict(tally.halts),
        "worst_virtual_s_after_faults": round(tally.worst_s, 1),
        "ms_per_run": round(1_000 * tally.real_s / max(1, tally.runs), 1),
        "slowest_ms": round(1_000 * tally.slowest_s),
        "ends": dict(tally.ends.most_common(12)),
    }


if __name__ == "__main__":
    sys.exit(main())
