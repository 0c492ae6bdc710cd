"""Concentrated-liquidity pools, who issues positions in them, and a gauge: what a reading of them asks.

Nothing can be traded here. A pool's price is that of ether; its fees, and what the gauge pays, grow by the
second. Positions are those that the world begins with; they lie around every price that it comes to, or
beyond all of them, so that no tick is ever crossed and the ticks keep nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import isqrt

from mammon.core import abi
from mammon.core.concentrated.fees import Growth
from mammon.core.concentrated.ticks import MAX_TICK, sqrt_price_at
from mammon.core.keccak import keccak256
from mammon.core.types import Address
from mammon.sim import processes
from mammon.sim.contracts.encoding import ZERO_ADDRESS, failure
from mammon.sim.contracts.machine import Contract, Environment, Frame, external

WEEK_S = 604_800
FIRST_GROWTH = Growth((1 << 256) - (1 << 135), 1 << 90)
"""Where a pool's counters stood when the positions were opened: one wraps around, as real ones do."""
_OPENED = processes.OPENING - 30 * 86_400
"""When that was."""

_WORD = (1 << 256) - 1


@dataclass(frozen=True, slots=True)
class Lot:
    """One position: its number, its range, its liquidity."""

    number: int
    lower: int
    upper: int
    liquidity: int
    staked: bool = False


@dataclass(frozen=True, slots=True)
class PoolTerms:
    """One pool of ether and dollars, ether first."""

    ether: Address
    dollar: Address
    parameter: int
    """Its fee or its tick spacing."""
    slipstream: bool
    growth_per_second: Growth
    """Of fees, per unit of liquidity, scaled by 2**128."""
    lots: tuple[Lot, ...]
    staked_liquidity: int = 0
    """Of everybody together, at every price."""


class ClPool(Contract):
    """The pool: Uniswap's answers, or Slipstream's."""

    def __init__(self, address: Address, terms: PoolTerms, manager: Address, gauge: Address) -> None:
        super().__init__(address)
        self.terms = terms
        self.kept = {_key(gauge if lot.staked else manager, lot): lot for lot in terms.lots}
        if terms.slipstream:
            self.constant("3ab04b20", "stakedLiquidity()", terms.staked_liquidity)

    def seen(self, lot: Lot, price: int) -> Growth:
        """Return what had grown inside a position's range when it was opened."""
        inside = sqrt_price_at(lot.lower) <= price < sqrt_price_at(lot.upper)
        return FIRST_GROWTH if inside else Growth(0, 0)

    @external("3850c7bd", "slot0()")
    def slot0(self, frame: Frame) -> tuple[int, ...]:
        price = price_of(frame.environment)
        found = (price, tick_at(price), 0, 1, 1, 1)
        return found if self.terms.slipstream else (*found[:5], 0, 1)

    @external("f3058399", "feeGrowthGlobal0X128()")
    def growth0(self, frame: Frame) -> int:
        return (FIRST_GROWTH.of0 + self.terms.growth_per_second.of0 * held_s(frame)) & _WORD

    @external("46141319", "feeGrowthGlobal1X128()")
    def growth1(self, frame: Frame) -> int:
        return (FIRST_GROWTH.of1 + self.terms.growth_per_second.of1 * held_s(frame)) & _WORD

    @external("f30dba93", "ticks(int24)")
    def ticks(self, frame: Frame, tick: int) -> tuple[int, ...]:  # noqa: ARG002
        gross = sum(lot.liquidity for lot in self.terms.lots if tick in (lot.lower, lot.upper))
        kept = (gross, 0, 0, 0, 0, 0, 0, int(gross > 0))
        return (*kept[:7], 0, 0, kept[7]) if self.terms.slipstream else kept

    @external("514ea4bf", "positions(bytes32)")
    def positions(self, frame: Frame, key: bytes) -> tuple[int, ...]:
        lot = self.kept.get(key)
        if lot is None:
            return (0, 0, 0, 0, 0)
        seen = self.seen(lot, price_of(frame.environment))
        return (lot.liquidity, seen.of0, seen.of1, 0, 0)


class PoolFactory(Contract):
    """Knows one pool, by its tokens and its fee or its tick spacing."""

    def __init__(self, address: Address, pool: ClPool) -> None:
        super().__init__(address)
        self.pool = pool

    @external("1698ee82", "getPool(address,address,uint24)")
    @external("28af8d0b", "getPool(address,address,int24)")
    def get_pool(self, frame: Frame, one: Address, other: Address, parameter: int) -> Address:  # noqa: ARG002
        terms = self.pool.terms
        known = {one, other} == {terms.ether, terms.dollar} and parameter == terms.parameter
        return self.pool.address if known else ZERO_ADDRESS


class PositionIssuer(Contract):
    """The position manager. What is staked is the gauge's; all else is the wallet's."""

    def __init__(self, address: Address, factory: Address, pool: ClPool) -> None:
        super().__init__(address)
        self.pool = pool
        self.own = tuple(lot for lot in pool.terms.lots if not lot.staked)
        self.constant("c45a0155", "factory()", factory)

    @external("70a08231", "balanceOf(address)")
    def balance_of(self, frame: Frame, owner: Address) -> int:
        return len(self.own) if owner == frame.storage.get(self.key("account"), None) else 0

    @external("2f745c59", "tokenOfOwnerByIndex(address,uint256)")
    def token_by_index(self, frame: Frame, owner: Address, index: int) -> int:
        if index >= self.balance_of(frame, owner):
            raise failure("EnumerableSet: index out of bounds")
        return self.own[index].number

    @external("99fbab88", "positions(uint256)")
    def positions(self, frame: Frame, number: int) -> tuple[int | Address, ...]:
        lot = next((one for one in self.pool.terms.lots if one.number == number), None)
        if lot is None:
            raise failure("Invalid token ID")
        terms, seen = self.pool.terms, self.pool.seen(lot, price_of(frame.environment))
        pair = (terms.ether, terms.dollar, terms.parameter)
        return (0, ZERO_ADDRESS, *pair, lot.lower, lot.upper, lot.liquidity, seen.of0, seen.of1, 0, 0)


class Gauge(Contract):
    """Pays a token by the second, week after week, to what is staked."""

    def __init__(self, address: Address, pool: ClPool, token: Address, per_second: int) -> None:
        super().__init__(address)
        self.pool, self.per_second = pool, per_second
        self.staked = tuple(lot for lot in pool.terms.lots if lot.staked)
        self.constant("16f0115b", "pool()", pool.address)
        self.constant("f7c618c1", "rewardToken()", token)
        self.constant("7b0a47ee", "rewardRate()", per_second)

    @external("ebe2b12b", "periodFinish()")
    def period_finish(self, frame: Frame) -> int:
        return (frame.timestamp // WEEK_S + 1) * WEEK_S

    @external("4b937763", "stakedValues(address)")
    def staked_values(self, frame: Frame, owner: Address) -> bytes:
        return abi.encode(abi.array([lot.number for lot in self._of(frame, owner)]))

    @external("3e491d47", "earned(address,uint256)")
    def earned(self, frame: Frame, owner: Address, number: int) -> int:
        lot = next((lot for lot in self._of(frame, owner) if lot.number == number), None)
        if lot is None:
            raise failure("NA")
        return self.per_second * held_s(frame) * lot.liquidity // self.pool.terms.staked_liquidity

    @external("f301af42", "rewards(uint256)")
    def rewards(self, frame: Frame, number: int) -> int:  # noqa: ARG002
        return 0

    def _of(self, frame: Frame, owner: Address) -> Sequence[Lot]:
        return self.staked if owner == frame.storage.get(self.key("account"), None) else ()


class Voter(Contract):
    """Knows one gauge."""

    def __init__(self, address: Address, gauge: Gauge) -> None:
        super().__init__(address)
        self.gauge = gauge

    @external("b9a09fd5", "gauges(address)")
    def gauges(self, frame: Frame, pool: Address) -> Address:  # noqa: ARG002
        return self.gauge.address if pool == self.gauge.pool.address else ZERO_ADDRESS


def held_s(frame: Frame) -> int:
    """Return for how long the positions have been held."""
    return frame.timestamp - _OPENED


def price_of(environment: Environment) -> int:
    """Return the square root of ether's price in dollars of 6 decimals, as a pool stores it."""
    answer = processes.eth_usd(environment.seed, processes.epoch_of(environment.number))
    return isqrt((answer << 192) // 10**20)


@lru_cache(maxsize=64)
def tick_at(price: int) -> int:
    """Return the greatest tick whose price is not above this one."""
    low, high = -MAX_TICK, MAX_TICK
    while low < high:
        middle = (low + high + 1) // 2
        if sqrt_price_at(middle) <= price:
            low = middle
        else:
            high = middle - 1
    return low


def _key(owner: Address, lot: Lot) -> bytes:
    ends = (abi.signed_word(end)[-3:] for end in (lot.lower, lot.upper))
    return keccak256(b"".join((abi.word(owner)[-20:], *ends)))
