"""The connection to one world's database: pragmas, transactions, typed errors.

The journal is a rollback journal (`PERSIST`) with `synchronous=EXTRA`: a commit that returned
survives a loss of power, and the corruption of WAL files by several processes, known in SQLite
before 3.51.3, cannot occur. The price is that an open read cursor holds up a commit, so no method
here hands one out: every query is read to its end at once.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mammon.errors import OutsideError, PersonNeededError
from mammon.state.failures import corrupt, failure

if TYPE_CHECKING:
    from mammon.state.table import Table

Value = int | str | bytes | None
Row = tuple[Any, ...]

BUSY_S = 5.0
"""How long a statement waits for another process before it gives up."""

_PRAGMAS = (
    "PRAGMA synchronous=EXTRA",
    "PRAGMA temp_store=MEMORY",
    "PRAGMA cache_size=-256",  # kB: or the memory of a long run grows with its file, up to 2 MB
    "PRAGMA trusted_schema=OFF",
    "PRAGMA cell_size_check=ON",
    "PRAGMA secure_delete=OFF",
    "PRAGMA recursive_triggers=ON",  # or a REPLACE would take a row away past the trigger that forbids it
)


class Database:
    """One connection of one process. Not shared between threads, and of no use after a fork."""

    def __init__(self, path: Path, *, writable: bool, journal: str = "PERSIST") -> None:
        self.path = path
        self.writable = writable
        self.undone = 0
        """How many transactions of this connection were undone."""
        self._riding: dict[str, Callable[[], None]] = {}
        """Writes that the next transaction begins with, by what they are about."""
        self._process = os.getpid()
        self._errors = _Errors(path)
        self.tables: dict[str, Table] = {}
        """Every sealed table that was named on this connection, for whoever checks them all."""
        with self._errors:
            self.connection = _connect(path, writable, journal)

    def rows(self, sql: str, values: Sequence[Value] = ()) -> list[Row]:
        """Return every row of one query, read to its end."""
        with self._errors:
            return self.connection.execute(sql, values).fetchall()

    def write(self, sql: str, values: Sequence[Value] = ()) -> None:
        """Change something, inside `transaction` only."""
        self._require_transaction()
        with self._errors:
            self.connection.execute(sql, values)

    def write_many(self, sql: str, rows: Sequence[Sequence[Value]]) -> None:
        """Make the same change for many rows, inside `transaction` only."""
        self._require_transaction()
        with self._errors:
            self.connection.executemany(sql, rows)

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Make every write inside one durable change: all of it when the block ends, else nothing.

        Takes the write lock at once: a read that is upgraded later would fail without waiting. Raises
        `OutsideError` when another process keeps the lock, `PersonNeededError` when the disk refuses.
        """
        if self.connection.in_transaction:
            raise RuntimeError("a transaction is already open")
        if os.getpid() != self._process:
            raise RuntimeError("a database connection must not cross a fork")
        with self._errors:
            self.connection.execute("BEGIN IMMEDIATE")
        try:
            ridden = self._ride()
            yield
            with self._errors:
                self.connection.execute("COMMIT")
        except BaseException:
            self._roll_back()
            raise
        for name, write in ridden.items():
            if self._riding.get(name) is write:
                del self._riding[name]

    def ride(self, name: str, write: Callable[[], None]) -> None:
        """Have a write made by the next transaction, before all else in it: in the place of one of that name.

        So nothing that comes after it is durable without it, and it costs no commit of its own. For what a
        kill may take away as if it had not happened yet. One that fails fails its transaction, once.
        """
        self._riding[name] = write

    def change(self) -> contextlib.AbstractContextManager[None]:
        """Make every write inside part of the transaction that is open, else a transaction of its own."""
        return contextlib.nullcontext() if self.connection.in_transaction else self.transaction()

    @contextlib.contextmanager
    def one_state(self) -> Iterator[None]:
        """Let the few reads of a block see one state. A commit elsewhere waits for its end: keep it short.

        Inside a transaction, or another such block, they do so anyway.
        """
        alone = not self.connection.in_transaction
        if alone:
            with self._errors:
                self.connection.execute("BEGIN")
        try:
            yield
        finally:
            if alone and self.connection.in_transaction:
                self.connection.execute("ROLLBACK")

    def check(self, *, indexes: bool = False) -> None:
        """Have SQLite walk the whole file. Raises `PersonNeededError` when anything is out of place.

        `indexes`: hold every index against its table as well, which takes several times as long.
        """
        asked = "PRAGMA integrity_check(3)" if indexes else "PRAGMA quick_check(3)"
        found = [str(row[0]) for row in self.rows(asked)]
        if found != ["ok"]:
            raise corrupt(self.path, "; ".join(found)[:300])

    def close(self) -> None:
        """Let go of the file. An open transaction is undone; what waits for one is written, if that goes."""
        if self._riding and os.getpid() == self._process and not self.connection.in_transaction:
            with contextlib.suppress(OutsideError, PersonNeededError), self.transaction():
                pass  # where it does not go, it is as after a kill
        self.connection.close()

    def _require_transaction(self) -> None:
        if not self.connection.in_transaction:
            raise RuntimeError("writes belong inside transaction()")

    def _ride(self) -> dict[str, Callable[[], None]]:
        """Make the writes that wait; return those made, which the commit makes durable."""
        ridden = dict(self._riding)
        for name, write in ridden.items():
            try:
                write()
            except BaseException:
                del self._riding[name]
                raise
        return ridden

    def _roll_back(self) -> None:
        self.undone += 1
        # A failed commit may have ended the transaction already. A roll-back that fails in turn leaves
        # it to the next opening, which finds the journal; this connection is of no use any more.
        try:
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK")
        except sqlite3.Error:
            self._riding.clear()
            self.connection.close()


class _Errors:
    """Turn what SQLite raises into typed errors. One for a connection: every query passes through it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, sqlite3.Error):
            typed = failure(error, self._path)
            if typed is not None:
                raise typed from error
        elif isinstance(error, UnicodeDecodeError):
            # SQLite quotes what it cannot read, and Python cannot read the quotation.
            raise corrupt(self._path, "a name in it is not a text any more") from error


def _connect(path: Path, writable: bool, journal: str) -> sqlite3.Connection:
    mode = "rw" if writable else "ro"
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}", uri=True, timeout=BUSY_S, isolation_level=None
    )
    try:
        for pragma in _PRAGMAS:
            connection.execute(pragma)
        if writable:
            connection.execute(f"PRAGMA journal_mode={journal}").fetchall()
    except BaseException:
        connection.close()
        raise
    return connection
