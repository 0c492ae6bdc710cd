"""Ranking: the best move of all pairs of places, the hopeless ones pruned by bounds.

Every venue's rate is known before any deposit, and no deposit of what the account has raises a yield
above the venue's ceiling (`Quotes.ceiling`). So `ceiling - source rate` bounds what a pair could gain
per dollar, times the amount what it could gain in all, and pairs are priced exactly only while
their bounds reach the policy's least gains and the best found. What is priced and too little is not
judged. The result is the same as judging all pairs; a test compares.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING

from mammon.core.judgement import Judgement, net_gain
from mammon.core.plan import Move
from mammon.core.sources import Source
from mammon.core.types import Verdict

if TYPE_CHECKING:
    from mammon.core.desk import Desk

Accept = Callable[[tuple[Verdict, ...]], bool]


def best(desk: Desk, targets: Collection[str], accept: Accept, at_least_usd: Decimal) -> Judgement | None:
    """Return the accepted candidate of most merit among those with a net gain of `at_least_usd` a year.

    None when there is no such candidate. Ties go to the first in order of promise, then name.
    `accept` must not take what a profit gate refuses: such candidates may not come before it.
    """
    order = [slug for slug in desk.promising if slug in targets]
    found: Judgement | None = None
    most = Decimal(0)
    for source in by_promise(desk.sources, desk.ceilings, order):
        # No move out of here has more merit than its gain and what its risk costs where it is.
        here = desk.risk_usd(source.slug, source.usd)
        worth = at_least_usd if found is None else max(at_least_usd, most - here)
        for target in order:
            if target == source.slug:
                continue
            if _hopeless(desk, source, target, worth):
                break
            move = desk.proposed(source, target)
            merit = _merit(desk, move, at_least_usd)
            if merit is None or (found is not None and merit <= most):
                continue
            judged = desk.judged(source, move)
            if accept(judged.verdicts):
                found, most = judged, merit
                worth = max(at_least_usd, most - here)
    return found


def merit_of(desk: Desk, judged: Judgement) -> tuple[bool, Decimal]:
    """Return a key that puts the most merit highest and what is unknown lowest."""
    net = net_gain(judged.move)
    return net is not None, Decimal(0) if net is None else desk.merit(judged.move, net)


def bound(source: Source, ceiling: Decimal) -> Decimal:
    """Return what no amount moved to a venue of that ceiling gains more than, dollars; 0 when not known."""
    if source.apy is None or source.usd is None:
        return Decimal(0)
    return source.usd * (ceiling - source.apy)


def by_promise(
    sources: Collection[Source], ceilings: Mapping[str, Decimal], order: list[str]
) -> list[Source]:
    """Return the sources, the one with most to gain from the first of the venues first."""
    if not order:
        return []
    top = ceilings[order[0]]
    return sorted(sources, key=lambda source: (-bound(source, top), source.available is None, source.slug))


def _merit(desk: Desk, move: Move, at_least_usd: Decimal) -> Decimal | None:
    """Return a pair's merit; None where it gains too little to be judged."""
    net = net_gain(move)
    return None if net is None or net < at_least_usd else desk.merit(move, net)


def _hopeless(desk: Desk, source: Source, target: str, worth: Decimal) -> bool:
    """Say whether no amount could gain `worth` and the least yield: nor could a lower ceiling."""
    ceiling = desk.ceilings[target]
    if bound(source, ceiling) < worth:
        return True
    return source.apy is not None and ceiling - source.apy < desk.policy.min_apy_gain
