"""What outside sources were last heard to say, and the latest readings of the two prices."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from decimal import Decimal

from mammon.core.tracks import PriceSample
from mammon.core.witnesses import Heard
from mammon.state.db import Database
from mammon.state.table import Table

_COLUMNS = ("source", "subject", "asked", "value", "at", "code", "reason")
_ONLY = 1
"""The one row that holds all readings of the prices: it changes as a whole with every cycle."""


class Outside:
    """The tables of witnesses and of prices."""

    def __init__(self, database: Database) -> None:
        self._witnesses = Table(database, "witnesses", _COLUMNS)
        self._prices = Table(database, "prices", ("id", "body"))

    def heard(self) -> tuple[Heard, ...]:
        """Return what each source was last heard to say of each subject."""
        return tuple(
            Heard(source, subject, asked, None if value is None else Decimal(value), at, code, reason)
            for source, subject, asked, value, at, code, reason in self._witnesses.rows(
                "ORDER BY subject, source"
            )
        )

    def keep_heard(self, heard: Iterable[Heard]) -> None:
        """Keep what sources were heard to say, each in the place of what it said before, in a transaction."""
        self._witnesses.put(
            (one.source, one.subject, one.asked, _text(one.value), one.at, one.code, one.reason)
            for one in heard
        )

    def prices(self) -> tuple[PriceSample, ...]:
        """Return the readings of the prices that are remembered."""
        row = self._prices.row("WHERE id = ?", (_ONLY,))
        if row is None:
            return ()
        return tuple(PriceSample(subject, Decimal(usd), at) for subject, usd, at in json.loads(row[1]))

    def keep_prices(self, samples: Sequence[PriceSample]) -> None:
        """Remember these readings in the place of those before, inside a transaction."""
        body = [(sample.subject, str(sample.usd), sample.at) for sample in samples]
        self._prices.put([(_ONLY, json.dumps(body, separators=(",", ":")))])


def _text(value: Decimal | None) -> str | None:
    return None if value is None else f"{value:f}"
