"""Laws of money that flees into a haven: an exit to limits and counts, an entry to stops and gates."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from mammon.chain.authorise import Order
from mammon.cli.ledgers import StateWindows
from mammon.core.decide import Decision
from mammon.core.numbers import Units
from mammon.core.types import Call, FailedExit
from mammon.errors import PersonNeededError, RefusedError
from tests.chain_acting.desk import MARKETS, Desk

USD = 10**6
WHOLE = 10_000 * USD


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    found = Desk(tmp_path / "world")
    found.legs.execute(found.decision("idle", "aave-v3"))
    return found


def fleeing(desk: Desk, amount: int | None = None) -> Decision:
    """Return a decision that brings money from the one venue into another, out of a danger."""
    return dataclasses.replace(desk.decision("aave-v3", "plain-vault", amount), action="exit")


def test_it_is_an_exit_in_the_journal_and_lands_in_the_haven(desk: Desk) -> None:
    """Three legs, every amount measured, no allowance left."""
    outcome = desk.legs.execute(fleeing(desk))
    assert desk.journal.intents()[-1].kind == "exit"
    assert (outcome.target, desk.held("aave-v3")) == ("plain-vault", 0)
    assert desk.held("plain-vault") >= outcome.entered - 2 >= WHOLE - 4
    assert desk.purse.effects.allowance(MARKETS["plain-vault"].spender, None, desk.soon()) == 0


def test_the_hours_count_does_not_hold_it_back(desk: Desk) -> None:
    """The same plan as a move is held back by what went before; as an exit it is carried out."""
    ceilings = dataclasses.replace(desk.purse.ceilings, per_hour=1)
    desk.sender.purse = dataclasses.replace(desk.purse, ceilings=ceilings)
    with pytest.raises(RefusedError, match="in the last hour"):
        desk.legs.execute(desk.decision("aave-v3", "plain-vault"))
    desk.clock.sleep(2)
    assert desk.legs.execute(fleeing(desk)).entered >= WHOLE - 2


def test_the_haven_is_judged_anew_before_it_is_entered(desk: Desk) -> None:
    """What shut since the decision is not entered: the money is in the wallet, and said to be there."""
    asked: list[bool] = []
    desk.legs.enter = lambda _plan, _amount, flees: asked.append(flees) or "frozen"  # type: ignore[func-returns-value]
    with pytest.raises(RefusedError, match="idle in the wallet") as caught:
        desk.legs.execute(fleeing(desk))
    assert (caught.value.code, asked) == ("frozen", [True])
    assert desk.idle >= WHOLE - 2
    assert desk.held("plain-vault") == 0


def test_a_move_is_judged_as_a_move(desk: Desk) -> None:
    """Only what flees is asked less."""
    asked: list[bool] = []
    desk.legs.enter = lambda _plan, _amount, flees: asked.append(flees) or ""  # type: ignore[func-returns-value]
    desk.legs.execute(desk.decision("aave-v3", "plain-vault"))
    assert asked == [False]


def test_a_pause_lets_it_out_and_not_in(desk: Desk) -> None:
    """What leaves is an exit to the stops, what enters a deposit: set in between, a pause ends it at home."""
    desk.stops.append("pause")
    with pytest.raises(PersonNeededError, match=r"pause is in force: no deposit; .* idle in the wallet"):
        desk.legs.execute(fleeing(desk))
    assert desk.idle >= WHOLE - 2


@pytest.mark.parametrize(
    ("action", "act"), [("withdraw", "exit_home"), ("approve", "deposit"), ("deposit", "deposit")]
)
def test_what_each_leg_is_to_the_stops(action: str, act: str) -> None:
    """Only the leg that leaves is a way home."""
    order = Order(
        "exit", action, MARKETS["plain-vault"], Call(MARKETS["plain-vault"].id.address, b""), Units(1)
    )  # type: ignore[arg-type]
    assert order.act == act


def test_ways_that_failed_are_remembered(desk: Desk) -> None:
    """From the journal, so across restarts; a way that worked ends the row; a day later it is forgotten."""

    def failed() -> tuple[FailedExit, ...]:
        return StateWindows(desk.store)(desk.snapshot).failed_exits

    assert failed() == ()
    for times in (1, 2):
        with pytest.raises(RefusedError, match="would fail"):
            desk.legs.execute(fleeing(desk, WHOLE + 10 * USD + times))
        desk.clock.sleep(10)
        desk.restart()
        (one,) = failed()
        assert (one.slug, one.times) == ("aave-v3", times)
    desk.clock.sleep(86_400)
    assert failed() == ()
    with pytest.raises(RefusedError, match="would fail"):
        desk.legs.execute(fleeing(desk, 2 * WHOLE))
    assert [one.times for one in failed()] == [1]
    desk.clock.sleep(10)
    desk.legs.execute(fleeing(desk, WHOLE // 2))
    assert failed() == ()
