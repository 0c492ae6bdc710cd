"""What a place pays: exact yields, and straight lines above them.

A line is two yields, at both ends of a range of changes; nowhere between pays the place more than the
straight line from one to the other. Where a rate is a convex function of what is supplied, the line
through its own values is one: so with every kinked model that gets steeper at its kink, for utilisation
falls convexly as supply grows; and what is convex stays so compounded. Where less is known, a line is
level, at a ceiling.
"""

from __future__ import annotations

from typing import Protocol

from mammon.core import rates
from mammon.core.allocation.shapes import bends_of, is_convex, noise_of
from mammon.core.curves import AnyCurve
from mammon.core.curves.lines import VaultLines
from mammon.core.curves.metamorpho import Book
from mammon.errors import MalformedError


class Pays(Protocol):
    """Yields of a year as integers of 1e-18, for changes of what is held now, all at one moment."""

    @property
    def bends(self) -> tuple[int, ...]:
        """Changes at which the rate bends, as far as they are known; any may be missing."""
        ...

    @property
    def noise(self) -> int:
        """How far above a line rounding may lift a yield."""
        ...

    def apy(self, change: int) -> int:
        """Return the yield once what is held changed by so much; 0 where it cannot be priced."""
        ...

    def line(self, low: int, high: int) -> tuple[int, int]:
        """Return yields at two changes with no yield between above the line through them."""
        ...


class CurvePays:
    """What a venue's own curve pays at one second."""

    def __init__(self, curve: AnyCurve, at: int) -> None:
        """Prepare the curve. Raises `ValueError` where it lies after that second, `MalformedError` where its
        rate is beyond any curve."""
        self._scale, self._quotes = curve.scale, curve.quotes(at)
        self._vault = VaultLines(self._quotes) if isinstance(self._quotes, Book) else None
        self._convex = is_convex(curve)
        self.divisible = self._convex or self._vault is not None
        """Whether a line is known for withdrawals of a part too; otherwise for what comes in alone."""
        self._yields: dict[int, int] = {}
        self._by_rate: dict[int, int] = {}
        self.bends = self._vault.bends() if self._vault else bends_of(curve, at)
        ceiling = self._quotes.ceiling(0)
        self.noise = self._yield_of(ceiling + noise_of(curve)) - self._yield_of(ceiling) + 1

    def apy(self, change: int) -> int:
        """Return the yield after the change."""
        found = self._yields.get(change)
        if found is None:
            found = self._yields[change] = self._priced(change) or 0
        return found

    def priced(self, change: int) -> bool:
        """Say whether the curve answers for this change."""
        return self._priced(change) is not None

    def line(self, low: int, high: int) -> tuple[int, int]:
        """Return a line of the curve's own, or through its values where it is convex, or a level one.

        Raises `ValueError` for withdrawals from a curve that is not `divisible`: nothing bounds them.
        """
        if low < 0 and not self.divisible:
            raise ValueError("no line is known for withdrawals")
        if self._vault:
            first, last = self._vault.line(low, high)
            return self._yield_of(first), self._yield_of(last)
        if self._convex:
            return self.apy(low), self.apy(high)
        level = self._yield_of(self._quotes.ceiling(high))
        return level, level

    def _priced(self, change: int) -> int | None:
        try:
            return self._yield_of((self._vault or self._quotes).rate_after(change))
        except (ValueError, MalformedError):  # it would revert, or is beyond any curve
            return None

    def _yield_of(self, raw: int) -> int:
        found = self._by_rate.get(raw)
        if found is None:
            found = self._by_rate[raw] = int(rates.apy(raw, self._scale).scaleb(18))
        return found
