"""Failures that were told, and marks that a person replaced: durable, audited, never taken back."""

from __future__ import annotations

from pathlib import Path

import pytest

from mammon.core.flows import Mark
from mammon.core.names import Address, Hash32
from mammon.core.numbers import Units, Wei
from mammon.core.plan import Plan
from mammon.core.txstate import TransitionError
from mammon.state.opening import Identity
from mammon.state.store import Store

OWNER = Address("0x00000000000000000000000000000000000000AA")
PLAN = Plan("idle", "aave-v3", Units(1), ())


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(tmp_path / "world", Identity("mock", 8453, OWNER))


def mark(block: int) -> Mark:
    return Mark(OWNER, block, Hash32(f"0x{block:064x}"), Units(block), Wei(1), 0, ())


def test_what_was_told_is_not_counted_again(store: Store) -> None:
    """Newest first, from the last one told on; an intent that is not there cannot have been told."""
    journal = store.journal
    begun = [journal.begin("move", f"key{number}", "", PLAN, 1, 2).id for number in range(4)]
    assert [one.id for one in journal.since_looked()] == begun[::-1]
    journal.failures_told(begun[1], 2)
    assert [one.id for one in journal.since_looked()] == [begun[3], begun[2]]
    with pytest.raises(TransitionError):
        journal.failures_told(99, 3)
    assert b'"failures_told"' in store.audit.rows(0, 100)[-1].data
    assert store.audit.verify().bad is None


def test_a_corrected_mark_says_who_took_it_as_it_is(store: Store) -> None:
    """With or without one before it; the audit keeps both blocks and the reason; no flow is made of it."""
    for now, since in ((mark(5), b'"since":null'), (mark(9), b'"since":5')):
        with store.transaction():
            store.flows.correct(now, "looked at")
        assert store.flows.mark() == now
        told = store.audit.rows(0, 100)[-1].data
        assert since in told
        assert b"looked at" in told
    assert store.flows.page() == ()
    assert store.audit.verify().bad is None
