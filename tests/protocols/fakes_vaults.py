"""Vaults put into the dictionary chain: a plain ERC-4626, and MetaMorpho over Morpho Blue markets."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from eth_abi import encode
from eth_utils import keccak

from mammon.core.fixed import RAY
from mammon.core.types import Address
from tests.protocols.fakes import MAX, NOW, USDC, ZERO, Evm, account

ANYONE = Address("0x000000000000000000000000000000000000dEaD")


# --- ERC-4626 ------------------------------------------------------------------------------------

VAULT = account(0x4626)


@dataclass(frozen=True)
class Vault:
    """A vault whose whole share of 18 decimals is worth 1.05 USDC."""

    asset: Address = USDC
    share_decimals: int = 18
    total_assets: int = 5_000_000_000_000
    worth: int = 1_050_000
    """Of 10**18 share units."""
    precise: int | None = 1_050_000_123_456_789_012_345_678
    """Of 10**36 share units; None reverts."""
    max_deposit: int = MAX
    paused: bool | None = None
    liquid: int = 2_000_000_000_000
    holder: Address = VAULT

    def into(self, evm: Evm) -> Evm:
        """Put the vault into a chain."""
        evm.put(VAULT, "asset()", gives=(self.asset,))
        evm.put(VAULT, "decimals()", gives=(self.share_decimals,))
        evm.put(VAULT, "totalAssets()", gives=(self.total_assets,))
        evm.put(VAULT, "convertToAssets(uint256)", 10**18, gives=(self.worth,))
        if self.precise is not None:
            evm.put(VAULT, "convertToAssets(uint256)", 10**36, gives=(self.precise,))
        evm.put(VAULT, "maxDeposit(address)", ANYONE, gives=(self.max_deposit,))
        if self.paused is not None:
            evm.put(VAULT, "paused()", gives=(self.paused,))
        evm.put(USDC, "balanceOf(address)", self.holder, gives=(self.liquid,))
        return evm


# --- MetaMorpho ----------------------------------------------------------------------------------

META, MORPHO, IRM, OTHER_IRM = map(account, (0x4E7A, 0xB10E, 0x12A, 0xBAD12A))
RATE_AT_TARGET = 1_268_391_679
UNIT = 10**12
"""Share units per unit of USDC at par."""


@dataclass(frozen=True)
class BlueMarket:
    """A Morpho Blue market at par: a million share units per unit of assets, accrued to now."""

    number: int
    supply: int = 60_000_000_000_000
    borrow: int = 54_000_000_000_000
    vault_assets: int = 50_000_000_000_000
    cap: int = 80_000_000_000_000
    irm: Address = IRM
    rate: int = RATE_AT_TARGET
    updated_at: int = NOW
    fee: int = 0
    enabled: bool = True

    @property
    def params(self) -> tuple[Address, Address, Address, Address, int]:
        """What defines the market."""
        if self.irm == ZERO:
            return USDC, ZERO, ZERO, ZERO, 0
        return USDC, account(0xC011 + self.number), account(0x04AC + self.number), self.irm, 86 * 10**16

    @property
    def identity(self) -> bytes:
        """Its id, by eth_abi."""
        return keccak(encode(["address"] * 4 + ["uint256"], self.params))

    @property
    def held(self) -> int:
        """What the vault's shares are worth, by Morpho's own formula."""
        return self.vault_assets * 10**6 * (self.supply + 1) // (self.supply * 10**6 + 10**6)

    @property
    def hint_item(self) -> str:
        """How the adapter's hint writes the market."""
        return ",".join(map(str, self.params[1:]))

    def into(self, evm: Evm) -> None:
        """Put the market into a chain."""
        key = self.identity
        totals = (
            self.supply,
            self.supply * 10**6,
            self.borrow,
            self.borrow * 10**6,
            self.updated_at,
            self.fee,
        )
        evm.put(MORPHO, "market(bytes32)", key, gives=totals)
        evm.put(MORPHO, "position(bytes32,address)", key, META, gives=(self.vault_assets * 10**6, 0, 0))
        evm.put(MORPHO, "idToMarketParams(bytes32)", key, gives=self.params)
        evm.put(IRM, "rateAtTarget(bytes32)", key, gives=(self.rate if self.irm == IRM else 0,))
        evm.put(META, "config(bytes32)", key, gives=(self.cap, self.enabled, 0))


FIRST = BlueMarket(1)
SECOND = BlueMarket(2, supply=40_000_000_000_000, borrow=30_000_000_000_000, vault_assets=30_000_000_000_000)
IDLE = BlueMarket(3, supply=5_000_000_000_000, borrow=0, vault_assets=5_000_000_000_000, irm=ZERO)


@dataclass(frozen=True)
class MetaVault:
    """A vault of 85M over two markets and an idle one; V1.0 unless it has lost assets to tell."""

    supply_queue: tuple[BlueMarket, ...] = (FIRST, SECOND)
    withdraw_queue: tuple[BlueMarket, ...] = (SECOND, FIRST, IDLE)
    asset: Address = USDC
    share_decimals: int = 18
    morpho: Address = MORPHO
    fee: int = 10**17
    lost: int | None = None
    stored_lost: int | None = None
    """What `lostAssets` says, where the loss of this block is not stored yet."""
    liquid: int = 400_000_000_000_000
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def total_assets(self) -> int:
        """What the vault says it stands for."""
        return sum(entry.held for entry in self.withdraw_queue) + (self.lost or 0)

    @property
    def total_shares(self) -> int:
        """At par."""
        return self.total_assets * UNIT

    @property
    def hint(self) -> tuple[str, ...]:
        """The items of the hint a read of this vault leaves."""
        lengths = (str(len(self.supply_queue)), str(len(self.withdraw_queue)))
        entries = dict.fromkeys((*self.withdraw_queue, *self.supply_queue))
        return ("metamorpho", *lengths, *(entry.hint_item for entry in entries))

    def into(self, evm: Evm) -> Evm:
        """Put the vault and its markets into a chain."""
        stored = self.lost if self.stored_lost is None else self.stored_lost
        views: dict[str, Any] = {
            "asset()": self.asset,
            "decimals()": self.share_decimals,
            "MORPHO()": self.morpho,
            "fee()": self.fee,
            "totalAssets()": self.total_assets,
            "lastTotalAssets()": self.total_assets,
            "totalSupply()": self.total_shares,
            "supplyQueueLength()": len(self.supply_queue),
            "withdrawQueueLength()": len(self.withdraw_queue),
            **({} if stored is None else {"lostAssets()": stored}),
            **self.extra,
        }
        for signature, value in views.items():
            evm.put(META, signature, gives=(value,))
        evm.put(META, "convertToAssets(uint256)", 10**39, gives=(RAY,))
        evm.put(USDC, "balanceOf(address)", MORPHO, gives=(self.liquid,))
        for name, queue in (("supplyQueue", self.supply_queue), ("withdrawQueue", self.withdraw_queue)):
            for place, entry in enumerate(queue):
                evm.put(META, f"{name}(uint256)", place, gives=(entry.identity,))
                entry.into(evm)
        return evm


def changed(entry: BlueMarket, **fields: Any) -> BlueMarket:
    """Return a market with other figures."""
    return replace(entry, **fields)
