"""`mammon tx show FILE`: an emitted batch judged anew, before the last signature."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import typer

from mammon.chain.calls import planned_calls
from mammon.cli.batches import taken
from mammon.cli.gates import REFUSED, leave
from mammon.cli.intake import content
from mammon.cli.invocation import Invocation
from mammon.cli.place import Place, PlannedCall, shares_in
from mammon.cli.plans import PlanData, RefusalNote, RehearsalNote, shown
from mammon.cli.readings import error_notes, require_some
from mammon.cli.rehearsing import rehearsed
from mammon.cli.sealing import sealed
from mammon.cli.terms import HomeTerms, Terms
from mammon.cli.tx_home import show_home
from mammon.cli.wiring import opened
from mammon.core.decide import Decision
from mammon.core.plan import IDLE, Plan
from mammon.core.types import Call
from mammon.engine.cycle import consider
from mammon.engine.observe import Observation
from mammon.errors import RefusedError, UsageError
from mammon.reporting.numbers import utc
from mammon.reporting.tables import Table

ANEW = "emit it anew: mammon rebalance --emit"


def show_file(call: Invocation, path: str) -> None:
    """Judge the batch in a file at the current block, and leave with what that says: 0, 2 or 3."""
    with opened(call, holdings=True, on_chain=True) as place:
        terms, calls = taken(call.identity, place.asset, content(path, call.process, call.deadline))
        if isinstance(terms, HomeTerms):
            show_home(call, place, terms, calls)
            return
        seen = place.world.observe()
        require_some(seen)
        terms.require_fresh(seen.snapshot.block)
        decision = _decided(place, seen, terms)
        data = _rejudged(place, terms, calls, decision)
        document = sealed(call, "plan", data, decision.snapshot.block, error_notes(seen))
        call.output.result(lambda: document, lambda: _shown(data))
        leave(decision, exit_code=False)
        if data.rehearsal is None or not data.rehearsal.passed:
            raise typer.Exit(REFUSED)


def _decided(place: Place, seen: Observation, terms: Terms) -> Decision:
    """Judge a batch as a move that somebody names, unless it is the way into a haven that money flees now."""
    now = consider(place.world, seen)
    way = None if now.plan is None else (now.plan.source, now.plan.target)
    if now.escaped and terms.target != IDLE and way == (terms.source, terms.target):
        return now
    return consider(place.world, seen, terms.ask)


def _rejudged(place: Place, terms: Terms, calls: tuple[Call, ...], decision: Decision) -> PlanData:
    today = decision.plan
    if today is None:
        return PlanData(decision, (), None, None, terms.valid_until)
    if not 0 < terms.amount <= today.amount:
        raise RefusedError(
            "amount", f"{terms.amount} base units, and {today.amount} could be moved now", ANEW
        )
    plan = terms.plan(today)
    if len(calls) != len(plan.steps):
        raise UsageError("altered", f"{len(calls)} calls, where the plan has {len(plan.steps)}", ANEW)
    named = tuple(
        PlannedCall(step.action, step.slug, call.target, call.data)
        for step, call in zip(plan.steps, calls, strict=True)
    )
    note = rehearsed(place, decision, plan, named, whole=True)
    more = tuple(_others(place, decision, plan, calls))
    if more:
        note = dataclasses.replace(note, passed=False, refusals=(*note.refusals, *more))
    return PlanData(decision, named, None, note, terms.valid_until)


def _others(place: Place, decision: Decision, plan: Plan, calls: tuple[Call, ...]) -> Iterator[RefusalNote]:
    """Refuse every call that is not to the byte what its plan makes today."""
    portfolio = decision.portfolio
    shares = shares_in(portfolio, plan.source)
    due = planned_calls(plan, portfolio.owner, place.venues, place.markets, shares)
    for leg, (found, wanted) in enumerate(zip(calls, due, strict=True)):
        if found != wanted:
            told = [f"{each.target} 0x{each.data.hex()}" for each in (found, wanted)]
            yield RefusalNote(leg, "not_the_plan", *told)


def _shown(data: PlanData) -> Iterator[Table | str]:
    yield from shown(data)
    rehearsal: RehearsalNote | None = data.rehearsal
    if rehearsal is not None and rehearsal.passed:
        yield f"Still the plan, and every gate passes: it may be signed until {utc(data.valid_until)}."
    else:
        yield "Do not sign it."
