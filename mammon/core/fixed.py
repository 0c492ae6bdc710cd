"""Fixed-point integers: the scales of the protocols and division with its rounding in the name.

Every operand is a non-negative integer unless a docstring says otherwise; a zero denominator raises
`ZeroDivisionError`, as the contracts revert.
"""

from __future__ import annotations

WAD = 10**18
RAY = 10**27
HALF_RAY = RAY // 2
BPS = 10**4
HALF_BPS = BPS // 2
SECONDS_PER_YEAR = 31_536_000
SECONDS_PER_DAY = 86_400
UINT128_MAX = 2**128 - 1
UINT256_MAX = 2**256 - 1


def mul_div_down(x: int, y: int, denominator: int) -> int:
    """Return x * y / denominator, rounded towards zero."""
    return x * y // denominator


def mul_div_up(x: int, y: int, denominator: int) -> int:
    """Return x * y / denominator, rounded away from zero."""
    return -(-x * y // denominator)


def mul_div_half_up(x: int, y: int, denominator: int) -> int:
    """Return x * y / denominator, rounded to nearest, halves up (Aave's WadRayMath)."""
    return (x * y + denominator // 2) // denominator


def div_toward_zero(x: int, y: int) -> int:
    """Return x / y truncated towards zero for signed operands, as Solidity's signed division does."""
    quotient = abs(x) // abs(y)
    return quotient if (x < 0) == (y < 0) else -quotient


def w_mul_down(x: int, y: int) -> int:
    """Multiply two wads, rounded down."""
    return x * y // WAD


def w_div_down(x: int, y: int) -> int:
    """Divide two wads, rounded down."""
    return x * WAD // y


def w_div_up(x: int, y: int) -> int:
    """Divide two wads, rounded up."""
    return -(-x * WAD // y)


def ray_mul_half_up(x: int, y: int) -> int:
    """Multiply two rays, rounded to nearest, halves up."""
    return (x * y + HALF_RAY) // RAY


def ray_div_half_up(x: int, y: int) -> int:
    """Divide two rays, rounded to nearest, halves up."""
    return (x * RAY + y // 2) // y


def percent_mul_half_up(x: int, bps: int) -> int:
    """Take `bps` basis points of x, rounded to nearest, halves up."""
    return (x * bps + HALF_BPS) // BPS
