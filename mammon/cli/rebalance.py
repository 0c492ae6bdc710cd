"""`mammon rebalance`: carry a decision out: re-read, judge again, plan, and with --execute do it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

import typer

from mammon.cli.gates import leave
from mammon.cli.invocation import Invocation
from mammon.cli.options import ACT, BASE, INPUT, WORLD, command
from mammon.cli.readings import error_notes, require_some
from mammon.cli.wiring import Place, PlannedCall, opened
from mammon.core.decide import Ask, Decision
from mammon.core.plan import Outcome
from mammon.engine.cycle import act, judge
from mammon.engine.observe import Observation
from mammon.errors import UsageError
from mammon.reporting.numbers import token
from mammon.reporting.sentences import headline, movement, sentence
from mammon.reporting.tables import Table, table


@dataclass(frozen=True, slots=True)
class PlanData:
    """A decision judged at the current block, the calls of its plan, and what came of them."""

    decision: Decision
    calls: tuple[PlannedCall, ...]
    """In order; the amount of a deposit after a withdrawal is what the withdrawal is planned to bring."""
    outcome: Outcome | None
    """None: nothing was done."""


@command(BASE, WORLD, INPUT, ACT)
def rebalance(
    call: Invocation,
    plan_only: Annotated[
        bool, typer.Option("--plan-only", help="Plan and stop there (the default).")
    ] = False,
    exit_code: Annotated[bool, typer.Option("--exit-code", help="Exit 3 also for a hold.")] = False,
) -> None:
    """Carry a decision out. Reads and judges anew; a decision given with -i is only a proposal."""
    if plan_only and call.execute:
        raise UsageError("usage", "--plan-only and --execute contradict each other", "give one of them")
    with opened(call, holdings=True, acting=call.execute) as place:
        proposal = call.document("gates")
        seen = place.world.observe()
        require_some(seen)
        decision = _judged(place, seen, proposal.data if proposal else None)
        data = PlanData(decision, place.calls(decision), None)
        if call.execute and decision.plan is not None and decision.chosen is not None:
            call.confirm(f"Move {movement(decision, decision.chosen)}?")
            outcome = act(place.world, decision)
            data = PlanData(decision, data.calls, outcome)
        call.result(
            "plan",
            data,
            lambda: shown(data),
            block=decision.snapshot.block,
            errors=error_notes(seen),
            acted=data.outcome is not None,
        )
        leave(decision, exit_code)


def _judged(place: Place, seen: Observation, proposal: Decision | None) -> Decision:
    """Return the decision at the current block on what is proposed, or on the best move."""
    if proposal is None:
        return judge(place.world, seen)
    if proposal.plan is None:
        return proposal
    plan = proposal.plan
    whole = plan.steps[0].everything
    return judge(place.world, seen, Ask(plan.source, plan.target, None if whole else plan.amount))


def shown(data: PlanData) -> Iterator[Table | str]:
    """Yield what a person sees: the headline, what refused, the legs, and what was measured."""
    decision, asset = data.decision, data.decision.portfolio.asset
    yield headline(decision)
    if decision.chosen is not None:
        for verdict in decision.chosen.verdicts:
            if not verdict.passed:
                yield f"  NO  {sentence(verdict, asset.decimals)}"
    if decision.plan is not None:
        yield table(
            ("leg", "what", "where", asset.symbol),
            [
                (str(number), step.action, step.slug, token(step.amount, asset.decimals))
                for number, step in enumerate(decision.plan.steps, 1)
            ],
            title="Plan",
        )
    if data.outcome is not None:
        yield outcome_line(data.outcome, asset.decimals, asset.symbol)


def outcome_line(outcome: Outcome, decimals: int, symbol: str) -> str:
    """Say what was measured after a move."""
    entered = token(outcome.entered, decimals, symbol)
    count = len(outcome.transactions)
    how = f"{count} transactions, {outcome.gas} wei" if count else f"on paper, {outcome.gas} wei"
    return f"Moved {entered} from {outcome.source} to {outcome.target} ({how})."
