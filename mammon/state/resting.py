"""Endpoints that failed lately: the next command asks them last too. Losing this costs one request."""

from __future__ import annotations

from collections.abc import Mapping

from mammon.state.db import Database
from mammon.state.table import Table

LONGEST_S = 1_800
"""Whatever the wall clock did meanwhile, no rest lasts longer."""
_SAME_S = 2
"""Ends of one rest as two commands reckon them lie no further apart."""


class Resting:
    """The table of endpoints that failed, by their redacted names, and until when each is passed over."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._table = Table(database, "resting", ("name", "until"))

    def left(self, now: int) -> dict[str, int]:
        """Return how many seconds each endpoint still rests; `now` is unix seconds."""
        return {name: min(until - now, LONGEST_S) for name, until in self._table.rows() if until > now}

    def differs(self, resting: Mapping[str, float], now: int) -> bool:
        """Say whether the seconds left are other than what is kept."""
        known = self.left(now)
        return known.keys() != resting.keys() or any(
            abs(known[name] - seconds) > _SAME_S for name, seconds in resting.items()
        )

    def keep(self, resting: Mapping[str, float], now: int) -> None:
        """Keep the seconds each endpoint still rests, inside a transaction, in place of all known before."""
        self._database.write("DELETE FROM resting")
        self._table.put((name, now + round(seconds)) for name, seconds in sorted(resting.items()))
