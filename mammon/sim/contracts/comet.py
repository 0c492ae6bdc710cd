"""Compound III: one market for the asset. Principals are signed, and who withdraws too much borrows.

The market is stored as a `CometCurve`; every touch accrues it with that class's own arithmetic. Collateral
is a number of base units that an account may owe, and comes from nowhere.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from mammon.core.curves import CometCurve
from mammon.core.curves.comet import INDEX_SCALE, RateLine, principal_of, worth
from mammon.core.fixed import mul_div_up
from mammon.core.numbers import Units, Wad
from mammon.core.types import Address
from mammon.sim.contracts.encoding import ZERO_ADDRESS, Reverted, custom, encoded_text
from mammon.sim.contracts.erc20 import TRANSFER, UNLIMITED, Erc20
from mammon.sim.contracts.machine import Contract, Frame, external

SUPPLY = "d1cf3d156d5f8f0d50f6c122ed609cec09d35c9b9fb3fff6ea0959134dae424e"
WITHDRAW = "9b1bfa7fa9ee420a16e124f794c35ac9f90472acc99140eb2f6447c714cad8eb"


@dataclass(frozen=True, slots=True)
class CometTerms:
    """What governance has set, and the indices with which the world begins."""

    supply: RateLine
    borrow: RateLine
    borrow_min: int
    supply_index: Wad
    borrow_index: Wad


class Comet(Contract):
    """The market. Its own allowances are all or nothing, and nobody here ever has one."""

    def __init__(self, address: Address, terms: CometTerms, asset: Erc20) -> None:
        super().__init__(address)
        self.terms, self.asset = terms, asset
        self.constant("95d89b41", "symbol()", encoded_text(f"c{asset.ticker}v3"))
        self.constant("313ce567", "decimals()", asset.places)
        self.constant("c55dae63", "baseToken()", asset.address)
        self.constant("96e7a9c1", "baseIndexScale()", INDEX_SCALE)
        self.constant("300e6beb", "baseBorrowMin()", terms.borrow_min)
        self.constant("a5b4ff79", "supplyKink()", terms.supply.kink)
        self.constant("94920cca", "supplyPerSecondInterestRateBase()", terms.supply.base)
        self.constant("5a94b8d1", "supplyPerSecondInterestRateSlopeLow()", terms.supply.slope_low)
        self.constant("804de71f", "supplyPerSecondInterestRateSlopeHigh()", terms.supply.slope_high)
        self.constant("9241a561", "borrowKink()", terms.borrow.kink)
        self.constant("7914acc7", "borrowPerSecondInterestRateBase()", terms.borrow.base)
        self.constant("2d05670b", "borrowPerSecondInterestRateSlopeLow()", terms.borrow.slope_low)
        self.constant("2a48cf12", "borrowPerSecondInterestRateSlopeHigh()", terms.borrow.slope_high)

    # --- the market --------------------------------------------------------------------------------

    def opening(self, timestamp: int) -> CometCurve:
        """Return the empty market with which the world begins."""
        terms, none = self.terms, Units(0)
        indices = (terms.supply_index, terms.borrow_index)
        return CometCurve(*indices, none, none, timestamp, terms.supply, terms.borrow)

    def stored(self, frame: Frame) -> CometCurve:
        """Return the market as of its last interaction."""
        found: CometCurve = frame.storage.get(self.key("market"))
        return found

    def principal(self, frame: Frame, holder: Address) -> int:
        """Return an account's signed principal."""
        return int(frame.storage.get(self.key("principal", holder)))

    def value(self, frame: Frame, holder: Address, market: CometCurve) -> int:
        """Return what an account has, negative for what it owes, in the given (accrued) market."""
        held = self.principal(frame, holder)
        return worth(held, market.supply_index) if held >= 0 else -worth(-held, market.borrow_index)

    def settle(self, frame: Frame, holder: Address, market: CometCurve, value: int) -> int:
        """Write an account's new value and the totals; return the supply principal it gained or lost."""
        old = self.principal(frame, holder)
        if value >= 0:
            new = principal_of(value, market.supply_index)
        else:
            new = -mul_div_up(-value, INDEX_SCALE, market.borrow_index)
        gained, owed = max(new, 0) - max(old, 0), max(-new, 0) - max(-old, 0)
        changed = replace(
            market,
            supply_principal=Units(market.supply_principal + gained),
            borrow_principal=Units(market.borrow_principal + owed),
        )
        frame.storage.put(self.key("principal", holder), new)
        frame.storage.put(self.key("market"), changed)
        return gained

    def enter(self, frame: Frame, holder: Address, amount: int) -> None:
        """Credit `amount`, which is here already, to an account: debt first."""
        market = self.stored(frame).accrued(frame.timestamp)
        gained = self.settle(frame, holder, market, self.value(frame, holder, market) + amount)
        frame.emit(self.address, SUPPLY, (holder, holder), amount)
        if gained > 0:
            frame.emit(self.address, TRANSFER, (ZERO_ADDRESS, holder), worth(gained, market.supply_index))

    def leave(self, frame: Frame, holder: Address, amount: int) -> None:
        """Pay `amount` out to an account: out of what it has, then as a loan."""
        market = self.stored(frame).accrued(frame.timestamp)
        value = self.value(frame, holder, market) - amount
        gained = self.settle(frame, holder, market, value)
        if value < 0 and not frame.quiet:
            if -value < self.terms.borrow_min:
                raise custom("e273b446")  # BorrowTooSmall()
            if -value > int(frame.storage.get(self.key("collateral", holder))):
                raise custom("14c5f7b6")  # NotCollateralized()
        self.asset.move(frame, self.address, holder, amount)
        frame.emit(self.address, WITHDRAW, (holder, holder), amount)
        if gained < 0:
            frame.emit(self.address, TRANSFER, (holder, ZERO_ADDRESS), worth(-gained, market.supply_index))

    # --- external ----------------------------------------------------------------------------------

    @external("f2b9fdb8", "supply(address,uint256)", 120_000)
    def supply(self, frame: Frame, asset: Address, amount: int) -> None:
        self._check(frame, asset, "supply_paused")
        if amount == UNLIMITED:
            amount = self.borrow_balance_of(frame, frame.sender)
        self.asset.pull(frame, self.address, frame.sender, self.address, amount)
        self.enter(frame, frame.sender, amount)

    @external("f3fef3a3", "withdraw(address,uint256)", 130_000)
    def withdraw(self, frame: Frame, asset: Address, amount: int) -> None:
        self._check(frame, asset, "withdraw_paused")
        taken = self.balance_of(frame, frame.sender) if amount == UNLIMITED else amount
        self.leave(frame, frame.sender, taken)

    def _check(self, frame: Frame, asset: Address, switch: str) -> None:
        if frame.storage.get(self.key(switch)):
            raise custom("9e87fac8")  # Paused()
        if asset != self.asset.address:
            raise custom("36405305")  # BadAsset(): no collateral is listed here

    @external("095ea7b3", "approve(address,uint256)", 40_000)
    def approve(self, _frame: Frame, _manager: Address, amount: int) -> bool:
        if amount not in (0, UNLIMITED):
            raise custom("749b5939")  # BadAmount()
        raise Reverted  # nobody on this chain hands his account over

    @external("70a08231", "balanceOf(address)")
    def balance_of(self, frame: Frame, holder: Address) -> int:
        return max(0, self.value(frame, holder, self.stored(frame).accrued(frame.timestamp)))

    @external("374c49b4", "borrowBalanceOf(address)")
    def borrow_balance_of(self, frame: Frame, holder: Address) -> int:
        return max(0, -self.value(frame, holder, self.stored(frame).accrued(frame.timestamp)))

    @external("dc4abafd", "userBasic(address)")
    def user_basic(self, frame: Frame, holder: Address) -> tuple[int, ...]:
        return (self.principal(frame, holder), 0, 0, 0, 0)

    @external("b9f0baf7", "totalsBasic()")
    def totals_basic(self, frame: Frame) -> tuple[int, ...]:
        market = self.stored(frame)
        flags = self.supply_paused(frame) | self.withdraw_paused(frame) << 2
        indices = (market.supply_index, market.borrow_index, 0, 0)
        return (*indices, market.supply_principal, market.borrow_principal, market.updated_at, flags)

    @external("18160ddd", "totalSupply()")
    def total_supply(self, frame: Frame) -> int:
        return self.stored(frame).supplied_at(frame.timestamp)

    @external("8285ef40", "totalBorrow()")
    def total_borrow(self, frame: Frame) -> int:
        return self.stored(frame).borrowed_at(frame.timestamp)

    @external("0902f1ac", "getReserves()")
    def reserves(self, frame: Frame) -> int:
        supplied, borrowed = self.total_supply(frame), self.total_borrow(frame)
        return self.asset.balance(frame, self.address) - supplied + borrowed

    @external("7eb71131", "getUtilization()")
    def utilisation(self, frame: Frame) -> int:
        return self.stored(frame).utilisation_now()

    @external("d955759d", "getSupplyRate(uint256)")
    def supply_rate(self, _frame: Frame, used: int) -> int:
        return self.terms.supply.at(used)

    @external("9fa83b5a", "getBorrowRate(uint256)")
    def borrow_rate(self, _frame: Frame, used: int) -> int:
        return self.terms.borrow.at(used)

    @external("0bc47ad1", "isSupplyPaused()")
    def supply_paused(self, frame: Frame) -> bool:
        return bool(frame.storage.get(self.key("supply_paused")))

    @external("67800b5f", "isWithdrawPaused()")
    def withdraw_paused(self, frame: Frame) -> bool:
        return bool(frame.storage.get(self.key("withdraw_paused")))
