"""Laws of the Morpho Blue market and of the adaptive rate model."""

from __future__ import annotations

import math
import random
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mammon.core import canonical
from mammon.core.curves.morpho import (
    INITIAL_RATE_AT_TARGET,
    MAX_RATE_AT_TARGET,
    MIN_RATE_AT_TARGET,
    MorphoMarket,
    adaptive_rate,
    assets_down,
    assets_up,
    shares_down,
    taylor_compounded,
    wad_exp,
)
from tests.core.curves_reference import WAD, Blue, exponential, irm

AT_FOUR_PERCENT = 1268391679
DAY = 86_400


def market(**changes: Any) -> MorphoMarket:
    """A market at 95 % utilisation with a fee, last touched at 1000."""
    fields: dict[str, Any] = {
        "supply_assets": 60_000_000_000_007,
        "supply_shares": 55_123_456_789_012_345_678,
        "borrow_assets": 57_000_000_000_001,
        "updated_at": 1000,
        "fee": 10**17,
        "rate_at_target": AT_FOUR_PERCENT,
    }
    return MorphoMarket(**(fields | changes))


def contract(state: MorphoMarket) -> Blue:
    """The same market as the second implementation holds it."""
    return Blue(
        assets=state.supply_assets,
        shares=state.supply_shares,
        borrowed=state.borrow_assets,
        time=state.updated_at,
        fee=state.fee,
        rate=state.rate_at_target,
        has_irm=not state.idle,
    )


@st.composite
def markets(draw: st.DrawFn) -> MorphoMarket:
    """Any market the singleton could hold, the empty, the full and the idle one among them."""
    assets = draw(st.just(0) | st.integers(1, 10**16))
    target = st.integers(MIN_RATE_AT_TARGET, MAX_RATE_AT_TARGET)
    return market(
        supply_assets=assets,
        supply_shares=draw(st.integers(0, 2 * 10**22)),
        borrow_assets=draw(st.just(assets) | st.integers(0, assets)),
        fee=draw(st.just(0) | st.integers(0, WAD // 4)),
        rate_at_target=draw(st.just(MIN_RATE_AT_TARGET) | st.just(MAX_RATE_AT_TARGET) | target),
        idle=draw(st.booleans()),
    )


TIMES = st.integers(1000, 1003) | st.integers(1000, 1000 + 5 * 365 * DAY)


@pytest.mark.parametrize(
    ("used", "elapsed", "mean", "end"),
    [
        (90, 0, 1268391679, 1268391679),
        (95, 0, 3170979197, 1268391679),
        (45, 0, 792744799, 1268391679),
        (95, DAY, 3282363632, 1358243031),
        (50, 5 * DAY, 731581452, 941045077),
    ],
    ids=["B1", "B2", "B3", "B4", "B5"],
)
def test_published_rates_hold(used: int, elapsed: int, mean: int, end: int) -> None:
    """The published vectors of the adaptive curve hold to the last unit."""
    assert adaptive_rate(used * WAD // 100, AT_FOUR_PERCENT, elapsed) == (mean, end)


@pytest.mark.parametrize(("used", "end", "rate"), [(95, 1358243031, 3395607577), (50, 941045077, 627363384)])
def test_published_end_rates_hold(used: int, end: int, rate: int) -> None:
    """After the drift of B4 and B5 the rate at that instant is the one published."""
    assert adaptive_rate(used * WAD // 100, end, 0) == (rate, end)


def test_published_compounding_holds() -> None:
    """Vector B6: a day at the initial rate."""
    assert taylor_compounded(AT_FOUR_PERCENT, DAY) == 109595046163916
    assert INITIAL_RATE_AT_TARGET == AT_FOUR_PERCENT


@given(
    st.integers(0, WAD) | st.integers(9 * 10**17 - 5, 9 * 10**17 + 5),
    st.just(0) | st.integers(MIN_RATE_AT_TARGET, MAX_RATE_AT_TARGET),
    st.just(0) | st.integers(0, 20 * 365 * DAY),
)
@settings(max_examples=500, deadline=None)
def test_rate_equals_a_second_implementation(used: int, start: int, elapsed: int) -> None:
    """The rate and the drift equal the model in fractions, truncations included."""
    assert adaptive_rate(used, start, elapsed) == irm(used, start, elapsed)


@given(st.integers(-60 * WAD, 120 * WAD) | st.integers(-10, 10))
@settings(max_examples=500, deadline=None)
def test_exponential_equals_a_second_implementation(x: int) -> None:
    """Every x, both clips included, gives the contract's approximation."""
    assert wad_exp(x) == exponential(x)


@pytest.mark.parametrize("bound", [-41446531673892822312, 93859467695000404319])
def test_exponential_is_clipped_at_its_bounds(bound: int) -> None:
    """The clips stand at ln(1e-18) and at the last exponent that does not overflow."""
    assert wad_exp(bound - 1) == exponential(bound - 1)
    assert wad_exp(bound) == exponential(bound)
    assert wad_exp(-41446531673892822313) == 0
    assert wad_exp(93859467695000404319) == wad_exp(200 * WAD)


@given(st.integers(-3 * WAD, 3 * WAD))
@settings(max_examples=200, deadline=None)
def test_exponential_is_near_the_true_one(x: int) -> None:
    """The approximation stays within one percent of exp where rates live."""
    assert wad_exp(x) / WAD == pytest.approx(math.exp(x / WAD), rel=0.01)


def test_ordinary_lives_equal_a_second_implementation() -> None:
    """On evenly spread states, where every rounding is at work, a touch and a supply leave equal markets."""
    rng = random.Random("morpho")
    for _ in range(300):
        assets = rng.randint(10**6, 10**15)
        state = market(
            supply_assets=assets,
            supply_shares=assets * rng.randint(800_000, 1_000_000),
            borrow_assets=rng.randint(0, assets),
            fee=rng.randint(1, WAD // 4),
            rate_at_target=rng.randint(MIN_RATE_AT_TARGET, MAX_RATE_AT_TARGET),
        )
        at, amount = 1000 + rng.randint(0, 60 * DAY), rng.randint(0, 10**14)
        blue = contract(state)
        blue.touch(at)
        assert contract(state.accrued(at)) == blue
        blue.supply(amount)
        after = state.supplied(amount, at)
        assert contract(after) == blue
        assert after.supply_rate_per_second(at) == blue.earning()


@given(markets(), TIMES)
@settings(max_examples=300, deadline=None)
def test_accrual_equals_a_second_implementation(state: MorphoMarket, at: int) -> None:
    """Interest, fee shares, drift and the rates of an accrued market equal the contract's."""
    blue = contract(state)
    blue.touch(at)
    after = state.accrued(at)
    assert (after.supply_assets, after.supply_shares) == (blue.assets, blue.shares)
    assert (after.borrow_assets, after.updated_at) == (blue.borrowed, at)
    assert after.rate_at_target == (0 if state.idle else blue.rate)
    assert state.supply_rate_per_second(at) == blue.earning()


@given(markets(), TIMES, st.integers(0, 10**15))
@settings(max_examples=300, deadline=None)
def test_supply_equals_a_second_implementation(state: MorphoMarket, at: int, amount: int) -> None:
    """A supply accrues first, then buys shares rounded down, then the rate is read."""
    blue = contract(state)
    blue.touch(at)
    minted = blue.supply(amount)
    after = state.supplied(amount, at)
    assert (after.supply_assets, after.supply_shares) == (blue.assets, blue.shares)
    assert after.supply_shares - state.accrued(at).supply_shares == minted
    assert after.supply_rate_per_second(at) == blue.earning()


@given(markets(), TIMES)
@settings(max_examples=200, deadline=None)
def test_borrow_rate_view_is_the_rate_the_accrual_charges(state: MorphoMarket, at: int) -> None:
    """`borrow_rate_view` is the mean over the time since the last touch, 0 in an idle market."""
    used = contract(state).used()
    expected = 0 if state.idle else irm(used, state.rate_at_target, at - 1000)[0]
    assert state.borrow_rate_view(at) == expected


@given(markets(), TIMES, st.integers(0, 10**15), st.integers(0, 10**15))
@settings(max_examples=200, deadline=None)
def test_more_supply_never_raises_the_rate(state: MorphoMarket, at: int, amount: int, more: int) -> None:
    """At one instant a market pays its suppliers less for every unit more."""
    first = state.supplied(amount, at)
    assert first.supplied(more, at).supply_rate_per_second(at) <= first.supply_rate_per_second(at)


@given(markets(), st.integers(0, DAY), st.integers(0, DAY))
@settings(max_examples=200, deadline=None)
def test_accrual_in_two_steps_stays_near_accrual_in_one(state: MorphoMarket, first: int, then: int) -> None:
    """A touch in between changes what is owed by less than one part in a thousand over two days."""
    middle, end = 1000 + first, 1000 + first + then
    once, twice = state.accrued(end), state.accrued(middle).accrued(end)
    assert abs(once.borrow_assets - twice.borrow_assets) * 1000 <= once.borrow_assets + 2000
    assert twice.supply_assets - twice.borrow_assets == once.supply_assets - once.borrow_assets


def test_idle_market_earns_nothing() -> None:
    """A market without a rate model neither accrues nor pays, whatever its fields say."""
    idle = market(idle=True)
    later = idle.accrued(1000 + DAY)
    assert (later.supply_assets, later.borrow_assets) == (idle.supply_assets, idle.borrow_assets)
    assert idle.supply_rate_per_second(1000) == idle.borrow_rate_view(1000 + DAY) == 0


def test_rate_before_the_first_touch_is_the_initial_one() -> None:
    """A rate at target of 0 stands for the initial rate, at once and after any time."""
    fresh = market(rate_at_target=0)
    assert fresh.accrued(1000).rate_at_target == INITIAL_RATE_AT_TARGET
    assert fresh.accrued(1000 + DAY).rate_at_target == INITIAL_RATE_AT_TARGET
    assert fresh.supply_rate_per_second(1000) == market().supply_rate_per_second(1000)


@given(st.integers(0, 10**16), st.integers(0, 10**16), st.integers(0, 10**22))
@settings(max_examples=200, deadline=None)
def test_share_conversions_round_against_the_holder(amount: int, assets: int, shares: int) -> None:
    """Buying rounds down, what is held is worth the floor, and counts against a cap as the ceiling."""
    bought = shares_down(amount, assets, shares)
    assert assets_down(bought, assets, shares) <= amount
    exact = Fraction(bought * (assets + 1), shares + 10**6)
    assert assets_down(bought, assets, shares) == math.floor(exact)
    assert assets_up(bought, assets, shares) == math.ceil(exact)


def test_what_lies_before_the_state_is_refused() -> None:
    """A negative amount and a time before the last touch have no answer."""
    state = market()
    with pytest.raises(ValueError, match="negative"):
        state.supplied(-1, 1000)
    for ask in (state.accrued, state.borrow_rate_view, state.supply_rate_per_second):
        with pytest.raises(ValueError, match="before"):
            ask(999)


def test_canonical_form_survives_a_round_trip() -> None:
    """A market written and read is the same market."""
    assert canonical.loads(MorphoMarket, canonical.dumps(market())) == market()
