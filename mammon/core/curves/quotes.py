"""Quotes: what a curve pays at one moment, asked about many amounts.

A decision asks each venue what it pays now, at most, and after every deposit it considers; a curve
whose accrual is work does that work once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


class Quotes(Protocol):
    """Rates in the curve's own scale, all at the same second."""

    def rate_after(self, amount: int) -> int:
        """Return the rate after a deposit of `amount`. Raises `ValueError` where it would revert."""
        ...

    def ceiling(self, most: int) -> int:
        """Return a rate that no deposit of up to `most` exceeds."""
        ...


class Curve(Protocol):
    """The part of a curve that answers for itself."""

    def rate_after(self, amount: int, at: int) -> int: ...

    def rate_ceiling(self, at: int) -> int: ...


@dataclass(frozen=True, slots=True)
class Plain:
    """Quotes of a curve that has nothing to prepare."""

    curve: Curve
    at: int

    def rate_after(self, amount: int) -> int:
        """Return the curve's rate after a deposit. Raises `ValueError` as it does."""
        return self.curve.rate_after(amount, self.at)

    def ceiling(self, _most: int) -> int:
        """Return the curve's own ceiling, which holds for every amount."""
        return self.curve.rate_ceiling(self.at)
