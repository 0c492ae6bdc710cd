"""Pins: what the code of each contract was when it was first seen. History is kept, never rewritten."""

from __future__ import annotations

from mammon.core.names import Address, Hash32
from mammon.errors import UsageError
from mammon.state import marks
from mammon.state.audit import Audit
from mammon.state.db import Database
from mammon.state.marks import Marks
from mammon.state.table import Table

_COLUMNS = ("id", "address", "code", "implementation", "at", "why")
_FIRST_SIGHT = "first sight"


class Pins:
    """The table of pins; of several for one address the newest is in force."""

    def __init__(self, database: Database) -> None:
        self._table = Table(database, "pins", _COLUMNS)
        self._audit = Audit(database)
        self._marks = Marks(database)
        self._database = database
        self._newest = (0, 0)
        self._latest: dict[Address, tuple[Hash32, Hash32]] = {}

    def known(self, address: Address) -> tuple[Hash32, Hash32] | None:
        """Return code hash and implementation as pinned, None for a contract never seen."""
        # Not by a condition: a row whose address had changed on the disk would not be met, nor missed.
        found = [row for row in self._table.rows("ORDER BY id") if row[1] == address]
        return (Hash32(found[-1][2]), Hash32(found[-1][3])) if found else None

    def latest(self) -> dict[Address, tuple[Hash32, Hash32]]:
        """Return what is in force: code hash and implementation of every contract ever pinned."""
        newest = (self._database.undone, int(self._table.part("coalesce(max(id), 0)")[0][0]))
        if newest != self._newest:  # rows are never rewritten, but for those of an undone transaction
            rows = self._table.rows("ORDER BY id")
            self._latest = {Address(row[1]): (Hash32(row[2]), Hash32(row[3])) for row in rows}
            self._newest = newest
        return self._latest

    def changed(self, address: Address, code: Hash32, implementation: Hash32) -> bool:
        """Say whether a contract is known and no longer what it was."""
        known = self.known(address)
        return known is not None and known != (code, implementation)

    def record(self, address: Address, code: Hash32, implementation: Hash32) -> bool:
        """Pin a contract seen for the first time, inside a transaction; return whether it was."""
        if self.known(address) is not None:
            return False
        self._pin(address, code, implementation, _FIRST_SIGHT)
        return True

    def accept(self, address: Address, code: Hash32, implementation: Hash32, why: str) -> None:
        """Pin what a known contract has become, inside a transaction: a person looked at it, and `why`."""
        if self.known(address) is None:
            raise UsageError(
                "unpinned", f"{address} was never seen here", "its first sight is pinned by itself"
            )
        self._pin(address, code, implementation, why)

    def left(self, address: Address, code: Hash32, implementation: Hash32) -> None:
        """Keep that money left what a contract has become, inside a transaction. The pin stays as it is."""
        at = self._marks.number(marks.SEEN_AT) or 0
        self._audit.add("left_changed_code", at, address=address, code=code, implementation=implementation)

    def _pin(self, address: Address, code: Hash32, implementation: Hash32, why: str) -> None:
        at = self._marks.number(marks.SEEN_AT) or 0
        self._table.append(address, code, implementation, at, why)
        self._audit.add("pin", at, address=address, code=code, implementation=implementation, why=why)
