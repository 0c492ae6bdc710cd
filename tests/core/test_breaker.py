"""Laws of the breaker (F2): failures are counted from the journal; refusals and allowances are none."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mammon.core.breaker import FAILURES, MOST_FAILED, failed_exits, failed_in_a_row, tripped
from mammon.core.numbers import Units
from mammon.core.plan import Plan
from mammon.core.txstate import Intent
from mammon.core.types import FailedExit

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


# --- ways out ------------------------------------------------------------------------------------


def way(state: Any = "parked", reason: str = "rehearsal_failed", slug: str = "home", at: int = 0) -> Intent:
    kept = dataclasses.replace(PLAN, source=slug)
    return Intent(1, "", "exit", "", kept, at, 0, state, reason if state == "parked" else "")


def test_failed_ways_out_are_counted_for_each_venue() -> None:
    """Since one worked; when the newest of them was decided; a refusal by the gate is a failure here."""
    ways = [way(at=9), way(slug="other", at=8), way(reason="code_changed", at=7), way("done"), way(at=5)]
    assert failed_exits(ways) == (FailedExit("home", 2, 9), FailedExit("other", 1, 8))
    assert failed_exits([way("done"), way()]) == ()


def test_what_was_not_tried_and_what_is_no_way_out_counts_nothing() -> None:
    """Moves, open intents and those put down before anything was tried are passed over."""
    others = [way("open"), way(reason="not_begun"), way(reason="put_down"), intent(), intent("done")]
    assert failed_exits(others) == ()
    assert failed_exits([*others, way(at=3)]) == (FailedExit("home", 1, 3),)


@given(st.lists(st.sampled_from([way(), way("done"), way(slug="other")]), max_size=9))
def test_one_venues_ways_change_no_others_count(ways: list[Intent]) -> None:
    """Each venue by itself."""
    alone = failed_exits([one for one in ways if one.plan.source == "home"])
    assert [one for one in failed_exits(ways) if one.slug == "home"] == list(alone)
