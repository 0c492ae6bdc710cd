"""Laws of accounts and cycles: what is held, what is kept, and what acting comes to."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any

import pytest

from mammon.core.decide import Ask, Decision
from mammon.core.fills import Book, worth
from mammon.core.numbers import Ray, Units
from mammon.core.plan import Finished
from mammon.core.policy import Policy
from mammon.core.types import Snapshot, Unread, Used
from mammon.engine.accounts import ChainAccount
from mammon.engine.cycle import act, cycle, judge
from mammon.engine.observe import Observation
from mammon.engine.paper import PaperAccount
from mammon.engine.world import World
from mammon.errors import MalformedError, OutsideError, UsageError
from tests.core.build import MILLION, NOW, RAY, portfolio, position, snapshot, state

CASH = 100_000 * 10**6
LOW = state("low", 70 * MILLION, 30 * MILLION)
HIGH = state("high", 20 * MILLION, 80 * MILLION, slope1_bps=700)
SEEN = Observation(snapshot(LOW, HIGH), portfolio(CASH), {}, 1)


def unused(snapshot: Snapshot) -> Used:
    """Remember nothing that was used up."""
    return Used()


@dataclass
class Books:
    """A book in memory, with versions."""

    book: Book | None = None
    version: int = 0

    def load(self) -> tuple[Book, int] | None:
        return None if self.book is None else (self.book, self.version)

    def save(self, book: Book, version: int) -> int:
        if version != self.version:
            raise OutsideError("book_changed", "another command changed it")
        self.book, self.version = book, version + 1
        return self.version


@dataclass
class Ledger:
    """Remembers what it was told, in order."""

    told: list[str] = field(default_factory=list)
    at: list[int] = field(default_factory=list)
    """When each move was settled."""

    def record(self, observation: Observation, decision: Decision) -> None:
        self.told.append(f"recorded {decision.action}")

    def settle(self, finished: Finished) -> None:
        self.told.append(f"settled {finished.outcome.target}")
        self.at.append(finished.at)


class Clock:
    def now(self) -> int:
        return NOW + 2

    def monotonic(self) -> float:
        return 0.0

    def sleep(self, seconds: float) -> None:
        raise AssertionError("a cycle does not wait")


def paper(books: Books, stops: tuple[str, ...] = ()) -> PaperAccount:
    """Return an account whose book begins from what is really held."""
    return PaperAccount(books, lambda seen: seen.portfolio, lambda: stops, unused)


def world(holdings: Any, executor: Any, seen: Observation = SEEN) -> tuple[World, Ledger]:
    """Return a world that always observes the same."""
    ledger = Ledger()
    return World(lambda: seen, holdings, ledger, executor, Clock(), Policy()), ledger


def later(by: int) -> Observation:
    """Return a day later, the index of `high` risen by so many parts in a million."""
    grown = dataclasses.replace(HIGH, index=Ray(RAY + RAY * by // 10**6))
    block = dataclasses.replace(SEEN.snapshot.block, timestamp=NOW + 86_400)
    prices = {"eth_usd": dataclasses.replace(SEEN.snapshot.eth_usd, updated=NOW + 86_400)}
    shot = dataclasses.replace(SEEN.snapshot, markets=(LOW, grown), block=block, **prices)
    return dataclasses.replace(SEEN, snapshot=shot)


def test_a_cycle_records_before_it_acts_and_settles_after() -> None:
    """The decision is in the ledger before anything is done about it."""
    books = Books()
    account = paper(books)
    place, ledger = world(account, account)
    result = cycle(place, execute=True)
    assert result.outcome is not None
    assert ledger.told == ["recorded move", "settled high"]
    assert books.book is not None
    assert (books.book.idle, [h.slug for h in books.book.holdings]) == (0, ["high"])


def test_on_paper_money_comes_home_by_a_decision() -> None:
    """What leaves the venue is idle, gas is paid, and the book counts no move."""
    books = Books()
    account = paper(books)
    place, ledger = world(account, account)
    cycle(place, execute=True)
    assert books.book is not None
    moved, whole = books.book.moved, worth(books.book)
    asked = judge(place, SEEN, Ask("high", "idle", Units(70 * 10**6)))
    outcome = act(place, asked)
    assert (outcome.left, outcome.entered, outcome.target) == (70 * 10**6, 0, "idle")
    assert (books.book.idle, books.book.moved, worth(books.book)) == (70 * 10**6, moved, whole)
    assert ledger.told[-2:] == ["recorded exit", "settled idle"]


def test_a_move_is_recorded_on_the_ledgers_clock() -> None:
    """A3 40: a move made while blocks show an earlier time is no older than the one before it."""
    account = ChainAccount(lambda now: (NOW + 7_200,), lambda: (), unused, lambda seen, held: ())
    place, ledger = world(account, paper(Books()))
    place.executor.view(SEEN)  # type: ignore[union-attr]
    patient = dataclasses.replace(place, policy=dataclasses.replace(Policy(), cooldown_s=0))
    assert cycle(patient, execute=True).outcome is not None
    assert ledger.at == [NOW + 7_200]


def test_what_was_used_up_is_part_of_the_view() -> None:
    """Gas and transactions of the limits' windows reach the decision, on chain and on paper."""

    def windows(shot: Snapshot) -> Used:
        return Used(transactions=shot.block.timestamp - NOW + 11)

    on_paper = PaperAccount(Books(), lambda seen: seen.portfolio, lambda: (), windows)
    for account in (on_paper, ChainAccount(lambda now: (), lambda: (), windows, lambda seen, held: ())):
        assert account.view(SEEN).portfolio.used == Used(transactions=11)


def test_without_execute_nothing_is_done() -> None:
    """A cycle that only looks keeps its book and acts on nothing."""
    books = Books()
    account = paper(books)
    place, ledger = world(account, account)
    assert cycle(place, execute=False).outcome is None
    assert ledger.told == ["recorded move"]
    assert books.book is not None
    assert books.book.idle == CASH


def test_a_book_earns_between_cycles() -> None:
    """What the venue grew is in the book at the next view, thinned, and is kept."""
    books = Books()
    account = paper(books)
    cycle(world(account, account)[0], execute=True)
    cycle(world(account, account, later(100))[0], execute=True)
    assert books.book is not None
    assert CASH < worth(books.book) < CASH + CASH * 100 // 10**6


def test_a_view_alone_keeps_nothing() -> None:
    """Looking at positions does not open or change a book."""
    books = Books()
    view = paper(books).view(SEEN)
    assert books.book is None
    assert view.portfolio.idle == CASH


def test_two_commands_cannot_both_change_the_book() -> None:
    """A book changed meanwhile is not overwritten."""
    books = Books()
    first, second = paper(books), paper(books)
    for account in (first, second):
        account.view(SEEN)
    first.keep()
    with pytest.raises(OutsideError):
        second.keep()


def test_keeping_before_any_view_keeps_nothing() -> None:
    """There is nothing to keep before something was seen."""
    books = Books()
    paper(books).keep()
    assert books.version == 0


def test_stops_reach_the_decision() -> None:
    """A stop in force is in the portfolio that is decided on, in both kinds of account."""
    for account in (
        paper(Books(), ("kill_switch",)),
        ChainAccount(lambda now: (), lambda: ("kill_switch",), unused, lambda seen, held: ()),
    ):
        decision = judge(world(account, None)[0], SEEN)
        assert decision.refused_by == ("stops",)


def test_moves_remembered_reach_the_decision() -> None:
    """F19: the day's moves come from the state, counted from the block's time, and limit the next."""
    asked: list[int] = []

    def moved(now: int) -> tuple[int, ...]:
        asked.append(now)
        return (NOW - 60,)

    account = ChainAccount(moved, lambda: (), unused, lambda seen, held: ())
    decision = judge(world(account, None)[0], SEEN)
    assert decision.refused_by == ("cooldown",)
    assert asked == [NOW]
    account.keep()


def test_an_account_is_needed_to_say_what_it_holds() -> None:
    """Without an account there are no holdings to decide on: that is the caller's to mend."""
    with pytest.raises(UsageError):
        ChainAccount(lambda now: (), lambda: (), unused, lambda seen, held: ()).view(
            dataclasses.replace(SEEN, portfolio=None)
        )


def test_a_world_that_cannot_act_says_so() -> None:
    """No executor, no act; and nothing to carry out is an error of the caller, not a silent success."""
    place, _ = world(ChainAccount(lambda now: (), lambda: (), unused, lambda seen, held: ()), None)
    with pytest.raises(UsageError, match="cannot carry"):
        act(place, judge(place, SEEN))
    with pytest.raises(UsageError, match="nothing to carry out"):
        act(place, judge(place, SEEN, Ask("idle", "low", Units(1))))


def test_paper_fills_only_what_was_seen_and_priced() -> None:
    """A fill needs a view, a plan and a known cost."""
    account = paper(Books())
    decision = judge(world(paper(Books()), None)[0], SEEN)
    with pytest.raises(MalformedError):
        account.execute(decision)
    account.view(SEEN)
    assert decision.chosen is not None
    unpriced = dataclasses.replace(decision.chosen.move, cost=Unread("cost", "fees:timeout", ""))
    chosen = dataclasses.replace(decision.chosen, move=unpriced)
    with pytest.raises(MalformedError):
        account.execute(dataclasses.replace(decision, chosen=chosen))


def test_a_real_position_is_not_counted_twice() -> None:
    """A book begun from a real position does not shift the venue that already has it."""
    held = dataclasses.replace(SEEN, portfolio=portfolio(0, position(LOW, CASH)))
    view = paper(Books()).view(held)
    assert view.snapshot == held.snapshot
    assert view.portfolio.positions[0].assets == CASH
