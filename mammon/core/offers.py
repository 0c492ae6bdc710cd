"""Offers: what every venue pays at one moment, now and after a deposit, each answer computed once."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from mammon.core import rates
from mammon.core.curves.quotes import Quotes
from mammon.core.numbers import Rate, Units
from mammon.core.rates import Scale
from mammon.core.types import MarketState, Snapshot, Unread, slug_of
from mammon.errors import MalformedError


class Offers:
    """The venues of a snapshot, asked about one second."""

    def __init__(self, snapshot: Snapshot, at: int) -> None:
        self._at = at
        self._yields: dict[tuple[str, int], Rate] = {}
        self._quotes = {slug_of(reading): self._quoted(reading) for reading in snapshot.markets}
        self.apys = {slug: self.apy_after(slug, Units(0)) for slug in self._quotes}
        """What each pays before anything is deposited; None where that cannot be told."""

    def apy_after(self, slug: str, amount: Units) -> Rate | None:
        """Return the yield after a deposit; None when it would revert, or is beyond any curve."""
        return self._apy(slug, lambda quotes: quotes.rate_after(amount))

    def ceiling(self, slug: str, most: Units) -> Decimal:
        """Return a yield that no deposit of up to `most` exceeds; -1 where nothing can be told."""
        ceiling = self._apy(slug, lambda quotes: quotes.ceiling(most))
        return Decimal(-1) if ceiling is None else ceiling  # what cannot be priced promises nothing

    def _quoted(self, reading: MarketState | Unread) -> tuple[Quotes, Scale] | None:
        if isinstance(reading, Unread) or reading.curve is None:
            return None
        try:
            return reading.curve.quotes(self._at), reading.curve.scale
        except (ValueError, MalformedError):  # the curve lies after the moment we ask about
            return None

    def _apy(self, slug: str, ask: Callable[[Quotes], int]) -> Rate | None:
        known = self._quotes.get(slug)
        if known is None:
            return None
        quotes, scale = known
        try:
            raw = ask(quotes)
            found = self._yields.get((slug, raw))
            if found is None:
                found = self._yields[slug, raw] = Rate(rates.apy(raw, scale))
        except (ValueError, MalformedError):
            return None
        return found
