"""Laws of the ways home: all that can leave, no more, and nothing that was not read taken for nothing."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mammon.core.homeward import Way, ways_home
from mammon.core.numbers import Units
from mammon.core.plan import IDLE
from mammon.core.types import Portfolio, Unread
from tests.core.build import MILLION, portfolio, position, snapshot, state

LOW = state("low", 70 * MILLION, 30 * MILLION)
HIGH = state("high", 20 * MILLION, 80 * MILLION)
MARKETS = {one.market.slug: one.market for one in (LOW, HIGH)}
SHOT = snapshot(LOW, HIGH)
AMOUNT = st.integers(1, 10**15)


def holding(*held: object) -> Portfolio:
    """Return a portfolio of these positions."""
    return dataclasses.replace(portfolio(0), positions=tuple(held))  # type: ignore[arg-type]


def way(held: int, liquid: int | None) -> Way:
    """Return the way home of one holding; `liquid` None: the market was not read."""
    unread = Unread("low", "timeout", "nobody answered")
    return Way(LOW.market, Units(held), Units(held + 1), unread if liquid is None else Units(liquid))


@given(AMOUNT, AMOUNT | st.just(0) | st.none(), st.sampled_from([100, 99, 90]))
def test_no_more_is_asked_for_than_is_held_and_can_leave(held: int, liquid: int | None, parts: int) -> None:
    """The all-form for all of it alone; a part otherwise; where nothing can leave, all is asked for once."""
    found = way(held, liquid)
    plan = found.plan(parts)
    (step,) = plan.steps
    assert (plan.source, plan.target, step.action, step.amount) == ("low", IDLE, "withdraw", plan.amount)
    assert plan.amount <= held
    if step.everything:
        assert plan.amount == held
        assert parts == 100
    elif liquid is not None:
        assert plan.amount <= liquid
    assert step.everything is (parts == 100 and (liquid is None or liquid == 0 or liquid >= held))


def test_most_money_first_and_the_unread_last() -> None:
    """By what can leave; a holding worth nothing has no way; an unread one is no way, and is named."""
    unread = Unread("high", "timeout", "nobody answered")
    low, high = position(LOW, 5), position(HIGH, 9)
    found = ways_home(SHOT, holding(low, high), MARKETS)
    assert [one.market.slug for one in found if isinstance(one, Way)] == ["high", "low"]
    assert ways_home(SHOT, holding(low, unread), MARKETS)[1] == unread
    worthless = dataclasses.replace(low, assets=Units(0))
    assert ways_home(SHOT, holding(worthless), MARKETS) == ()


@pytest.mark.parametrize(
    "shot", [snapshot(HIGH), dataclasses.replace(SHOT, markets=(Unread("low", "x", "y"),))]
)
def test_a_market_that_was_not_read_is_left_whole(shot: object) -> None:
    """What is held is known all the same: the rehearsal says what of it can leave."""
    (found,) = ways_home(shot, holding(position(LOW, 5)), MARKETS)  # type: ignore[arg-type]
    assert isinstance(found, Way)
    assert isinstance(found.liquid, Unread)
    assert found.plan().steps[0].everything
