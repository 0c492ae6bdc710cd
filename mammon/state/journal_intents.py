"""Intents and their legs: what is being carried out, begun and ended in the journal."""

from __future__ import annotations

import dataclasses

from mammon.core.plan import Plan
from mammon.core.txstate import Intent, IntentKind, IntentState, Leg, LegState, TransitionError
from mammon.state import journal_rows as rows
from mammon.state import marks
from mammon.state.audit import Audit, Fact
from mammon.state.db import Database
from mammon.state.journal_reading import JournalReader


class IntentJournal(JournalReader):
    """The part of the journal that begins and ends intents."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._audit = Audit(database)

    def begin(self, kind: IntentKind, key: str, decision: str, plan: Plan, at: int, deadline: int) -> Intent:
        """Write an intent and its legs; return the one that is there already under the same key."""
        with self._database.transaction():
            for known in self.intents():
                if known.key == key:
                    return known
            intent = Intent(0, key, kind, decision, plan, at, deadline)
            number = self._intents.append(*rows.intent_row(intent)[1:])
            for seq, step in enumerate(plan.steps):
                self._legs.append(*rows.leg_row(0, Leg(number, seq, step, "waiting"))[1:])
            self._audit.add(
                "begin",
                at,
                intent=number,
                kind=kind,
                key=key,
                decision=decision,
                source=plan.source,
                target=plan.target,
                amount=str(plan.amount),
                deadline=deadline,
            )
        return dataclasses.replace(intent, id=number)

    def close_intent(self, intent: int, state: IntentState, reason: str = "") -> None:
        """End an intent: `done`, or `parked` with a reason. Again in the same way changes nothing."""
        with self._database.transaction():
            known = self._known_intent(intent)
            if (known.state, known.reason) == (state, reason):
                return
            if known.state != "open" or state == "open":
                raise TransitionError("transition", f"an intent that is {known.state} cannot become {state}")
            if (state == "parked") != bool(reason):
                raise TransitionError("transition", f"an intent becomes {state} with the reason {reason!r}")
            slot = self.open_slot()
            if slot is not None and slot.intent == intent:
                raise TransitionError("transition", f"nonce {slot.nonce} of intent {intent} is still open")
            self._intents.change(*rows.intent_row(dataclasses.replace(known, state=state, reason=reason)))
            self._note("close_intent", intent=intent, state=state, reason=reason)

    def fail_leg(self, intent: int, seq: int, why: str) -> None:
        """Give a leg up that has no open slot. Again changes nothing."""
        with self._database.transaction():
            leg = self._leg(intent, seq)
            if leg.state == "failed":
                return
            if leg.state != "waiting":
                raise TransitionError("transition", f"a leg that is {leg.state} cannot be given up")
            self._change_leg(leg, "failed")
            self._note("fail_leg", intent=intent, seq=seq, why=why)

    def failures_told(self, intent: int, count: int) -> None:
        """Note that acting was stopped for failures up to this intent: what comes is counted anew."""
        with self._database.transaction():
            self._marks.put(marks.FAILURES_TOLD, self._known_intent(intent).id)
            self._note("failures_told", intent=intent, count=count)

    # --- pieces ------------------------------------------------------------------------------------

    def _known_intent(self, number: int) -> Intent:
        intent = self.intent(number)
        if intent is None:
            raise TransitionError("transition", f"there is no intent {number}")
        return intent

    def _leg(self, intent: int, seq: int) -> Leg:
        legs = self.legs(intent)
        if not 0 <= seq < len(legs):
            raise TransitionError("transition", f"intent {intent} has no leg {seq}")
        return legs[seq]

    def _change_leg(self, leg: Leg, state: LegState) -> None:
        ((number,),) = self._legs.part("id", "WHERE intent = ? AND seq = ?", (leg.intent, leg.seq))
        self._legs.change(*rows.leg_row(number, dataclasses.replace(leg, state=state)))

    def _note(self, event: str, **facts: Fact) -> None:
        self._audit.add(event, self.seen_at(), **facts)
