"""Laws of the Aave curve: vectors, the contracts' arithmetic of every generation, the cap check."""

from __future__ import annotations

import dataclasses
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mammon.core import canonical
from mammon.core.curves import AaveCurve
from mammon.core.curves.aave import RAY_PER_BPS, StableDebt
from mammon.core.rates import Scale
from tests.core.curves_reference import RAY, Reserve

GENERATIONS = ("3.0", "3.1", "3.2", "3.4", "3.5")
STABLE = ("3.0", "3.1")
MILLION = 10**12
MONTH = 30 * 86_400


def reserve(**changes: Any) -> AaveCurve:
    """The base.md §8 reserve: 60M available, 180M of debt, never touched since its creation."""
    fields: dict[str, Any] = {
        "generation": "3.5",
        "available": 60 * MILLION,
        "scaled_debt": 180 * MILLION,
        "unbacked": 0,
        "scaled_supply": 240 * MILLION,
        "accrued_to_treasury": 0,
        "liquidity_index": RAY,
        "borrow_index": RAY,
        "liquidity_rate": 0,
        "borrow_rate": 0,
        "updated_at": 1000,
        "reserve_factor_bps": 1000,
        "optimal_usage": 9000 * RAY_PER_BPS,
        "base_rate": 0,
        "slope1": 550 * RAY_PER_BPS,
        "slope2": 4000 * RAY_PER_BPS,
    }
    return AaveCurve(**(fields | changes))


def accruing(generation: str, **changes: Any) -> AaveCurve:
    """A reserve in the middle of its life, on numbers that divide nothing."""
    stable = StableDebt(7_000_000_000_001, 91 * 10**24 + 7, 400) if generation in STABLE else None
    return reserve(
        **{
            "generation": generation,
            "available": 60_123_456_789_013,
            "scaled_debt": 170_000_000_000_017,
            "unbacked": 1_000_000_000_003,
            "scaled_supply": 220_000_000_000_019,
            "accrued_to_treasury": 12_345_678_901,
            "liquidity_index": 1_091_234_567_890_123_456_789_012_345,
            "borrow_index": 1_151_234_567_890_123_456_789_012_347,
            "liquidity_rate": 30_937_500_000_000_000_000_000_011,
            "borrow_rate": 45_833_333_333_333_333_333_333_333,
            "stable_debt": stable,
        }
        | changes
    )


def ordinary(generation: str, rng: random.Random) -> AaveCurve:
    """A reserve with figures of the size real ones have, none of them round."""
    stable = StableDebt(rng.randint(1, 10**13), rng.randint(1, RAY // 5), rng.randint(0, 1000))
    return accruing(
        generation,
        available=rng.randint(0, 10**14),
        scaled_debt=rng.randint(1, 10**14),
        unbacked=rng.randint(0, 10**12),
        scaled_supply=rng.randint(1, 2 * 10**14),
        liquidity_index=rng.randint(RAY, 2 * RAY),
        borrow_index=rng.randint(RAY, 2 * RAY),
        liquidity_rate=rng.randint(0, RAY // 5),
        borrow_rate=rng.randint(0, RAY // 3),
        reserve_factor_bps=rng.choice((10_000, rng.randint(0, 10_000))),
        optimal_usage=rng.randint(RAY // 2, RAY - 1),
        base_rate=rng.randint(0, RAY // 50),
        slope1=rng.randint(0, RAY // 10),
        slope2=rng.randint(0, RAY),
        stable_debt=stable if generation in STABLE and rng.random() < 0.7 else None,
    )


def contract(curve: AaveCurve) -> Reserve:
    """The same reserve as the second implementation holds it."""
    stable = curve.stable_debt
    return Reserve(
        release=(3, int(curve.generation[2:])),
        available=curve.available,
        scaled_debt=curve.scaled_debt,
        unbacked=curve.unbacked,
        scaled_supply=curve.scaled_supply,
        treasury=curve.accrued_to_treasury,
        supply_index=curve.liquidity_index,
        debt_index=curve.borrow_index,
        supply_rate=curve.liquidity_rate,
        debt_rate=curve.borrow_rate,
        time=curve.updated_at,
        factor=curve.reserve_factor_bps,
        optimal=curve.optimal_usage,
        base=curve.base_rate,
        slope1=curve.slope1,
        slope2=curve.slope2,
        stable=(stable.principal, stable.average_rate, stable.updated_at) if stable else (0, 0, 0),
    )


def supplied(curve: AaveCurve) -> int:
    """The rate after 5 units and a month, by the second implementation."""
    pool = contract(curve)
    pool.supply(5, 1000 + MONTH)
    return pool.supply_rate


@st.composite
def reserves(draw: st.DrawFn, least_debt: int = 0) -> AaveCurve:
    """Any reserve a contract of any generation could hold."""
    generation = draw(st.sampled_from(GENERATIONS))
    amounts = st.integers(0, 10**16)
    rates = st.integers(0, RAY)
    index = st.integers(RAY, 3 * RAY)
    stable = None
    if generation in STABLE:
        stable = draw(st.none() | st.builds(StableDebt, amounts, rates, st.integers(0, 1000)))
    return reserve(
        generation=generation,
        available=draw(amounts),
        scaled_debt=draw(st.integers(least_debt, 10**16)),
        unbacked=draw(st.integers(0, 10**13)),
        scaled_supply=draw(amounts),
        accrued_to_treasury=draw(st.integers(0, 10**13)),
        liquidity_index=draw(index),
        borrow_index=draw(index),
        liquidity_rate=draw(st.just(0) | rates),
        borrow_rate=draw(rates),
        reserve_factor_bps=draw(st.integers(0, 10**4)),
        optimal_usage=draw(st.integers(100, 9900)) * RAY_PER_BPS,
        base_rate=draw(st.integers(0, 1000)) * RAY_PER_BPS,
        slope1=draw(st.integers(0, 10_000)) * RAY_PER_BPS,
        slope2=draw(st.integers(0, 50_000)) * RAY_PER_BPS,
        stable_debt=stable,
    )


TIMES = st.integers(1000, 1003) | st.integers(1000, 10 * 31_536_000)


@pytest.mark.parametrize(
    ("available", "added", "debt", "deficit", "rate"),
    [
        (60, 0, 180, 0, 30937500000000000000000000),
        (60, 10, 180, 0, 28512000000000000000000000),
        (10, 0, 190, 1, 216940298507462686567164179),
    ],
    ids=["A1", "A2", "A3"],
)
@pytest.mark.parametrize("generation", GENERATIONS)
def test_published_vectors_hold(
    generation: str, available: int, added: int, debt: int, deficit: int, rate: int
) -> None:
    """At index one the vectors hold to the last unit, in every generation that uses the borrow rate as is.

    The mean over both debts of 3.0 and 3.1 rounds at 1e-27 * RAY / (debt * 1e9): a few 1e4 units here.
    """
    curve = reserve(
        generation=generation,
        available=available * MILLION,
        scaled_debt=debt * MILLION,
        unbacked=deficit * MILLION,
    )
    found = curve.rate_after(added * MILLION, 1000)
    assert found == rate if generation not in STABLE else abs(found - rate) < 10**5


@given(reserves(), st.integers(0, 10**16), TIMES)
@settings(max_examples=250, deadline=None)
def test_rate_equals_a_second_implementation(curve: AaveCurve, amount: int, at: int) -> None:
    """`rate_after` is the rate the contract stores after that supply, to the last unit."""
    pool = contract(curve)
    pool.supply(amount, at)
    assert curve.rate_after(amount, at) == pool.supply_rate
    assert curve.borrow_rate_after(amount, at) == pool.debt_rate


@pytest.mark.parametrize("generation", GENERATIONS)
def test_ordinary_lives_equal_a_second_implementation(generation: str) -> None:
    """On evenly spread states, where every rounding is at work, a touch and a supply leave equal reserves."""
    rng = random.Random(generation)
    for _ in range(150):
        curve, at, amount = (
            ordinary(generation, rng),
            1000 + rng.randint(1, 2 * MONTH),
            rng.randint(1, 10**14),
        )
        pool = contract(curve)
        pool.touch(at)
        assert contract(curve.accrued(at)) == pool
        pool.supply(amount, at)
        assert curve.rate_after(amount, at) == pool.supply_rate
        assert curve.borrow_rate_after(amount, at) == pool.debt_rate


@given(reserves(), TIMES)
@settings(max_examples=200, deadline=None)
def test_accrual_equals_a_second_implementation(curve: AaveCurve, at: int) -> None:
    """Indices, debt and the treasury's claim are those after a touch; the touched reserve rates the same."""
    pool = contract(curve)
    pool.touch(at)
    assert curve.index_at(at) == pool.supply_index
    assert curve.debt_at(at) == pool.debt(pool.debt_index) + pool.stable_debt(at)
    touched = curve.accrued(at)
    assert contract(touched) == pool
    assert touched.rate_after(7, at) == curve.rate_after(7, at)


@given(reserves(), TIMES, st.integers(1, 3 * 10**16), st.integers(0, 10**12))
@settings(max_examples=250, deadline=None)
def test_room_is_the_last_amount_the_cap_check_admits(
    curve: AaveCurve, at: int, cap: int, shift: int
) -> None:
    """A supply of `room_at` passes the contract's check, one unit more reverts; treasury and shift count."""
    room = dataclasses.replace(curve, shift=shift).room_at(cap, at)
    assert room is not None
    if room > 0:
        pool = contract(curve)
        pool.supply(shift, at)
        pool.supply(room, at, cap)
    pool = contract(curve)
    pool.supply(shift, at)
    least = 1 if room else -(-pool.supply_index // RAY)  # what mints one scaled unit
    with pytest.raises(OverflowError):
        pool.supply(room + least, at, cap)


@pytest.mark.parametrize("generation", GENERATIONS)
def test_every_generation_rounds_its_own_way(generation: str) -> None:
    """On the same state no generation may borrow another's arithmetic: the pinned rates all differ."""
    rates = {name: accruing(name, stable_debt=None).rate_after(5, 1000 + MONTH) for name in GENERATIONS}
    assert rates["3.0"] == rates["3.1"]
    assert len(set(rates.values())) == len(GENERATIONS) - 1
    assert rates[generation] == supplied(accruing(generation, stable_debt=None))


@given(reserves(), st.integers(0, 10**16), st.integers(0, 10**15), TIMES)
@settings(max_examples=200, deadline=None)
def test_more_supply_never_raises_the_rate(curve: AaveCurve, amount: int, more: int, at: int) -> None:
    """The supply rate falls with every unit supplied, up to the rounding of its last units.

    A stable debt dearer than the curve is paid whatever is supplied, but on a smaller share.
    """
    less, least = curve.rate_after(amount, at), curve.rate_after(amount + more, at)
    debt = max(curve.debt_at(at), 1)
    rounding = 3 + 2 * RAY // (debt * 10**9) if curve.generation in STABLE else 3
    assert least <= less + rounding
    assert less <= curve.rate_ceiling(at) + rounding


@given(reserves(), st.integers(0, 10**16), st.integers(0, 10**15), TIMES)
@settings(max_examples=100, deadline=None)
def test_shift_is_supplied_first(curve: AaveCurve, amount: int, shift: int, at: int) -> None:
    """Supplying to a shifted curve equals supplying shift and amount at once, and in two steps."""
    shifted = dataclasses.replace(curve, shift=shift)
    assert shifted.rate_after(amount, at) == curve.rate_after(shift + amount, at)
    pool = contract(curve)
    pool.supply(shift, at)
    pool.supply(amount, at)
    assert shifted.rate_after(amount, at) == pool.supply_rate


@pytest.mark.parametrize("generation", GENERATIONS)
def test_accrual_in_two_steps_stays_near_accrual_in_one(generation: str) -> None:
    """A touch in between moves the debt only as the compounding of an hour may: below one part in 1e6."""
    curve = accruing(generation, stable_debt=None)
    middle = 1000 + 3600
    touched = curve.accrued(middle)
    once, twice = curve.debt_at(middle + 3600), touched.debt_at(middle + 3600)
    assert abs(once - twice) * 10**6 < once
    assert touched.index_at(middle + 3600) >= curve.index_at(middle + 3600)


def test_nothing_borrowed_earns_nothing() -> None:
    """Without debt the supply rate is 0, whatever the base rate and the stored rates."""
    for generation in GENERATIONS:
        empty = accruing(generation, scaled_debt=0, base_rate=RAY, stable_debt=None)
        assert empty.rate_after(0, 5000) == 0
        assert empty.debt_at(5000) == 0
        assert empty.accrued(5000).borrow_index == empty.borrow_index
        assert empty.borrow_rate_after(0, 5000) == RAY


def test_cap_reached_but_for_less_than_a_share_leaves_no_room() -> None:
    """From 3.5 on a supply must mint a scaled unit: what would buy none is no room."""
    full = reserve(scaled_supply=100, liquidity_index=3 * RAY)
    assert full.room_at(300, 1000) == full.room_at(302, 1000) == 0
    assert full.room_at(303, 1000) == 5


def test_usage_at_the_kink_takes_the_first_slope() -> None:
    """Exactly at the optimal usage the excess slope plays no part; one unit of debt beyond, it does."""
    kink = reserve(available=10, scaled_debt=90, reserve_factor_bps=0, slope2=10**6 * RAY_PER_BPS)
    assert kink.rate_after(0, 1000) == 550 * RAY_PER_BPS * 9 // 10
    above = dataclasses.replace(kink, available=9)
    assert above.rate_after(0, 1000) > 10 * kink.rate_after(0, 1000)
    odd = dataclasses.replace(
        kink, available=2 * RAY, scaled_debt=RAY, optimal_usage=RAY // 3, slope1=RAY // 7
    )
    assert odd.borrow_rate_after(0, 1000) == contract(odd).rates(0, 1000)[1] != odd.slope1


def test_stored_rate_is_what_accrues() -> None:
    """`rate_now` is the stored rate: the index grows by it, linearly, whatever the shift says."""
    curve = accruing("3.5", shift=MILLION)
    assert curve.rate_now() == curve.liquidity_rate
    grown = curve.index_at(1000 + 31_536_000) / curve.index_at(1000) - 1
    assert grown == pytest.approx(curve.rate_now() / RAY, rel=1e-12)


def test_no_cap_means_no_limit() -> None:
    """A supply cap of 0 is no cap; a cap below what is supplied leaves no room."""
    for generation in GENERATIONS:
        curve = accruing(generation)
        assert curve.room_at(0, 2000) is None
        assert curve.room_at(1, 2000) == 0
        assert accruing(generation, reserve_factor_bps=0).room_at(10**15, 2000) == curve_room(generation)


def curve_room(generation: str) -> int:
    """The room found by trying, without a reserve factor."""
    pool = contract(accruing(generation, reserve_factor_bps=0))
    pool.touch(2000)
    room = 10**15 - pool.counted(0, 0) + 2
    while True:
        try:
            dataclasses.replace(pool).supply(room, 2000, 10**15)
        except OverflowError:
            room -= 1
        else:
            return room


def test_what_lies_before_the_state_is_refused() -> None:
    """A time before the last update has no answer."""
    curve = reserve()
    for ask in (lambda: curve.rate_after(0, 999), lambda: curve.index_at(999), lambda: curve.debt_at(999)):
        with pytest.raises(ValueError, match="before"):
            ask()
    with pytest.raises(ValueError, match="before"):
        curve.room_at(1, 999)


@pytest.mark.parametrize("generation", GENERATIONS)
def test_canonical_form_survives_a_round_trip(generation: str) -> None:
    """A curve written and read is the same curve, with and without stable debt."""
    curve = accruing(generation, shift=5)
    assert canonical.loads(AaveCurve, canonical.dumps(curve)) == curve
    assert AaveCurve.scale is Scale.RAY_PER_YEAR
