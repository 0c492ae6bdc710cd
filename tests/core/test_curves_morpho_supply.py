"""Laws of supply to one Morpho Blue market: vectors, and the market's own bookkeeping to the last unit."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from mammon.core import canonical
from mammon.core.curves import AnyCurve, MorphoCurve
from mammon.core.curves.morpho import adaptive_rate
from mammon.core.fixed import RAY
from mammon.core.rates import Scale, apy
from tests.core.curves_reference import WAD, Blue
from tests.core.test_curves_morpho import AT_FOUR_PERCENT, DAY, TIMES, contract, market, markets

MILLION = 10**12
AMOUNTS = st.integers(0, 3) | st.integers(0, 10**15)


def used(share: int, **changes: int) -> MorphoCurve:
    """A market at a utilisation in thousandths, a million shares to the unit, without a fee."""
    fields = {"supply_assets": 1000 * MILLION, "borrow_assets": share * MILLION, "fee": 0, "updated_at": 1000}
    return MorphoCurve(market(**{"supply_shares": 10**21, **fields, **changes}))


@pytest.mark.parametrize(
    ("share", "due"),
    [(900, "0.036655846477339389"), (950, "0.099658855075553824"), (450, "0.011313519197543830")],
)
def test_the_published_rates_come_out(share: int, due: str) -> None:
    """B1 to B3 of the facts: supply rates without a fee, no time passed.

    They were computed without the two floors of a wad per second: 1e-9 of a rate apart.
    """
    found = apy(used(share).rate_after(0, 1000), Scale.WAD_PER_SECOND)
    assert abs(float(found) - float(due)) < 2e-10


def after(state: Blue, amount: int) -> int:
    if amount >= 0:
        state.supply(amount)
    else:
        burnt = -(amount * (state.shares + 10**6)) // (state.assets + 1)
        burnt += -amount * (state.shares + 10**6) % (state.assets + 1) > 0
        state.assets += amount
        state.shares -= burnt
        if state.assets < state.borrowed:
            raise OverflowError("insufficient liquidity")
    return state.earning()


@settings(max_examples=400, deadline=None)
@given(markets(), AMOUNTS, TIMES, AMOUNTS)
def test_a_rate_after_a_supply_is_what_the_market_then_earns(
    found: object, amount: int, at: int, shift: int
) -> None:
    """Against the second implementation: accrue, our own money, the deposit; every figure to the unit."""
    curve = MorphoCurve(found, shift)  # type: ignore[arg-type]
    state = contract(curve.market)
    state.touch(at)
    state.supply(shift)
    assert curve.liquidity_at(at) == state.assets - state.borrowed
    assert curve.rate_after(amount, at) == curve.quotes(at).rate_after(amount) == after(state, amount)


@settings(max_examples=400, deadline=None)
@given(markets(), AMOUNTS, TIMES)
def test_a_rate_after_a_withdrawal_is_what_the_market_then_earns(found: object, amount: int, at: int) -> None:
    """Shares are burnt rounded up; more than is not lent reverts, and raises."""
    curve = MorphoCurve(found)  # type: ignore[arg-type]
    state = contract(curve.market)
    state.touch(at)
    try:
        due = after(state, -amount)
    except OverflowError:
        with pytest.raises(ValueError, match="not lent"):
            curve.rate_after(-amount, at)
    else:
        assert curve.rate_after(-amount, at) == due


@settings(max_examples=200, deadline=None)
@given(markets(), st.integers(1, 10**15), TIMES)
def test_supply_never_raises_the_rate(found: object, amount: int, at: int) -> None:
    """The ceiling is the rate as it is."""
    curve = MorphoCurve(found)  # type: ignore[arg-type]
    ceiling = curve.rate_ceiling(at)
    assert curve.rate_after(amount, at) <= ceiling == curve.quotes(at).ceiling(amount)


@settings(max_examples=200, deadline=None)
@given(markets(), st.integers(0, 10**21), TIMES)
def test_shares_are_worth_what_their_withdrawal_pays(found: object, shares: int, at: int) -> None:
    """Rounded down, one virtual unit and a million virtual shares counted; the index is that of many."""
    curve = MorphoCurve(found)  # type: ignore[arg-type]
    assume(shares <= curve.market.supply_shares)
    state = contract(curve.market)
    state.touch(at)
    assert curve.assets_at(shares, at) == shares * (state.assets + 1) // (state.shares + 10**6)
    assert curve.index_at(at) == RAY * 10**6 * (state.assets + 1) // (state.shares + 10**6)


def test_a_new_market_has_an_index_of_one() -> None:
    """Before anybody supplied, a unit is worth a unit."""
    empty = market(supply_assets=0, supply_shares=0, borrow_assets=0)
    assert MorphoCurve(empty).index_at(1000) == RAY


def test_above_the_target_the_rate_goes_on_rising() -> None:
    """A deposit moves utilisation at once and the rate at target later: while it is above, it climbs."""
    curve = used(950)
    now, later = curve.rate_after(0, 1000), curve.rate_after(0, 1000 + DAY)
    assert later > now
    assert adaptive_rate(95 * WAD // 100, AT_FOUR_PERCENT, DAY)[1] == 1358243031  # B4


def test_the_curve_is_written_and_read_back_the_same() -> None:
    """By itself and as one of the curves, which its tag tells apart."""
    curve = dataclasses.replace(used(900), shift=5)  # type: ignore[arg-type]
    assert canonical.loads(MorphoCurve, canonical.dumps(curve)) == curve
    plain = {**canonical.encode(curve), "kind": "morpho_curve"}
    assert canonical.decode(AnyCurve, plain) == curve  # type: ignore[arg-type]
