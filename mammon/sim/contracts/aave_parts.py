"""What surrounds an Aave V3 pool: aToken, debt tokens and rate strategies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mammon.core.curves.aave import RAY_PER_BPS
from mammon.core.types import Address
from mammon.sim.contracts.encoding import encoded_text
from mammon.sim.contracts.machine import Contract, Frame, external

if TYPE_CHECKING:
    from mammon.sim.contracts.aave import Pool


class AToken(Contract):
    """A lender's claim, growing with the index. Cannot be sent to others here."""

    def __init__(self, address: Address, pool: Pool) -> None:
        super().__init__(address)
        self.pool = pool
        self.constant("313ce567", "decimals()", pool.asset.places)
        self.constant("95d89b41", "symbol()", encoded_text(f"a{pool.asset.ticker}"))
        self.constant("b16a19de", "UNDERLYING_ASSET_ADDRESS()", pool.asset.address)

    @external("70a08231", "balanceOf(address)")
    def balance_of(self, frame: Frame, holder: Address) -> int:
        index = self.pool.reserve(frame).index_at(frame.timestamp)
        return self.pool.worth(self.pool.scaled(frame, holder), index)

    @external("1da24f3e", "scaledBalanceOf(address)")
    def scaled_balance_of(self, frame: Frame, holder: Address) -> int:
        return self.pool.scaled(frame, holder)

    @external("18160ddd", "totalSupply()")
    def total_supply(self, frame: Frame) -> int:
        reserve = self.pool.reserve(frame)
        return self.pool.worth(reserve.scaled_supply, reserve.index_at(frame.timestamp))

    @external("b1bf962d", "scaledTotalSupply()")
    def scaled_total_supply(self, frame: Frame) -> int:
        return self.pool.reserve(frame).scaled_supply


class DebtToken(Contract):
    """What borrowers owe at the variable rate."""

    def __init__(self, address: Address, pool: Pool) -> None:
        super().__init__(address)
        self.pool = pool

    @external("18160ddd", "totalSupply()")
    def total_supply(self, frame: Frame) -> int:
        return self.pool.reserve(frame).debt_at(frame.timestamp)

    @external("b1bf962d", "scaledTotalSupply()")
    def scaled_total_supply(self, frame: Frame) -> int:
        return self.pool.reserve(frame).scaled_debt


class Strategy(Contract):
    """The rate strategy of recent releases: one for every reserve, parameters in basis points."""

    def __init__(self, address: Address, pool: Pool) -> None:
        super().__init__(address)
        self.pool = pool

    @external("c79ce42e", "getInterestRateDataBps(address)")
    def parameters(self, _frame: Frame, asset: Address) -> tuple[int, ...]:
        terms = self.pool.terms
        if asset != self.pool.asset.address:
            return (0, 0, 0, 0)
        return (terms.optimal_bps, terms.base_bps, terms.slope1_bps, terms.slope2_bps)


class EarlyStrategy(Contract):
    """The rate strategy of early releases: one reserve, parameters in rays."""

    def __init__(self, address: Address, pool: Pool) -> None:
        super().__init__(address)
        terms = pool.terms
        self.constant("54c365c6", "OPTIMAL_USAGE_RATIO()", terms.optimal_bps * RAY_PER_BPS)
        self.constant("34762ca5", "getBaseVariableBorrowRate()", terms.base_bps * RAY_PER_BPS)
        self.constant("0b3429a2", "getVariableRateSlope1()", terms.slope1_bps * RAY_PER_BPS)
        self.constant("f4202409", "getVariableRateSlope2()", terms.slope2_bps * RAY_PER_BPS)


class StableDebtToken(Contract):
    """Debt at stable rates: early releases have the contract, nobody uses it."""

    def __init__(self, address: Address) -> None:
        super().__init__(address)
        self.constant("18160ddd", "totalSupply()", 0)
        self.constant("79774338", "getSupplyData()", (0, 0, 0, 0))
