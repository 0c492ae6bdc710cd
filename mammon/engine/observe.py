"""Observe: read every market, price, fee and holding in one round, at one block.

One observation feeds one cycle: decision, books and documents all rest on the same block, and what
could not be read is carried along as `Unread`, each for itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from mammon.core.numbers import Wei
from mammon.core.pegs import SUBJECT, Peg
from mammon.core.ports import Deadline
from mammon.core.tracks import PriceSample
from mammon.core.types import (
    Address,
    Block,
    Fees,
    GasUnits,
    Hash32,
    Hint,
    Market,
    MarketState,
    Pegged,
    Portfolio,
    Position,
    Read,
    Snapshot,
    Token,
    Unread,
    slug_of,
)
from mammon.core.witnesses import Heard


class Round(Protocol):
    """What one reading of the chain brought: one block, and a value or `Unread` for each key."""

    @property
    def block(self) -> Block: ...

    @property
    def next_base_fee(self) -> Wei | Unread: ...

    @property
    def tip(self) -> Wei | Unread: ...

    @property
    def values(self) -> Mapping[str, Any]: ...

    @property
    def requests(self) -> int: ...

    @property
    def implementations(self) -> Mapping[Address, Hash32]: ...


class ChainReader(Protocol):
    """Drive many reads to their values with as few requests as can be, all at one block."""

    def read(self, reads: Mapping[str, Read[Any]], deadline: Deadline) -> Round: ...


class Venue(Protocol):
    """The reading half of an adapter."""

    def read_market(self, market: Market, hint: Hint | None) -> Read[MarketState]: ...

    def read_position(
        self, market: Market, owner: Address, hint: Hint | None, last_shares: int
    ) -> Read[Position]: ...


def _no_signs(_round: Round) -> Mapping[str, str]:
    return {}


@dataclass(frozen=True, slots=True)
class Survey:
    """What there is to read: markets with their adapters, price feeds, the wallet, fees."""

    chain_id: int
    asset: Token
    markets: tuple[Market, ...]
    venues: Mapping[str, Venue]
    feeds: Callable[[], Mapping[str, Read[Any]]]
    """Fresh reads named `eth_usd`, `asset_usd` and, where the chain has one, `sequencer`, plus what
    `fees` needs."""
    wallet: Callable[[Address], Mapping[str, Read[Any]]]
    """Fresh reads named `idle` and `native` for an owner."""
    fees: Callable[[Round], Fees | Unread]
    gas_units: tuple[GasUnits, ...]
    aside: Callable[[], Mapping[str, Read[Any]]] = dict
    """Fresh reads of what is only shown, by names of their own: in the same round, and in no snapshot."""
    signs: Callable[[Round], Mapping[str, str]] = _no_signs
    """What speaks against markets beside their figures (`risk.signs`), by slug."""
    pegs: tuple[Peg, ...] = ()
    """Collateral whose worth is watched: `feeds` has a read of each pair, named `peg:` and the pair."""


@dataclass(frozen=True, slots=True)
class Observation:
    """One block, read once: the market, what an account holds, and what the next read may reuse."""

    snapshot: Snapshot
    portfolio: Portfolio | None
    """None when no account was asked for."""
    hints: Mapping[str, Hint]
    requests: int
    heard: tuple[Heard, ...] = ()
    """What outside sources were just heard to say."""
    prices: tuple[PriceSample, ...] | None = None
    """The readings of the prices to remember, this one among them; None: those that are remembered."""
    aside: Mapping[str, Any] = field(default_factory=dict)
    """What is only shown, by name (`Survey.aside`). No decision sees it."""

    @property
    def unread(self) -> tuple[Unread, ...]:
        """Everything that could not be read, markets first."""
        snapshot = self.snapshot
        readings = (
            *snapshot.markets,
            snapshot.eth_usd,
            snapshot.asset_usd,
            snapshot.sequencer,
            snapshot.fees,
            *dict.fromkeys(price for pegged in snapshot.pegs for price in (pegged.price, pegged.par)),
        )
        held: tuple[object, ...] = ()
        if self.portfolio is not None:
            held = (self.portfolio.idle, self.portfolio.native, *self.portfolio.positions)
        return tuple(item for item in (*readings, *held) if isinstance(item, Unread))


def observe(
    survey: Survey,
    reader: ChainReader,
    hints: Mapping[str, Hint],
    owner: Address | None,
    deadline: Deadline,
) -> Observation:
    """Read everything the survey names. Raises only when nothing at all could be read."""
    reads: dict[str, Read[Any]] = dict(survey.feeds())
    for market in survey.markets:
        venue = survey.venues.get(market.protocol)
        if venue is None:
            continue
        hint = hints.get(market.slug)
        reads[f"market:{market.slug}"] = venue.read_market(market, hint)
        if owner is not None:
            last = _last_shares(hints, market, owner)
            reads[f"position:{market.slug}"] = venue.read_position(market, owner, hint, last)
    if owner is not None:
        reads.update(survey.wallet(owner))
    aside = survey.aside()
    reads.update(aside)
    round_ = reader.read(reads, deadline)
    snapshot = _snapshot(survey, round_)
    portfolio = None if owner is None else _portfolio(survey, round_, owner)
    learnt = {s.market.slug: s.hint for s in snapshot.markets if isinstance(s, MarketState) and s.hint}
    for held in portfolio.positions if portfolio else ():
        if isinstance(held, Position):
            learnt[_shares_key(held.slug)] = Hint((held.owner, str(held.shares)))
    shown = {name: round_.values[name] for name in aside}
    return Observation(snapshot, portfolio, learnt, round_.requests, aside=shown)


def _snapshot(survey: Survey, round_: Round) -> Snapshot:
    values, signs = round_.values, survey.signs(round_)
    return Snapshot(
        survey.chain_id,
        survey.asset,
        round_.block,
        tuple(_signed(_reading(values, "market", market), signs) for market in survey.markets),
        _named(values, "eth_usd"),
        _named(values, "asset_usd"),
        _named(values, "sequencer") if "sequencer" in values else None,
        survey.fees(round_),
        survey.gas_units,
        pegs=tuple(_pegged(values, peg) for peg in survey.pegs),
    )


def _pegged(values: Mapping[str, Any], peg: Peg) -> Pegged:
    return Pegged(peg, *(_named(values, f"{SUBJECT}{pair}") for pair in (peg.price, peg.par)))


def _portfolio(survey: Survey, round_: Round, owner: Address) -> Portfolio:
    values = round_.values
    found = (_reading(values, "position", market) for market in survey.markets)
    held = tuple(item for item in found if isinstance(item, Unread) or item.shares > 0 or item.assets > 0)
    return Portfolio(owner, survey.asset, _named(values, "idle"), _named(values, "native"), held)


def _shares_key(slug: str) -> str:
    """Return the name of the hint that says what an owner held; no slug has such a character."""
    return f"{slug}#shares"


def _last_shares(hints: Mapping[str, Hint], market: Market, owner: Address) -> int:
    hint = hints.get(_shares_key(market.slug))
    if hint is None or len(hint.items) != 2 or hint.items[0] != owner or not hint.items[1].isdecimal():
        return 0
    return int(hint.items[1])


def _reading(values: Mapping[str, Any], what: str, market: Market) -> Any:
    """Return a market's value under its own slug, also when it is `Unread`."""
    value = values.get(f"{what}:{market.slug}")
    if value is None:
        return Unread(market.slug, "unsupported", f"this version does not read {market.protocol}")
    return Unread(market.slug, value.code, value.reason) if isinstance(value, Unread) else value


def _signed(reading: MarketState | Unread, signs: Mapping[str, str]) -> MarketState | Unread:
    """Put the sign against a market, if there is one, beside those that its adapter saw."""
    sign = signs.get(slug_of(reading))
    if sign is None or isinstance(reading, Unread):
        return reading
    return replace(reading, signs=tuple(sorted({*reading.signs, sign})))


def _named(values: Mapping[str, Any], name: str) -> Any:
    value = values.get(name)
    if value is None:
        return Unread(name, "not_configured", "no source for this reading is configured")
    return Unread(name, value.code, value.reason) if isinstance(value, Unread) else value
