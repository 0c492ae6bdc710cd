"""Migrations: an older file is copied, then changed in one transaction; a newer one is left alone."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from mammon.errors import MammonError, OutsideError, PersonNeededError, UsageError
from mammon.state import backup, migrations, schema
from mammon.state.backup import copy_to
from mammon.state.db import Database
from mammon.state.inspection import problems
from mammon.state.moves import Moves
from mammon.state.opening import NAME, Identity, open_writer
from mammon.state.runs import Runs
from mammon.state.store import Store
from tests.state import journals
from tests.state.realistic import snapshots
from tests.state.worlds import IDENTITY, contents, ended_well, forked, furnish, made, opened, together

NEXT = (
    "0003_note",
    ("ALTER TABLE runs ADD COLUMN note TEXT", "CREATE TABLE extra (id INTEGER PRIMARY KEY) STRICT"),
)
RELEASED = len(schema.STEPS)
KEPT = f"{NAME}.v{RELEASED}.bak"


@pytest.fixture
def old(directory: Path) -> Path:
    """Return the folder of a furnished world of today's schema, which the next version finds."""
    with opened(directory) as store:
        furnish(store, list(snapshots(3, 4)))
    return directory


def upgrade(monkeypatch: pytest.MonkeyPatch, *steps: tuple[str, tuple[str, ...]]) -> None:
    """Become a version with further steps."""
    monkeypatch.setattr(schema, "STEPS", (*schema.STEPS, *steps))


def columns(store: Store) -> set[str]:
    """Return the columns of one table that the next version changes."""
    return {row[1] for row in store.database.rows("PRAGMA table_info(runs)")}


def test_an_older_file_is_copied_and_migrated(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything is there afterwards, and a copy from before lies beside it, private and whole."""
    with Store.readonly(old, IDENTITY) as store:
        before = contents(store)
    upgrade(monkeypatch, NEXT)
    with opened(old) as store:
        assert "note" in columns(store)
        assert migrations.version_of(store.database) == RELEASED + 1
        assert contents(store) == before
        assert [row[0] for row in store.database.rows("SELECT name FROM _sqlite_migrations")] == ["0003_note"]
    assert stat.S_IMODE((old / KEPT).stat().st_mode) == 0o600
    monkeypatch.undo()
    (old / KEPT).rename(old / NAME)
    with opened(old) as store:
        assert contents(store) == before
        store.check()


def test_a_file_without_a_journal_is_given_one(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A3 46: a world of the first schema keeps everything it had, and the journal works in it."""
    everything = schema.STEPS
    monkeypatch.setattr(schema, "STEPS", everything[:1])
    with contextlib.closing(open_writer(directory, IDENTITY)) as database, database.transaction():
        Moves(database).record(made(1))
        Runs(database).begin(1000, "run", "0.1.0", "12:34:boot")
    monkeypatch.setattr(schema, "STEPS", everything)
    with opened(directory) as store:
        assert store.moves.since(0) == (made(1),)
        assert [run.command for run in store.runs.latest()] == ["run"]
        assert store.journal.next_nonce() is None
        journals.write(store)
        assert problems(store) == ()
    assert (directory / f"{NAME}.v1.bak").exists()
    with Store.readonly(directory, IDENTITY) as store:
        assert store.journal.open_slot() is not None


def test_a_second_opening_migrates_nothing(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A migrated file is current: no further copy, and readers open it."""
    upgrade(monkeypatch, NEXT)
    opened(old).close()
    (old / KEPT).unlink()
    opened(old).close()
    Store.readonly(old, IDENTITY).close()
    assert not (old / KEPT).exists()


def test_a_step_that_fails_changes_nothing(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Several steps are one transaction: when the last fails, the first has not happened."""
    upgrade(monkeypatch, NEXT, ("0004_wrong", ("ALTER TABLE nowhere ADD COLUMN x TEXT",)))
    with pytest.raises(PersonNeededError):
        opened(old)
    monkeypatch.undo()
    with opened(old) as store:
        assert "note" not in columns(store)
        assert migrations.version_of(store.database) == RELEASED


def test_a_kill_during_a_migration_leaves_the_old_file(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever comes after a killed migration does it again, from the beginning."""
    upgrade(monkeypatch, NEXT)

    def work() -> None:
        monkeypatch.setattr(migrations, "fingerprint", lambda _: os.kill(os.getpid(), signal.SIGKILL))
        opened(old)

    assert not ended_well(forked(work))
    with opened(old) as store:
        assert "note" in columns(store)
        store.check()


def test_a_newer_file_is_refused_and_untouched(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of a later version is not opened by an earlier one, for reading neither."""
    upgrade(monkeypatch, NEXT)
    opened(old).close()
    monkeypatch.undo()
    before = (old / NAME).read_bytes()
    for way in (Store.open, Store.readonly):
        with pytest.raises(UsageError) as caught:
            way(old, IDENTITY)
        assert caught.value.code == "state_newer"
    assert (old / NAME).read_bytes() == before


def test_reading_does_not_migrate(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reading command leaves an older file to the next one that records something."""
    upgrade(monkeypatch, NEXT)
    with pytest.raises(OutsideError) as caught:
        Store.readonly(old, IDENTITY)
    assert caught.value.code == "state_older"
    assert not (old / KEPT).exists()


def test_another_worlds_file_is_not_migrated(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whose file it is comes first."""
    upgrade(monkeypatch, NEXT)
    with pytest.raises(UsageError):
        Store.open(old, Identity("live", 8453, IDENTITY.account))
    assert not (old / KEPT).exists()


def test_processes_that_meet_migrate_once(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of several new processes on an old file one migrates, and the others wait and go on."""
    upgrade(monkeypatch, NEXT)

    def work() -> None:
        with opened(old) as store:
            assert "note" in columns(store)

    assert together(work, 6)


def test_a_migration_elsewhere_while_a_file_is_judged_is_no_damage(
    old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a file says of its schema and the schema itself are read as of one moment."""
    upgrade(monkeypatch, NEXT)
    script = f"""
from pathlib import Path
from mammon.state import schema
from tests.state.worlds import opened
schema.STEPS = (*schema.STEPS, {NEXT!r})
opened(Path({str(old)!r})).close()
"""
    real, processes = migrations.fingerprint, []

    def meanwhile(database: Database) -> str:
        monkeypatch.setattr(migrations, "fingerprint", real)
        # A program of its own: a fork would share this process's locks.
        processes.append(subprocess.Popen([sys.executable, "-c", script]))
        with contextlib.suppress(subprocess.TimeoutExpired):
            processes[0].wait(timeout=2.5)
        return real(database)

    monkeypatch.setattr(migrations, "fingerprint", meanwhile)
    with opened(old) as store:
        assert processes[0].wait(timeout=60) == 0
        assert "note" in columns(store)


def test_whoever_waited_finds_it_done(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that saw an old file and got the lock late does not migrate a second time."""
    upgrade(monkeypatch, NEXT)
    with opened(old) as store:
        real, answers = migrations.version_of, iter([RELEASED])
        monkeypatch.setattr(migrations, "version_of", lambda each: next(answers, None) or real(each))
        assert migrations.migrate(store.database) is None


def test_a_disk_that_is_full_for_the_copy_stops_the_migration(
    old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without its copy no file is changed."""
    upgrade(monkeypatch, NEXT)

    def full(*_: object) -> None:
        raise PersonNeededError("disk_full", "no room")

    monkeypatch.setattr(migrations, "copy_to", full)
    with pytest.raises(MammonError) as caught:
        opened(old)
    assert caught.value.code == "disk_full"
    monkeypatch.undo()
    with opened(old) as store:
        assert "note" not in columns(store)


def test_the_copy_is_whole_while_others_write(store: Store, directory: Path) -> None:
    """A copy made beside a writer is a state that was committed, and appears complete."""
    furnish(store, list(snapshots(3, 3)))
    target = directory / "copy.db"
    (directory / ".copy.db.new").write_bytes(b"left by a crash")
    target.write_bytes(b"older copy")
    copy_to(directory / NAME, target)
    assert not (directory / ".copy.db.new").exists()
    before = contents(store)
    store.close()
    target.rename(directory / NAME)
    with opened(directory) as again:
        assert contents(again) == before


def test_a_copy_of_damage_is_not_made(store: Store, directory: Path) -> None:
    """What does not pass the check does not take the place of an earlier copy."""
    furnish(store, list(snapshots(3, 3)))
    store.close()
    content = bytearray((directory / NAME).read_bytes())
    content[4096 * 5 : 4096 * 5 + 64] = bytes(64)
    (directory / NAME).write_bytes(content)
    target = directory / "copy.db"
    target.write_bytes(b"older copy")
    with pytest.raises(PersonNeededError):
        copy_to(directory / NAME, target)
    assert target.read_bytes() == b"older copy"


def test_a_copy_that_finds_no_room_is_typed(store: Store, directory: Path) -> None:
    """When the disk refuses the copy, the error is typed and the earlier copy stays."""
    furnish(store, list(snapshots(3, 3)))
    target = directory / "copy.db"
    target.write_bytes(b"older copy")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (16_384, hard))
    try:
        with pytest.raises(PersonNeededError) as caught:
            copy_to(directory / NAME, target)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert caught.value.code in ("disk", "disk_full")
    assert target.read_bytes() == b"older copy"


def test_a_mistake_in_copying_is_not_dressed_up(
    store: Store, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error without a meaning of its own stays a bug."""
    monkeypatch.setattr(backup, "failure", lambda *_: None)
    monkeypatch.setattr(backup.Database, "check", lambda _: (_ for _ in ()).throw(sqlite3.Error("odd")))
    with pytest.raises(sqlite3.Error):
        copy_to(directory / NAME, directory / "copy.db")


def test_a_copy_ends(store: Store, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A copy that cannot come to its end gives up at its deadline."""
    furnish(store, list(snapshots(3, 3)))
    monkeypatch.setattr(backup, "PATIENCE_S", -1.0)
    with pytest.raises(OutsideError) as caught:
        copy_to(directory / NAME, directory / "copy.db")
    assert caught.value.code == "state_busy"


def test_reading_imports_no_toolkit(old: Path) -> None:
    """Opening, reading, recording and making a world leave the heavy libraries alone."""
    script = f"""
import sys
from pathlib import Path
from mammon.state.store import Store
from mammon.state.opening import Identity
identity = Identity("paper", 8453, {IDENTITY.account!r})
with Store.readonly(Path({str(old)!r}), identity) as store:
    assert store.decisions.page()
with Store.open(Path({str(old.parent / "other")!r}), identity) as store, store.transaction():
    store.runs.begin(1, "scan", "0", "")
heavy = {{"sqlite_utils", "pydantic", "httpx", "web3", "eth_account", "rich", "typer", "numpy"}}
assert not heavy & set(sys.modules), heavy & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)
