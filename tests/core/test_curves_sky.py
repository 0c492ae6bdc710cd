"""Laws of the savings rate: constant whatever comes, growing a share's worth by powers."""

from __future__ import annotations

import math
import random
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mammon.core import canonical
from mammon.core.curves import SkyCurve
from mammon.core.rates import Scale, apr, apy
from mammon.errors import MalformedError
from tests.core.test_curves_power import reference

RAY = 10**27
DAY = 86_400
S1 = 1000000001547125957863212448
CURVE = SkyCurve(S1, 105 * RAY // 100, 1_000)


def test_vector_s1() -> None:
    """Five percent a year: the factor's own APY, and the simple rate in it."""
    assert apy(CURVE.rate_after(0, 1_000), SkyCurve.scale) == Decimal("0.050000000000000000")
    assert apr(S1, Scale.RAY_FACTOR) == Decimal("0.048790164207174268")


def test_the_worth_of_a_share_is_that_of_the_second_implementation() -> None:
    """At 1,200 random factors and times: the power rounded as the oracle rounds it, then floored."""
    for seed in range(1_200):
        dice = random.Random(seed)
        found = SkyCurve(
            RAY + dice.randrange(0, 10**19), RAY + dice.randrange(0, RAY), dice.randrange(0, 10**9)
        )
        elapsed = dice.choice((0, 1, dice.randrange(0, 400 * DAY)))
        power = reference(found.ssr, elapsed, RAY)
        assert power is not None
        due = math.floor(Fraction(power * found.chi, RAY))
        assert found.conversion_rate_at(found.rho + elapsed) == due


@given(st.integers(-(10**18), 10**18), st.integers(0, 400 * DAY))
@settings(max_examples=100, deadline=None)
def test_no_amount_moves_the_rate(amount: int, elapsed: int) -> None:
    """Governance sets it, whatever is saved or taken out; ours included."""
    at = CURVE.rho + elapsed
    assert CURVE.rate_after(amount, at) == CURVE.rate_ceiling(at) == CURVE.quotes(at).rate_after(amount) == S1


def test_where_the_oracle_reverts_there_is_no_worth() -> None:
    """Before its last update, and when the power overflows."""
    assert CURVE.conversion_rate_at(999) is None
    assert SkyCurve(2 * RAY, RAY, 0).conversion_rate_at(10_000) is None


@pytest.mark.parametrize(("ssr", "chi"), [(RAY - 1, RAY), (RAY, 0)])
def test_impossible_figures_are_refused(ssr: int, chi: int) -> None:
    """Savings do not shrink, and a share is worth something."""
    with pytest.raises(MalformedError):
        SkyCurve(ssr, chi, 0)


def test_what_lies_before_the_state_is_refused() -> None:
    """A time before the oracle's update has no answer."""
    with pytest.raises(ValueError, match="before"):
        CURVE.rate_after(0, 999)


def test_canonical_form_survives_a_round_trip() -> None:
    """A curve written and read is the same curve."""
    assert canonical.loads(SkyCurve, canonical.dumps(CURVE)) == CURVE
