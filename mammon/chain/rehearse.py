"""What legs have to do in their rehearsal, and whether they did."""

from __future__ import annotations

from collections.abc import Sequence

from mammon.chain.effects import ROUNDING_UNITS
from mammon.chain.evidence import Rehearsal
from mammon.chain.onlooker import Looking
from mammon.chain.prepare import Prepared
from mammon.chain.simulate import APPROVAL, Answer, Expected, rehearsal
from mammon.core.numbers import Units
from mammon.core.plan import Step
from mammon.errors import OutsideError
from mammon.protocols.forms import ERROR_CODES

_UNTOUCHED = Expected(0, at_least=True)


def rehearsed(purse: Looking, ready: Prepared, steps: Sequence[Step], amounts: Sequence[Units]) -> Rehearsal:
    """Judge the rehearsal of the next legs; of the first one alone where the node could do no more."""
    simulated = ready.simulated
    if simulated is None:
        raise OutsideError("simulation", "the legs were not rehearsed", "try again")
    due = [_expected(step, amount) for step, amount in zip(steps, amounts, strict=True)]
    purse.progress("rehearsed")
    if ready.besides is not None:
        # What brings another token may bring of the asset too, and must take none of it.
        untouched = rehearsal(ready.besides, [_UNTOUCHED] * len(ready.besides.calls), 0)
        if not untouched.passed:
            return untouched
    return rehearsal(simulated, due[: len(simulated.calls)], ROUNDING_UNITS)


def _expected(step: Step, amount: Units) -> Expected:
    if step.action in ("approve", "revoke"):
        return APPROVAL
    answer: Answer = "zero" if step.protocol in ERROR_CODES else "any"
    if step.action == "deposit":
        return Expected(-amount, answer=answer)
    return Expected(amount, at_least=step.everything or step.action == "claim", answer=answer)
