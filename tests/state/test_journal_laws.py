"""The journal against the plainest one there is, through random histories: alike in answer and refusal."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from mammon.core.numbers import Wei
from mammon.core.txstate import FOLLOWS, OPEN, Attempt
from mammon.errors import MammonError
from mammon.state.inspection import problems
from mammon.state.store import Store
from tests.reliability.memory import MemoryJournal
from tests.state import journals
from tests.state.worlds import opened

STATES = st.sampled_from(sorted(FOLLOWS))
COSTS = st.integers(0, 10**14).map(Wei)


class Histories(RuleBasedStateMachine):
    """Do the same to both; nothing that one of them refuses may leave a trace in the other."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.directory = Path(self.folder.name) / "world"
        self.store: Store = opened(self.directory)
        self.model = MemoryJournal()
        self.at = journals.AT

    def teardown(self) -> None:
        assert problems(self.store) == ()
        self.store.close()
        self.folder.cleanup()

    def both(self, work: Callable[[Any], object]) -> bool:
        """Do the same to both journals; say whether they did it."""
        rows = self.store.audit.head()
        theirs, ours = _outcome(work, self.model), _outcome(work, self.store.journal)
        assert theirs == ours
        if ours is not None:
            assert self.store.audit.head() == rows, "what was refused left no trace"
        return ours is None

    def newest(self) -> int | None:
        slots = self.store.journal.slots(limit=1)
        return slots[0].nonce if slots else None

    @initialize(first=st.none() | st.integers(0, 2**40))
    def adopt_first(self, first: int | None) -> None:
        if first is not None:
            self.both(lambda journal: journal.adopt(first, "looked"))

    @rule(key=st.integers(0, 3))
    def begin(self, key: int) -> None:
        self.both(lambda journal: journals.begun(journal, f"key-{key}"))

    @rule(off=st.sampled_from([0, 0, 0, 0, 1, -1]), seq=st.integers(0, 2), most=COSTS, data=st.data())
    def sign(self, off: int, seq: int, most: Wei, data: st.DataObject) -> None:
        intents = self.store.journal.open_intents()
        if not intents:
            return
        intent = data.draw(st.sampled_from([one.id for one in intents]))
        nonce = max(0, (self.model.next_nonce() or 0) + off)
        one, slot = journals.attempt(nonce), journals.slot(nonce, intent, seq, self.at)
        self.both(lambda journal: journal.saw(self.at))  # nothing is signed on a chain that was not seen
        self.both(lambda journal: journal.sign_slot(slot, one, most))

    @rule(number=st.integers(0, 3), role=st.sampled_from(["act", "cancel"]), most=COSTS)
    def sign_again(self, number: int, role: Any, most: Wei) -> None:
        if (nonce := self.newest()) is not None:
            one = journals.attempt(nonce, number, role)
            self.both(lambda journal: journal.sign_again(one, most))

    @rule(data=st.data(), count=st.integers(0, 2))
    def told(self, data: st.DataObject, count: int) -> None:
        if (one := self.attempt(data)) is not None:
            answers = tuple((f"node-{index}", "accepted") for index in range(count))
            self.both(lambda journal: journal.told(one.nonce, one.hash, answers, self.at))

    @rule(data=st.data(), block=st.integers(1, 3))
    def mined(self, data: st.DataObject, block: int) -> None:
        if (one := self.attempt(data)) is not None:
            self.both(lambda journal: journal.mined(one.nonce, journals.mined(one, block)))

    @rule()
    def unmined(self) -> None:
        if (nonce := self.newest()) is not None:
            self.both(lambda journal: journal.unmined(nonce, "reorganised"))

    @rule(state=STATES, known=st.booleans(), proven=st.booleans())
    def close(self, state: Any, known: bool, proven: bool) -> None:
        nonce = self.newest()
        slot = None if nonce is None else self.store.journal.slot(nonce)
        if slot is None or (slot.mined is None and state != "external"):
            return
        paid = slot.mined.paid if known and slot.mined else None
        effect = journals.effect() if proven else None
        self.both(lambda journal: journal.close_slot(nonce, state, paid, effect))

    @rule(intent=st.integers(1, 4), state=st.sampled_from(["done", "parked", "open"]), reason=st.booleans())
    def close_intent(self, intent: int, state: Any, reason: bool) -> None:
        if intent <= len(self.model.intents()):
            self.both(lambda journal: journal.close_intent(intent, state, "late" if reason else ""))

    @rule(data=st.data())
    def give_up(self, data: st.DataObject) -> None:
        legs = [leg for one in self.model.intents() for leg in self.model.legs(one.id)]
        waiting = [leg for leg in legs if leg.state == "waiting"]
        if waiting:
            leg = data.draw(st.sampled_from(waiting))
            self.both(lambda journal: journal.fail_leg(leg.intent, leg.seq, "given up"))

    @rule(data=st.data())
    def seal(self, data: st.DataObject) -> None:
        slots = [slot for slot in self.model.slots() if slot.state not in OPEN and slot.mined]
        if slots:
            slot = data.draw(st.sampled_from(slots))
            self.both(lambda journal: journal.seal(slot.nonce))

    @rule(ahead=st.integers(0, 5))
    def adopt(self, ahead: int) -> None:
        due = self.model.next_nonce()
        if self.model.open_slot() is None and due is not None:
            self.both(lambda journal: journal.adopt(due + ahead, "looked"))

    @rule(step=st.integers(-50, 100))
    def time_passes(self, step: int) -> None:
        seen = self.at + step
        self.both(lambda journal: journal.saw(seen))
        self.at = max(self.at, seen)

    @rule()
    def die_and_come_back(self) -> None:
        self.store.close()
        self.store = opened(self.directory)

    def attempt(self, data: st.DataObject) -> Attempt | None:
        nonce = self.newest()
        known = () if nonce is None else self.store.journal.attempts(nonce)
        return data.draw(st.sampled_from(known)) if known else None

    @invariant()
    def they_say_the_same(self) -> None:
        """Every question has the same answer."""
        assert _answers(self.model) == _answers(self.store.journal)
        for slot in self.model.slots():
            assert self.model.attempts(slot.nonce) == self.store.journal.attempts(slot.nonce)
            since = slot.opened_at
            assert self.model.spent(since) == self.store.journal.spent(since)
            assert self.model.slots_since(since) == self.store.journal.slots_since(since)
        for intent in self.model.intents():
            assert self.model.legs(intent.id) == self.store.journal.legs(intent.id)
            assert self.model.bill(intent.id)[1] == self.store.journal.bill(intent.id)[1]


def _outcome(work: Callable[[Any], object], journal: Any) -> object:
    try:
        work(journal)
    except MammonError as error:
        return type(error)
    return None


def _answers(journal: Any) -> tuple[object, ...]:
    return (
        journal.open_slot(),
        journal.next_nonce(),
        journal.open_intents(),
        journal.unsealed(),
        journal.spent(0),
        journal.slots_since(0),
        journal.seen_at(),
    )


TestHistories = Histories.TestCase
TestHistories.settings = settings(
    max_examples=30, stateful_step_count=40, suppress_health_check=[HealthCheck.too_slow]
)
