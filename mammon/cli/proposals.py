"""What `rebalance -i` takes: a decision (`mammon/gates@1`) or a plan file (`mammon/plan@1`)."""

from __future__ import annotations

from dataclasses import dataclass

from mammon.cli.documents import Identity, read
from mammon.cli.intake import content
from mammon.cli.invocation import Invocation
from mammon.cli.sealing import require_fresh, unsealed
from mammon.core import canonical
from mammon.core.decide import Ask, Decision
from mammon.core.plan import IDLE, Plan
from mammon.core.types import Block
from mammon.errors import MalformedError, RefusedError, UsageError


@dataclass(frozen=True, slots=True)
class Proposal:
    """A move somebody proposes: a question, never authority. Without a plan it proposes to hold."""

    plan: Plan | None
    valid_until: int | None = None
    """None: it does not expire, for it is judged anew all the same."""
    block: int = 0
    fleeing: bool = False
    """It brings money out of a danger into a haven, which pays nothing as a move that somebody names."""

    @property
    def ask(self) -> Ask | None:
        """What it asks for: the places, and an amount unless it is everything; None: it is to be decided.

        What flees into a haven is decided anew, with the exemptions of an exit, if there still is a danger.
        """
        if self.plan is None or self.fleeing:
            return None
        whole = any(step.everything for step in self.plan.steps)
        return Ask(self.plan.source, self.plan.target, None if whole else self.plan.amount)

    def require_same(self, now: Decision) -> None:
        """Raise `RefusedError` unless what flees into a haven would flee there by what is decided now."""
        plan = self.plan
        if plan is None or not self.fleeing:
            return
        if not now.escaped:
            raise RefusedError(
                "danger_passed", f"{plan.source} is in no danger that money leaves now", "decide anew"
            )
        if now.plan is None or (now.plan.source, now.plan.target) != (plan.source, plan.target):
            raise RefusedError("changed", "what is proposed is not what would be done now", "decide anew")

    def require_fresh(self, block: Block) -> None:
        """Raise `UsageError` when its time has passed at a block."""
        if self.valid_until is not None:
            require_fresh("$.data.valid_until", self.valid_until, self.block, block)


def proposal(call: Invocation) -> Proposal | None:
    """Read what is given with -i, None without it. Raises `UsageError` naming the field."""
    if call.source is None:
        return None
    return proposed(content(call.source, call.process, call.deadline), call.identity)


def proposed(text: bytes, identity: Identity) -> Proposal:
    """Read what a document of this world proposes. Raises `UsageError` naming the field."""
    if not _schema(text).startswith("mammon/plan@"):
        decision = read("gates", text, identity).data
        return Proposal(decision.plan, fleeing=_fleeing(decision))
    data = unsealed(identity, "plan", text).data
    if data.outcome is not None:
        raise UsageError("carried_out", "$.data.outcome: this plan was carried out already", "make it anew")
    # A plan without calls answered a proposal to hold.
    plan = data.decision.plan if data.calls else None
    return Proposal(plan, data.valid_until, data.decision.snapshot.block.number, _fleeing(data.decision))


def _fleeing(decision: Decision) -> bool:
    """Say whether a decision calls itself a way into a haven: a claim, for what is read now to bear out."""
    return bool(decision.escaped) and decision.plan is not None and decision.plan.target != IDLE


def _schema(text: bytes) -> str:
    try:
        plain = canonical.parse(text)
    except MalformedError:
        return ""  # told by whoever reads it as a decision
    found = plain.get("schema") if isinstance(plain, dict) else None
    return found if isinstance(found, str) else ""
