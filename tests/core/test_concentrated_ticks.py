"""Ticks and their prices: the contracts' own steps, held against exact arithmetic."""

from __future__ import annotations

from decimal import Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mammon.core.concentrated.ticks import MAX_TICK, Q96, sqrt_price_at
from mammon.errors import MalformedError

TICKS = st.integers(-MAX_TICK, MAX_TICK)


def exact(tick: int) -> Decimal:
    """Return the square root of 1.0001 to the tick's power, scaled, to 120 digits."""
    with localcontext() as context:
        context.prec = 120
        return (Decimal("1.0001") ** tick).sqrt() * Q96


@pytest.mark.parametrize(
    ("tick", "price"),
    [
        (-MAX_TICK, 4295128739),  # MIN_SQRT_RATIO of Uniswap's TickMath
        (0, Q96),
        (50, 79426470787362580746886972461),
        (-50, 79030349367926598376800521322),
        (250_000, 21246587762933397357449903968194344),
        (MAX_TICK, 1461446703485210103287273052203988822378723970342),  # MAX_SQRT_RATIO
    ],
)
def test_published_prices(tick: int, price: int) -> None:
    """The ends and some points as Uniswap's own tests of them have them."""
    assert sqrt_price_at(tick) == price


@given(TICKS)
def test_a_price_is_the_exact_one_within_the_contract_s_rounding(tick: int) -> None:
    """One unit and a part in 10**17 away at most: twenty products, each cut off to a part of 2**128."""
    away = abs(sqrt_price_at(tick) - exact(tick))
    assert away <= 1 + exact(tick) / 10**17


@given(st.integers(-MAX_TICK, MAX_TICK - 1))
def test_prices_rise_with_their_ticks(tick: int) -> None:
    """Strictly, so that a range always has a width."""
    assert sqrt_price_at(tick) < sqrt_price_at(tick + 1)


@pytest.mark.parametrize("tick", [MAX_TICK + 1, -MAX_TICK - 1, 2**23 - 1])
def test_no_price_beyond_the_ends(tick: int) -> None:
    """The contract reverts there; so nothing is made up."""
    with pytest.raises(MalformedError, match="none that a pool can have"):
        sqrt_price_at(tick)
