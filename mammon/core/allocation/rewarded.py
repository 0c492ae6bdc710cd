"""What a place pays with the rewards that count, in the form the split asks for.

A line above the interest and one above the rewards add up to one above both.
"""

from __future__ import annotations

from decimal import Decimal

from mammon.core.allocation.pays import CurvePays
from mammon.core.counted import Rewards


class RewardedPays:
    """A curve's pay and the rewards beside it."""

    def __init__(self, pays: CurvePays, rewards: Rewards, slug: str) -> None:
        self._pays, self._rewards, self._slug = pays, rewards, slug
        self.divisible = pays.divisible
        self.bends = (*pays.bends, *rewards.bends(slug))
        self.noise = pays.noise + len(rewards.parts(slug))

    def apy(self, change: int) -> int:
        """Return the yield after the change, rewards included."""
        interest = self._pays.apy(change)
        if not interest and not self._pays.priced(change):
            return 0
        return interest + _scaled(self._rewards.apr(self._slug, change))

    def priced(self, change: int) -> bool:
        """Say whether the curve answers for this change."""
        return self._pays.priced(change)

    def line(self, low: int, high: int) -> tuple[int, int]:
        """Return the sum of both lines."""
        first, last = self._pays.line(low, high)
        more, less = self._rewards.line(self._slug, low, high)
        return first + _scaled(more), last + _scaled(less)


def _scaled(apr: Decimal) -> int:
    return int(apr.scaleb(18))
