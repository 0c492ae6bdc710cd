"""What the journal writes into the audit log, row by row, and by which codes it refuses."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from typing import Any

import pytest

from mammon.core.numbers import Wei
from mammon.core.txstate import TransitionError
from mammon.errors import MammonError
from mammon.state.store import Store
from tests.state.journals import AT, attempt, begun, effect, mined, slot, write


def rows(store: Store) -> list[dict[str, Any]]:
    """Return what was written, the first row first."""
    return [json.loads(row.data) for row in store.audit.rows(limit=1000)]


def test_every_step_stands_in_the_log_with_what_a_reader_needs(store: Store) -> None:
    """I13: which step, when, and every figure of it; amounts of wei as text, for they exceed a float."""
    write(store)
    found = [row for row in rows(store) if row["event"] not in ("begin", "fail_leg", "close_intent")]
    one, next_, cancel = attempt(4), attempt(5), attempt(5, 1, "cancel")

    def of(signed: Any) -> dict[str, Any]:
        return {
            "nonce": signed.nonce,
            "hash": signed.hash,
            "role": signed.role,
            "permit": signed.permit,
            "max_fee": str(signed.max_fee),
            "tip": str(signed.tip),
            "gas": 300_000,
        }

    def taken(signed: Any, block: int) -> dict[str, Any]:
        return {
            "nonce": signed.nonce,
            "hash": signed.hash,
            "block": block,
            "block_hash": f"0x{block:064x}",
            "succeeded": 1,
            "paid": str(block * 10**9),
            "gas_used": 180_000,
        }

    ceiling = {"fee_ceiling": str(10**15), "intent": 1}
    due = [
        ("adopt", AT, {"nonce": 4, "why": "used by hand before"}),
        ("sign_slot", AT, {**of(one), **ceiling, "most": str(3 * 10**13), "seq": 0, "deadline": AT + 600}),
        ("told", AT + 1, {"nonce": 4, "hash": one.hash, "answers": "node-a=accepted node-b=known"}),
        ("mined", AT, taken(one, 104)),
        (
            "close_slot",
            AT,
            {"nonce": 4, "state": "settled", "paid": str(104 * 10**9), "effect": "5000000001 17 104"},
        ),
        ("seal", AT, {"nonce": 4}),
        (
            "sign_slot",
            AT,
            {**of(next_), **ceiling, "most": str(2 * 10**13), "seq": 1, "deadline": AT + 660},
        ),
        ("told", AT + 61, {"nonce": 5, "hash": next_.hash, "answers": "node-a=timeout"}),
        ("mined", AT, taken(next_, 131)),
        ("unmined", AT, {"nonce": 5, "why": "block 131 is another"}),
        ("sign_again", AT + 1, {**of(cancel), "most": str(4 * 10**13)}),
        (
            "measured",
            AT,
            {
                "protocol": "aave_v3",
                "action": "withdraw",
                "gas_used": 180_000,
                "tx_bytes": 140,
                "paid": str(10**12),
            },
        ),
    ]
    told = [row for row in found if row["event"] in {event for event, _, _ in due}]
    assert told == [{"event": event, "at": at, **facts} for event, at, facts in due]


CODES: list[tuple[str, str, Callable[[Store], object]]] = [
    ("transition", "does not begin as signed", lambda s: _begin(s, state="sent")),
    ("transition", "does not begin as signed", lambda s: _begin(s, mined=mined(attempt(6)))),
    (
        "transition",
        "does not begin as signed",
        lambda s: s.journal.sign_slot(slot(6, 1, 2), attempt(7), Wei(1)),
    ),
    ("transition", "is not signed for again", lambda s: s.journal.sign_again(attempt(4, 2), Wei(1))),
    ("attempt", "was signed before", lambda s: s.journal.sign_again(attempt(5), Wei(1))),
    ("attempt", "was not signed for nonce 5", lambda s: s.journal.mined(5, mined(attempt(4)))),
    ("transition", "is in no block to leave", lambda s: s.journal.unmined(5, "x")),
    ("transition", "cannot become reverted", lambda s: s.journal.close_slot(5, "reverted", None, None)),
    ("transition", "has no final block", lambda s: s.journal.seal(5)),
    ("transition", "nonce 77 has no slot", lambda s: s.journal.seal(77)),
    ("spend", "-1 wei", lambda s: s.journal.sign_again(attempt(5, 2), Wei(-1))),
    ("open_slot", "5", lambda s: s.journal.adopt(9, "x")),
    ("open_slot", "5", lambda s: s.journal.sign_slot(slot(6, 1, 2), attempt(6), Wei(1))),
]


def _begin(store: Store, **changes: Any) -> None:
    store.journal.sign_slot(dataclasses.replace(slot(6, 1, 2), **changes), attempt(6), Wei(1))


@pytest.mark.parametrize(("code", "word", "act"), CODES)
def test_each_refusal_has_its_code_and_says_what_it_is_about(
    store: Store, code: str, word: str, act: Callable[[Store], object]
) -> None:
    """A defect is told from a person's matter by its code."""
    write(store)
    with pytest.raises(MammonError, match=word) as caught:
        act(store)
    assert caught.value.code == code


@pytest.mark.parametrize("state", ["settled", "reverted", "soft_failed", "cancelled"])
@pytest.mark.parametrize("proven", [True, False])
def test_an_effect_belongs_to_what_is_settled_and_to_nothing_else(
    store: Store, state: Any, proven: bool
) -> None:
    """What did what it must has an effect that was proven; what did not, has none."""
    write(store)
    journal = store.journal
    journal.mined(5, mined(attempt(5), 140))
    if proven == (state == "settled"):
        journal.close_slot(5, state, Wei(7), effect(140) if proven else None)
        leg = journal.legs(1)[1]
        assert (leg.state, leg.effect) == (("done", effect(140)) if proven else ("waiting", None))
        assert journal.spend(5).paid == 7  # type: ignore[union-attr]
        return
    with pytest.raises(TransitionError, match="does not close as") as caught:
        journal.close_slot(5, state, Wei(7), effect(140) if proven else None)
    assert caught.value.code == "transition"


def test_a_leg_that_is_done_is_not_signed_for_again(store: Store) -> None:
    """Nor one of an intent that was closed: one act, one leg."""
    write(store)
    journal = store.journal
    journal.mined(5, mined(attempt(5), 140))
    journal.close_slot(5, "settled", Wei(7), effect(140))
    for intent, seq in ((1, 0), (1, 1), (2, 0)):
        with pytest.raises(TransitionError, match="or its intent is closed") as caught:
            journal.sign_slot(slot(6, intent, seq), attempt(6), Wei(1))
        assert caught.value.code == "transition"
    journal.sign_slot(slot(6, 1, 2), attempt(6), Wei(1))
    assert [(leg.state, leg.slots) for leg in journal.legs(1)] == [("done", 1), ("done", 1), ("open", 1)]


def test_a_higher_bid_reserves_the_dearest_that_was_signed(store: Store) -> None:
    """What may still be mined may still be paid; and the figures are numbers, not texts."""
    write(store)
    journal = store.journal
    journal.sign_again(attempt(5, 2), Wei(9 * 10**12))
    assert journal.spend(5).most == 4 * 10**13  # type: ignore[union-attr]
    journal.sign_again(attempt(5, 3), Wei(10**14))
    assert journal.spend(5).most == 10**14  # type: ignore[union-attr]
    assert len(journal.attempts(5)) == 4


def test_the_highest_time_seen_stays(store: Store) -> None:
    """The same and an earlier one change nothing; adopting what is next anyway writes nothing."""
    write(store)
    journal = store.journal
    before = rows(store)
    journal.saw(AT)
    journal.saw(AT - 1)
    assert journal.seen_at() == AT
    journal.saw(AT + 1)
    assert journal.seen_at() == AT + 1
    assert rows(store) == before
    assert begun(journal) == 1
