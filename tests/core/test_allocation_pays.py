"""Laws of the lines above what places pay: nothing between two changes pays more than their line."""

from __future__ import annotations

import dataclasses
from fractions import Fraction

import pytest
from hypothesis import assume, given, reject, settings
from hypothesis import strategies as st

from mammon.core.allocation import CurvePays
from mammon.core.allocation.shapes import bends_of, is_convex, noise_of
from mammon.core.curves import AnyCurve, CometCurve, GrowthCurve, MorphoCurve, SkyCurve
from mammon.core.curves.morpho import MorphoMarket
from mammon.core.fixed import RAY, SECONDS_PER_YEAR, WAD
from mammon.errors import MalformedError
from tests.core import test_curves_comet, test_curves_fluid, test_curves_moonwell
from tests.core.build import NOW, curve
from tests.core.test_curves_aave import reserves
from tests.core.test_curves_euler import KINKED
from tests.core.test_curves_euler import curve as euler

LATEST = 2 * NOW
AMOUNTS = st.integers(1, 10**14)

growths = st.builds(GrowthCurve, st.just(RAY), st.just(0), st.integers(0, 2 * RAY), st.just(NOW), AMOUNTS)
markets = st.builds(
    lambda supplied, part, target: MorphoCurve(
        MorphoMarket(supplied, supplied * 10**6, supplied * part // 1000, NOW, 0, target)
    ),
    st.integers(10**6, 10**14),
    st.integers(0, 1000),
    st.integers(10**16, 10**17).map(lambda yearly: yearly // SECONDS_PER_YEAR),
)
eulers = st.builds(
    lambda cash, debt: euler(cash=cash, owed=debt << 31, updated_at=NOW, model=KINKED), AMOUNTS, AMOUNTS
)
comets = test_curves_comet.curves().map(
    lambda found: dataclasses.replace(
        found,
        supply_principal=found.supply_principal + 10**12,
        supply=dataclasses.replace(
            found.supply, slope_high=max(found.supply.slope_low, found.supply.slope_high)
        ),
    )
)
FAMILIES = {
    "aave": reserves(),
    "comet": comets,
    "moonwell": test_curves_moonwell.curves(),
    "euler": eulers,
    "growth": growths,
    "morpho": markets,
}


def pays_at_once(found: AnyCurve) -> CurvePays:
    try:
        return CurvePays(found, found.updated_at if hasattr(found, "updated_at") else NOW)
    except (ValueError, MalformedError):
        reject()


@pytest.mark.parametrize("family", FAMILIES)
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_a_convex_rate_stays_below_the_line_through_its_values(family: str, data: st.DataObject) -> None:
    """For every family told to be convex: any state, any three changes, withdrawals too."""
    found = data.draw(FAMILIES[family])
    assume(is_convex(found))
    pays = pays_at_once(found)
    drawn = data.draw(st.lists(st.integers(-(10**13), 10**15), min_size=3, max_size=3, unique=True))
    if isinstance(found, CometCurve):  # it does not ask for cash, which a market must have to pay out
        cash = max(0, found.supplied_at(found.updated_at) - found.borrowed_at(found.updated_at))
        drawn = [max(one, -cash) for one in drawn]
    low, change, high = sorted(one if pays.priced(one) else abs(one) for one in drawn)
    assume(low < high and all(pays.priced(one) for one in (low, change, high)))
    first, last = pays.line(low, high)
    line = first + Fraction((last - first) * (change - low), high - low)
    assert pays.apy(change) <= line + pays.noise * 2


def test_what_is_flatter_above_its_kink_is_not_told_to_be_convex() -> None:
    """A model that bends the other way gets level lines, in every family that has a kink."""
    comet = test_curves_comet.comet()
    flat = dataclasses.replace(comet.supply, slope_high=comet.supply.slope_low - 1)
    moonwell = test_curves_moonwell.market()
    jump = dataclasses.replace(moonwell.model, jump=moonwell.model.multiplier - 1)
    kink = dataclasses.replace(KINKED, slope2=KINKED.slope1 - 1)
    for straight, bent in (
        (curve(), curve(slope2=0)),
        (comet, dataclasses.replace(comet, supply=flat)),
        (comet, dataclasses.replace(comet, supply_principal=10**12 - 1)),
        (moonwell, dataclasses.replace(moonwell, model=jump)),
        (euler(model=KINKED), euler(model=kink)),
    ):
        assert is_convex(straight)
        assert not is_convex(bent)
    assert not is_convex(test_curves_fluid.curve())


def test_a_coarse_utilisation_counts_as_noise() -> None:
    """Euler counts utilisation in 2**-32: one step of it moves the rate by its steeper slope."""
    assert noise_of(euler(model=KINKED)) == noise_of(euler(model=None)) + KINKED.slope2


def test_a_reserve_bends_at_its_kink() -> None:
    """Utilisation is at most optimal from one change on, and above it one unit before."""
    found = curve(cash=5 * 10**12, debt=95 * 10**12)
    below, above = bends_of(found, NOW)
    debt = found.debt_at(NOW)
    assert above == below + 1
    assert debt * RAY // (found.available + above + debt) <= found.optimal_usage
    assert debt * RAY // (found.available + below - 1 + debt) >= found.optimal_usage
    assert bends_of(dataclasses.replace(found, optimal_usage=0), NOW) == ()


def test_what_cannot_be_priced_is_worth_nothing() -> None:
    """A change that would revert is no yield, and said to be none."""
    pays = CurvePays(curve(cash=5, debt=95), NOW + 12)
    assert pays.priced(-5)
    assert not pays.priced(-6)
    assert pays.apy(-6) == 0


def test_a_savings_rate_is_a_level_line() -> None:
    """What nobody's money thins pays the same at every amount."""
    pays = CurvePays(SkyCurve(RAY + 10**18, RAY, NOW), NOW + 12)
    first, last = pays.line(0, 10**15)
    assert first == last == pays.apy(10**14) > 3 * WAD // 100
