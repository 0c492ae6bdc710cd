"""Single steps of the journal: from every state that they may begin in, and the codes of refusals."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mammon.core.numbers import Wei
from mammon.core.txstate import TransitionError
from mammon.state.store import Store
from tests.state.journals import AT, attempt, begun, effect, mined, slot


@pytest.fixture
def signed(store: Store) -> Store:
    """Return a state with one slot that is signed and that nobody was told of."""
    store.journal.saw(AT)
    store.journal.adopt(4, "used by hand before")
    intent = begun(store.journal)
    store.journal.sign_slot(slot(4, intent, 0), attempt(4), Wei(9))
    return store


def test_what_nobody_was_told_of_may_be_signed_again(signed: Store) -> None:
    """A process that died before it told anybody bids like any other; its slot stays `signed`."""
    signed.journal.sign_again(attempt(4, 1), Wei(12))
    assert [one.hash for one in signed.journal.attempts(4)] == [attempt(4).hash, attempt(4, 1).hash]
    found = signed.journal.slot(4)
    assert found is not None
    assert found.state == "signed"
    assert signed.journal.spent(0) == 12


def test_a_transaction_may_cost_nothing(signed: Store) -> None:
    """Zero is what a chain without fees charges; less is no cost at all."""
    signed.journal.told(4, attempt(4).hash, (("node-a", "taken"),), AT + 1)
    signed.journal.mined(4, mined(attempt(4)))
    signed.journal.close_slot(4, "settled", Wei(0), effect())
    assert signed.journal.spent(0) == 0


CODES: list[tuple[Callable[[Store], object], str]] = [
    (lambda s: s.journal.sign_slot(slot(5, 1, 1), attempt(6), Wei(1)), "transition"),
    (lambda s: s.journal.sign_again(attempt(4), Wei(1)), "attempt"),
    (lambda s: s.journal.sign_again(attempt(4, 1), Wei(-1)), "spend"),
    (lambda s: s.journal.told(4, attempt(5).hash, (("node-a", "taken"),), AT), "attempt"),
    (lambda s: s.journal.mined(4, mined(attempt(5))), "attempt"),
    (lambda s: s.journal.mined(77, mined(attempt(77))), "transition"),
    (lambda s: s.journal.unmined(4, "gone"), "transition"),
    (lambda s: s.journal.close_slot(4, "reverted", None, None), "transition"),
    (lambda s: s.journal.close_slot(4, "mined", None, None), "transition"),
    (lambda s: s.journal.seal(4), "transition"),
]


@pytest.mark.parametrize(("act", "code"), CODES, ids=[f"{at}-{code}" for at, (_, code) in enumerate(CODES)])
def test_what_is_not_allowed_has_its_code(signed: Store, act: Callable[[Store], object], code: str) -> None:
    """A defect is told by what it is about: a step, an attempt, or a cost."""
    with pytest.raises(TransitionError) as caught:
        act(signed)
    assert caught.value.code == code


def test_a_leg_that_does_not_wait_is_not_signed_for(signed: Store) -> None:
    """Nor one of an intent that is closed: both by the code of a step that is not allowed."""
    journal = signed.journal
    journal.mined(4, mined(attempt(4)))
    journal.close_slot(4, "settled", Wei(1), effect())
    with pytest.raises(TransitionError) as caught:
        journal.sign_slot(slot(5, 1, 0), attempt(5), Wei(1))
    assert caught.value.code == "transition"
    journal.close_intent(1, "parked", "late")
    with pytest.raises(TransitionError) as caught:
        journal.sign_slot(slot(5, 1, 1), attempt(5), Wei(1))
    assert caught.value.code == "transition"
    assert journal.next_nonce() == 5


def test_what_is_still_open_has_no_final_block(signed: Store) -> None:
    """A slot in a block that nobody has judged yet is not sealed, however deep that block is."""
    signed.journal.mined(4, mined(attempt(4)))
    with pytest.raises(TransitionError):
        signed.journal.seal(4)
    assert not signed.journal.is_final(4)
    signed.journal.close_slot(4, "settled", Wei(1), effect())
    signed.journal.seal(4)
    assert signed.journal.is_final(4)
