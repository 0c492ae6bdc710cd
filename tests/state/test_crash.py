"""SIGKILL at any moment: afterwards there is the old state or the new one, and nothing between."""

from __future__ import annotations

import os
import random
import time
from pathlib import Path

import pytest

from mammon.core import canonical
from mammon.state.opening import JOURNAL
from mammon.state.store import Store
from tests.state.realistic import snapshots
from tests.state.worlds import IDENTITY, contents, ended_well, forked, furnish, kill, opened, record


def step(store: Store, number: int, data: bytes) -> None:
    """Do one change that touches several tables and can be told whole from half."""
    with store.transaction():
        store.cycles.record(None, number, number, "hold")
        store.snapshots.add(data + b"%d" % number, number, number)
        store.book.replace(number, b"%d" % number, number, [b"fill %d" % number])


def whole(store: Store) -> int:
    """Hold every table against the others; return how many changes there are."""
    store.check()
    book = store.book.current()
    version = book.version if book else 0
    assert len(store.cycles.page(limit=10_000)) == version
    assert [fill.version for fill in store.book.fills(limit=10_000)] == list(range(1, version + 1))
    rows = store.snapshots.latest(10_000)
    assert len(rows) == version
    assert all(store.snapshots.bytes_of(row.id).endswith(b"%d" % row.block_number) for row in rows)
    return version


def test_a_kill_at_any_time_leaves_whole_changes(directory: Path) -> None:
    """A process killed at random moments of its commits is followed by one that finds them whole."""
    data = canonical.dumps(next(snapshots(4, 1)))
    chance = random.Random(7)
    with opened(directory) as store:
        whole(store)
    reached, reported = 0, os.pipe()
    for _ in range(25):

        def work() -> None:
            with opened(directory) as child:
                number = whole(child)
                os.write(reported[1], b".")
                while True:
                    step(child, number, data)
                    number += 1
                    os.write(reported[1], b"%d " % number)
                    child.pack()

        process = forked(work)
        assert os.read(reported[0], 1) == b"."
        time.sleep(chance.uniform(0, 0.05))
        kill(process)
        os.write(reported[1], b"end")
        told = os.read(reported[0], 1 << 20).removesuffix(b"end").split()
        committed = int(told[-1]) if told else reached
        for way in (Store.readonly, Store.open):
            with way(directory, IDENTITY) as store:
                reached = whole(store)
                assert reached in (committed, committed + 1)
    assert reached > 0
    os.close(reported[0])
    os.close(reported[1])


@pytest.mark.parametrize("way", [Store.open, Store.readonly], ids=["writer", "reader"])
def test_a_change_half_in_the_file_is_undone(directory: Path, way: object) -> None:
    """Pages that reached the file before the commit are taken back by whoever opens it next."""
    with opened(directory) as store:
        furnish(store, list(snapshots(6, 4)))
        before = contents(store)
    started = os.pipe()

    def work() -> None:
        with opened(directory) as child, child.transaction():
            # A cache this small makes SQLite write pages into the file before the commit.
            child.database.connection.execute("PRAGMA cache_size=2")
            for number in range(40):
                child.snapshots.add(os.urandom(20_000), number, number)
                child.moves._table.append(f"k{number}", 1, "a", "b", "1", "1", "1", "[]")
            os.write(started[1], b".")
            time.sleep(60)

    process = forked(work)
    os.read(started[0], 1)
    kill(process)
    assert any((directory / JOURNAL).read_bytes()[:8]), "the journal is hot"
    with way(directory, IDENTITY) as store:  # type: ignore[operator]
        assert contents(store) == before
        store.check()
    os.close(started[0])
    os.close(started[1])


def test_a_kill_between_any_two_statements_leaves_the_old_state(directory: Path) -> None:
    """Up to its commit a cycle's transaction has not happened, wherever in it the process dies."""
    first, second = list(snapshots(4, 2))
    with opened(directory) as store:
        record(store, first)
        before = contents(store)
    survived = 0
    for fatal in range(1, 200):

        def work(fatal: int = fatal) -> None:
            with opened(directory) as child:
                seen = 0

                def watch(_: str) -> None:
                    nonlocal seen
                    seen += 1
                    if seen == fatal:
                        os.kill(os.getpid(), 9)

                child.database.connection.set_trace_callback(watch)
                record(child, second)

        if ended_well(forked(work)):
            break
        survived += 1
        with opened(directory) as store:
            assert contents(store) == before
    assert survived > 15
    with opened(directory) as store:
        assert len(store.decisions.page()) == 2


def test_a_killed_run_is_recognisable(directory: Path) -> None:
    """A run that was killed has no end; one that ended itself has."""

    def work() -> None:
        with opened(directory) as child:
            with child.transaction():
                done = child.runs.begin(1, "scan", "0.1.0", "a")
                child.runs.end(done, 2, "done")
                child.runs.begin(3, "run", "0.1.0", "b")
            os.kill(os.getpid(), 9)

    assert not ended_well(forked(work))
    with opened(directory) as store:
        assert [(run.command, run.process) for run in store.runs.unended()] == [("run", "b")]
