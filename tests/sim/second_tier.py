"""Simulated Fluid, Euler and Sky, each on a bench of its own, as a world would set them up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mammon.core.curves import SkyCurve
from mammon.core.fixed import RAY
from mammon.core.numbers import Ray
from mammon.core.types import Address, Market, MarketId, Token
from mammon.protocols.base import LendingVenue
from mammon.protocols.registry import VENUES
from mammon.sim import addresses as at
from mammon.sim.contracts.erc20 import Erc20, Usdc
from mammon.sim.contracts.erc4626 import Vault
from mammon.sim.contracts.euler import EulerRegistry, EulerVault
from mammon.sim.contracts.fluid import FToken, Liquidity
from mammon.sim.contracts.machine import Contract
from mammon.sim.contracts.sky import SavingsVault, SsrOracle, SwapPool
from mammon.sim.further import EULER_TERMS, FLUID_TERMS, SSR
from tests.protocols.fakes import account
from tests.sim.bench import START, Bench

MILLION = 10**12
OWNER = account(0xA11CE)
VAULT, LAYER, IRM, REGISTRY, POOL, POCKET, ORACLE, SAVINGS = map(account, range(0x5100, 0x5108))
USDC = Token(at.CHAIN_ID, at.USDC, "USDC", 6)


@dataclass
class Place:
    """A venue on its bench, seasoned by the crowd."""

    bench: Bench
    vault: Vault
    market: Market
    venue: LendingVenue
    lender: Any
    """What lends money out; None where nobody borrows."""

    def state(self, hint: Any = None) -> Any:
        """Read the market."""
        return self.bench.read(self.venue.read_market(self.market, hint))

    def position(self) -> Any:
        """Read what the owner holds."""
        return self.bench.read(self.venue.read_position(self.market, OWNER))


def _place(protocol: str, bench: Bench, vault: Vault, lender: Any, roles: dict[str, Address]) -> Place:
    named = tuple(sorted({"multicall3": at.MULTICALL3, **roles}.items()))
    market = Market(MarketId(at.CHAIN_ID, VAULT, at.USDC), protocol, protocol, USDC, VAULT, named)
    bench.allow(at.CROWD, VAULT)
    bench.stir(vault, "enter", at.CROWD, at.CROWD, 50 * MILLION)
    if lender is not None:
        bench.stir(lender, "lend", at.CROWD, 820_000)
    bench.now += 30 * 86_400
    return Place(bench, vault, market, VENUES[protocol], lender)


def _bench(usdc: Usdc, contracts: tuple[Contract, ...]) -> Bench:
    return Bench(usdc, contracts, (at.CROWD, OWNER))


def fluid() -> Place:
    """A layer with one fToken."""
    usdc = Usdc(at.USDC, "USD Coin", "USDC", 6)
    layer = Liquidity(LAYER, VAULT, FLUID_TERMS, usdc)
    token = FToken(layer)
    return _place("fluid", _bench(usdc, (layer, token)), token, layer, {"liquidity": LAYER})


def euler() -> Place:
    """A vault, its rate model and who vouches for it."""
    usdc = Usdc(at.USDC, "USD Coin", "USDC", 6)
    vault = EulerVault(VAULT, IRM, EULER_TERMS, usdc)
    contracts = (vault, vault.irm, EulerRegistry(REGISTRY, (VAULT,)))
    roles = {"factory": REGISTRY, "perspective": REGISTRY}
    return _place("euler_v2", _bench(usdc, contracts), vault, vault, roles)


def sky() -> Place:
    """A pool with its pocket elsewhere, and savings shares to give."""
    usdc = Usdc(at.USDC, "USD Coin", "USDC", 6)
    savings = Erc20(SAVINGS, "Savings USDS", "sUSDS", 18)
    oracle = SsrOracle(ORACLE, SkyCurve(SSR, Ray(108 * RAY // 100), START))
    pool = SwapPool(POOL, POCKET, usdc, savings, oracle)
    vault = SavingsVault(VAULT, "Spark USDC Vault", "sUSDC", pool)
    bench = _bench(usdc, (savings, oracle, pool, vault))
    bench.slots[savings.key("balance", POOL)] = 200 * 10**24
    bench.slots[usdc.key("allowance", POCKET, POOL)] = 2**256 - 1
    return _place("sky_savings", bench, vault, None, {"psm": POOL, "ssr_oracle": ORACLE})


PLACES: dict[str, Callable[[], Place]] = {"fluid": fluid, "euler_v2": euler, "sky_savings": sky}
