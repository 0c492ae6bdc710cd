"""Time to exit: what readings prove about a wait, no less and no more."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mammon.core.exit_time import DAY_S, MONTH_S, ExitTime, Wait, exit_time
from mammon.core.numbers import Ray, Units
from mammon.core.tracks import Sample, Track
from mammon.core.types import MarketState
from tests.core.build import market

AT = 1_767_225_600
AMOUNT = 1_000
HOUR = 3_600
AT_ONCE = Wait(0, "exact")


def state(liquid: int, locked: tuple[str, ...] = ()) -> MarketState:
    supplied, none = Units(10_000), Ray(10**27)
    return MarketState(market("venue"), None, supplied, None, Units(liquid), None, none, locked=locked)


def track(*readings: tuple[int, int], least: int | None = None) -> Track:
    """Return a track of (seconds ago, withdrawable), oldest first."""
    samples = tuple(
        Sample(1, AT - ago, Ray(10**27), Units(10_000), None, Units(liquid), None, Units(0))
        for ago, liquid in readings
    )
    lowest = min((liquid for _, liquid in readings), default=None) if least is None else least
    return Track("venue", samples, None if lowest is None else Units(lowest))


def told(liquid: int, *readings: tuple[int, int], least: int | None = None) -> ExitTime:
    return exit_time(AMOUNT, state(liquid), track(*readings, least=least), AT)


def test_a_venue_that_was_never_short_lets_go_at_once() -> None:
    """Exactly enough at every reading: no wait at all, in any span that was read."""
    found = told(AMOUNT, (20 * DAY_S, AMOUNT), (HOUR, AMOUNT))
    assert (found.now, found.day, found.month) == (AT_ONCE, AT_ONCE, AT_ONCE)
    assert (found.at_once, found.read_s) == (AMOUNT, 20 * DAY_S)


def test_one_unit_less_is_short() -> None:
    """At once is all of it: what can leave is told, and the rest waits for nobody knows how long."""
    found = told(AMOUNT - 1, (HOUR, AMOUNT))
    assert (found.at_once, found.now) == (AMOUNT - 1, Wait(0, "least"))
    assert found.day == found.month == Wait(0, "least")


def test_where_nothing_was_read_nothing_is_known() -> None:
    """This block is known by itself; no span is, without another reading in it."""
    for none in (None, track()):
        found = exit_time(AMOUNT, state(AMOUNT), none, AT)
        assert (found.now, found.day, found.month, found.read_s) == (AT_ONCE, None, None, 0)
    old = told(AMOUNT, (2 * DAY_S, AMOUNT))
    assert (old.day, old.month) == (None, AT_ONCE)
    beyond = told(AMOUNT, (MONTH_S + 1, AMOUNT))
    assert (beyond.month, beyond.read_s) == (None, 0)


def test_a_locked_venue_lets_nothing_go() -> None:
    """Whatever it says is withdrawable."""
    found = exit_time(AMOUNT, state(10 * AMOUNT, ("paused",)), track((HOUR, AMOUNT)), AT)
    assert (found.at_once, found.now) == (0, Wait(0, "least"))


def test_what_is_short_now_has_been_for_at_least_so_long() -> None:
    """Since the first of the readings in a row that were short, the last that was not being before."""
    found = told(5, (4 * HOUR, AMOUNT), (3 * HOUR, 5), (HOUR, 0))
    assert found.now == found.day == found.month == Wait(3 * HOUR, "least")


def test_a_wait_that_ended_lies_between_the_readings_that_were_not_short() -> None:
    """Short three hours ago, free five and one hour ago: who waited, waited less than four hours."""
    found = told(AMOUNT, (5 * HOUR, AMOUNT), (3 * HOUR, 0), (HOUR, AMOUNT))
    assert (found.now, found.day, found.month) == (AT_ONCE, Wait(4 * HOUR, "most"), Wait(4 * HOUR, "most"))


def test_a_wait_that_began_before_anything_was_read_is_at_least_so_long() -> None:
    """The first reading of all was short already."""
    found = told(AMOUNT, (5 * HOUR, 0), (3 * HOUR, 0), (HOUR, AMOUNT))
    assert found.day == found.month == Wait(4 * HOUR, "least")


def test_a_shortage_between_the_kept_readings_counts() -> None:
    """The least of all readings was short, none of the kept ones: it hid in the widest gap at most."""
    found = told(AMOUNT, (9 * DAY_S, AMOUNT), (2 * DAY_S, AMOUNT), (HOUR, AMOUNT), least=AMOUNT - 1)
    assert found.month == Wait(7 * DAY_S, "most")
    assert found.day == Wait(23 * HOUR, "most")


def test_a_day_knows_only_of_waits_begun_in_it() -> None:
    """A shortage that lasted from last week into the last day counts from where the day begins."""
    found = told(AMOUNT, (9 * DAY_S, AMOUNT), (3 * DAY_S, 0), (6 * HOUR, AMOUNT))
    assert found.day == Wait(18 * HOUR, "most")
    assert found.month == Wait(9 * DAY_S - 6 * HOUR, "most")


def test_what_the_days_no_longer_count_is_not_forgotten() -> None:
    """A kept reading that was short speaks against a least amount that does not."""
    found = told(AMOUNT, (MONTH_S, AMOUNT), (29 * DAY_S, 0), (HOUR, AMOUNT), least=AMOUNT)
    assert found.month is not None
    assert found.month.bound == "most"


def test_readings_of_this_block_or_later_are_none() -> None:
    """Only what lies before the block is an earlier reading."""
    assert told(AMOUNT, (0, 0), (-HOUR, 0)).day is None


pasts = st.lists(st.tuples(st.integers(1, MONTH_S), st.integers(0, 2 * AMOUNT)), max_size=7).map(
    lambda found: sorted(dict(found).items(), reverse=True)
)


@given(pasts, st.integers(0, 2 * AMOUNT))
def test_a_wait_is_told_exactly_or_by_a_bound_within_its_span(past: list[tuple[int, int]], now: int) -> None:
    """No wait is longer than its span or what was read; and only 0 is ever exact."""
    found = told(now, *past)
    for wait, span in ((found.day, DAY_S), (found.month, MONTH_S)):
        if wait is not None:
            assert 0 <= wait.seconds <= max(span, found.now.seconds)
            assert (wait.bound == "exact") <= (wait.seconds == 0)
    assert found.read_s <= MONTH_S


@given(pasts, st.integers(0, 2 * AMOUNT), st.integers(1, 2 * AMOUNT), st.integers(0, 500))
def test_more_money_never_leaves_sooner(
    past: list[tuple[int, int]], now: int, amount: int, more: int
) -> None:
    """Where the larger amount never waited, neither did the smaller."""
    least = min([liquid for _, liquid in past], default=None)
    history = track(*past, least=least)
    small, large = (exit_time(each, state(now), history, AT) for each in (amount, amount + more))
    for span in ("now", "day", "month"):
        if getattr(large, span) == AT_ONCE:
            assert getattr(small, span) == AT_ONCE


@pytest.mark.parametrize("liquid", [0, AMOUNT - 1, AMOUNT, AMOUNT + 1])
def test_an_unmoved_venue_waits_as_it_does_now(liquid: int) -> None:
    """Months of the same reading tell the same of every span."""
    found = told(liquid, *((days * DAY_S, liquid) for days in (29, 7, 1)))
    for wait in (found.day, found.month):
        assert wait is not None
        assert (wait.bound == "exact") == (liquid >= AMOUNT)


def test_the_result_stands_in_documents() -> None:
    """Fields by name, as `mammon/scan@1` shows them."""
    assert [field.name for field in dataclasses.fields(ExitTime)] == [
        "at_once", "now", "day", "month", "read_s",
    ]  # fmt: skip
