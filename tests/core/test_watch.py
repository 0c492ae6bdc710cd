"""Laws of watching a transaction: the chain alone is evidence, and a doubt is never an answer."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mammon.core.names import Hash32
from mammon.core.numbers import Units, Wei
from mammon.core.plan import Step
from mammon.core.txstate import (
    FOLLOWS,
    OPEN,
    Attempt,
    Effect,
    Leg,
    Mined,
    Slot,
    TransitionError,
    due,
    require_follows,
)
from mammon.core.types import Address, MarketId
from mammon.core.watch import (
    CANCEL_GAS,
    Foreign,
    Found,
    Freeze,
    Lost,
    Odd,
    Pace,
    Settle,
    Sign,
    Tell,
    View,
    Wait,
    higher_bid,
    next_action,
)

PACE = Pace(least_depth=0)
NOW = 1_000_000
GWEI = 10**9
CEILING = Wei(10**15)
NOBODY = Address("0x" + "00" * 20)
MARKET = MarketId(1, NOBODY, NOBODY)


def hash_of(number: int) -> Hash32:
    return Hash32(f"0x{number:064x}")


def attempt(number: int = 1, **changes: Any) -> Attempt:
    given_ = Attempt(
        hash_of(number), 5, "act", b"raw", Wei(2 * GWEI), Wei(GWEI // 10), 200_000, "permit", NOW
    )
    return dataclasses.replace(given_, **changes)


def mined(number: int = 1, block: int = 100, **changes: Any) -> Mined:
    return dataclasses.replace(
        Mined(hash_of(number), block, hash_of(block), True, Wei(1), 100_000), **changes
    )


def slot(state: Any = "sent", **changes: Any) -> Slot:
    return dataclasses.replace(Slot(5, 1, 0, state, NOW, NOW + 600, CEILING), **changes)


def view(name: str = "a", **changes: Any) -> View:
    return dataclasses.replace(
        View(name, 100, NOW + 2, Wei(GWEI), 90, NOW - 20, 5, 5, ()),
        **changes,
    )


def action(
    *views: View,
    on: Slot | None = None,
    odd_since: int | None = None,
    attempts: Any = None,
    pace: Pace = PACE,
    endpoints: int = 1,
) -> Any:
    return next_action(on or slot(), attempts or (attempt(),), views, odd_since, pace, endpoints)


# --- what the chain has --------------------------------------------------------------------------


def test_silence_is_waited_out() -> None:
    """No endpoint, no conclusion."""
    assert isinstance(action(), Wait)


def test_a_receipt_is_noted_before_it_counts() -> None:
    """Found first, settled later: the journal has the block before the effect is looked for."""
    found = action(view(receipts=(mined(),), safe=100))
    assert found == Found(mined())
    assert action(view(receipts=(mined(),), safe=100), on=slot("signed")) == Found(mined())


def test_settled_is_at_the_safe_block() -> None:
    """Mined at 100 is settled when block 100 is safe, and not one block before."""
    on = slot("mined", mined=mined())
    assert isinstance(action(view(receipts=(mined(),), safe=99), on=on), Wait)
    assert action(view(receipts=(mined(),), safe=100), on=on) == Settle(mined())
    assert isinstance(action(view(receipts=(mined(),), safe=None), on=on), Wait)


def test_no_endpoint_settles_near_its_head() -> None:
    """A block calls itself safe only so deep below the head: an endpoint may lie, a batch takes its time."""
    on, pace = slot("mined", mined=mined()), Pace(least_depth=30)
    assert isinstance(action(view(receipts=(mined(),), safe=129, head=129), on=on, pace=pace), Wait)
    assert action(view(receipts=(mined(),), safe=100, head=130), on=on, pace=pace) == Settle(mined())


def test_one_safe_block_is_not_taken_against_another() -> None:
    """Two that tell must agree, or two of several; one that does not tell says nothing."""
    on = slot("mined", mined=mined())
    high, low = view(receipts=(mined(),), safe=100), view("b", receipts=(mined(),), safe=99)
    assert isinstance(action(high, low, on=on, endpoints=2), Wait)
    assert isinstance(action(high, view("b", receipts=(mined(),), safe=None), on=on, endpoints=2), Wait)
    assert action(high, view("c", receipts=(mined(),), safe=101), low, on=on, endpoints=3) == Settle(mined())


def test_a_lone_voice_of_several_counts_late() -> None:
    """While the others are silent one may lie: it is believed three hundred blocks deep, and not before."""
    on, deep = slot("mined", mined=mined()), 100 + PACE.deep_blocks
    alone = view(receipts=(mined(),), safe=100, head=deep - 1)
    assert isinstance(action(alone, on=on, endpoints=2), Wait)
    assert action(dataclasses.replace(alone, head=deep), on=on, endpoints=2) == Settle(mined())
    assert action(alone, on=on) == Settle(mined())


def test_a_settled_predecessor_that_is_gone_is_no_matter_of_time() -> None:
    """A count below our nonce: what was settled before it was undone, and nothing is told meanwhile."""
    odd = action(view(nonce=4, safe_nonce=4))
    assert isinstance(odd, Odd)
    assert not odd.foreign
    assert action(view(nonce=4, safe_nonce=4), view("b")) == Tell()


def test_one_that_has_the_block_and_not_the_transaction_contradicts() -> None:
    """An endpoint that lags is no contradiction; one that has the block and says no is, for five minutes."""
    on, holder = slot("mined", mined=mined()), view(receipts=(mined(),), safe=100)
    assert isinstance(action(holder, view("b", head=99), on=on, endpoints=2), Wait)
    assert action(holder, view("c", receipts=(mined(),), safe=100), view("b", head=99), on=on) == Settle(
        mined()
    )
    odd = action(holder, view("b", head=100), on=on)
    assert isinstance(odd, Odd)
    assert not odd.foreign
    assert isinstance(action(holder, view("b", head=100), on=on, odd_since=NOW), Odd)
    late = NOW + 2 - PACE.frozen_s
    assert isinstance(action(holder, view("b", head=100), on=on, odd_since=late), Freeze)


def test_two_blocks_for_one_transaction_contradict() -> None:
    """Endpoints on two branches: nothing is concluded from either."""
    views = view(receipts=(mined(),)), view("b", receipts=(mined(block=101),))
    assert isinstance(action(*views), Odd)


def test_a_stalled_safe_block_needs_two_that_hold_it_deep() -> None:
    """When the chain below stalls, three hundred blocks at two endpoints will do; at one they will not."""
    on, deep = slot("mined", mined=mined()), 100 + PACE.deep_blocks
    old = NOW + 2 - PACE.stalled_s - 1

    def held(name: str, head: int = deep, safe_at: int = old) -> View:
        return view(name, head=head, safe=90, safe_at=safe_at, receipts=(mined(),))

    assert action(held("a"), held("b"), on=on) == Settle(mined())
    assert isinstance(action(held("a"), on=on), Wait)
    assert isinstance(action(held("a"), held("b", head=deep - 1), on=on), Wait)
    assert isinstance(action(held("a"), held("b", safe_at=NOW), on=on), Wait)


def test_a_reorganisation_takes_it_back() -> None:
    """Gone from a head that has its block: sent again. An endpoint that lags behind says nothing of it."""
    on = slot("mined", mined=mined())
    assert isinstance(action(view(head=100), on=on), Lost)
    assert isinstance(action(view(head=99), on=on), Wait)
    assert isinstance(action(view(receipts=(mined(block=101),)), on=on), Lost)


def test_a_used_nonce_is_foreign_only_after_a_while_and_everywhere() -> None:
    """ "Not found" is trusted late, at the safe block, and from all: an index may lag behind its chain."""
    used = view(nonce=6, safe_nonce=6)
    assert isinstance(action(used), Odd)
    assert isinstance(action(used, odd_since=NOW + 2 - PACE.odd_s + 1), Odd)
    assert action(used, odd_since=NOW + 2 - PACE.odd_s) == Foreign()
    assert isinstance(action(used, odd_since=NOW - 600, endpoints=2), Odd)
    assert action(used, view("b", nonce=6, safe_nonce=6), odd_since=NOW - 600, endpoints=2) == Foreign()
    early = NOW - 10_000
    assert isinstance(action(view(nonce=6, safe_nonce=5), odd_since=early), Wait)
    assert isinstance(action(view(nonce=6, safe_nonce=None), odd_since=early), Wait)
    assert isinstance(action(used, view("b"), odd_since=early), Wait)
    assert isinstance(action(used, view("b", nonce=6, safe_nonce=5), odd_since=early), Wait)


# --- what no block has ---------------------------------------------------------------------------


def test_what_no_block_has_is_told_again() -> None:
    """Below its patience, the same bytes are repeated."""
    assert action(view()) == Tell()


def test_an_underpriced_bid_is_raised_early_and_a_fair_one_late() -> None:
    """30 s when no block can take it, 120 s when one could have; never more than five times."""
    dear = view(base_fee=Wei(3 * GWEI))
    for seen, patience_s in ((dear, PACE.underpriced_s), (view(), PACE.unmined_s)):
        before = dataclasses.replace(seen, head_at=NOW + patience_s - 1)
        assert action(before) == Tell()
        raised = action(dataclasses.replace(seen, head_at=NOW + patience_s))
        assert isinstance(raised, Sign)
        assert raised.role == "act"
    many = tuple(attempt(number) for number in range(1, PACE.most_bumps + 2))
    assert action(dataclasses.replace(dear, head_at=NOW + 100), attempts=many) == Tell()
    few = many[:-1]
    assert isinstance(action(dataclasses.replace(dear, head_at=NOW + 100), attempts=few), Sign)


def test_past_its_deadline_it_is_cancelled_once_and_then_raised() -> None:
    """The cancellation is a higher bid for the same nonce; it is bid for like any other."""
    late = view(head_at=NOW + 600)
    cancel = action(late)
    assert isinstance(cancel, Sign)
    assert cancel.role == "cancel"
    cancelled = attempt(), attempt(2, role="cancel", gas=CANCEL_GAS, signed_at=NOW + 600)
    assert action(late, attempts=cancelled) == Tell()
    again = action(view(head_at=NOW + 600 + PACE.unmined_s), attempts=cancelled)
    assert isinstance(again, Sign)
    assert again.role == "cancel"


def test_at_the_ceiling_it_is_repeated() -> None:
    """No bid passes the ceiling in money: what cannot be raised is told again."""
    low = slot(fee_ceiling=Wei(200_000 * 2 * GWEI))
    assert action(view(base_fee=Wei(9 * GWEI), head_at=NOW + 100), on=low) == Tell()
    poor = slot(fee_ceiling=Wei(CANCEL_GAS * GWEI))
    assert action(view(head_at=NOW + 600), on=poor) == Tell()


@given(
    max_fee=st.integers(1, 10**12),
    tip_share=st.integers(0, 100),
    gas=st.integers(21_000, 3_000_000),
    base_fee=st.integers(0, 10**12),
    ceiling=st.integers(0, 10**18),
    role=st.sampled_from(["act", "cancel"]),
)
def test_a_higher_bid_replaces_and_stays_affordable(
    max_fee: int, tip_share: int, gas: int, base_fee: int, ceiling: int, role: Any
) -> None:
    """Both fees rise by a tenth at least, and the whole stays below the ceiling; else there is no bid."""
    old = attempt(max_fee=Wei(max_fee), tip=Wei(max_fee * tip_share // 100), gas=gas)
    bid = higher_bid(old, role, Wei(base_fee), Wei(ceiling))
    needed = -(-max_fee * 110 // 100)
    used = CANCEL_GAS if role == "cancel" else gas
    if bid is None:
        assert ceiling < used * max(needed, -(-old.tip * 125 // 100))
        return
    assert bid.max_fee * 100 >= old.max_fee * 110
    assert bid.tip * 100 >= old.tip * 110
    assert bid.tip <= bid.max_fee
    assert bid.max_fee * used <= ceiling


# --- the table of states -------------------------------------------------------------------------


@pytest.mark.parametrize("before", FOLLOWS)
@pytest.mark.parametrize("after", FOLLOWS)
def test_states_follow_the_table(before: Any, after: Any) -> None:
    """I8: forward only, but for a reorganisation; what is closed stays closed."""
    if after in FOLLOWS[before]:
        require_follows(before, after)
        assert before in OPEN
        assert (before, after) == ("mined", "sent") or list(FOLLOWS).index(before) < list(FOLLOWS).index(
            after
        )
    else:
        with pytest.raises(TransitionError):
            require_follows(before, after)


# --- what a leg is to move -----------------------------------------------------------------------


@given(planned=st.integers(1, 10**12), brought=st.integers(0, 10**12))
def test_a_deposit_is_of_what_the_withdrawal_brought(planned: int, brought: int) -> None:
    """I5: never more than was measured, never more than was planned."""
    step = Step("withdraw", "a", MARKET, "erc4626", Units(planned))
    steps = (step, dataclasses.replace(step, action="approve"), dataclasses.replace(step, action="deposit"))
    legs = [Leg(1, seq, each, "waiting") for seq, each in enumerate(steps)]
    assert [due(legs, seq) for seq in range(3)] == [planned] * 3
    legs[0] = dataclasses.replace(legs[0], state="done", effect=Effect(Units(brought), Units(0), 1))
    assert due(legs, 0) == planned
    assert due(legs, 1) == due(legs, 2) == min(planned, brought)
