"""Rate curves: what a venue would pay after deposits of many sizes, to be drawn or kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mammon.core.curves import (
    AaveCurve,
    AnyCurve,
    CometCurve,
    EulerCurve,
    FluidCurve,
    MoonwellCurve,
    MorphoCurve,
)
from mammon.core.fixed import BPS, RAY, WAD
from mammon.core.numbers import Rate, Units
from mammon.core.types import MarketState, Snapshot, Unread
from mammon.reporting.figures import apy_of

STEPS = (10, 12, 15, 18, 22, 27, 33, 39, 47, 56, 68, 82)
"""Of a decade, in tenths: each a fifth more than the one before, about."""
FIRST_DECADE, DECADES = 3, 5
"""Deposits from 10**3 to 10**8 whole tokens."""
_EULER_FULL = 2**32 - 1
_MORPHO_TARGET = (90, 100)


@dataclass(frozen=True, slots=True)
class RatePoint:
    """What a deposit would earn."""

    deposit: Units
    apy: Rate | None
    """None: the venue would not accept so much, or its rate is not known."""


@dataclass(frozen=True, slots=True)
class RateCurve:
    """A venue's rate against the size of a deposit."""

    slug: str
    points: tuple[RatePoint, ...]
    """From small to large, on a logarithmic scale."""
    room: Units | None
    """What it takes at most; None when nothing caps it."""
    withdrawable: Units
    kinks: tuple[Units, ...]
    """Deposits at which utilisation passes a bend of the rate model, where that is one number."""


def rate_curves(snapshot: Snapshot, slugs: tuple[str, ...], delay_s: int) -> tuple[RateCurve, ...]:
    """Return the curves of the venues named that were read, in the order of the names.

    Rates are those of a deposit mined `delay_s` after the block, as in a decision.
    """
    at = snapshot.block.timestamp + delay_s
    read = {each.market.slug: each for each in snapshot.markets if not isinstance(each, Unread)}
    return tuple(_curve(read[slug], at) for slug in slugs if slug in read)


def deposits(decimals: int) -> Iterator[Units]:
    """Yield the sizes of deposits that a curve has points at, base units."""
    for decade in range(FIRST_DECADE, FIRST_DECADE + DECADES):
        for step in STEPS:
            yield Units(step * 10 ** (decade + decimals) // 10)
    yield Units(10 ** (FIRST_DECADE + DECADES + decimals))


def _curve(state: MarketState, at: int) -> RateCurve:
    room = Units(0) if state.closed else state.room
    sizes = deposits(state.market.token.decimals)
    points = tuple(
        RatePoint(size, None if room is not None and size > room else apy_of(state, size, at))
        for size in sizes
    )
    return RateCurve(state.market.slug, points, room, state.withdrawable, tuple(_kinks(state)))


def _kinks(state: MarketState) -> Iterator[Units]:
    """Yield the deposits that bring utilisation down to a bend, smallest first."""
    if state.borrowed is None or state.curve is None:
        return
    found = (state.borrowed * whole // part - state.supplied for part, whole in _bends(state.curve) if part)
    yield from (Units(deposit) for deposit in sorted(found) if deposit > 0)


def _bends(curve: AnyCurve) -> tuple[tuple[int, int], ...]:
    """Return the utilisations at which a rate model bends, each a part of a whole.

    There are none for what lends through others.
    """
    match curve:
        case AaveCurve():
            return ((curve.optimal_usage, RAY),)
        case CometCurve():
            return ((curve.supply.kink, WAD),)
        case MoonwellCurve():
            return ((curve.model.kink, WAD),)
        case EulerCurve() if curve.model is not None:
            return ((curve.model.kink, _EULER_FULL),)
        case MorphoCurve():
            return (_MORPHO_TARGET,)
        case FluidCurve():
            return tuple((used, BPS) for used, _ in curve.line.points if used < BPS)
        case _:
            return ()
