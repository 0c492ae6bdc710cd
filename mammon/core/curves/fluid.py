"""The supply side of one token at Fluid's Liquidity layer, which every fToken lends to.

Sources: `LiquidityCalcs.calcExchangePrices`, `calcRateV1`, `calcRateV2`, `getTotalSupply` and
`UserModule.operate` (fluid-contracts-public@a9949b48). Percentages are in 1/10000, exchange prices in
1e12. What is supplied and borrowed splits into a part with interest, kept raw, and a part without; a
ratio is the smaller part over the larger, shifted left by one, its lowest bit telling that the part
without interest is the larger one.

Utilisation, ratios and rate are stored by an operation only when one of them moved by more than the
token's threshold, or a day after they were last stored: until then the stored rate is what accrues,
whatever was deposited. A rate here is `borrow rate * yield ratio * (1 - fee)`, which the contract keeps
in 1e12 and divides as the last step: rays per year without loss.

Rewards that an fToken adds from its treasury are no part of it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import ClassVar, NamedTuple

from mammon.core.curves.quotes import Plain, Quotes
from mammon.core.fixed import BPS, SECONDS_PER_DAY, SECONDS_PER_YEAR, div_toward_zero
from mammon.core.numbers import Units
from mammon.core.rates import Scale
from mammon.errors import MalformedError

PRICE_ONE = 10**12
"""An exchange price that has not grown."""
MAX_BORROW_RATE = 65_535
MAX_UTILISATION = 16_383
ONLY_FREE = 1
"""The ratio of a side without any part that bears interest, or one too small to be counted."""
_LEAST_BEARING = 1 << 1 | ONLY_FREE

_RAY = 10**27
_TO_RAY = 10**15
_SLOPE_ONE = 10**12
_POINTS = (3, 4)
_NOTHING = Units(0)


class Shares(NamedTuple):
    """What an operation stores: how much is lent out, and which part of it bears interest."""

    utilisation: int
    supply_ratio: int
    borrow_ratio: int


@dataclass(frozen=True, slots=True)
class RateLine:
    """The borrow rate over utilisation: points joined by lines (rate data version 1: three, 2: four).

    Raises `MalformedError` unless utilisation runs from 0 to 10000, the last line does not fall, and every
    rate fits its 16 bits.
    """

    points: tuple[tuple[int, int], ...]
    """(utilisation, rate), both in 1/10000."""

    def __post_init__(self) -> None:
        """Refuse what the contract could not have been given."""
        used, rates = [x for x, _ in self.points], [y for _, y in self.points]
        if len(self.points) not in _POINTS or used[0] != 0 or used[-1] != BPS:
            raise MalformedError("curve", f"rate data of the points {used}")
        if any(low >= high for low, high in pairwise(used)) or rates[-2] > rates[-1]:
            raise MalformedError("curve", f"rate data out of order: {self.points}")
        if not all(0 <= rate <= MAX_BORROW_RATE for rate in rates):
            raise MalformedError("curve", f"rates that fit no storage: {rates}")

    def rate(self, used: int) -> int:
        """Return `calcBorrowRateFromUtilization`; the last line goes on above 10000."""
        place = next((i for i, (x, _) in enumerate(self.points[1:-1], 1) if used < x), len(self.points) - 1)
        (x1, y1), (x2, y2) = self.points[place - 1 : place + 1]
        slope = div_toward_zero((y2 - y1) * _SLOPE_ONE, x2 - x1)
        return min((slope * used + y1 * _SLOPE_ONE - slope * x1) // _SLOPE_ONE, MAX_BORROW_RATE)

    def highest(self, used: int) -> int:
        """Return a rate that no utilisation up to `used` exceeds: a line may fall on its way."""
        return max([self.rate(used), *(rate for x, rate in self.points if x < used)])


@dataclass(frozen=True, slots=True)
class FluidCurve:
    """A token at the Liquidity layer as stored: `exchangePricesAndConfig`, `rateData`, `totalAmounts`.

    Raises `MalformedError` for a price of nothing or a fee above everything.
    """

    scale: ClassVar[Scale] = Scale.RAY_PER_YEAR

    supply_price: Units
    borrow_price: Units
    borrow_rate: int
    fee: int
    utilisation: int
    threshold: int
    """By how much a figure has to move to be stored."""
    supply_ratio: int
    borrow_ratio: int
    updated_at: int
    supply_raw: Units
    supply_free: Units
    borrow_raw: Units
    borrow_free: Units
    line: RateLine
    shift: Units = _NOTHING

    def __post_init__(self) -> None:
        """Refuse what no token can have: it would be divided by later."""
        if self.supply_price <= 0 or self.borrow_price <= 0 or not 0 <= self.fee <= BPS:
            raise MalformedError("curve", f"prices of {self.supply_price} and {self.borrow_price}")

    def rate_after(self, amount: int, at: int) -> int:
        """Return what accrues after a deposit of `amount` mined at `at`, ray per year, simple.

        A negative amount is withdrawn; how much the layer lets leave is not asked here. Raises `ValueError`
        for more than is supplied with interest, or than is not lent out.
        """
        shares = self._shares_after(amount, at)
        if not self._stores(shares, at):
            return self.rate_now()
        return self._rate(self.line.rate(shares.utilisation), shares)

    def quotes(self, at: int) -> Quotes:
        """Return what the curve pays at `at`, to be asked about many amounts."""
        return Plain(self, at)

    def rate_ceiling(self, at: int) -> int:
        """Return a rate that no deposit at `at` exceeds: the stored one, or what storing gives at most."""
        shares = self._shares_after(0, at)
        if (
            shares.supply_ratio == ONLY_FREE
        ):  # too little bears interest to be counted; a deposit changes that
            shares = shares._replace(supply_ratio=_LEAST_BEARING)
        return max(self.rate_now(), self._rate(self.line.highest(shares.utilisation), shares))

    def rate_now(self) -> int:
        """Return the stored rate: what accrues until the next operation that stores."""
        return self._rate(self.borrow_rate, Shares(self.utilisation, self.supply_ratio, self.borrow_ratio))

    def settled(self, at: int) -> FluidCurve:
        """Return what an operation at `at` stores that has already put its amounts in."""
        shares = self._shares_after(0, at)
        if not self._stores(shares, at):
            return self
        supply_price, borrow_price = self.prices_at(at)
        return replace(
            self,
            supply_price=Units(supply_price),
            borrow_price=Units(borrow_price),
            borrow_rate=self.line.rate(shares.utilisation),
            utilisation=shares.utilisation,
            supply_ratio=shares.supply_ratio,
            borrow_ratio=shares.borrow_ratio,
            updated_at=at,
        )

    def prices_at(self, at: int) -> tuple[int, int]:
        """Return the exchange prices of supply and debt at `at` (`calcExchangePrices`)."""
        supply_price, borrow_price = int(self.supply_price), int(self.borrow_price)
        elapsed = self._elapsed(at)
        if self.borrow_ratio == ONLY_FREE:
            return supply_price, borrow_price
        grown = borrow_price * self.borrow_rate * elapsed // (SECONDS_PER_YEAR * BPS)
        earned = supply_price * (self.rate_now() // _TO_RAY) * elapsed // (SECONDS_PER_YEAR * BPS**3)
        return supply_price + earned, borrow_price + grown

    def total_supply_at(self, at: int) -> int:
        """Return what is supplied at `at`, both parts."""
        return self.supply_free + self.supply_raw * self.prices_at(at)[0] // PRICE_ONE

    def total_borrow_at(self, at: int) -> int:
        """Return what is borrowed at `at`, both parts."""
        return self.borrow_free + self.borrow_raw * self.prices_at(at)[1] // PRICE_ONE

    def _shares_after(self, amount: int, at: int) -> Shares:
        supply_price, borrow_price = self.prices_at(at)
        # Floors away from nothing for a withdrawal, as the layer does.
        raw = self.supply_raw + (self.shift + amount) * PRICE_ONE // supply_price
        if raw < 0:
            raise ValueError("more is withdrawn than is supplied with interest")
        supplied, borrowed = raw * supply_price // PRICE_ONE, self.borrow_raw * borrow_price // PRICE_ONE
        total = supplied + self.supply_free
        if amount < 0 and total < borrowed + self.borrow_free:
            raise ValueError("more is withdrawn than is not lent out")
        used = (borrowed + self.borrow_free) * BPS // total if total else 0
        return Shares(used, _ratio(supplied, self.supply_free), _ratio(borrowed, self.borrow_free))

    def _stores(self, shares: Shares, at: int) -> bool:
        """Say whether the operation stores what it finds; beyond its bits the contract refuses it."""
        if shares.utilisation > MAX_UTILISATION:
            return False
        return (
            at > self.updated_at + SECONDS_PER_DAY
            or abs(shares.utilisation - self.utilisation) > self.threshold
            or self._moved(self.supply_ratio, shares.supply_ratio)
            or self._moved(self.borrow_ratio, shares.borrow_ratio)
        )

    def _moved(self, before: int, after: int) -> bool:
        return before & 1 != after & 1 or abs((before >> 1) - (after >> 1)) > self.threshold

    def _rate(self, borrow_rate: int, shares: Shares) -> int:
        return borrow_rate * yield_ratio(shares) * (BPS - self.fee) * _TO_RAY

    def _elapsed(self, at: int) -> int:
        if at < self.updated_at:
            raise ValueError("the time lies before the last update")
        return at - self.updated_at


def yield_ratio(shares: Shares) -> int:
    """Return which part of the borrow rate reaches suppliers with interest, in 1/10000, before the fee."""
    if ONLY_FREE in (shares.supply_ratio, shares.borrow_ratio):
        return 0
    part = shares.supply_ratio >> 1
    if shares.supply_ratio & 1:
        earning = shares.utilisation * (_RAY + _RAY * BPS // part) // BPS
    else:
        earning = _RAY * shares.utilisation * (BPS + part) // BPS**2
    rest = (shares.borrow_ratio >> 1) * _RAY // (BPS + (shares.borrow_ratio >> 1))
    paying = rest if shares.borrow_ratio & 1 else _RAY - rest
    return BPS * earning * paying // _RAY**2


def withdrawal_floor(supplied: int, stored: int, expand: int, expand_s: int, elapsed: int) -> int:
    """Return what of `supplied` has to stay, both raw (`calcWithdrawalLimitBeforeOperate`).

    The floor falls from `stored` over `expand_s` seconds, and at most by `expand` (1/10000) of what is
    supplied; 0 stored is no floor.
    """
    if stored == 0:
        return 0
    most = expand * supplied // BPS
    return max(stored - most * elapsed // expand_s, supplied - most)


def _ratio(bearing: int, free: int) -> int:
    """Return the smaller part over the larger, in 1/10000 shifted by one; 1 in the lowest bit: inverted."""
    if bearing > free:
        return free * BPS // bearing << 1
    if bearing < free:
        return bearing * BPS // free << 1 | 1
    return BPS << 1 if free else 0
