"""The gates of risk: what a venue's standing allows, and how much may stand behind one cause.

They only ever hold back: no rating lets through what another gate refuses.
"""

from __future__ import annotations

import dataclasses
from decimal import Decimal

from mammon.core.case import Case, Money, at_least, at_most, unknown, unlimited
from mammon.core.plan import IDLE
from mammon.core.risk.rating import CAPS, Rating, after_risk, cap_of
from mammon.core.risk.shared import behind, causes_of, concentration
from mammon.core.spread import holdings_of, shared_limit, squares_limit
from mammon.core.types import Unread, Verdict, slug_of


def risk_gain(case: Case) -> Verdict:
    """Ask what yield is gained once each end's risk is paid for."""
    move, premium = case.move, case.policy.risk_premium
    if premium <= 0:
        return unlimited("risk_gain", "fraction", "no_premium")
    if move.target_apy_after is None or case.rating is None:
        return unknown("risk_gain", "fraction", "target_rate_unknown")
    if move.source_apy is None:
        return unknown("risk_gain", "fraction", "source_rate_unknown")
    here = move.source_apy
    if case.source_rating is not None:
        here = after_risk(move.source_apy, case.source_rating.score, premium)
    there = after_risk(move.target_apy_after, case.rating.score, premium)
    beside = Decimal(0)
    if move.reward_usd and isinstance(case.money, Money):
        beside = move.reward_usd / case.money.amount
    return at_least("risk_gain", there + beside - here, case.policy.min_apy_gain, "fraction")


def tier_cap(case: Case) -> Verdict:
    """Ask whether a venue of this tier may hold what we would hold there."""
    rating, stake, policy = case.rating, case.stake, case.policy
    if isinstance(case.target, Unread):
        return unknown("tier_cap", "units", f"unread:{case.target.code}")
    assert rating is not None  # of what was read
    cap = CAPS[rating.tier]
    if cap.share >= 1 and cap.usd is None:
        return unlimited("tier_cap", "units", _standing(rating))
    if case.held is None or stake.whole is None:
        return unknown("tier_cap", "units", "position_unread")
    limit = cap_of(rating.tier, stake.whole, policy.tier_share_above_usd, case.portfolio.asset.decimals)
    assert limit is not None  # every tier but the first is limited in dollars
    verdict = at_most("tier_cap", case.held + case.move.amount, limit, "units")
    return dataclasses.replace(verdict, detail=_standing(rating))


def shared_risk(case: Case) -> Verdict:
    """Ask how much would stand behind one cause that the target shares with other venues."""
    share, above_usd = case.policy.max_shared_share, case.policy.venue_share_above_usd
    if share >= 1:
        return unlimited("shared_risk", "units", "no_limit")
    if isinstance(case.target, Unread):
        return unknown("shared_risk", "units", f"unread:{case.target.code}")
    if case.held is None or case.stake.whole is None:
        return unknown("shared_risk", "units", "position_unread")
    limit = shared_limit(case.stake, share, above_usd, case.portfolio.asset.decimals)
    if limit is None:
        return unlimited("shared_risk", "units", "small")
    readings = {slug_of(reading): reading for reading in case.snapshot.markets}
    total = behind(_holdings(case), readings)
    part, cause = max((total.get(cause, 0), cause) for cause in causes_of(case.target, 0))
    return dataclasses.replace(at_most("shared_risk", part, limit, "units"), detail=cause)


def concentrated(case: Case) -> Verdict:
    """Ask how concentrated the money would be: 1 is all in one venue, 1/n is evenly in n of them."""
    limit, above_usd = case.policy.max_concentration, case.policy.venue_share_above_usd
    whole = case.stake.whole
    if limit >= 1:
        return unlimited("concentration", "fraction", "no_limit")
    if case.held is None or whole is None:
        return unknown("concentration", "fraction", "position_unread")
    most = squares_limit(case.stake, limit, above_usd, case.portfolio.asset.decimals)
    if most is None:
        return unlimited("concentration", "fraction", "small")
    squares = concentration(_holdings(case))
    index = Decimal(squares) / (whole * whole)
    # Compared as squares, so that no quotient's rounding can move it across the limit.
    return Verdict("concentration", squares <= most, index, limit, limit - index, "fraction")


def _standing(rating: Rating) -> str:
    return ",".join((f"tier_{rating.tier}", *rating.signs))


def _holdings(case: Case) -> dict[str, int]:
    """Return what each venue would hold after the move; all of it was read."""
    found = holdings_of(case.portfolio)
    move = case.move
    if move.source != IDLE:
        found[move.source] = max(0, found.get(move.source, 0) - move.amount)
    found[move.target] = found.get(move.target, 0) + move.amount
    return found
