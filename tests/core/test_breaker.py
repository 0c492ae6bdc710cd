"""Laws of the breaker (F2): failures are counted from the journal; refusals and allowances are none."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mammon.core.breaker import FAILURES, MOST_FAILED, failed_in_a_row, tripped
from mammon.core.numbers import Units
from mammon.core.plan import Plan
from mammon.core.txstate import Intent

PLAN = Plan("idle", "aave-v3", Units(1), ())


def intent(state: Any = "parked", reason: str = "leg_failed", kind: Any = "move") -> Intent:
    return Intent(1, "", kind, "", PLAN, 0, 0, state, reason if state == "parked" else "")


FAILED, REFUSED, DONE, OPEN = intent(), intent(reason="apy_gain"), intent("done"), intent("open")


@pytest.mark.parametrize("reason", sorted(FAILURES))
def test_each_failure_counts(reason: str) -> None:
    """F2: three that were tried and did not work end the acting."""
    assert tripped([intent(reason=reason)] * MOST_FAILED)
    assert not tripped([intent(reason=reason)] * (MOST_FAILED - 1))


def test_a_success_ends_the_row() -> None:
    """What failed before something worked is not counted any more."""
    assert failed_in_a_row([FAILED, FAILED, DONE, FAILED, FAILED]) == 2
    assert failed_in_a_row([DONE, FAILED, FAILED, FAILED]) == 0


def test_refusals_open_ones_and_allowances_are_passed_over() -> None:
    """A refusal between two failures neither adds to the row nor ends it."""
    revoked = intent("done", kind="revoke")
    assert failed_in_a_row([REFUSED, FAILED, revoked, REFUSED, FAILED, OPEN, FAILED]) == MOST_FAILED
    assert failed_in_a_row([REFUSED] * 9) == 0


@given(st.lists(st.sampled_from([FAILED, REFUSED, DONE, OPEN])))
def test_a_refusal_never_changes_the_count(intents: list[Intent]) -> None:
    """With the refusals taken out the answer is the same."""
    left = [one for one in intents if one is not REFUSED]
    assert failed_in_a_row(intents) == failed_in_a_row(left)
