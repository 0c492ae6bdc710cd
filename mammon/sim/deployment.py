"""What is deployed on the simulated chain and on what terms: parameters after those of Base's USDC.

Contracts are code and terms, without state and without a seed, so one set serves every world.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from mammon.core.fixed import SECONDS_PER_YEAR, WAD
from mammon.core.keccak import keccak256
from mammon.core.numbers import Ray, Units, Wad
from mammon.core.types import Address
from mammon.sim import addresses as at
from mammon.sim import processes
from mammon.sim.contracts.aave import Pool, PoolAddresses, PoolTerms
from mammon.sim.contracts.encoding import ZERO_ADDRESS, encoded
from mammon.sim.contracts.erc20 import Erc20, Usdc
from mammon.sim.contracts.erc4626 import PlainVault
from mammon.sim.contracts.machine import Contract
from mammon.sim.contracts.metamorpho import MetaMorpho, VaultTerms
from mammon.sim.contracts.morpho import AdaptiveCurveIrm, MarketTerms, Morpho
from mammon.sim.contracts.multicall import Multicall3
from mammon.sim.contracts.oracles import Feed, GasPriceOracle, SequencerFeed
from mammon.sim.further import Further, further
from mammon.sim.paying import Paying, paying
from mammon.sim.pooling import Pooling, pooling
from mammon.sim.processes import Crowd

USD = 10**6
MILLION = 10**6 * USD

_AAVE = PoolTerms(
    generation="3.5",
    reserve_factor_bps=1_000,
    optimal_bps=9_000,
    base_bps=0,
    slope1_bps=550,
    slope2_bps=4_000,
    supply_cap=400_000_000,
    liquidity_index=Ray(1_127_310_442_967_315_850_961_342_817),
    borrow_index=Ray(1_198_550_127_431_980_774_310_558_204),
)
_FORK = PoolTerms(
    generation="3.0",
    reserve_factor_bps=1_500,
    optimal_bps=8_000,
    base_bps=0,
    slope1_bps=650,
    slope2_bps=6_000,
    supply_cap=60_000_000,
    liquidity_index=Ray(1_054_902_118_640_077_312_549_006_331),
    borrow_index=Ray(1_091_644_870_215_903_348_116_720_945),
)

AAVE_CROWD = Crowd(Units(240 * MILLION), 90_000, 800_000, 90_000, 60_000, 150_000)
FORK_CROWD = Crowd(Units(42 * MILLION), 120_000, 715_000, 80_000, 90_000, 240_000)
PLAIN_CROWD = Crowd(Units(24 * MILLION), 100_000, 40_000, 12_000, 0, 0)
STEAKHOUSE_CROWD = Crowd(Units(120 * MILLION), 70_000, 0, 0, 0, 0)
GAUNTLET_CROWD = Crowd(Units(62 * MILLION), 90_000, 0, 0, 0, 0)
MARKET_CROWDS: Mapping[str, Crowd] = {
    "cbbtc": Crowd(Units(45 * MILLION), 100_000, 882_000, 42_000, 40_000, 90_000),
    "weth": Crowd(Units(25 * MILLION), 120_000, 872_000, 55_000, 60_000, 100_000),
    "cbeth": Crowd(Units(15 * MILLION), 150_000, 868_000, 60_000, 80_000, 110_000),
}
"""Of the markets that lend; beside what the vaults bring them."""


@dataclass(frozen=True)
class Deployment:
    """Every contract, and by name those the crowds use."""

    contracts: dict[Address, Contract]
    usdc: Usdc
    pools: dict[str, tuple[Pool, Crowd]]
    morpho: Morpho
    markets: tuple[MarketTerms, ...]
    vaults: dict[str, tuple[MetaMorpho, Crowd]]
    plain: PlainVault
    paying: Paying
    further: Further | None = None
    """What the full world has beside; None in the small one."""
    pooling: Pooling | None = None
    """The wallet's positions in pools, in the full world."""


@cache
def deployment(full: bool = False) -> Deployment:
    """Return the contracts of the simulated chain, the full one with a venue of every kind."""
    usdc = Usdc(at.USDC, "USD Coin", "USDC", 6)
    pools = _pools(usdc)
    markets = _markets()
    morpho = Morpho(at.MORPHO, at.IRM, usdc, markets)
    vaults = _vaults(morpho, {terms.name: terms for terms in markets})
    plain = PlainVault(at.PLAIN, "Plain USDC Vault", "pvUSDC", usdc, cap=40 * MILLION)
    more = further(usdc, morpho, markets) if full else None
    rewards = paying(more)
    pools_held = pooling() if full else None
    contracts: dict[Address, Contract] = {}
    everything: list[Contract] = [
        usdc,
        *(contract for pool, _ in pools.values() for contract in pool.contracts()),
        morpho,
        AdaptiveCurveIrm(at.IRM, morpho),
        *(vault for vault, _ in vaults.values()),
        plain,
        *(more.contracts() if more else ()),
        *rewards.contracts,  # after what they take the place of
        *(pools_held.contracts if pools_held else ()),
        Feed(at.ETH_USD, "ETH / USD", 1, processes.eth_usd),
        Feed(at.USDC_USD, "USDC / USD", 72, processes.usdc_usd),
        Feed(at.BTC_USD, "BTC / USD", 1, processes.btc_usd),
        Feed(at.CBBTC_USD, "cbBTC / USD", 1, processes.cbbtc_usd),
        Feed(at.CBETH_ETH, "CBETH / ETH", 12, processes.cbeth_eth, 18),
        Feed(at.CBETH_REDEEMS, "cbETH-ETH Exchange Rate", 72, processes.cbeth_redeems, 18),
        SequencerFeed(at.SEQUENCER),
        GasPriceOracle(at.GAS_PRICE_ORACLE),
        Multicall3(at.MULTICALL3, contracts),
    ]
    contracts.update({contract.address: contract for contract in everything})
    return Deployment(contracts, usdc, pools, morpho, markets, vaults, plain, rewards, more, pools_held)


def _pools(usdc: Erc20) -> dict[str, tuple[Pool, Crowd]]:
    aave = PoolAddresses(at.AAVE_POOL, at.AAVE_A_TOKEN, at.AAVE_DEBT_TOKEN, ZERO_ADDRESS, at.AAVE_STRATEGY)
    fork = PoolAddresses(
        at.FORK_POOL, at.FORK_A_TOKEN, at.FORK_DEBT_TOKEN, at.FORK_STABLE_DEBT_TOKEN, at.FORK_STRATEGY
    )
    return {
        "aave-v3": (Pool(aave, _AAVE, usdc), AAVE_CROWD),
        "aave-fork": (Pool(fork, _FORK, usdc), FORK_CROWD),
    }


def _markets() -> tuple[MarketTerms, ...]:
    lltv = 86 * WAD // 100
    return (
        _market("cbbtc", at.CBBTC, at.ORACLE_CBBTC, lltv, 51),
        _market("weth", at.WETH, at.ORACLE_WETH, lltv, 55),
        _market("cbeth", at.CBETH, at.ORACLE_CBETH, lltv, 62),
        _market("idle", ZERO_ADDRESS, ZERO_ADDRESS, 0, 0),
    )


def _market(name: str, collateral: Address, oracle: Address, lltv: int, rate_per_mille: int) -> MarketTerms:
    irm = at.IRM if rate_per_mille else ZERO_ADDRESS
    parameters = b"".join(map(encoded, (at.USDC, collateral, oracle, irm, lltv)))
    rate = Wad(rate_per_mille * WAD // 1_000 // SECONDS_PER_YEAR)
    return MarketTerms(name, keccak256(parameters), collateral, oracle, lltv, rate)


def _vaults(morpho: Morpho, market: Mapping[str, MarketTerms]) -> dict[str, tuple[MetaMorpho, Crowd]]:
    steakhouse = VaultTerms(
        name="Steakhouse USDC",
        symbol="steakUSDC",
        version="1.0",
        fee=Wad(5 * WAD // 100),
        supply_queue=(market["cbbtc"], market["weth"], market["idle"]),
        withdraw_queue=(market["idle"], market["weth"], market["cbbtc"]),
        caps=(500 * MILLION, 36 * MILLION, 80 * MILLION),
    )
    gauntlet = VaultTerms(
        name="Gauntlet USDC Prime",
        symbol="gtUSDCp",
        version="1.1",
        fee=Wad(10 * WAD // 100),
        supply_queue=(market["cbeth"], market["weth"]),
        withdraw_queue=(market["weth"], market["cbeth"]),
        caps=(90 * MILLION, 30 * MILLION),
    )
    people = (at.FEE_RECIPIENT, at.KEEPER)
    return {
        "steakhouse-usdc": (MetaMorpho(at.STEAKHOUSE, steakhouse, morpho, *people), STEAKHOUSE_CROWD),
        "gauntlet-usdc": (MetaMorpho(at.GAUNTLET, gauntlet, morpho, *people), GAUNTLET_CROWD),
    }
