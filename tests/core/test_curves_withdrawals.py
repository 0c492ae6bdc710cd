"""Laws of withdrawals on the curves, and of the lines above a vault's rate."""

from __future__ import annotations

import dataclasses
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mammon.core.curves import AaveCurve, GrowthCurve, MetaMorphoCurve
from mammon.core.curves.lines import VaultLines
from mammon.core.curves.metamorpho import Book
from tests.core.test_curves_aave import contract as reserve_contract
from tests.core.test_curves_aave import reserve, reserves
from tests.core.test_curves_growth import seen
from tests.core.test_curves_metamorpho import MILLION, RAY, TIMES, contract, lent, vault, vaults

NOISE_UNITS = 8


@given(reserves(), st.integers(0, 10**16), TIMES)
@settings(max_examples=150, deadline=None)
def test_a_reserve_after_a_withdrawal_equals_a_second_implementation(
    curve: AaveCurve, amount: int, at: int
) -> None:
    """A negative amount leaves the rate that the contract stores after that withdrawal."""
    amount = min(amount, curve.available)
    pool = reserve_contract(curve)
    pool.supply(-amount, at)
    assert curve.rate_after(-amount, at) == pool.supply_rate


def test_a_reserve_gives_no_more_than_its_cash() -> None:
    """The last unit can be withdrawn, one more is refused; what is lent out cannot leave."""
    curve = dataclasses.replace(reserve(), available=5, shift=2)
    assert curve.rate_after(-7, 1000) > 0
    with pytest.raises(ValueError, match="cash"):
        curve.rate_after(-8, 1000)


@given(st.integers(1, 10**15), st.integers(0, 10**15), st.integers(0, 2 * RAY))
@settings(max_examples=150, deadline=None)
def test_what_stays_in_an_observed_vault_shares_its_sum(total: int, amount: int, index: int) -> None:
    """A withdrawal thickens the rate as a deposit thins it; a loss stays what it is."""
    curve = seen(index, total)
    amount = min(amount, total - 1)
    rate = curve.rate_now()
    expected = rate * total // (total - amount) if rate > 0 else rate
    assert curve.rate_after(-amount, curve.time1) == expected


def test_an_observed_vault_that_is_left_by_all_pays_nobody() -> None:
    """Without anything left to earn there is no rate."""
    curve: GrowthCurve = seen(RAY + RAY // 1000, 5)
    with pytest.raises(ValueError, match="nothing is left"):
        curve.rate_after(-5, curve.time1)


def test_rates_are_kept_up_once_they_were_asked_for() -> None:
    """A withdrawal burns the same shares and leaves the same rate, whether rates were told before or not."""
    curve = vault(lent(MILLION, 900_000_000_000, MILLION, cap=2 * MILLION), lent(MILLION, 0, 7, cap=20))
    asked, unasked = Book(curve, 1000), Book(curve, 1000)
    asked.rate_markets()
    amount = asked.liquid() // 2
    assert amount > 0
    assert asked.withdraw(amount) == unasked.withdraw(amount)
    assert unasked.rates == []
    unasked.rate_markets()
    assert asked.rates == unasked.rates
    assert asked.net_rate() == unasked.net_rate()


@given(vaults(), st.integers(0, 10**15), TIMES)
@settings(max_examples=300, deadline=None)
def test_a_vault_after_a_withdrawal_equals_a_second_implementation(
    curve: MetaMorphoCurve, amount: int, at: int
) -> None:
    """The rate after a withdrawal is that of the vault which emptied its queue in its own order."""
    stored = contract(curve)
    amount = min(amount, curve.liquidity_at(at))
    stored.leave(amount, at)
    assert curve.rate_after(-amount, at) == stored.net()


@given(vaults(), TIMES)
@settings(max_examples=100, deadline=None)
def test_a_vault_gives_no_more_than_its_markets(curve: MetaMorphoCurve, at: int) -> None:
    """One unit above the liquidity is refused, by the contract as by the curve."""
    beyond = curve.liquidity_at(at) + 1
    with pytest.raises(OverflowError):
        contract(curve).leave(beyond, at)
    with pytest.raises(ValueError, match="have not lent"):
        curve.rate_after(-beyond, at)


def test_a_vault_bends_where_a_market_is_full_or_empty() -> None:
    """The supply queue's caps and the withdraw queue's liquidity, each summed up in its order."""
    curve = vault(
        lent(MILLION, 900_000_000_000, MILLION, cap=MILLION + 10),
        lent(MILLION, 0, 7, cap=20),
        supply_queue=(1, 0, 1),
    )
    quotes = VaultLines(curve.book(1000))
    assert quotes.bends() == (13, 23, -100_000_000_000, -100_000_000_007)


@given(vaults(), TIMES, st.data())
@settings(max_examples=300, deadline=None)
def test_no_change_pays_more_than_the_line_above_it(
    curve: MetaMorphoCurve, at: int, data: st.DataObject
) -> None:
    """Between any two changes to one side of nothing the rate stays below their line, but for last units."""
    quotes = VaultLines(curve.book(at))
    bends = sorted({0, *quotes.bends()})
    where = st.integers(bends[0], 0) if data.draw(st.booleans()) else st.integers(0, bends[-1])
    low, change, high = sorted(data.draw(st.lists(where, min_size=3, max_size=3)))
    if data.draw(st.booleans()):  # one market's piece of the queue
        high = min([high, *(bend for bend in bends if bend > low)])
    if low == high:
        return
    change = min(change, high)
    first, last = quotes.line(low, high)
    line = first + Fraction((last - first) * (change - low), high - low)
    assert quotes.rate_after(change) <= line + NOISE_UNITS


@pytest.mark.parametrize("pays_best", [True, False], ids=["the better fills", "the worse fills"])
def test_a_line_touches_the_rate_and_stays_close(pays_best: bool) -> None:
    """Where one market fills, the line meets the rate at its start and leaves it with the width's square."""
    better = lent(60 * MILLION, 58 * MILLION, 20 * MILLION)
    worse = lent(60 * MILLION, 20 * MILLION, 20 * MILLION)
    curve = vault(better, worse, supply_queue=(0,) if pays_best else (1,))
    quotes = VaultLines(curve.book(1000))

    def excess(width: int) -> int:
        first, last = quotes.line(0, width)
        assert 0 <= first - quotes.rate_after(0) <= 1
        return last - quotes.rate_after(width)

    assert excess(MILLION) < quotes.rate_after(0) // 100
    assert excess(MILLION // 10) < excess(MILLION) // 50 + NOISE_UNITS
