"""Transactions: all or nothing, durable, waiting for others but not for ever."""

from __future__ import annotations

import os
import sqlite3
import time
from pathlib import Path

import pytest

from mammon.errors import OutsideError, PersonNeededError
from mammon.state.failures import failure
from mammon.state.opening import NAME
from mammon.state.store import Store
from tests.state.realistic import snapshots
from tests.state.worlds import IDENTITY, contents, ended_well, forked, furnish, opened, record


def begin(store: Store, command: str = "scan") -> None:
    """Write one small thing."""
    with store.transaction():
        store.runs.begin(1, command, "0.1.0", "")


def test_a_block_that_fails_leaves_nothing(store: Store) -> None:
    """Whatever ends the block, none of its writes stay."""

    def fail(failing: type[BaseException]) -> None:
        with store.transaction():
            store.runs.begin(1, "scan", "0.1.0", "")
            raise failing

    for failing in (ValueError, KeyboardInterrupt):
        with pytest.raises(failing):
            fail(failing)
    assert store.runs.latest() == ()
    begin(store)
    assert len(store.runs.latest(9)) == 1


def test_writes_belong_in_a_transaction(store: Store) -> None:
    """A write outside a transaction is a mistake of the program's, and so is one inside another."""
    with pytest.raises(RuntimeError):
        store.runs.begin(1, "scan", "0.1.0", "")
    with pytest.raises(RuntimeError), store.transaction(), store.transaction():
        pass
    begin(store)


def test_reads_of_one_state_end_with_their_block(store: Store, directory: Path) -> None:
    """Whatever happens in the block, a commit elsewhere is held up no longer than it lasts."""
    with store.database.one_state():
        store.runs.latest()
    with store.database.one_state():
        store.database.connection.execute("ROLLBACK")  # as SQLite itself does on some errors
    with opened(directory) as other:
        other.database.connection.execute("PRAGMA busy_timeout=0")
        begin(other)


def test_what_rides_is_written_with_the_next_change(store: Store, directory: Path) -> None:
    """It comes before all else in it, once, the last of its name; what is undone with it rides on."""
    database, order = store.database, []

    def ride(name: str, said: str) -> None:
        database.ride(name, lambda: order.append(said))

    ride("a", "first")
    ride("a", "second")
    ride("b", "other")

    def fail() -> None:
        with store.transaction():
            order.append("undone")
            raise ValueError

    with pytest.raises(ValueError):
        fail()
    assert order == ["second", "other", "undone"]
    with store.transaction():
        order.append("kept")
        ride("a", "third")
    begin(store)
    begin(store)
    assert order[3:] == ["second", "other", "kept", "third"]


def test_what_rides_and_fails_fails_one_change(store: Store) -> None:
    """Nothing is committed beside what could not be written; the change after it is free of it."""

    def refuse() -> None:
        raise OutsideError("busy", "not now")

    store.database.ride("a", refuse)
    with pytest.raises(OutsideError):
        begin(store)
    assert store.runs.latest(9) == ()
    begin(store)
    assert len(store.runs.latest(9)) == 1


def test_what_rides_is_written_when_the_database_is_closed(directory: Path) -> None:
    """Whoever leaves in order leaves it behind; that it does not go keeps nobody from leaving."""
    store = opened(directory)
    store.database.ride("a", lambda: store.runs.begin(1, "scan", "0.1.0", "") and None)
    store.close()
    with opened(directory) as again:
        assert len(again.runs.latest(9)) == 1

        def refuse() -> None:
            raise OutsideError("busy", "not now")

        again.database.ride("a", refuse)


def test_what_rides_stays_with_its_process(store: Store, directory: Path) -> None:
    """A forked child that closes what it was born with writes nothing into it."""
    store.database.ride("a", lambda: store.runs.begin(1, "scan", "0.1.0", "") and None)
    assert ended_well(forked(store.close))
    with opened(directory) as other:
        assert other.runs.latest(9) == ()


def test_reads_inside_a_change_see_it(store: Store) -> None:
    """A block of reads inside a transaction, or another block, is a part of it and does not end it."""
    with store.transaction():
        store.runs.begin(1, "scan", "0.1.0", "")
        with store.database.one_state(), store.database.one_state():
            assert len(store.runs.latest(9)) == 1
        assert store.database.connection.in_transaction
    with store.database.one_state():
        with store.database.one_state():
            store.runs.latest()
        assert store.database.connection.in_transaction


def test_a_connection_does_not_cross_a_fork(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite's locks are a process's own: a forked child must open its own connection."""
    with monkeypatch.context() as patched:
        patched.setattr(os, "getpid", lambda: 1)
        with pytest.raises(RuntimeError):
            begin(store)

    def work() -> None:
        with pytest.raises(RuntimeError):
            begin(store)

    assert ended_well(forked(work))
    begin(store)


def test_the_write_lock_is_taken_at_once(directory: Path, impatient: None) -> None:
    """A second writer waits at the beginning of its transaction, not at its first write."""
    with opened(directory) as one, opened(directory) as other, one.transaction():
        with pytest.raises(OutsideError) as caught, other.transaction():
            raise AssertionError("the second writer was let in")
        assert caught.value.code == "state_busy"
        assert caught.value.exit_code == 4


def test_a_writer_waits_for_another(directory: Path) -> None:
    """Two writers that meet both succeed, one after the other."""
    with opened(directory) as one:
        ready, go = os.pipe()

        def work() -> None:
            with opened(directory) as other, other.transaction():
                other.runs.begin(1, "other", "0.1.0", "")
                os.write(go, b".")
                time.sleep(0.1)

        process = forked(work)
        os.read(ready, 1)
        begin(one, "one")
        assert ended_well(process)
        assert {run.command for run in one.runs.latest(9)} == {"one", "other"}
        os.close(ready)
        os.close(go)


@pytest.mark.parametrize(("held_s", "commits"), [(0.2, True), (60.0, False)])
def test_a_reader_that_holds_on_delays_a_commit(
    directory: Path, monkeypatch: pytest.MonkeyPatch, held_s: float, commits: bool
) -> None:
    """A read of 200 ms holds a commit up that long; one that never ends makes it fail whole and typed."""
    with opened(directory) as writer:
        if not commits:
            writer.database.connection.execute("PRAGMA busy_timeout=100")
        ready, go = os.pipe()

        def work() -> None:
            with Store.readonly(directory, IDENTITY) as reader:
                reader.database.connection.execute("BEGIN")
                assert reader.runs.latest() == ()
                os.write(go, b".")
                time.sleep(held_s)
                assert reader.runs.latest() == ()  # one transaction sees one state

        process = forked(work)
        os.read(ready, 1)
        if commits:
            begin(writer)
            assert ended_well(process)
        else:
            with pytest.raises(OutsideError):
                begin(writer)
            os.kill(process, 9)
            os.waitpid(process, 0)
            assert writer.runs.latest() == ()
            begin(writer)
        assert len(writer.runs.latest(9)) == 1
        os.close(ready)
        os.close(go)


def test_repositories_leave_no_read_open(store: Store, directory: Path) -> None:
    """After any query another process can commit at once: no cursor is left behind."""
    furnish(store, list(snapshots(4, 3)))
    with Store.readonly(directory, IDENTITY) as reader:
        contents(reader)
        store.database.connection.execute("PRAGMA busy_timeout=0")
        begin(store)


def test_a_full_disk_changes_nothing(store: Store) -> None:
    """When there is no room, the transaction fails whole, reads go on, and room makes writes work again."""
    furnish(store, list(snapshots(8, 3)))

    def fill() -> None:
        for snapshot in snapshots(8, 30, seed=2):
            record(store, snapshot)

    pages = store.database.rows("PRAGMA page_count")[0][0]
    store.database.rows(f"PRAGMA max_page_count={pages}")
    with pytest.raises(PersonNeededError) as caught:
        fill()
    assert caught.value.code == "disk_full"
    kept = contents(store)
    assert 3 <= len(kept["cycles"]) == len(kept["decisions"]) == len(kept["snapshots"]) < 33
    store.check()
    store.database.rows("PRAGMA max_page_count=1000000")
    fill()
    assert len(store.snapshots.latest(100)) == 33


def test_a_roll_back_that_fails_ends_the_connection(store: Store, directory: Path) -> None:
    """When even undoing fails, this connection is done with; the next opening finds the old state."""

    class Broken:
        """A connection whose disk has died: what was begun can be neither ended nor undone."""

        def __init__(self, real: sqlite3.Connection) -> None:
            self.real = real

        @property
        def in_transaction(self) -> bool:
            return self.real.in_transaction

        def execute(self, sql: str, *values: object) -> object:
            if sql in ("COMMIT", "ROLLBACK"):
                raise error(sqlite3.SQLITE_IOERR)
            return self.real.execute(sql, *values)

        def close(self) -> None:
            self.real.close()

    store.database.connection = Broken(store.database.connection)  # type: ignore[assignment]
    with pytest.raises(PersonNeededError) as caught:
        begin(store)
    assert caught.value.code == "disk"
    with pytest.raises(sqlite3.ProgrammingError):
        store.runs.latest()
    with opened(directory) as again:
        assert again.runs.latest() == ()


def error(code: int, name: str = "") -> sqlite3.OperationalError:
    """Return an error as SQLite raises it."""
    made = sqlite3.OperationalError("it failed")
    made.sqlite_errorcode, made.sqlite_errorname = code, name
    return made


@pytest.mark.parametrize(
    ("code", "expected", "status"),
    [
        (sqlite3.SQLITE_BUSY, "state_busy", 4),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, "state_busy", 4),
        (sqlite3.SQLITE_LOCKED, "state_busy", 4),
        (sqlite3.SQLITE_FULL, "disk_full", 5),
        (sqlite3.SQLITE_READONLY, "read_only", 5),
        (sqlite3.SQLITE_CANTOPEN, "read_only", 5),
        (sqlite3.SQLITE_PERM, "read_only", 5),
        (sqlite3.SQLITE_IOERR_FSYNC, "disk", 5),
        (sqlite3.SQLITE_CORRUPT, "state_corrupt", 5),
        (sqlite3.SQLITE_NOTADB, "state_corrupt", 5),
    ],
)
def test_what_sqlite_reports_is_typed(code: int, expected: str, status: int) -> None:
    """Each way a database fails has a stable code, an exit code and a next step."""
    typed = failure(error(code), Path("home") / NAME)
    assert typed is not None
    assert (typed.code, typed.exit_code) == (expected, status)
    assert typed.hint


def test_a_mistake_in_a_statement_is_not_dressed_up(store: Store) -> None:
    """What is wrong in the program itself stays what it is: a bug."""
    assert failure(error(sqlite3.SQLITE_ERROR), Path(NAME)) is None
    assert failure(sqlite3.ProgrammingError("closed"), Path(NAME)) is None
    with pytest.raises(sqlite3.OperationalError):
        store.database.rows("SELECT nothing FROM nowhere")
