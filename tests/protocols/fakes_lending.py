"""A Comet and a Moonwell market put into the dictionary chain; all figures accrued to now unless told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mammon.core.types import Address
from tests.protocols.fakes import NOW, USDC, Evm, account

WAD = 10**18
PAR = 10**15
YEAR = 31_536_000

# --- Comet ---------------------------------------------------------------------------------------

COMET = account(0xC03E7)
SUPPLY_LINE = (85 * WAD // 100, 0, 48 * 10**15 // YEAR, 16 * WAD // 10 // YEAR)
BORROW_LINE = (85 * WAD // 100, 15 * 10**15 // YEAR, 53 * 10**15 // YEAR, 18 * WAD // 10 // YEAR)
_LINE = (
    "{}Kink()",
    "{}PerSecondInterestRateBase()",
    "{}PerSecondInterestRateSlopeLow()",
    "{}PerSecondInterestRateSlopeHigh()",
)


def _at_full_use(line: tuple[int, ...]) -> int:
    kink, base, low, high = line
    return base + low * kink // WAD + high * (WAD - kink) // WAD


@dataclass(frozen=True)
class CometMarket:
    """50M principal supplied, 40M owed, indices of 1.1 and 1.2."""

    base: Address = USDC
    scale: int = PAR
    supply_index: int = 1_100_000_000_000_000
    borrow_index: int = 1_200_000_000_000_000
    supplied: int = 50 * 10**12
    borrowed: int = 40 * 10**12
    updated_at: int = NOW
    cash: int = 8 * 10**12
    supply_paused: bool = False
    withdraw_paused: bool = False
    supply_rate: int = _at_full_use(SUPPLY_LINE)
    borrow_rate: int = _at_full_use(BORROW_LINE)
    used: int | None = None
    told_supply: int | None = None
    told_borrow: int | None = None

    @property
    def supply_worth(self) -> int:
        """What `totalSupply` says, when nothing is left to accrue."""
        return self.supplied * self.supply_index // PAR

    @property
    def borrow_worth(self) -> int:
        """What `totalBorrow` says, when nothing is left to accrue."""
        return self.borrowed * self.borrow_index // PAR

    def into(self, evm: Evm) -> Evm:
        """Put the market into a chain."""
        used = self.borrow_worth * WAD // self.supply_worth if self.used is None else self.used
        totals = (
            self.supply_index,
            self.borrow_index,
            7,
            8,
            self.supplied,
            self.borrowed,
            self.updated_at,
            0,
        )
        views: dict[str, tuple[Any, ...]] = {
            "baseToken()": (self.base,),
            "baseIndexScale()": (self.scale,),
            "totalsBasic()": totals,
            "totalSupply()": (self.supply_worth if self.told_supply is None else self.told_supply,),
            "totalBorrow()": (self.borrow_worth if self.told_borrow is None else self.told_borrow,),
            "getUtilization()": (used,),
            "isSupplyPaused()": (self.supply_paused,),
            "isWithdrawPaused()": (self.withdraw_paused,),
        }
        for side, line in (("supply", SUPPLY_LINE), ("borrow", BORROW_LINE)):
            for name, value in zip(_LINE, line, strict=True):
                views[name.format(side)] = (value,)
        for signature, gives in views.items():
            evm.put(COMET, signature, gives=gives)
        evm.put(COMET, "getSupplyRate(uint256)", WAD, gives=(self.supply_rate,))
        evm.put(COMET, "getBorrowRate(uint256)", WAD, gives=(self.borrow_rate,))
        evm.put(USDC, "balanceOf(address)", COMET, gives=(self.cash,))
        return evm


# --- Moonwell ------------------------------------------------------------------------------------

MTOKEN, COMPTROLLER, MODEL, NEW_MODEL = map(account, (0x300E11, 0xC0117, 0x30DE1, 0x30DE2))
RATES = (0, 615 * 10**14 // YEAR, 9 * WAD // YEAR, 9 * WAD // 10)


@dataclass(frozen=True)
class MoonwellMarket:
    """The market M1 of the facts: 10M of cash, 40M of debt, half a million of reserves."""

    underlying: Address = USDC
    comptroller: Address = COMPTROLLER
    model: Address = MODEL
    cash: int = 10 * 10**12
    borrows: int = 40 * 10**12
    reserves: int = 5 * 10**11
    reserve_factor: int = WAD // 10
    total_shares: int = 215_217_391_304_347_826
    accrued_at: int = NOW
    borrow_rate: int = 1_575_880_571
    supply_rate: int = 1_146_094_959
    exchange_rate: int | None = None
    supply_cap: int = 0
    mint_paused: bool = False
    listed: bool = True
    share_decimals: int = 8
    known_model: bool = True

    @property
    def rate(self) -> int:
        """What `exchangeRateStored` says."""
        if self.exchange_rate is not None:
            return self.exchange_rate
        owned = self.cash + self.borrows - self.reserves
        return owned * WAD // self.total_shares if self.total_shares else 2 * 10**14

    def into(self, evm: Evm) -> Evm:
        """Put the market and what is around it into a chain."""
        views = {
            "underlying()": self.underlying,
            "comptroller()": self.comptroller,
            "interestRateModel()": self.model,
            "getCash()": self.cash,
            "totalBorrows()": self.borrows,
            "totalReserves()": self.reserves,
            "reserveFactorMantissa()": self.reserve_factor,
            "borrowIndex()": WAD,
            "accrualBlockTimestamp()": self.accrued_at,
            "exchangeRateStored()": self.rate,
            "supplyRatePerTimestamp()": self.supply_rate,
            "borrowRatePerTimestamp()": self.borrow_rate,
            "totalSupply()": self.total_shares,
            "decimals()": self.share_decimals,
        }
        for signature, value in views.items():
            evm.put(MTOKEN, signature, gives=(value,))
        evm.put(self.comptroller, "supplyCaps(address)", MTOKEN, gives=(self.supply_cap,))
        evm.put(self.comptroller, "mintGuardianPaused(address)", MTOKEN, gives=(self.mint_paused,))
        evm.put(self.comptroller, "markets(address)", MTOKEN, gives=(self.listed, 88 * WAD // 100))
        names = (
            "baseRatePerTimestamp()",
            "multiplierPerTimestamp()",
            "jumpMultiplierPerTimestamp()",
            "kink()",
        )
        for name, value in zip(names if self.known_model else (), RATES, strict=self.known_model):
            evm.put(self.model, name, gives=(value,))
        return evm
