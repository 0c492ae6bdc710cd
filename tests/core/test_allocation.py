"""Laws of the split: never worse than any grid or rule of thumb, bounded honestly, and a fixed point."""

from __future__ import annotations

import random
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mammon.core.allocation import CurvePays, Place, Split, split
from mammon.core.allocation.envelope import Piece
from mammon.core.allocation.sampled import Sampled
from mammon.core.fixed import WAD
from tests.core.allocation_cases import AT, allowed, applied, best_on_grid, naive, problem
from tests.core.build import MILLION, RAY, curve

CELLS = {1: 2_000, 2: 150, 3: 40, 4: 14}
RELATIVE = 10**9
USDC = 10**6


def holds(places: list[Place], budget: int, tranche: int, found: Split) -> None:
    """A split is within every range, budget and tranche, and earns what it says, at most its bound."""
    holdings = dict(found.holdings)
    assert [slug for slug, _ in found.holdings] == sorted(one.slug for one in places)
    assert sum(holdings.values()) <= max(budget, sum(one.held for one in places))
    assert all(allowed(one, holdings[one.slug], tranche) for one in places)
    assert found.net == sum(one.net(holdings[one.slug]) for one in places)
    assert found.unmoved == sum(one.net(one.held) for one in places)
    assert found.unmoved <= found.net <= found.bound


def beats_the_grid(seed: int) -> None:
    rng = random.Random(seed)
    venues = rng.randint(1, 4)
    places, budget = problem(rng, venues, gas=rng.random() < 0.8)
    tranche = rng.choice((1, 1, budget // 20 + 1))
    found = split(places, budget, tranche)
    holds(places, budget, tranche, found)
    best = best_on_grid(places, budget, tranche, CELLS[venues])
    assert found.net >= best - abs(best) // RELATIVE, seed
    assert found.bound >= best, seed


def beats_rules_of_thumb(seed: int, most: int = 4) -> None:
    rng = random.Random(seed)
    places, budget = problem(rng, rng.randint(1, most), gas=rng.random() < 0.8)
    found = split(places, budget)
    best = max(net for net, _ in naive(places, budget))
    assert found.net >= best - abs(best) // RELATIVE, seed


@pytest.mark.parametrize("block", range(5))
def test_no_grid_finds_a_better_split(block: int) -> None:
    """On random problems of up to four venues the split earns no less than the best of an exhaustive grid."""
    for seed in range(block * 20, block * 20 + 20):
        beats_the_grid(seed)


@pytest.mark.bench
def test_no_grid_finds_a_better_split_on_500_problems() -> None:
    """The same, on as many problems as the claim names."""
    for seed in range(500):
        beats_the_grid(seed)


@pytest.mark.parametrize("block", range(5))
def test_no_rule_of_thumb_earns_more(block: int) -> None:
    """Neither one venue alone, nor parts in proportion to room, nor staying put earns more."""
    for seed in range(block * 100, block * 100 + 100):
        beats_rules_of_thumb(seed)


@pytest.mark.bench
def test_no_rule_of_thumb_earns_more_on_10000_problems() -> None:
    """The same, on as many problems as the claim names."""
    for seed in range(10_000):
        beats_rules_of_thumb(seed, most=6)


@given(st.integers(0, 10**9), st.integers(1, 5), st.data())
@settings(max_examples=60, deadline=None)
def test_no_split_whatever_earns_more_than_the_bound(seed: int, venues: int, data: st.DataObject) -> None:
    """Any split within ranges and budget stays below the bound, however early the search was stopped."""
    places, budget = problem(random.Random(seed), venues)
    found = split(places, budget, rounds=data.draw(st.integers(1, 8)))
    rest, net = budget - sum(one.held for one in places), 0
    for one in sorted(places, key=lambda one: -one.held):
        least = one.least if one.divisible else one.held
        amount = data.draw(st.integers(least, max(least, min(one.most, one.held + rest))))
        amount = amount if allowed(one, amount, 1) else one.held
        rest += one.held - amount
        net += one.net(amount)
    assert rest >= 0
    assert net <= found.bound


@pytest.mark.parametrize("block", range(4))
def test_applied_and_asked_again_it_moves_nothing(block: int) -> None:
    """With or without gas and tranches, what was split stays: nothing is left to be gained."""
    moved = 0
    for seed in range(block * 15, block * 15 + 15):
        rng = random.Random(seed)
        places, budget = problem(rng, rng.randint(1, 5), gas=rng.random() < 0.6)
        tranche = rng.choice((1, 1, budget // 20 + 1))
        holdings = split(places, budget, tranche).holdings
        there = [applied(one, dict(holdings)[one.slug]) for one in places]
        assert split(there, budget, tranche).holdings == holdings, seed
        moved += any(one.held != dict(holdings)[one.slug] for one in places)
    assert moved > 8


def test_the_order_of_the_venues_plays_no_part() -> None:
    """The same problem in another order is the same split, to the unit."""
    for seed in range(10):
        rng = random.Random(seed)
        places, budget = problem(rng, 4)
        shuffled = rng.sample(places, len(places))
        assert split(shuffled, budget) == split(places, budget)


def reserve(slug: str, held: int = 0, cost_usdc: int = 0, most: int = 100 * MILLION, **changes: int) -> Place:
    """A reserve of a hundred millions that pays about 2.7 %."""
    cost = cost_usdc * USDC * WAD
    return Place(slug, held, 0, most, cost, cost, CurvePays(curve(**changes), AT))


def test_equal_venues_get_equal_parts() -> None:
    """Money goes where the next unit earns most, which is half and half between twins."""
    found = split([reserve("b"), reserve("a")], 10 * MILLION)
    assert [slug for slug, _ in found.holdings] == ["a", "b"]
    assert [amount / MILLION for _, amount in found.holdings] == pytest.approx([5, 5], abs=1e-3)


def test_of_equal_splits_the_first_by_name_is_taken() -> None:
    """Where a tranche admits one of two twins only, the first slug gets it."""
    found = split([reserve("b"), reserve("a")], MILLION, tranche=MILLION)
    assert found.holdings == (("a", MILLION), ("b", 0))


def test_gas_keeps_small_money_together() -> None:
    """What a second venue would add does not pay for its gas until there is more money."""

    def used(budget: int) -> int:
        found = split([reserve("a", cost_usdc=50), reserve("b", cost_usdc=50)], budget)
        return sum(amount > 0 for _, amount in found.holdings)

    assert [used(USDC), used(10_000 * USDC), used(MILLION)] == [0, 1, 2]


def test_money_stays_where_moving_it_gains_less_than_it_costs() -> None:
    """A slightly better venue is no reason to leave while the gas of a year is more."""
    better = {"slope1_bps": 560}
    here = reserve("here", held=100_000 * USDC, cost_usdc=40)
    assert split([here, reserve("there", cost_usdc=40, **better)], 0).gain == 0
    assert split([here, reserve("there", cost_usdc=1, **better)], 0).gain > 0


def test_a_kink_is_seen_across() -> None:
    """Rates fall steeply above a kink and slowly below: money that fills the steep part goes on behind it."""
    steep = reserve("steep", cash=3 * MILLION, debt=97 * MILLION, most=80 * MILLION)
    flat = Place("flat", 0, 0, 80 * MILLION, 0, 0, CurvePays(curve(10 * MILLION, 90 * MILLION, 500), AT))
    found = split([steep, flat], 60 * MILLION)
    grid = best_on_grid([steep, flat], 60 * MILLION, 1, 2_000)
    assert found.net >= grid
    assert found.gap_bps is not None
    assert found.gap_bps < Decimal("0.001")


def test_what_cannot_leave_stays() -> None:
    """Of money in a drained venue only what is liquid goes elsewhere."""
    poor = Place("poor", 9 * USDC, 5 * USDC, 9 * USDC, 0, 0, CurvePays(curve(slope1_bps=10), AT))
    assert dict(split([poor, reserve("good")], 0).holdings) == {"poor": 5 * USDC, "good": 4 * USDC}


def test_an_indivisible_holding_leaves_whole_or_not_at_all() -> None:
    """Where what a part would leave cannot be priced, all goes, or nothing."""
    poor = Place("poor", 9 * USDC, 0, 9 * USDC, 0, 0, CurvePays(curve(slope1_bps=10), AT), divisible=False)
    assert dict(split([poor, reserve("good", most=5 * USDC)], 0).holdings) == {"poor": 0, "good": 5 * USDC}
    stuck = Place("poor", 9 * USDC, 1, 9 * USDC, 0, 0, poor.pays, divisible=False)
    assert dict(split([stuck, reserve("good")], 0).holdings)["poor"] == 9 * USDC


def test_a_tranche_is_the_least_that_moves() -> None:
    """Room for less than a tranche is left alone, on the way in and on the way out."""
    best = reserve("best", slope1_bps=900, most=99 * USDC)
    here = reserve("here", held=1_000 * USDC)
    assert split([best, here], 0, tranche=100 * USDC).gain == 0
    assert dict(split([best, here], 0, tranche=99 * USDC).holdings)["best"] == 99 * USDC


def test_a_piece_with_nothing_priced_inside_is_not_cut() -> None:
    """Where no amount lies between the ends of a piece, no cut makes it smaller."""
    sampled = Sampled(0, reserve("a", most=10), 1)
    assert sampled.cut((0, 10), Piece(0, 0, 2, 0, 20, 0)) == ()
    assert sampled.price(5)
    assert sampled.cut((0, 10), Piece(0, 0, 2, 0, 20, 0)) == ((0, 5), (5, 10))


def test_a_budget_below_what_is_held_takes_nothing_out() -> None:
    """Limits hold back what would come in; they drive nothing out."""
    assert split([reserve("here", held=5 * USDC)], 0).holdings == (("here", 5 * USDC),)


def test_without_venues_there_is_nothing_to_split() -> None:
    """No venue, no yield, and no gap that could be told in parts of it."""
    found = split([], 5 * USDC)
    assert (found.holdings, found.net, found.gain) == ((), 0, 0)
    assert Split((), 0, 0, 0, 1).gap_bps is None


def test_a_search_cut_short_says_how_far_it_may_be_off() -> None:
    """With few rounds the gap is wide; it narrows with more, and was never narrower than the truth."""
    places, budget = problem(random.Random(7), 6)
    gaps = [split(places, budget, rounds=rounds).gap_bps for rounds in (1, 3, 40)]
    assert gaps == sorted(gaps, reverse=True)
    assert gaps[0] > gaps[-1]
    truth = split(places, budget).net
    assert all(split(places, budget, rounds=rounds).bound >= truth for rounds in (1, 3, 40))


@pytest.mark.parametrize(
    ("held", "least", "most", "cost"), [(1, 2, 3, 0), (3, 0, 2, 0), (1, -1, 2, 0), (1, 0, 2, -1)]
)
def test_a_range_that_holds_not_what_is_held_is_refused(held: int, least: int, most: int, cost: int) -> None:
    """A place is told wrongly before it could be split wrongly."""
    pays = CurvePays(curve(), AT)
    for costs in ((cost, 0), (0, cost)) if cost else ((0, 0),):
        with pytest.raises(ValueError, match="required"):
            Place("a", held, least, most, *costs, pays)


def test_a_curve_of_unknown_shape_is_bounded_by_its_ceiling() -> None:
    """Where a reserve is flatter above its kink its rate need not be convex; the bound is level, and true."""
    odd = curve(slope1_bps=900, slope2=RAY // 10_000)
    pays = CurvePays(odd, AT)
    assert not pays.divisible
    with pytest.raises(ValueError, match="withdrawals"):
        pays.line(-1, 0)
    first, last = pays.line(0, 50 * MILLION)
    assert first == last >= max(pays.apy(0), pays.apy(50 * MILLION))
    place = Place("odd", 0, 0, 50 * MILLION, 0, 0, pays)
    found = split([place], 30 * MILLION)
    assert found.bound >= best_on_grid([place], 30 * MILLION, 1, 500)
    assert found.net >= best_on_grid([place], 30 * MILLION, 1, 500)
