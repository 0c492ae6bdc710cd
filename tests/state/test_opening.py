"""Opening: a database is ours alone, of our world and of our schema, or it is not opened."""

from __future__ import annotations

import os
import sqlite3
import stat
from pathlib import Path

import pytest

from mammon.errors import MammonError, OutsideError, PersonNeededError, UsageError
from mammon.state import opening
from mammon.state.opening import JOURNAL, NAME, Identity
from mammon.state.store import Store
from tests.state.worlds import IDENTITY, opened, together


def test_a_new_world_is_private(directory: Path) -> None:
    """Folders are made with mode 0700 and files with 0600, whatever the umask says."""
    before = os.umask(0)
    try:
        with opened(directory) as store, store.transaction():
            store.runs.begin(1, "scan", "0.1.0", "")
    finally:
        os.umask(before)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in directory.iterdir()}
    assert modes == {NAME: 0o600, JOURNAL: 0o600}
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert stat.S_IMODE(directory.parent.stat().st_mode) == 0o700


def test_pragmas_are_the_durable_ones(store: Store) -> None:
    """Commits survive a loss of power: rollback journal, synced to the extra degree."""
    read = {
        name: store.database.rows(f"PRAGMA {name}")[0][0]
        for name in ("journal_mode", "synchronous", "busy_timeout")
    }
    assert read == {"journal_mode": "persist", "synchronous": 3, "busy_timeout": 5000}


def test_every_table_is_strict(store: Store) -> None:
    """No table takes a value of another type than its column's."""
    tables = store.database.rows("SELECT name, strict FROM pragma_table_list WHERE schema='main'")
    assert [name for name, strict in tables if not strict and not name.startswith("sqlite_")] == []


@pytest.mark.parametrize(
    "other",
    [
        Identity("mock", 8453, IDENTITY.account),
        Identity("paper", 1, IDENTITY.account),
        Identity("paper", 8453, "0xB"),
    ],
    ids=["mode", "chain", "account"],
)
def test_another_worlds_file_is_refused(directory: Path, other: Identity) -> None:
    """A state row belongs to one world: a file of another mode, chain or account is exit 2."""
    opened(directory).close()
    for way in (Store.open, Store.readonly):
        with pytest.raises(UsageError) as caught:
            way(directory, other)
        assert caught.value.code == "other_world"


def test_reading_makes_nothing(directory: Path) -> None:
    """A reading command in an empty home says so and leaves the home empty."""
    for make in (lambda: None, lambda: directory.mkdir(parents=True, mode=0o700)):
        make()
        with pytest.raises(UsageError) as caught:
            Store.readonly(directory, IDENTITY)
        assert caught.value.code == "state_missing"
        assert not directory.exists() or not list(directory.iterdir())


def test_reading_leaves_the_folder_as_it_was(directory: Path) -> None:
    """A reader makes no file and cannot write."""
    opened(directory).close()
    before = sorted(path.name for path in directory.iterdir())
    with Store.readonly(directory, IDENTITY) as store:
        assert store.runs.latest() == ()
        with pytest.raises(PersonNeededError) as caught, store.transaction():
            store.runs.begin(1, "x", "0", "")
        assert caught.value.code == "read_only"
    assert sorted(path.name for path in directory.iterdir()) == before


@pytest.mark.parametrize("name", [NAME, JOURNAL])
@pytest.mark.parametrize("kind", ["symlink", "dangling", "hardlink", "fifo", "folder"])
def test_what_is_no_plain_file_of_ours_is_refused(
    directory: Path, tmp_path: Path, name: str, kind: str
) -> None:
    """A link, a pipe or a folder in the place of the database or its journal is not followed."""
    opened(directory).close()
    target, victim = directory / name, tmp_path / "victim"
    victim.write_bytes(b"precious")
    target.unlink(missing_ok=True)
    if kind == "symlink":
        target.symlink_to(victim)
    elif kind == "dangling":
        target.symlink_to(tmp_path / "nowhere")
    elif kind == "hardlink":
        victim.chmod(0o600)
        os.link(victim, target)
    elif kind == "fifo":
        os.mkfifo(target, 0o600)
    else:
        target.mkdir()
    for way in (Store.open, Store.readonly):
        with pytest.raises(PersonNeededError) as caught:
            way(directory, IDENTITY)
        assert caught.value.code == "unsafe_file"
    assert victim.read_bytes() == b"precious"
    assert not (tmp_path / "nowhere").exists()


def test_a_world_folder_that_is_a_link_is_refused(directory: Path, tmp_path: Path) -> None:
    """The folder itself is not reached through a link either."""
    real = tmp_path / "real"
    real.mkdir(mode=0o700)
    directory.parent.mkdir(mode=0o700)
    directory.symlink_to(real)
    with pytest.raises(PersonNeededError):
        opened(directory)
    assert list(real.iterdir()) == []


@pytest.mark.parametrize("name", [".", NAME, JOURNAL])
def test_what_is_open_to_others_is_refused(directory: Path, name: str) -> None:
    """A mode that lets others in is named with the chmod that mends it."""
    with opened(directory) as store, store.transaction():
        store.runs.begin(1, "scan", "0.1.0", "")
    path = directory / name
    path.chmod(path.stat().st_mode | 0o040)
    with pytest.raises(PersonNeededError) as caught:
        opened(directory)
    assert caught.value.code == "permissions"
    assert caught.value.hint == f"chmod {'700' if name == '.' else '600'} {path}"


def test_a_strangers_file_is_refused(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What belongs to another user is not read, however its modes are set."""
    opened(directory).close()
    monkeypatch.setattr(os, "geteuid", lambda: directory.stat().st_uid + 1)
    with pytest.raises(PersonNeededError) as caught:
        opened(directory)
    assert caught.value.code == "unsafe_file"


def test_a_file_exchanged_while_it_is_opened_is_noticed(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file that was judged is the file that was opened."""
    opened(directory).close()
    real, seen = opening.file_status, []

    def exchanged(folder: int, path: Path) -> os.stat_result | None:
        seen.append(path)
        if len(seen) == 4:  # after the connection was made
            copy = path.with_name("copy")
            copy.write_bytes(path.read_bytes())
            copy.chmod(0o600)
            copy.rename(path)
        return real(folder, path)

    monkeypatch.setattr(opening, "file_status", exchanged)
    with pytest.raises(OutsideError, match="exchanged"):
        opened(directory)


@pytest.mark.parametrize("content", [b"", b"SQLite format 3\0", b"not a database at all" * 300])
def test_an_empty_or_cut_file_is_damage(directory: Path, content: bytes) -> None:
    """What a crash left of a database is never taken for a fresh start."""
    opened(directory).close()
    (directory / NAME).write_bytes(content)
    for way in (Store.open, Store.readonly):
        with pytest.raises(PersonNeededError) as caught:
            way(directory, IDENTITY)
        assert caught.value.code == "state_corrupt"
        assert str(directory) in caught.value.hint
    assert (directory / NAME).read_bytes() == content


def test_a_journal_without_its_database_is_not_a_fresh_start(directory: Path) -> None:
    """When the database was taken away, a person is asked: its journal could ruin a new one."""
    with opened(directory) as store, store.transaction():
        store.runs.begin(1, "scan", "0.1.0", "")
    (directory / NAME).unlink()
    with pytest.raises(PersonNeededError) as caught:
        opened(directory)
    assert caught.value.code == "state_gone"


def test_somebody_elses_database_is_refused(directory: Path) -> None:
    """A database that mammon did not make is neither used nor migrated."""
    directory.mkdir(parents=True, mode=0o700)
    directory.parent.chmod(0o700)
    foreign = sqlite3.connect(directory / NAME)
    foreign.execute("CREATE TABLE t (a)")
    foreign.close()
    (directory / NAME).chmod(0o600)
    with pytest.raises(PersonNeededError) as caught:
        opened(directory)
    assert caught.value.code == "state_corrupt"


@pytest.mark.parametrize(
    "change",
    ["DROP INDEX decisions_sha256", "ALTER TABLE meta RENAME COLUMN value TO worth", "DROP TABLE meta"],
)
def test_a_changed_schema_is_damage(directory: Path, change: str) -> None:
    """The schema is held against its fingerprint each time."""
    with opened(directory) as store:
        store.database.connection.execute(change)
    with pytest.raises(PersonNeededError) as caught:
        opened(directory)
    assert caught.value.code == "state_corrupt"


def test_twenty_first_starts_make_one_database(directory: Path) -> None:
    """Processes that start together in an empty home share one world; none begins a second."""

    def work() -> None:
        with opened(directory) as store, store.transaction():
            store.runs.begin(1, "scan", "0.1.0", "")

    assert together(work, 20)
    with opened(directory) as store:
        assert len(store.runs.latest(100)) == 20
    assert sorted(path.name for path in directory.iterdir()) == [NAME, JOURNAL]


def test_whoever_comes_second_finds_the_database_made(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that saw no database and got its turn late does not make a second one."""
    with opened(directory) as store, store.transaction():
        store.runs.begin(1, "scan", "0.1.0", "")
    real, answers = opening.file_status, iter([None])
    monkeypatch.setattr(opening, "file_status", lambda *each: next(answers, real(*each)))
    with opened(directory) as store:
        assert len(store.runs.latest()) == 1


def test_a_start_that_died_making_a_database_leaves_no_trace(directory: Path) -> None:
    """An unfinished database is made anew."""
    directory.mkdir(parents=True, mode=0o700)
    unfinished = directory / ".mammon.db.new"
    unfinished.write_bytes(b"half")
    opened(directory).close()
    assert not unfinished.exists()


def test_waiting_for_another_start_ends(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that was stopped while it made the database does not hold up others for ever."""
    monkeypatch.setattr(opening, "BUSY_S", 0.05)
    directory.mkdir(parents=True, mode=0o700)
    folder = os.open(directory, os.O_RDONLY)
    opening.fcntl.flock(folder, opening.fcntl.LOCK_EX)
    try:
        with pytest.raises(OutsideError) as caught:
            opened(directory)
        assert caught.value.code == "state_busy"
    finally:
        os.close(folder)


def test_a_read_only_folder_is_a_matter_for_a_person(ordinary_home: Path) -> None:
    """Where nothing can be written, nothing is begun, and the error says so."""
    world = ordinary_home / "world"
    ordinary_home.chmod(0o500)
    with pytest.raises(PersonNeededError) as caught:
        opened(world)
    assert caught.value.code == "read_only"
    ordinary_home.chmod(0o700)
    opened(world).close()
    world.chmod(0o500)  # the journal cannot be made
    with opened(world) as store, pytest.raises(PersonNeededError) as caught, store.transaction():
        store.runs.begin(1, "scan", "0.1.0", "")
    assert caught.value.code == "read_only"
    with Store.readonly(world, IDENTITY) as store:
        assert store.runs.latest() == ()


def test_a_folder_nobody_may_enter_is_a_matter_for_a_person(ordinary_home: Path) -> None:
    """An unreadable world is not an empty one."""
    world = ordinary_home / "world"
    opened(world).close()
    world.chmod(0)
    for way in (Store.open, Store.readonly):
        with pytest.raises(MammonError) as caught:
            way(world, IDENTITY)
        assert caught.value.code == "read_only"


def test_a_full_disk_while_a_world_is_made_is_named(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An operating system's error in the middle of it becomes a typed one."""

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "rename", full)
    with pytest.raises(PersonNeededError) as caught:
        opened(directory)
    assert caught.value.code == "disk_full"


def test_paths_with_signs_that_mean_something_to_a_uri_work(tmp_path: Path) -> None:
    """A folder may have any name."""
    world = tmp_path / "a?b#c d%41" / "w"
    opened(world).close()
    assert (world / NAME).exists()
