"""An Aave V3 reserve of any release, put into the dictionary chain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mammon.core.curves import AaveCurve
from mammon.core.fixed import RAY
from mammon.core.types import Address, Hint, MarketState
from mammon.protocols.aave_v3 import AaveV3
from tests.protocols.fakes import NOW, USDC, ZERO, Evm, account, base_evm, market

POOL, A_TOKEN, DEBT_TOKEN, STABLE_TOKEN, STRATEGY = map(account, range(0x1001, 0x1006))
INDEX = 1_050_000_000_000_000_000_000_000_000
SCALED_SUPPLY = 90_000_000_000_000
SCALED_DEBT = 60_000_000_000_000


@dataclass(frozen=True)
class Reserve:
    """A reserve of 94.5M supplied and 63M lent out, accrued to now; release 3.6 unless told."""

    release: str = "3.6"
    revision: int | None = 10
    active: bool = True
    frozen: bool = False
    paused: bool = False
    decimals: int = 6
    reserve_factor_bps: int = 1000
    supply_cap: int = 200_000_000
    virtual_accounting: bool = True
    available: int = 31_000_000_000_000
    held: int = 31_000_000_000_000
    deficit: int = 0
    unbacked: int = 0
    income: int = INDEX
    updated_at: int = NOW
    liquidity_rate: int = 35 * 10**24
    borrow_rate: int = 55 * 10**24
    scaled_supply: int = SCALED_SUPPLY
    treasury: int = 0
    a_token: Address = A_TOKEN
    strategy: Address = STRATEGY
    optimal_bps: int = 9000
    stable: tuple[int, int, int, int] = (0, 0, 0, 0)

    @property
    def configuration(self) -> int:
        """The configuration word."""
        flags = self.active << 56 | self.frozen << 57 | self.paused << 60 | self.virtual_accounting << 252
        return flags | self.decimals << 48 | self.reserve_factor_bps << 64 | self.supply_cap << 116

    @property
    def debt(self) -> int:
        """What the debt token's `totalSupply` says: here the index divides without rest."""
        return SCALED_DEBT * INDEX // RAY

    def words(self) -> tuple[Any, ...]:
        """What `getReserveData` answers."""
        stable = STABLE_TOKEN if self.release in ("3.0", "3.1") else ZERO
        rates = (INDEX, self.liquidity_rate, INDEX, self.borrow_rate, 0, self.updated_at, 3)
        addresses = (self.a_token, stable, DEBT_TOKEN, self.strategy)
        return (self.configuration, *rates, *addresses, self.treasury, self.unbacked, 0)

    def into(self, evm: Evm) -> Evm:
        """Put the pool and the reserve's contracts into a chain."""
        evm.put(POOL, "getReserveData(address)", USDC, gives=self.words())
        evm.put(POOL, "getReserveNormalizedIncome(address)", USDC, gives=(self.income,))
        evm.put(USDC, "balanceOf(address)", self.a_token, gives=(self.held,))
        evm.put(self.a_token, "scaledTotalSupply()", gives=(self.scaled_supply,))
        evm.put(DEBT_TOKEN, "scaledTotalSupply()", gives=(SCALED_DEBT,))
        evm.put(DEBT_TOKEN, "totalSupply()", gives=(self.debt,))
        if self.revision is not None:
            evm.put(POOL, "POOL_REVISION()", gives=(self.revision,))
        if self.release == "3.0":
            self._strategy_of_3_0(evm)
        else:
            self._virtual(evm)
        if self.release in ("3.0", "3.1"):
            evm.put(STABLE_TOKEN, "getSupplyData()", gives=self.stable)
        return evm

    def _strategy_of_3_0(self, evm: Evm) -> None:
        ray = {
            "OPTIMAL_USAGE_RATIO()": self.optimal_bps * 10**23,
            "getBaseVariableBorrowRate()": 0,
            "getVariableRateSlope1()": 55 * 10**24,
            "getVariableRateSlope2()": 4 * 10**26,
        }
        for signature, value in ray.items():
            evm.put(self.strategy, signature, gives=(value,))

    def _virtual(self, evm: Evm) -> None:
        evm.put(POOL, "getVirtualUnderlyingBalance(address)", USDC, gives=(self.available,))
        evm.put(
            self.strategy, "getInterestRateDataBps(address)", USDC, gives=(self.optimal_bps, 0, 550, 4000)
        )
        if self.release not in ("3.1", "3.2"):
            evm.put(POOL, "getReserveDeficit(address)", USDC, gives=(self.deficit,))
        if self.release in ("3.4", "3.6"):
            evm.put(POOL, "RESERVE_INTEREST_RATE_STRATEGY()", gives=(self.strategy,))


VENUE = AaveV3()
MARKET = market("aave_v3", POOL)
LISTED = market("aave_v3", POOL, a_token=A_TOKEN, debt_token=DEBT_TOKEN, strategy=STRATEGY)
HINT = Hint(("aave_v3", A_TOKEN, DEBT_TOKEN, ZERO, STRATEGY))
HINT_3_0 = Hint(("aave_v3", A_TOKEN, DEBT_TOKEN, STABLE_TOKEN, STRATEGY))


def state(reserve: Reserve, hint: Hint | None = HINT) -> MarketState:
    """Read a reserve."""
    found = reserve.into(base_evm()).run(VENUE.read_market(MARKET, hint))
    assert isinstance(found, MarketState)
    return found


def curve(reserve: Reserve, hint: Hint | None = HINT) -> AaveCurve:
    """Read a reserve's curve."""
    found = state(reserve, hint).curve
    assert isinstance(found, AaveCurve)
    return found
