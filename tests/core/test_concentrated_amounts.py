"""What liquidity is made of, held against exact fractions."""

from __future__ import annotations

from fractions import Fraction
from math import floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mammon.core.concentrated.amounts import amounts_out, in_range
from mammon.core.concentrated.ticks import MAX_TICK, SqrtPrice, sqrt_price_at
from mammon.errors import MalformedError

LIQUIDITY = st.integers(0, 2**128 - 1)
ENDS = st.lists(st.integers(-MAX_TICK, MAX_TICK), min_size=2, max_size=2, unique=True).map(sorted)


def by_fractions(liquidity: int, lower: int, upper: int, price: int) -> tuple[int, int]:
    """Return the amounts of a position whose price is held within its range, by the definition."""
    low, high = (Fraction(sqrt_price_at(end), 2**96) for end in (lower, upper))
    now = min(max(Fraction(price, 2**96), low), high)
    return floor(liquidity * (1 / now - 1 / high)), floor(liquidity * (now - low))


@st.composite
def places(draw: st.DrawFn) -> tuple[int, int, int, SqrtPrice]:
    """Draw a range, and a pool's tick with a price that belongs to it."""
    lower, upper = draw(ENDS)
    tick = draw(st.one_of(st.integers(-MAX_TICK, MAX_TICK - 1), st.integers(lower, upper - 1)))
    low, high = sqrt_price_at(tick), sqrt_price_at(tick + 1)
    return lower, upper, tick, SqrtPrice(draw(st.integers(low, high - 1)))


@given(LIQUIDITY, places())
def test_amounts_are_the_definition_s_rounded_down(
    liquidity: int, place: tuple[int, int, int, SqrtPrice]
) -> None:
    """To the last unit, below, within and above the range."""
    lower, upper, tick, price = place
    assert amounts_out(liquidity, lower, upper, tick, price) == by_fractions(liquidity, lower, upper, price)


@given(LIQUIDITY, LIQUIDITY, places())
def test_taking_out_in_parts_never_pays_more(
    one: int, other: int, place: tuple[int, int, int, SqrtPrice]
) -> None:
    """Rounding is the pool's gain, a unit of each token at most."""
    parts = zip(amounts_out(one, *place), amounts_out(other, *place), strict=True)
    for part, whole in zip(map(sum, parts), amounts_out(one + other, *place), strict=True):
        assert part <= whole <= part + 1


@given(LIQUIDITY, places())
def test_out_of_range_there_is_one_token(liquidity: int, place: tuple[int, int, int, SqrtPrice]) -> None:
    """All of it token0 below the range, all of it token1 above."""
    lower, upper, tick, _ = place
    amount0, amount1 = amounts_out(liquidity, *place)
    if not in_range(lower, upper, tick):
        assert amount1 == 0 if tick < lower else amount0 == 0


def test_a_pool_that_stopped_on_a_tick_s_price_from_above_lies_below_it() -> None:
    """Its price is the tick's and its tick the one below: the range that begins there holds token0 alone."""
    price = sqrt_price_at(100)
    assert amounts_out(10**18, 100, 200, 99, price)[1] == 0
    assert amounts_out(10**18, 0, 100, 99, price)[0] == 0
    assert (in_range(100, 200, 99), in_range(100, 200, 100), in_range(100, 200, 200)) == (False, True, False)


def test_a_pool_at_the_upper_end_holds_none_of_token0_for_that_range() -> None:
    """Its tick is the end's and its price a little above: the range is behind it."""
    price = SqrtPrice(sqrt_price_at(100) + 2**60)
    amounts = amounts_out(10**24, 0, 100, 100, price)
    assert amounts == (0, by_fractions(10**24, 0, 100, price)[1])


@pytest.mark.parametrize("ends", [(5, 5), (6, 5)])
def test_a_range_without_a_width_is_none(ends: tuple[int, int]) -> None:
    """No pool can have issued it."""
    with pytest.raises(MalformedError, match="a range from"):
        amounts_out(1, *ends, 0, SqrtPrice(2**96))


def test_a_pool_without_a_price_has_no_amounts() -> None:
    """A pool that was made and never begun says zero."""
    with pytest.raises(MalformedError, match="without a price"):
        amounts_out(1, -10, 10, 0, SqrtPrice(0))
