"""One Compound III market (Comet): what its base asset pays.

Sources: `CometWithExtendedAssetList`, `CometCore` (compound-finance/comet d5a30b0). Rates are wads per
second, constant from one interaction to the next; both indices grow simply between them. Amounts are
kept as principal, present value = principal * index / 1e15. Every division here floors, as theirs do;
the contracts' checks of width (indices of 64 bits, principal of 104) are not repeated.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from mammon.core.curves.quotes import Plain, Quotes
from mammon.core.fixed import WAD, mul_div_up
from mammon.core.numbers import Units, Wad
from mammon.core.rates import Scale

INDEX_SCALE = 10**15
"""An index that has not grown."""

_NOTHING = Units(0)


@dataclass(frozen=True, slots=True)
class RateLine:
    """A line with a kink, one for supply and one for debt: wads per second over utilisation in wads."""

    kink: Wad
    base: Wad
    slope_low: Wad
    slope_high: Wad

    def at(self, used: int) -> int:
        """Return the rate at a utilisation, which may be above one; wad per second."""
        if used <= self.kink:
            return self.base + self.slope_low * used // WAD
        above = self.slope_high * (used - self.kink) // WAD
        return self.base + self.slope_low * self.kink // WAD + above


@dataclass(frozen=True, slots=True)
class CometCurve:
    """A market as stored at its last interaction (`totalsBasic`).

    What an account is credited rounds on its whole holding: `rate_after` is exact for an account that
    holds `shift` here, and may differ in the last digits for one that holds more.
    """

    scale: ClassVar[Scale] = Scale.WAD_EACH_SECOND

    supply_index: Wad
    """In units of 1e15, as `borrow_index`."""
    borrow_index: Wad
    supply_principal: Units
    borrow_principal: Units
    updated_at: int
    supply: RateLine
    borrow: RateLine
    shift: Units = _NOTHING

    def rate_after(self, amount: int, at: int) -> int:
        """Return `getSupplyRate(getUtilization())` after a supply of `amount` mined at `at`.

        A negative amount is withdrawn; whether the market has the cash is not asked here. Raises
        `ValueError` for more than there is.
        """
        then = self.accrued(at)
        principal = then.supply_principal + then._credited(amount)
        if principal < 0:
            raise ValueError("more is withdrawn than is supplied")
        return then.supply.at(_utilisation(then, principal))

    def quotes(self, at: int) -> Quotes:
        """Return what the curve pays at `at`, to be asked about many amounts."""
        return Plain(self.accrued(at), at)

    def rate_ceiling(self, at: int) -> int:
        """Return a rate that no deposit at `at` exceeds: all supply but the first lowers utilisation."""
        then = self.accrued(at)
        principal = then.supply_principal + then._credited(0)
        if worth(principal, then.supply_index) == 0:  # utilisation then counts as none, whatever is owed
            return then.supply.at(worth(then.borrow_principal, then.borrow_index) * WAD)
        return then.supply.at(_utilisation(then, principal))

    def rate_now(self) -> int:
        """Return what accrues now and until the next interaction, wad per second."""
        return self.supply.at(self.utilisation_now())

    def utilisation_now(self) -> int:
        """Return `getUtilization()`: of the stored indices, whenever it is asked; wad."""
        return _utilisation(self, self.supply_principal)

    def borrow_rate_now(self) -> int:
        """Return what debt accrues now and until the next interaction, wad per second."""
        return self.borrow.at(self.utilisation_now())

    def accrued(self, at: int) -> CometCurve:
        """Return the market as `accrueInternal` leaves it at `at`."""
        elapsed = at - self.updated_at
        if elapsed < 0:
            raise ValueError("the time lies before the market's last update")
        return replace(
            self,
            supply_index=Wad(_grown(self.supply_index, self.rate_now(), elapsed)),
            borrow_index=Wad(_grown(self.borrow_index, self.borrow_rate_now(), elapsed)),
            updated_at=at,
        )

    def supplied_at(self, at: int) -> int:
        """Return `totalSupply()` called at `at`."""
        return worth(self.supply_principal, self.accrued(at).supply_index)

    def borrowed_at(self, at: int) -> int:
        """Return `totalBorrow()` called at `at`."""
        return worth(self.borrow_principal, self.accrued(at).borrow_index)

    def _credited(self, amount: int) -> int:
        """Return the principal that `shift` and then `amount` add to what is supplied."""
        held = principal_of(self.shift, self.supply_index)
        balance = worth(held, self.supply_index) + amount
        if balance < 0:
            return -mul_div_up(-balance, INDEX_SCALE, self.supply_index)
        return principal_of(balance, self.supply_index)


def worth(principal: int, index: int) -> int:
    """Return what a principal is worth at an index, rounded down."""
    return principal * index // INDEX_SCALE


def principal_of(assets: int, index: int) -> int:
    """Return the principal that `assets` are credited as, rounded down."""
    return assets * INDEX_SCALE // index


def _utilisation(market: CometCurve, supply_principal: int) -> int:
    """Return borrowed / supplied, wad; 0 when nothing is supplied."""
    supplied = worth(supply_principal, market.supply_index)
    return worth(market.borrow_principal, market.borrow_index) * WAD // supplied if supplied else 0


def _grown(index: int, rate: int, elapsed: int) -> int:
    return index + index * (rate * elapsed) // WAD
