"""Laws of Fluid's rate: against a second implementation that runs on the packed words."""

from __future__ import annotations

import dataclasses
import random
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mammon.core import canonical
from mammon.core.curves import FluidCurve
from mammon.core.curves.fluid import RateLine, Shares, withdrawal_floor, yield_ratio
from mammon.core.rates import Scale, apr
from mammon.errors import MalformedError
from mammon.protocols.fluid_slots import curve_of, rate_line
from tests.core.fluid_reference import Layer, field, small, some_layer

NOW = 1_800_000_000
DAY = 86_400
POINTS = 1_500
ONE_KINK = RateLine(((0, 0), (9_300, 600), (10_000, 10_000)))
TWO_KINKS = RateLine(((0, 100), (8_500, 550), (9_300, 700), (10_000, 4_000)))


def read(layer: Layer) -> FluidCurve:
    """The curve of a layer's words."""
    line = rate_line(layer.rates)
    assert line is not None
    return curve_of(layer.prices, layer.totals, line)


def curve(**changes: Any) -> FluidCurve:
    """Ten million supplied and eight borrowed, all with interest, stored at 1000."""
    fields: dict[str, Any] = {
        "supply_price": 10**12,
        "borrow_price": 10**12,
        "borrow_rate": TWO_KINKS.rate(8_000),
        "fee": 1_000,
        "utilisation": 8_000,
        "threshold": 30,
        "supply_ratio": 0,
        "borrow_ratio": 0,
        "updated_at": 1_000,
        "supply_raw": 10 * 10**12,
        "supply_free": 0,
        "borrow_raw": 8 * 10**12,
        "borrow_free": 0,
        "line": TWO_KINKS,
    }
    return FluidCurve(**(fields | changes))


# --- against the second implementation -----------------------------------------------------------


def test_random_deposits_leave_the_rate_foretold() -> None:
    """After a deposit of any size at any time, the stored words give the rate the curve foretold."""
    stored = 0
    for seed in range(POINTS):
        dice = random.Random(f"deposit {seed}")
        layer = some_layer(seed, NOW)
        before, at = read(layer), NOW + dice.choice((0, 2, dice.randrange(0, 2 * DAY)))
        prices, words = before.prices_at(at), layer.prices
        assert prices == layer.grown(at)
        if before.total_borrow_at(at) * 10_000 // before.total_supply_at(at) > 16_383:
            continue
        amount = dice.choice((1, 10**6, dice.randrange(1, 10 ** dice.randrange(3, 17))))
        layer.operate(amount, at)
        after = read(layer)
        assert after.rate_now() == before.rate_after(amount, at), seed
        put_in = dataclasses.replace(before, supply_raw=after.supply_raw)
        assert put_in.settled(at) == after or after.supply_raw >> 56, seed
        stored += layer.prices != words
    assert POINTS // 4 < stored < POINTS * 9 // 10  # both ways are walked


def test_random_withdrawals_leave_the_rate_foretold() -> None:
    """As deposits, as far as the floor and what is not lent out allow; raw amounts round against us."""
    walked = 0
    for seed in range(POINTS):
        dice = random.Random(f"withdrawal {seed}")
        layer, at = some_layer(seed, NOW), NOW + dice.choice((0, 2, dice.randrange(0, 2 * DAY)))
        before, price = read(layer), layer.grown(at)[0]
        free = before.total_supply_at(at) - before.total_borrow_at(at)
        held = small(field(layer.own, 1, 64))
        most = min((held - layer.floor(at)) * price // 10**12, free) - 2
        if most < 2:
            continue
        amount = dice.randrange(1, most)
        layer.operate(-amount, at)
        assert read(layer).rate_now() == before.rate_after(-amount, at), seed
        walked += 1
    assert walked > POINTS // 5


def test_totals_are_those_of_the_words() -> None:
    """What is supplied and borrowed counts both parts, the bearing one with interest."""
    for seed in range(200):
        layer = some_layer(seed, NOW)
        supply, borrow = layer.grown(NOW + DAY)
        amounts = [small(field(layer.totals, 64 * place, 64)) for place in range(4)]
        found = read(layer)
        assert found.total_supply_at(NOW + DAY) == amounts[1] + amounts[0] * supply // 10**12
        assert found.total_borrow_at(NOW + DAY) == amounts[3] + amounts[2] * borrow // 10**12


def test_the_floor_of_withdrawals_is_that_of_the_words() -> None:
    """At any time after the last operation."""
    for seed in range(POINTS):
        layer = some_layer(seed, NOW)
        at = NOW + random.Random(seed).randrange(0, 2 * DAY)
        figures = [field(layer.own, low, size) for low, size in ((129, 33), (162, 14), (176, 24))]
        held, last = small(field(layer.own, 1, 64)), small(field(layer.own, 65, 64))
        assert withdrawal_floor(held, last, figures[1], figures[2], at - figures[0]) == layer.floor(at)


@given(st.integers(0, 10**6), st.integers(0, 10**16), st.integers(0, 3 * DAY))
@settings(max_examples=400, deadline=None)
def test_no_deposit_exceeds_the_ceiling(seed: int, amount: int, elapsed: int) -> None:
    """Also where a line falls, and where the stored rate lags behind what storing would give."""
    found = read(some_layer(seed, NOW))
    at = NOW + elapsed
    assert found.rate_after(amount, at) <= found.rate_ceiling(at)
    assert found.quotes(at).rate_after(amount) == found.rate_after(amount, at)


# --- by hand -------------------------------------------------------------------------------------


def test_the_worked_example_of_the_source() -> None:
    """80 with and 20 without interest supplied, 50 and 10 borrowed, 40 % less a tenth: 22.5 %."""
    shares = Shares(6_000, 2_500 << 1, 2_000 << 1)
    assert yield_ratio(shares) == 6_250
    found = curve(
        supply_raw=80 * 10**12, supply_free=20 * 10**12, borrow_raw=50 * 10**12, borrow_free=10 * 10**12,
        borrow_rate=4_000, utilisation=6_000, supply_ratio=2_500 << 1, borrow_ratio=2_000 << 1,
    )  # fmt: skip
    assert apr(found.rate_now(), Scale.RAY_PER_YEAR) == apr(225 * 10**24, Scale.RAY_PER_YEAR)
    assert found.prices_at(1_000 + 31_536_000 // 2) == (1_112_500_000_000, 1_200_000_000_000)


def test_the_inverted_example_of_the_source() -> None:
    """20 with and 80 without interest: 250 % of the borrow rate reaches those who earn at all."""
    assert yield_ratio(Shares(5_000, 2_500 << 1 | 1, 0)) == 25_000
    # A sixth of the borrowers pays: a thousand, less what flooring to rays takes.
    assert yield_ratio(Shares(6_000, 0, 2_000 << 1 | 1)) == 999


def test_a_supply_rate_of_487_is_4_87_percent() -> None:
    """Vector F1: the resolver's unit is a hundredth of a percent; its own formula gives 487 here."""
    found = curve(borrow_rate=677)
    assert 677 * (10_000 - 1_000) * 8 // (10 * 10_000) == 487
    assert Fraction(found.rate_now(), 10**27) == Fraction(677 * 8 * 9_000, 10 * 10_000 * 10_000)
    assert 0 <= apr(found.rate_now(), Scale.RAY_PER_YEAR) - Decimal("0.0487") < Decimal("0.0001")


@pytest.mark.parametrize(
    ("line", "used", "rate"),
    [
        (ONE_KINK, 0, 0), (ONE_KINK, 9_299, 599), (ONE_KINK, 9_300, 600), (ONE_KINK, 10_000, 9_999),
        (TWO_KINKS, 0, 100), (TWO_KINKS, 8_499, 549), (TWO_KINKS, 8_500, 550), (TWO_KINKS, 9_299, 699),
        (TWO_KINKS, 9_300, 700), (TWO_KINKS, 10_000, 3_999), (TWO_KINKS, 12_000, 13_428),
        (RateLine(((0, 500), (5_000, 100), (10_000, 65_535))), 15_000, 65_535),
        (RateLine(((0, 500), (3_000, 100), (10_000, 800))), 1, 499),
    ],
)  # fmt: skip
def test_the_rate_is_on_its_line(line: RateLine, used: int, rate: int) -> None:
    """Kinks belong to the line above them; slopes are cut, and the rate is, at its 16 bits."""
    assert line.rate(used) == rate


def test_a_small_deposit_stores_nothing_until_a_day_has_passed() -> None:
    """Within the threshold the stored rate goes on; a second after the day it is worked out anew."""
    found, small_amount = curve(), 10**9
    assert found.rate_after(small_amount, 1_000 + DAY) == found.rate_now()
    later = found.rate_after(small_amount, 1_001 + DAY)
    assert later != found.rate_now()
    assert found.rate_after(10**12, 1_000) < found.rate_now()


def test_a_part_that_changes_sides_is_stored_whatever_the_threshold() -> None:
    """When what bears no interest is no longer the larger part, the ratio is turned over."""
    found = curve(supply_free=10**13 + 1, supply_ratio=10_000 << 1 | 1, utilisation=4_000, threshold=10_000)
    assert found.rate_after(0, 1_000) == found.rate_now()
    assert found.rate_after(10, 1_000) != found.rate_now()


def test_a_borrow_ratio_that_moved_is_stored() -> None:
    """Of the three figures any one will do."""
    found = curve(borrow_raw=4 * 10**12, borrow_free=4 * 10**12, borrow_ratio=0)
    assert found.rate_after(0, 1_000) != found.rate_now()


def test_beyond_what_utilisation_can_be_stored_as_nothing_changes() -> None:
    """The contract refuses the operation: the stored rate is all there is."""
    found = curve(borrow_raw=17 * 10**12)
    assert found.rate_after(0, 1_000 + 2 * DAY) == found.rate_now()


@pytest.mark.parametrize(
    "change", [{"supply_ratio": 1}, {"borrow_ratio": 1}, {"borrow_rate": 0}], ids=["supply", "borrow", "rate"]
)
def test_where_nobody_pays_or_nobody_is_paid_nothing_is_earned(change: dict[str, Any]) -> None:
    """Only what is free of interest on one side, or a rate of nothing."""
    found = curve(**change)
    assert found.rate_now() == 0
    supply, borrow = found.prices_at(1_000 + DAY)
    assert supply == 10**12
    assert (borrow > 10**12) == (change == {"supply_ratio": 1})


def test_an_empty_layer_takes_a_first_deposit() -> None:
    """Nothing supplied, nothing borrowed: no utilisation, no rate, no division by nothing."""
    found = curve(supply_raw=0, borrow_raw=0, utilisation=0, borrow_rate=100)
    assert found.rate_after(0, 1_000) == found.rate_after(10**6, 1_000) == 0


def test_no_stored_floor_lets_everything_leave() -> None:
    """And one that is there falls with time, to its lowest and no further."""
    assert withdrawal_floor(1_000, 0, 2_000, 100, 0) == 0
    floors = [withdrawal_floor(1_000, 1_000, 2_000, 100, elapsed) for elapsed in (0, 50, 100, 10**6)]
    assert floors == [1_000, 900, 800, 800]


def test_shift_is_supplied_first() -> None:
    """Supplying to a shifted curve equals supplying both at once."""
    found = curve(threshold=0)
    shifted = dataclasses.replace(found, shift=10**12)
    assert shifted.rate_after(5 * 10**11, 2_000) == found.rate_after(15 * 10**11, 2_000)
    assert shifted.rate_after(0, 2_000) < found.rate_after(0, 2_000)


@pytest.mark.parametrize(
    "points",
    [
        ((0, 1), (10_000, 2)),
        ((0, 1), (10, 1), (20, 1), (30, 1), (10_000, 2)),
        ((1, 1), (5_000, 2), (10_000, 3)),
        ((0, 1), (5_000, 2), (9_999, 3)),
        ((0, 1), (5_000, 2), (5_000, 3), (10_000, 4)),
        ((0, 1), (5_000, 4), (10_000, 3)),
        ((0, 1), (5_000, 4), (10_000, 65_536)),
        ((0, -1), (5_000, 4), (10_000, 5)),
    ],
)
def test_rate_data_that_governance_cannot_set_is_refused(points: tuple[tuple[int, int], ...]) -> None:
    """Too few or many points, out of order, a last line that falls, a rate beyond its storage."""
    with pytest.raises(MalformedError):
        RateLine(points)


@pytest.mark.parametrize("change", [{"supply_price": 0}, {"borrow_price": 0}, {"fee": 10_001}])
def test_impossible_figures_are_refused(change: dict[str, int]) -> None:
    """What would be divided by, and a fee above everything."""
    with pytest.raises(MalformedError):
        curve(**change)


def test_what_lies_before_the_state_is_refused() -> None:
    """More than is supplied, more than is not lent, and a time before the last update have no answer."""
    with pytest.raises(ValueError, match="supplied"):
        curve(borrow_raw=0).rate_after(-10 * 10**12 - 1, 1_000)
    with pytest.raises(ValueError, match="not lent"):
        curve().rate_after(-2 * 10**12 - 1, 1_000)
    with pytest.raises(ValueError, match="before"):
        curve().rate_after(0, 999)


def test_canonical_form_survives_a_round_trip() -> None:
    """A curve written and read is the same curve, and pays the same."""
    found = curve(shift=7)
    again = canonical.loads(FluidCurve, canonical.dumps(found))
    assert again == found
    assert again.rate_after(5, 2_000) == found.rate_after(5, 2_000)


def test_the_ceiling_counts_what_a_deposit_wakes() -> None:
    """A part with interest too small to be counted earns nothing, until a deposit makes it count."""
    found = curve(supply_raw=10**8, supply_free=10**13, supply_ratio=1, borrow_raw=9 * 10**12)
    assert found.rate_now() == 0
    assert 0 < found.rate_after(10**10, 1_001 + DAY) <= found.rate_ceiling(1_001 + DAY)
