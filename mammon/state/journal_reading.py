"""What the journal knows. A row that hides is found by the one that counts it, not taken for absent.

A flipped bit may take a row out of what a condition selects, past its seal. So the open slot is looked
for where it must be as well as by its state, attempts and legs are counted, and intents, slots and
spends are read from the newest on rather than selected by what they say.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mammon.core.names import Hash32
from mammon.core.numbers import Units, Wei
from mammon.core.txstate import OPEN, Attempt, Intent, Leg, Slot
from mammon.state import journal_rows as rows
from mammon.state import marks
from mammon.state.db import Database, Row
from mammon.state.marks import Marks
from mammon.state.table import Table

_PAGE = 64
_NEWEST_OR_OPEN = """
WHERE state IN ('signed', 'sent', 'mined') OR nonce = (SELECT max(nonce) FROM slots) ORDER BY nonce
"""
_UNSEALED = """
WHERE final = 0 AND mined_hash IS NOT NULL AND state NOT IN ('signed', 'sent', 'mined') ORDER BY nonce
"""


@dataclass(frozen=True, slots=True)
class Told:
    """One endpoint that was told of an attempt."""

    hash: str
    endpoint: str
    answer: str
    """Class of what it answered: a hint, never evidence."""
    at: int


@dataclass(frozen=True, slots=True)
class Spend:
    """What a slot cost, or may still come to cost, in wei."""

    nonce: int
    at: int
    """When it was opened."""
    most: Wei
    paid: Wei | None

    @property
    def counts(self) -> Wei:
        """What it counts for against a limit: all that is reserved until it is known what was paid."""
        return self.most if self.paid is None else self.paid


class JournalReader:
    """The reading half of the journal: safe beside whoever writes it."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._intents = Table(database, "intents", rows.INTENTS)
        self._legs = Table(database, "legs", rows.LEGS)
        self._slots = Table(database, "slots", rows.SLOTS)
        self._attempts = Table(database, "attempts", rows.ATTEMPTS)
        self._sightings = Table(database, "sightings", rows.SIGHTINGS)
        self._spends = Table(database, "spends", rows.SPENDS)
        self._marks = Marks(database)

    def open_slot(self) -> Slot | None:
        """Return the slot that may be on the wire: the newest one, or none."""
        with self._database.one_state():
            found = [rows.slot_of(row) for row in self._slots.rows(_NEWEST_OR_OPEN)]
            self._require_newest(found[-1].nonce if found else None)
        if any(slot.state in OPEN for slot in found[:-1]):
            raise self._slots.damaged("a slot that is not the newest is open")
        return found[-1] if found and found[-1].state in OPEN else None

    def attempts(self, nonce: int) -> tuple[Attempt, ...]:
        """Return everything signed for a nonce, in order of signing."""
        with self._database.one_state():
            slot = self._slots.row("WHERE nonce = ?", (nonce,))
            found = self._attempts.rows("WHERE nonce = ? ORDER BY id", (nonce,))
        if len(found) != (slot[rows.ATTEMPTS_AT] if slot else 0):
            raise self._attempts.damaged(
                f"{len(found)} attempts of nonce {nonce} are there, more were signed"
            )
        return tuple(map(rows.attempt_of, found))

    def next_nonce(self) -> int | None:
        """Return one more than the highest nonce used or adopted; None before the first."""
        with self._database.one_state():
            newest = self._slots.row("ORDER BY nonce DESC LIMIT 1")
            self._require_newest(None if newest is None else newest[0])
            adopted = self._marks.number(marks.ADOPTED)
        if newest is None:
            return adopted
        return max(int(newest[0]) + 1, adopted or 0)

    def adopted(self) -> int:
        """Return the nonce a person gave as the next one to use, 0 when nobody ever did."""
        return self._marks.number(marks.ADOPTED) or 0

    def open_intents(self) -> tuple[Intent, ...]:
        """Return the intents that are neither done nor parked, oldest first."""
        every = self._intents.rows("ORDER BY id")
        return tuple(rows.intent_of(row) for row in every if row[rows.INTENTS.index("state")] == "open")

    def intent(self, number: int) -> Intent | None:
        """Return an intent by its number, whatever became of it."""
        row = self._intents.row("WHERE id = ?", (number,))
        return None if row is None else rows.intent_of(row)

    def bill(self, intent: int) -> tuple[Wei, tuple[Hash32, ...]]:
        """Return what the closed slots of an intent paid, and the hashes that were mined for it, in order."""
        every = (rows.slot_of(row) for row in self._slots.rows("ORDER BY nonce"))
        mined = [
            slot.mined for slot in every if slot.intent == intent and slot.state not in OPEN and slot.mined
        ]
        return Wei(sum(one.paid for one in mined)), tuple(one.hash for one in mined)

    def legs(self, intent: int) -> tuple[Leg, ...]:
        """Return the legs of an intent, in order."""
        with self._database.one_state():
            row = self._intents.row("WHERE id = ?", (intent,))
            found = self._legs.rows("WHERE intent = ? ORDER BY seq", (intent,))
        legs = tuple(map(rows.leg_of, found))
        planned = () if row is None else rows.intent_of(row).plan.steps
        if tuple(leg.step for leg in legs) != planned or [leg.seq for leg in legs] != [*range(len(legs))]:
            raise self._legs.damaged(f"the legs of intent {intent} are not those of its plan")
        return legs

    def unsealed(self) -> tuple[Slot, ...]:
        """Return the closed slots whose block was not final when last looked at, oldest first.

        One that ended `external` is in no block of ours and is not among them.
        """
        return tuple(map(rows.slot_of, self._slots.rows(_UNSEALED)))

    def spent(self, since: int) -> Wei:
        """Return what slots opened at `since` or later cost, or may still come to cost, in wei.

        At most one attempt of a nonce is ever mined: a slot counts once, for its dearest attempt.
        """
        found = map(_spend, self._newest_first(self._spends, rows.SPENDS.index("at"), since))
        return Wei(sum(spend.counts for spend in found))

    def slots_since(self, since: int) -> int:
        """Return how many slots were opened at `since` or later."""
        return len(list(self._newest_first(self._slots, rows.SLOTS.index("opened_at"), since)))

    def seen_at(self) -> int:
        """Return the highest block time seen, 0 before the first."""
        return self._marks.number(marks.SEEN_AT) or 0

    def moved_since(self, block: int) -> Units:
        """Return what our legs proven after a block brought into the wallet; negative for what left it."""
        found = map(rows.leg_of, self._legs.rows("WHERE effect_block > ?", (block,)))
        signs = {"withdraw": 1, "deposit": -1}
        return Units(
            sum(signs.get(leg.step.action, 0) * leg.effect.amount for leg in found if leg.effect is not None)
        )

    # --- for showing and checking ------------------------------------------------------------------

    def slots(self, before: int | None = None, limit: int = 100) -> tuple[Slot, ...]:
        """Return slots, newest first; `before` is the last nonce already seen."""
        return tuple(map(rows.slot_of, self._slots_page(self._slots, before, limit)))

    def slot(self, nonce: int) -> Slot | None:
        """Return the slot of a nonce."""
        row = self._slots.row("WHERE nonce = ?", (nonce,))
        return None if row is None else rows.slot_of(row)

    def nonce_of(self, hash_: str) -> int | None:
        """Return the nonce that an attempt was signed for, None for a hash of nobody's."""
        row = self._attempts.row("WHERE hash = ?", (hash_,))
        return None if row is None else rows.attempt_of(row).nonce

    def tellings(self, hash_: str) -> tuple[Told, ...]:
        """Return who was told of an attempt, in order."""
        return tuple(Told(*row[1:]) for row in self._sightings.rows("ORDER BY id") if row[1] == hash_)

    def spend(self, nonce: int) -> Spend | None:
        """Return what a slot cost or may still come to cost."""
        row = self._spends.row("WHERE nonce = ?", (nonce,))
        return None if row is None else _spend(row)

    def is_final(self, nonce: int) -> bool:
        """Say whether a slot's block was final when last looked at."""
        row = self._slots.row("WHERE nonce = ?", (nonce,))
        return row is not None and bool(row[rows.FINAL_AT])

    def intents(self) -> tuple[Intent, ...]:
        """Return every intent, oldest first."""
        return tuple(map(rows.intent_of, self._intents.rows("ORDER BY id")))

    def since_looked(self) -> tuple[Intent, ...]:
        """Return the intents begun since acting was last stopped for failures, newest first, at most 64."""
        with self._database.one_state():
            looked = self._marks.number(marks.FAILURES_TOLD) or 0
            found = map(rows.intent_of, self._intents.rows("ORDER BY id DESC LIMIT ?", (_PAGE,)))
        return tuple(intent for intent in found if intent.id > looked)

    def exits_since(self, since: int) -> tuple[Intent, ...]:
        """Return the ways home decided at `since` or later, newest first, at most 64."""
        where = "WHERE kind = 'exit' AND decided_at >= ? ORDER BY id DESC LIMIT ?"
        return tuple(map(rows.intent_of, self._intents.rows(where, (since, _PAGE))))

    # --- pieces ------------------------------------------------------------------------------------

    def _require_newest(self, nonce: int | None) -> None:
        """Raise unless `nonce` was signed for last: where a slot is gone, its nonce would be used again."""
        signed = self._attempts.row("ORDER BY id DESC LIMIT 1")
        if (None if signed is None else rows.attempt_of(signed).nonce) != nonce:
            raise self._slots.damaged("the slot of what was signed last is not the newest")

    def _newest_first(self, table: Table, at: int, since: int) -> Iterator[Row]:
        """Yield the rows, keyed by nonce, whose column number `at` is `since` or later."""
        before = None
        while page := self._slots_page(table, before, _PAGE):
            yield from (row for row in page if row[at] >= since)
            # Written in order of time, but for a reorganisation: go on until a whole page is older.
            if all(row[at] < since for row in page):
                return
            before = page[-1][0]

    def _slots_page(self, table: Table, before: int | None, limit: int) -> list[Row]:
        if before is None:
            return table.rows("ORDER BY nonce DESC LIMIT ?", (limit,))
        return table.rows("WHERE nonce < ? ORDER BY nonce DESC LIMIT ?", (before, limit))


def _spend(row: Row) -> Spend:
    nonce, at, most, paid = row
    return Spend(nonce, at, Wei(int(most)), None if paid is None else Wei(int(paid)))
