"""A journal in memory: what `chain.journal` asks for, with nothing behind it that takes time.

It is the plainest reading of the contract. Most schedules run on it, some on the real journal; it
outlives a simulated process as a file would.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from mammon.core.plan import Plan
from mammon.core.txstate import OPEN, Attempt, Intent, Leg, Mined, Slot, TransitionError, require_follows
from mammon.errors import PersonNeededError

LEG_AFTER = {
    "settled": "done",
    "reverted": "waiting",
    "soft_failed": "waiting",
    "cancelled": "waiting",
    "external": "failed",
}


class MemoryJournal:
    """The journal of one account, in lists and dictionaries."""

    def __init__(self) -> None:
        self._slots: dict[int, Slot] = {}
        self._attempts: dict[int, list[Attempt]] = {}
        self._intents: list[Intent] = []
        self._legs: dict[int, list[Leg]] = {}
        self._most: dict[int, int] = {}
        self._paid: dict[int, int | None] = {}
        self._final: set[int] = set()
        self._adopted: int | None = None
        self._seen_at = 0
        self.audit: list[str] = []

    # --- reading -----------------------------------------------------------------------------------

    def open_slot(self) -> Slot | None:
        return next((slot for slot in self._slots.values() if slot.state in OPEN), None)

    def slots(self) -> tuple[Slot, ...]:
        return tuple(self._slots.values())

    def attempts(self, nonce: int) -> tuple[Attempt, ...]:
        return tuple(self._attempts.get(nonce, ()))

    def next_nonce(self) -> int | None:
        known = [nonce + 1 for nonce in self._slots]
        return max([*known, *([] if self._adopted is None else [self._adopted])], default=None)

    def open_intents(self) -> tuple[Intent, ...]:
        return tuple(intent for intent in self._intents if intent.state == "open")

    def intents(self) -> tuple[Intent, ...]:
        return tuple(self._intents)

    def legs(self, intent: int) -> tuple[Leg, ...]:
        return tuple(self._legs[intent])

    def bill(self, intent: int) -> tuple[Any, tuple[Any, ...]]:
        mine = [slot for slot in self._slots.values() if slot.intent == intent and slot.state not in OPEN]
        return sum(self._paid.get(slot.nonce) or 0 for slot in mine), tuple(
            slot.mined.hash for slot in mine if slot.mined
        )

    def unsealed(self) -> tuple[Slot, ...]:
        closed = (slot for slot in self._slots.values() if slot.state not in OPEN)
        return tuple(slot for slot in closed if slot.nonce not in self._final and slot.mined)

    def spent(self, since: int) -> Any:
        recent = (slot.nonce for slot in self._slots.values() if slot.opened_at >= since)
        return sum(self._most[n] if self._paid[n] is None else self._paid[n] or 0 for n in recent)

    def slots_since(self, since: int) -> int:
        return sum(slot.opened_at >= since for slot in self._slots.values())

    def seen_at(self) -> int:
        return self._seen_at

    # --- writing -----------------------------------------------------------------------------------

    def begin(self, kind: Any, key: str, decision: str, plan: Plan, at: int, deadline: int) -> Intent:
        for intent in self._intents:
            if intent.key == key:
                return intent
        made = Intent(len(self._intents) + 1, key, kind, decision, plan, at, deadline)
        self._intents.append(made)
        self._legs[made.id] = [Leg(made.id, seq, step, "waiting") for seq, step in enumerate(plan.steps)]
        self.audit.append(f"begin {made.id}")
        return made

    def sign_slot(self, slot: Slot, attempt: Attempt, most: Any) -> None:
        found, due = self.open_slot(), self.next_nonce()
        if found is not None:
            raise PersonNeededError("open_slot", f"nonce {found.nonce} is open")
        if due is not None and slot.nonce != due:
            raise PersonNeededError("nonce_used", f"nonce {slot.nonce}, and {due} is next")
        leg = self._legs[slot.intent][slot.seq]
        if leg.state != "waiting":
            raise TransitionError("transition", f"leg {slot.seq} is {leg.state}")
        self._slots[slot.nonce], self._attempts[slot.nonce] = slot, [attempt]
        self._most[slot.nonce], self._paid[slot.nonce] = most, None
        self._legs[slot.intent][slot.seq] = dataclasses.replace(leg, state="open", slots=leg.slots + 1)
        self.audit.append(f"sign_slot {slot.nonce}")

    def sign_again(self, attempt: Attempt, most: Any) -> None:
        slot = self._slots[attempt.nonce]
        if slot.state not in ("signed", "sent"):
            raise TransitionError("transition", f"a slot that is {slot.state} is not signed for again")
        if any(known.hash == attempt.hash for known in self._attempts[attempt.nonce]):
            raise TransitionError("attempt", f"{attempt.hash} was signed before")
        self._attempts[attempt.nonce].append(attempt)
        self._most[attempt.nonce] = max(self._most[attempt.nonce], most)
        self.audit.append(f"sign_again {attempt.nonce}")

    def told(self, nonce: int, hash_: Any, endpoints: Any, at: int) -> None:
        if endpoints and self._slots[nonce].state == "signed":
            self._slots[nonce] = dataclasses.replace(self._slots[nonce], state="sent")
        self.audit.append(f"told {nonce}")

    def mined(self, nonce: int, mined: Mined) -> None:
        slot = self._slots[nonce]
        if slot.state == "mined" and slot.mined == mined:
            return
        require_follows(slot.state, "mined")
        self._slots[nonce] = dataclasses.replace(slot, state="mined", mined=mined)
        self.audit.append(f"mined {nonce}")

    def unmined(self, nonce: int, why: str) -> None:
        if self._slots[nonce].state != "mined":
            raise TransitionError("transition", "in no block to leave")
        self._slots[nonce] = dataclasses.replace(self._slots[nonce], state="sent", mined=None)
        self.audit.append(f"unmined {nonce}")

    def close_slot(self, nonce: int, state: Any, paid: Any, effect: Any) -> None:
        slot = self._slots[nonce]
        require_follows(slot.state, state)
        if state in OPEN or (effect is not None) != (state == "settled"):
            raise TransitionError("transition", f"a slot does not close as {state} with {effect}")
        self._slots[nonce] = dataclasses.replace(slot, state=state)
        legs = self._legs[slot.intent]
        after: Any = LEG_AFTER[state]
        legs[slot.seq] = dataclasses.replace(legs[slot.seq], state=after, effect=effect)
        self._paid[nonce] = paid
        self.audit.append(f"close_slot {nonce} {state}")

    def fail_leg(self, intent: int, seq: int, why: str) -> None:
        self._legs[intent][seq] = dataclasses.replace(self._legs[intent][seq], state="failed")

    def close_intent(self, intent: int, state: Any, reason: str = "") -> None:
        known = self._intents[intent - 1]
        if (known.state, known.reason) == (state, reason):
            return
        if known.state != "open" or state == "open" or (state == "parked") != bool(reason):
            raise TransitionError("transition", f"an intent that is {known.state} cannot become {state}")
        found = self.open_slot()
        if found is not None and found.intent == intent:
            raise TransitionError("transition", f"nonce {found.nonce} is still open")
        self._intents[intent - 1] = dataclasses.replace(known, state=state, reason=reason)
        self.audit.append(f"close_intent {intent} {state}")

    def seal(self, nonce: int) -> None:
        self._final.add(nonce)

    def adopt(self, nonce: int, why: str) -> None:
        self._adopted = nonce

    def saw(self, at: int) -> None:
        self._seen_at = max(self._seen_at, at)

    def measured(self, protocol: str, action: str, gas_used: int, tx_bytes: int, paid: Any) -> None:
        self.audit.append(f"measured {protocol} {action}")


class MemoryLedger:
    """Marks and flows of one account, in memory: what `chain.account` asks for."""

    def __init__(self) -> None:
        self._mark: Any = None
        self.flows: list[Any] = []

    def mark(self) -> Any:
        return self._mark

    def record(self, since: Any, now: Any, flows: Any) -> None:
        if since != self._mark:
            raise PersonNeededError("mark", "the mark is another one now")
        self._mark = now
        self.flows.extend(flows)

    def adopted(self) -> int:
        return 0

    def restored(self) -> bool:
        return False
