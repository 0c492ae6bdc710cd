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
from mammon.core.plan import Outcome, Plan
from mammon.engine.cycle import act, judge
from mammon.engine.observe import Observation
from mammon.errors import UsageError
from mammon.reporting.numbers import native, token
from mammon.reporting.sentences import headline, movement, sentence
from mammon.reporting.tables import Table, table

STOPPED = 5
"""Asked to act while a stop is in force: a person has to lift it."""


@dataclass(frozen=True, slots=True)
class PlanData:
    """A decision judged at the current block, the calls of its plan, and what came of them."""

    decision: Decision
    calls: tuple[PlannedCall, ...]
    """In order; the amount of a deposit after a withdrawal is what the withdrawal is planned to bring.
    None when a hold was proposed, whatever the decision says."""
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
        document = call.document("gates")
        seen, decision = _judged(place, document.data.plan if document else None)
        if document is not None and document.data.plan is None:
            call.output.note("the proposal is to hold: nothing is carried out")
            data = PlanData(decision, (), None)
        elif call.execute and decision.plan is not None and decision.chosen is not None:
            call.confirm(f"Move {movement(decision, decision.chosen)}?")
            if not call.yes:  # the answer may have taken hours: what counts is what is true now
                seen, decision = _judged(place, decision.plan)
            data = _carried_out(place, decision)
        else:
            data = PlanData(decision, place.calls(decision), None)
        call.result(
            "plan",
            data,
            lambda: shown(data),
            block=decision.snapshot.block,
            errors=error_notes(seen),
            acted=data.outcome is not None,
        )
        if call.execute and "stops" in decision.refused_by:
            raise typer.Exit(STOPPED)
        leave(decision, exit_code)


def _judged(place: Place, proposed: Plan | None) -> tuple[Observation, Decision]:
    """Read anew, and judge what is proposed, or the best move; of a proposal only the question counts."""
    seen = place.world.observe()
    require_some(seen)
    if proposed is None:
        return seen, judge(place.world, seen)
    whole = any(step.everything for step in proposed.steps)
    ask = Ask(proposed.source, proposed.target, None if whole else proposed.amount)
    return seen, judge(place.world, seen, ask)


def _carried_out(place: Place, decision: Decision) -> PlanData:
    calls = place.calls(decision)
    if decision.plan is None:
        return PlanData(decision, calls, None)
    outcome = act(place.world, decision)
    place.settle()
    return PlanData(decision, calls, outcome)


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
    how = f"{count} transactions" if count else "on paper"
    gas = f"{native(outcome.gas)} ETH for gas"
    return f"Moved {entered} from {outcome.source} to {outcome.target} ({how}, {gas})."
