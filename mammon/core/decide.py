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
from mammon.core.candidates import Desk, Judgement, Source, rank
from mammon.core.gates import GATES, Kind, refusals
from mammon.core.numbers import Units
from mammon.core.plan import Plan, plan_of
from mammon.core.policy import Policy
from mammon.core.rates import CONTEXT
from mammon.core.types import MarketState, Portfolio, Snapshot, Unread, Verdict
from mammon.errors import UsageError

_ACCOUNT_GATES = frozenset(gate.code for gate in GATES if gate.account)


@dataclass(frozen=True, slots=True)
class Ask:
    """A move somebody names; `amount` None means all that could move."""

    source: str
    target: str
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
    action: Literal["hold", "move"]
    refused_by: tuple[str, ...]
    """Gates that refused a plan which would have paid (any gate, when a move was asked for)."""
    chosen: Judgement | None
    """The best candidate, or the one that was refused; None when there is nothing to judge."""
    venues: tuple[Judgement, ...]
    """Every other venue, judged as the target for the account's most promising money."""
    plan: Plan | None


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
        chosen = _asked(desk, ask) if ask else _best(desk, venues)
        refused = _refused_by(chosen, ask)
        moving = chosen is not None and chosen.passed
        return Decision(
            snapshot,
            portfolio,
            policy,
            now,
            ask,
            "move" if moving else "hold",
            refused,
            chosen,
            venues,
            _plan(desk, chosen) if chosen and moving else None,
        )


def replay(decision: Decision) -> Decision:
    """Recompute a decision from the inputs it carries."""
    return decide(decision.snapshot, decision.portfolio, decision.policy, decision.now, decision.ask)


def _venues(desk: Desk) -> tuple[Judgement, ...]:
    primary = desk.primary
    if primary is None:
        return ()
    return tuple(desk.judgement(primary, slug) for slug in sorted(desk.readings) if slug != primary.slug)


def _best(desk: Desk, venues: tuple[Judgement, ...]) -> Judgement | None:
    """Return the best move that passes; else the best that would have paid; else the best of `venues`."""
    if not any(v.gate in _ACCOUNT_GATES and not v.passed for judged in venues[:1] for v in judged.verdicts):
        enterable = {slug for slug in desk.readings if _enterable(desk, slug)}
        found = desk.best(enterable, _all_pass, desk.policy.min_annual_gain_usd)
        if found is not None:
            return found
    paying = desk.best(desk.readings, _pays, desk.policy.min_annual_gain_usd)
    return paying if paying is not None else max(venues, key=rank, default=None)


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
    if ask.target not in desk.readings:
        raise UsageError("unknown_venue", f"no venue is named {ask.target!r}", _known(desk))
    if ask.source not in desk.readings and ask.source != "idle":
        raise UsageError("unknown_venue", f"no venue is named {ask.source!r}", f"idle, {_known(desk)}")
    if ask.source == ask.target:
        raise UsageError("same_venue", "a move needs two different places")
    nothing = Source(ask.source, None, Units(0), None)
    return desk.judgement(desk.source(ask.source) or nothing, ask.target, ask.amount, returning=ask.returning)


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
    target = desk.readings[move.target]
    assert source is not None
    assert isinstance(target, MarketState)
    position = desk.holdings.get(move.source)
    emptied = position is not None and not isinstance(position, Unread) and position.assets == move.amount
    return plan_of(move, source.state, target, emptied)
