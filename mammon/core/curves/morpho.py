"""One Morpho Blue market under the AdaptiveCurveIRM, or under no rate model (an idle market).

Sources: `Morpho._accrueInterest` and `supply`, `MathLib`, `SharesMathLib` (morpho-blue 1.0.0);
`AdaptiveCurveIrm`, `ExpLib` (morpho-blue-irm). Rates are wads per second. The rate at target drifts
with exp(50/year * err * elapsed), where err is the distance of utilisation from 0.9; the exponential
is the contract's 2**q * (1 + r + r**2/2), not the true one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from mammon.core.fixed import SECONDS_PER_YEAR, WAD, div_toward_zero
from mammon.core.numbers import Units, Wad

VIRTUAL_ASSETS = 1
VIRTUAL_SHARES = 10**6

TARGET_UTILISATION = 9 * WAD // 10
INITIAL_RATE_AT_TARGET = WAD // 25 // SECONDS_PER_YEAR
MIN_RATE_AT_TARGET = WAD // 1000 // SECONDS_PER_YEAR
MAX_RATE_AT_TARGET = 2 * WAD // SECONDS_PER_YEAR
_SPEED = 50 * WAD // SECONDS_PER_YEAR
_STEEPNESS_ABOVE = 3 * WAD
_STEEPNESS_BELOW = 3 * WAD // 4

_LN_2 = 693147180559945309
_LN_WEI = -41446531673892822312
_EXP_UPPER_BOUND = 93859467695000404319
_EXP_UPPER_VALUE = 57716089161558943949701069502944508345128422502756744429568


class Totals(NamedTuple):
    """What accrual moves in a market."""

    supply_assets: int
    supply_shares: int
    borrow_assets: int
    rate_at_target: int
    """Wad per second; 0 in an idle market."""


@dataclass(frozen=True, slots=True)
class MorphoMarket:
    """A market as stored at `updated_at`: `Morpho.market(id)` and `IRM.rateAtTarget(id)`.

    The number of borrow shares moves no rate and is left out.
    """

    supply_assets: Units
    supply_shares: Units
    borrow_assets: Units
    updated_at: int
    fee: Wad
    rate_at_target: Wad
    idle: bool = False
    """The market has no rate model: nothing accrues, its rate is 0."""

    def accrued(self, at: int) -> MorphoMarket:
        """Return the market with interest, fee shares and the drift of its rate up to `at`."""
        return self._with(accrue(self, at), at)

    def supplied(self, amount: int, at: int) -> MorphoMarket:
        """Return the market after a supply of `amount` mined at `at`."""
        if amount < 0:
            raise ValueError("amount is negative")
        return self._with(supply(accrue(self, at), amount), at)

    def borrow_rate_view(self, at: int) -> int:
        """Return the mean borrow rate from `updated_at` to `at`: `IRM.borrowRateView` called then."""
        if self.idle:
            return 0
        elapsed = _elapsed(self, at)
        used = utilisation(self.supply_assets, self.borrow_assets)
        return adaptive_rate(used, self.rate_at_target, elapsed)[0]

    def supply_rate_per_second(self, at: int) -> int:
        """Return what suppliers earn from `at` on: borrow rate * utilisation * (1 - fee), each floored."""
        return supply_rate(accrue(self, at), self.fee)

    def _with(self, totals: Totals, at: int) -> MorphoMarket:
        return MorphoMarket(
            supply_assets=Units(totals.supply_assets),
            supply_shares=Units(totals.supply_shares),
            borrow_assets=Units(totals.borrow_assets),
            updated_at=at,
            fee=self.fee,
            rate_at_target=Wad(totals.rate_at_target),
            idle=self.idle,
        )


def accrue(market: MorphoMarket, at: int) -> Totals:
    """Return a market's totals at `at`, as `Morpho.accrueInterest` would leave them."""
    assets: int = market.supply_assets
    shares: int = market.supply_shares
    borrowed: int = market.borrow_assets
    elapsed = _elapsed(market, at)
    if market.idle:
        return Totals(assets, shares, borrowed, 0)
    if elapsed == 0:
        return Totals(assets, shares, borrowed, market.rate_at_target or INITIAL_RATE_AT_TARGET)
    rate, rate_at_target = adaptive_rate(utilisation(assets, borrowed), market.rate_at_target, elapsed)
    interest = borrowed * taylor_compounded(rate, elapsed) // WAD
    assets += interest
    if market.fee:
        fee_assets = interest * market.fee // WAD
        shares += shares_down(fee_assets, assets - fee_assets, shares)
    return Totals(assets, shares, borrowed + interest, rate_at_target)


def supply(totals: Totals, amount: int) -> Totals:
    """Return the totals after a supply of `amount`; the new shares are the difference."""
    assets, shares, borrowed, rate_at_target = totals
    minted = shares_down(amount, assets, shares)
    return Totals(assets + amount, shares + minted, borrowed, rate_at_target)


def withdraw(totals: Totals, amount: int) -> Totals:
    """Return the totals after a withdrawal of `amount`; raise `ValueError` for more than is not lent."""
    assets, shares, borrowed, rate_at_target = totals
    if amount > assets - borrowed:
        raise ValueError("the withdrawal exceeds what the market has not lent")
    return Totals(assets - amount, shares - shares_up(amount, assets, shares), borrowed, rate_at_target)


def supply_rate(totals: Totals, fee: int) -> int:
    """Return the supply rate at the moment of `totals`, wad per second."""
    if totals.borrow_assets == 0 or totals.rate_at_target == 0:
        return 0
    used = utilisation(totals.supply_assets, totals.borrow_assets)
    borrow_rate = adaptive_rate(used, totals.rate_at_target, 0)[0]
    return borrow_rate * used // WAD * (WAD - fee) // WAD


def utilisation(supply_assets: int, borrow_assets: int) -> int:
    """Return borrowed / supplied, wad, floored; 0 for an empty market."""
    return borrow_assets * WAD // supply_assets if supply_assets else 0


def adaptive_rate(used: int, rate_at_target: int, elapsed: int) -> tuple[int, int]:
    """Return the mean borrow rate over `elapsed` seconds and the rate at target at their end.

    `used` is the utilisation, wad, that held all the while. A rate at target of 0 is a first touch.
    """
    if used > TARGET_UTILISATION:
        error = (used - TARGET_UTILISATION) * WAD // (WAD - TARGET_UTILISATION)
        curve = WAD + _STEEPNESS_ABOVE * error // WAD
    else:
        shortfall = (TARGET_UTILISATION - used) * WAD // TARGET_UTILISATION
        error = -shortfall
        curve = WAD - _STEEPNESS_BELOW * shortfall // WAD
    if rate_at_target == 0:
        mean = end = INITIAL_RATE_AT_TARGET
    else:
        drift = div_toward_zero(_SPEED * error, WAD) * elapsed if elapsed else 0
        if drift == 0:
            mean = end = rate_at_target
        else:
            end = _drifted(rate_at_target, drift)
            middle = _drifted(rate_at_target, div_toward_zero(drift, 2))
            mean = (rate_at_target + end + 2 * middle) // 4
    return curve * mean // WAD, end


def wad_exp(x: int) -> int:
    """Return the contract's approximation of exp(x), both wads; clipped, relative error below 1 %."""
    if x < _LN_WEI:
        return 0
    if x >= _EXP_UPPER_BOUND:
        return _EXP_UPPER_VALUE
    q = (x + _LN_2 // 2) // _LN_2  # rounds to nearest on both sides of 0: ln 2 is odd, so nothing is halfway
    r = x - q * _LN_2
    exp_r = WAD + r + r * r // WAD // 2
    return exp_r << q if q >= 0 else exp_r >> -q


def taylor_compounded(rate: int, elapsed: int) -> int:
    """Return exp(rate * elapsed) - 1 to three terms, wad (`MathLib.wTaylorCompounded`)."""
    first = rate * elapsed
    second = first * first // (2 * WAD)
    return first + second + second * first // (3 * WAD)


def shares_down(assets: int, total_assets: int, total_shares: int) -> int:
    """Return the shares that `assets` buy, rounded down."""
    return assets * (total_shares + VIRTUAL_SHARES) // (total_assets + VIRTUAL_ASSETS)


def shares_up(assets: int, total_assets: int, total_shares: int) -> int:
    """Return the shares that pay for `assets`, rounded up."""
    return -(-assets * (total_shares + VIRTUAL_SHARES) // (total_assets + VIRTUAL_ASSETS))


def assets_down(shares: int, total_assets: int, total_shares: int) -> int:
    """Return what `shares` are worth, rounded down."""
    return shares * (total_assets + VIRTUAL_ASSETS) // (total_shares + VIRTUAL_SHARES)


def assets_up(shares: int, total_assets: int, total_shares: int) -> int:
    """Return what `shares` are worth, rounded up."""
    return -(-shares * (total_assets + VIRTUAL_ASSETS) // (total_shares + VIRTUAL_SHARES))


def _elapsed(market: MorphoMarket, at: int) -> int:
    if at < market.updated_at:
        raise ValueError("the time lies before the market's last update")
    return at - market.updated_at


def _drifted(rate_at_target: int, drift: int) -> int:
    moved = rate_at_target * wad_exp(drift) // WAD
    return min(max(moved, MIN_RATE_AT_TARGET), MAX_RATE_AT_TARGET)
