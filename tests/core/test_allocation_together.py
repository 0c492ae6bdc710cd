"""Laws of the split where limits hold what several places have together: families, collaterals, squares."""

from __future__ import annotations

import dataclasses
import random
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mammon.core.allocation import CurvePays, Group, Place, Split, Together, rationing, split
from mammon.core.allocation.elimination import inverse
from mammon.core.allocation.envelope import Envelope, Piece
from mammon.core.allocation.filling import Row, filled, rationed
from mammon.core.fixed import WAD
from tests.core.allocation_cases import AT, allowed, applied, best_together, naive, problem, together
from tests.core.build import MILLION, curve

CELLS = {1: 2_000, 2: 150, 3: 30, 4: 12}
RELATIVE = 10**9
USDC = 10**6


def case(seed: int, most: int = 4, squares: bool = False) -> tuple[list[Place], int, int, Together]:
    """A random problem with limits, some of them exceeded by what is held."""
    rng = random.Random(seed)
    places, budget = problem(rng, rng.randint(1, most), gas=rng.random() < 0.8)
    tranche = rng.choice((1, 1, budget // 20 + 1))
    return places, budget, tranche, together(rng, places, budget, squares)


def holds(places: list[Place], budget: int, tranche: int, limits: Together, found: Split) -> None:
    """A split is within every range and limit, and earns what it says, at most its bound."""
    holdings = [dict(found.holdings)[one.slug] for one in places]
    assert limits.allows(places, holdings)
    assert sum(holdings) <= max(budget, sum(one.held for one in places))
    assert all(allowed(one, amount, tranche) for one, amount in zip(places, holdings, strict=True))
    assert found.net == sum(one.net(amount) for one, amount in zip(places, holdings, strict=True))
    assert found.unmoved <= found.net <= found.bound


def beats_the_grid(seed: int, squares: bool = False) -> None:
    places, budget, tranche, limits = case(seed, squares=squares)
    found = split(places, budget, tranche, together=limits)
    holds(places, budget, tranche, limits, found)
    best = best_together(places, budget, tranche, CELLS[len(places)], limits)
    assert found.net >= best - abs(best) // RELATIVE, seed
    assert found.bound >= best, seed


def beats_rules_of_thumb(seed: int, most: int) -> None:
    places, budget, _, limits = case(seed, most, squares=seed % 2 == 0)
    found = split(places, budget, together=limits)
    best = max(net for net, amounts in naive(places, budget) if limits.allows(places, amounts))
    assert found.net >= best - abs(best) // RELATIVE, seed


@pytest.mark.parametrize("squares", [False, True])
@pytest.mark.parametrize("block", range(4))
def test_no_grid_within_the_limits_finds_a_better_split(block: int, squares: bool) -> None:
    """On random problems of up to four venues it earns no less than the best that a grid may hold."""
    for seed in range(block * 12, block * 12 + 12):
        beats_the_grid(seed, squares)


@pytest.mark.bench
@pytest.mark.parametrize("squares", [False, True])
def test_no_grid_within_the_limits_finds_a_better_split_on_500_problems(squares: bool) -> None:
    """The same, on as many problems as the claim names."""
    for seed in range(500):
        beats_the_grid(seed, squares)


@pytest.mark.parametrize("block", range(4))
def test_no_rule_of_thumb_within_the_limits_earns_more(block: int) -> None:
    """Neither one venue, nor parts in proportion to room, nor staying put, where the limits let them."""
    for seed in range(block * 60, block * 60 + 60):
        beats_rules_of_thumb(seed, most=4)


@pytest.mark.bench
def test_no_rule_of_thumb_within_the_limits_earns_more_on_10000_problems() -> None:
    """The same, on as many problems as the claim names."""
    for seed in range(10_000):
        beats_rules_of_thumb(seed, most=6)


@given(st.integers(0, 10**9), st.booleans(), st.data())
@settings(max_examples=80, deadline=None)
def test_no_split_within_the_limits_earns_more_than_the_bound(
    seed: int, squares: bool, data: st.DataObject
) -> None:
    """Whatever is within ranges, budget and limits stays below the bound, however early the search ended."""
    places, budget, _, limits = case(seed, 5, squares)
    found = split(places, budget, rounds=data.draw(st.integers(1, 8)), together=limits)
    rest, amounts = budget - sum(one.held for one in places), []
    for one in places:
        least = one.least if one.divisible else one.held
        amount = data.draw(st.integers(least, max(least, min(one.most, one.held + rest))))
        amounts.append(amount if allowed(one, amount, 1) else one.held)
        rest += one.held - amounts[-1]
    if limits.allows(places, amounts):
        assert sum(one.net(amount) for one, amount in zip(places, amounts, strict=True)) <= found.bound


@pytest.mark.parametrize("squares", [False, True])
@pytest.mark.parametrize("block", range(3))
def test_applied_and_asked_again_it_moves_nothing(block: int, squares: bool) -> None:
    """Also where limits bind, and where they were exceeded before: nothing is left to be gained."""
    moved = 0
    for seed in range(block * 15, block * 15 + 15):
        places, budget, tranche, limits = case(seed, 5, squares)
        found = split(places, budget, tranche, 10**6, together=limits)
        there = [applied(one, dict(found.holdings)[one.slug]) for one in places]
        assert split(there, budget, tranche, 10**6, together=limits).holdings == found.holdings, seed
        moved += found.gain > 0
    assert moved > 5


def test_the_order_of_the_venues_plays_no_part() -> None:
    """The same problem in another order is the same split, to the unit."""
    for seed in range(6):
        places, budget, _, limits = case(seed, 4, squares=True)
        shuffled = random.Random(seed).sample(places, len(places))
        assert split(shuffled, budget, together=limits) == split(places, budget, together=limits)


def reserve(slug: str, held: int = 0, most: int = 100 * MILLION, **changes: int) -> Place:
    """A reserve of a hundred millions that pays about 2.7 %."""
    return Place(slug, held, 0, most, 0, 0, CurvePays(curve(**changes), AT))


def group(most: int, *slugs: str, part: int = 1, of: int = 1) -> Group:
    """Venues of which so much may be held together."""
    return Group("family:x", tuple((slug, part, of) for slug in slugs), most)


BETTER = {"slope1_bps": 900}


def test_twins_share_what_their_group_may_hold() -> None:
    """Half each of the group's limit, and the rest where less is paid."""
    places = [reserve("a", **BETTER), reserve("b", **BETTER), reserve("c")]
    found = split(places, 10 * MILLION, together=Together((group(4 * MILLION, "a", "b"),)))
    assert [amount / MILLION for _, amount in found.holdings] == pytest.approx([2, 2, 6], abs=1e-2)
    assert found.gap_bps is not None
    assert found.gap_bps < Decimal("0.001")


def test_of_what_is_counted_in_part_more_may_be_held() -> None:
    """A quarter of each counts, so that four times as much fits; rounded up to the unit."""
    quarter = group(MILLION, "a", part=1, of=4)
    found = split([reserve("a", **BETTER)], 10 * MILLION, together=Together((quarter,)))
    assert dict(found.holdings)["a"] == 4 * MILLION
    assert quarter.total({"a": 4 * MILLION - 3}) == MILLION
    assert quarter.total({"a": 4 * MILLION + 1}) == MILLION + 1


def test_groups_that_overlap_both_hold() -> None:
    """A venue in two groups is held to both."""
    limits = Together((group(3 * MILLION, "a", "b"), group(2 * MILLION, "b", "c")))
    places = [reserve("a"), reserve("b", slope1_bps=1200), reserve("c")]
    held = dict(split(places, 20 * MILLION, together=limits).holdings)
    assert held["a"] + held["b"] == pytest.approx(3 * MILLION, rel=1e-6)
    assert held["b"] + held["c"] == pytest.approx(2 * MILLION, rel=1e-6)


def test_what_is_above_a_limit_may_stay_and_nothing_enters_it() -> None:
    """Money in an overfull group is not driven out; no more goes in while it is overfull."""
    places = [reserve("a", held=5 * MILLION, **BETTER), reserve("b", **BETTER), reserve("c", slope1_bps=10)]
    limits = Together((group(2 * MILLION, "a", "b"),))
    found = dict(split(places, 6 * MILLION, together=limits).holdings)
    assert found == {"a": 5 * MILLION, "b": 0, "c": MILLION}


def test_a_group_may_be_left_in_order_to_be_entered() -> None:
    """Where the best of an overfull group is another of its venues, it is come to within the limit."""
    places = [
        reserve("a", held=5 * MILLION, slope1_bps=10),
        reserve("b", slope1_bps=2_000),
        reserve("c", **BETTER),
    ]
    found = dict(split(places, 5 * MILLION, together=Together((group(2 * MILLION, "a", "b"),))).holdings)
    assert found["a"] == 0
    assert found["b"] == pytest.approx(2 * MILLION, rel=1e-6)
    assert found["c"] == pytest.approx(3 * MILLION, rel=1e-6)


def test_what_cannot_leave_an_overfull_group_keeps_it_shut() -> None:
    """No split enters it, and none but staying is found where nothing else is open."""
    stuck = dataclasses.replace(reserve("a", held=5 * MILLION, slope1_bps=10), least=4 * MILLION)
    found = split(
        [stuck, reserve("b", **BETTER)], 6 * MILLION, together=Together((group(MILLION, "a", "b"),))
    )
    assert dict(found.holdings) == {"a": 5 * MILLION, "b": 0}


@pytest.mark.parametrize("parts", [2, 3, 4])
def test_squares_spread_money_over_as_many_as_they_ask(parts: int) -> None:
    """All but one venue pay little: still each gets an equal part where the squares allow no other."""
    places = [reserve("a", **BETTER), *(reserve(slug, slope1_bps=50) for slug in "bcd"[: parts - 1])]
    whole = 8 * MILLION
    limits = Together((), whole * whole // parts, whole)
    held = [dataclasses.replace(one, held=whole // parts) for one in places]
    assert split(held, whole, together=limits).gain == 0
    loose = Together((), whole * whole // parts + whole * whole // 100, whole)
    found = split(held, whole, together=loose)
    amounts = [amount for _, amount in found.holdings]
    assert amounts[0] > whole // parts
    assert sum(amounts) == whole
    assert sum(x * x for x in amounts) == pytest.approx(loose.squares, rel=1e-6)
    assert loose.excess(amounts) <= 0
    assert found.gap_bps is not None
    assert found.gap_bps < Decimal("0.1")


def test_squares_that_nothing_reaches_leave_money_where_it_is() -> None:
    """One venue alone cannot be spread: what is there stays, and nothing else is told."""
    found = split([reserve("a", held=5 * MILLION)], 6 * MILLION, together=Together((), 1))
    assert found.holdings == (("a", 5 * MILLION),)
    assert found.bound >= found.net


def test_money_does_not_leave_for_the_wallet_where_so_much_has_to_be_in() -> None:
    """A premium beyond the yield makes every venue a loss: what is held is kept, in the least of them."""
    dear = int(Decimal("0.10") * WAD)
    places = [
        dataclasses.replace(reserve("a", held=5 * MILLION), premium=2 * dear),
        dataclasses.replace(reserve("b"), premium=dear),
    ]
    assert dict(split(places, 9 * MILLION).holdings) == {"a": 0, "b": 0}
    kept = split(places, 9 * MILLION, together=Together(least=5 * MILLION))
    assert dict(kept.holdings) == {"a": 0, "b": 5 * MILLION}


def test_a_premium_is_taken_off_what_a_place_pays() -> None:
    """The safer venue gets the money unless the other pays for its risk too; the bound is after risk."""
    risky = dataclasses.replace(reserve("risky", slope1_bps=600), premium=WAD // 100)
    found = split([risky, reserve("safe")], MILLION)
    assert dict(found.holdings) == {"risky": 0, "safe": MILLION}
    assert risky.net(MILLION) == MILLION * (risky.pays.apy(MILLION) - WAD // 100)
    assert found.net <= found.bound < found.net * 2


def test_a_search_cut_short_says_how_far_it_may_be_off() -> None:
    """With few rounds the gap is wide; it narrows with more, and was never narrower than the truth."""
    places, budget, _, limits = case(11, 6, squares=True)
    bounds = [split(places, budget, rounds=rounds, together=limits).bound for rounds in (1, 4, 60)]
    assert all(wide >= narrow for wide, narrow in pairwise(bounds))
    truth = split(places, budget, together=limits).net
    assert all(bound >= truth for bound in bounds)


def test_what_a_range_cannot_reach_is_no_filling() -> None:
    """Where ranges hold less than all holdings come to at least, there is nothing to be chosen in them."""
    envelope = Envelope((0, 0), (Piece(-5, 0, 0, 0, 20, 100), Piece(3, 0, 20, 100, 40, 40)))
    assert filled([envelope], 100, 21) is None
    whole = filled([envelope], 100, 20)
    assert whole is not None
    assert whole.amounts == [40]
    assert rationed([envelope], (21, 100), [Row([1], 10**6)], None, []) is None


@pytest.mark.parametrize("steps", [0, 1, 2, 3])
def test_steps_that_are_used_up_leave_a_bound_that_holds(steps: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each price raised so far bounds the whole; what was filled in is looked at before it counts."""
    for seed in range(30):
        places, budget, tranche, limits = case(seed, 5, squares=True)
        truth = split(places, budget, tranche, together=limits).net
        with monkeypatch.context() as patched:
            patched.setattr(rationing, "STEPS_PER_ROW", 0)
            patched.setattr(rationing, "LEAST_STEPS", steps)
            found = split(places, budget, tranche, rounds=20, together=limits)
        holds(places, budget, tranche, limits, found)
        assert found.bound >= truth, seed


@given(st.lists(st.lists(st.integers(-50, 50), min_size=4, max_size=4), min_size=4, max_size=4))
def test_an_inverse_times_its_matrix_is_the_determinant(matrix: list[list[int]]) -> None:
    """In integers, whatever the order in which rows have to be taken."""
    if _determinant(matrix) == 0:
        return
    whole, found = inverse(matrix)
    product = [[sum(line[k] * matrix[k][at] for k in range(4)) for at in range(4)] for line in found]
    assert whole == abs(_determinant(matrix))
    assert product == [[whole * (row == at) for at in range(4)] for row in range(4)]


def _determinant(matrix: list[list[int]]) -> int:
    if not matrix:
        return 1
    minors = ([line[:at] + line[at + 1 :] for line in matrix[1:]] for at in range(len(matrix)))
    return sum((-1) ** at * matrix[0][at] * _determinant(minor) for at, minor in enumerate(minors))
