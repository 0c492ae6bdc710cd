"""Runs: every start of a command that records something, and how it ended if it ended itself."""

from __future__ import annotations

from dataclasses import dataclass

from mammon.state.db import Database
from mammon.state.table import Table

KILLED = "killed"
"""The outcome of a run that could not record its own end."""

_COLUMNS = ("id", "started", "command", "version", "process", "ended", "outcome")


@dataclass(frozen=True, slots=True)
class Run:
    """One run. Without an end it is still going on or was killed: `process` tells which
    (`ops.lock.is_running`)."""

    id: int
    started: int
    """Unix seconds."""
    command: str
    version: str
    process: str
    """The process, told apart from later ones of the same number (`ops.lock.process_identity`)."""
    ended: int | None
    outcome: str | None


class Runs:
    """The table of runs."""

    def __init__(self, database: Database) -> None:
        self._table = Table(database, "runs", _COLUMNS)

    def begin(self, started: int, command: str, version: str, process: str) -> int:
        """Record that a run started, inside a transaction; return its id."""
        return self._table.append(started, command, version, process, None, None)

    def end(self, run: int, ended: int, outcome: str) -> None:
        """Record how a run ended, inside a transaction. An end already recorded stays."""
        row = self._table.row("WHERE id = ?", (run,))
        if row is None:
            raise self._table.damaged(f"run {run} is gone")
        if row[5] is None:
            self._table.put([(*row[:5], ended, outcome)])

    def unended(self) -> tuple[Run, ...]:
        """Return the runs without an end, oldest first: those going on and those that were killed."""
        return tuple(Run(*row) for row in self._table.rows("WHERE ended IS NULL ORDER BY id"))

    def latest(self, limit: int = 1) -> tuple[Run, ...]:
        """Return the runs that started last, newest first."""
        return tuple(Run(*row) for row in self._table.rows("ORDER BY id DESC LIMIT ?", (limit,)))
