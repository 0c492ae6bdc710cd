"""Laws of the lookout: what a look shows and the last decision did not know, and nothing that it knew."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mammon.core.danger import CODES
from mammon.core.decide import decide
from mammon.core.lookout import Watched, alarms
from mammon.core.numbers import Ray, Units
from mammon.core.policy import Policy
from mammon.core.types import MarketState, Portfolio, Snapshot, Unread
from tests.core.build import NOW, RAY, portfolio, position, snapshot, state
from tests.core.test_danger import CALM, DRAINED, HELD, HOME, usd

LATER_S = 10


def watched(
    like: MarketState | Unread = HOME,
    held: Portfolio | None = None,
    policy: Policy | None = None,
    **shot: object,
) -> Watched:
    """Return a decision with money in `home`."""
    seen = snapshot(like, **(CALM | shot))
    return Watched(seen, decide(seen, held or portfolio(0, position(HOME, HELD)), policy or Policy(), NOW))


def look(like: MarketState | Unread = HOME, **shot: object) -> Snapshot:
    """Return a look some blocks later: no tracks, no words from outside."""
    seen = snapshot(like, **shot)
    block = dataclasses.replace(
        seen.block, number=seen.block.number + LATER_S // 2, timestamp=seen.block.timestamp + LATER_S
    )
    return dataclasses.replace(seen, block=block)


def liquid(units: float) -> MarketState:
    """Return the market with so much in it that could leave."""
    return dataclasses.replace(HOME, withdrawable=Units(int(units)))


NEW = {
    "share_price_fell": {"like": dataclasses.replace(HOME, index=Ray(RAY - RAY // 2_000))},
    "bad_debt": {"like": dataclasses.replace(HOME, evidence=(("deficit", Units(HOME.supplied // 9_999)),))},
    "liquidity_falling": {"like": DRAINED},
    "code_changed": {"like": dataclasses.replace(HOME, signs=("code_changed",))},
    "locked": {"like": dataclasses.replace(HOME, locked=("paused",))},
    "off_peg": {"asset_usd": usd(99_400_000)},
}
"""By code, a look that shows a danger by itself."""
NOT_ALONE = {"draining", "collateral_off_peg"}
"""What takes more than one look, or words that a look does not ask for."""


def test_every_danger_is_seen_by_a_look_or_said_not_to_be() -> None:
    """A danger that is added has to say which it is."""
    assert {*NEW, *NOT_ALONE} >= set(CODES)
    assert not {*NEW} & NOT_ALONE


@pytest.mark.parametrize("code", NEW)
def test_a_new_danger_alarms(code: str) -> None:
    """By its subject and code; once a decision has told of it, it is nothing new."""
    (before,) = [watched()]
    found = alarms(before, look(**NEW[code]))  # type: ignore[arg-type]
    assert any(each.endswith(f": {code}") for each in found)
    known = watched(**NEW[code])  # type: ignore[arg-type]
    assert not any(each.endswith(f": {code}") for each in alarms(known, look(**NEW[code])))  # type: ignore[arg-type]


def test_a_calm_look_does_not() -> None:
    """What grew by interest, and a liquidity that moves as liquidity does."""
    grown = dataclasses.replace(HOME, index=Ray(HOME.index + 5))
    for seen in (HOME, grown, liquid(HOME.withdrawable * 0.9), liquid(HOME.withdrawable * 1.5)):
        assert alarms(watched(), look(seen)) == ()


@pytest.mark.parametrize(
    ("left", "alarmed"), [(127 * HELD, False), (127 * HELD - 1, True), (60 * HELD, True)]
)
def test_a_fall_alarms_when_some_more_like_it_make_liquidity_short(left: int, alarmed: bool) -> None:
    """From 152 times what is held: short is below twice, so a sixth of what is above it."""
    found = alarms(watched(liquid(152 * HELD)), look(liquid(left)))
    assert found == (("home: liquidity_sinks",) if alarmed else ())


def test_what_is_small_beside_a_pool_is_not_in_a_hurry() -> None:
    """The same fall is one to who holds much of it."""
    little = Watched(
        watched(liquid(100 * HELD)).snapshot, watched(held=portfolio(0, position(HOME, 1))).decision
    )
    assert alarms(little, look(liquid(90 * HELD))) == ()


def test_liquidity_that_comes_back_alarms_who_waits_for_it() -> None:
    """More than a hundredth of what is held; who is in no danger does not wait."""
    waiting = watched(liquid(HELD // 10))
    assert waiting.decision.dangers
    assert alarms(waiting, look(liquid(HELD // 10 + HELD // 100))) == ()
    assert alarms(waiting, look(liquid(HELD // 10 + HELD // 100 + 1))) == ("home: liquidity_back",)
    assert alarms(watched(liquid(50 * HELD)), look(liquid(90 * HELD))) == ()


def test_what_was_just_put_there_is_watched() -> None:
    """A decision's portfolio does not have it yet, its plan does."""
    seen = snapshot(HOME, **CALM)
    entering = decide(seen, portfolio(HELD), Policy(), NOW)
    assert entering.plan is not None
    before = Watched(seen, entering)
    assert before.amounts == {"home": entering.plan.amount}
    assert alarms(before, look(dataclasses.replace(HOME, locked=("paused",)))) == ("home: locked",)
    more = decide(seen, portfolio(HELD, position(HOME, HELD)), Policy(), NOW)
    if more.plan is not None:
        assert Watched(seen, more).amounts["home"] == HELD + more.plan.amount


def test_a_holding_that_was_not_read_is_watched() -> None:
    """By what does not ask how much it is: a fall is held against nothing at all then."""
    unread = Unread("home", "timeout", "")
    before = watched(held=portfolio(0, unread))
    assert before.amounts == {"home": None}
    assert alarms(before, look(dataclasses.replace(HOME, locked=("paused",)))) == ("home: locked",)
    assert alarms(before, look(liquid(HOME.withdrawable * 0.9))) == ()
    assert alarms(before, look(liquid(0))) == ("home: liquidity_sinks",)


def test_what_was_not_read_says_nothing() -> None:
    """Neither now nor then; nor does a look at an older block, or a venue without money."""
    unread = Unread("home", "timeout", "")
    assert alarms(watched(), look(unread)) == ()
    assert alarms(watched(unread), look(liquid(10 * HELD))) == ()
    assert alarms(watched(), look(asset_usd=Unread("asset_usd", "timeout", ""))) == ()
    assert alarms(watched(), look(asset_usd=usd(99_400_000, 10**6))) == (), "a price of long ago"
    assert alarms(watched(), snapshot(DRAINED)) == (), "the same block"
    other = state("other")
    assert alarms(watched(), look(dataclasses.replace(other, locked=("paused",)))) == ()


@given(st.integers(0, 400), st.integers(1, 400))
def test_whatever_a_decision_would_leave_now_alarms(percent: int, held: int) -> None:
    """No exit waits for its interval: what the next decision would act on, its look has seen."""
    amount = held * HELD
    before = watched(held=portfolio(0, position(HOME, amount)))
    after = dataclasses.replace(HOME, withdrawable=Units(HOME.withdrawable * percent // 100))
    seen = look(after, **CALM)
    decision = decide(seen, before.decision.portfolio, Policy(), NOW + LATER_S)
    new = {d.code for d in decision.dangers if d.acts} - {d.code for d in before.decision.dangers}
    if new:
        assert alarms(before, look(after))
