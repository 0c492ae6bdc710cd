"""The journal of transactions: each method one durable change, with its audit row, or none of it.

Only what was seen of time waits for the next change of any kind, and is durable no later.
`chain.journal` says what the money path asks of it. What a step may follow is checked here in words
and by the tables themselves; a step that the table of states does not allow is a defect.
"""

from __future__ import annotations

import dataclasses
import sqlite3
from collections.abc import Mapping

from mammon.core.names import Hash32
from mammon.core.numbers import Wei
from mammon.core.txstate import (
    OPEN,
    Attempt,
    Effect,
    LegState,
    Mined,
    Slot,
    SlotState,
    TransitionError,
    require_follows,
)
from mammon.state import journal_rows as rows
from mammon.state import marks
from mammon.state.audit import Fact
from mammon.state.db import Database
from mammon.state.gas import MeasuredGas
from mammon.state.journal_intents import IntentJournal
from mammon.state.journal_refusals import not_next, open_already

_LEG_AFTER: Mapping[SlotState, LegState] = {
    "settled": "done",
    "reverted": "waiting",
    "soft_failed": "waiting",
    "cancelled": "waiting",
    "external": "failed",
}


class Journal(IntentJournal):
    """The journal of one account on one chain: that of the world whose database this is."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._gas = MeasuredGas(database)
        self._seen = 0
        """The highest block time seen here, also where the database does not have it yet."""

    # --- slots -------------------------------------------------------------------------------------

    def sign_slot(self, slot: Slot, attempt: Attempt, most: Wei) -> None:
        """Open a slot with its first attempt, reserve what it may cost, mark its leg `open`.

        The commit of this is what permits the sending. Raises `PersonNeededError`: `open_slot` when
        another slot is open, `nonce_used` and `nonce_gap` when this one is not the next.
        """
        if (slot.state, slot.mined, attempt.nonce) != ("signed", None, slot.nonce):
            raise TransitionError("transition", f"nonce {slot.nonce} does not begin as signed")
        with self._database.transaction():
            expected = self.next_nonce()
            self._open(slot)
            if expected is not None and slot.nonce != expected:
                raise not_next(slot.nonce, expected)
            leg = self._leg(slot.intent, slot.seq)
            if leg.state != "waiting" or self._known_intent(slot.intent).state != "open":
                raise TransitionError("transition", f"leg {slot.seq} is {leg.state}, or its intent is closed")
            self._attempts.append(*rows.attempt_row(0, attempt)[1:])
            self._spends.add(slot.nonce, slot.opened_at, _cost(most), None)
            self._change_leg(dataclasses.replace(leg, slots=leg.slots + 1), "open")
            fixed = {"intent": slot.intent, "seq": slot.seq, "deadline": slot.deadline}
            self._signed("sign_slot", attempt, most, fee_ceiling=str(slot.fee_ceiling), **fixed)

    def sign_again(self, attempt: Attempt, most: Wei) -> None:
        """Add an attempt to the open slot: a higher fee, or a cancellation."""
        with self._database.transaction():
            slot, signed = self._slot(attempt.nonce)
            if slot.state not in ("signed", "sent"):
                raise TransitionError("transition", f"a slot that is {slot.state} is not signed for again")
            if any(known.hash == attempt.hash for known in self.attempts(slot.nonce)):
                raise TransitionError("attempt", f"{attempt.hash} was signed before")
            spend = self.spend(slot.nonce)
            if spend is None:
                raise self._spends.damaged(f"nothing is reserved for nonce {slot.nonce}")
            self._attempts.append(*rows.attempt_row(0, attempt)[1:])
            self._slots.change(*rows.slot_row(slot, signed + 1))
            self._spends.change(slot.nonce, spend.at, max((str(spend.most), _cost(most)), key=int), None)
            self._signed("sign_again", attempt, most)

    def told(self, nonce: int, hash_: Hash32, endpoints: tuple[tuple[str, str], ...], at: int) -> None:
        """Note that endpoints were told of an attempt: (name, class of the answer); `signed` becomes `sent`.

        A slot that is further on, or closed, stays what it is. No endpoint: nobody was told.
        """
        if not endpoints:
            return
        with self._database.transaction():
            slot, signed = self._slot(nonce)
            self._require_ours(nonce, hash_)
            for name, answer in endpoints:
                self._sightings.append(hash_, name, answer, at)
            if slot.state == "signed":
                self._slots.change(*rows.slot_row(dataclasses.replace(slot, state="sent"), signed))
            answers = " ".join(f"{name}={answer}" for name, answer in endpoints)
            self._audit.add("told", at, nonce=nonce, hash=hash_, answers=answers)

    def mined(self, nonce: int, mined: Mined) -> None:
        """Note that an attempt is in a canonical block. The same again changes nothing."""
        with self._database.transaction():
            slot, signed = self._slot(nonce)
            if slot.state == "mined" and slot.mined == mined:
                return
            require_follows(slot.state, "mined")
            self._require_ours(nonce, mined.hash)
            changed = dataclasses.replace(slot, state="mined", mined=mined)
            self._slots.change(*rows.slot_row(changed, signed))
            self._note(
                "mined",
                nonce=nonce,
                hash=mined.hash,
                block=mined.block,
                block_hash=mined.block_hash,
                succeeded=int(mined.succeeded),
                paid=str(mined.paid),
                gas_used=mined.gas_used,
            )

    def unmined(self, nonce: int, why: str) -> None:
        """Note that a reorganisation took it out again."""
        with self._database.transaction():
            slot, signed = self._slot(nonce)
            if slot.state != "mined":
                raise TransitionError("transition", f"a slot that is {slot.state} is in no block to leave")
            changed = dataclasses.replace(slot, state="sent", mined=None)
            self._slots.change(*rows.slot_row(changed, signed))
            self._note("unmined", nonce=nonce, why=why)

    def close_slot(self, nonce: int, state: SlotState, paid: Wei | None, effect: Effect | None) -> None:
        """Close a slot and bring its leg up to date: `done` with its effect, `failed`, or `waiting` again.

        `settled` needs an effect, and nothing else has one. `reverted`, `soft_failed` and `cancelled` put
        the leg back to `waiting`; `external` makes it `failed`. The reserved cost becomes what was paid;
        with `paid` None it is not known, and stays reserved.
        """
        with self._database.transaction():
            slot, signed = self._slot(nonce)
            require_follows(slot.state, state)
            if state in OPEN or (effect is not None) != (state == "settled"):
                raise TransitionError("transition", f"a slot does not close as {state} with {effect}")
            self._slots.change(*rows.slot_row(dataclasses.replace(slot, state=state), signed))
            leg = dataclasses.replace(self._leg(slot.intent, slot.seq), effect=effect)
            self._change_leg(leg, _LEG_AFTER[state])
            known = None if paid is None else _cost(paid)
            spend = self._spends.row("WHERE nonce = ?", (nonce,))
            if spend is not None and known is not None:
                self._spends.change(*spend[:3], known)
            proven = None if effect is None else f"{effect.amount} {effect.held} {effect.block}"
            self._note("close_slot", nonce=nonce, state=state, paid=known, effect=proven)

    def seal(self, nonce: int) -> None:
        """Note that a closed slot's block is final. Again changes nothing."""
        with self._database.transaction():
            slot, signed = self._slot(nonce)
            if self.is_final(nonce):
                return
            if slot.state in OPEN or slot.mined is None:
                raise TransitionError("transition", f"a slot that is {slot.state} has no final block")
            self._slots.change(*rows.slot_row(slot, signed, final=True))
            self._note("seal", nonce=nonce)

    # --- the account -------------------------------------------------------------------------------

    def seen_at(self) -> int:
        """Return the highest block time seen, 0 before the first."""
        return max(super().seen_at(), self._seen)

    def adopt(self, nonce: int, why: str) -> None:
        """Take `nonce` as the next one to use: a person looked at what used those before.

        Raises `PersonNeededError` while a slot is open, and for a nonce that was used already.
        """
        with self._database.transaction():
            slot = self.open_slot()
            if slot is not None:
                raise open_already(slot.nonce)
            expected = self.next_nonce()
            if nonce == expected:
                return
            if expected is not None and nonce < expected:
                raise not_next(nonce, expected)
            self._marks.put(marks.ADOPTED, nonce)
            self._note("adopt", nonce=nonce, why=why)

    def saw(self, at: int) -> None:
        """Raise the highest block time seen; a lower one changes nothing. No step, so no audit row.

        Durable with the next change of any kind, so before whatever is done on the strength of it.
        """
        if at > self.seen_at():
            self._seen = at
            self._database.ride(marks.SEEN_AT, self._keep_seen)

    def measured(self, protocol: str, action: str, gas_used: int, tx_bytes: int, paid: Wei) -> None:
        """Let a receipt's figures refine the gas table."""
        with self._database.transaction():
            self._gas.observe(protocol, action, gas_used, tx_bytes)
            self._note(
                "measured",
                protocol=protocol,
                action=action,
                gas_used=gas_used,
                tx_bytes=tx_bytes,
                paid=str(paid),
            )

    # --- pieces ------------------------------------------------------------------------------------

    def _keep_seen(self) -> None:
        if self._seen > super().seen_at():  # else another process saw a later one meanwhile
            self._marks.put(marks.SEEN_AT, self._seen)

    def _open(self, slot: Slot) -> None:
        try:
            self._slots.add(*rows.slot_row(slot, 1))
        except sqlite3.IntegrityError as error:
            found = self.open_slot()
            if found is None:
                raise not_next(slot.nonce, self.next_nonce()) from error
            raise open_already(found.nonce) from error

    def _slot(self, nonce: int) -> tuple[Slot, int]:
        """Return a slot and the number of its attempts."""
        row = self._slots.row("WHERE nonce = ?", (nonce,))
        if row is None:
            raise TransitionError("transition", f"nonce {nonce} has no slot")
        return rows.slot_of(row), row[rows.ATTEMPTS_AT]

    def _require_ours(self, nonce: int, hash_: Hash32) -> None:
        if all(known.hash != hash_ for known in self.attempts(nonce)):
            raise TransitionError("attempt", f"{hash_} was not signed for nonce {nonce}")

    def _signed(self, event: str, attempt: Attempt, most: Wei, **facts: Fact) -> None:
        self._audit.add(
            event,
            attempt.signed_at,
            nonce=attempt.nonce,
            hash=attempt.hash,
            role=attempt.role,
            permit=attempt.permit,
            max_fee=str(attempt.max_fee),
            tip=str(attempt.tip),
            gas=attempt.gas,
            most=str(most),
            **facts,
        )


def _cost(wei: Wei) -> str:
    if wei < 0:
        raise TransitionError("spend", f"{wei} wei is not what a transaction may cost")
    return str(wei)
