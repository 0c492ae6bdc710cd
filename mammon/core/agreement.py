"""Agreement: a market's own computed rate held against what sources outside the chain say of it.

A source is a cross-check, never a reading: it can speak against a venue, and its silence is told as
silence. Sources lag by up to an hour and some average over a day, so a difference counts only when
it is both a large share of the rate and large in itself; which side is higher plays no part, since a
rate far below what everybody else sees is as wrong as one far above.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from mammon.core import rates
from mammon.core.rates import CONTEXT
from mammon.core.tracks import Witness
from mammon.core.types import MarketState, Unread
from mammon.errors import MalformedError

FLOOR = Decimal("0.005")
"""Two yearly rates this near to each other never disagree: of small rates any share is little."""
RATE_FRESH_S = 6 * 3600
"""A source's rate is of use for so long: its own cache turns hourly, and a late turn is no silence."""
AHEAD_S = 300
"""What a source's clock may be ahead of the block's."""
_QUANTUM = Decimal("1e-9")


@dataclass(frozen=True, slots=True)
class Agreement:
    """What outside sources make of one market's base rate."""

    state: Literal["agrees", "disagrees", "unknown"]
    code: str = ""
    """Why it is unknown: `no_witness`, `own_rate_unknown`, `stale`, `from_the_future`, `unread:…`."""
    source: str = ""
    """Whose figure it is: of those of use the one furthest off."""
    own: Decimal | None = None
    """Our base rate at that time, a fraction per year."""
    theirs: Decimal | None = None
    gap: Decimal | None = None
    """Their distance as a share of the higher of the two, 0 to 1."""
    age_s: int | None = None
    """How old the source's figure was."""


def agreement(
    state: MarketState, witnesses: Iterable[Witness | Unread], at: int, tolerance: Decimal
) -> Agreement:
    """Hold the market's base rate at `at` (unix seconds) against every source that speaks of it.

    `tolerance` is the largest gap that still agrees, as a share of the higher rate. The source furthest
    off decides. No reward is in any of the figures.
    """
    slug = state.market.slug
    found = [(witness, problem(witness, at, RATE_FRESH_S)) for witness in witnesses if _of(witness) == slug]
    usable = [witness for witness, why in found if isinstance(witness, Witness) and not why]
    if not usable:
        return Agreement("unknown", found[0][1] if found else "no_witness")
    own = base_rate(state, at)
    if own is None:
        return Agreement("unknown", "own_rate_unknown")
    worst = max(usable, key=lambda witness: (distance(own, witness.value), witness.source))
    gap = share(own, worst.value)
    agrees = near(own, worst.value, tolerance) or distance(own, worst.value) <= FLOOR
    age_s = max(0, at - worst.at)
    return Agreement("agrees" if agrees else "disagrees", "", worst.source, own, worst.value, gap, age_s)


def problem(witness: Witness | Unread, at: int, fresh_s: int) -> str:
    """Return why a source's word is of no use at `at` (a stable code), or the empty string."""
    if isinstance(witness, Unread):
        return f"unread:{witness.code}"
    if witness.at - at > AHEAD_S:
        return "from_the_future"
    return "stale" if at - witness.at > fresh_s else ""


def distance(one: Decimal, other: Decimal) -> Decimal:
    """Return how far two figures lie apart."""
    return CONTEXT.subtract(one, other).copy_abs()


def near(one: Decimal, other: Decimal, most: Decimal) -> bool:
    """Return whether two figures lie no further apart than `most` of the larger; no rounding is in it."""
    return distance(one, other) <= CONTEXT.multiply(most, _larger(one, other))


def share(one: Decimal, other: Decimal) -> Decimal:
    """Return how far two figures lie apart as a share of the larger, to nine places; 0 where both are 0."""
    larger = _larger(one, other)
    return CONTEXT.divide(distance(one, other), larger).quantize(_QUANTUM) if larger else Decimal(0)


def _larger(one: Decimal, other: Decimal) -> Decimal:
    return max(one.copy_abs(), other.copy_abs())


def _of(witness: Witness | Unread) -> str:
    return witness.subject


def base_rate(state: MarketState, at: int) -> Decimal | None:
    """Return a market's yield of a year at `at`, without rewards; None where it cannot be told."""
    if state.curve is None:
        return None
    try:
        return rates.apy(state.curve.rate_after(0, at), state.curve.scale)
    except (ValueError, ArithmeticError, MalformedError):
        return None
