"""Cycles: one row for each, also for those that failed."""

from __future__ import annotations

from dataclasses import dataclass

from mammon.state.db import Database
from mammon.state.table import Table

_COLUMNS = ("id", "run", "started", "ended", "outcome", "error_code")


@dataclass(frozen=True, slots=True)
class Cycle:
    """One cycle of a run."""

    id: int
    run: int | None
    started: int
    """Unix seconds."""
    ended: int
    outcome: str
    """`hold`, `move`, `refused`, `failed`, …"""
    error_code: str | None
    """The failure's stable code; None when there was none."""


class Cycles:
    """The table of cycles."""

    def __init__(self, database: Database) -> None:
        self._table = Table(database, "cycles", _COLUMNS)

    def record(
        self, run: int | None, started: int, ended: int, outcome: str, error_code: str | None = None
    ) -> int:
        """Record a cycle inside a transaction; return its id, which its decision carries."""
        return self._table.append(run, started, ended, outcome, error_code)

    def page(self, before: int | None = None, limit: int = 100) -> tuple[Cycle, ...]:
        """Return cycles, newest first; `before` is the id of the last one already seen."""
        if before is None:
            rows = self._table.rows("ORDER BY id DESC LIMIT ?", (limit,))
        else:
            rows = self._table.rows("WHERE id < ? ORDER BY id DESC LIMIT ?", (before, limit))
        return tuple(Cycle(*row) for row in rows)
