"""The power that contracts take by squaring, against one that rounds fractions in the same order."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mammon.core.curves.power import rpow

RAY = 10**27
YEAR = 31_536_000


def reference(base: int, exponent: int, scale: int) -> int | None:
    """Square for each binary digit, lowest first; multiply where it is one; None where a word overflows."""
    digits = [int(digit) for digit in reversed(f"{exponent:b}")]
    result = base if digits[0] else scale
    for digit in digits[1:]:
        if base * base + scale // 2 >= 2**256:
            return None
        base = math.floor(Fraction(base * base, scale) + Fraction(1, 2))
        if digit:
            if result * base + scale // 2 >= 2**256:
                return None
            result = math.floor(Fraction(result * base, scale) + Fraction(1, 2))
    return result


@given(st.integers(0, 10 * RAY), st.integers(0, 3 * YEAR))
@settings(max_examples=600, deadline=None)
def test_it_rounds_as_the_reference_does(base: int, exponent: int) -> None:
    """Digit by digit, to the last one, overflow included."""
    assert rpow(base, exponent, RAY) == reference(base, exponent, RAY)


@given(st.integers(RAY, RAY + 10**21), st.integers(0, YEAR))
@settings(max_examples=300, deadline=None)
def test_it_is_close_to_the_true_power(base: int, exponent: int) -> None:
    """Within a part in 1e15 over a year, whatever the rounding."""
    found = rpow(base, exponent, RAY)
    assert found is not None
    assert math.isclose(found / RAY, (base / RAY) ** exponent, rel_tol=1e-8)


@pytest.mark.parametrize(
    ("base", "exponent", "found"),
    [(0, 0, RAY), (0, 1, 0), (0, 2, 0), (RAY, 0, RAY), (RAY, 12_345, RAY), (3 * RAY, 4, 81 * RAY)],
)
def test_edges(base: int, exponent: int, found: int) -> None:
    """Nothing to the power of nothing is one, as in the contract."""
    assert rpow(base, exponent, RAY) == found


def test_an_overflow_is_told() -> None:
    """Of a square, and of a product whose square still fits."""
    assert rpow(2**128, 2, RAY) is None
    assert rpow(2**128 - 1, 3, 2) is None
    assert rpow(2**128, 1, RAY) == 2**128
