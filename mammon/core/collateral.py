"""Collateral: whether what a venue lends against is worth what it is meant to be, and who says so.

A word is a price over its par: 1 is the peg. The chain's own word comes from two of its feeds. An outside
source says what a token costs over what its coin costs; of a wrapped one that is held against the chain's
feed of what it can be redeemed for, so that a feed that tells too much of it speaks through both. That
is meant: oracles which take it for the price lend too much then, as they do when the price falls.

Below its par by two words a collateral has lost its peg. One word alone is a claim, and so is a price
above par, which is an error of a feed rather than a loss. Without any word nothing is known.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache

from mammon.core.agreement import problem
from mammon.core.costs import price_problem
from mammon.core.fixed import BPS
from mammon.core.numbers import Fraction
from mammon.core.pegs import SUBJECT
from mammon.core.prices import PRICE_FRESH_S
from mammon.core.rates import CONTEXT
from mammon.core.tracks import Witness
from mammon.core.types import Block, MarketState, Pegged, Price, Snapshot

MATERIAL_BPS = 100
"""Of what is supplied to a venue: where no more is lent against a collateral, no more can be lost by it."""
AGREEING = 2
CHAIN = "chain"

_MOST, _QUANTUM = Decimal(1000), Decimal("1e-9")
"""A worth is told to nine places, and as no more than a thousand times its par."""


@dataclass(frozen=True, slots=True)
class OffPeg:
    """A collateral away from its peg."""

    symbol: str
    worth: Decimal
    """Over its par, by the word nearest to the peg: so far at least it is off."""
    limit: Decimal
    sources: tuple[str, ...]
    """Who says so."""
    lost: bool
    """It is below its par by words that agree."""
    sized: bool = True
    """How much is lent against it is known, and is material."""


def off_peg(state: MarketState, snapshot: Snapshot, margin: Fraction) -> tuple[OffPeg, ...]:
    """Return the collateral of a venue that is away from its peg; `margin` as `price_problem` takes it."""
    if not snapshot.pegs:
        return ()
    return tuple([found for found in _judged(state, snapshot, margin) if isinstance(found, OffPeg)])


def unpriced(state: MarketState, snapshot: Snapshot, margin: Fraction) -> tuple[str, ...]:
    """Return the symbols of a venue's collateral with a peg of which nobody says what it is worth."""
    if not snapshot.pegs:
        return ()
    return tuple([found for found in _judged(state, snapshot, margin) if isinstance(found, str)])


def _judged(state: MarketState, snapshot: Snapshot, margin: Fraction) -> Iterator[OffPeg | str]:
    """Yield what is to be told of each collateral that matters to the venue; a symbol: nothing is known."""
    mattering = [_matters(state, pegged) for pegged in snapshot.pegs]
    if all(matters is False for matters in mattering):
        return
    words = [word for word in snapshot.witnesses if isinstance(word, Witness)]
    about = tuple([word for word in words if word.subject.startswith(SUBJECT)])
    found = _found(snapshot.pegs, about, snapshot.block, margin)
    for matters, told in zip(mattering, found, strict=True):
        if told is None or matters is False:
            continue
        yield told if matters or isinstance(told, str) else replace(told, sized=False)


def _matters(state: MarketState, pegged: Pegged) -> bool | None:
    """Say whether much is lent against it; None where that was not read, and then it may be much."""
    if state.backing is None:
        return None
    lent = sum(amount for token, amount in state.backing if token == pegged.peg.token)
    whole = max(state.supplied, sum(amount for _, amount in state.backing))
    return lent * BPS > whole * MATERIAL_BPS


@lru_cache(maxsize=8)
def _found(
    pegs: tuple[Pegged, ...], words: tuple[Witness, ...], block: Block, margin: Fraction
) -> tuple[OffPeg | str | None, ...]:
    """Return for each what is to be told of it; None: it is at its peg."""
    return tuple([_told(pegged, words, block, margin) for pegged in pegs])


def _told(pegged: Pegged, words: tuple[Witness, ...], block: Block, margin: Fraction) -> OffPeg | str | None:
    peg, said = pegged.peg, dict(_said(pegged, words, block, margin))
    if not said:
        return peg.symbol
    off = Decimal(peg.most_off_bps).scaleb(-4)
    low, high = 1 - off, 1 + off
    below = {source: worth for source, worth in said.items() if worth < low}
    if below:
        return OffPeg(peg.symbol, max(below.values()), low, tuple(sorted(below)), lost=len(below) >= AGREEING)
    above = {source: worth for source, worth in said.items() if worth > high}
    if above:
        return OffPeg(peg.symbol, min(above.values()), high, tuple(sorted(above)), lost=False)
    return None


def _said(
    pegged: Pegged, words: tuple[Witness, ...], block: Block, margin: Fraction
) -> Iterator[tuple[str, Decimal]]:
    """Yield what each source that is of use makes of its price over its par."""
    peg, price, par = pegged.peg, _usable(pegged.price, block, margin), _usable(pegged.par, block, margin)
    if price is not None and par is not None:
        yield CHAIN, _over(price, par)
    held_against = par if peg.wrapped else Decimal(1)
    if held_against is None:
        return
    for word in words:
        if (
            word.subject == peg.subject
            and word.value > 0
            and not problem(word, block.timestamp, PRICE_FRESH_S)
        ):
            yield word.source, _over(word.value, held_against)


def _over(price: Decimal, par: Decimal) -> Decimal:
    return min(_MOST, CONTEXT.divide(price, par)).quantize(_QUANTUM, context=CONTEXT)


def _usable(price: object, block: Block, margin: Fraction) -> Decimal | None:
    if not isinstance(price, Price) or price_problem(price, block, margin):
        return None
    return price.usd
