"""The table of slot states, transcribed a second time, and what its refusals are called."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from mammon.core.numbers import Units, Wei
from mammon.core.plan import Step
from mammon.core.txstate import (
    FOLLOWS,
    OPEN,
    Effect,
    Intent,
    Leg,
    Slot,
    SlotState,
    TransitionError,
    due,
    require_follows,
)
from mammon.core.types import Address, MarketId

STEPS = """
signed      > sent mined external
sent        > mined external
mined       > sent settled reverted soft_failed cancelled
settled     >
reverted    >
soft_failed >
cancelled   >
external    >
"""
"""Typed from safety.md B by another hand than the table's."""
SECOND = {
    before.strip(): set(after.split())
    for before, after in (text.split(">") for text in STEPS.strip().splitlines())
}
NOBODY = Address("0x" + "00" * 20)


def leg(action: Any, amount: int, effect: Effect | None = None) -> Leg:
    step = Step(action, "a", MarketId(1, NOBODY, NOBODY), "erc4626", Units(amount))
    return Leg(1, 0, step, "waiting", effect=effect)


def test_both_tables_have_every_state_and_every_step() -> None:
    """Eight states; what may follow each; open is what may still be, or cease to be, on the chain."""
    assert tuple(FOLLOWS) == get_args(SlotState) == tuple(SECOND)
    assert {state: set(after) for state, after in FOLLOWS.items()} == SECOND
    assert {"signed", "sent", "mined"} == OPEN
    assert all(bool(FOLLOWS[state]) == (state in OPEN) for state in FOLLOWS)


@pytest.mark.parametrize("before", SECOND)
@pytest.mark.parametrize("after", SECOND)
def test_what_the_table_does_not_have_is_refused_as_a_defect(before: Any, after: Any) -> None:
    """By its own code, and with the exit code of a defect: no person and no wait mends it."""
    if after in SECOND[before]:
        require_follows(before, after)
        return
    with pytest.raises(TransitionError, match=f"{before} cannot become {after}") as caught:
        require_follows(before, after)
    assert (caught.value.code, caught.value.exit_code) == ("transition", 1)


def test_what_begins_begins_open_and_with_no_nonce_used() -> None:
    """An intent is open, a leg has used no nonce, a slot is in no block."""
    assert leg("deposit", 1).slots == 0
    assert (Intent.__dataclass_fields__["state"].default, Intent.__dataclass_fields__["reason"].default) == (
        "open",
        "",
    )
    assert Slot(1, 1, 0, "signed", 0, 0, Wei(1)).mined is None


def test_only_a_withdrawal_before_it_lowers_what_is_due() -> None:
    """I5: the least of the plan and of every withdrawal measured before; other effects count for nothing."""
    legs = [
        leg("withdraw", 90, Effect(Units(50), Units(0), 1)),
        leg("approve", 90, Effect(Units(1), Units(0), 1)),
        leg("withdraw", 90),
        leg("deposit", 90),
    ]
    assert [due(legs, seq) for seq in range(4)] == [90, 50, 50, 50]
    more = [leg("withdraw", 90, Effect(Units(95), Units(0), 1)), leg("deposit", 90)]
    assert due(more, 1) == 90
