"""Laws of the observed curve of a plain ERC-4626 vault."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mammon.core import canonical
from mammon.core.curves import GrowthCurve
from mammon.core.rates import Scale
from mammon.errors import MalformedError

RAY = 10**27
WAD = 10**18
DAY = 86_400
MILLION = 10**12


def seen(index1: int, total: int = 50 * MILLION, days: int = 7) -> GrowthCurve:
    """A vault seen at an index of one and again some days later."""
    curve = GrowthCurve.observed(RAY, 1000, index1, 1000 + days * DAY, total)
    assert curve is not None
    return curve


CURVES = st.builds(seen, st.integers(RAY // 2, 2 * RAY), st.integers(0, 10**15), st.integers(1, 400))


def test_rate_is_growth_over_time() -> None:
    """A price going from 1.05 to 1.05095 in a week grew by 0.000904761… per week."""
    curve = GrowthCurve.observed(105 * RAY // 100, 0, 105_095 * RAY // 100_000, 7 * DAY, MILLION)
    assert curve is not None
    assert curve.rate_now() == 95 * WAD // (105_000 * 7 * DAY)


def test_new_money_thins_the_growth() -> None:
    """As much again halves the rate; time alone does not change it."""
    curve = seen(RAY + RAY // 1000)
    at = curve.time1
    assert curve.rate_after(0, at) == curve.rate_after(0, at + DAY) == curve.rate_now()
    assert curve.rate_after(50 * MILLION, at) == curve.rate_now() // 2


@given(CURVES, st.integers(0, 10**15), st.integers(0, 10**15))
@settings(max_examples=300, deadline=None)
def test_more_supply_never_raises_the_rate(curve: GrowthCurve, amount: int, more: int) -> None:
    """The rate falls with every unit, gains towards 0, and a loss stays the loss it is."""
    at = curve.time1
    assert curve.rate_after(amount + more, at) <= curve.rate_after(amount, at) <= curve.rate_ceiling(at)
    assert (curve.rate_after(amount, at) < 0) == (curve.index1 < curve.index0)


@given(CURVES, st.integers(0, 10**15), st.integers(0, 10**15))
@settings(max_examples=100, deadline=None)
def test_shift_is_supplied_first(curve: GrowthCurve, shift: int, amount: int) -> None:
    """Supplying to a shifted curve equals supplying both at once."""
    shifted = dataclasses.replace(curve, shift=shift)
    assert shifted.rate_after(amount, curve.time1) == curve.rate_after(shift + amount, curve.time1)


def test_loss_is_floored_and_not_thinned() -> None:
    """A fall of one unit is a negative rate, rounded away from zero, at any amount."""
    curve = seen(RAY - 1)
    assert curve.rate_now() == -1
    assert curve.rate_after(10**20, curve.time1) == -1


def test_empty_vault_promises_nothing_to_the_first_unit() -> None:
    """With no assets the observed growth is kept for an amount of 0 and is 0 for any other."""
    curve = seen(RAY + RAY // 10, total=0)
    assert curve.rate_after(0, curve.time1) > 0
    assert curve.rate_after(1, curve.time1) == 0


@pytest.mark.parametrize(
    ("index0", "time0", "index1", "time1"),
    [(RAY, 5, RAY, 5), (RAY, 6, RAY, 5), (0, 0, RAY, 5), (-1, 0, RAY, 5)],
    ids=["same second", "backwards", "index zero", "index negative"],
)
def test_readings_that_tell_no_rate_give_no_curve(index0: int, time0: int, index1: int, time1: int) -> None:
    """Two readings at one time, out of order or of a worthless index are no observation."""
    assert GrowthCurve.observed(index0, time0, index1, time1, MILLION) is None
    with pytest.raises(MalformedError, match="two readings"):
        GrowthCurve(index0, time0, index1, time1, MILLION)


@pytest.mark.parametrize("change", [{"index1": -1}, {"total_assets": -1}], ids=["index", "assets"])
def test_impossible_readings_are_refused(change: dict[str, int]) -> None:
    """A negative index or total is not a reading of any vault."""
    with pytest.raises(MalformedError, match="two readings"):
        dataclasses.replace(seen(RAY), **change)


def test_what_lies_before_the_state_is_refused() -> None:
    """A time before the second reading has no answer."""
    curve = seen(RAY)
    with pytest.raises(ValueError, match="before"):
        curve.rate_after(0, curve.time1 - 1)


def test_canonical_form_survives_a_round_trip() -> None:
    """A curve written and read is the same curve."""
    curve = seen(RAY + 7)
    assert canonical.loads(GrowthCurve, canonical.dumps(curve)) == curve
    assert GrowthCurve.scale is Scale.WAD_PER_SECOND
