"""P10: how long one decision takes, every gate judged; each is on numbers not seen before.

Deciding is computing alone, so its own processor time is measured and other processes play no part.
Recording waits for the disk: the wall clock tells, and beside it stands what a bare commit takes there.

What is recorded has grown with what is judged: thirty-four verdicts on each venue, and the tracks they
rest on. So its limit is 7.5 ms, where it was 5.

The world of 100 was to take 10 ms when eighteen gates judged every venue. There are twice as many
now, and every verdict is an object with its own numbers: its limit is 15 ms. What these limits guard is
that a decision grows with the venues, not with their square.
"""

from __future__ import annotations

import contextlib
import itertools
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from mammon.cli.ledgers import StateLedger
from mammon.core.decide import Decision, decide
from mammon.core.policy import Policy
from mammon.core.types import Portfolio, Snapshot
from mammon.engine.observe import Observation
from mammon.state.opening import Identity
from mammon.state.store import Store
from tests.bench import environments
from tests.bench.measure import Row, cpu_ms, quantile, value, wall_ms
from tests.bench.worlds import WORLDS
from tests.state.realistic import OWNER

EACH_ROUND = 120
LARGE = {100: 15.0, 1_000: 200.0}
_POLICY = Policy()
_BYTES = bytes(40_000)

Situation = tuple[Snapshot, Portfolio]


def decision(rounds: int) -> Iterator[Row]:
    """Yield p99 at 8 venues with and without the record, and medians at 100 and at 1,000 venues."""
    note = f"p99 of {EACH_ROUND}, median of rounds"
    for name in ("cash", "calm"):
        world = WORLDS[name](8, 2 * (rounds + 1) * EACH_ROUND)
        what = f"8 venues, {name}"
        yield value("P10", what, _p99s(world, _decided, rounds, cpu_ms), limit=2.0, unit="ms", note=note)
        ours, disk = _recorded(world, rounds)
        yield value("P10", f"{what}, recorded", ours, limit=7.5, unit="ms", note=note)
        yield value("P10", "a bare commit on this disk", disk, limit=None, unit="ms", note=note)
    for (count, limit), (name, world) in itertools.product(LARGE.items(), WORLDS.items()):
        taken = [cpu_ms(lambda s=situation: _decided(s)) for situation in world(count, rounds + 1)]
        what = f"{count} positions x {count} venues, {name}"
        yield value("P10", what, taken[1:], limit=limit, unit="ms")


def _recorded(world: Iterator[Situation], rounds: int) -> tuple[list[float], list[float]]:
    """Return each round's p99 of deciding and recording durably, and of a bare commit of as many bytes.

    A cycle of `run` packs its documents afterwards, when nothing waits: so it is here.
    """
    commits: list[float] = []
    with (
        tempfile.TemporaryDirectory(dir=environments.CACHE) as folder,
        Store.open(Path(folder) / "state", Identity("paper", 8453, str(OWNER))) as store,
        contextlib.closing(sqlite3.connect(Path(folder) / "bare.db", isolation_level=None)) as bare,
    ):
        for pragma in ("journal_mode=PERSIST", "synchronous=EXTRA"):
            bare.execute(f"PRAGMA {pragma}").fetchall()
        bare.execute("CREATE TABLE document (bytes BLOB)")
        ledger = StateLedger(store)

        def recorded(situation: Situation) -> None:
            made = _decided(situation)
            ledger.record(Observation(made.snapshot, made.portfolio, {}, 1), made)

        def between() -> None:
            store.pack()
            commits.append(wall_ms(lambda: bare.execute("INSERT INTO document VALUES (?)", (_BYTES,))))

        ours = _p99s(world, recorded, rounds, wall_ms, between)
    of_rounds = [commits[start : start + EACH_ROUND] for start in range(0, len(commits), EACH_ROUND)]
    return ours, [quantile(samples, 0.99) for samples in of_rounds[1:]]


def _decided(situation: Situation) -> Decision:
    snapshot, portfolio = situation
    return decide(snapshot, portfolio, _POLICY, snapshot.block.timestamp + 2)


def _p99s(
    situations: Iterator[Situation],
    work: Callable[[Situation], object],
    rounds: int,
    clock: Callable[[Callable[[], object]], float],
    between: Callable[[], None] = lambda: None,
) -> list[float]:
    """Return each round's 99th percentile; `between` runs after every sample and is not counted."""
    found = []
    for number in range(rounds + 1):
        samples = []
        for situation in itertools.islice(situations, EACH_ROUND):
            samples.append(clock(lambda s=situation: work(s)))
            between()
        if number:
            found.append(quantile(samples, 0.99))
    return found
