"""Morpho Blue: one contract, many isolated markets, and its adaptive rate model.

A market is stored as `MorphoMarket`; every touch accrues it with that class's own arithmetic.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

from mammon.core.abi import words
from mammon.core.address import address_from_word
from mammon.core.curves.morpho import (
    MorphoMarket,
    adaptive_rate,
    assets_down,
    assets_up,
    shares_down,
    shares_up,
    utilisation,
)
from mammon.core.keccak import keccak256
from mammon.core.numbers import Units, Wad
from mammon.core.types import Address
from mammon.errors import MalformedError
from mammon.sim.contracts.encoding import ARITHMETIC, ZERO_ADDRESS, Reverted, encoded, failure, panic
from mammon.sim.contracts.erc20 import Erc20
from mammon.sim.contracts.machine import Contract, Frame, external

SUPPLY = "edf8870433c83823eb071d3df1caa8d008f12f6440918c20d75a3602cda30fe0"
WITHDRAW = "a56fc0ad5702ec05ce63666221f796fb62437c32db1aa1aa075fc6484cf58fbf"
_PARAMS = "address,address,address,address,uint256"


@dataclass(frozen=True)
class MarketTerms:
    """What makes a market, immutable on chain: `id` is the hash of the rest."""

    name: str
    id: bytes
    collateral: Address
    oracle: Address
    lltv: int
    rate_at_target: Wad
    """When the world begins; 0 in an idle market, which has no rate model."""

    @property
    def idle(self) -> bool:
        """Whether nothing is lent here."""
        return self.rate_at_target == 0

    @cached_property
    def slot(self) -> str:
        """The id as it stands in storage keys."""
        return self.id.hex()


class Morpho(Contract):
    """The singleton that holds every market's money."""

    def __init__(self, address: Address, irm: Address, asset: Erc20, markets: Iterable[MarketTerms]) -> None:
        super().__init__(address)
        self.irm, self.asset = irm, asset
        self.terms = {terms.id: terms for terms in markets}

    # --- for other contracts -----------------------------------------------------------------------

    def opening(self, terms: MarketTerms, timestamp: int) -> MorphoMarket:
        """Return the empty market with which the world begins."""
        none = Units(0)
        return MorphoMarket(none, none, none, timestamp, Wad(0), terms.rate_at_target, terms.idle)

    def stored(self, frame: Frame, terms: MarketTerms) -> MorphoMarket:
        """Return a market as of its last touch."""
        found: MorphoMarket = frame.storage.get(self.key("market", terms.slot))
        return found

    def store(self, frame: Frame, terms: MarketTerms, market: MorphoMarket) -> None:
        """Write a market."""
        frame.storage.put(self.key("market", terms.slot), market)

    def accrued(self, frame: Frame, terms: MarketTerms) -> MorphoMarket:
        """Return a market as of now, without writing it."""
        market = self.stored(frame, terms)
        return market if market.updated_at == frame.timestamp else market.accrued(frame.timestamp)

    def shares(self, frame: Frame, terms: MarketTerms, holder: Address) -> int:
        """Return a supplier's shares."""
        return int(frame.storage.get(self.key("shares", terms.slot, holder)))

    def held(self, frame: Frame, terms: MarketTerms, holder: Address, market: MorphoMarket) -> int:
        """Return what a supplier's shares are worth in the given (accrued) market, rounded down."""
        shares = self.shares(frame, terms, holder)
        return assets_down(shares, market.supply_assets, market.supply_shares)

    def touch(self, frame: Frame, terms: MarketTerms) -> None:
        """Accrue a market's interest."""
        self.store(frame, terms, self.accrued(frame, terms))

    def supply(self, frame: Frame, terms: MarketTerms, holder: Address, amount: int) -> None:
        """Take `amount` from `holder`, who let this contract have it, and give shares for it."""
        market = self.accrued(frame, terms)
        minted = shares_down(amount, market.supply_assets, market.supply_shares)
        self._credit(frame, terms, market, holder, amount, minted)
        frame.emit(self.address, SUPPLY, (terms.id, holder, holder), amount, minted)
        self.asset.move(frame, holder, self.address, amount)

    def withdraw(self, frame: Frame, terms: MarketTerms, holder: Address, amount: int, to: Address) -> None:
        """Pay `amount` out to `to` against the holder's shares."""
        market = self.accrued(frame, terms)
        burnt = shares_up(amount, market.supply_assets, market.supply_shares)
        self._debit(frame, terms, market, holder, amount, burnt)
        frame.emit(self.address, WITHDRAW, (terms.id, holder, to), holder, amount, burnt)
        self.asset.move(frame, self.address, to, amount)

    def _credit(
        self,
        frame: Frame,
        terms: MarketTerms,
        market: MorphoMarket,
        holder: Address,
        assets: int,
        shares: int,
    ) -> None:
        total, issued = Units(market.supply_assets + assets), Units(market.supply_shares + shares)
        self.store(frame, terms, replace(market, supply_assets=total, supply_shares=issued))
        held = self.shares(frame, terms, holder)
        frame.storage.put(self.key("shares", terms.slot, holder), held + shares)

    def _debit(
        self,
        frame: Frame,
        terms: MarketTerms,
        market: MorphoMarket,
        holder: Address,
        assets: int,
        shares: int,
    ) -> None:
        if shares > self.shares(frame, terms, holder):
            raise panic(ARITHMETIC)
        if market.borrow_assets > market.supply_assets - assets:
            raise failure("insufficient liquidity")
        self._credit(frame, terms, market, holder, -assets, -shares)

    def borrow(self, frame: Frame, terms: MarketTerms, borrower: Address, amount: int) -> None:
        """Lend `amount` out; a negative amount is repaid. The collateral is taken for granted."""
        market = self.accrued(frame, terms)
        borrowed = market.borrow_assets + amount
        if borrowed > market.supply_assets:
            raise failure("insufficient liquidity")
        self.store(frame, terms, replace(market, borrow_assets=Units(borrowed)))
        if amount > 0:
            self.asset.move(frame, self.address, borrower, amount)
        elif amount < 0:
            self.asset.move(frame, borrower, self.address, -amount)

    # --- external ----------------------------------------------------------------------------------

    @external("5c60e39a", "market(bytes32)")
    def market(self, frame: Frame, market_id: bytes) -> tuple[int, ...]:
        terms = self.terms.get(market_id)
        if terms is None:
            return (0,) * 6
        found = self.stored(frame, terms)
        # Borrow shares move no rate: they are shown one million to the unit, as at a market's birth.
        shares = found.borrow_assets * 10**6
        return (
            found.supply_assets,
            found.supply_shares,
            found.borrow_assets,
            shares,
            found.updated_at,
            found.fee,
        )

    @external("93c52062", "position(bytes32,address)")
    def position(self, frame: Frame, market_id: bytes, holder: Address) -> tuple[int, ...]:
        terms = self.terms.get(market_id)
        return (self.shares(frame, terms, holder) if terms else 0, 0, 0)

    @external("2c3c9157", "idToMarketParams(bytes32)")
    def parameters(self, _frame: Frame, market_id: bytes) -> bytes:
        terms = self.terms.get(market_id)
        return bytes(160) if terms is None else self.encoded_parameters(terms)

    @external(
        "a99aad89", "supply((address,address,address,address,uint256),uint256,uint256,address,bytes)", 150_000
    )
    def supply_for(self, frame: Frame, data: bytes) -> tuple[int, int]:
        """Supply assets, or as many as so many shares cost, for a holder."""
        terms, assets, shares, holder, _ = self._request(data)
        if holder == ZERO_ADDRESS:
            raise failure("zero address")
        market = self.accrued(frame, terms)
        totals = market.supply_assets, market.supply_shares
        if assets:
            shares = shares_down(assets, *totals)
        else:
            assets = assets_up(shares, *totals)
        self._credit(frame, terms, market, holder, assets, shares)
        frame.emit(self.address, SUPPLY, (terms.id, frame.sender, holder), assets, shares)
        if int.from_bytes(data[-32:], "big"):
            raise Reverted  # the sender, an account without code, is called back
        self.asset.pull(frame, self.address, frame.sender, self.address, assets)
        return assets, shares

    @external(
        "5c2bea49",
        "withdraw((address,address,address,address,uint256),uint256,uint256,address,address)",
        170_000,
    )
    def withdraw_for(self, frame: Frame, data: bytes) -> tuple[int, int]:
        """Withdraw assets, or what so many shares are worth, of the sender's own."""
        terms, assets, shares, holder, to = self._request(data)
        if to == ZERO_ADDRESS:
            raise failure("zero address")
        if holder != frame.sender:
            raise failure("unauthorized")
        market = self.accrued(frame, terms)
        totals = market.supply_assets, market.supply_shares
        if assets:
            shares = shares_up(assets, *totals)
        else:
            assets = assets_down(shares, *totals)
        self._debit(frame, terms, market, holder, assets, shares)
        frame.emit(self.address, WITHDRAW, (terms.id, holder, to), frame.sender, assets, shares)
        self.asset.move(frame, self.address, to, assets)
        return assets, shares

    def _request(self, data: bytes) -> tuple[MarketTerms, int, int, Address, Address]:
        """Decode market, assets, shares, holder and, where there is one, recipient."""
        terms = self.terms.get(_identity(data[:160]))
        if terms is None or len(data) < 288:
            raise failure("market not created")
        assets, shares = (int.from_bytes(data[start : start + 32], "big") for start in (160, 192))
        if (assets == 0) == (shares == 0):
            raise failure("inconsistent input")
        try:
            holder = address_from_word(data[224:256])
            to = address_from_word(data[256:288]) if len(data) == 288 else ZERO_ADDRESS
        except MalformedError as error:
            raise Reverted from error
        return terms, assets, shares, holder, to

    def encoded_parameters(self, terms: MarketTerms) -> bytes:
        """Return the five words whose hash is the market's id."""
        irm = ZERO_ADDRESS if terms.idle else self.irm
        values = (self.asset.address, terms.collateral, terms.oracle, irm, terms.lltv)
        return b"".join(map(encoded, values))


class AdaptiveCurveIrm(Contract):
    """The rate model: views only, the state is the market's."""

    def __init__(self, address: Address, morpho: Morpho) -> None:
        super().__init__(address)
        self.morpho = morpho

    @external("01977b57", "rateAtTarget(bytes32)")
    def rate_at_target(self, frame: Frame, market_id: bytes) -> int:
        terms = self.morpho.terms.get(market_id)
        return 0 if terms is None else self.morpho.stored(frame, terms).rate_at_target

    @external("8c00bf6b", f"borrowRateView(({_PARAMS}),(uint128,uint128,uint128,uint128,uint128,uint128))")
    def borrow_rate(self, frame: Frame, data: bytes) -> int:
        terms = self.morpho.terms.get(_identity(data[:160]))
        if terms is None or len(data) != 352:
            raise Reverted
        supplied, _, borrowed, _, updated_at, _ = words(data[160:], 6)
        started = self.morpho.stored(frame, terms).rate_at_target
        used = utilisation(supplied, borrowed)
        return adaptive_rate(used, started, frame.timestamp - updated_at)[0]


@lru_cache(maxsize=64)
def _identity(parameters: bytes) -> bytes:
    """Return the market's id: the hash of its five words."""
    return keccak256(parameters)
