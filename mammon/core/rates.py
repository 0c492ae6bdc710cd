"""Rates at the edge: the protocols' integers as fractions per year, under one fixed decimal context.

APR is the simple rate. APY is what a year of compounding makes of it; venues compound in different
ways and the difference is below 1e-8, but two programs that mean the same number must print the same
digits. A fraction is 0.05, never 5. Results are rounded to 1e-18, halves to even; intermediate steps
carry 60 digits, and the caller's own decimal context plays no part.
"""

from __future__ import annotations

import enum
from decimal import ROUND_HALF_EVEN, Context, Decimal, DivisionByZero, InvalidOperation, Overflow

from mammon.core.fixed import RAY, SECONDS_PER_DAY, SECONDS_PER_YEAR
from mammon.errors import MalformedError

CONTEXT = Context(
    prec=60,
    rounding=ROUND_HALF_EVEN,
    Emin=-999_999,
    Emax=999_999,
    capitals=1,
    clamp=0,
    flags=[],
    traps=[InvalidOperation, DivisionByZero, Overflow],
)
"""The context of every decimal computation in the program: call its methods, never set it."""

_QUICK = Context(prec=28, rounding=ROUND_HALF_EVEN, Emin=-999_999, Emax=999_999, flags=[], traps=[])
_ROUND_ABOUT = (CONTEXT.subtract, CONTEXT.add)

MAX_APR = Decimal(50)
"""5,000 % a year: no venue's curve reaches it, so a rate beyond it is not a rate."""

_ONE = Decimal(1)
_QUANTUM = Decimal("1e-18")
_DAYS_PER_YEAR = SECONDS_PER_YEAR // SECONDS_PER_DAY


class Scale(enum.Enum):
    """What a venue's integer rate is counted in, and how the venue compounds it."""

    RAY_PER_YEAR = "ray_per_year"
    """Simple rate of a year, 1e27; compounds each second (Aave)."""
    WAD_PER_SECOND = "wad_per_second"
    """Rate of a second, 1e18; compounds continuously (Morpho)."""
    WAD_EACH_SECOND = "wad_each_second"
    """Rate of a second, 1e18; compounds each second (Comet)."""
    WAD_EACH_DAY = "wad_each_day"
    """Rate of a second, 1e18; compounds each day (what Moonwell shows)."""
    RAY_EACH_SECOND = "ray_each_second"
    """Rate of a second, 1e27; compounds each second (Euler)."""
    RAY_FACTOR = "ray_factor"
    """Growth factor of a second, 1e27 standing still; compounds each second (Sky's SSR)."""


_UNIT_EXPONENTS = {
    Scale.RAY_PER_YEAR: -27,
    Scale.WAD_PER_SECOND: -18,
    Scale.WAD_EACH_SECOND: -18,
    Scale.WAD_EACH_DAY: -18,
    Scale.RAY_EACH_SECOND: -27,
    Scale.RAY_FACTOR: -27,
}
_PERIODS = {
    Scale.RAY_PER_YEAR: SECONDS_PER_YEAR,
    Scale.WAD_PER_SECOND: 0,
    Scale.WAD_EACH_SECOND: SECONDS_PER_YEAR,
    Scale.WAD_EACH_DAY: _DAYS_PER_YEAR,
    Scale.RAY_EACH_SECOND: SECONDS_PER_YEAR,
    Scale.RAY_FACTOR: SECONDS_PER_YEAR,
}


def apr(raw: int, scale: Scale) -> Decimal:
    """Return the simple rate of a year. Raises `MalformedError` beyond `MAX_APR` either way."""
    return _rounded(_exact_apr(raw, scale))


def apy(raw: int, scale: Scale) -> Decimal:
    """Return the rate of a year compounded as the venue does. Raises `MalformedError` as `apr` does."""
    simple = _exact_apr(raw, scale)
    periods = _PERIODS[scale]
    return compounded(simple, periods) if periods else continuous(simple)


def compounded(simple: Decimal, periods: int = SECONDS_PER_YEAR) -> Decimal:
    """Return (1 + simple / periods) ** periods - 1: an APR compounded so many times a year."""
    base = CONTEXT.add(_ONE, CONTEXT.divide(_bounded(simple), Decimal(periods)))
    return _rounded(CONTEXT.subtract(CONTEXT.power(base, periods), _ONE))


def continuous(simple: Decimal) -> Decimal:
    """Return e ** simple - 1: an APR compounded at every instant."""
    grown = _QUICK.exp(_bounded(simple))
    # The exponential is right to its last digit. Where what lies one off on either side rounds to the same,
    # more digits could not change the answer; elsewhere they are computed.
    off = _ONE.scaleb(grown.adjusted() - _QUICK.prec + 1, CONTEXT)
    low, high = (_rounded(CONTEXT.subtract(shift(grown, off), _ONE)) for shift in _ROUND_ABOUT)
    if low != high:
        grown = CONTEXT.exp(simple)
    return _rounded(CONTEXT.subtract(grown, _ONE))


def simple_rate(effective: Decimal, periods: int = SECONDS_PER_YEAR) -> Decimal:
    """Return the APR that compounds to this APY; the inverse of `compounded`.

    Raises `ValueError` at an APY of -1 (all is lost) and below, `MalformedError` beyond `MAX_APR`.
    """
    if not effective.is_finite() or effective <= -1:
        raise ValueError(f"no simple rate loses {effective}")
    logarithm = CONTEXT.ln(CONTEXT.add(_ONE, effective))
    base = CONTEXT.exp(CONTEXT.divide(logarithm, Decimal(periods)))
    return _rounded(_bounded(CONTEXT.multiply(CONTEXT.subtract(base, _ONE), Decimal(periods))))


def realised_apy(before: int, after: int, seconds: int) -> Decimal:
    """Return the APY of an index that went from `before` to `after` in so many seconds.

    Raises `ValueError` unless all three are positive, `MalformedError` beyond `MAX_APR`.
    """
    if before <= 0 or after <= 0 or seconds <= 0:
        raise ValueError(f"no growth rate from {before} to {after} in {seconds} s")
    growth = CONTEXT.ln(CONTEXT.divide(Decimal(after), Decimal(before)))
    return continuous(CONTEXT.divide(CONTEXT.multiply(growth, Decimal(SECONDS_PER_YEAR)), Decimal(seconds)))


def _exact_apr(raw: int, scale: Scale) -> Decimal:
    unit = _UNIT_EXPONENTS[scale]
    if scale is Scale.RAY_FACTOR:
        raw -= RAY
    if scale is not Scale.RAY_PER_YEAR:
        raw *= SECONDS_PER_YEAR
    # Exact below the bound, which has 29 digits at most; what rounding does beyond it is of no matter.
    return _bounded(Decimal(raw).scaleb(unit, CONTEXT))


def _bounded(simple: Decimal) -> Decimal:
    # copy_abs, because abs() would round to the caller's context.
    if not simple.is_finite() or simple.copy_abs() > MAX_APR:
        raise MalformedError("rate", f"an APR of {str(simple)[:40]} is beyond any venue's curve")
    return simple


def _rounded(value: Decimal) -> Decimal:
    return value.quantize(_QUANTUM, context=CONTEXT)
