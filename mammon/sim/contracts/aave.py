"""An Aave V3 pool with one reserve.

The reserve is stored as an `AaveCurve`: indices, rates and amounts as of its last interaction. A call
accrues it, changes the amounts and prices it again, in the order of the real contracts.
`generation` "3.5" is a recent release, with virtual balances and custom errors; "3.0" is an early one,
with stable debt, numeric reasons and a strategy that answers parameter by parameter.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from mammon.core.curves import AaveCurve
from mammon.core.curves.aave import RAY_PER_BPS
from mammon.core.fixed import RAY, mul_div_up, ray_div_half_up, ray_mul_half_up
from mammon.core.numbers import Ray, Units
from mammon.core.types import Address
from mammon.sim.contracts.aave_parts import AToken, DebtToken, EarlyStrategy, StableDebtToken, Strategy
from mammon.sim.contracts.encoding import ARITHMETIC, ZERO_ADDRESS, Reverted, custom, failure, panic
from mammon.sim.contracts.erc20 import TRANSFER, UNLIMITED, Erc20
from mammon.sim.contracts.machine import Contract, Frame, external

SUPPLY = "2b627736bca15cd5381dcf80b0bf11fd197d01a037c52b927a881a10fb73ba61"
WITHDRAW = "3115d1449a7b732c986cba18244e897a450f61e1bb8d589cd2e69e6c8924f9f7"
MINT = "458f5fa412d0f69b08dd84872b0215675cc67bc1d5b6fd93300a1c3878b86196"
BURN = "4cf25bc1d991c17529c25213d3cc0cda295eeaad5f13f361969b12ea48015f90"

_REASONS = {
    # name: (selector of the custom error of recent releases, reason of early ones)
    "inactive": ("90cd6f24", "27"),
    "frozen": ("6d305815", "28"),
    "paused": ("d37f5f1c", "29"),
    "invalid_amount": ("2c5211c6", "26"),
    "not_enough": ("47bc4b2c", "32"),
    "cap": ("f58f733a", "51"),
}


@dataclass(frozen=True, slots=True)
class PoolTerms:
    """What governance has set for the reserve."""

    generation: Literal["3.0", "3.5"]
    reserve_factor_bps: int
    optimal_bps: int
    base_bps: int
    slope1_bps: int
    slope2_bps: int
    supply_cap: int
    """Whole tokens."""
    liquidity_index: Ray
    """When the world begins: the reserve is older than the world."""
    borrow_index: Ray


@dataclass(frozen=True, slots=True)
class PoolAddresses:
    """Where the pool's contracts are."""

    pool: Address
    a_token: Address
    debt_token: Address
    stable_debt_token: Address
    strategy: Address


class Pool(Contract):
    """The pool: everything a lender calls."""

    def __init__(self, at: PoolAddresses, terms: PoolTerms, asset: Erc20) -> None:
        super().__init__(at.pool)
        self.at, self.terms, self.asset = at, terms, asset
        self.constant("0148170e", "POOL_REVISION()", 9 if self.recent else 2)
        if self.recent:
            self.constant("1b8feb0e", "RESERVE_INTEREST_RATE_STRATEGY()", at.strategy)

    @property
    def recent(self) -> bool:
        """Whether this is a release with virtual balances and custom errors."""
        return self.terms.generation == "3.5"

    def contracts(self) -> tuple[Contract, ...]:
        """Return the pool and everything that belongs to it."""
        debts = (DebtToken(self.at.debt_token, self), StableDebtToken(self.at.stable_debt_token))
        strategy = Strategy(self.at.strategy, self) if self.recent else EarlyStrategy(self.at.strategy, self)
        return (self, AToken(self.at.a_token, self), strategy, *(debts[:1] if self.recent else debts))

    # --- the reserve -------------------------------------------------------------------------------

    def opening(self, timestamp: int) -> AaveCurve:
        """Return the empty reserve with which the world begins."""
        terms = self.terms
        return AaveCurve(
            generation=terms.generation,
            available=Units(0),
            scaled_debt=Units(0),
            unbacked=Units(0),
            scaled_supply=Units(0),
            accrued_to_treasury=Units(0),
            liquidity_index=terms.liquidity_index,
            borrow_index=terms.borrow_index,
            liquidity_rate=Ray(0),
            borrow_rate=Ray(terms.base_bps * RAY_PER_BPS),
            updated_at=timestamp,
            reserve_factor_bps=terms.reserve_factor_bps,
            optimal_usage=Ray(terms.optimal_bps * RAY_PER_BPS),
            base_rate=Ray(terms.base_bps * RAY_PER_BPS),
            slope1=Ray(terms.slope1_bps * RAY_PER_BPS),
            slope2=Ray(terms.slope2_bps * RAY_PER_BPS),
        )

    def reserve(self, frame: Frame) -> AaveCurve:
        """Return the reserve as of its last interaction."""
        found: AaveCurve = frame.storage.get(self.key("reserve"))
        return found

    def settle(self, frame: Frame, reserve: AaveCurve) -> None:
        """Store an accrued reserve whose amounts changed, with the rates they imply."""
        now = reserve.updated_at
        priced = replace(
            reserve,
            liquidity_rate=Ray(reserve.rate_after(0, now)),
            borrow_rate=Ray(reserve.borrow_rate_after(0, now)),
        )
        frame.storage.put(self.key("reserve"), priced)

    def scaled(self, frame: Frame, holder: Address) -> int:
        """Return a lender's claim in units of the index."""
        return int(frame.storage.get(self.key("scaled", holder)))

    def scaled_down(self, amount: int, index: int) -> int:
        """Return the claim that supplying `amount` gives."""
        return amount * RAY // index if self.recent else ray_div_half_up(amount, index)

    def scaled_up(self, amount: int, index: int) -> int:
        """Return the claim that withdrawing `amount` takes."""
        return mul_div_up(amount, RAY, index) if self.recent else ray_div_half_up(amount, index)

    def worth(self, scaled: int, index: int) -> int:
        """Return what a claim is worth."""
        return scaled * index // RAY if self.recent else ray_mul_half_up(scaled, index)

    def error(self, name: str) -> Reverted:
        """Return the revert of this release for a named refusal."""
        selector, reason = _REASONS[name]
        return custom(selector) if self.recent else failure(reason)

    def flag(self, frame: Frame, name: str) -> bool:
        """Return a switch of governance: `paused`, `frozen`, `inactive`."""
        return bool(frame.storage.get(self.key(name)))

    # --- external ----------------------------------------------------------------------------------

    @external("617ba037", "supply(address,uint256,address,uint16)", 143_000)
    def supply(self, frame: Frame, asset: Address, amount: int, owner: Address, referral: int) -> None:
        if amount == 0:
            raise self.error("invalid_amount")
        self._check(frame, asset, "inactive", "paused", "frozen")
        stored = self.reserve(frame)
        cap = self.terms.supply_cap * 10**self.asset.places
        room = stored.room_at(cap, frame.timestamp)
        if room is not None and amount > room:
            raise self.error("cap")
        reserve = stored.accrued(frame.timestamp)
        claim = self.scaled_down(amount, reserve.liquidity_index)
        if claim == 0:
            raise custom("2c5211c6") if self.recent else failure("24")
        self.asset.pull(frame, self.address, frame.sender, self.at.a_token, amount)
        frame.storage.put(self.key("scaled", owner), self.scaled(frame, owner) + claim)
        self.settle(
            frame,
            replace(
                reserve,
                available=Units(reserve.available + amount),
                scaled_supply=Units(reserve.scaled_supply + claim),
            ),
        )
        frame.emit(self.at.a_token, TRANSFER, (ZERO_ADDRESS, owner), amount)
        frame.emit(self.at.a_token, MINT, (frame.sender, owner), amount, 0, reserve.liquidity_index)
        frame.emit(self.address, SUPPLY, (asset, owner, referral), frame.sender, amount)

    @external("69328dec", "withdraw(address,uint256,address)", 150_000)
    def withdraw(self, frame: Frame, asset: Address, amount: int, to: Address) -> int:
        self._check(frame, asset, "inactive", "paused")
        reserve = self.reserve(frame).accrued(frame.timestamp)
        index, held = reserve.liquidity_index, self.scaled(frame, frame.sender)
        balance = self.worth(held, index)
        taken = balance if amount == UNLIMITED else amount
        if taken == 0:
            raise self.error("invalid_amount")
        if taken > balance:
            raise self.error("not_enough")
        if taken > reserve.available:
            raise panic(ARITHMETIC) if self.recent else failure("ERC20: transfer amount exceeds balance")
        claim = min(held, self.scaled_up(taken, index))
        frame.storage.put(self.key("scaled", frame.sender), held - claim)
        self.settle(
            frame,
            replace(
                reserve,
                available=Units(reserve.available - taken),
                scaled_supply=Units(reserve.scaled_supply - claim),
            ),
        )
        self.asset.move(frame, self.at.a_token, to, taken)
        frame.emit(self.at.a_token, TRANSFER, (frame.sender, ZERO_ADDRESS), taken)
        frame.emit(self.at.a_token, BURN, (frame.sender, to), taken, 0, index)
        frame.emit(self.address, WITHDRAW, (asset, frame.sender, to), taken)
        return taken

    def _check(self, frame: Frame, asset: Address, *forbidden: str) -> None:
        if asset != self.asset.address:
            raise self.error("inactive")
        for name in forbidden:
            if self.flag(frame, name):
                raise self.error(name)

    @external("35ea6a75", "getReserveData(address)")
    def reserve_data(self, frame: Frame, asset: Address) -> tuple[int | Address, ...]:
        if asset != self.asset.address:
            return (0,) * 15
        reserve = self.reserve(frame)
        return (
            self._configuration(frame),
            reserve.liquidity_index,
            reserve.liquidity_rate,
            reserve.borrow_index,
            reserve.borrow_rate,
            0,
            reserve.updated_at,
            4,
            self.at.a_token,
            ZERO_ADDRESS if self.recent else self.at.stable_debt_token,
            self.at.debt_token,
            self.at.strategy,
            reserve.accrued_to_treasury,
            reserve.unbacked,
            0,
        )

    @external("c44b11f7", "getConfiguration(address)")
    def configuration(self, frame: Frame, asset: Address) -> int:
        return self._configuration(frame) if asset == self.asset.address else 0

    def _configuration(self, frame: Frame) -> int:
        active = not self.flag(frame, "inactive")
        bits = 7_500 | 7_800 << 16 | 10_500 << 32 | self.asset.places << 48
        bits |= active << 56 | self.flag(frame, "frozen") << 57 | 1 << 58 | self.flag(frame, "paused") << 60
        return bits | 1 << 63 | self.terms.reserve_factor_bps << 64 | self.terms.supply_cap << 116

    @external("d15e0053", "getReserveNormalizedIncome(address)")
    def normalized_income(self, frame: Frame, _asset: Address) -> int:
        return self.reserve(frame).index_at(frame.timestamp)

    @external("386497fd", "getReserveNormalizedVariableDebt(address)")
    def normalized_debt(self, frame: Frame, _asset: Address) -> int:
        return self.reserve(frame).accrued(frame.timestamp).borrow_index

    @external("6fb07f96", "getVirtualUnderlyingBalance(address)")
    def virtual_balance(self, frame: Frame, _asset: Address) -> int:
        return self._recent_only(self.reserve(frame).available)

    @external("c952485d", "getReserveDeficit(address)")
    def deficit(self, frame: Frame, _asset: Address) -> int:
        return self._recent_only(self.reserve(frame).unbacked)

    def _recent_only(self, value: int) -> int:
        if not self.recent:
            raise Reverted
        return value
