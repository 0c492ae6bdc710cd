"""Rates: published vectors, exactness against independent arithmetic, and no influence from outside."""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_HALF_EVEN, ROUND_UP, Decimal, Inexact, localcontext
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mammon.core import rates
from mammon.core.rates import Scale
from mammon.errors import MalformedError

YEAR = 31_536_000
QUANTUM = Fraction(1, 10**18)
# (raw, scale, APR, APY): illustrative inputs, computed with the contracts' integers and 60 digits.
VECTORS = {
    "aave 75 %": (30937500000000000000000000, Scale.RAY_PER_YEAR, "0.0309375", "0.031421038041455963"),
    "aave 72 %": (28512000000000000000000000, Scale.RAY_PER_YEAR, "0.028512", "0.028922357815473964"),
    "aave over the kink": (
        216940298507462686567164179, Scale.RAY_PER_YEAR, "0.216940298507462687", "0.242269933627643673",
    ),
    "comet": (1217656012, Scale.WAD_EACH_SECOND, "0.038399999994432", "0.039146808451148492"),
    "comet after": (1014713343, Scale.WAD_EACH_SECOND, "0.031999999984848", "0.032517505272710366"),
    "comet over the kink": (6367326229, Scale.WAD_EACH_SECOND, "0.200799999957744", "0.222380270486732187"),
    "comet shown by day": (1217656012, Scale.WAD_EACH_DAY, "0.038399999994432", "0.039144709605156688"),
    "comet after by day": (1014713343, Scale.WAD_EACH_DAY, "0.031999999984848", "0.032516057021815358"),
    "comet kink by day": (6367326229, Scale.WAD_EACH_DAY, "0.200799999957744", "0.222312781232965326"),
    "moonwell": (1146094959, Scale.WAD_EACH_DAY, "0.036143250627024", "0.036802503491272374"),
    "moonwell after": (945448758, Scale.WAD_EACH_DAY, "0.029815672032288", "0.030263355308798615"),
    "moonwell over the kink": (18890901541, Scale.WAD_EACH_DAY, "0.595743470996976", "0.813498442490275154"),
    "morpho at target": (1268391679, Scale.WAD_PER_SECOND, None, "0.040810774180881023"),
    "morpho above": (3170979197, Scale.WAD_PER_SECOND, None, "0.105170918027674366"),
    "morpho below": (792744799, Scale.WAD_PER_SECOND, None, "0.025315120505218537"),
    "morpho after a day": (3282363632, Scale.WAD_PER_SECOND, None, "0.109059789055382220"),
    "morpho after five": (731581452, Scale.WAD_PER_SECOND, None, "0.023339350284214711"),
    "vault gross": (1501178857, Scale.WAD_PER_SECOND, None, "0.048479664617830611"),
    "vault net": (1351060971, Scale.WAD_PER_SECOND, None, "0.043527769205038238"),
    "vault net after": (840192456, Scale.WAD_PER_SECOND, None, "0.026850457449917688"),
    "euler supply": (1141552511415525114, Scale.RAY_EACH_SECOND, None, "0.036655846469622580"),
    "euler borrow": (1585489599188229325, Scale.RAY_EACH_SECOND, None, "0.051271096334354555"),
    "sky": (1000000001547125957863212448, Scale.RAY_FACTOR, "0.048790164207174268", "0.05"),
}  # fmt: skip
scales = st.sampled_from(Scale)
UNITS = {Scale.RAY_PER_YEAR: 10**27, Scale.RAY_EACH_SECOND: 10**27 // YEAR, Scale.RAY_FACTOR: 10**27 // YEAR}


def _raw(scale: Scale, apr_ppm: int) -> int:
    """Return the raw rate near so many millionths a year."""
    raw = UNITS.get(scale, 10**18 // YEAR) * apr_ppm // 10**6
    return raw + 10**27 if scale is Scale.RAY_FACTOR else raw


@pytest.mark.parametrize("name", VECTORS)
def test_vectors(name: str) -> None:
    """Each venue's convention gives the digits worked out for it, all eighteen."""
    raw, scale, apr, apy = VECTORS[name]
    assert rates.apy(raw, scale) == Decimal(apy)
    if apr is not None:
        assert rates.apr(raw, scale) == Decimal(apr)


def test_five_percent_in_three_conventions() -> None:
    """The same APR by day, by second and continuously: the differences are known digits."""
    five = Decimal("0.05")
    assert rates.compounded(five, 365) == Decimal("0.051267496467462550")
    assert rates.compounded(five) == Decimal("0.051271096334354555")
    assert rates.continuous(five) == Decimal("0.051271096376024040")


def test_growth_of_a_share_price() -> None:
    """From 1.050000 to 1.050950 in a week; a price that fell is a negative rate, not an error."""
    assert rates.realised_apy(1050000, 1050950, 7 * 86_400) == Decimal("0.048285048432636512")
    assert rates.realised_apy(2, 1, YEAR) == Decimal("-0.5")
    assert rates.realised_apy(7, 7, 1) == 0


# --- exactness -----------------------------------------------------------------------------------


def _power(base: Fraction, exponent: int) -> Fraction:
    """Return base ** exponent on a grid of 10**-90, which Decimal has no part in."""
    grid = 10**90
    result, square = grid, base.numerator * grid // base.denominator
    while exponent:
        if exponent & 1:
            result = result * square // grid
        square = square * square // grid
        exponent >>= 1
    return Fraction(result, grid)


def _exponential(x: Fraction) -> Fraction:
    """Return e ** x by its series after halving x below 1/2, squared back."""
    halvings = 0
    while abs(x) > Fraction(1, 2):
        x, halvings = x / 2, halvings + 1
    term = total = Fraction(1)
    for index in range(1, 60):
        term = Fraction(round(term * x / index * 10**100), 10**100)
        total += term
    return _power(total, 2**halvings)


def _exact_apr(raw: int, scale: Scale) -> Fraction:
    if scale is Scale.RAY_PER_YEAR:
        return Fraction(raw, 10**27)
    if scale is Scale.RAY_EACH_SECOND:
        return Fraction(raw * YEAR, 10**27)
    if scale is Scale.RAY_FACTOR:
        return Fraction((raw - 10**27) * YEAR, 10**27)
    return Fraction(raw * YEAR, 10**18)


def _exact_apy(raw: int, scale: Scale) -> Fraction:
    simple = _exact_apr(raw, scale)
    if scale is Scale.WAD_PER_SECOND:
        return _exponential(simple) - 1
    periods = 365 if scale is Scale.WAD_EACH_DAY else YEAR
    return _power(1 + simple / periods, periods) - 1


@given(scales, st.integers(0, 20 * 10**6))
@settings(max_examples=150)
def test_results_are_the_exact_value_rounded_to_its_eighteenth_digit(scale: Scale, apr_ppm: int) -> None:
    """Up to 2,000 % a year the result is within half a quantum of exact rational arithmetic."""
    raw = _raw(scale, apr_ppm)
    slack = QUANTUM / 2 + Fraction(1, 10**45)
    assert abs(Fraction(rates.apr(raw, scale)) - _exact_apr(raw, scale)) <= slack
    assert abs(Fraction(rates.apy(raw, scale)) - _exact_apy(raw, scale)) <= slack


@given(st.integers(-9 * 10**17, 9 * 10**18), st.integers(-5, 5), st.integers(20, 45))
@settings(max_examples=150)
def test_what_few_digits_cannot_round_is_rounded_by_more(quanta: int, by: int, digit: int) -> None:
    """Where the yield lies on the edge between two results, the side it is on decides, however near."""
    edge = Fraction(1) + (quanta + Fraction(1, 2)) * QUANTUM + Fraction(by, 10**digit)
    here = rates.CONTEXT.divide(Decimal(edge.numerator), Decimal(edge.denominator))
    logarithm = rates.CONTEXT.ln(here)
    found = Fraction(rates.continuous(logarithm))
    assert abs(found - (_exponential(Fraction(logarithm)) - 1)) <= QUANTUM / 2 + Fraction(1, 10**45)


@given(scales, st.integers(-20 * 10**6, 20 * 10**6), st.integers(1, 10**6))
@settings(max_examples=150)
def test_a_higher_rate_never_has_a_lower_yield(scale: Scale, apr_ppm: int, more_ppm: int) -> None:
    """APY rises with the raw rate in every convention, through zero and below it."""
    low, high = _raw(scale, apr_ppm), _raw(scale, apr_ppm + more_ppm)
    assert rates.apy(low, scale) < rates.apy(high, scale)
    assert rates.apy(low, scale) <= rates.apy(low + 1, scale)


@given(scales, st.integers(0, 20 * 10**6))
@settings(max_examples=100)
def test_compounding_never_loses(scale: Scale, apr_ppm: int) -> None:
    """The APY of a rate that is not negative is at least its APR."""
    raw = _raw(scale, apr_ppm)
    assert rates.apy(raw, scale) >= rates.apr(raw, scale)


@given(st.decimals(Decimal("-0.9"), 10, places=18), st.sampled_from([1, 12, 365, YEAR]))
@settings(max_examples=150)
def test_simple_rate_inverts_compounding(effective: Decimal, periods: int) -> None:
    """The APR of an APY compounds back to it, but for the rounding of the APR itself."""
    simple = rates.simple_rate(effective, periods)
    assert abs(rates.compounded(simple, periods) - effective) <= Decimal("1e-16")


# --- independence and bounds ---------------------------------------------------------------------

CALLS: tuple[Callable[[], Any], ...] = (
    *(lambda raw=raw, scale=scale: rates.apy(raw, scale) for raw, scale, *_ in VECTORS.values()),
    *(lambda raw=raw, scale=scale: rates.apr(raw, scale) for raw, scale, *_ in VECTORS.values()),
    lambda: rates.apy(-3170979197, Scale.WAD_PER_SECOND),
    lambda: rates.compounded(Decimal("0.123456789012345678")),
    lambda: rates.continuous(Decimal("0.123456789012345678")),
    lambda: rates.simple_rate(Decimal("0.123456789012345678"), 365),
    lambda: rates.realised_apy(1050000123456789, 1050950987654321, 604_801),
)


@pytest.mark.parametrize("call", CALLS)
def test_the_callers_decimal_context_changes_nothing(call: Callable[[], Any]) -> None:
    """Five digits, rounding up, traps on inexact results: none of it reaches in, nothing leaks out."""
    expected = call()
    with localcontext() as ambient:
        ambient.prec, ambient.rounding, ambient.Emax, ambient.Emin = 5, ROUND_UP, 9, -9
        ambient.traps[Inexact] = True
        ambient.clear_flags()  # of whatever ran before in this thread
        assert str(call()) == str(expected)
        assert not any(ambient.flags.values())


def test_the_context_is_fixed() -> None:
    """Precision and rounding stand in one place; every decision depends on them."""
    assert (rates.CONTEXT.prec, rates.CONTEXT.rounding) == (60, ROUND_HALF_EVEN)


@pytest.mark.parametrize("scale", Scale)
def test_what_no_curve_reaches_is_not_a_rate(scale: Scale) -> None:
    """5,000 % a year is read, one unit above is not, nor is all that a word can hold; losses alike."""
    zero = 10**27 if scale is Scale.RAY_FACTOR else 0
    per_year = 1 if scale is Scale.RAY_PER_YEAR else YEAR
    unit = 10**18 if scale.name.startswith("WAD") else 10**27
    highest = 50 * unit // per_year
    for sign in (1, -1):
        assert rates.apr(zero + sign * highest, scale).copy_abs() <= rates.MAX_APR
        assert rates.apy(zero + sign * highest, scale) > -1 or sign == -1
        for beyond in (highest + 1, 2**256 - 1):
            for read in (rates.apr, rates.apy):
                with pytest.raises(MalformedError) as error:
                    read(zero + sign * beyond, scale)
                assert error.value.code == "rate"


@pytest.mark.parametrize("compound", [rates.compounded, rates.continuous])
def test_an_apr_beyond_the_bound_is_refused_and_not_overflowed(
    compound: Callable[[Decimal], Decimal],
) -> None:
    """e to the millionth is a refusal with a code, not an arithmetic exception."""
    for beyond in map(Decimal, ("50.000000000000000001", "1e6", "-51", "NaN", "Infinity")):
        with pytest.raises(MalformedError):
            compound(beyond)


def test_growth_needs_two_prices_and_time() -> None:
    """A price of nothing, or no time between, tells no rate; a leap in a second is none either."""
    for before, after, seconds in ((0, 1, 1), (1, 0, 1), (1, 1, 0), (1, 1, -1), (-1, 1, 1)):
        with pytest.raises(ValueError, match="no growth rate"):
            rates.realised_apy(before, after, seconds)
    with pytest.raises(MalformedError):
        rates.realised_apy(100, 101, 2)


@pytest.mark.parametrize("effective", ["-1", "-2", "NaN"])
def test_no_simple_rate_loses_everything(effective: str) -> None:
    """An APY of -100 % and below has no APR; one that only a leap explains has none either."""
    with pytest.raises(ValueError, match="no simple rate"):
        rates.simple_rate(Decimal(effective))
    with pytest.raises(MalformedError):
        rates.simple_rate(Decimal("1e900000"), 1)
