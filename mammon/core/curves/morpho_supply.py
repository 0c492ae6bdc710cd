"""Supply to one Morpho Blue market, without a vault between.

Sources: `Morpho.supply`, `withdraw`, `SharesMathLib` (morpho-blue 1.0.0). The rate is the market's supply
rate at the moment after the deposit: borrow rate * utilisation * (1 - fee), each product floored.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from mammon.core.curves.morpho import (
    VIRTUAL_SHARES,
    MorphoMarket,
    Totals,
    accrue,
    assets_down,
    supply,
    supply_rate,
    withdraw,
)
from mammon.core.curves.quotes import Quotes
from mammon.core.fixed import RAY
from mammon.core.numbers import Units
from mammon.core.rates import Scale

_NOTHING = Units(0)


@dataclass(frozen=True, slots=True)
class MorphoCurve:
    """A market as stored; rates are wads per second, before compounding."""

    scale: ClassVar[Scale] = Scale.WAD_PER_SECOND

    market: MorphoMarket
    shift: Units = _NOTHING

    def rate_after(self, amount: int, at: int) -> int:
        """Return the supply rate after a supply of `amount` mined at `at`; a negative amount is withdrawn.

        Raises `ValueError` where the withdrawal would revert for want of liquidity.
        """
        return self.quotes(at).rate_after(amount)

    def quotes(self, at: int) -> Quotes:
        """Return what the market pays at `at`, accrued once, to be asked about many amounts."""
        return _Moment(supply(accrue(self.market, at), self.shift), self.market.fee)

    def rate_ceiling(self, at: int) -> int:
        """Return a rate that no deposit at `at` exceeds: supply lowers utilisation."""
        return self.rate_after(0, at)

    def assets_at(self, shares: int, at: int) -> int:
        """Return what supply shares are worth at `at`, rounded down as a withdrawal of them pays."""
        totals = accrue(self.market, at)
        return assets_down(shares, totals.supply_assets, totals.supply_shares)

    def index_at(self, at: int) -> int:
        """Return the worth of one unit supplied when the market was new, ray."""
        return self.assets_at(RAY * VIRTUAL_SHARES, at)

    def liquidity_at(self, at: int) -> int:
        """Return what all suppliers together could withdraw at `at`, the shift included."""
        totals = accrue(self.market, at)
        return self.shift + totals.supply_assets - totals.borrow_assets


@dataclass(frozen=True, slots=True)
class _Moment:
    """The market at one second."""

    totals: Totals
    fee: int

    def rate_after(self, amount: int) -> int:
        changed = supply(self.totals, amount) if amount >= 0 else withdraw(self.totals, -amount)
        return supply_rate(changed, self.fee)

    def ceiling(self, _most: int) -> int:
        return supply_rate(self.totals, self.fee)
