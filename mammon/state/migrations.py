"""Bring a database up to the schema of this version, in one transaction, after a copy was made.

`PRAGMA user_version` says how many steps a file has seen. sqlite-utils, which applies and records the
later ones, is imported only when an older file needs them: it takes longer than a scan.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mammon.errors import OutsideError, UsageError
from mammon.state import meta, schema
from mammon.state.backup import copy_to
from mammon.state.db import Database
from mammon.state.failures import corrupt, failure

if TYPE_CHECKING:
    import sqlite_utils

APPLICATION = 0x4D414D4D
"""`MAMM`, in the file's header: a database of somebody else's is not ours to migrate."""


def version_of(database: Database) -> int:
    """Return how many steps the file has seen."""
    return int(database.rows("PRAGMA user_version")[0][0])


def require_not_newer(database: Database) -> None:
    """Refuse a file that a newer version has changed."""
    found, known = version_of(database), len(schema.STEPS)
    if found > known:
        raise UsageError(
            "state_newer",
            f"{database.path} was written by a newer mammon (schema {found}, this one knows {known})",
            "install the newer version again, or use another MAMMON_HOME",
        )


def require_current(database: Database) -> None:
    """Refuse a file that must be migrated first, which a reading command does not do."""
    found, known = version_of(database), len(schema.STEPS)
    if found < known:
        raise OutsideError(
            "state_older",
            f"{database.path} has schema {found}, this version needs {known}",
            "run any command that records something, such as scan: it keeps a copy and migrates",
        )


def migrate(database: Database) -> Path | None:
    """Apply the steps a file has not seen, all or none; return where the copy made before lies.

    None when there was nothing to do, or nothing to lose yet.
    """
    if version_of(database) >= len(schema.STEPS):
        return None
    with database.transaction():
        # Another process may have migrated while this one waited for the lock.
        seen = version_of(database)
        if seen >= len(schema.STEPS):
            return None
        kept = None
        if seen > 0:
            kept = database.path.with_name(f"{database.path.name}.v{seen}.bak")
            copy_to(database.path, kept)
        _apply(database, seen)
        meta.put(database, {meta.SCHEMA: fingerprint(database)})
    return kept


def fingerprint(database: Database) -> str:
    """Return the sha256 of the schema as SQLite holds it: a changed letter there changes every query."""
    rows = database.rows("SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY type, name")
    return hashlib.sha256(ascii(rows).encode("ascii")).hexdigest()


def _apply(database: Database, seen: int) -> None:
    try:
        if seen == 0:
            for _, statements in schema.STEPS:
                _run(statements, database.connection)
        else:
            _upgrade(database, seen)
    except sqlite3.Error as error:
        raise failure(error, database.path) or corrupt(
            database.path, f"it cannot be migrated: {error}"
        ) from error
    database.write(f"PRAGMA user_version={len(schema.STEPS)}")
    database.write(f"PRAGMA application_id={APPLICATION}")


def _upgrade(database: Database, seen: int) -> None:
    """Have sqlite-utils apply the steps after the first `seen`, and record each with its name."""
    from sqlite_utils import Database as Toolkit
    from sqlite_utils import Migrations

    steps = Migrations("mammon")
    for name, statements in schema.STEPS[seen:]:
        steps(name=name)(_step(statements))
    steps.apply(Toolkit(database.connection, recursive_triggers=False, execute_plugins=False))


def _step(statements: Sequence[str]) -> Callable[[sqlite_utils.Database], None]:
    def run(toolkit: sqlite_utils.Database) -> None:
        _run(statements, toolkit)

    return run


def _run(statements: Sequence[str], connection: sqlite3.Connection | sqlite_utils.Database) -> None:
    # One by one: executescript() would commit first.
    for statement in statements:
        connection.execute(statement)
