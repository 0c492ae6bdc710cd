"""The figures of the watch, each on both of its sides: patience, depth, bids, and how many must say so."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from mammon.core.numbers import Wei
from mammon.core.watch import (
    BUMP_PERCENT,
    CANCEL_GAS,
    LEAST_BUMP_PERCENT,
    Foreign,
    Odd,
    Pace,
    Settle,
    Sign,
    Tell,
    Wait,
    higher_bid,
    next_action,
)
from tests.core.test_watch import GWEI, NOW, PACE, action, attempt, mined, slot, view


def test_the_figures_are_those_of_the_design() -> None:
    """First bid after 30 s, a quarter higher, five at most; 300 blocks where the safe block stalls."""
    assert Pace() == Pace(
        underpriced_s=30,
        unmined_s=120,
        most_bumps=5,
        odd_s=60,
        frozen_s=300,
        stalled_s=600,
        deep_blocks=300,
        least_depth=30,
    )
    assert (BUMP_PERCENT, LEAST_BUMP_PERCENT, CANCEL_GAS) == (125, 110, 21_000)


# --- how many must say so ------------------------------------------------------------------------


def test_unless_told_otherwise_there_is_one_endpoint() -> None:
    """Its word alone settles then; with any other number it would not."""
    on, seen = slot("mined", mined=mined()), view(receipts=(mined(),), safe=100)
    assert next_action(on, (attempt(),), (seen,), None, PACE) == Settle(mined())


def test_two_of_three_are_enough_to_tell_of_a_foreign_use() -> None:
    """One may be silent; with two of them silent it stays odd."""
    used = view(nonce=6, safe_nonce=6)
    early = NOW - 600
    assert action(used, dataclasses.replace(used, name="b"), odd_since=early, endpoints=3) == Foreign()
    assert isinstance(action(used, odd_since=early, endpoints=3), Odd)


def test_how_long_it_was_odd_is_told_by_the_newest_head() -> None:
    """An endpoint that lags does not hold the clock back."""
    used = view(nonce=6, safe_nonce=6, head_at=NOW + PACE.odd_s)
    late = dataclasses.replace(used, name="b", head_at=NOW)
    assert action(used, late, odd_since=NOW, endpoints=2) == Foreign()


def test_two_branches_are_no_foreign_use() -> None:
    """They contradict each other: that freezes in the end, and never closes the slot."""
    odd = action(view(receipts=(mined(),)), view("b", receipts=(mined(block=101),)))
    assert isinstance(odd, Odd)
    assert not odd.foreign


def test_an_endpoint_without_a_safe_count_tells_of_no_foreign_use() -> None:
    """Not for the account's very first transaction either."""
    on = slot(nonce=0)
    seen = view(nonce=1, safe_nonce=None)
    assert isinstance(action(seen, on=on, odd_since=NOW - 10_000), Wait)
    assert isinstance(action(dataclasses.replace(seen, safe_nonce=0), on=on, odd_since=NOW - 10_000), Wait)


# --- depth ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("block", "safe", "settled"), [(1, 0, False), (0, 0, True), (1, 1, True)])
def test_the_first_blocks_of_a_chain_are_settled_like_others(block: int, safe: int, settled: bool) -> None:
    """A safe block of number 0 is a safe block, and none that does not tell."""
    found = mined(block=block)
    seen = view(receipts=(found,), safe=safe, head=block)
    said = action(seen, on=slot("mined", mined=found))
    assert said == Settle(found) if settled else isinstance(said, Wait)


def test_the_safe_block_has_stalled_beyond_its_time_and_not_at_it() -> None:
    """Six hundred seconds behind the head is late, six hundred and one is stalled."""
    on, deep = slot("mined", mined=mined()), 100 + PACE.deep_blocks
    held = view(head=deep, safe=90, safe_at=NOW + 2 - PACE.stalled_s, receipts=(mined(),))
    older = dataclasses.replace(held, safe_at=held.safe_at - 1)
    assert isinstance(action(held, dataclasses.replace(held, name="b"), on=on), Wait)
    assert action(older, dataclasses.replace(older, name="b"), on=on) == Settle(mined())


def test_only_what_was_in_a_block_can_be_lost_from_it() -> None:
    """A slot that is sent again is told again, whatever block it was in before."""
    assert action(view(head=200), on=slot("sent", mined=mined())) == Tell()


# --- bids ----------------------------------------------------------------------------------------


def bid(max_fee: int, tip: int, base_fee: int, ceiling: int = 10**18, gas: int = 100) -> Any:
    return higher_bid(
        attempt(max_fee=Wei(max_fee), tip=Wei(tip), gas=gas), "act", Wei(base_fee), Wei(ceiling)
    )


def test_a_bid_is_a_quarter_higher_rounded_up_or_twice_the_base_fee_and_the_tip() -> None:
    """Whichever is more; at the ceiling, what that allows."""
    assert bid(1_001, 101, 1) == Sign("act", Wei(1_252), Wei(127))
    assert bid(1_000, 100, 5_000) == Sign("act", Wei(10_125), Wei(125))
    assert bid(1_000, 100, 5_000, ceiling=200_000) == Sign("act", Wei(2_000), Wei(125))


def test_a_bid_may_be_all_tip() -> None:
    """Where the fee is the tip, both rise together; below the tip there is no bid."""
    assert bid(100, 100, 0) == Sign("act", Wei(125), Wei(125))
    assert bid(100, 100, 0, ceiling=124 * 100) is None


def test_the_dearest_base_fee_and_the_newest_head_decide() -> None:
    """What one endpoint sees, blocks may ask: a bid is judged by the hardest of what is told."""
    dear = view(base_fee=Wei(3 * GWEI), head_at=NOW + PACE.underpriced_s)
    calm = view("b", head_at=NOW)
    for views in ((dear, calm), (calm, dear)):
        assert action(*views, on=slot(fee_ceiling=Wei(10**16))) == Sign(
            "act", Wei(6 * GWEI + GWEI // 8), Wei(GWEI // 8)
        )


def test_a_bid_that_pays_base_fee_and_tip_exactly_is_no_low_one() -> None:
    """A block can take it: it is given the longer patience; one unit less is given the shorter."""
    newest = attempt()
    fair = int(newest.max_fee - newest.tip)
    at = NOW + PACE.underpriced_s
    assert action(view(base_fee=Wei(fair), head_at=at)) == Tell()
    assert isinstance(action(view(base_fee=Wei(fair + 1), head_at=at)), Sign)
