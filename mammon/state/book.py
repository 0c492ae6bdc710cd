"""The paper book: what it holds now as one document, and the fills that brought it there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mammon.errors import OutsideError
from mammon.state.db import Database
from mammon.state.table import Table


@dataclass(frozen=True, slots=True)
class BookState:
    """The book as it stands: canonical bytes, and a version that grows by one with each change."""

    version: int
    at: int
    """Unix seconds of the change."""
    document: bytes


@dataclass(frozen=True, slots=True)
class FillRow:
    """One fill, with the version of the book that it made."""

    number: int
    version: int
    at: int
    document: bytes


class PaperBook:
    """The tables of the paper book."""

    def __init__(self, database: Database) -> None:
        self._table = Table(database, "book", ("id", "version", "at", "document"))
        self._fills = Table(database, "fills", ("id", "version", "at", "document"))

    def current(self) -> BookState | None:
        """Return the book, None when none was opened."""
        row = self._table.row("")
        return BookState(*row[1:]) if row else None

    def replace(self, expected: int, document: bytes, at: int, fills: Sequence[bytes] = ()) -> int:
        """Put a new document in the book's place, inside a transaction; return its version.

        `expected` is the version the new document was made from, 0 when there was no book. Raises
        `OutsideError` when the book has changed since: begin again from the current one.
        """
        before = self.current()
        found = before.version if before else 0
        if found != expected:
            raise OutsideError(
                "book_changed",
                f"the paper book is at version {found}, not {expected}: another command changed it",
                "run again",
            )
        self._table.put([(1, found + 1, at, document)])
        for fill in fills:
            self._fills.append(found + 1, at, fill)
        return found + 1

    def fills(self, after: int = 0, limit: int = 100) -> tuple[FillRow, ...]:
        """Return fills in order; `after` is the number of the last one already seen."""
        rows = self._fills.rows("WHERE id > ? ORDER BY id LIMIT ?", (after, limit))
        return tuple(FillRow(*row) for row in rows)
