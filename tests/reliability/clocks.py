"""Limits under clocks that go wrong: `python -m tests.reliability.clocks [NAME]`.

Each script (`clock_scripts`) runs for more than two days of the chain. Windows of 24 hours and of an
hour, and the time between two moves, hold as the chain counts them; no process hangs; a clock that is right
again finds nothing stuck.
"""

from __future__ import annotations

import itertools
import json
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.reliability.clock_scripts import DAY_S, HOUR_S, SCRIPTS, Script
from tests.reliability.clock_world import POLICY, Desk, Zone
from tests.reliability.world import quick_hashes

ATTEMPTS_S = (
    0,
    1_200,
    2_000,
    2_600,
    4_500,
    7_300,
    9_000,
    4 * HOUR_S,
    6 * HOUR_S,
    12 * HOUR_S,
    22 * HOUR_S,
    23.9 * HOUR_S,
    24.1 * HOUR_S,
    24.7 * HOUR_S,
    25.3 * HOUR_S,
    26 * HOUR_S,
)
"""When somebody wants to move: around the ends of every window."""
PATIENCE_S = 2 * HOUR_S
"""No process takes longer awake; following one transaction may take half an hour, and a move has two."""
LEAST_MOVES = 2
"""Of a script that is suspended for days, at its beginning; the others make more."""
TIDE_S = 3 * HOUR_S
"""How long a clock that is right again may need until something moves, when limits allow it."""


@dataclass
class Told:
    """What one script came to."""

    script: Script
    ends: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    longest_s: float = 0.0


def ran(script: Script) -> Told:
    """Run one script."""
    told = Told(script)
    with Zone(script.zone), quick_hashes():
        desk = Desk(script)
        try:
            for at_s in ATTEMPTS_S:
                desk.wait(at_s)
                _attempted(desk, told)
            # Three days on every window is empty and the clock is right: now nothing may stand in the way.
            desk.wait(desk.stage.elapsed_s + 3 * DAY_S)
            for _ in range(3):
                _attempted(desk, told)
                if told.ends[-1] == "moved":
                    break
                desk.wait(desk.stage.elapsed_s + TIDE_S / 3)
            else:
                told.wrong.append(f"stuck: {told.ends[-3:]}")
            _ended(desk, told)
        finally:
            desk.close()
    return told


def _attempted(desk: Desk, told: Told) -> None:
    began = desk.clock.awake_s
    told.ends.append(desk.attempt())
    took_s = desk.clock.awake_s - began
    told.longest_s = max(told.longest_s, took_s)
    if took_s > PATIENCE_S:
        told.wrong.append(f"a process took {took_s:.0f} s")
    told.wrong += [each for each in _limits(desk) if each not in told.wrong]


def _limits(desk: Desk) -> list[str]:
    """Hold what was mined against the limits, on the chain's own time."""
    mined = desk.mined()
    moves = [at for at, deposit in mined if deposit]
    wrong = []
    for first, second in itertools.pairwise(moves):
        # Each is counted from the block it was decided at, which is a little before it is mined.
        if second - first < POLICY.cooldown_s - 600:
            wrong.append(f"two moves within {second - first} s")
    for times, window_s, most in (
        (moves, DAY_S - 600, POLICY.max_moves_per_day),
        ([at for at, _ in mined], HOUR_S - 60, POLICY.max_transactions_per_hour),
    ):
        for place, at in enumerate(times):
            inside = sum(1 for other in times[place:] if other - at < window_s)
            if inside > most:
                wrong.append(f"{inside} within {window_s} s, {most} are allowed")
    return wrong


def _ended(desk: Desk, told: Told) -> None:
    """Nothing is open, nothing is counted twice or forgotten, nothing is stopped, every endpoint is asked."""
    moves = sum(deposit for _, deposit in desk.mined())
    with desk.opened() as store:
        if store.journal.open_slot() is not None or store.journal.open_intents():
            told.wrong.append("something is still open")
        recorded = len(store.moves.since(0))
        if recorded != moves:
            told.wrong.append(f"{recorded} moves are recorded, {moves} were made")
        if store.journal.seen_at() > desk.sim.time:
            told.wrong.append("a block time was noted that the chain has not reached")
    if moves < LEAST_MOVES:
        told.wrong.append(f"only {moves} moves in all: {told.ends}")
    if desk.rests:
        told.wrong.append(f"an endpoint that works still rests: {desk.rests}")
    if desk.in_force():
        told.wrong.append(f"stopped: {desk.in_force()}")


def main(wanted: Sequence[str]) -> int:
    """Run the scripts, print what they came to, return 1 when a limit did not hold."""
    found = [ran(script) for script in SCRIPTS if not wanted or script.name in wanted]
    facts = {
        "scripts": len(found),
        "failed": sum(bool(told.wrong) for told in found),
        "attempts": sum(len(told.ends) for told in found),
        "longest_process_s": round(max((told.longest_s for told in found), default=0.0)),
        "outcomes": dict(Counter(end for told in found for end in told.ends).most_common()),
        "moves": {told.script.name: told.ends.count("moved") for told in found},
    }
    print(json.dumps(facts, indent=1))
    for told in found:
        for wrong in told.wrong:
            print(f"{told.script.name}: {wrong}: python -m tests.reliability.clocks '{told.script.name}'")
        if wanted:
            print(told.ends)
    return 1 if any(told.wrong for told in found) or not found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
