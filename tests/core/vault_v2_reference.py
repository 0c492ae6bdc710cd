"""A second implementation of Morpho Vault V2: its storage, changed by its own functions one after another.

Written from the contracts' sources, sharing no code with `core.curves`: ids and caps are a table, adapters
answer `allocate` and `deallocate` with ids and a change, and a transaction accrues interest once.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from fractions import Fraction

from tests.core.curves_reference import WAD, Blue, Vault


class RevertError(Exception):
    """Say why the contract would revert."""


def down(x: int, y: int, divisor: int) -> int:
    return math.floor(Fraction(x * y, divisor))


def up(x: int, y: int, divisor: int) -> int:
    return math.ceil(Fraction(x * y, divisor))


@dataclass
class Markets:
    """`MorphoMarketV1AdapterV2`: its markets by name, its own count of shares in each."""

    name: str
    markets: dict[str, Blue]
    shares: dict[str, int]
    collateral: dict[str, str]
    penalty: int = 0

    def touch(self, now: int) -> None:
        for market in self.markets.values():
            market.touch(now)

    def expected(self, market: str) -> int:
        blue = self.markets[market]
        return down(self.shares[market], blue.assets + 1, blue.shares + 10**6)

    def real(self, _vault: VaultV2) -> int:
        return sum(self.expected(market) for market in self.markets)

    def ids(self, market: str) -> tuple[str, ...]:
        return f"this {self.name}", f"collateral {self.collateral[market]}", f"market {self.name} {market}"

    def allocate(self, vault: VaultV2, market: str, assets: int) -> tuple[tuple[str, ...], int]:
        if assets:
            minted = self.markets[market].supply(assets)
            if minted < assets:
                raise RevertError("SharePriceAboveOne")
            self.shares[market] += minted
        return self._changed(vault, market)

    def deallocate(self, vault: VaultV2, market: str, assets: int) -> tuple[tuple[str, ...], int]:
        if assets:
            blue = self.markets[market]
            burnt = up(assets, blue.shares + 10**6, blue.assets + 1)
            if burnt > self.shares[market]:
                raise RevertError("underflow")
            blue.assets -= assets
            blue.shares -= burnt
            if blue.borrowed > blue.assets:
                raise RevertError("insufficient liquidity")
            self.shares[market] -= burnt
        return self._changed(vault, market)

    def _changed(self, vault: VaultV2, market: str) -> tuple[tuple[str, ...], int]:
        ids = self.ids(market)
        return ids, self.expected(market) - vault.allocation.get(ids[2], 0)

    def rate(self, market: str) -> int:
        return self.markets[market].earning()


@dataclass
class Nested:
    """`MorphoVaultV1Adapter`: shares of a MetaMorpho vault."""

    name: str
    vault: Vault
    shares: int
    penalty: int = 0

    def touch(self, now: int) -> None:
        self.vault.touch(now)

    def worth(self) -> int:
        minted, total, _ = self.vault.accrued()
        return down(self.shares, total + 1, self.vault.supply + minted + 10**self.vault.offset)

    def real(self, vault: VaultV2) -> int:
        return self.worth() if vault.allocation.get(self.ids("")[0], 0) else 0

    def ids(self, _market: str) -> tuple[str, ...]:
        return (f"this {self.name}",)

    def allocate(self, vault: VaultV2, market: str, assets: int) -> tuple[tuple[str, ...], int]:
        if assets:
            now = max(blue.time for blue in self.vault.markets)
            try:
                self.shares += self.vault.enter(assets, now)
            except OverflowError as error:
                raise RevertError("AllCapsReached") from error
        return self.ids(market), self.worth() - vault.allocation.get(self.ids(market)[0], 0)

    def deallocate(self, vault: VaultV2, market: str, assets: int) -> tuple[tuple[str, ...], int]:
        if assets:
            self._leave(assets)
        return self.ids(market), self.worth() - vault.allocation.get(self.ids(market)[0], 0)

    def _leave(self, assets: int) -> None:
        """Run the vault's `withdraw`."""
        inner = self.vault
        minted, total, inner.lost = inner.accrued()
        inner.supply += minted
        burnt = up(assets, inner.supply + 10**inner.offset, total + 1)
        if burnt > self.shares:
            raise RevertError("ERC4626ExceededMaxWithdraw")
        inner.last = max(0, total - assets)
        left = assets
        for place, blue in enumerate(inner.markets):
            taken = min(inner.worth(place), blue.assets - blue.borrowed, left)
            if taken > 0:
                spent = up(taken, blue.shares + 10**6, blue.assets + 1)
                blue.assets -= taken
                blue.shares -= spent
                inner.held[place] -= spent
                left -= taken
        if left:
            raise RevertError("NotEnoughLiquidity")
        self.shares -= burnt
        inner.supply -= burnt

    def rate(self, _market: str) -> int:
        return self.vault.net()


@dataclass
class VaultV2:
    """The vault's storage."""

    stored: int
    last_update: int
    max_rate: int
    performance_fee: int
    management_fee: int
    supply: int
    offset: int
    idle: int
    adapters: list[Markets | Nested]
    liquidity: tuple[int, str] | None
    """The liquidity adapter's position and its market's name."""
    allocation: dict[str, int] = field(default_factory=dict)
    absolute: dict[str, int] = field(default_factory=dict)
    relative: dict[str, int] = field(default_factory=dict)
    first: int | None = None
    """`firstTotalAssets`, of the transaction under way."""

    @property
    def unit(self) -> int:
        return 10**self.offset

    def view(self, now: int) -> tuple[int, int, int]:
        """Return `accrueInterestView()`: new total assets and both fees' shares."""
        if self.first is not None:
            return self.stored, 0, 0
        for adapter in self.adapters:
            adapter.touch(now)
        elapsed = now - self.last_update
        real = self.idle + sum(adapter.real(self) for adapter in self.adapters)
        total = min(real, self.stored + down(self.stored * elapsed, self.max_rate, WAD))
        interest = max(total - self.stored, 0)
        performance = down(interest, self.performance_fee, WAD)
        management = down(total * elapsed, self.management_fee, WAD)
        kept = total - performance - management
        if kept < 0:
            raise RevertError("underflow")
        each = [down(fee, self.supply + self.unit, kept + 1) for fee in (performance, management)]
        return total, each[0], each[1]

    def accrue(self, now: int) -> None:
        total, performance, management = self.view(now)
        self.stored = total
        if self.first is None:
            self.first = total
        self.supply += performance + management
        self.last_update = now

    def deposit(self, assets: int, now: int) -> int:
        """Run one transaction that deposits; return the shares."""
        self.first = None
        self.accrue(now)
        shares = down(assets, self.supply + self.unit, self.stored + 1)
        self.idle += assets
        self.supply += shares
        self.stored += assets
        if self.liquidity is not None:
            self._allocate(*self.liquidity, assets)
        self.first = None
        return shares

    def withdraw(self, assets: int, now: int) -> int:
        """Run one transaction that withdraws; return the shares burnt."""
        self.first = None
        self.accrue(now)
        shares = up(assets, self.supply + self.unit, self.stored + 1)
        if assets > self.idle and self.liquidity is not None:
            self._deallocate(*self.liquidity, assets - self.idle)
        if shares > self.supply or assets > self.stored or assets > self.idle:
            raise RevertError("underflow")
        self.supply -= shares
        self.stored -= assets
        self.idle -= assets
        self.first = None
        return shares

    def _allocate(self, place: int, market: str, assets: int) -> None:
        self.idle -= assets
        ids, change = self.adapters[place].allocate(self, market, assets)
        assert self.first is not None
        for each in ids:
            self.allocation[each] = self.allocation.get(each, 0) + change
            if self.allocation[each] < 0:
                raise RevertError("CastOverflow")
            if self.absolute.get(each, 0) == 0:
                raise RevertError("ZeroAbsoluteCap")
            if self.allocation[each] > self.absolute[each]:
                raise RevertError("AbsoluteCapExceeded")
            relative = self.relative.get(each, 0)
            if relative != WAD and self.allocation[each] > down(self.first, relative, WAD):
                raise RevertError("RelativeCapExceeded")

    def _deallocate(self, place: int, market: str, assets: int) -> None:
        ids, change = self.adapters[place].deallocate(self, market, assets)
        for each in ids:
            if self.allocation.get(each, 0) <= 0:
                raise RevertError("ZeroAllocation")
            self.allocation[each] += change
            if self.allocation[each] < 0:
                raise RevertError("CastOverflow")
        self.idle += assets

    def price(self, now: int) -> int:
        """Return `convertToAssets(10**(27 + offset))`."""
        total, performance, management = self.view(now)
        shares = 10 ** (27 + self.offset)
        return down(shares, total + 1, self.supply + performance + management + self.unit)

    def net(self, now: int) -> int:
        """Return the holders' growth per second, by the documented formula."""
        total = self.view(now)[0]
        gross = 0
        for adapter in self.adapters:
            if isinstance(adapter, Markets):
                gross += sum(adapter.expected(each) * adapter.rate(each) for each in adapter.markets)
            else:
                gross += adapter.real(self) * adapter.rate("")
        gross = min(math.floor(Fraction(gross, total)) if total > 0 else 0, self.max_rate)
        return math.floor(Fraction(gross * (WAD - self.performance_fee), WAD)) - self.management_fee
