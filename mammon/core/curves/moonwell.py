"""One Compound V2 market that accrues by the second, under a jump rate model (Moonwell).

Sources: `MToken.accrueInterest`, `exchangeRateStoredInternal`, `JumpRateModel`, `Comptroller.mintAllowed`
(moonwell-fi/moonwell-contracts-v2 45866f4). Rates are wads per second. Interest is simple from one
accrual to the next; a part of it becomes reserves, which no supplier owns. Every division floors.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, NamedTuple

from mammon.core.curves.quotes import Plain, Quotes
from mammon.core.fixed import WAD
from mammon.core.numbers import Units, Wad
from mammon.core.rates import Scale

MAX_BORROW_RATE = 5 * 10**12
"""Wad per second. Above it `accrueInterest` reverts, and with it every deposit and withdrawal."""

_NOTHING = Units(0)


@dataclass(frozen=True, slots=True)
class JumpRate:
    """A jump rate model: wads per second over utilisation in wads."""

    base: Wad
    multiplier: Wad
    jump: Wad
    kink: Wad

    def at(self, used: int) -> int:
        """Return the borrow rate at a utilisation."""
        if used <= self.kink:
            return used * self.multiplier // WAD + self.base
        normal = self.kink * self.multiplier // WAD + self.base
        return (used - self.kink) * self.jump // WAD + normal


class Totals(NamedTuple):
    """What a market has, is owed, and keeps for itself."""

    cash: int
    borrows: int
    reserves: int

    @property
    def owned(self) -> int:
        """What suppliers own."""
        return self.cash + self.borrows - self.reserves


def accrue(stored: Totals, reserve_factor: int, rate: int, elapsed: int) -> Totals:
    """Return the totals after so many seconds at a borrow rate, as `accrueInterest` leaves them.

    Raises `ValueError` where it reverts: time that goes back, a rate above `MAX_BORROW_RATE`.
    """
    if elapsed < 0:
        raise ValueError("the time lies before the market's last accrual")
    if elapsed and rate > MAX_BORROW_RATE:
        raise ValueError("the borrow rate is above what the contract accrues at")
    interest = rate * elapsed * stored.borrows // WAD
    kept = reserve_factor * interest // WAD
    return Totals(stored.cash, stored.borrows + interest, stored.reserves + kept)


@dataclass(frozen=True, slots=True)
class MoonwellCurve:
    """A market as stored at its last accrual, with the cash it has now."""

    scale: ClassVar[Scale] = Scale.WAD_EACH_DAY

    cash: Units
    borrows: Units
    reserves: Units
    borrow_index: Wad
    updated_at: int
    reserve_factor: Wad
    model: JumpRate
    shift: Units = _NOTHING

    def rate_after(self, amount: int, at: int) -> int:
        """Return `supplyRatePerTimestamp` after a deposit of `amount` mined at `at`.

        A negative amount is withdrawn. Raises `ValueError` for more than the market has in cash, and
        where the contract would revert (`MAX_BORROW_RATE`).
        """
        then = self.accrued(at)
        cash = then.cash + self.shift + amount
        if cash < 0:
            raise ValueError("more is withdrawn than the market has in cash")
        return _supply_rate(then, cash)

    def quotes(self, at: int) -> Quotes:
        """Return what the curve pays at `at`, to be asked about many amounts."""
        return Plain(self.accrued(at), at)

    def rate_ceiling(self, at: int) -> int:
        """Return a rate that no deposit at `at` exceeds: cash lowers utilisation."""
        return self.rate_after(0, at)

    def rate_now(self) -> int:
        """Return `supplyRatePerTimestamp`: what accrues until the next interaction, wad per second."""
        return _supply_rate(self, self.cash)

    def borrow_rate_now(self) -> int:
        """Return `borrowRatePerTimestamp`, wad per second."""
        return self.model.at(_utilisation(self, self.cash))

    def accrued(self, at: int) -> MoonwellCurve:
        """Return the market as `accrueInterest` leaves it at `at`. Raises `ValueError` where it reverts."""
        if at == self.updated_at:
            return self
        stored = Totals(self.cash, self.borrows, self.reserves)
        rate, elapsed = self.borrow_rate_now(), at - self.updated_at
        totals = accrue(stored, self.reserve_factor, rate, elapsed)
        return replace(
            self,
            borrows=Units(totals.borrows),
            reserves=Units(totals.reserves),
            borrow_index=Wad(self.borrow_index + rate * elapsed * self.borrow_index // WAD),
            updated_at=at,
        )

    def supplied_at(self, at: int) -> int:
        """Return what suppliers own at `at`."""
        then = self.accrued(at)
        return Totals(then.cash, then.borrows, then.reserves).owned

    def room_at(self, supply_cap: int, at: int) -> int | None:
        """Return the largest deposit at `at` that stays below the cap; None without one (0).

        `supply_cap` in base units. The contract requires less than the cap, not at most.
        """
        if supply_cap == 0:
            return None
        return max(0, supply_cap - 1 - self.supplied_at(at) - self.shift)


def _utilisation(market: MoonwellCurve, cash: int) -> int:
    """Return borrowed / owned, wad; it may be above one. Raises `ValueError` where the model reverts."""
    if market.borrows == 0:
        return 0
    owned = Totals(cash, market.borrows, market.reserves).owned
    if owned <= 0:
        raise ValueError("the reserves exceed what the market has")
    return market.borrows * WAD // owned


def _supply_rate(market: MoonwellCurve, cash: int) -> int:
    used = _utilisation(market, cash)
    to_pool = market.model.at(used) * (WAD - market.reserve_factor) // WAD
    return used * to_pool // WAD
