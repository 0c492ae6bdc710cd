"""Gas as measured on receipts: it takes the place of the planning figures."""

from __future__ import annotations

from mammon.core.types import GasUnits
from mammon.state.db import Database
from mammon.state.table import Table

_COLUMNS = ("protocol", "action", "total_units", "tx_bytes", "samples")


class MeasuredGas:
    """The table of measured gas, one row per protocol and action."""

    def __init__(self, database: Database) -> None:
        self._table = Table(database, "gas_units", _COLUMNS)

    def observe(self, protocol: str, action: str, units: int, tx_bytes: int) -> None:
        """Add one receipt's figures, inside a transaction."""
        known = {(row[0], row[1]): row for row in self._table.rows()}
        _, _, total, longest, samples = known.get((protocol, action), (protocol, action, 0, 0, 0))
        self._table.put([(protocol, action, total + units, max(longest, tx_bytes), samples + 1)])

    def all(self) -> tuple[GasUnits, ...]:
        """Return mean units, rounded up, and the longest transaction, by protocol and action."""
        return tuple(
            GasUnits(protocol, action, -(-total // samples), tx_bytes, samples)
            for protocol, action, total, tx_bytes, samples in self._table.rows("ORDER BY protocol, action")
        )
