"""One Aave V3 reserve, with the arithmetic of each contract generation.

Releases differ in four places, and `generation` names the first release that has them all:

=====  ==================  ==================  =================  =========================
       borrow rate used    interest on debt    debt rounding      supply cap counts
=====  ==================  ==================  =================  =========================
3.0    mean of both debts  binomial, 3 terms   half up            balance half up + amount
3.1    mean of both debts  binomial, 3 terms   half up            balance half up + amount
3.2    variable            binomial, 3 terms   half up            balance half up + amount
3.4    variable            Taylor, 3 terms     half up            balance half up + amount
3.5    variable            Taylor, 3 terms     up                 new scaled balance, down
=====  ==================  ==================  =================  =========================

3.0 and 3.1 differ only in what is read as `available`. 3.3 counts as 3.2; 3.6 and 3.7 count as 3.5.
Sources: `ReserveLogic`, `MathUtils`, `WadRayMath`, `TokenMath`, `ValidationLogic.validateSupply`,
`DefaultReserveInterestRateStrategy` (core-v3 1.19.3) and `…V2` (aave-v3-origin 3.1.0 to 3.7).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Literal

from mammon.core.curves.quotes import Plain, Quotes
from mammon.core.fixed import (
    BPS,
    RAY,
    SECONDS_PER_YEAR,
    mul_div_up,
    percent_mul_half_up,
    ray_div_half_up,
    ray_mul_half_up,
)
from mammon.core.numbers import Ray, Units
from mammon.core.rates import Scale

Generation = Literal["3.0", "3.1", "3.2", "3.4", "3.5"]

RAY_PER_BPS = 10**23
"""Turns the strategy's basis points into rays."""

_NOTHING = Units(0)
_WAD_TO_RAY = 10**9
_MEAN_OF_DEBTS = ("3.0", "3.1")
_TAYLOR = ("3.4", "3.5")
_ROUNDED_FOR_POOL = "3.5"


@dataclass(frozen=True, slots=True)
class StableDebt:
    """Debt at a stable rate (`StableDebtToken.getSupplyData`): releases 3.0 and 3.1 alone have it."""

    principal: Units
    average_rate: Ray
    updated_at: int


@dataclass(frozen=True, slots=True)
class AaveCurve:
    """A reserve as stored at its last interaction; rates are rays per year, simple.

    A supply mined at `at` accrues both indices with the stored rates, then sets new ones.
    """

    scale: ClassVar[Scale] = Scale.RAY_PER_YEAR

    generation: Generation
    available: Units
    """3.0: the aToken's balance of the asset; later: `getVirtualUnderlyingBalance`."""
    scaled_debt: Units
    """`scaledTotalSupply` of the variable debt token."""
    unbacked: Units
    """3.0 to 3.2: `unbacked`; 3.3: `unbacked` + deficit; later: `getReserveDeficit`."""
    scaled_supply: Units
    """`scaledTotalSupply` of the aToken."""
    accrued_to_treasury: Units
    """Scaled, as stored."""
    liquidity_index: Ray
    borrow_index: Ray
    liquidity_rate: Ray
    borrow_rate: Ray
    updated_at: int
    reserve_factor_bps: int
    optimal_usage: Ray
    base_rate: Ray
    slope1: Ray
    slope2: Ray
    stable_debt: StableDebt | None = None
    shift: Units = _NOTHING

    def rate_after(self, amount: int, at: int) -> int:
        """Return `currentLiquidityRate` after a supply of `amount` mined at `at`, ray per year.

        A negative amount is withdrawn. For an amount of 0: the rate that any touch of the reserve at `at`
        would set. Raises `ValueError` for more than the reserve has in cash.
        """
        if self.available + self.shift + amount < 0:
            raise ValueError("more is withdrawn than the reserve has in cash")
        variable = self._variable_debt(self._borrow_index_at(at))
        stable = _stable_debt_at(self.stable_debt, at)
        debt = variable + stable
        if debt == 0:
            return 0
        total = self.available + self.shift + amount + debt
        rate = self._borrow_rate(ray_div_half_up(debt, total))
        if self.generation in _MEAN_OF_DEBTS:
            rate = _mean_rate(variable, rate, stable, self.stable_debt)
        supply_usage = ray_div_half_up(debt, total + self.unbacked)
        return percent_mul_half_up(ray_mul_half_up(rate, supply_usage), BPS - self.reserve_factor_bps)

    def quotes(self, at: int) -> Quotes:
        """Return what the curve pays at `at`, to be asked about many amounts."""
        return Plain(self, at)

    def rate_ceiling(self, at: int) -> int:
        """Return a rate that no deposit at `at` exceeds, but for last units: supply lowers utilisation."""
        return self.rate_after(0, at)

    def borrow_rate_after(self, amount: int, at: int) -> int:
        """Return `currentVariableBorrowRate` after a supply of `amount` mined at `at`, ray per year."""
        debt = self.debt_at(at)
        if debt == 0:
            return self.base_rate
        return self._borrow_rate(ray_div_half_up(debt, self.available + self.shift + amount + debt))

    def accrued(self, at: int) -> AaveCurve:
        """Return the reserve as `updateState` leaves it at `at`: indices and treasury, not yet the rates."""
        index = self.index_at(at)
        return replace(
            self,
            accrued_to_treasury=Units(self._treasury_at(at, index)),
            liquidity_index=Ray(index),
            borrow_index=Ray(self._borrow_index_at(at)),
            updated_at=at,
        )

    def rate_now(self) -> int:
        """Return the stored `currentLiquidityRate`: what accrues, constant, until the next interaction."""
        return self.liquidity_rate

    def index_at(self, at: int) -> int:
        """Return `getReserveNormalizedIncome` at `at`: the worth of one scaled unit, ray."""
        linear = RAY + self.liquidity_rate * self._elapsed(at) // SECONDS_PER_YEAR
        return ray_mul_half_up(linear, self.liquidity_index)

    def debt_at(self, at: int) -> int:
        """Return all debt, variable and stable, with interest up to `at`."""
        return self._variable_debt(self._borrow_index_at(at)) + _stable_debt_at(self.stable_debt, at)

    def room_at(self, supply_cap: int, at: int) -> int | None:
        """Return the largest amount whose supply at `at` passes the cap check; None without a cap.

        `supply_cap` is in base units (whole tokens * 10**decimals), 0 when there is none.
        """
        if supply_cap == 0:
            return None
        index = self.index_at(at)
        scaled = self.scaled_supply + self._treasury_at(at, index)
        if self.generation == _ROUNDED_FOR_POOL:
            scaled += self.shift * RAY // index
            shares = ((supply_cap + 1) * RAY - 1) // index - scaled
            return ((shares + 1) * index - 1) // RAY if shares > 0 else 0
        scaled += ray_div_half_up(self.shift, index)
        return max(0, supply_cap - ray_mul_half_up(scaled, index))

    def _elapsed(self, at: int) -> int:
        if at < self.updated_at:
            raise ValueError("the time lies before the reserve's last update")
        return at - self.updated_at

    def _borrow_index_at(self, at: int) -> int:
        elapsed = self._elapsed(at)
        if self.scaled_debt == 0:
            return self.borrow_index
        compounded = _taylor if self.generation in _TAYLOR else _binomial
        return ray_mul_half_up(compounded(self.borrow_rate, elapsed), self.borrow_index)

    def _variable_debt(self, index: int) -> int:
        if self.generation == _ROUNDED_FOR_POOL:
            return mul_div_up(self.scaled_debt, index, RAY)
        return ray_mul_half_up(self.scaled_debt, index)

    def _borrow_rate(self, usage: int) -> int:
        optimal = self.optimal_usage
        if usage > optimal:
            excess = ray_div_half_up(usage - optimal, RAY - optimal)
            return self.base_rate + self.slope1 + ray_mul_half_up(self.slope2, excess)
        return self.base_rate + ray_div_half_up(ray_mul_half_up(self.slope1, usage), optimal)

    def _treasury_at(self, at: int, supply_index: int) -> int:
        """Return the treasury's scaled claim at `at`: it counts against the supply cap."""
        index = self._borrow_index_at(at)
        if self.generation == _ROUNDED_FOR_POOL:
            interest = self.scaled_debt * (index - self.borrow_index) // RAY
            fee = percent_mul_half_up(interest, self.reserve_factor_bps)
            return self.accrued_to_treasury + fee * RAY // supply_index
        interest = self._variable_debt(index) - self._variable_debt(self.borrow_index)
        interest += _stable_debt_at(self.stable_debt, at) - _stable_debt_at(self.stable_debt, self.updated_at)
        fee = percent_mul_half_up(interest, self.reserve_factor_bps)
        return self.accrued_to_treasury + ray_div_half_up(fee, supply_index)


def _binomial(rate: int, elapsed: int) -> int:
    """Return (1 + rate/Y)**elapsed to three terms, ray, as releases before 3.4 compute it."""
    square = ray_mul_half_up(rate, rate) // (SECONDS_PER_YEAR * SECONDS_PER_YEAR)
    cube = ray_mul_half_up(square, rate) // SECONDS_PER_YEAR
    pairs = elapsed * (elapsed - 1)
    triples = pairs * (elapsed - 2)  # 0 below 3 seconds
    return RAY + rate * elapsed // SECONDS_PER_YEAR + pairs * square // 2 + triples * cube // 6


def _taylor(rate: int, elapsed: int) -> int:
    """Return exp(rate * elapsed / Y) to three terms, ray, as releases from 3.4 on compute it."""
    x = rate * elapsed // SECONDS_PER_YEAR
    return RAY + x + ray_mul_half_up(x, x // 2 + ray_mul_half_up(x, x // 6))


def _stable_debt_at(debt: StableDebt | None, at: int) -> int:
    if debt is None:
        return 0
    return ray_mul_half_up(debt.principal, _binomial(debt.average_rate, at - debt.updated_at))


def _mean_rate(variable: int, rate: int, stable: int, stable_debt: StableDebt | None) -> int:
    """Return the borrow rate over both debts; rounds even when there is no stable debt."""
    weighted = ray_mul_half_up(variable * _WAD_TO_RAY, rate)
    if stable_debt is not None:
        weighted += ray_mul_half_up(stable * _WAD_TO_RAY, stable_debt.average_rate)
    return ray_div_half_up(weighted, (variable + stable) * _WAD_TO_RAY)
