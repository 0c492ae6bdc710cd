"""Outlook: what earlier readings, other sources and reward programmes add to a venue's figures."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from mammon.core import rates
from mammon.core.agreement import Agreement, agreement
from mammon.core.exit_time import DAY_S, ExitTime, exit_time
from mammon.core.numbers import Fraction, Rate, Units
from mammon.core.tracks import Sample, Track
from mammon.core.types import MarketState, Snapshot
from mammon.errors import MalformedError

WEEK_S = 7 * DAY_S


@dataclass(frozen=True, slots=True)
class Past:
    """A venue since an earlier reading."""

    since_s: int
    """How long ago that was: as near to the span as a reading is kept."""
    apy_earned: Rate | None
    """What was really earned since, by growth of the index, as a yearly yield; None: that tells no rate."""
    utilisation: Fraction | None
    """Then; None where nothing is lent, or all of it by others."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """What stands beside a venue's figures at the block."""

    exit: ExitTime
    """Of the amount asked about."""
    day: Past | None
    """Since about a day ago; None: nothing was read then."""
    week: Past | None
    agreement: Agreement
    """Of the venue's own rate with what outside sources say."""


def outlook(state: MarketState, snapshot: Snapshot, amount: Units, tolerance: Decimal) -> Outlook:
    """Return a venue's outlook. `tolerance`: the gap to an outside source that still agrees."""
    at = snapshot.block.timestamp
    track = next((track for track in snapshot.tracks if track.slug == state.market.slug), None)
    return Outlook(
        exit_time(amount, state, track, at),
        _past(state, track, at, DAY_S),
        _past(state, track, at, WEEK_S),
        agreement(state, snapshot.witnesses, at, tolerance),
    )


def utilisation(borrowed: Units | None, supplied: Units) -> Fraction | None:
    """Return what is lent of what is supplied, to 18 places; None where that is not told."""
    if borrowed is None or supplied <= 0:
        return None
    exact = rates.CONTEXT.divide(Decimal(borrowed), Decimal(supplied))
    return Fraction(exact.quantize(Decimal("1e-18"), context=rates.CONTEXT))


def _past(state: MarketState, track: Track | None, at: int, span_s: int) -> Past | None:
    """Return what was since the reading nearest to `span_s` ago; None if none is within half of that."""
    samples = () if track is None else track.samples
    near = [sample for sample in samples if abs(at - sample.at - span_s) * 2 <= span_s]
    if not near:
        return None
    then = min(near, key=lambda sample: abs(at - sample.at - span_s))
    return Past(at - then.at, _earned(then, state, at), utilisation(then.borrowed, then.supplied))


def _earned(then: Sample, state: MarketState, at: int) -> Rate | None:
    try:
        return Rate(rates.realised_apy(then.index, state.index, at - then.at))
    except (ValueError, MalformedError):
        return None
