"""A MetaMorpho vault: it spreads deposits over Morpho markets in the order of two queues."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from mammon.core.curves.morpho import assets_up
from mammon.core.fixed import WAD
from mammon.core.numbers import Wad
from mammon.core.types import Address
from mammon.sim.contracts.encoding import Reverted, custom, panic
from mammon.sim.contracts.erc4626 import Vault
from mammon.sim.contracts.machine import Frame, external
from mammon.sim.contracts.morpho import MarketTerms, Morpho

_OUT_OF_BOUNDS = 0x32
_TIMELOCK_S = 3 * 86_400


@dataclass(frozen=True, slots=True)
class VaultTerms:
    """What the curator has set."""

    name: str
    symbol: str
    version: Literal["1.0", "1.1"]
    fee: Wad
    supply_queue: tuple[MarketTerms, ...]
    withdraw_queue: tuple[MarketTerms, ...]
    caps: tuple[int, ...]
    """Of each market of the withdraw queue, in the asset's base units."""


class MetaMorpho(Vault):
    """The vault. Shares have 18 decimals; fee shares go to the recipient at each touch."""

    def __init__(
        self, address: Address, terms: VaultTerms, morpho: Morpho, fee_recipient: Address, keeper: Address
    ) -> None:
        asset = morpho.asset
        super().__init__(address, terms.name, terms.symbol, asset, offset=18 - asset.places)
        self.terms, self.morpho, self.fee_recipient = terms, morpho, fee_recipient
        self.constant("3acb5624", "MORPHO()", morpho.address)
        self.constant("ddca3f43", "fee()", terms.fee)
        self.constant("46904840", "feeRecipient()", fee_recipient)
        self.constant("aea70acc", "DECIMALS_OFFSET()", self.places - asset.places)
        self.constant("8da5cb5b", "owner()", keeper)
        self.constant("e66f53b7", "curator()", keeper)
        self.constant("452a9320", "guardian()", keeper)
        self.constant("d33219b4", "timelock()", _TIMELOCK_S)
        self.constant("a17b3130", "supplyQueueLength()", len(terms.supply_queue))
        self.constant("33f91ebb", "withdrawQueueLength()", len(terms.withdraw_queue))
        self.caps = dict(zip((entry.id for entry in terms.withdraw_queue), terms.caps, strict=True))

    # --- the vault's side of ERC-4626 --------------------------------------------------------------

    def totals(self, frame: Frame) -> tuple[int, int]:
        """Return total assets and total shares, the fee of the interest since the last touch included."""
        assets, minted = self._settled(frame)
        return assets, self.minted(frame) + minted

    def accrue(self, frame: Frame) -> tuple[int, int]:
        """Mint the fee's shares and return the totals."""
        assets, minted = self._settled(frame)
        if minted:
            self.mint(frame, self.fee_recipient, minted)
        self._remember(frame, assets)
        return assets, self.minted(frame)

    def room(self, frame: Frame) -> int:
        """Return what the caps of the supply queue leave."""
        return sum(self._room(frame, entry) for entry in self.terms.supply_queue)

    def liquid(self, frame: Frame) -> int:
        """Return what the markets could pay out of the vault's holdings."""
        return sum(self._liquid(frame, entry) for entry in self.terms.withdraw_queue)

    def invest(self, frame: Frame, amount: int) -> None:
        """Fill the supply queue."""
        total = self._last(frame) + amount
        for entry in self.terms.supply_queue:
            part = min(amount, self._room(frame, entry))
            if part:
                self.morpho.supply(frame, entry, self.address, part)
                amount -= part
        if amount:
            raise custom("ded0652d")  # AllCapsReached()
        self._remember(frame, total)

    def divest(self, frame: Frame, amount: int) -> None:
        """Empty the withdraw queue as far as needed."""
        total = self._last(frame) - amount
        for entry in self.terms.withdraw_queue:
            part = min(amount, self._liquid(frame, entry))
            if part:
                self.morpho.withdraw(frame, entry, self.address, part, self.address)
                amount -= part
        if amount:
            raise custom("4323a555")  # NotEnoughLiquidity()
        self._remember(frame, max(0, total))

    def holdings(self, frame: Frame) -> list[int]:
        """Return what the vault has in each market of the withdraw queue."""
        return [
            self.morpho.held(frame, entry, self.address, self.morpho.accrued(frame, entry))
            for entry in self.terms.withdraw_queue
        ]

    # --- pieces ------------------------------------------------------------------------------------

    def _settled(self, frame: Frame) -> tuple[int, int]:
        """Return total assets and the fee's shares not minted yet."""
        total = sum(self.holdings(frame)) + self._lost(frame)
        interest = max(0, total - self._last(frame))
        fee = interest * self.terms.fee // WAD
        return total, fee * (self.minted(frame) + self.unit) // (total - fee + 1)

    def _last(self, frame: Frame) -> int:
        return int(frame.storage.get(self.key("last_total_assets")))

    def _lost(self, frame: Frame) -> int:
        return int(frame.storage.get(self.key("lost_assets")))

    def _remember(self, frame: Frame, assets: int) -> None:
        frame.storage.put(self.key("last_total_assets"), assets)

    def _room(self, frame: Frame, entry: MarketTerms) -> int:
        market = self.morpho.accrued(frame, entry)
        shares = self.morpho.shares(frame, entry, self.address)
        return max(0, self.caps[entry.id] - assets_up(shares, market.supply_assets, market.supply_shares))

    def _liquid(self, frame: Frame, entry: MarketTerms) -> int:
        market = self.morpho.accrued(frame, entry)
        held = self.morpho.held(frame, entry, self.address, market)
        return min(held, market.supply_assets - market.borrow_assets)

    def _too_much_in(self, _owner: Address, _assets: int, _room: int) -> Exception:
        return custom("ded0652d")  # AllCapsReached(): the vault itself never asks maxDeposit

    # --- external ----------------------------------------------------------------------------------

    @external("568efc07", "lastTotalAssets()")
    def last_total_assets(self, frame: Frame) -> int:
        return self._last(frame)

    @external("21cb4b14", "lostAssets()")
    def lost_assets(self, frame: Frame) -> int:
        if self.terms.version == "1.0":
            raise Reverted
        return self._lost(frame)

    @external("f7d18521", "supplyQueue(uint256)")
    def supply_queue(self, _frame: Frame, position: int) -> bytes:
        return _at(self.terms.supply_queue, position)

    @external("62518ddf", "withdrawQueue(uint256)")
    def withdraw_queue(self, _frame: Frame, position: int) -> bytes:
        return _at(self.terms.withdraw_queue, position)

    @external("cc718f76", "config(bytes32)")
    def config(self, _frame: Frame, market_id: bytes) -> tuple[int, ...]:
        cap = self.caps.get(market_id)
        return (0, 0, 0) if cap is None else (cap, 1, 0)

    @external("a31be5d6", "pendingCap(bytes32)")
    def pending_cap(self, _frame: Frame, _market_id: bytes) -> tuple[int, int]:
        return 0, 0


def _at(queue: tuple[MarketTerms, ...], position: int) -> bytes:
    if position >= len(queue):
        raise panic(_OUT_OF_BOUNDS)
    return queue[position].id
