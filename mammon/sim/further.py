"""The further venues of the full world, one of each kind that the small one lacks, after those of Base."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mammon.core.curves import SkyCurve, comet, fluid
from mammon.core.curves.euler import LinearKink
from mammon.core.curves.moonwell import JumpRate
from mammon.core.fixed import RAY, SECONDS_PER_YEAR, WAD
from mammon.core.numbers import Ray, Units, Wad
from mammon.sim import addresses as at
from mammon.sim.contracts.comet import Comet, CometTerms
from mammon.sim.contracts.erc20 import Erc20
from mammon.sim.contracts.erc4626 import Vault
from mammon.sim.contracts.euler import EulerRegistry, EulerTerms, EulerVault
from mammon.sim.contracts.fluid import FluidTerms, FToken, Liquidity
from mammon.sim.contracts.machine import Contract
from mammon.sim.contracts.moonwell import MoonwellTerms, MToken
from mammon.sim.contracts.morpho import MarketTerms, Morpho
from mammon.sim.contracts.sky import SavingsVault, SsrOracle, SwapPool
from mammon.sim.contracts.vault_v2 import MarketAdapter, VaultFactory, VaultV2, VaultV2Terms
from mammon.sim.processes import FIRST_TIMESTAMP, Crowd

_MILLION = 10**12

COMET_CROWD = Crowd(Units(34 * _MILLION), 110_000, 810_000, 45_000, 70_000, 150_000)
MOONWELL_CROWD = Crowd(Units(30 * _MILLION), 120_000, 800_000, 70_000, 90_000, 170_000)
V2_CROWD = Crowd(Units(26 * _MILLION), 80_000, 0, 0, 0, 0)
FLUID_CROWD = Crowd(Units(18 * _MILLION), 90_000, 830_000, 30_000, 40_000, 90_000)
EULER_CROWD = Crowd(Units(14 * _MILLION), 100_000, 850_000, 40_000, 60_000, 120_000)
SKY_CROWD = Crowd(Units(22 * _MILLION), 60_000, 0, 0, 0, 0)


def _yearly(mille: int) -> Wad:
    """Return thousandths a year by the second."""
    return Wad(mille * 10**15 // SECONDS_PER_YEAR)


_COMET = CometTerms(
    supply=comet.RateLine(Wad(85 * WAD // 100), Wad(0), _yearly(48), _yearly(1_600)),
    borrow=comet.RateLine(Wad(85 * WAD // 100), _yearly(15), _yearly(53), _yearly(1_800)),
    borrow_min=1,
    supply_index=Wad(1_087_312_004_511_903),
    borrow_index=Wad(1_131_904_771_207_322),
)
_MOONWELL = MoonwellTerms(
    market=at.MTOKEN,
    comptroller=at.MOONWELL_COMPTROLLER,
    model=at.MOONWELL_MODEL,
    rates=JumpRate(Wad(0), Wad(_yearly(615) // 10), _yearly(9_000), Wad(9 * WAD // 10)),
    reserve_factor=Wad(WAD // 10),
    supply_cap=120 * _MILLION,
    initial_rate=231_904_771_207_322,
)
_V2 = VaultV2Terms(
    name="Steakhouse Prime USDC",
    symbol="steakUSDCp2",
    performance_fee=Wad(WAD // 10),
    management_fee=Wad(WAD // 500 // SECONDS_PER_YEAR),
    max_rate=Wad(2 * WAD // SECONDS_PER_YEAR),
    absolute_cap=60 * _MILLION,
    relative_cap=Wad(WAD),
    penalty=Wad(WAD // 100),
    liquidity=(0, 1),
)
FLUID_TERMS = FluidTerms(
    name="Fluid USDC",
    symbol="fUSDC",
    line=fluid.RateLine(((0, 0), (8_500, 600), (9_300, 900), (10_000, 4_000))),
    fee=1_000,
    threshold=30,
    expand=2_500,
    expand_s=43_200,
    base_floor=Units(5 * _MILLION),
)
EULER_TERMS = EulerTerms(
    name="Euler USDC",
    symbol="eUSDC-1",
    model=LinearKink(Ray(0), Ray(461_000_000), Ray(16_000_000_000), 3_865_470_566),
    fee_bps=1_000,
    supply_cap=150 << 6 | 14,
)
SSR = Ray(1_000_000_001_547_125_957_863_212_448)
_SAVINGS_WORTH = Ray(108 * RAY // 100)
SAVINGS_SHARES = 200 * 10**24
"""What the swap pool has to give when the world begins."""


@dataclass(frozen=True)
class Further:
    """The contracts that the crowd uses at the further venues."""

    comet: Comet
    token: MToken
    lender: MarketAdapter
    """The adapter through which the Vault V2 lends."""
    vault: VaultV2
    layer: Liquidity
    f_token: FToken
    euler: EulerVault
    sky: SavingsVault

    @property
    def vaults(self) -> tuple[Vault, ...]:
        """What is entered by an allowance for its own contract, as an ERC-4626 vault is."""
        return (self.vault, self.f_token, self.euler, self.sky)

    def contracts(self) -> tuple[Contract, ...]:
        """Return these and everything that belongs to them."""
        pool = self.sky.pool
        return (
            *(self.comet, *self.token.contracts(), self.lender, self.layer, *self.vaults),
            VaultFactory(at.V2_FACTORY, (self.vault.address,)),
            *(self.euler.irm, EulerRegistry(at.EULER_FACTORY, (self.euler.address,))),
            *(pool.savings, pool.oracle, pool),
        )


def further(usdc: Erc20, morpho: Morpho, markets: Sequence[MarketTerms]) -> Further:
    """Return the further venues; the Vault V2 lends in the first two of `markets`."""
    lender = MarketAdapter(at.V2_ADAPTER, morpho, markets[:2])
    layer = Liquidity(at.FLUID_LIQUIDITY, at.FLUID, FLUID_TERMS, usdc)
    savings = Erc20(at.SKY_SHARES, "Savings USDS", "sUSDS", 18)
    oracle = SsrOracle(at.SKY_ORACLE, SkyCurve(SSR, _SAVINGS_WORTH, FIRST_TIMESTAMP))
    pool = SwapPool(at.SKY_POOL, at.SKY_POCKET, usdc, savings, oracle)
    return Further(
        Comet(at.COMET, _COMET, usdc),
        MToken(_MOONWELL, usdc),
        lender,
        VaultV2(at.V2_VAULT, _V2, usdc, (lender,), at.FEE_RECIPIENT),
        layer,
        FToken(layer),
        EulerVault(at.EULER, at.EULER_IRM, EULER_TERMS, usdc),
        SavingsVault(at.SKY_SAVINGS, "Spark USDC Vault", "sUSDC", pool),
    )
