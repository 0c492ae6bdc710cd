"""Rows that went missing: what neither SQLite's quick check nor the seal of a row that is read can see.

A page of another place, or an old one, is sound in itself: the table is shorter, and every row left in it
has its seal. Limits would be open again. So tables that money depends on are counted against their
indexes, and against each other.
"""

from __future__ import annotations

from collections.abc import Iterator

from mammon.state.db import Database
from mammon.state.marks import SEEN_AT

INDEXED = ("moves", "intents", "legs", "attempts")
"""Tables with an index that knows how many rows there are."""

_SLOTS = "SELECT count(*) FROM slots"
_SAME = (
    ("spends", "SELECT count(*) FROM spends"),
    ("attempts", "SELECT count(DISTINCT nonce) FROM attempts"),
)
"""Each slot has what was signed for it, and what it may have cost."""

_READ = "SELECT DISTINCT block_at / 86400 FROM readings"
_COUNTED = "SELECT day FROM reading_days"
"""Whatever is thinned, each day keeps its first reading."""


def missing(database: Database) -> Iterator[str]:
    """Yield a sentence for each table that has lost rows."""
    for table in INDEXED:
        found = [str(row[0]) for row in database.rows(f"PRAGMA integrity_check({table})")]
        if found != ["ok"]:
            yield f"{table}: {'; '.join(found)[:200]}"
    slots = database.rows(_SLOTS)[0][0]
    for table, question in _SAME:
        rows = database.rows(question)[0][0]
        if rows != slots:
            yield f"{table}: rows for {rows} of {slots} slots"
    if database.rows("SELECT 1 FROM fills LIMIT 1") and not database.rows("SELECT 1 FROM book"):
        yield "book: it is gone, and fills of it are there"
    if sorted(database.rows(_READ)) != sorted(database.rows(_COUNTED)):
        yield "readings: they are not of the days that were counted"
    if slots and not database.rows("SELECT 1 FROM marks WHERE name = ?", (SEEN_AT,)):
        yield "marks: the time up to which the chain was seen is gone"
