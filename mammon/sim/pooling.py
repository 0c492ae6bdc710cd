"""Positions in pools that the wallet of the full world holds from the first: one earns fees, one lies out of
range, one is staked."""

from __future__ import annotations

from dataclasses import dataclass

from mammon.core.concentrated.fees import Growth
from mammon.core.types import Address
from mammon.sim import addresses as at
from mammon.sim import processes
from mammon.sim.contracts.encoding import ZERO_ADDRESS
from mammon.sim.contracts.erc20 import Erc20
from mammon.sim.contracts.machine import Contract, Slots
from mammon.sim.contracts.oracles import Feed
from mammon.sim.contracts.pools import ClPool, Gauge, Lot, PoolFactory, PoolTerms, PositionIssuer, Voter

_TOKEN = 10**18

# Prices in dollars of 6 decimals: ticks lie some 276,000 below those of prices in whole units.
_UNISWAP = PoolTerms(
    at.WETH,
    at.USDC,
    500,
    slipstream=False,
    growth_per_second=Growth(1 << 115, 3 << 85),
    lots=(
        Lot(48_211, -887_270, 887_270, 27_400_000_000_000),
        Lot(51_907, -180_000, -174_000, 9_000_000_000_000),
    ),
)
_AERODROME = PoolTerms(
    at.WETH,
    at.USDC,
    100,
    slipstream=True,
    growth_per_second=Growth(1 << 114, 3 << 84),
    lots=(Lot(902_114, -210_000, -182_000, 40_000_000_000_000, staked=True),),
    staked_liquidity=80_000_000_000_000_000,
)
_AERO_PER_SECOND = _TOKEN // 50


@dataclass(frozen=True)
class Pooling:
    """The contracts, and those of them that know the wallet."""

    contracts: tuple[Contract, ...]
    issuers: tuple[Contract, ...]

    def slots(self, wallet: Address) -> Slots:
        """Return the slots with which the world begins."""
        return {one.key("account"): wallet for one in self.issuers}


def pooling() -> Pooling:
    """Return the pools, their managers, and the gauge."""
    plain = ClPool(at.UNISWAP_POOL, _UNISWAP, at.UNISWAP_MANAGER, ZERO_ADDRESS)
    issuer = PositionIssuer(at.UNISWAP_MANAGER, at.UNISWAP_FACTORY, plain)
    slip = ClPool(at.AERODROME_POOL, _AERODROME, at.AERODROME_MANAGER, at.AERODROME_GAUGE)
    other = PositionIssuer(at.AERODROME_MANAGER, at.AERODROME_FACTORY, slip)
    gauge = Gauge(at.AERODROME_GAUGE, slip, at.AERO, _AERO_PER_SECOND)
    contracts: tuple[Contract, ...] = (
        *(plain, issuer, PoolFactory(at.UNISWAP_FACTORY, plain)),
        *(slip, other, PoolFactory(at.AERODROME_FACTORY, slip), gauge, Voter(at.AERODROME_VOTER, gauge)),
        Erc20(at.WETH, "Wrapped Ether", "WETH", 18),
        Erc20(at.AERO, "Aerodrome", "AERO", 18),
        Feed(at.AERO_USD, "AERO / USD", 12, processes.aero_usd),
    )
    return Pooling(contracts, (issuer, other, gauge))
