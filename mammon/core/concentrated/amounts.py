"""What liquidity is made of: the two amounts that burning it pays, rounded down as the pool rounds."""

from __future__ import annotations

from mammon.core.concentrated.ticks import Q96, SqrtPrice, sqrt_price_at
from mammon.core.fixed import mul_div_down
from mammon.core.numbers import Units
from mammon.errors import MalformedError


def amounts_out(liquidity: int, lower: int, upper: int, tick: int, price: SqrtPrice) -> tuple[Units, Units]:
    """Return how much of token0 and token1 all of the liquidity between two ticks pays when it is burned.

    `tick` and `price` are the pool's, as it stores them: it is the tick that says on which side of the
    range the pool is, for a pool that stopped on a tick's very price may belong to the tick below.
    """
    if lower >= upper:
        raise MalformedError("tick", f"a range from {lower} to {upper}")
    low, high = sqrt_price_at(lower), sqrt_price_at(upper)
    if tick < lower:
        return _amount0(liquidity, low, high), Units(0)
    if tick >= upper:
        return Units(0), _amount1(liquidity, low, high)
    return _amount0(liquidity, price, high), _amount1(liquidity, low, price)


def in_range(lower: int, upper: int, tick: int) -> bool:
    """Say whether the pool's tick lies in a range: its lower end belongs to it, its upper end does not."""
    return lower <= tick < upper


def _amount0(liquidity: int, one: SqrtPrice, other: SqrtPrice) -> Units:
    """Return token0 between two prices; the contract divides twice, and rounds down each time."""
    low, high = min(one, other), max(one, other)
    if low <= 0:
        raise MalformedError("sqrt_price", "a pool without a price")
    return Units(mul_div_down(liquidity * Q96, high - low, high) // low)


def _amount1(liquidity: int, one: SqrtPrice, other: SqrtPrice) -> Units:
    """Return token1 between two prices."""
    return Units(mul_div_down(liquidity, abs(other - one), Q96))
