"""Moves that were made, and when: the daily limit is counted here, and so survives a restart."""

from __future__ import annotations

import json
from dataclasses import dataclass

from mammon.core.numbers import Units, Wei
from mammon.core.plan import IDLE
from mammon.state.db import Database, Row
from mammon.state.table import Table

DAY_S = 86_400
_COLUMNS = ("id", "key", "at", "source", "target", "left_units", "entered_units", "gas_wei", "transactions")
_PAGE = 64


@dataclass(frozen=True, slots=True)
class MoveMade:
    """One move as measured. `key` is what it carried out (a decision's id): a move counts once."""

    key: str
    at: int
    """Unix seconds."""
    source: str
    target: str
    left: Units
    """What really left the source."""
    entered: Units
    """What really entered the target."""
    gas_wei: Wei
    transactions: tuple[str, ...] = ()
    """Hashes in order; empty on paper."""


class Moves:
    """The table of moves."""

    def __init__(self, database: Database) -> None:
        self._table = Table(database, "moves", _COLUMNS)

    def record(self, move: MoveMade) -> bool:
        """Record a move, inside a transaction; return whether it is new under its key."""
        if self._table.row("WHERE key = ?", (move.key,)) is not None:
            return False
        amounts = (str(move.left), str(move.entered), str(move.gas_wei))
        hashes = json.dumps(move.transactions)
        self._table.append(move.key, move.at, move.source, move.target, *amounts, hashes)
        return True

    def since(self, start: int) -> tuple[MoveMade, ...]:
        """Return the moves at `start`, unix seconds, or later, ascending.

        There is no upper end: a clock that was set back does not make a move unmade.
        """
        found: list[MoveMade] = []
        before = None
        while True:
            page = self.page(before, _PAGE)
            found += [move for _, move in page if move.at >= start]
            # Moves are recorded in order of time, but for steps of the clock: go on until a whole page
            # is older.
            if len(page) < _PAGE or all(move.at < start for _, move in page):
                return tuple(sorted(found, key=lambda move: move.at))
            before = page[-1][0]

    def last_day(self, now: int) -> tuple[int, ...]:
        """Return when the moves of the last 24 hours were made, ascending (`Portfolio.moved`).

        A way home counts in no window.
        """
        return tuple(move.at for move in self.since(now - DAY_S) if move.target != IDLE)

    def page(self, before: int | None = None, limit: int = 100) -> tuple[tuple[int, MoveMade], ...]:
        """Return moves with their numbers, newest first; `before` is the last number already seen."""
        if before is None:
            rows = self._table.rows("ORDER BY id DESC LIMIT ?", (limit,))
        else:
            rows = self._table.rows("WHERE id < ? ORDER BY id DESC LIMIT ?", (before, limit))
        return tuple((row[0], _move(row)) for row in rows)


def _move(row: Row) -> MoveMade:
    _, key, at, source, target, left, entered, gas_wei, hashes = row
    amounts = Units(int(left)), Units(int(entered)), Wei(int(gas_wei))
    return MoveMade(key, at, source, target, *amounts, tuple(json.loads(hashes)))
