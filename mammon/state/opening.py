"""Open the database of one world, or make it: whose file it is, whose world, which schema.

A database is made under another name and appears complete, so that an empty or a cut file under its
own name is damage, never a fresh start.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mammon.errors import MammonError, OutsideError, PersonNeededError, UsageError
from mammon.files import failure as file_failure
from mammon.files import file_status, open_directory, open_file
from mammon.state import meta, migrations
from mammon.state.db import BUSY_S, Database
from mammon.state.failures import corrupt

NAME = "mammon.db"
JOURNAL = f"{NAME}-journal"
_UNFINISHED = f".{NAME}.new"


@dataclass(frozen=True, slots=True)
class Identity:
    """The world a database belongs to; `account` is EIP-55."""

    mode: str
    chain_id: int
    account: str

    def facts(self) -> dict[str, str]:
        """Return the identity as the database keeps it."""
        return {"mode": self.mode, "chain_id": str(self.chain_id), "account": self.account}


def open_writer(directory: Path, identity: Identity) -> Database:
    """Open a world's database for reading and writing; make it, or migrate it, where needed.

    Raises `UsageError` for another world's file or a newer schema, `PersonNeededError` when the folder
    or file is not ours alone or is damaged, `OutsideError` when another process keeps it locked.
    """
    folder = open_directory(directory, create=True)
    try:
        if file_status(folder, directory / NAME) is None:
            with turn(folder, directory):
                _make(folder, directory, identity)
        database = _connected(folder, directory, writable=True)
    finally:
        os.close(folder)
    with _closed_on_failure(database):
        _require_ours(database, identity)
        migrations.migrate(database)
    return database


def open_reader(directory: Path, identity: Identity) -> Database:
    """Open a world's database for reading alone: makes no file, holds no lock between queries.

    Raises as `open_writer`, `UsageError` when there is none, `OutsideError` when it must be migrated.
    """
    try:
        folder = open_directory(directory)
    except FileNotFoundError:
        raise _missing(directory) from None
    try:
        if file_status(folder, directory / NAME) is None:
            raise _missing(directory)
        database = _reader(folder, directory)
    finally:
        os.close(folder)
    with _closed_on_failure(database):
        _require_ours(database, identity)
        migrations.require_current(database)
    return database


def open_copy(path: Path, identity: Identity) -> Database:
    """Open a copy of a world's database, wherever it lies, for reading alone. Raises as `open_reader`."""
    require_copy(path)
    database = Database(path, writable=False)
    with _closed_on_failure(database):
        _require_ours(database, identity)
        migrations.require_current(database)
    return database


def require_copy(path: Path) -> None:
    """Raise unless a file of ours alone has this name."""
    try:
        folder = open_directory(path.parent)
    except FileNotFoundError:
        raise _no_copy(path) from None
    try:
        if file_status(folder, path) is None:
            raise _no_copy(path)
    finally:
        os.close(folder)


def _reader(folder: int, directory: Path) -> Database:
    try:
        return _connected(folder, directory, writable=False)
    except MammonError as error:
        if getattr(error.__cause__, "sqlite_errorname", "") != "SQLITE_READONLY_ROLLBACK":
            raise
    # A killed writer left half a change. Whoever opens the file next has SQLite undo it.
    _connected(folder, directory, writable=True).close()
    return _connected(folder, directory, writable=False)


def _connected(folder: int, directory: Path, *, writable: bool) -> Database:
    # Judged by name, never through a descriptor of our own: closing one would drop SQLite's locks on
    # the file in this whole process.
    path = directory / NAME
    before = file_status(folder, path)
    file_status(folder, directory / JOURNAL)
    database = Database(path, writable=writable)
    with _closed_on_failure(database):
        migrations.version_of(database)  # the first read is what meets damage and unfinished changes
        after = file_status(folder, path)
        if before is None or after is None or (before.st_dev, before.st_ino) != (after.st_dev, after.st_ino):
            raise OutsideError("state_busy", f"{path} was exchanged while it was opened", "run again")
    return database


def _make(folder: int, directory: Path, identity: Identity) -> None:
    if file_status(folder, directory / NAME) is not None:
        return
    if file_status(folder, directory / JOURNAL) is not None:
        raise PersonNeededError(
            "state_gone",
            f"{directory / NAME} is gone, but its journal is there",
            f"put the file back, or move {directory} aside to begin a new one",
        )
    unfinished = directory / _UNFINISHED
    with contextlib.suppress(FileNotFoundError):
        os.unlink(_UNFINISHED, dir_fd=folder)
    os.close(open_file(folder, unfinished, os.O_RDWR | os.O_CREAT | os.O_EXCL))
    with contextlib.closing(Database(unfinished, writable=True, journal="MEMORY")) as database:
        migrations.migrate(database)
        with database.transaction():
            meta.put(database, identity.facts())
    os.rename(_UNFINISHED, NAME, src_dir_fd=folder, dst_dir_fd=folder)
    os.fsync(folder)


@contextlib.contextmanager
def turn(folder: int, directory: Path) -> Iterator[None]:
    """Let one process at a time make a database in this folder."""
    deadline = time.monotonic() + BUSY_S
    while True:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise OutsideError(
                    "state_busy", f"another process is making {directory}", "run again"
                ) from None
            time.sleep(0.01)
    try:
        yield
    except OSError as error:
        raise file_failure(error, directory) from error
    finally:
        fcntl.flock(folder, fcntl.LOCK_UN)


def _require_ours(database: Database, identity: Identity) -> None:
    """Refuse what is not a mammon database, is damaged, or belongs to another world."""
    try:
        with database.one_state():
            migrations.require_not_newer(database)
            application = int(database.rows("PRAGMA application_id")[0][0])
            facts = meta.facts(database) if application == migrations.APPLICATION else {}
            schema = migrations.fingerprint(database)
    except sqlite3.Error as error:
        raise corrupt(database.path, str(error)) from error
    if facts.get(meta.SCHEMA) != schema:
        raise corrupt(database.path, "its schema is not one that mammon made")
    for name, ours in identity.facts().items():
        if facts.get(name) != ours:
            raise UsageError(
                "other_world",
                f"{database.path} belongs to {name} {facts.get(name)}, not {ours}",
                "name the world it was made for, or another MAMMON_HOME",
            )


def _no_copy(path: Path) -> UsageError:
    return UsageError("no_copy", f"there is no file {path}", "`mammon state backup` makes one")


def _missing(directory: Path) -> UsageError:
    return UsageError("state_missing", f"nothing is recorded yet in {directory}", "run mammon scan first")


@contextlib.contextmanager
def _closed_on_failure(database: Database) -> Iterator[None]:
    try:
        yield
    except BaseException:
        database.close()
        raise
