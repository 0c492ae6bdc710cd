"""Laws of the end of a watch: what closes a slot and as what, and what is learnt from it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mammon.core.costs import SIGNATURE_BYTES
from mammon.core.numbers import Units
from mammon.core.txstate import Effect
from mammon.errors import MalformedError, MammonError, OutsideError, PersonNeededError, RefusedError
from tests.chain_acting.desk import Desk
from tests.chain_acting.test_bids import bid
from tests.chain_acting.test_follow import WHOLE, states
from tests.chain_acting.watching import stuck_desk, watched

USD = 10**6


@pytest.fixture
def stuck(tmp_path: Path) -> Desk:
    return stuck_desk(tmp_path)


@pytest.fixture
def included(stuck: Desk) -> Desk:
    """Return a desk whose transaction is taken by the next block."""
    stuck.world.chain.includes = True
    return stuck


def proving(desk: Desk, answer: Callable[[], Effect | None]) -> list[int]:
    """Have effects proven so from here on; note at which block time each was asked for."""
    asked: list[int] = []

    def proven(*arguments: Any) -> Effect | None:
        asked.append(desk.journal.seen_at())
        return answer()

    desk.purse.effects.proven = proven  # type: ignore[assignment, method-assign]
    return asked


def raising(error: MammonError) -> Callable[[], Effect | None]:
    def answer() -> Effect | None:
        raise error

    return answer


@pytest.mark.parametrize(
    "error",
    [OutsideError("unread", "no", "again"), MalformedError("header", "nonsense")],
    ids=["silent", "odd"],
)
def test_what_cannot_be_read_is_looked_at_again(included: Desk, error: MammonError) -> None:
    """Unread is not "nothing happened": the slot stays open until somebody can tell."""
    real = included.purse.effects.proven
    asked = proving(included, raising(error))
    left = watched(included, 300)
    assert left is not None
    assert left.code == "unresolved"
    assert len(asked) > 1
    assert included.emergencies == []
    assert states(included) == ["mined"]
    included.purse.effects.proven = real  # type: ignore[method-assign]
    assert watched(included, 1_800) is None
    assert states(included) == ["settled"]


def test_a_contradiction_that_lasts_calls_a_person(included: Desk) -> None:
    """Another endpoint is asked each time; at five minutes of it, and no second before, all is stopped."""
    asked = proving(included, raising(PersonNeededError("contradiction", "events and balances", "look")))
    distrusted: list[str] = []
    included.rpc.distrust = distrusted.append  # type: ignore[assignment, method-assign]
    error = watched(included, 1_800)
    assert isinstance(error, PersonNeededError)
    assert (error.code, error.message) == ("contradiction", "events and balances")
    assert included.emergencies == [("contradiction", "events and balances")]
    assert asked[-1] - asked[0] == 300
    assert set(distrusted) == {"events and balances"}
    assert len(distrusted) == len(asked) - 1
    assert states(included) == ["mined"]


def test_one_that_passes_is_forgotten(included: Desk) -> None:
    """A contradiction at one look and none at the next stops nothing."""
    real, told = included.purse.effects.proven, [PersonNeededError("contradiction", "odd", "look")]

    def proven(*arguments: Any) -> Effect | None:
        if told:
            raise told.pop()
        return real(*arguments)

    included.purse.effects.proven = proven  # type: ignore[assignment, method-assign]
    assert watched(included, 1_800) is None
    assert (included.emergencies, states(included)) == ([], ["settled"])


def test_a_success_without_an_effect_is_a_soft_failure(included: Desk) -> None:
    """It is paid for and closed, its leg waits, and nothing is learnt of what such a call costs."""
    proving(included, lambda: None)
    measured: list[Any] = []
    included.journal.measured = lambda *figures: measured.append(figures)  # type: ignore[method-assign]
    assert watched(included, 1_800) is None
    assert states(included) == ["soft_failed"]
    (intent,) = included.journal.open_intents()
    assert included.journal.legs(intent.id)[0].state == "waiting"
    assert measured == []
    (mined,) = [one.mined for one in included.journal.unsealed()]
    assert mined is not None
    assert included.journal.spent(0) == mined.paid


def test_a_revert_is_closed_as_one(included: Desk) -> None:
    """What it cost is known; no effect is asked for."""
    asked = proving(included, lambda: Effect(Units(1), Units(1), 1))
    real = included.nodes[0].methods["eth_getTransactionReceipt"]
    included.nodes[0].methods["eth_getTransactionReceipt"] = lambda params: _reverted(real(params))
    assert watched(included, 1_800) is None
    assert (states(included), asked) == (["reverted"], [])
    (mined,) = [one.mined for one in included.journal.unsealed()]
    assert mined is not None
    assert included.journal.spent(0) == mined.paid


def _reverted(receipt: Any) -> Any:
    return receipt and {**receipt, "status": "0x0", "logs": []}


def test_what_calls_cost_is_learnt_by_protocol_and_form(tmp_path: Path) -> None:
    """Approvals are the token's; withdrawing all is a form of its own; its bytes are those signed."""
    desk = Desk(tmp_path / "world")
    learnt: list[Any] = []
    real = desk.journal.measured

    def measured(*figures: Any) -> None:
        learnt.append(figures)
        real(*figures)

    desk.journal.measured = measured  # type: ignore[assignment, method-assign]
    desk.legs.execute(desk.decision("idle", "aave-v3"))
    desk.legs.execute(desk.decision("aave-v3", "plain-vault", 500 * USD))
    desk.legs.execute(desk.decision("plain-vault", "aave-v3"))
    assert [figures[:2] for figures in learnt] == [
        ("erc20", "approve"),
        ("aave_v3", "deposit"),
        ("aave_v3", "withdraw"),
        ("erc20", "approve"),
        ("erc4626", "deposit"),
        ("erc4626", "withdraw_all"),
        ("erc20", "approve"),
        ("aave_v3", "deposit"),
    ]
    for nonce, (_, _, gas, size, paid) in enumerate(learnt):
        (attempt,) = desk.journal.attempts(nonce)
        mined = next(one.mined for one in desk.journal.unsealed() if one.nonce == nonce)
        assert mined is not None
        assert (gas, size, paid) == (mined.gas_used, len(attempt.raw) - SIGNATURE_BYTES, mined.paid)


def test_nothing_is_learnt_from_a_revocation(tmp_path: Path) -> None:
    """It is no step of a plan whose cost is estimated, and would blur what an approval costs."""
    desk = Desk(tmp_path / "world")
    learnt: list[Any] = []
    close = desk.journal.close_slot

    def closed(*arguments: Any) -> None:
        close(*arguments)
        desk.clock.sleep(desk.purse.patience.intent_s)  # too late for a deposit: the allowance is taken back
        desk.journal.saw(desk.clock.now())

    desk.journal.close_slot = closed  # type: ignore[assignment, method-assign]
    desk.journal.measured = lambda *figures: learnt.append(figures[:2])  # type: ignore[method-assign]
    with pytest.raises(RefusedError, match="late"):
        desk.legs.execute(desk.decision("idle", "aave-v3"))
    assert states(desk) == ["settled", "settled"]
    assert [leg.step.action for intent in (1, 2) for leg in desk.journal.legs(intent) if leg.slots] == [
        "approve",
        "revoke",
    ]
    assert learnt == [("erc20", "approve")]


def test_the_cancellation_that_was_mined_is_what_counts(stuck: Desk) -> None:
    """By the hash that is in the block: of two attempts the one that came through says what happened."""
    bid(stuck, "act")
    bid(stuck, "cancel")
    stuck.world.chain.includes = True
    assert watched(stuck, 1_800) is None
    assert states(stuck) == ["cancelled"]
    assert stuck.idle == WHOLE
