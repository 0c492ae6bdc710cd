"""Many processes on one world: nothing is lost, nothing is counted twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from mammon.errors import OutsideError
from mammon.state.simchain import Accepted
from tests.state.realistic import snapshots
from tests.state.worlds import ended_well, forked, made, opened, record, together


def test_twenty_writers_lose_no_update_of_the_book(directory: Path) -> None:
    """Every change of the book is made from the version before it, however many write at once."""
    opened(directory).close()

    def work() -> None:
        with opened(directory) as store:
            left = 3
            while left:
                before = store.book.current()
                version, value = (before.version, int(before.document)) if before else (0, 0)
                try:
                    with store.transaction():
                        store.book.replace(version, b"%d" % (value + 1), 1, [b"fill"])
                    left -= 1
                except OutsideError:
                    continue

    assert together(work, 20)
    with opened(directory) as store:
        book = store.book.current()
        assert book is not None
        assert (book.version, book.document) == (60, b"60")
        assert [fill.version for fill in store.book.fills()] == list(range(1, 61))


def test_many_processes_record_and_pack_side_by_side(directory: Path) -> None:
    """Snapshots of several processes share keyframes, and every one reads back to its bytes."""
    opened(directory).close()

    def work(seed: int) -> None:
        with opened(directory) as store:
            for snapshot in snapshots(6, 6, seed=seed):
                record(store, snapshot)
                store.pack()

    processes = [forked(lambda seed=seed: work(seed)) for seed in (1, 1, 2, 3)]  # type: ignore[misc]
    assert all(map(ended_well, processes))
    with opened(directory) as store:
        store.check()
        assert len(store.snapshots.latest(100)) == 18
        assert len(store.decisions.page()) == 24
        assert all(store.decisions.inputs(each).snapshot for each in store.decisions.page())


def test_a_move_is_counted_once(directory: Path) -> None:
    """The same move, recorded by two processes or again after a restart, is one move."""
    opened(directory).close()

    def work() -> None:
        with opened(directory) as store, store.transaction():
            store.moves.record(made(1))

    assert together(work, 5)
    with opened(directory) as store:
        assert store.moves.since(0) == (made(1),)


def test_the_simulated_chain_moves_from_where_it_stands(directory: Path) -> None:
    """Two commands that move the simulated chain at once do not overwrite each other."""
    with opened(directory) as one, opened(directory) as other:
        with one.transaction():
            start = one.simchain.begin(7, 100)
        with one.transaction():
            moved = one.simchain.advance(start, 101, [Accepted(100, b"\x02")])
        with pytest.raises(OutsideError) as caught, other.transaction():
            other.simchain.advance(start, 105)
        assert caught.value.code == "simulation_moved"
        assert other.simchain.head() == moved
