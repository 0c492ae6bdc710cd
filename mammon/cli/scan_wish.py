"""What of a scan is shown, and in what order: exact, and the same for a document as for a table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from mammon.config.keys import nearest
from mammon.core.exit_time import Wait
from mammon.core.risk.rating import CAPS
from mammon.core.types import Market
from mammon.errors import UsageError
from mammon.reporting.figures import MarketFigures

Order = Literal["after", "now", "used", "liquid", "room", "exit", "tier", "name"]


@dataclass(frozen=True, slots=True)
class ScanWish:
    """Which venues are asked for: those that pass every test that is set."""

    slugs: tuple[str, ...] = ()
    protocols: tuple[str, ...] = ()
    tier: int | None = None
    """The worst tier that is shown."""
    open_only: bool = False
    order: Order = "after"

    def check(self, markets: Mapping[str, Market]) -> None:
        """Raise `UsageError` for a venue, a protocol or a tier that there is not."""
        known = {market.protocol for market in markets.values()}
        for what, asked, there in (("venue", self.slugs, markets), ("protocol", self.protocols, known)):
            for word in asked:
                if word not in there:
                    hint = nearest(word, there) or f"known: {', '.join(sorted(there))}"
                    raise UsageError("bad_value", f"no {what} is named {word[:60]!r}", hint)
        if self.tier is not None and self.tier not in CAPS:
            raise UsageError("bad_value", f"--tier: {self.tier} is no tier", "1, the best, to 5, danger")

    def applied(
        self, rows: Sequence[MarketFigures], markets: Mapping[str, Market]
    ) -> tuple[MarketFigures, ...]:
        """Return the rows asked for, in the order asked for; what is not known comes last."""
        return tuple(sorted((row for row in rows if self._wants(row, markets)), key=_KEYS[self.order]))

    def _wants(self, row: MarketFigures, markets: Mapping[str, Market]) -> bool:
        if self.slugs and row.slug not in self.slugs:
            return False
        if self.protocols and markets[row.slug].protocol not in self.protocols:
            return False
        if self.tier is not None and (row.standing is None or row.standing.tier > self.tier):
            return False
        return row.state == "open" or not self.open_only


def _down(value: Callable[[MarketFigures], Decimal | int | None]) -> Callable[[MarketFigures], Any]:
    """Return a key that puts large values first, unknown ones last, and equal ones in the order of names."""

    def key(row: MarketFigures) -> tuple[bool, Decimal | int, str]:
        found = value(row)
        return found is None, -found if found is not None else 0, row.slug

    return key


def _tier(row: MarketFigures) -> int | None:
    return None if row.standing is None else -row.standing.tier


def _room(row: MarketFigures) -> int | None:
    boundless = row.supplied is not None and not row.capped
    return 2**256 if boundless else row.room


def _exit(row: MarketFigures) -> tuple[Any, ...]:
    """Order by the wait of this block, of the day, of the month; a bound that has no end is the longest."""
    found = row.outlook
    waits = (None,) * 3 if found is None else (found.exit.now, found.exit.day, found.exit.month)
    return (*map(_length, waits), row.slug)


def _length(wait: Wait | None) -> tuple[int, int]:
    if wait is None:
        return 2, 0
    return int(wait.bound == "least"), wait.seconds


_KEYS: dict[Order, Callable[[MarketFigures], Any]] = {
    "after": _down(lambda row: row.apy_after),
    "now": _down(lambda row: row.apy),
    "used": _down(lambda row: row.utilisation),
    "liquid": _down(lambda row: row.withdrawable),
    "room": _down(_room),
    "exit": _exit,
    "tier": _down(_tier),
    "name": lambda row: row.slug,
}
