"""The audit: one row for each step of the journal, each carrying the hash of the one before.

A row that is edited, removed, added or put elsewhere breaks the chain from there on; the head is kept
in `meta` as well, so that rows missing at the end are noticed too.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from mammon.core import canonical
from mammon.errors import PersonNeededError
from mammon.state import meta
from mammon.state.db import Database

HEAD = "audit"
"""The fact in `meta` that holds the head: number and hash."""

_FIRST = bytes(32)
_PAGE = 500
# As bytes: a text that is none any more must not keep the row from being named.
_ROWS = """
SELECT seq, prev_hash, CAST(row_json AS BLOB), hash FROM audit WHERE seq > ? ORDER BY seq LIMIT ?
"""

Fact = int | str | None


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One row as stored: `data` is the canonical JSON of what happened."""

    seq: int
    before: bytes
    data: bytes
    hash: bytes


@dataclass(frozen=True, slots=True)
class Verified:
    """What following the chain came to."""

    rows: int
    """How many rows are sound, from the first on."""
    head: str
    """Hash of the last row, in hexadecimal; empty when there is none, or when one is bad."""
    bad: int | None = None
    """Number of the first row that is not what was written, or is missing."""
    why: str = ""


class Audit:
    """The chain of audit rows."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, event: str, at: int, **facts: Fact) -> None:
        """Append a row, inside the transaction of what it tells of."""
        seq, before = self.head()
        text = canonical.json_bytes({"event": event, "at": at, **facts}).decode()
        made = digest(seq + 1, before, text.encode())
        self._database.write("INSERT INTO audit VALUES (?, ?, ?, ?)", (seq + 1, before, text, made))
        meta.put(self._database, {HEAD: f"{seq + 1}:{made.hex()}"})

    def head(self) -> tuple[int, bytes]:
        """Return the number and hash of the row written last, as `meta` knows them."""
        number, _, text = meta.facts(self._database).get(HEAD, f"0:{_FIRST.hex()}").partition(":")
        return int(number), bytes.fromhex(text)

    def rows(self, after: int = 0, limit: int = 100) -> tuple[AuditRow, ...]:
        """Return rows in order; `after` is the number of the last one already seen."""
        return tuple(AuditRow(*row) for row in self._database.rows(_ROWS, (after, limit)))

    def verify(self) -> Verified:
        """Follow the chain from its first row to the head; say where it breaks first."""
        seq, before = 0, _FIRST
        while True:
            for row in self._every(seq):
                if (why := _fault(row, seq, before)) is not None:
                    return _verified(seq, before, seq + 1, why)
                seq, before = row.seq, row.hash
            head = self.head()
            if head == (seq, before):
                return _verified(seq, before)
            if not self.rows(seq, 1):  # else another process has appended since
                break
        if seq < head[0]:
            return _verified(seq, before, seq + 1, f"missing: {head[0]} rows were written")
        bad = min(seq, head[0] + 1)
        return _verified(bad - 1, before, bad, "it is not the row that was written")

    def require(self) -> Verified:
        """Return what following the chain came to. Raises `PersonNeededError` naming the first bad row."""
        found = self.verify()
        if found.bad is not None:
            raise PersonNeededError(
                "audit_broken",
                f"row {found.bad} of the audit log in {self._database.path} is bad: {found.why}",
                "somebody or something has changed the state: `mammon state restore` brings a copy back",
            )
        return found

    def _every(self, after: int) -> Iterator[AuditRow]:
        while page := self.rows(after, _PAGE):
            yield from page
            after = page[-1].seq


def digest(seq: int, before: bytes, data: bytes) -> bytes:
    """Return the hash of a row: its number, the hash before it, its text."""
    return hashlib.sha256(b"%d\n%s\n%s" % (seq, before, data)).digest()


def _fault(row: AuditRow, seq: int, before: bytes) -> str | None:
    if row.seq != seq + 1:
        return f"missing: row {row.seq} comes next"
    if row.before != before:
        return "it does not follow from the row before it"
    if row.hash != digest(row.seq, before, row.data):
        return "it is not what was written"
    return None


def _verified(rows: int, head: bytes, bad: int | None = None, why: str = "") -> Verified:
    return Verified(rows, head.hex() if bad is None and rows else "", bad, why)
