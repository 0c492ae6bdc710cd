"""Snapshots as canonical bytes: what was read, to be read again to the same bytes."""

from __future__ import annotations

from dataclasses import dataclass

from mammon.errors import UsageError
from mammon.state.db import Database
from mammon.state.series import Series


@dataclass(frozen=True, slots=True)
class SnapshotRow:
    """Where a stored snapshot stands in time; `id` is the sha256 of its bytes, in hexadecimal."""

    id: str
    block_number: int
    block_at: int
    """Unix seconds."""


class Snapshots:
    """The table of snapshots."""

    def __init__(self, database: Database) -> None:
        self.series = Series(database, "snapshots", ("block_number", "block_at"))

    def add(self, data: bytes, block_number: int, block_at: int, *, haste: bool = True) -> str:
        """Keep a snapshot's canonical bytes once, inside a transaction; return its id (`Series.add`)."""
        return self.series.add(data, block_number, block_at, haste=haste)[1]

    def bytes_of(self, snapshot_id: str) -> bytes:
        """Return the very bytes that were kept. Raises `UsageError` for an unknown id."""
        found = self.series.find(snapshot_id)
        if found is None:
            raise UsageError(
                "unknown_snapshot", f"no snapshot {snapshot_id} is recorded here", "see `mammon state check`"
            )
        return self.series.data(found[0])

    def latest(self, limit: int = 1) -> tuple[SnapshotRow, ...]:
        """Return the snapshots recorded last, newest first."""
        rows = self.series.table.rows("ORDER BY id DESC LIMIT ?", (limit,))
        return tuple(SnapshotRow(row[1].hex(), row[3], row[4]) for row in rows)

    def between(self, start: int, end: int, limit: int = 1000) -> tuple[SnapshotRow, ...]:
        """Return snapshots of blocks from `start` up to `end`, unix seconds, in the order recorded."""
        where = "WHERE block_at >= ? AND block_at < ? ORDER BY id LIMIT ?"
        return tuple(
            SnapshotRow(row[1].hex(), row[3], row[4])
            for row in self.series.table.rows(where, (start, end, limit))
        )
