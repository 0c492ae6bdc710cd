"""Spread: how an account's money may be spread over venues that would fail together, or over too few.

The gates of risk hold a move against these limits, candidates are cut to them, and the split seeks its
target within them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mammon.core.fixed import mul_div_up
from mammon.core.numbers import Fraction, Usd
from mammon.core.policy import Policy
from mammon.core.risk.shared import UNKNOWN, behind, concentration, parts_of
from mammon.core.room import Stake, share_limit
from mammon.core.types import MarketState, Portfolio, Position, Unread


def shared_limit(stake: Stake, share: Fraction, above_usd: Usd, decimals: int) -> int | None:
    """Return what may stand behind one cause, base units; None where nothing limits it or it is not known."""
    return None if stake.whole is None else share_limit(stake.whole, share, above_usd, decimals)


def squares_limit(stake: Stake, most: Fraction, above_usd: Usd, decimals: int) -> int | None:
    """Return what the squares of all holdings may add up to; None where nothing limits it or not known."""
    whole = stake.whole
    if whole is None or share_limit(whole, most, above_usd, decimals) is None:
        return None
    return int(most * whole * whole)


def holdings_of(portfolio: Portfolio) -> dict[str, int]:
    """Return what each venue holds of the account's, as far as it was read."""
    return {item.slug: int(item.assets) for item in portfolio.positions if isinstance(item, Position)}


def spread_of(
    readings: Mapping[str, MarketState | Unread], portfolio: Portfolio, policy: Policy, stake: Stake
) -> Spread:
    """Return what is held where, with the limits on it."""
    above_usd, decimals = policy.venue_share_above_usd, portfolio.asset.decimals
    return Spread(
        holdings_of(portfolio),
        readings,
        shared_limit(stake, policy.max_shared_share, above_usd, decimals),
        squares_limit(stake, policy.max_concentration, above_usd, decimals),
    )


@dataclass(frozen=True, slots=True)
class Spread:
    """What is held where, and the limits on how it is spread."""

    holdings: Mapping[str, int]
    readings: Mapping[str, MarketState | Unread]
    shared: int | None
    squares: int | None

    def fitting(self, source: str, target: str, amount: int) -> int:
        """Cut an amount to what these limits let a move carry; where nothing is left it stays."""
        if self.shared is None and self.squares is None:
            return amount
        total = behind(self.holdings, self.readings)
        squares = concentration(self.holdings)
        low, high = 1, amount
        if amount <= 1 or self._allows(source, target, high, total, squares):
            return amount
        if not self._allows(source, target, low, total, squares):
            return amount
        while high - low > 1:
            middle = (low + high) // 2
            allowed = self._allows(source, target, middle, total, squares)
            low, high = (middle, high) if allowed else (low, middle)
        return low

    def _allows(self, source: str, target: str, amount: int, total: Mapping[str, int], squares: int) -> bool:
        here, there = self.holdings.get(source, 0), self.holdings.get(target, 0)
        left = max(0, here - amount)
        if self.squares is not None:
            after = squares - here * here + left * left - there * there + (there + amount) ** 2
            if after > self.squares:
                return False
        if self.shared is None:
            return True
        leaving, entering = (parts_of(self.readings.get(slug)) for slug in (source, target))
        for cause, (part, of) in entering.items():
            counted = total.get(cause, total.get(UNKNOWN, 0))
            counted += mul_div_up(there + amount, part, of) - mul_div_up(there, part, of)
            if cause in leaving and here:
                part, of = leaving[cause]
                counted += mul_div_up(left, part, of) - mul_div_up(here, part, of)
            if counted > self.shared:
                return False
        return True
