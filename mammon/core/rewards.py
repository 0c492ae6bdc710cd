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
from mammon.core.numbers import Fraction, Rate, Units, Usd
from mammon.core.programmes import Emission as Emission
from mammon.core.programmes import Programme as Programme
from mammon.core.programmes import Quote as Quote
from mammon.core.rates import CONTEXT, MAX_APR
from mammon.core.types import Block, MarketState, Price, Token, Unread

QUOTE_FRESH_S = 3_600
"""How old a rate may be that a source outside the chain has told."""

_QUANTUM = Decimal("1e-18")


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

    `prices` by token; `margin` as in `price_problem`. Programmes of other markets are left out.
    """
    mine = [one for one in programmes if one.slug == state.market.slug and in_force(one, block.timestamp)]
    parts = tuple(part_of(one, state, prices, asset_usd, block, margin, added) for one in mine)
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


def part_of(
    one: Programme,
    state: MarketState,
    prices: Mapping[Address, Price | Unread],
    asset_usd: Price | Unread,
    block: Block,
    margin: Fraction,
    added: Units = Units(0),
) -> RewardPart:
    """Return one programme's part of a market's reward rate; the arguments are those of `reward_rate`."""
    if isinstance(one.pays, Quote):
        found = _quoted(one.pays, state, asset_usd, block, margin, added)
    else:
        price = prices.get(one.token.address, Unread(one.token.symbol, "no_feed", "no source is configured"))
        found = _emitted(one, one.pays, state, price, asset_usd, block, margin, added)
    if isinstance(found, str):
        return RewardPart(one.source, one.token.symbol, None, found)
    return RewardPart(one.source, one.token.symbol, found, "")


def _quoted(
    quote: Quote,
    state: MarketState,
    asset_usd: Price | Unread,
    block: Block,
    margin: Fraction,
    added: Units,
) -> Rate | str:
    """Return the rate that a source tells, without the market's own; a code where it cannot be used."""
    if not 0 <= block.timestamp - quote.told_at <= QUOTE_FRESH_S:
        return "stale"
    if quote.net and quote.native_apr is None:
        return "native_unknown"
    # The market's own rate may have passed the target: then nothing is paid on top, and nothing taken.
    apr = max(Decimal(0), quote.apr - (quote.native_apr or 0)) if quote.net else quote.apr
    virtual = 0 if state.curve is None else state.curve.shift  # money on paper, of which no source knows
    more = added + virtual
    if more <= 0:
        return Rate(apr)
    shared = Decimal(state.supplied - virtual)
    if quote.shared_usd is not None:
        problem = price_problem(asset_usd, block, margin)
        if problem or not isinstance(asset_usd, Price):
            return problem.removeprefix("unread:")
        told = CONTEXT.divide(quote.shared_usd, asset_usd.usd).scaleb(state.market.token.decimals, CONTEXT)
        shared = min(shared, told)
    if shared <= 0:
        return Rate(Decimal(0))
    return Rate(_rounded(CONTEXT.divide(CONTEXT.multiply(apr, shared), shared + more)))


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
