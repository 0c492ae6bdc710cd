"""Rewards: what a market pays beside interest, in a token whose price nobody promises.

A reward is never part of a rate. It is worth what its token would fetch, less a haircut for the time
until it is sold and for the selling itself; a programme that is over pays nothing, and one whose token
has no fresh price has an unknown worth, which is not zero and is never counted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from mammon.core.costs import price_problem
from mammon.core.fixed import SECONDS_PER_YEAR
from mammon.core.names import Address
from mammon.core.numbers import Fraction, Rate, Units, Usd, Wad
from mammon.core.rates import CONTEXT, MAX_APR
from mammon.core.types import Block, MarketState, Price, Token, Unread

QUOTE_FRESH_S = 3_600
"""How old a rate may be that a source outside the chain has told."""

_QUANTUM = Decimal("1e-18")


@dataclass(frozen=True, slots=True)
class Emission:
    """So much of the token by the second, shared by everybody who supplies."""

    per_second: Wad
    """Base units of the token, scaled by 1e18."""
    least_supplied: Units = Units(0)
    """Where less is supplied nothing is paid at all; base units of the asset."""


@dataclass(frozen=True, slots=True)
class Quote:
    """A yearly rate as a source outside the chain tells it, at that source's own price of the token."""

    apr: Rate
    told_at: int
    """Unix seconds."""
    net: bool = False
    """`apr` is a target that has the market's own rate in it (Merkl's `AAVE_NET_APR`)."""
    native_apr: Rate | None = None
    """The market's own rate as that source tells it; what is not told makes a net quote unknown."""


@dataclass(frozen=True, slots=True)
class Programme:
    """A reward that somebody pays to those who supply one market."""

    slug: str
    """The market's."""
    source: str
    """Who says so: a payer's slug, or `merkl`."""
    token: Token
    pays: Emission | Quote
    starts: int = 0
    """Unix seconds, as `ends`; 0: it began long ago."""
    ends: int | None = None
    """The last second it pays; None: until somebody ends it."""


@dataclass(frozen=True, slots=True)
class Owed:
    """What a payer owes an account and would hand over now."""

    payer: str
    token: Token
    amount: Units
    key: str = ""
    """What proves it, where a proof is asked for (`protocols.merkl`)."""


@dataclass(frozen=True, slots=True)
class RewardPart:
    """One programme's part of a reward rate."""

    source: str
    symbol: str
    apr: Rate | None
    """Simple, before the haircut; None: not known."""
    problem: str
    """Why it is not known: a stable code; empty where it is."""


@dataclass(frozen=True, slots=True)
class RewardRate:
    """What the programmes in force pay on a market, as a simple yearly rate."""

    apr: Rate | None
    """After the haircut, of the parts that are known; None where there are programmes and none is."""
    parts: tuple[RewardPart, ...]
    """Programmes in force, in the order given; those that are over are not among them."""


def reward_rate(
    state: MarketState,
    programmes: Sequence[Programme],
    prices: Mapping[Address, Price | Unread],
    asset_usd: Price | Unread,
    block: Block,
    haircut: Fraction,
    margin: Fraction,
    added: Units = Units(0),
) -> RewardRate:
    """Return what a market pays beside its interest at a block, once `added` more is supplied to it.

    `prices` by token; `margin` as in `price_problem`. Programmes of other markets are left out. A
    quoted rate cannot be diluted by `added`: the source says what it is of, not how it is shared.
    """
    mine = [one for one in programmes if one.slug == state.market.slug and in_force(one, block.timestamp)]
    parts = tuple(_part(one, state, prices, asset_usd, block, margin, added) for one in mine)
    known = [part.apr for part in parts if part.apr is not None]
    if parts and not known:
        return RewardRate(None, parts)
    total = CONTEXT.multiply(sum(known, Decimal(0)), 1 - haircut)
    return RewardRate(Rate(_rounded(total)), parts)


def beside(rate: RewardRate, unknown: Sequence[RewardPart]) -> RewardRate:
    """Return a rate with programmes of which nothing could be read: alone they leave it unknown."""
    if not unknown:
        return rate
    return RewardRate(rate.apr if rate.parts else None, (*rate.parts, *unknown))


def in_force(programme: Programme, at: int) -> bool:
    """Say whether a programme pays at a time, unix seconds."""
    return programme.starts <= at and (programme.ends is None or at <= programme.ends)


def worth(
    amount: Units, token: Token, price: Price | Unread, block: Block, haircut: Fraction, margin: Fraction
) -> Usd | Unread:
    """Return what so much of a token is worth after the haircut; `Unread` where no fresh price says so."""
    problem = price_problem(price, block, margin)
    if problem or isinstance(price, Unread):
        return Unread(
            token.symbol, problem.removeprefix("unread:"), f"no price of {token.symbol} can be relied on"
        )
    full = CONTEXT.multiply(Decimal(amount).scaleb(-token.decimals, CONTEXT), price.usd)
    return Usd(CONTEXT.multiply(full, 1 - haircut))


def _part(
    one: Programme,
    state: MarketState,
    prices: Mapping[Address, Price | Unread],
    asset_usd: Price | Unread,
    block: Block,
    margin: Fraction,
    added: Units,
) -> RewardPart:
    if isinstance(one.pays, Quote):
        found = _quoted(one.pays, block.timestamp)
    else:
        price = prices.get(one.token.address, Unread(one.token.symbol, "no_feed", "no source is configured"))
        found = _emitted(one, one.pays, state, price, asset_usd, block, margin, added)
    if isinstance(found, str):
        return RewardPart(one.source, one.token.symbol, None, found)
    return RewardPart(one.source, one.token.symbol, found, "")


def _quoted(quote: Quote, at: int) -> Rate | str:
    """Return the rate that a source tells, without the market's own; a code where it cannot be used."""
    if not 0 <= at - quote.told_at <= QUOTE_FRESH_S:
        return "stale"
    if not quote.net:
        return quote.apr
    if quote.native_apr is None:
        return "native_unknown"
    # The market's own rate may have passed the target: then nothing is paid on top, and nothing taken.
    return Rate(max(Decimal(0), quote.apr - quote.native_apr))


def _emitted(
    one: Programme,
    emission: Emission,
    state: MarketState,
    price: Price | Unread,
    asset_usd: Price | Unread,
    block: Block,
    margin: Fraction,
    added: Units,
) -> Rate | str:
    """Return a year's tokens over everything supplied, both in dollars; a code where that is unknown."""
    for each in (price, asset_usd):
        problem = price_problem(each, block, margin)
        if problem:
            return problem.removeprefix("unread:")
    assert isinstance(price, Price)
    assert isinstance(asset_usd, Price)
    supplied = state.supplied + added
    if supplied <= 0 or supplied < emission.least_supplied:
        return Rate(Decimal(0))
    tokens = Decimal(emission.per_second * SECONDS_PER_YEAR).scaleb(-18 - one.token.decimals, CONTEXT)
    paid = CONTEXT.multiply(tokens, price.usd)
    held = CONTEXT.multiply(Decimal(supplied).scaleb(-state.market.token.decimals, CONTEXT), asset_usd.usd)
    rate = CONTEXT.divide(paid, held)
    return "absurd" if rate > MAX_APR else Rate(_rounded(rate))


def _rounded(value: Decimal) -> Decimal:
    return value.quantize(_QUANTUM, context=CONTEXT)
