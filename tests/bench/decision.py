"""P10: how long one decision takes, every gate judged; each is on numbers not seen before."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from mammon.cli.place import StateLedger
from mammon.core.decide import Decision, decide
from mammon.core.policy import Policy
from mammon.core.types import Portfolio, Snapshot
from mammon.engine.observe import Observation
from mammon.state.opening import Identity
from mammon.state.store import Store
from tests.bench import environments
from tests.bench.measure import Row, quantile, value, wall_ms
from tests.bench.worlds import WORLDS
from tests.state.realistic import OWNER

EACH_ROUND = 120
LARGE = {100: 10.0, 1_000: 200.0}
_POLICY = Policy()

Situation = tuple[Snapshot, Portfolio]


def decision(rounds: int) -> Iterator[Row]:
    """Yield p99 at 8 venues with and without the record, and medians at 100 and at 1,000 venues."""
    note = f"p99 of {EACH_ROUND}, median of rounds"
    for name in ("cash", "calm"):
        world = WORLDS[name](8, 2 * (rounds + 1) * EACH_ROUND)
        what = f"8 venues, {name}"
        yield value("P10", what, _p99s(world, _decided, rounds), limit=2.0, unit="ms", note=note)
        yield value("P10", f"{what}, recorded", _recorded(world, rounds), limit=5.0, unit="ms", note=note)
    for (count, limit), (name, world) in itertools.product(LARGE.items(), WORLDS.items()):
        taken = [wall_ms(lambda s=situation: _decided(s)) for situation in world(count, rounds + 1)]
        what = f"{count} positions x {count} venues, {name}"
        yield value("P10", what, taken[1:], limit=limit, unit="ms")


def _recorded(world: Iterator[Situation], rounds: int) -> list[float]:
    """Return each round's p99 with everything made durable, as a cycle of `run` does it."""
    identity = Identity("paper", 8453, str(OWNER))
    with (
        tempfile.TemporaryDirectory(dir=environments.CACHE) as folder,
        Store.open(Path(folder) / "state", identity) as store,
    ):
        ledger = StateLedger(store)

        def recorded(situation: Situation) -> None:
            made = _decided(situation)
            ledger.record(Observation(made.snapshot, made.portfolio, {}, 1), made)

        return _p99s(world, recorded, rounds, store.pack)


def _decided(situation: Situation) -> Decision:
    snapshot, portfolio = situation
    return decide(snapshot, portfolio, _POLICY, snapshot.block.timestamp + 2)


def _p99s(
    situations: Iterator[Situation],
    work: Callable[[Situation], object],
    rounds: int,
    between: Callable[[], None] = lambda: None,
) -> list[float]:
    """Return each round's 99th percentile; `between` runs after every sample and is not counted."""
    found = []
    for number in range(rounds + 1):
        samples = []
        for situation in itertools.islice(situations, EACH_ROUND):
            samples.append(wall_ms(lambda s=situation: work(s)))
            between()
        if number:
            found.append(quantile(samples, 0.99))
    return found
