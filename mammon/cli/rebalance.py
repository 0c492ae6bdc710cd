"""`mammon rebalance`: carry a decision out: re-read, judge again, plan, and with --execute do it."""

from __future__ import annotations

import dataclasses
from typing import Annotated

import typer

from mammon.cli import outfile, worlds
from mammon.cli.gates import REFUSED, leave
from mammon.cli.invocation import Invocation
from mammon.cli.options import ACT, BASE, INPUT, WORLD, command
from mammon.cli.plans import Form, PlanData
from mammon.cli.proposals import Proposal, proposal
from mammon.cli.readings import require_some
from mammon.cli.sealing import validity_s
from mammon.cli.wiring import Place, opened
from mammon.cli.wishes import Wish, require_one, tell
from mammon.core.decide import Ask, Decision
from mammon.core.plan import IDLE, Plan
from mammon.engine.cycle import act, consider, judge, recover
from mammon.engine.observe import Observation
from mammon.errors import RefusedError
from mammon.reporting.sentences import movement

STOPPED = 5
"""Asked to act while a stop is in force: a person has to lift it."""


@command(BASE, WORLD, INPUT, ACT)
def rebalance(
    call: Invocation,
    plan_only: Annotated[
        bool, typer.Option("--plan-only", help="Plan and stop there (the default).")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="All but signing, for any account; no key.")
    ] = False,
    emit: Annotated[Form | None, typer.Option("--emit", help="Print the calls for others to sign.")] = None,
    valid_for: Annotated[
        str | None, typer.Option("--valid-for", metavar="TIME", help='Of plan or batch, "10m".')
    ] = None,
    out: Annotated[
        str | None, typer.Option("--out", metavar="FILE", help="Write the plan or batch to a file.")
    ] = None,
    exit_code: Annotated[bool, typer.Option("--exit-code", help="Exit 3 also for a hold.")] = False,
) -> None:
    """Carry a decision out. Reads and judges anew; what is given with -i is only a proposal.

    -i takes a decision of `gates`, or a plan that is neither altered nor expired.
    """
    require_one(plan_only, dry_run, emit, call.execute, valid_for, out)
    target = None if out is None else outfile.named(call.process.directory, out, "--out")
    wish = Wish(dry_run, emit, validity_s(valid_for), target)
    with opened(call, holdings=True, acting=call.execute, on_chain=wish.keyless) as place:
        given = proposal(call)
        recovered = recover(place.world) if call.execute else ()
        seen, data = _planned(call, place, wish, given)
        data = dataclasses.replace(data, recovered=recovered)
        tell(call, wish, seen, data)
        refused = data.decision.refused_by
        if (call.execute or wish.keyless) and "stops" in refused:
            raise typer.Exit(STOPPED)
        leave(data.decision, exit_code)
        if data.rehearsal is not None and not data.rehearsal.passed:
            raise typer.Exit(REFUSED)


def _planned(
    call: Invocation, place: Place, wish: Wish, given: Proposal | None
) -> tuple[Observation, PlanData]:
    """Read, judge, and do with the plan what is wished."""
    seen, decision = _judged(place, wish, given, given.ask if given else None)
    until = decision.snapshot.block.timestamp + wish.valid_s
    if given is not None and given.plan is None:
        call.output.note("the proposal is to hold: nothing is carried out")
        return seen, PlanData(decision, (), None, None, until)
    plan = decision.plan
    if call.execute and plan is not None and decision.chosen is not None:
        verb = "Bring home" if plan.target == IDLE else "Move"
        call.confirm(f"{verb} {movement(decision, decision.chosen)}?")
        if not call.yes:  # the answer may have taken hours: what counts is what is true now
            seen, decision = _agreed(place, wish, given, decision, plan)
        return seen, _carried_out(place, decision, until)
    calls, note = place.calls(decision), None
    if wish.keyless and plan is not None:
        from mammon.cli.rehearsing import rehearsed  # who only plans has no need of transactions

        if worlds.on_paper(call):
            call.output.note("judged by what the account holds on the chain, not by the paper book")
        note = rehearsed(place, decision, plan, calls, whole=wish.emit is not None)
    return seen, PlanData(decision, calls, None, note, until)


def _judged(
    place: Place, wish: Wish, given: Proposal | None, ask: Ask | None
) -> tuple[Observation, Decision]:
    """Read anew, and judge what is proposed, or the best move; of a proposal only the question counts."""
    seen = place.world.observe()
    require_some(seen)
    if given is not None:
        given.require_fresh(seen.snapshot.block)
    # What is tried out for others is no decision of this world's: it is not recorded.
    decision = (consider if wish.keyless else judge)(place.world, seen, ask)
    if given is not None:
        given.require_same(decision)
    return seen, decision


def _agreed(
    place: Place, wish: Wish, given: Proposal | None, decision: Decision, plan: Plan
) -> tuple[Observation, Decision]:
    """Judge anew what was agreed to.

    What flees into a haven pays nothing as a move that somebody names: it is decided again, and raises
    `RefusedError` where that leads elsewhere.
    """
    if not decision.escaped or plan.target == IDLE:
        return _judged(place, wish, given, Proposal(plan).ask)
    seen, now = _judged(place, wish, given, None)
    if now.plan is not None and (now.plan.source, now.plan.target) != (plan.source, plan.target):
        raise RefusedError("changed", "what was agreed to is not what would be done now", "run again")
    return seen, now


def _carried_out(place: Place, decision: Decision, until: int) -> PlanData:
    calls = place.calls(decision)
    if decision.plan is None:
        return PlanData(decision, calls, None, None, until)
    outcome = act(place.world, decision)
    place.settle()
    if outcome.transactions:
        place.look_again()
    return PlanData(decision, calls, outcome, None, until)
