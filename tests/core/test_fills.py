"""Laws of the paper book: it conserves, it dilutes, and it earns what the venue really paid, thinned."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mammon.core import canonical
from mammon.core.costs import Cost
from mammon.core.decide import decide
from mammon.core.fills import Book, accrue, fill, open_book, portfolio_of, returned, shifted, worth
from mammon.core.numbers import Ray, Units, Usd, Wei
from mammon.core.plan import Plan
from mammon.core.policy import Policy
from mammon.core.types import MarketState, Portfolio, Snapshot, Unread
from mammon.errors import MalformedError, OutsideError
from tests.core.build import MILLION, NOW, OWNER, RAY, USDC, portfolio, position, snapshot, state

CASH = 100_000 * 10**6
LOW = state("low", 70 * MILLION, 30 * MILLION)
HIGH = state("high", 20 * MILLION, 80 * MILLION, slope1_bps=700)
SHOT = snapshot(LOW, HIGH)


def moved(real: Portfolio | None = None) -> tuple[Book, Cost]:
    """Return a book that has just put its cash into `high`, and what that cost."""
    account = real or portfolio(CASH)
    book = open_book(account, SHOT)
    view = shifted(SHOT, book, account)
    decision = decide(view, portfolio_of(book, ()), Policy(), NOW)
    assert decision.plan is not None
    assert isinstance(decision.chosen.move.cost, Cost)
    return fill(book, decision.plan, decision.chosen.move.cost, SHOT, account), decision.chosen.move.cost


def grown(by: int) -> Snapshot:
    """Return a day later, with the index of `high` risen by so many parts in a million."""
    later = dataclasses.replace(HIGH, index=Ray(RAY + RAY * by // 10**6))
    block = dataclasses.replace(SHOT.block, timestamp=NOW + 86_400)
    return dataclasses.replace(SHOT, markets=(LOW, later), block=block)


def test_a_fill_conserves_to_the_unit() -> None:
    """Idle and holdings are worth the same before and after; gas is paid in the native coin."""
    book, cost = moved()
    assert worth(book) == CASH
    assert book.idle == 0
    assert book.native == 10**16 - cost.wei
    assert book.paid == cost.wei
    assert book.moved == (NOW,)


def test_a_fill_after_a_clock_step_back_is_no_older_than_the_one_before() -> None:
    """A3 40: recorded times never go back, so that no window is reopened once the clock is right again."""
    book, cost = moved()
    late = dataclasses.replace(book, moved=(NOW + 3_600,))
    back = Plan("high", "low", Units(1), ())
    assert fill(late, back, cost, SHOT, None).moved == (NOW + 3_600, NOW + 3_600)
    assert fill(book, back, cost, grown(1), None).moved == (NOW, NOW + 86_400)


def test_our_own_supply_shifts_the_curve() -> None:
    """After a paper deposit the venue looks as it would with the money in it: rate, size, liquidity."""
    book, _ = moved()
    seen = next(m for m in shifted(SHOT, book, None).markets if m.market.slug == "high")
    assert seen.curve.rate_after(0, NOW) == HIGH.curve.rate_after(CASH, NOW) < HIGH.curve.rate_after(0, NOW)
    assert seen.supplied == HIGH.supplied + CASH
    assert seen.withdrawable == HIGH.withdrawable + CASH


def test_a_capped_venue_has_less_room_with_us_in_it() -> None:
    """Virtual supply uses up real head-room, down to nothing and not below."""
    book, _ = moved()
    for room, left in ((3 * CASH, 2 * CASH), (CASH // 2, 0)):
        capped = dataclasses.replace(SHOT, markets=(LOW, dataclasses.replace(HIGH, room=Units(room))))
        assert next(m for m in shifted(capped, book, None).markets if m.market.slug == "high").room == left


def test_interest_is_the_real_growth_thinned_by_our_weight() -> None:
    """A day's real index growth is earned times rate-with-us over rate-without, rounded down."""
    book, _ = moved()
    later = grown(100)
    after = accrue(book, later, None)
    plain = HIGH.curve.rate_after(0, NOW)
    thinned = HIGH.curve.rate_after(CASH, NOW)
    assert after.holdings[0].assets == CASH + (CASH * 100 // 10**6) * thinned // plain
    assert after.holdings[0].index == later.markets[1].index


def test_accruing_twice_is_accruing_once() -> None:
    """The same block again adds nothing."""
    book, _ = moved()
    once = accrue(book, grown(100), None)
    assert accrue(once, grown(100), None) == once


def test_an_unread_market_waits_and_loses_nothing() -> None:
    """While a venue cannot be read its holding stands still; the growth comes with the next reading."""
    book, _ = moved()
    blind = dataclasses.replace(grown(50), markets=(LOW, Unread("high", "timeout", "")))
    assert accrue(book, blind, None).holdings == book.holdings
    assert accrue(accrue(book, blind, None), grown(100), None) == accrue(book, grown(100), None)


def test_a_loss_is_a_loss_on_paper_too() -> None:
    """A falling index takes from the holding."""
    book, _ = moved()
    assert accrue(book, grown(-1000), None).holdings[0].assets < CASH


def test_a_book_begins_from_what_is_really_held() -> None:
    """Real positions are in the chain's curves already and do not shift them again."""
    real = portfolio(CASH, position(LOW, CASH))
    book = open_book(real, SHOT)
    assert worth(book) == 2 * CASH
    assert shifted(SHOT, book, real) == SHOT


def test_leaving_a_real_position_is_not_handed_back_to_the_curve() -> None:
    """Paper money moved out of a real position shifts the target alone."""
    real = portfolio(0, position(LOW, CASH))
    book, _ = moved(real)
    view = {m.market.slug: m for m in shifted(SHOT, book, real).markets if isinstance(m, MarketState)}
    assert view["low"] == LOW
    assert view["high"].supplied == HIGH.supplied + CASH


@pytest.mark.parametrize(
    "real",
    [
        portfolio(Unread("idle", "timeout", "")),
        portfolio(CASH, Unread("low", "timeout", "")),
        portfolio(CASH, native=Unread("native", "timeout", "")),
    ],
)
def test_a_book_never_begins_from_a_guess(real: Portfolio) -> None:
    """What could not be read is not an empty wallet."""
    with pytest.raises(MalformedError):
        open_book(real, SHOT)


def test_a_book_cannot_be_overdrawn() -> None:
    """A plan for more than there is fails before anything changes."""
    book, cost = moved()
    with pytest.raises(MalformedError):
        fill(book, Plan("idle", "low", Units(1), ()), cost, SHOT, None)
    with pytest.raises(MalformedError):
        fill(book, Plan("high", "low", Units(CASH + 1), ()), cost, SHOT, None)


def test_a_book_survives_its_document() -> None:
    """Written and read back it is the same book."""
    book, _ = moved()
    assert canonical.loads(Book, canonical.dumps(book)) == book
    assert (book.owner, book.asset, book.opened) == (OWNER, USDC, CASH)


def test_a_venue_that_pays_nothing_pays_nothing_on_paper() -> None:
    """With no rate at the start there is no growth to thin; a loss still counts."""
    idle = state("high", 100 * MILLION, 0)
    shot = dataclasses.replace(SHOT, markets=(LOW, idle))
    cost = Cost(0, 0, 0, 0, Usd(0), Usd(0))
    book = fill(open_book(portfolio(CASH), shot), Plan("idle", "high", Units(CASH), ()), cost, shot, None)
    assert book.holdings[0].rate_without == 0
    assert accrue(book, grown(100), None).holdings[0].assets == CASH
    assert accrue(book, grown(-1000), None).holdings[0].assets == CASH - CASH // 1000


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 10**11)), max_size=12))
def test_any_sequence_of_moves_conserves(moves: list[tuple[bool, int]]) -> None:
    """Whatever is moved to and fro at one block, the worth stays what it was."""
    book = open_book(portfolio(CASH), SHOT)
    cost = Cost(0, 0, 0, 0, Usd(0), Usd(0))
    for inward, amount in moves:
        source, target = ("idle", "high") if inward else ("high", "low")
        try:
            book = fill(book, Plan(source, target, Units(amount), ()), cost, SHOT, None)
        except MalformedError:
            continue
        assert worth(book) == CASH
        assert all(holding.assets > 0 for holding in book.holdings)


def test_a_book_does_not_begin_in_a_market_that_was_not_read() -> None:
    """A position whose market is unread cannot be valued from here on, so no book begins with it."""
    blind = dataclasses.replace(SHOT, markets=(HIGH, Unread("low", "timeout", "")))
    with pytest.raises(MalformedError):
        open_book(portfolio(0, position(LOW, CASH)), blind)


@given(st.integers(1, CASH))
def test_a_way_home_conserves_and_is_no_move(amount: int) -> None:
    """All of a holding or a part comes back to the unit; gas is paid; no window counts it."""
    book, _ = moved()
    home = returned(book, "high", Units(amount), Wei(7), SHOT, None)
    assert worth(home) == worth(book)
    assert (home.idle, home.native, home.paid) == (amount, book.native - 7, book.paid + 7)
    assert home.moved == book.moved
    assert [holding.assets for holding in home.holdings] == ([CASH - amount] if amount < CASH else [])


def test_a_way_home_needs_the_holding_and_its_market() -> None:
    """More than is held is refused; a market that was not read may not be filled in."""
    book, _ = moved()
    for slug, amount in (("high", CASH + 1), ("low", 1)):
        with pytest.raises(MalformedError, match="does not hold"):
            returned(book, slug, Units(amount), Wei(0), SHOT, None)
    unread = dataclasses.replace(SHOT, markets=(LOW, Unread("high", "timeout", "nobody answered")))
    with pytest.raises(OutsideError, match="high was not read"):
        returned(book, "high", Units(1), Wei(0), unread, None)
