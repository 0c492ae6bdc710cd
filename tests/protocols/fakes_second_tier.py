"""Fluid, Euler and Sky put into the dictionary chain."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from eth_abi import encode
from eth_utils import keccak

from mammon.core.types import Address
from tests.core.fluid_reference import PRICE, Layer, big, filled, rate_data, small
from tests.core.test_curves_power import RAY, reference
from tests.protocols.fakes import MAX, NOW, USDC, ZERO, Evm, account
from tests.protocols.fakes_vaults import ANYONE

MILLION = 10**12

# --- Fluid ---------------------------------------------------------------------------------------

F_TOKEN, LAYER = account(0xF70), account(0xF71)
FLUID_POINTS = [(0, 0), (8_500, 600), (9_300, 800), (10_000, 4_000)]


def mapped(key: Address, slot: int) -> bytes:
    """Return the slot of a mapping's entry."""
    return keccak(encode(["address", "uint256"], [key, slot]))


def mapped_twice(first: Address, second: Address, slot: int) -> bytes:
    """Return the slot of an entry of a mapping of mappings."""
    return keccak(encode(["address", "bytes32"], [second, mapped(first, slot)]))


def fluid_layer(updated_at: int = NOW - 3_600) -> Layer:
    """Sixty-six million supplied with interest, four fifths lent; eleven of it ours, above its floor."""
    layer = Layer(0, rate_data(FLUID_POINTS), 0, 1)
    for place, amount in enumerate((60 * MILLION, 0, 44 * MILLION, 0)):
        layer.totals = filled(layer.totals, 64 * place, 64, big(amount))
    for low, size, value in (
        (1, 64, big(10 * MILLION)), (65, 64, big(9 * MILLION)), (129, 33, NOW - 3_600),
        (162, 14, 2_000), (176, 24, 43_200), (200, 18, big(MILLION, 10)),
    ):  # fmt: skip
        layer.own = filled(layer.own, low, size, value)
    for low, size, value in (
        (0, 16, layer.borrow_rate(8_000)), (16, 14, 1_000), (30, 14, 8_000), (44, 14, 30),
        (58, 33, updated_at), (91, 64, PRICE * 11 // 10), (155, 64, PRICE * 12 // 10),
    ):  # fmt: skip
        layer.prices = filled(layer.prices, low, size, value)
    return layer


@dataclass
class FToken:
    """An fToken and the layer under it."""

    layer: Layer = field(default_factory=fluid_layer)
    asset: Address = USDC
    share_decimals: int = 6
    status: int = 1
    lends_to: Address = LAYER
    liquid: int = 12 * MILLION
    unfunded: int = 0
    price_off: int = 0
    held_off: int = 0
    now: int = NOW

    @property
    def price(self) -> int:
        """The layer's exchange price of supply."""
        return self.layer.grown(self.now)[0]

    @property
    def held(self) -> int:
        """What the fToken has at the layer."""
        return small(self.layer.own >> 1 & 2**64 - 1) * self.price // PRICE

    def into(self, evm: Evm) -> Evm:
        """Put both into a chain."""
        evm.put(F_TOKEN, "asset()", gives=(self.asset,))
        evm.put(F_TOKEN, "decimals()", gives=(self.share_decimals,))
        evm.put(F_TOKEN, "totalAssets()", gives=(self.held + self.unfunded,))
        data = (
            self.lends_to, account(1), ZERO, account(2), account(3), False,
            self.held + self.held_off, self.price + self.price_off, PRICE * 108 // 100,
        )  # fmt: skip
        evm.put(F_TOKEN, "getData()", gives=data)
        words = {
            (1).to_bytes(32, "big"): self.status,
            mapped(USDC, 5): self.layer.prices,
            mapped(USDC, 6): self.layer.rates,
            mapped(USDC, 7): self.layer.totals,
            mapped_twice(F_TOKEN, USDC, 8): self.layer.own,
        }
        for slot, word in words.items():
            evm.put(LAYER, "readFromStorage(bytes32)", slot, gives=(word,))
        evm.put(USDC, "balanceOf(address)", LAYER, gives=(self.liquid,))
        return evm


# --- Euler ---------------------------------------------------------------------------------------

E_VAULT, E_IRM, E_FACTORY, E_PERSPECTIVE = map(account, (0xE0, 0xE1, 0xE2, 0xE3))
E_KINK = {"baseRate()": 10**16, "slope1()": 461_000_000, "slope2()": 8_000_000_000, "kink()": 3_865_470_566}


@dataclass(frozen=True)
class EVault:
    """Twenty million of cash, eighty lent; a cap of 150 million."""

    asset: Address = USDC
    cash: int = 20 * MILLION
    owed: int = 80 * MILLION * 2**31
    total_off: int = 0
    caps: tuple[int, int] = (150 << 6 | 14, 0)
    hooks: tuple[Address, int] = (ZERO, 0)
    irm: Address = E_IRM
    model: dict[str, int] = field(default_factory=lambda: dict(E_KINK))
    probe_off: int = 0
    is_proxy: bool = True
    verified: bool | None = True
    max_deposit: int = 49_999_999_999_999
    liquid: int = 30 * MILLION
    index: int = 105 * RAY // 100

    def rate(self, cash: int, borrows: int) -> int:
        """What the rate model computes."""
        used = borrows * (2**32 - 1) // (cash + borrows)
        base, slope1, slope2, kink = E_KINK.values()
        return base + min(used, kink) * slope1 + max(0, used - kink) * slope2

    def into(self, evm: Evm) -> Evm:
        """Put the vault into a chain."""
        views: dict[str, Any] = {
            "asset()": self.asset,
            "interestRateModel()": self.irm,
            "cash()": self.cash,
            "totalBorrowsExact()": self.owed,
            "interestRate()": 1585489599188229325,
            "interestAccumulator()": 11 * RAY // 10,
            "interestFee()": 1_000,
            "totalAssets()": self.cash + -(-self.owed // 2**31) + self.total_off,
        }
        for signature, value in views.items():
            evm.put(E_VAULT, signature, gives=(value,))
        evm.put(E_VAULT, "caps()", gives=self.caps)
        evm.put(E_VAULT, "hookConfig()", gives=self.hooks)
        evm.put(E_VAULT, "maxDeposit(address)", ANYONE, gives=(self.max_deposit,))
        evm.put(E_VAULT, "convertToAssets(uint256)", 10**27, gives=(self.index,))
        evm.put(E_FACTORY, "isProxy(address)", E_VAULT, gives=(self.is_proxy,))
        if self.verified is not None:
            evm.put(E_PERSPECTIVE, "isVerified(address)", E_VAULT, gives=(self.verified,))
        evm.put(USDC, "balanceOf(address)", E_VAULT, gives=(self.liquid,))
        for signature, value in self.model.items():
            evm.put(E_IRM, signature, gives=(value,))
        for cash, borrows in ((10**12, 0), (5 * 10**11, 5 * 10**11), (10**11, 9 * 10**11), (0, 10**12)):
            told = self.rate(cash, borrows) + self.probe_off
            asked = "computeInterestRateView(address,uint256,uint256)"
            evm.put(E_IRM, asked, E_VAULT, cash, borrows, gives=(told,))
        return evm


# --- Sky -----------------------------------------------------------------------------------------

S_VAULT, S_PSM, S_ORACLE, S_POCKET = map(account, (0x50, 0x51, 0x52, 0x53))
SSR = 1000000001547125957863212448


@dataclass(frozen=True)
class SavingsVault:
    """Forty million saved; the pocket, an account of its own, has six million to pay out."""

    asset: Address = USDC
    share_decimals: int = 18
    psm: Address = S_PSM
    pocket: Address = S_POCKET
    ssr: int = SSR
    chi: int = 108 * RAY // 100
    rho: int = NOW - 86_400
    index_off: int = 0
    total_assets: int = 40 * MILLION
    max_deposit: int = 90 * MILLION
    liquid: int = 6 * MILLION
    allowed: int = MAX

    @property
    def index(self) -> int:
        """What the pool converts at."""
        power = reference(self.ssr, NOW - self.rho, RAY) if self.rho <= NOW else RAY
        assert power is not None
        return power * self.chi // RAY

    def into(self, evm: Evm) -> Evm:
        """Put the vault, the pool and the oracle into a chain."""
        evm.put(S_VAULT, "asset()", gives=(self.asset,))
        evm.put(S_VAULT, "decimals()", gives=(self.share_decimals,))
        evm.put(S_VAULT, "psm()", gives=(self.psm,))
        evm.put(S_PSM, "pocket()", gives=(self.pocket,))
        evm.put(S_ORACLE, "getSSR()", gives=(self.ssr,))
        evm.put(S_ORACLE, "getChi()", gives=(self.chi,))
        evm.put(S_ORACLE, "getRho()", gives=(self.rho,))
        evm.put(S_VAULT, "totalAssets()", gives=(self.total_assets,))
        evm.put(S_VAULT, "maxDeposit(address)", ANYONE, gives=(self.max_deposit,))
        evm.put(S_VAULT, "convertToAssets(uint256)", 10**39, gives=(self.index + self.index_off,))
        evm.put(USDC, "balanceOf(address)", self.pocket, gives=(self.liquid,))
        evm.put(USDC, "allowance(address,address)", self.pocket, S_PSM, gives=(self.allowed,))
        return evm


def changed(layer: Layer, *fields: tuple[str, int, int, int]) -> Layer:
    """Return a layer with (word, place, size, value) put in."""
    found = replace(layer)
    for word, low, size, value in fields:
        setattr(found, word, filled(getattr(found, word), low, size, value))
    return found
