"""Marks: the few single values that the journal and the reconciliation go on from."""

from __future__ import annotations

from mammon.state.db import Database
from mammon.state.table import Table

SEEN_AT = "seen_at"
"""Highest block time seen, unix seconds."""
ADOPTED = "adopted"
"""The nonce a person gave as the next one to use."""
FAILURES_TOLD = "failures_told"
"""The newest intent for whose failure acting was stopped."""
RECONCILED = "reconciled"
"""What the account held at the last block whose every difference was explained."""


class Marks:
    """The table of marks."""

    def __init__(self, database: Database) -> None:
        self._table = Table(database, "marks", ("name", "value"))

    def text(self, name: str) -> str | None:
        """Return a mark, None when it was never set."""
        # Not by a condition: a mark whose name had changed on the disk would not be met, nor missed.
        return next((str(row[1]) for row in self._table.rows() if row[0] == name), None)

    def number(self, name: str) -> int | None:
        """Return a mark that is a number."""
        text = self.text(name)
        return None if text is None else int(text)

    def put(self, name: str, value: str | int) -> None:
        """Set a mark, inside a transaction. The table lets `SEEN_AT` and `ADOPTED` only rise."""
        if self.text(name) is None:
            self._table.add(name, str(value))
        else:
            self._table.change(name, str(value))
