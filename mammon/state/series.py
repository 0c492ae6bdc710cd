"""Documents of one kind, known by their sha256, most of them kept as differences from a keyframe.

A keyframe is a document kept whole. When a difference would exceed a third of its keyframe, the
document becomes the next keyframe; so reading takes one difference, never a chain of them.

Packing a large document takes longer than making it durable. So a large one is first kept as it is,
in `pending`, inside the transaction that must not wait, and packed later (`pack`), at the latest
when several have gathered.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

from mammon.errors import MalformedError
from mammon.state.db import Database, Row, Value
from mammon.state.delta import Base, packed, restored
from mammon.state.table import Table

AT_ONCE_BYTES = 4096
"""Documents up to this size are packed at once."""
MOST_PENDING = 16


@dataclass(frozen=True, slots=True)
class _Keyframe:
    entry: int
    base: Base
    packed_bytes: int
    undone: int
    """The database's count of undone transactions then: one more, and the row may be another's."""


class Series:
    """The documents of one table; further columns of the table are passed along."""

    def __init__(self, database: Database, name: str, extra: Sequence[str] = ()) -> None:
        self._database = database
        self.table = Table(database, name, ("id", "sha256", "base", *extra, "body"), sealed=3 + len(extra))
        self._pending = Table(database, "pending", ("id", "series", "entry", "body"), sealed=3)
        self._cached: _Keyframe | None = None

    def add(self, data: bytes, *extra: Value, haste: bool = True) -> tuple[int, str]:
        """Keep a document; return its row and its id, the sha256 in hexadecimal.

        The same bytes are kept once, with the further columns they came with first. `haste`: something waits
        for it, so that a long one is packed later.
        """
        digest = hashlib.sha256(data).digest()
        known = self.find(digest.hex())
        if known is not None:
            return known[0], digest.hex()
        if len(data) <= AT_ONCE_BYTES or not (haste or self.pending()):
            base, body = self._packed(data)
            return self.table.append(digest, base, *extra, body), digest.hex()
        if self.pending() >= MOST_PENDING:
            self.pack()
        entry = self.table.append(digest, None, *extra, None)
        self._pending.append(self.table.name, entry, data)
        return entry, digest.hex()

    def pack(self) -> None:
        """Pack what waits in `pending`, oldest first, inside a transaction."""
        for number, _, entry, data in self._pending.rows("WHERE series = ? ORDER BY id", (self.table.name,)):
            _, digest, _, *extra, _ = self.row(entry)
            base, body = self._packed(self._checked(data, digest, entry))
            self.table.put([(entry, digest, base, *extra, body)])
            self._pending.remove(number)

    def pending(self) -> int:
        """Return how many documents wait to be packed."""
        return self._pending.count("WHERE series = ?", (self.table.name,))

    def find(self, document_id: str) -> Row | None:
        """Return the row (id, sha256, base, further columns, body) of an id; None when there is none."""
        return self.table.row("WHERE sha256 = ?", (bytes.fromhex(document_id),))

    def row(self, entry: int) -> Row:
        """Return a row. Raises `PersonNeededError` when it is gone: others refer to it."""
        found = self.table.row("WHERE id = ?", (entry,))
        if found is None:
            raise self.table.damaged(f"document {entry} is gone")
        return found

    def data(self, entry: int) -> bytes:
        """Return a document, the very bytes that were added. Raises `PersonNeededError` if they changed."""
        _, digest, base, *_, body = self.row(entry)
        if body is None:
            where = "WHERE series = ? AND entry = ?"
            waiting = self._pending.row(where, (self.table.name, entry))
            if waiting is not None:
                return self._checked(waiting[3], digest, entry)
            # Another process has packed it since its row was read.
            _, digest, base, *_, body = self.row(entry)
        if body is None:
            raise self.table.damaged(f"document {entry} is gone")
        try:
            plain = zlib.decompress(body) if base is None else restored(body, self._keyframe(base).base)
        except (zlib.error, MalformedError) as error:
            raise self.table.damaged(f"document {entry} cannot be unpacked") from error
        return self._checked(plain, digest, entry)

    def _packed(self, data: bytes) -> tuple[int | None, bytes]:
        """Return the keyframe's row and the difference; None and the whole when that is the better way."""
        latest = self.table.part("id, base", "WHERE body IS NOT NULL ORDER BY id DESC LIMIT 1")
        if latest:
            entry, base = latest[0]
            keyframe = self._keyframe(entry if base is None else base)
            body = packed(data, keyframe.base)
            if len(body) * 3 <= keyframe.packed_bytes:
                return keyframe.entry, body
        return None, zlib.compress(data)

    def _keyframe(self, entry: int) -> _Keyframe:
        undone = self._database.undone
        if self._cached is None or (self._cached.entry, self._cached.undone) != (entry, undone):
            body = self.row(entry)[-1]
            self._cached = _Keyframe(entry, Base(self.data(entry)), len(body), undone)
        return self._cached

    def _checked(self, data: bytes, digest: bytes, entry: int) -> bytes:
        if hashlib.sha256(data).digest() != digest:
            raise self.table.damaged(f"document {entry} does not match its sha256")
        return data
