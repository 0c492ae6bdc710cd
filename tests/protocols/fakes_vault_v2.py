"""A Morpho Vault V2 put into the dictionary chain: idle money, a market adapter, a vault adapter."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from eth_abi import encode
from eth_utils import keccak

from mammon.core.fixed import RAY, WAD
from mammon.core.types import Address, Hint, Market, MarketState
from mammon.protocols.vault_v2 import VaultV2
from tests.protocols.fakes import NOW, USDC, Evm, account, base_evm, market
from tests.protocols.fakes_vaults import (
    ANYONE,
    FIRST,
    IRM,
    META,
    MORPHO,
    SECOND,
    UNIT,
    BlueMarket,
    MetaVault,
)

V2, FACTORY, LENDER, HOLDER, STRANGE = map(account, (0x5EC0D, 0xFAC7, 0x1E4D, 0x401D, 0x0DD))
VENUE = VaultV2()
MARKET: Market = market("vault_v2", V2, factory=FACTORY, irm=IRM, morpho=MORPHO)
MILLION = 10**12
INNER = MetaVault(supply_queue=(SECOND,), withdraw_queue=(SECOND,))
GATES = ("canReceiveShares", "canSendAssets", "canSendShares", "canReceiveAssets")
_PARAMS = "(address,address,address,address,uint256)"


def ids(adapter: Address, entry: BlueMarket | None) -> tuple[bytes, ...]:
    """Return the ids of caps, by eth_abi."""
    own = keccak(encode(["string", "address"], ["this", adapter]))
    if entry is None:
        return (own,)
    collateral = encode(["string", "address"], ["collateralToken", entry.params[1]])
    itself = encode(["string", "address", _PARAMS], ["this/marketParams", adapter, entry.params])
    return own, keccak(collateral), keccak(itself)


@dataclass(frozen=True)
class Vault:
    """20M idle, 50M of FIRST, 10M of shares of a MetaMorpho vault; deposits go to FIRST."""

    idle: int = 20 * MILLION
    lent: dict[BlueMarket, int] = field(default_factory=lambda: {FIRST: 50 * MILLION})
    held: int = 10 * MILLION
    """Of the inner vault's shares, at par."""
    inner: MetaVault = INNER
    liquidity: Address = LENDER
    data: bytes = encode([_PARAMS], [FIRST.params])
    cap: int = 60 * MILLION
    relative: int = WAD
    shut: tuple[str, ...] = ()
    adapters: tuple[Address, ...] = (LENDER, HOLDER)
    made_here: bool = True
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def worth(self) -> dict[Address, int]:
        """What each adapter says it holds."""
        lent = sum(
            amount * 10**6 * (entry.supply + 1) // (entry.supply * 10**6 + 10**6)
            for entry, amount in self.lent.items()
        )
        total = self.inner.total_assets
        held = self.held * UNIT * (total + 1) // (self.inner.total_shares + UNIT)
        return {LENDER: lent, HOLDER: held, STRANGE: 7 * MILLION}

    @property
    def total(self) -> int:
        """What the vault says it stands for."""
        return self.idle + sum(self.worth[address] for address in self.adapters)

    def into(self, evm: Evm) -> Evm:
        """Put it all into a chain."""
        inner = self.inner.into(evm)
        views: dict[str, Any] = {
            "asset()": USDC, "decimals()": 18, "_totalAssets()": self.total, "lastUpdate()": NOW,
            "maxRate()": 2 * WAD // 31_536_000, "performanceFee()": WAD // 10, "managementFee()": 0,
            "totalAssets()": self.total, "totalSupply()": self.total * UNIT,
            "adaptersLength()": len(self.adapters), "liquidityAdapter()": self.liquidity, **self.extra,
        }  # fmt: skip
        for signature, value in views.items():
            inner.put(V2, signature, gives=(value,))
        for place, address in enumerate(self.adapters):
            evm.put(V2, "adapters(uint256)", place, gives=(address,))
            evm.put(V2, "forceDeallocatePenalty(address)", address, gives=(WAD // 100,))
            evm.put(address, "realAssets()", gives=(self.worth[address],))
        evm.raw(V2, "liquidityData()", (), encode(["bytes"], [self.data]))
        evm.put(V2, "convertToAssets(uint256)", 10**39, gives=(RAY,))
        evm.put(FACTORY, "isVaultV2(address)", V2, gives=(self.made_here,))
        evm.put(USDC, "balanceOf(address)", V2, gives=(self.idle,))
        for gate in GATES:
            evm.put(V2, f"{gate}(address)", ANYONE, gives=(gate not in self.shut,))
        self._lender(evm)
        evm.put(HOLDER, "morphoVaultV1()", gives=(META,))
        evm.put(META, "balanceOf(address)", HOLDER, gives=(self.held * UNIT,))
        self._caps(evm, ids(HOLDER, None), self.worth[HOLDER])
        return evm

    def _lender(self, evm: Evm) -> None:
        evm.put(LENDER, "morpho()", gives=(MORPHO,))
        evm.put(LENDER, "adaptiveCurveIrm()", gives=(IRM,))
        booked = [entry for entry, amount in self.lent.items() if amount]
        evm.put(LENDER, "marketIdsLength()", gives=(len(booked),))
        for place, entry in enumerate(booked):
            evm.put(LENDER, "marketIds(uint256)", place, gives=(entry.identity,))
        for entry, amount in self.lent.items():
            entry.into(evm)
            evm.put(LENDER, "supplyShares(bytes32)", entry.identity, gives=(amount * 10**6,))
            self._caps(evm, ids(LENDER, entry), amount)

    def _caps(self, evm: Evm, identities: tuple[bytes, ...], allocation: int) -> None:
        for each in identities:
            evm.put(V2, "allocation(bytes32)", each, gives=(allocation,))
            evm.put(V2, "absoluteCap(bytes32)", each, gives=(self.cap,))
            evm.put(V2, "relativeCap(bytes32)", each, gives=(self.relative,))


VAULT = Vault()


def state(vault: Vault = VAULT, hint: Hint | None = None) -> MarketState:
    """Read a vault."""
    found = vault.into(base_evm()).run(VENUE.read_market(MARKET, hint))
    assert isinstance(found, MarketState)
    return found


def over_inner(**changes: Any) -> Vault:
    """Return a vault whose liquidity lies in the inner vault."""
    return replace(VAULT, liquidity=HOLDER, data=b"", **changes)
