"""What a person commands on the chain: ways home and drills, through the same legs as every move."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256

from mammon.chain.legs import Legs
from mammon.core.limits import HOUR_S
from mammon.core.numbers import Units
from mammon.core.plan import Outcome, Plan
from mammon.core.policy import Policy
from mammon.core.ports import Deadline
from mammon.core.txstate import Intent, IntentKind
from mammon.core.types import Snapshot


class Commanded:
    """Carry out plans that no decision stands behind. `deadline`: the time one reading may take."""

    def __init__(self, legs: Legs, policy: Policy, deadline: Callable[[], Deadline]) -> None:
        self.legs, self.purse, self.policy, self.deadline = legs, legs.purse, policy, deadline

    def begin(self) -> None:
        """Settle what is on the wire and put down what was begun."""
        self.legs.put_down("put_down")

    def carry(self, kind: IntentKind, plan: Plan, snapshot: Snapshot, shares: int) -> Outcome:
        """Carry a plan out as an intent of its own. Raises as `Legs.resume`."""
        intent = self._begun(kind, plan, snapshot)
        return self.legs.resume(intent, snapshot, self.policy, shares)

    def end(self) -> None:
        """Take back the allowances that are left."""
        self.legs.take_back_left()

    def pending(self) -> bool:
        """Say whether a transaction is still on its way."""
        return self.purse.journal.open_slot() is not None

    def allowance(self, slug: str) -> Units:
        """Return what a venue may take now. Raises `OutsideError` when it could not be read."""
        return self.purse.effects.allowance(self.purse.markets[slug].spender, None, self.deadline())

    def room(self) -> int:
        """Return how many transactions may still be sent in this hour."""
        journal = self.purse.journal
        return self.purse.ceilings.per_hour - journal.slots_since(journal.seen_at() - HOUR_S)

    def _begun(self, kind: IntentKind, plan: Plan, snapshot: Snapshot) -> Intent:
        """Begin an intent. The same again is another one: what is held, not what was asked, ends it."""
        at = max(snapshot.block.timestamp, self.purse.journal.seen_at())
        facts = (
            kind,
            self.purse.owner,
            self.purse.rpc.chain_id,
            snapshot.block.hash,
            plan.source,
            plan.target,
        )
        times = 0
        while True:
            key = sha256("/".join(map(str, (*facts, plan.amount, times))).encode()).hexdigest()
            intent = self.purse.journal.begin(kind, key, "", plan, at, at + self.purse.patience.intent_s)
            if intent.state == "open":
                return intent
            times += 1
