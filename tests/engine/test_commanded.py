"""Laws of what is commanded on paper, and of a homecoming that the world interrupts."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from mammon.core.fills import worth
from mammon.core.numbers import Units, Wei
from mammon.core.plan import IDLE, Outcome, Plan, Step
from mammon.core.policy import Policy
from mammon.core.types import Snapshot, Unread
from mammon.engine.homecoming import bring_home
from mammon.engine.observe import Observation
from mammon.engine.paper import PaperAccount
from mammon.engine.world import View, World
from mammon.errors import (
    DeadlinePassedError,
    MalformedError,
    MammonError,
    OutsideError,
    PersonNeededError,
    RefusedError,
)
from tests.core.build import MILLION, portfolio, position, snapshot, state
from tests.engine.test_accounts import Books, unused

CASH = 100_000 * 10**6
LOW = state("low", 70 * MILLION, 30 * MILLION)
HIGH = state("high", 20 * MILLION, 80 * MILLION)
SHOT = snapshot(LOW, HIGH)
MARKETS = {one.market.slug: one.market for one in (LOW, HIGH)}
HELD = dataclasses.replace(portfolio(5), positions=(position(LOW, 300), position(HIGH, 200)))


def plan(slug: str, amount: int, inward: bool) -> Plan:
    """Return a plan into a venue or out of it."""
    market = MARKETS[slug]

    def step(action: Any) -> Step:
        return Step(action, slug, market.id, market.protocol, Units(amount), action == "withdraw")

    if inward:
        return Plan(IDLE, slug, Units(amount), (step("approve"), step("deposit")))
    return Plan(slug, IDLE, Units(amount), (step("withdraw"),))


def paper() -> tuple[PaperAccount, Books]:
    """Return a paper account that looked at the market once, and where its book is."""
    books = Books()
    account = PaperAccount(books, lambda seen: portfolio(CASH), lambda: (), unused)
    account.view(Observation(SHOT, None, {}, 1))
    return account, books


def test_paper_goes_in_and_out_at_the_fees_of_the_block() -> None:
    """Conserved, paid for, saved, and no move: begun and ended without a word, nothing ever pending."""
    account, books = paper()
    account.begin()
    went = account.carry("drill", plan("high", 700, True), SHOT, 0)
    assert (went.left, went.entered) == (700, 700)
    came = account.carry("exit", plan("high", 700, False), SHOT, 0)
    account.end()
    assert (came.left, came.entered, came.transactions) == (700, 0, ())
    assert books.book is not None
    assert books.book.moved == ()
    assert (worth(books.book), books.book.idle) == (CASH, CASH)
    assert books.book.paid == went.gas + came.gas > 0
    assert (account.pending(), account.allowance("high"), account.room() > 10**6) == (False, 0, True)


def test_paper_fills_nothing_it_cannot_pay_or_never_saw() -> None:
    """Fees that were not read are not zero; a book nobody looked at is none."""
    account, _ = paper()
    feeless = dataclasses.replace(SHOT, fees=Unread("fees", "timeout", "nobody answered"))
    with pytest.raises(OutsideError, match="price of gas"):
        account.carry("exit", plan("high", 1, False), feeless, 0)
    unseen = PaperAccount(Books(), lambda seen: portfolio(CASH), lambda: (), unused)
    with pytest.raises(MalformedError, match="no book"):
        unseen.carry("exit", plan("high", 1, False), SHOT, 0)


class Holdings:
    """What is held, as a test says."""

    def view(self, observation: Observation) -> Any:
        return View(observation.snapshot, observation.portfolio)  # type: ignore[arg-type]

    def keep(self) -> None:
        """Keep nothing."""


class Carrier:
    """Carries everything, or fails as it is told to, and remembers what it was asked."""

    def __init__(self, fails: MammonError | None = None, stuck: bool = False) -> None:
        self.fails, self.stuck, self.asked, self.ended = fails, stuck, list[tuple[str, int, bool]](), False

    def begin(self) -> None:
        """Begin."""

    def carry(self, kind: str, plan: Plan, snapshot: Snapshot, shares: int) -> Outcome:
        self.asked.append((plan.source, plan.amount, plan.steps[0].everything))
        if self.fails is not None:
            raise self.fails
        return Outcome(plan.source, plan.target, plan.amount, Units(0), Wei(1), ("0x1",))

    def end(self) -> None:
        self.ended = True

    def pending(self) -> bool:
        return self.stuck and bool(self.asked)

    def allowance(self, slug: str) -> Units:
        return Units(0)

    def room(self) -> int:
        return 12


def world(*seen: Observation | MammonError) -> World:
    """Return a world that shows one observation after the other, the last one for ever."""
    left = list(seen)

    def observe() -> Observation:
        found = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(found, MammonError):
            raise found
        return found

    clock: Any = None
    ledger: Any = None
    return World(observe, Holdings(), ledger, None, clock, Policy())


SEEN = Observation(SHOT, HELD, {}, 1)


def home(carrier: Carrier, *seen: Observation | MammonError) -> Any:
    """Bring everything home."""
    return bring_home(world(*(seen or (SEEN,))), carrier, MARKETS)


def test_what_is_still_held_afterwards_is_not_home() -> None:
    """Whatever the carrier said: what counts is read back."""
    found = home(Carrier())
    assert [one.problem for one in found.returns] == [None, None]
    assert not found.whole
    assert (found.left("low"), found.left("high"), found.left("other")) == (300, 200, 0)
    nothing = dataclasses.replace(HELD, positions=())
    assert home(Carrier(), SEEN, SEEN, SEEN, Observation(SHOT, nothing, {}, 1)).whole


def test_where_nothing_can_be_read_in_the_end_nothing_is_known() -> None:
    """Not home, and nothing left either: unknown."""
    gone = OutsideError("nothing_read", "no endpoint")
    found = home(Carrier(), SEEN, SEEN, SEEN, gone)
    assert (found.whole, found.view, found.left("low")) == (False, None, None)


def test_an_unread_holding_is_neither_home_nor_nothing() -> None:
    """It is named, and left unknown."""
    unread = dataclasses.replace(HELD, positions=(Unread("low", "timeout", "nobody answered"),))
    found = home(Carrier(), Observation(SHOT, unread, {}, 1))
    assert (found.whole, found.left("low"), found.returns[0].held) == (False, None, None)
    assert (found.left("high"), found.returns[0].problem.code) == (0, "timeout")


def test_what_is_not_settled_keeps_the_rest_waiting() -> None:
    """One transaction at a time: the others are not asked, and no allowance is touched."""
    carrier = Carrier(OutsideError("unresolved", "not settled yet"), stuck=True)
    found = home(carrier)
    assert [one.problem.code for one in found.returns] == ["unresolved", "not_asked"]
    assert (len(carrier.asked), carrier.ended, found.stopped) == (1, False, None)


def test_what_needs_a_person_ends_it() -> None:
    """The rest is not asked."""
    carrier = Carrier(PersonNeededError("kill_switch", "in force"))
    found = home(carrier)
    assert [one.problem.code for one in found.returns] == ["kill_switch", "not_asked"]
    assert found.stopped is not None
    assert not carrier.ended


def test_a_refused_rehearsal_is_tried_with_less() -> None:
    """All, then a part, then less; another refusal is final at once."""
    carrier = Carrier(RefusedError("rehearsal_failed", "would fail"))
    home(carrier)
    assert carrier.asked[:3] == [("low", 300, True), ("low", 297, False), ("low", 270, False)]
    final = Carrier(RefusedError("fee", "too dear"))
    home(final)
    assert [slug for slug, *_ in final.asked] == ["low", "high"]


def test_where_nothing_can_leave_all_is_asked_for_once() -> None:
    """No part of nothing."""
    dry = dataclasses.replace(LOW, withdrawable=Units(0))
    one = dataclasses.replace(HELD, positions=(position(LOW, 300),))
    carrier = Carrier(RefusedError("rehearsal_failed", "would fail"))
    home(carrier, Observation(snapshot(dry, HIGH), one, {}, 1))
    assert carrier.asked == [("low", 300, True)]


def test_the_commands_own_deadline_ends_it() -> None:
    """That is no venue's failure."""
    with pytest.raises(DeadlinePassedError):
        home(Carrier(DeadlinePassedError("deadline", "over")))
