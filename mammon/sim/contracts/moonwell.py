"""Moonwell: a Compound V2 market by the second, its comptroller and its rate model.

What a lender gets wrong is answered with an error code and a `Failure` event, not with a revert. The
market is stored as a `MoonwellCurve` without its cash, which is the mToken's balance of the asset.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from mammon.core.curves import MoonwellCurve
from mammon.core.curves.moonwell import JumpRate, Totals
from mammon.core.fixed import WAD
from mammon.core.numbers import Units, Wad
from mammon.core.types import Address
from mammon.sim.contracts.encoding import failure
from mammon.sim.contracts.erc20 import TRANSFER, UNLIMITED, Erc20
from mammon.sim.contracts.machine import Contract, Frame, external

FAILURE = "45b96fe442630264581b197e84bbada861235052c5a1aadfff9ea4e40a969aa0"
MINT = "4c209b5fc8ad50758f13e2e1088ba56a560dff690a1c6fef26394f4c03821c4f"
REDEEM = "e5b754fb1abb7f01b499791d0b820ae3b6af3424ac1c59768edb53f4ec31a929"
SHARE_DECIMALS = 8

_REJECTED, _MATH_ERROR, _NO_CASH = 3, 9, 14
_NOT_LISTED = 9


@dataclass(frozen=True, slots=True)
class MoonwellTerms:
    """What governance has set, and where the market's contracts are."""

    market: Address
    comptroller: Address
    model: Address
    rates: JumpRate
    reserve_factor: Wad
    supply_cap: int
    """Base units; 0 is none."""
    initial_rate: int
    """What the first mToken unit costs, wad."""


class MToken(Erc20):
    """The market. An mToken has 8 decimals."""

    def __init__(self, terms: MoonwellTerms, asset: Erc20) -> None:
        super().__init__(terms.market, f"Moonwell {asset.ticker}", f"m{asset.ticker}", SHARE_DECIMALS)
        self.terms, self.asset = terms, asset
        self.constant("6f307dc3", "underlying()", asset.address)
        self.constant("5fe3b567", "comptroller()", terms.comptroller)
        self.constant("f3fdb15a", "interestRateModel()", terms.model)
        self.constant("173b9904", "reserveFactorMantissa()", terms.reserve_factor)

    def contracts(self) -> tuple[Contract, ...]:
        """Return the market and everything that belongs to it."""
        return (self, Comptroller(self.terms.comptroller, self), JumpRateModel(self.terms.model, self.terms))

    # --- the market --------------------------------------------------------------------------------

    def opening(self, timestamp: int) -> MoonwellCurve:
        """Return the empty market with which the world begins."""
        none, terms = Units(0), self.terms
        return MoonwellCurve(none, none, none, Wad(WAD), timestamp, terms.reserve_factor, terms.rates)

    def stored(self, frame: Frame) -> MoonwellCurve:
        """Return the market as of its last accrual, with the cash it has now."""
        found: MoonwellCurve = frame.storage.get(self.key("market"))
        return replace(found, cash=Units(self.asset.balance(frame, self.address)))

    def accrue(self, frame: Frame) -> MoonwellCurve:
        """Do what each call begins with and return the market. Reverts above the rate ceiling."""
        try:
            market = self.stored(frame).accrued(frame.timestamp)
        except ValueError:
            raise failure("borrow rate is absurdly high") from None
        frame.storage.put(self.key("market"), market)
        return market

    def exchange_rate(self, frame: Frame, market: MoonwellCurve) -> int:
        """Return what one mToken unit is worth, wad."""
        minted = self.minted(frame)
        owned = Totals(market.cash, market.borrows, market.reserves).owned
        return owned * WAD // minted if minted else self.terms.initial_rate

    def lend(self, frame: Frame, borrower: Address, amount: int) -> None:
        """Lend `amount` out; a negative amount is repaid. The collateral is taken for granted."""
        market = self.accrue(frame)
        frame.storage.put(self.key("market"), replace(market, borrows=Units(market.borrows + amount)))
        if amount > 0:
            self.asset.move(frame, self.address, borrower, amount)
        elif amount < 0:
            self.asset.move(frame, borrower, self.address, -amount)

    def enter(self, frame: Frame, holder: Address, amount: int) -> None:
        """Take `amount` from an account and give mTokens for it."""
        rate = self.exchange_rate(frame, self.accrue(frame))
        self.asset.move(frame, holder, self.address, amount)
        tokens = amount * WAD // rate
        self._credit(frame, holder, tokens)
        frame.emit(self.address, MINT, (), holder, amount, tokens)
        frame.emit(self.address, TRANSFER, (self.address, holder), tokens)

    def leave(self, frame: Frame, holder: Address, tokens: int, amount: int) -> None:
        """Burn an account's `tokens` and pay it `amount`."""
        self._credit(frame, holder, -tokens)
        self.asset.move(frame, self.address, holder, amount)
        frame.emit(self.address, TRANSFER, (holder, self.address), tokens)
        frame.emit(self.address, REDEEM, (), holder, amount, tokens)

    def _credit(self, frame: Frame, holder: Address, tokens: int) -> None:
        frame.storage.put(self.key("supply"), self.minted(frame) + tokens)
        frame.storage.put(self.key("balance", holder), self.balance(frame, holder) + tokens)

    def _fail(self, frame: Frame, error: int, information: int, detail: int = 0) -> int:
        """Return an error code, with the event that tells of it; nothing is reverted."""
        frame.emit(self.address, FAILURE, (), error, information, detail)
        return error

    def _redeem(self, frame: Frame, tokens: int, amount: int) -> int:
        """Redeem so many tokens, or so much of the asset where `tokens` is 0; return the error code."""
        holder, rate = frame.sender, self.exchange_rate(frame, self.accrue(frame))
        if UNLIMITED in (tokens, amount):
            tokens, amount = self.balance(frame, holder), 0
        if tokens:
            amount = tokens * rate // WAD
        else:
            tokens = amount * WAD // rate
        if frame.storage.get(self.key("delisted")):
            return self._fail(frame, _REJECTED, 40, _NOT_LISTED)
        if tokens > self.balance(frame, holder):
            return self._fail(frame, _MATH_ERROR, 45)
        if amount > self.asset.balance(frame, self.address):
            return self._fail(frame, _NO_CASH, 47)
        if tokens == 0 and amount > 0:
            raise failure("redeemTokens zero")
        self.leave(frame, holder, tokens, amount)
        return 0

    # --- external ----------------------------------------------------------------------------------

    @external("a0712d68", "mint(uint256)", 250_000)
    def mint_shares(self, frame: Frame, amount: int) -> int:
        if frame.storage.get(self.key("mint_paused")):
            raise failure("mint is paused")
        market = self.accrue(frame)
        if frame.storage.get(self.key("delisted")):
            return self._fail(frame, _REJECTED, 31, _NOT_LISTED)
        room = market.room_at(self.terms.supply_cap, frame.timestamp)
        if room is not None and amount > room:
            raise failure("market supply cap reached")
        self.asset.spend(frame, frame.sender, self.address, amount)
        self.enter(frame, frame.sender, amount)
        return 0

    @external("db006a75", "redeem(uint256)", 250_000)
    def redeem(self, frame: Frame, tokens: int) -> int:
        return self._redeem(frame, tokens, 0)

    @external("852a12e3", "redeemUnderlying(uint256)", 250_000)
    def redeem_underlying(self, frame: Frame, amount: int) -> int:
        return self._redeem(frame, 0, amount)

    @external("bd6d894d", "exchangeRateCurrent()", 60_000)
    def exchange_rate_current(self, frame: Frame) -> int:
        return self.exchange_rate(frame, self.accrue(frame))

    @external("182df0f5", "exchangeRateStored()")
    def exchange_rate_stored(self, frame: Frame) -> int:
        return self.exchange_rate(frame, self.stored(frame))

    @external("3b1d21a2", "getCash()")
    def cash(self, frame: Frame) -> int:
        return self.asset.balance(frame, self.address)

    @external("47bd3718", "totalBorrows()")
    def total_borrows(self, frame: Frame) -> int:
        return self.stored(frame).borrows

    @external("8f840ddd", "totalReserves()")
    def total_reserves(self, frame: Frame) -> int:
        return self.stored(frame).reserves

    @external("aa5af0fd", "borrowIndex()")
    def borrow_index(self, frame: Frame) -> int:
        return self.stored(frame).borrow_index

    @external("cfa99201", "accrualBlockTimestamp()")
    def accrued_at(self, frame: Frame) -> int:
        return self.stored(frame).updated_at

    @external("d3bd2c72", "supplyRatePerTimestamp()")
    def supply_rate(self, frame: Frame) -> int:
        return self.stored(frame).rate_now()

    @external("cd91801c", "borrowRatePerTimestamp()")
    def borrow_rate(self, frame: Frame) -> int:
        return self.stored(frame).borrow_rate_now()


class Comptroller(Contract):
    """Who says what may be done in a market: here in one."""

    def __init__(self, address: Address, market: MToken) -> None:
        super().__init__(address)
        self.market = market

    @external("02c3bcbb", "supplyCaps(address)")
    def supply_cap(self, _frame: Frame, market: Address) -> int:
        return self.market.terms.supply_cap if market == self.market.address else 0

    @external("731f0c2b", "mintGuardianPaused(address)")
    def mint_paused(self, frame: Frame, market: Address) -> bool:
        return market == self.market.address and bool(frame.storage.get(self.market.key("mint_paused")))

    @external("8e8f294b", "markets(address)")
    def markets(self, frame: Frame, market: Address) -> tuple[int, ...]:
        listed = market == self.market.address and not frame.storage.get(self.market.key("delisted"))
        return (int(listed), 88 * WAD // 100)


class JumpRateModel(Contract):
    """The rate model: its parameters by the second."""

    def __init__(self, address: Address, terms: MoonwellTerms) -> None:
        super().__init__(address)
        rates = terms.rates
        self.constant("40bc0af4", "baseRatePerTimestamp()", rates.base)
        self.constant("6c2df6a7", "multiplierPerTimestamp()", rates.multiplier)
        self.constant("26c394f7", "jumpMultiplierPerTimestamp()", rates.jump)
        self.constant("fd2da339", "kink()", rates.kink)
