"""The one decision of the program: `decide(snapshot, portfolio, policy, now) -> Decision`.

Live, paper, mock and history runs all come through here. A decision carries its inputs whole, so
that `replay` recomputes it offline to identical bytes and nobody has to trust it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from decimal import localcontext
from typing import Literal

from mammon.core import canonical
from mammon.core.danger import ASSET, Danger, dangers_of
from mammon.core.desk import Desk
from mammon.core.escape import escape
from mammon.core.gates import GATES, Kind, refusals
from mammon.core.judgement import Judgement, rank
from mammon.core.numbers import Units
from mammon.core.plan import IDLE, Plan, home_plan, plan_of
from mammon.core.policy import Policy
from mammon.core.ranking import best, merit_of
from mammon.core.rates import CONTEXT
from mammon.core.recall import for_needs, recalled
from mammon.core.reserve import Reserve
from mammon.core.sources import Source
from mammon.core.target import Aim, Target, aim_of, towards
from mammon.core.types import MarketState, Portfolio, Snapshot, Unread, Verdict
from mammon.errors import UsageError

_ACCOUNT_GATES = frozenset(gate.code for gate in GATES if gate.account)


@dataclass(frozen=True, slots=True)
class Ask:
    """A move somebody names; `amount` None means all that could move."""

    source: str
    target: str
    """`idle`: bring it home."""
    amount: Units | None = None
    returning: bool = False
    """The money was in a venue until this very move took it out: it adds nothing to what is deposited."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do, why, and everything it was computed from."""

    snapshot: Snapshot
    portfolio: Portfolio
    policy: Policy
    now: int
    ask: Ask | None
    action: Literal["hold", "move", "exit"]
    """`exit`: money leaves a danger, or comes home for needs that fall due or because it was asked for."""
    refused_by: tuple[str, ...]
    """Gates that refused a plan which would have paid (any gate, when a move was asked for)."""
    chosen: Judgement | None
    """The best candidate, or the one that was refused; None when there is nothing to judge."""
    venues: tuple[Judgement, ...]
    """Every other venue, judged as the target for the account's most promising money."""
    plan: Plan | None
    reserve: Reserve
    """What stays in the wallet at this time."""
    target: Target | None = None
    """What the account's money should be split into; None where the policy splits nothing, and where a move
    was asked for or money comes home."""
    dangers: tuple[Danger, ...] = ()
    """What endangers the money in venues, the most urgent first, and what of that could not be known."""

    @property
    def escaped(self) -> tuple[Danger, ...]:
        """The dangers that an exit brings money out of; empty where it is made for something else."""
        fleeing = self.action == "exit" and self.ask is None and self.policy.on_danger == "exit"
        if not fleeing or self.chosen is None:
            return ()
        subjects = (self.chosen.move.source, ASSET)
        return tuple(danger for danger in self.dangers if danger.acts and danger.subject in subjects)

    @property
    def urgent(self) -> bool:
        """Whether money is in a danger that is to be left, so that the next look should come soon."""
        return self.policy.on_danger == "exit" and any(danger.acts for danger in self.dangers)


def identity(decision: Decision) -> str:
    """Return the sha256 of a decision's canonical bytes, in hexadecimal: the name it is kept under."""
    return hashlib.sha256(canonical.dumps(decision)).hexdigest()


def decide(
    snapshot: Snapshot, portfolio: Portfolio, policy: Policy, now: int, ask: Ask | None = None
) -> Decision:
    """Judge every venue and the best move, and say what to do.

    Pure: the same arguments give the same bytes. `now` is unix seconds. Raises `UsageError` when
    `ask` names a place that is not in the snapshot.
    """
    with localcontext(CONTEXT):
        desk = Desk(snapshot, portfolio, policy, now)
        venues = _venues(desk)
        dangers = dangers_of(snapshot, portfolio, policy)
        fleeing = None if ask else escape(desk, dangers)
        chosen = _asked(desk, ask) if ask else fleeing or for_needs(desk)
        aim = aim_of(desk) if policy.split and chosen is None else None
        chosen = chosen or (_best(desk, venues) if aim is None else _step(desk, aim, venues))
        refused = _refused_by(chosen, ask)
        return Decision(
            snapshot,
            portfolio,
            policy,
            now,
            ask,
            _action(chosen, fleeing is not None),
            refused,
            chosen,
            venues,
            _plan(desk, chosen) if chosen and chosen.passed else None,
            desk.reserve,
            None if aim is None else aim.target,
            dangers,
        )


def replay(decision: Decision) -> Decision:
    """Recompute a decision from the inputs it carries."""
    return decide(decision.snapshot, decision.portfolio, decision.policy, decision.now, decision.ask)


def _action(chosen: Judgement | None, fleeing: bool) -> Literal["hold", "move", "exit"]:
    if chosen is None or not chosen.passed:
        return "hold"
    return "exit" if fleeing or chosen.move.target == IDLE else "move"


def _venues(desk: Desk) -> tuple[Judgement, ...]:
    primary = desk.primary
    if primary is None:
        return ()
    return tuple(desk.judgement(primary, slug) for slug in sorted(desk.readings) if slug != primary.slug)


def _best(desk: Desk, venues: tuple[Judgement, ...]) -> Judgement | None:
    """Return the best move that passes; else the best that would have paid; else the best of `venues`."""
    if not any(v.gate in _ACCOUNT_GATES and not v.passed for judged in venues[:1] for v in judged.verdicts):
        enterable = {slug for slug in desk.readings if _enterable(desk, slug)}
        found = best(desk, enterable, _all_pass, desk.policy.min_annual_gain_usd)
        if found is not None:
            return found
    paying = best(desk, desk.readings, _pays, desk.policy.min_annual_gain_usd)
    return paying if paying is not None else max(venues, key=rank, default=None)


def _step(desk: Desk, aim: Aim, venues: tuple[Judgement, ...]) -> Judgement | None:
    """Return the best move towards the target that passes; else that would have paid; else one to tell of."""
    moves = sorted(towards(desk, aim), key=lambda judged: merit_of(desk, judged), reverse=True)
    for accept in (_all_pass, _pays):
        for judged in moves:
            if accept(judged.verdicts):
                return judged
    # Where the target is reached nothing moves, whatever one venue alone would seem to promise.
    return max(moves or [judged for judged in venues if not judged.passed], key=rank, default=None)


def _enterable(desk: Desk, slug: str) -> bool:
    reading = desk.readings[slug]
    if isinstance(reading, Unread):
        return False
    return reading.market.deposits and not reading.closed and not reading.locked


def _all_pass(verdicts: tuple[Verdict, ...]) -> bool:
    return all(verdict.passed for verdict in verdicts)


def _pays(verdicts: tuple[Verdict, ...]) -> bool:
    return not refusals(verdicts, "profit")


def _asked(desk: Desk, ask: Ask) -> Judgement:
    if ask.target not in desk.readings and ask.target != IDLE:
        raise UsageError("unknown_venue", f"no venue is named {ask.target!r}", _known(desk))
    if ask.source not in desk.readings and ask.source != IDLE:
        raise UsageError("unknown_venue", f"no venue is named {ask.source!r}", f"idle, {_known(desk)}")
    if ask.source == ask.target:
        raise UsageError("same_venue", "a move needs two different places")
    source = desk.source(ask.source) or Source(ask.source, None, Units(0), None)
    if ask.target == IDLE:
        return recalled(desk, source, ask.amount)
    return desk.judgement(source, ask.target, ask.amount, returning=ask.returning)


def _known(desk: Desk) -> str:
    return ", ".join(sorted(desk.readings))


def _refused_by(chosen: Judgement | None, ask: Ask | None) -> tuple[str, ...]:
    if chosen is None or chosen.passed:
        return ()
    kinds: tuple[Kind, ...] = ("profit", "safety") if ask else ("safety",)
    codes = tuple(code for kind in kinds for code in refusals(chosen.verdicts, kind))
    if ask:
        return codes
    if not refusals(chosen.verdicts, "profit"):
        return codes
    # Nothing could be priced at all: that is not "it does not pay", it is "nobody knows".
    if not any(_blind(verdict) for verdict in chosen.verdicts):
        return ()
    return tuple(v.gate for v in chosen.verdicts if not v.passed and (_blind(v) or v.gate in codes))


def _blind(verdict: Verdict) -> bool:
    return verdict.measured is None and verdict.detail.startswith(("cost:", "asset_usd:", "source_rate"))


def _plan(desk: Desk, chosen: Judgement) -> Plan:
    move = chosen.move
    source = desk.source(move.source)
    assert source is not None
    position = desk.holdings.get(move.source)
    emptied = position is not None and not isinstance(position, Unread) and position.assets == move.amount
    if move.target == IDLE:
        assert source.state is not None
        return home_plan(move, source.state, emptied)
    target = desk.readings[move.target]
    assert isinstance(target, MarketState)
    return plan_of(move, source.state, target, emptied)
