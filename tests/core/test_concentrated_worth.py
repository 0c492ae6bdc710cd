"""What a position is worth: fresh prices of feeds or nothing, and no zero for what is not known."""

from __future__ import annotations

import dataclasses
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mammon.core.concentrated.positions import Coin, Emissions, PoolPosition, emission_per_year
from mammon.core.concentrated.worth import PoolWorth, Rates, worth_of
from mammon.core.numbers import Fraction, Units
from mammon.core.types import Address, Price, Token, Unread
from tests.core.build import CHAIN, NOW, USDC, snapshot

WETH = Token(CHAIN, Address("0x4200000000000000000000000000000000000006"), "WETH", 18)
AERO = Token(CHAIN, Address("0x940181a94A35A4569E4529A3CDfB74e38FD98631"), "AERO", 18)
STRANGER = Address("0x00000000000000000000000000000000000000EE")
ETHER, CENT = 10**18, 10**4
DOLLAR = 10**6


def price(pair: str, answer: int, **changes: int) -> Price:
    return dataclasses.replace(Price(pair, Units(answer), 8, NOW - 60, 3_600), **changes)


def rates(**changes: Price | Unread) -> Rates:
    known = {"weth": price("weth_usd", 3_000 * 10**8), "aero": price("aero_usd", 9 * 10**7)} | changes
    asset_usd = known.pop("usdc", price("usdc_usd", 10**8))
    addresses = {"weth": WETH.address, "aero": AERO.address}
    prices = {addresses[name]: one for name, one in known.items()}
    return Rates(USDC, asset_usd, prices, snapshot().block, Fraction(Decimal("0.1")))


def held(amounts: tuple[int, int], fees: tuple[int, int] = (0, 0), **changes: object) -> PoolPosition:
    base = PoolPosition(
        "uniswap-v3#1",
        Address("0x00000000000000000000000000000000000000CC"),
        (Coin(WETH.address, WETH), Coin(USDC.address, USDC)),
        500,
        -10,
        10,
        0,
        10**18,
        (Units(amounts[0]), Units(amounts[1])),
        (Units(fees[0]), Units(fees[1])),
    )
    return dataclasses.replace(base, **changes)  # type: ignore[arg-type]


def emissions(earned: int, per_year: int, coin: Coin | None = None) -> Emissions:
    return Emissions(coin or Coin(AERO.address, AERO), Units(earned), Units(per_year))


def test_each_part_is_its_tokens_at_their_prices() -> None:
    """Half an ether and 100 dollars, a thousandth and a dollar, ten AERO at ninety cents."""
    position = held(
        (ETHER // 2, 100 * DOLLAR), (ETHER // 1000, DOLLAR), emissions=emissions(10 * ETHER, 800 * ETHER)
    )
    found = worth_of(position, rates())
    assert (found.liquidity, found.fees, found.emissions) == (1_600 * DOLLAR, 4 * DOLLAR, 9 * DOLLAR)
    assert found.total == 1_613 * DOLLAR
    assert found.emission_apr == Decimal("0.45")


@pytest.mark.parametrize(("tick", "earns"), [(-11, False), (-10, True), (9, True), (10, False)])
def test_a_position_earns_from_its_lower_end_up_to_before_its_upper_one(tick: int, earns: bool) -> None:
    """As the pool counts liquidity in and out."""
    assert held((1, 1), tick=tick).in_range is earns


def test_worth_is_in_the_asset_not_in_dollars() -> None:
    """When the asset is worth less than a dollar, everything else is worth more of it."""
    found = worth_of(held((ETHER, 5 * DOLLAR)), rates(usdc=price("usdc_usd", 8 * 10**7)))
    assert found.liquidity == 3_755 * DOLLAR


@given(st.integers(0, 2**100), st.integers(0, 2**100))
def test_worth_rounds_down_and_no_more(weth: int, usdc: int) -> None:
    """Never above the exact worth, and less than one base unit of the asset below it."""
    found = worth_of(held((weth, usdc)), rates()).liquidity
    assert isinstance(found, int)
    exact = weth * 3_000 * DOLLAR + usdc * ETHER
    assert found * ETHER <= exact < (found + 1) * ETHER


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"weth": price("weth_usd", 3_000 * 10**8, updated=NOW - 5_000)}, "stale"),
        ({"weth": price("weth_usd", 3_000 * 10**8, updated=NOW + 60)}, "from_the_future"),
        ({"weth": Unread("weth_usd", "timeout", "no answer")}, "unread:timeout"),
        ({"usdc": Unread("asset_usd", "timeout", "no answer")}, "unread:timeout"),
    ],
)
def test_what_has_no_fresh_price_is_unread_and_never_zero(
    changes: dict[str, Price | Unread], code: str
) -> None:
    """Nor is the total then what the other parts come to."""
    found = worth_of(held((1, 100 * DOLLAR), (0, DOLLAR)), rates(**changes))
    assert isinstance(found.liquidity, Unread)
    assert isinstance(found.total, Unread)
    assert (found.liquidity.code, found.total.code, found.fees) == (code, code, DOLLAR)


def test_a_token_without_a_feed_and_one_nobody_lists_have_no_price() -> None:
    """Each says which it is; the pool's own price is not asked."""
    without = dataclasses.replace(rates(), prices={})
    stranger = held((1, 1), coins=(Coin(STRANGER, None), Coin(USDC.address, USDC)))
    for position, code in ((held((1, 1)), "unread:no_feed"), (stranger, "unlisted")):
        found = worth_of(position, without).liquidity
        assert isinstance(found, Unread)
        assert found.code == code


def test_none_of_a_token_needs_no_price() -> None:
    """Out of range on the dollar's side, a position is worth its dollars, whatever the other token is."""
    stranger = held((0, 70 * DOLLAR), coins=(Coin(STRANGER, None), Coin(USDC.address, USDC)))
    assert worth_of(stranger, rates()).total == 70 * DOLLAR


def test_unstaked_is_no_emission() -> None:
    """Which is known, and zero."""
    assert worth_of(held((0, DOLLAR)), rates()) == PoolWorth(Units(DOLLAR), Units(0), Units(0), Decimal(0))


def test_emissions_in_a_token_without_a_price_are_unread() -> None:
    """What they are, and their rate; liquidity and fees are known all the same."""
    found = worth_of(held((0, DOLLAR), emissions=emissions(5, 5, Coin(STRANGER, None))), rates())
    assert isinstance(found.emissions, Unread)
    assert isinstance(found.emission_apr, Unread)
    assert (found.liquidity, found.emission_apr.code) == (DOLLAR, "unlisted")


def test_a_rate_on_liquidity_of_unknown_worth_is_unread() -> None:
    """There is nothing to take it of."""
    position = held((1, 0), emissions=emissions(0, ETHER))
    found = worth_of(position, rates(weth=Unread("weth_usd", "timeout", "no answer"))).emission_apr
    assert isinstance(found, Unread)
    assert found.code == "unread:timeout"


@pytest.mark.parametrize("amounts", [(0, 0), (0, 1)])
def test_a_rate_on_dust_is_none(amounts: tuple[int, int]) -> None:
    """A million per cent a year on next to nothing tells nobody anything; nothing on nothing is zero."""
    found = worth_of(held(amounts, emissions=emissions(0, 10**40)), rates()).emission_apr
    assert isinstance(found, Unread)
    assert found.code == "dust"
    assert worth_of(held(amounts, emissions=emissions(0, 0)), rates()).emission_apr == 0


def test_the_reward_vector_of_the_facts() -> None:
    """D1: 0.4 AERO a second at 0.9 USD on 8M USD staked in range is 1.419120 a year."""
    liquidity = 10**20
    per_year = emission_per_year(4 * ETHER // 10, NOW + 1, NOW, liquidity, liquidity, earning=True)
    position = held((0, 8 * 10**6 * DOLLAR), emissions=emissions(0, per_year))
    assert worth_of(position, rates()).emission_apr == Decimal("1.419120")


@given(st.integers(0, 2**90), st.integers(1, 2**100), st.integers(1, 2**100))
def test_a_share_of_emissions_is_the_liquidity_s(rate: int, liquidity: int, others: int) -> None:
    """By the second and for a year, rounded down; all shares together never exceed what is paid."""
    staked = liquidity + others
    shares = [emission_per_year(rate, 2, 1, part, staked, earning=True) for part in (liquidity, others)]
    assert shares[0] == rate * 31_536_000 * liquidity // staked
    assert sum(shares) <= rate * 31_536_000 <= sum(shares) + 1


@pytest.mark.parametrize(
    ("ends", "staked", "earning"), [(100, 5, True), (99, 5, True), (101, 0, True), (101, 5, False)]
)
def test_nothing_is_paid_after_the_period_out_of_range_or_to_nobody(
    ends: int, staked: int, earning: bool
) -> None:
    """From the very second the period ends on; one second earlier the share is paid."""
    assert emission_per_year(10, ends, 100, 5, staked, earning) == 0
    assert emission_per_year(10, 101, 100, 5, 5, earning=True) > 0
