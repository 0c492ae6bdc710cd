"""A plan's calls tried out without a key, for `rebalance --dry-run`, `--emit` and `tx show FILE`."""

from __future__ import annotations

from collections.abc import Sequence

from mammon.chain.keyless import Leg, Tried, tried
from mammon.cli.acting import StatePins
from mammon.cli.documents import amount
from mammon.cli.place import Place, PlannedCall, shares_in
from mammon.cli.plans import LegNote, RefusalNote, RehearsalNote
from mammon.core.decide import Decision
from mammon.core.plan import IDLE, Plan
from mammon.core.txstate import IntentKind
from mammon.core.types import Call


def rehearsed(
    place: Place, decision: Decision, plan: Plan, calls: Sequence[PlannedCall], *, whole: bool
) -> RehearsalNote:
    """Try a plan's calls out at the head and say what speaks against them; nothing is signed.

    `whole`: raise `OutsideError` where the node cannot rehearse them all. Raises as `keyless.tried`.
    """
    onlooker, shares = place.onlooker(), shares_in(decision.portfolio, plan.source)
    kind: IntentKind = "exit" if plan.target == IDLE else "move"
    legs = [
        Leg(step, place.markets[step.slug], Call(call.to, call.data), shares, kind)
        for step, call in zip(plan.steps, calls, strict=True)
    ]
    at_least = decision.snapshot.block.number
    found = tried(onlooker, StatePins(place.store), legs, place.deadline(), at_least, whole=whole)
    return _note(found, legs, place.asset.decimals)


def _note(found: Tried, legs: Sequence[Leg], decimals: int) -> RehearsalNote:
    return RehearsalNote(
        found.rehearsal.block,
        found.passed,
        "" if found.rehearsal.passed else found.rehearsal.reason,
        tuple(
            LegNote(
                leg.step.action,
                leg.step.slug,
                None if call.delta is None else amount(call.delta, decimals),
                call.gas_used,
                call.reason,
            )
            for leg, call in zip(legs, found.calls, strict=False)
        ),
        tuple(
            RefusalNote(number, refusal.code, refusal.measured, refusal.limit)
            for number, refusal in found.refusals
            if refusal.code != "rehearsal_failed"  # told once, as the reason
        ),
    )
