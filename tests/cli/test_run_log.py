"""The end of a cycle: recorded, packed and made durable in one change, whatever becomes of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from mammon.cli.ledgers import StateLedger
from mammon.cli.place import Place
from mammon.cli.process import SystemClock
from mammon.cli.runlog import RunLog
from mammon.core.decide import decide
from mammon.core.policy import Policy
from mammon.engine.observe import Observation
from mammon.errors import OutsideError
from mammon.state.store import Store
from tests.bench import worlds
from tests.state.worlds import opened


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with opened(tmp_path / "world") as found:
        yield found


def log(store: Store, settle: Callable[[], None]) -> RunLog:
    """Return the log of a run in a place of which only state, clock and `settle` are asked."""
    now = SystemClock()
    now.now = lambda: 1_000  # type: ignore[method-assign]
    place: Any = SimpleNamespace(store=store, settle=settle, world=SimpleNamespace(clock=now))
    with store.transaction():
        run = store.runs.begin(1_000, "run", "0", "1:1")
    return RunLog(cast(Place, place), run)


def commits(store: Store) -> list[str]:
    """Return a list that each later commit of a change adds to."""
    said: list[str] = []
    store.database.connection.set_trace_callback(said.append)
    return said


def test_a_cycle_ends_in_one_change(store: Store) -> None:
    """The record, the packing and the simulated chain share one commit: each costs a wait for the disk."""

    def settle() -> None:
        with store.change():
            store.simchain.begin(7, 10)

    kept = log(store, settle)
    with store.transaction():
        store.snapshots.add(b'{"x":"' + b"y" * 5_000 + b'"}', 1, 1_000)
    said = commits(store)
    with kept.cycle() as entry:
        entry.outcome = "hold"
    assert said.count("COMMIT") == 1
    assert store.snapshots.series.pending() == 0
    assert store.simchain.head() is not None
    assert [cycle.outcome for cycle in store.cycles.page()] == ["hold"]


def test_a_cycle_whose_end_fails_is_recorded_as_failed(store: Store) -> None:
    """What cannot be made durable leaves no trace but the record that the cycle failed, and why."""

    def settle() -> None:
        with store.change():
            store.simchain.begin(7, 10)
        raise OutsideError("simulation_moved", "another command moved the simulated chain", "run again")

    def ended() -> None:
        with log(store, settle).cycle() as entry:
            entry.outcome = "hold"

    with pytest.raises(OutsideError, match="another command"):
        ended()
    assert [(cycle.outcome, cycle.error_code) for cycle in store.cycles.page()] == [
        ("failed", "simulation_moved")
    ]
    assert store.simchain.head() is None


def test_what_is_held_is_recorded_with_the_end_of_its_cycle(store: Store) -> None:
    """A decision that nothing is done about costs no commit of its own; one to act on does, at once."""
    kept, ledger = log(store, lambda: None), StateLedger(store)
    (held, owned), (snapshot, portfolio) = *worlds.calm(3, 1), *worlds.cash(3, 1)
    hold = decide(held, owned, Policy(), held.block.timestamp)
    move = decide(snapshot, portfolio, Policy(), snapshot.block.timestamp)
    assert (hold.action, move.action) == ("hold", "move")
    said = commits(store)
    with kept.cycle():
        ledger.record(Observation(held, owned, {}, 1), hold)
        assert (said.count("COMMIT"), store.decisions.page()) == (0, ())
    assert (said.count("COMMIT"), len(store.decisions.page())) == (1, 1)
    with kept.cycle():
        ledger.record(Observation(snapshot, portfolio, {}, 1), move)
        assert (said.count("COMMIT"), len(store.decisions.page())) == (2, 2)
    again = decide(held, owned, Policy(), held.block.timestamp + 1)
    ledger.record(Observation(held, owned, {}, 1), again)
    assert len(store.decisions.page()) == 3, "outside of a run nothing waits"


def test_what_is_held_is_recorded_also_where_its_cycle_fails(store: Store) -> None:
    """Whatever ends a cycle after its decision, the decision is kept beside the failure."""
    kept, ledger = log(store, lambda: None), StateLedger(store)
    ((held, owned),) = worlds.calm(3, 1)

    def ended() -> None:
        with kept.cycle():
            decision = decide(held, owned, Policy(), held.block.timestamp)
            ledger.record(Observation(held, owned, {}, 1), decision)
            raise OutsideError("unread", "nothing was read")

    with pytest.raises(OutsideError):
        ended()
    assert [cycle.error_code for cycle in store.cycles.page()] == ["unread"]
    assert len(store.decisions.page()) == 1


def test_a_change_is_part_of_the_transaction_around_it(store: Store) -> None:
    """Outside of one it is a transaction of its own; inside it is undone with what it is part of."""
    with store.change():
        store.simchain.begin(7, 10)
    assert store.simchain.head() is not None

    def undone() -> None:
        with store.transaction():
            with store.change():
                store.cycles.record(None, 1, 2, "hold")
            raise ValueError

    with pytest.raises(ValueError):
        undone()
    assert store.cycles.page() == ()
