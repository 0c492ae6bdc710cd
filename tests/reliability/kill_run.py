"""Kill the installed `mammon run --execute` at random times, start it again, and count the money.

`python -m tests.reliability.kill_run COUNT SEED`. The program is the installed one, with a key file and in
real time, on a node with real protocols whose blocks come every second. Nothing chooses where it dies: it is
killed so many seconds after its start, in its start-up, in a reading, in any leg of a move, or between two
cycles. Whoever starts it again gives the same command and nothing else.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mammon.state.opening import NAME
from tests.chain import build
from tests.chain.lab import Lab
from tests.flows.runner import Ended
from tests.reliability.kill_commands import Installed
from tests.reliability.kill_world import KillWorld, kill_world
from tests.reliability.kills import KNOWN_S, Told, done, lost, place, sent

RUN = ("run", "--execute", "--yes", "--interval", "1s")
"""Without end: a move takes about twelve seconds of it."""
LAST = (*RUN, "--cycles", "3")
"""The start that nobody kills."""
ONCE = ("run", "--execute", "--yes", "--cycles", "1")
LIVES_S = ((0.05, 1.5), (0.5, 6.0), (0.5, 6.0), (3.0, 15.0))
"""Within which a start is killed; which of them, is drawn."""
PAUSES_S = (0.0, 0.0, 0.5, 2.5)
DEATHS_A_WORLD = (3, 6)
POLL_S = 0.1
P95_S = 10.0
"""In so many seconds 95 of 100 starts know where the money is; the slowest in `KNOWN_S`."""


@dataclass
class Life:
    """One world: its deaths, and what came of them."""

    seed: int
    deaths_s: tuple[float, ...]
    told: Told = field(default_factory=lambda: Told((), words=ONCE))
    known_s: list[float] = field(default_factory=list)
    """From each start after a death until it had looked at the chain and written down what it saw."""
    money_at: Counter[str] = field(default_factory=Counter)
    """Where the money was at the deaths."""


def lived(lab: Lab, seed: int, deaths: int) -> Life:
    """Let one world's `run` die so many times, and then run to its end."""
    chance = random.Random(seed)
    life = Life(seed, tuple(round(chance.uniform(*chance.choice(LIVES_S)), 2) for _ in range(deaths)))
    told = life.told
    with contextlib.ExitStack() as stack:
        name = stack.enter_context(tempfile.TemporaryDirectory(prefix="mammon-kill-"))
        world = stack.enter_context(kill_world(lab, Path(name), installed=True))
        start = world.money()
        for after_s in (*life.deaths_s, None):
            ended = _life(world, life, after_s)
            told.wrong += lost(world, start)
            if ended is None:
                life.money_at[_where(world)] += 1
                told.places.append(place(world, told))
                time.sleep(chance.choice(PAUSES_S))
        told.wrong += [*lost(world, start), *sent(world), *agreed(world), *done(world, start, told)]
    return life


def _life(world: KillWorld, life: Life, after_s: float | None) -> Ended | None:
    """Start the loop; kill it after so long; return how it ended, None when it was killed."""
    told, began = life.told, time.monotonic()
    due = int(time.time()) + 1
    told.starts += 1
    child = world.start(*(LAST if after_s is None else RUN))
    assert isinstance(child, Installed)
    if told.killed:
        _await_known(world, life, child, due, after_s)
    if after_s is not None:
        with contextlib.suppress(Exception):
            child.process.wait(max(0.0, began + after_s - time.monotonic()))
        if child.process.poll() is None:
            os.kill(child.pid, signal.SIGKILL)
    ended = child.wait(KNOWN_S)
    if ended.code == -signal.SIGKILL:
        told.killed += 1
        return None
    told.endings.append(ended)
    if ended.code or after_s is not None:
        told.wrong.append(f"`run` ended by itself with {ended.code}: {ended.err}")
    return ended


def _await_known(world: KillWorld, life: Life, child: Installed, due: int, after_s: float | None) -> None:
    """Note how long it takes until a start has seen a block of after its beginning, and kept what it saw.

    That is the first moment at which receipts, counts and balances from the chain stand behind what
    `status` says. A start that is to die earlier says nothing about it, unless it had long enough.
    """
    began = time.monotonic()
    while child.process.poll() is None:
        passed = time.monotonic() - began
        if after_s is not None and passed >= after_s:
            life.known_s += [round(passed, 2)] if passed >= P95_S else []
            return
        if seen_at(world) >= due:
            life.known_s.append(round(passed, 2))
            life.told.places.append(place(world, life.told))
            return
        if passed > KNOWN_S:
            life.known_s.append(round(passed, 2))
            life.told.wrong.append(f"where the money is was not known after {passed:.0f} s")
            return
        time.sleep(POLL_S)


def seen_at(world: KillWorld) -> int:
    """Return the newest block time that the state knows of, 0 when there is none or it cannot be read now."""
    for path in world.folder.glob(f"home/live-*/{NAME}"):
        with contextlib.suppress(sqlite3.Error):
            connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=0.05)
            try:
                row = connection.execute("SELECT value FROM marks WHERE name = 'seen_at'").fetchone()
                return int(row[0]) if row else 0
            finally:
                connection.close()
    return 0


def _where(world: KillWorld) -> str:
    return max(world.money().items(), key=lambda item: item[1])[0]


def agreed(world: KillWorld) -> Iterator[str]:
    """Journal and node tell the same: each nonce once, mined where the node has it; nothing is open."""
    listed = world.ran("tx", "list", "--json", "--limit", "100")
    if listed.code:
        yield f"tx list ended with {listed.code}: {listed.err}"
        return
    rows: list[Mapping[str, Any]] = listed.data["transactions"]
    nonces = sorted(row["nonce"] for row in rows)
    if nonces != list(range(world.count())):
        yield f"the node has {world.count()} transactions, the journal {nonces}"
    for row in rows:
        receipt = world.chain.rpc("eth_getTransactionReceipt", row["hash"])
        if row["state"] != "settled" or receipt is None or int(receipt["blockNumber"], 16) != row["block"]:
            yield f"the journal has {row['nonce']} {row['state']} in {row['block']}, the node {receipt}"
    for words in (("state", "check"), ("state", "verify-log")):
        ended = world.ran(*words)
        if ended.code:
            yield f"{' '.join(words)} ended with {ended.code}: {ended.out}{ended.err}"
    if "unfinished" in world.ran("status").out:
        yield f"something is unfinished: {world.ran('status').out}"


def campaign(lab: Lab, count: int, seed: int) -> list[Life]:
    """Kill so many times, a few in each world."""
    lives = []
    while count > 0:
        deaths = min(count, random.Random(seed).randint(*DEATHS_A_WORLD))
        lives.append(lived(lab, seed, deaths))
        count, seed = count - deaths, seed + 1
    return lives


def summary(lives: list[Life]) -> dict[str, Any]:
    """Return what a campaign came to, as it is published."""
    known = sorted(at for life in lives for at in life.known_s)
    return {
        "kills": sum(life.told.killed for life in lives),
        "worlds": len(lives),
        "wrong": sum(bool(life.told.wrong) for life in lives),
        "money_at_death": dict(sum((life.money_at for life in lives), Counter())),
        "starts": sum(life.told.starts for life in lives),
        "known_measured": len(known),
        "known_p95_s": p95(known),
        "known_worst_s": known[-1] if known else None,
    }


def p95(ordered: list[float]) -> float | None:
    """Return what at least 95 of 100 stay within."""
    return ordered[-(-95 * len(ordered) // 100) - 1] if ordered else None


def main() -> int:
    """Run the campaign, print what it came to, return 1 for a violation."""
    count, seed = (int(word) for word in (*sys.argv[1:], "60", "1")[:2])
    lives = campaign(build.lab(), count, seed)
    found = summary(lives)
    print(json.dumps(found, indent=1))
    for life in lives:
        if life.told.wrong:
            print(f"WRONG seed {life.seed}, killed after {life.deaths_s} s:", *life.told.wrong, sep="\n  ")
    slow = (found["known_p95_s"] or 0.0) > P95_S
    return 1 if found["wrong"] or slow or found["kills"] < count else 0


if __name__ == "__main__":
    sys.exit(main())
