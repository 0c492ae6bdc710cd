"""Fixed-point division rounds as its name says, at every size the contracts meet."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mammon.core import fixed

amounts = st.integers(0, fixed.UINT256_MAX)
positive = st.integers(1, fixed.UINT256_MAX)
signed = st.integers(-(2**255), 2**255 - 1)


def _half_up(exact: Fraction) -> int:
    return math.floor(exact + Fraction(1, 2))


@given(amounts, amounts, positive)
@settings(max_examples=200)
@example(1, 1, 2)
@example(3, 1, 2)
@example(1, 1, 3)
def test_mul_div_rounds_as_named(x: int, y: int, denominator: int) -> None:
    """Down and up are the exact quotient, rounded that way and by less than one."""
    exact = Fraction(x * y, denominator)
    assert fixed.mul_div_down(x, y, denominator) == math.floor(exact)
    assert fixed.mul_div_up(x, y, denominator) == math.ceil(exact)


@given(amounts, amounts, positive)
@settings(max_examples=200)
@example(1, 1, 2)
@example(1, 1, 3)
@example(2, 1, 3)
def test_half_up_adds_half_the_denominator_as_the_contract_does(x: int, y: int, denominator: int) -> None:
    """Halves go up; for an odd denominator nothing lies on a half, so its floored half does as well."""
    assert fixed.mul_div_half_up(x, y, denominator) == _half_up(Fraction(x * y, denominator))


@given(signed, signed.filter(bool))
@settings(max_examples=200)
@example(-7, 2)
@example(7, -2)
@example(-7, -2)
@example(-6, 2)
def test_signed_division_truncates(x: int, y: int) -> None:
    """Solidity drops the fraction whatever the signs; Python's // floors."""
    assert fixed.div_toward_zero(x, y) == math.trunc(Fraction(x, y))


@given(amounts, positive)
@settings(max_examples=200)
def test_wads_rays_and_basis_points_round_as_named(x: int, y: int) -> None:
    """Each scale's product and quotient is the exact one rounded in the direction of its name."""
    assert fixed.w_mul_down(x, y) == math.floor(Fraction(x * y, 10**18))
    assert fixed.w_div_down(x, y) == math.floor(Fraction(x * 10**18, y))
    assert fixed.w_div_up(x, y) == math.ceil(Fraction(x * 10**18, y))
    assert fixed.ray_mul_half_up(x, y) == _half_up(Fraction(x * y, 10**27))
    assert fixed.ray_div_half_up(x, y) == _half_up(Fraction(x * 10**27, y))


@given(amounts, st.integers(0, 20_000))
@settings(max_examples=100)
@example(1, 5_000)
@example(1, 4_999)
def test_basis_points_round_half_up(x: int, bps: int) -> None:
    """A share in basis points is the exact one rounded to nearest, halves up."""
    assert fixed.percent_mul_half_up(x, bps) == _half_up(Fraction(x * bps, 10_000))


@pytest.mark.parametrize(
    "divide",
    [
        lambda: fixed.mul_div_down(1, 1, 0),
        lambda: fixed.mul_div_up(1, 1, 0),
        lambda: fixed.mul_div_half_up(1, 1, 0),
        lambda: fixed.div_toward_zero(1, 0),
        lambda: fixed.w_div_down(1, 0),
        lambda: fixed.w_div_up(1, 0),
        lambda: fixed.ray_div_half_up(1, 0),
    ],
)
def test_a_zero_denominator_raises(divide: Callable[[], int]) -> None:
    """Dividing by zero reverts in the contracts and raises here; it never becomes a number."""
    with pytest.raises(ZeroDivisionError):
        divide()


def test_the_scales_are_the_protocols() -> None:
    """The constants have their protocols' values, written out once more."""
    assert (fixed.WAD, fixed.RAY, fixed.BPS) == (10**18, 10**27, 10_000)
    assert (2 * fixed.HALF_RAY, 2 * fixed.HALF_BPS) == (fixed.RAY, fixed.BPS)
    assert fixed.SECONDS_PER_YEAR == 365 * fixed.SECONDS_PER_DAY == 365 * 24 * 3600
    assert (fixed.UINT128_MAX, fixed.UINT256_MAX) == ((1 << 128) - 1, (1 << 256) - 1)
