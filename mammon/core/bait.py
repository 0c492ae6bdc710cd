"""The gate against bait: a rate that rises because a venue turns bad is a danger sign, no opportunity.

The level needs no history: above the policy's `max_utilisation` nothing is entered. The slope holds the
rate against what the venue really paid, as far back as it is known. One that rose by more than
`max_rate_rise` of that, and by a point at least, is refused where it stands together with

| sign               | what is seen beside the rise                                                   |
|--------------------|--------------------------------------------------------------------------------|
| `nearly_all_lent`  | more is lent than `bait_utilisation`, and two points more than at the least before |
| `cap_cut`          | what may be supplied in all is a tenth less than before, or capped where it was not |
| `loss_seen`        | an earlier reading showed a loss of more than a basis point                    |
| `unexplained_rise` | the rate is thrice the usual and five points above it, and no more is lent     |

and whether it rose or not where `figures_jumped`: what is supplied was a thousandth or a thousand times of
it within a day, as when a field moves its place. A rate that rises with lending that stays below these is
healthy, and passes as `rose`. Of venues that do not say how much they lent, what cannot be withdrawn counts
as lent, for the slope alone.

A venue without history passes the slope as `no_history`, unless the policy wants one (`min_history_s`):
a first deposit would never be possible otherwise. Nothing here keeps money from leaving.
"""

from __future__ import annotations

from collections.abc import Sequence

from mammon.core.case import Case, unknown, unlimited
from mammon.core.fixed import SECONDS_PER_DAY
from mammon.core.history import PPB, fraction, growth_ppb, lent_ppb, ppb_of, samples_of
from mammon.core.tracks import Sample
from mammon.core.types import MarketState, Unread, Verdict

_POINT = PPB // 100
_LENT_MORE_PPB = 2 * _POINT
_EXPLAINED_PPB = 3 * _POINT
_CUT_TENTHS = 9
_LOSS_SHARE = 10_000
_JUMP = 1_000


def bait(case: Case) -> Verdict:
    """Ask whether the rate is high for a bad reason: by the level of lending, and by how it came about."""
    target, policy, at = case.target, case.policy, case.snapshot.block.timestamp
    if isinstance(target, Unread):
        return unknown("bait", "fraction", f"unread:{target.code}")
    lent, limit = lent_ppb(target), ppb_of(policy.max_utilisation)
    if lent > limit and target.borrowed is not None:
        return _refused(lent, limit, "nearly_all_lent")
    samples = samples_of(case.snapshot, target.market.slug)
    if (at - samples[0].at if samples else 0) < policy.min_history_s:
        return unknown("bait", "fraction", "no_history")
    if _jumped(target.supplied, samples, at - SECONDS_PER_DAY):
        return unknown("bait", "fraction", "figures_jumped")
    detail, claimed_apy = "no_history", case.move.target_apy
    usual = growth_ppb(samples[0].index, target.index, at - samples[0].at) if samples else None
    if usual is not None:
        claimed = usual if claimed_apy is None else ppb_of(claimed_apy)  # other gates miss the rate
        most = usual + max(usual * ppb_of(policy.max_rate_rise) // PPB, _POINT)
        detail = "rose" if claimed > most else ""
        sign = _sign(target, samples, claimed, usual, ppb_of(policy.bait_utilisation)) if detail else ""
        if sign:
            return _refused(claimed, most, sign)
    if target.borrowed is None:
        return unlimited("bait", "fraction", detail)
    return Verdict("bait", True, fraction(lent), fraction(limit), fraction(limit - lent), "fraction", detail)


def _refused(measured: int, limit: int, sign: str) -> Verdict:
    have, most = fraction(measured), fraction(limit)
    return Verdict("bait", False, have, most, most - have, "fraction", sign)


def _sign(state: MarketState, samples: Sequence[Sample], claimed: int, usual: int, bait_from: int) -> str:
    """Return what stands beside a rise that makes it a bad one, or nothing."""
    lent, least = lent_ppb(state), min(lent_ppb(sample) for sample in samples)
    if lent > bait_from and lent > least + _LENT_MORE_PPB:
        return "nearly_all_lent"
    if any(_cut(state, sample) for sample in samples):
        return "cap_cut"
    if any(sample.loss * _LOSS_SHARE > sample.supplied for sample in samples):
        return "loss_seen"
    far = claimed > usual + max(2 * usual, 5 * _POINT)
    return "unexplained_rise" if far and lent <= least + _EXPLAINED_PPB else ""


def _cut(state: MarketState, sample: Sample) -> bool:
    """Say whether a cap was lowered by a tenth since a reading, or set where there was none."""
    if state.room is None:
        return False
    before = None if sample.room is None else sample.supplied + sample.room
    return before is None or (state.supplied + state.room) * 10 < before * _CUT_TENTHS


def _jumped(supplied: int, samples: Sequence[Sample], since: int) -> bool:
    """Say whether what is supplied is of another order than at a reading since then."""
    low, high = supplied // _JUMP, supplied * _JUMP
    return any(not low <= sample.supplied <= high for sample in samples if sample.at >= since)
