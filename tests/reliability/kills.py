"""Kill the command line in the middle of a move on a real node, start it again, and count the money.

A process is killed with SIGKILL when a chosen exchange with a provider or with the signer takes place:
before it reaches the other side, or when the other side has it and the answer is still to come. So every
wait of the program for something outside is a point of death, and what it does between two of them is
durable or not. `python -m tests.reliability.kills` kills at all of them; the suite at some.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import signal
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mammon.core.transaction import decode_signed
from tests.chain import build
from tests.chain.lab import Lab
from tests.chain.proxy import raw_sent
from tests.chain.proxy_sends import sender
from tests.flows.forked import Child
from tests.flows.runner import Ended
from tests.reliability.kill_commands import Installed
from tests.reliability.kill_points import POINTS, drawn
from tests.reliability.kill_trap import SIDES, Death, Syscall, Trap
from tests.reliability.kill_troubles import Trouble
from tests.reliability.kill_world import KillWorld, kill_world

MOVE = ("rebalance", "--execute", "--yes")
LOOP = ("run", "--execute", "--yes", "--cycles", "2", "--interval", "1h")
LEGS = 3
AGAIN = (3, 4)
"""Exit codes after which the same command may be given again: refused now, or safe to try again."""
STARTS = 12
"""After which a move that is not done counts as stuck."""
ROUNDING = 6
"""Units that two venues may keep of a move."""
GROWTH_A_YEAR = 5
"""The money earns no more than one part in so many in a year."""
YEAR_S = 31_536_000
_KNOWN = re.compile(r"^(unfinished, |aave-36 )", re.MULTILINE)
"""Lines of `status` that tell of money on its way, or arrived."""
KNOWN_S = 60.0
"""Within which a start must know where the money is."""


@dataclass
class Told:
    """What a schedule of deaths came to."""

    deaths: tuple[Death | Syscall, ...]
    troubles: tuple[Trouble, ...] = ()
    words: tuple[str, ...] = MOVE
    wrong: list[str] = field(default_factory=list)
    starts: int = 0
    killed: int = 0
    slowest_s: float = 0.0
    """Of the starts that were not killed."""
    endings: list[Ended] = field(default_factory=list)
    places: list[str] = field(default_factory=list)
    """What `status` said after each death."""


def schedule(
    lab: Lab,
    deaths: Sequence[Death | Syscall],
    troubles: Sequence[Trouble] = (),
    *,
    pause: int = 0,
    installed: bool = False,
    words: Sequence[str] = MOVE,
) -> Told:
    """Move the money, dying as told in one start after the other, until a start ends by itself.

    `pause`: blocks mined between two starts. `installed`: the installed program, in real time.
    """
    told = Told(tuple(deaths), tuple(troubles), tuple(words))
    with contextlib.ExitStack() as stack:
        name = stack.enter_context(tempfile.TemporaryDirectory(prefix="mammon-kill-"))
        world = stack.enter_context(kill_world(lab, Path(name), installed=installed))
        trap = Trap()
        _set(world, trap)
        for trouble in troubles:
            trouble.befall(world)
        start = world.money()
        for number in range(STARTS):
            ended = _started(world, trap, deaths[number] if number < len(deaths) else None, told)
            told.wrong += lost(world, start)
            if ended is not None and ended.code not in AGAIN:
                break
            told.places.append(place(world, told))
            world.mine(pause + (ended is not None))
        else:
            told.wrong.append(f"not done after {STARTS} starts")
        told.wrong += [*lost(world, start), *sent(world), *done(world, start, told)]
    return told


def exchanges(lab: Lab, words: Sequence[str] = MOVE) -> int:
    """Return how many exchanges a move has that nobody kills."""
    with tempfile.TemporaryDirectory(prefix="mammon-kill-") as name, kill_world(lab, Path(name)) as world:
        trap = Trap()
        _set(world, trap)
        trap.arm(None)
        ended = world.ran(*words)
        if ended.code:
            raise RuntimeError(ended.err)
        return trap.count


def _set(world: KillWorld, trap: Trap) -> None:
    for provider in world.providers:
        provider.around = trap.around
    world.remote.before = lambda: trap.before(["sign"])
    world.remote.after = trap.after


def _started(world: KillWorld, trap: Trap, death: Death | Syscall | None, told: Told) -> Ended | None:
    """Start the move once; return how it ended, None when it was killed."""
    began = time.monotonic()
    told.starts += 1
    if isinstance(death, Syscall):
        trap.arm(None)
        inject = f"inject={death.name}:signal=SIGKILL:when={death.number}"
        child: Child | Installed = world.traced(
            ["-e", f"trace={death.name}", "-e", inject, "-o", os.devnull], *told.words
        )
    else:
        trap.arm(death)
        child = trap.child = world.start(*told.words)
    ended = child.wait(KNOWN_S)
    trap.arm(None)
    if ended.code == -signal.SIGKILL:
        told.killed += 1
        return None
    told.endings.append(ended)
    told.slowest_s = max(told.slowest_s, time.monotonic() - began)
    return ended


# --- what must hold ------------------------------------------------------------------------------


def lost(world: KillWorld, start: dict[str, int]) -> Iterator[str]:
    """Conservation: wallet and venues together hold what they held."""
    before, now = sum(start.values()), sum(world.money().values())
    earned = before * (world.chain.now - world.began) // YEAR_S // GROWTH_A_YEAR
    if not before - ROUNDING <= now <= before + earned + ROUNDING:
        yield f"{before} units became {now}: {world.money()}"


def sent(world: KillWorld) -> Iterator[str]:
    """Every nonce has one act, whatever was signed for it; no act is done under two nonces."""
    acts: dict[int, set[tuple[str, bytes]]] = defaultdict(set)
    for raw in {bytes.fromhex(text[2:]) for text in raw_sent(world.providers)}:
        unsigned = decode_signed(raw)[0]
        if sender(raw) != world.owner.lower():
            yield f"signed by {sender(raw)}"
        if unsigned.data:
            acts[unsigned.nonce].add((unsigned.to, unsigned.data))
    for nonce, found in acts.items():
        if len(found) > 1:
            yield f"nonce {nonce} has {len(found)} different acts"
    if world.count() > LEGS:
        yield f"{world.count()} transactions for {LEGS} legs"


def done(world: KillWorld, start: dict[str, int], told: Told) -> Iterator[str]:
    """At the end the money is in one place, nothing is allowed to anybody, and nothing more is done."""
    ended = told.endings[-1] if told.endings else None
    if ended is None or ended.code:
        logs = [path.read_text() for path in world.folder.glob("home/logs/bug-*")]
        yield "\n".join(
            [f"ended with {ended.code if ended else 'a kill'}: {ended.err if ended else ''}", *logs]
        )
        return
    money = world.money()
    if world.allowance():
        yield f"{world.allowance()} units are still allowed"
    if sorted(money.values())[:-1] != [0] * (len(money) - 1) and money["aave-30"] > ROUNDING:
        yield f"the money is in more than one place: {money}"
    if money["aave-36"] < sum(start.values()) - ROUNDING:
        yield f"the move is not done: {money}"
    before = world.count()
    again = world.ran(*told.words)
    if again.code not in (0, 3) or world.count() != before:
        yield f"once more: {again.code}, {world.count() - before} transactions: {again.err}"


def place(world: KillWorld, told: Told) -> str:
    """Return what `status` says; once money has left its venue it must say so, without asking the chain."""
    ended = world.ran("status")
    if "state_missing" in ended.err and not world.count():
        return ended.err  # it died before anything was written
    if ended.code:
        told.wrong.append(f"status ended with {ended.code}: {ended.err}")
    elif world.money()["aave-30"] <= ROUNDING and not _KNOWN.search(ended.out):
        told.wrong.append(f"the money is in {world.money()}, status says:\n{ended.out}")
    return ended.out


def main() -> int:
    """Run what the options ask for, each schedule once; return 1 for a violation."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--seeds", type=int, default=0, help="so many seeds, with faults of the providers")
    options.add_argument("--first", type=int, default=1, help="the first seed")
    options.add_argument("--installed", action="store_true", help="the installed program, in real time")
    options.add_argument(
        "--loop", action="store_true", help="two cycles of `mammon run` instead of a rebalance"
    )
    asked = options.parse_args()
    lab, words = build.lab(), LOOP if asked.loop else MOVE
    if asked.seeds:
        plans = [(f"seed {n}", *drawn(n)) for n in range(asked.first, asked.first + asked.seeds)]
    else:
        plans = [(name, deaths, (), pause) for name, deaths in POINTS.items() for pause in (0, 5)]
        if not asked.installed:
            sweep = [Death(number, side) for number in range(1, exchanges(lab, words) + 1) for side in SIDES]
            plans += [("sweep", (death,), (), 0) for death in sweep]
    found = []
    for name, deaths, troubles, pause in plans:
        told = schedule(lab, deaths, troubles, pause=pause, installed=asked.installed, words=words)
        found.append(told)
        if told.wrong:
            print(
                f"WRONG {name} pause {pause} {[str(one) for one in (*deaths, *troubles)]}:",
                *told.wrong,
                sep="\n  ",
            )
            sys.stdout.flush()
    wrong, slowest = sum(bool(told.wrong) for told in found), max(told.slowest_s for told in found)
    kills = sum(told.killed for told in found)
    print(
        f"{len(found) - wrong} of {len(found)} schedules right, {kills} kills, slowest start {slowest:.1f} s"
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
