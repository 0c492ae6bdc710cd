"""Lookout: what a look between two decisions shows that the last decision did not know.

It decides nothing: it says that the next decision should not wait. So it may err on the side of a decision
too many, and asks the same questions of danger as a decision does, with that decision's reading as the one
before. What one look can not tell is whether a fall goes on; a fall after which a few more like it would make
liquidity short is enough to decide now, and to look sooner. And where money waits to leave, liquidity that
came back is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from mammon.core.costs import price_problem
from mammon.core.danger import ASSET, venue_dangers
from mammon.core.decide import Decision
from mammon.core.fixed import BPS
from mammon.core.numbers import Units
from mammon.core.plan import IDLE
from mammon.core.tracks import Sample, Track
from mammon.core.types import MarketState, Snapshot, Unread, slug_of

FALLS = 5
"""So many more falls like the one that was seen: more than a decision asks for, for a look is cheap."""
BACK_BPS = 100
"""Liquidity is back when more of it is there than before by this share of what is held."""


@dataclass(frozen=True, slots=True)
class Watched:
    """What a look is held against: a decision, and its reading as it was before any book was put into it."""

    snapshot: Snapshot
    decision: Decision

    @property
    def amounts(self) -> Mapping[str, Units | None]:
        """Return what is held by venue, what the decision puts there included; None: not known how much."""
        held: dict[str, Units | None] = {
            slug_of(item): None if isinstance(item, Unread) else item.assets
            for item in self.decision.portfolio.positions
        }
        plan = self.decision.plan
        if plan is not None and plan.target != IDLE:
            before = held.get(plan.target, Units(0))
            held[plan.target] = None if before is None else Units(before + plan.amount)
        return {slug: amount for slug, amount in held.items() if amount is None or amount > 0}


def alarms(watched: Watched, seen: Snapshot) -> tuple[str, ...]:
    """Return what is new in `seen`, each as `subject: code`; nothing where the next decision can wait.

    What was not read says nothing here: the next decision tells of it in its time.
    """
    if seen.block.number <= watched.snapshot.block.number:
        return ()
    known = {(danger.subject, danger.code) for danger in watched.decision.dangers}
    found = {*_of_venues(watched, seen), *_of_asset(watched, seen)} - known
    return tuple(sorted(f"{subject}: {code}" for subject, code in found))


def _of_venues(watched: Watched, seen: Snapshot) -> Iterator[tuple[str, str]]:
    before = {slug_of(reading): reading for reading in watched.snapshot.markets}
    leaving = {danger.subject for danger in watched.decision.dangers if danger.acts}
    policy, amounts = watched.decision.policy, watched.amounts
    for state in seen.markets:
        if isinstance(state, Unread) or state.market.slug not in amounts:
            continue
        slug, last = state.market.slug, before.get(state.market.slug)
        amount, tracks = amounts[slug], tuple[Track, ...]()
        if isinstance(last, MarketState):
            tracks = (Track(slug, (_sample(last, watched.snapshot),)),)
            fell = last.withdrawable - state.withdrawable
            limit = policy.danger_liquidity_multiple * (amount or 0)
            if fell > 0 and state.withdrawable - FALLS * fell < limit:
                yield slug, "liquidity_sinks"
            if slug in leaving and -fell * BPS > (amount or 0) * BACK_BPS:
                yield slug, "liquidity_back"
        for danger in venue_dangers(state, amount, replace(seen, tracks=tracks), policy):
            yield slug, danger.code


def _of_asset(watched: Watched, seen: Snapshot) -> Iterator[tuple[str, str]]:
    price, policy = seen.asset_usd, watched.decision.policy
    if isinstance(price, Unread) or price_problem(price, seen.block, policy.price_margin):
        return
    if price.usd < policy.min_price_usd:
        yield ASSET, "off_peg"


def _sample(state: MarketState, snapshot: Snapshot) -> Sample:
    """Return what a decision read of a venue as the reading before; losses the new reading tells itself."""
    at, number = snapshot.block.timestamp, snapshot.block.number
    figures = state.index, state.supplied, state.borrowed, state.withdrawable, state.room
    return Sample(number, at, *figures, Units(0))
