"""The gates of a rate that others bear out: what the index really earned, and what outside sources see.

`earned` is a computation of its own: a factor too much, a field that shifted, or interest that nobody
credits shows in the index. It is held against the rates that the curve pays now and paid with as much
lent as at the earlier reading; what was earned in between lies between the two, but for

- `max_earned_gap` of the lower, and half a point, that may be missing: lending moves between readings,
- a rate of thrice the higher and five points: a spike that is over was still earned.

The youngest reading of ten minutes or more is taken, up to six hours old: over less, growth says nothing,
over more it says little of now. A vault whose rate is itself observed growth is held against the oldest
reading, since the youngest is what its rate was made of.
"""

from __future__ import annotations

from collections.abc import Sequence

from mammon.core import rates
from mammon.core.agreement import agreement
from mammon.core.case import Case, unknown, unlimited
from mammon.core.curves import GrowthCurve
from mammon.core.history import PPB, SETTLED_S, USUAL_S, fraction, growth_ppb, ppb_of, samples_of
from mammon.core.numbers import Units
from mammon.core.tracks import Sample
from mammon.core.types import MarketState, Snapshot, Unread, Verdict
from mammon.errors import MalformedError

RECENT_S = 6 * 3_600

_LESS = 5 * PPB // 1000
_MORE, _MORE_FACTOR = 5 * PPB // 100, 3


def earned(case: Case) -> Verdict:
    """Ask whether the index earned what the curve says it pays."""
    target, claimed, gap = case.target, case.move.target_apy, ppb_of(case.policy.max_earned_gap)
    if isinstance(target, Unread):
        return unknown("earned", "fraction", f"unread:{target.code}")
    if claimed is None or target.curve is None:
        return unlimited("earned", "fraction", "rate_unknown")
    at = case.snapshot.block.timestamp
    sample = _since(target, case.snapshot)
    growth = growth_ppb(sample.index, target.index, at - sample.at) if sample else None
    if sample is None or growth is None:
        return unlimited("earned", "fraction", "no_history")
    ends = [ppb_of(claimed)]
    low, high = _bounds(ends, gap)
    if not low <= growth <= high:
        ends += _rate_then(target, sample, at)
        low, high = _bounds(ends, gap)
    found, least, most = fraction(growth), fraction(low), fraction(high)
    if growth > high:
        return Verdict("earned", False, found, most, most - found, "fraction", "earned_more")
    detail = "" if growth >= low else "earned_less"
    return Verdict("earned", not detail, found, least, found - least, "fraction", detail)


def rate_agrees(case: Case) -> Verdict:
    """Ask how far the source furthest off puts the rate from our own; silence is no objection."""
    target, snapshot, limit = case.target, case.snapshot, case.policy.max_rate_gap
    if isinstance(target, Unread):
        return unknown("rate_agrees", "fraction", f"unread:{target.code}")
    if not snapshot.witnesses:
        return unlimited("rate_agrees", "fraction", "no_witness")
    found = agreement(target, snapshot.witnesses, snapshot.block.timestamp, limit)
    if found.gap is None:
        return unlimited("rate_agrees", "fraction", found.code)
    # Two rates that are both small agree, whatever share of them their difference is.
    passed, margin = found.state == "agrees", limit - found.gap
    if passed and margin < 0:
        return Verdict("rate_agrees", True, found.gap, None, None, "fraction", found.source)
    return Verdict("rate_agrees", passed, found.gap, limit, margin, "fraction", found.source)


def _since(state: MarketState, snapshot: Snapshot) -> Sample | None:
    """Return the earlier reading to compare with; None where none is of the right age."""
    grown, at = isinstance(state.curve, GrowthCurve), snapshot.block.timestamp
    samples = samples_of(snapshot, state.market.slug, USUAL_S if grown else RECENT_S)
    settled = [sample for sample in samples if at - sample.at >= SETTLED_S]
    return settled[0 if grown else -1] if settled else None


def _rate_then(state: MarketState, sample: Sample, at: int) -> list[int]:
    """Return what the curve pays with as large a share lent as at an earlier reading; nothing if unknown."""
    assert state.curve is not None
    supplied = sample.supplied
    if state.borrowed is not None and sample.borrowed:
        supplied = Units(state.borrowed * sample.supplied // sample.borrowed)
    try:
        raw = state.curve.rate_after(supplied - state.supplied, at)
        return [ppb_of(rates.apy(raw, state.curve.scale))]
    except (ValueError, MalformedError):  # nothing could be lent like that, or the curve lies ahead
        return []


def _bounds(ends: Sequence[int], gap: int) -> tuple[int, int]:
    """Return the least and the most that may have been earned between rates of these ends."""
    return min(ends) * (PPB - gap) // PPB - _LESS, max(ends) * _MORE_FACTOR + _MORE
