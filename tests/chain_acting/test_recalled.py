"""Laws of money that comes home by a decision: an exit to stops and limits, and in the books when done."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from mammon.chain.follow import Follower
from mammon.core.decide import Decision, identity
from mammon.core.numbers import Units
from mammon.core.plan import IDLE, Plan
from mammon.errors import OutsideError, PersonNeededError
from tests.chain_acting.desk import Desk

USD = 10**6
WHOLE = 10_000 * USD


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    found = Desk(tmp_path / "world")
    found.legs.execute(found.decision(IDLE, "aave-v3"))
    return found


def homeward(desk: Desk, amount: int) -> Decision:
    """Return a decision that brings so much home."""
    found = desk.decision("aave-v3", "aave-fork", amount)
    assert found.plan is not None
    step = found.plan.steps[0]
    return dataclasses.replace(found, plan=Plan("aave-v3", IDLE, Units(amount), (step,)))


def test_it_is_one_transaction_and_lands_in_the_wallet(desk: Desk) -> None:
    """The money is idle, nothing was deposited, and the journal calls it an exit."""
    outcome = desk.legs.execute(homeward(desk, 3_000 * USD))
    assert (outcome.left, outcome.entered, desk.idle) == (3_000 * USD, 0, 3_000 * USD)
    assert len(outcome.transactions) == 1
    assert desk.journal.intents()[-1].kind == "exit"


@pytest.mark.parametrize("stop", ["pause", "reduce"])
def test_what_lets_money_come_home_lets_it_come(stop: str, desk: Desk) -> None:
    """A pause holds back deposits, not what falls due."""
    desk.stops.append(stop)
    desk.legs.execute(homeward(desk, 3_000 * USD))
    assert desk.idle == 3_000 * USD


@pytest.mark.parametrize("stop", ["halt", "emergency", "kill_switch"])
def test_what_waits_for_a_person_waits(stop: str, desk: Desk) -> None:
    """A decision is no command: these stops let money home only when somebody says so."""
    decision = homeward(desk, 3_000 * USD)
    desk.stops.append(stop)
    with pytest.raises(PersonNeededError):
        desk.legs.execute(decision)
    assert desk.idle == 0


def test_what_was_begun_is_finished_and_told(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed while it was on its way: the next start settles it and gives it to the books."""
    decision = homeward(desk, 3_000 * USD)
    with monkeypatch.context() as patch:
        patch.setattr(Follower, "follow", _dies)
        with pytest.raises(OutsideError, match="killed"):
            desk.legs.execute(decision)
    desk.restart()
    desk.clock.sleep(60)
    (finished,) = desk.legs.recover()
    assert (finished.decision, finished.outcome.target) == (identity(decision), IDLE)
    assert finished.outcome.left == desk.idle == 3_000 * USD
    assert "finished what was begun: 3,000.00 USDC from aave-v3 to idle" in desk.notes


def _dies(self: Follower, errand: object) -> None:
    raise OutsideError("killed", "killed", "")
