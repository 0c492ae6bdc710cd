"""Laws of the drill: a round trip leaves what was there, and whatever it did not get back is said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mammon.core.numbers import Units
from mammon.engine.drill import Drilled, drill
from mammon.errors import DeadlinePassedError
from mammon.sim import addresses as at
from tests.chain_acting.desk import MARKETS, Desk
from tests.chain_acting.homeward import SLUGS, USD, Dead, commanded, everywhere, spread, world_of


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "world")


def round_trip(desk: Desk, slug: str, amount: int = USD, **options: Any) -> Drilled:
    """Drill one venue."""
    carrier = commanded(desk, exiting=False, **options)
    return drill(world_of(desk), carrier, MARKETS[slug], Units(amount))


def code(done: Drilled) -> str:
    """Return why a drill failed."""
    assert not done.passed
    assert done.problem is not None
    return done.problem.code


@pytest.mark.parametrize("slug", SLUGS)
def test_every_venue_gives_back_what_it_took(slug: str, desk: Desk) -> None:
    """To rounding, which is counted; nothing is held or allowed; three transactions, two intents."""
    had = everywhere(desk)
    done = round_trip(desk, slug)
    assert (done.passed, done.entered, done.allowance) == (True, USD, 0)
    assert done.lost == max(0, USD - done.brought) <= 2
    assert len(done.transactions) == 3
    assert desk.held(slug) == 0
    assert everywhere(desk) == had - USD + done.brought
    assert [(one.kind, one.state) for one in desk.journal.intents()] == [("drill", "done")] * 2


@pytest.mark.parametrize("slug", SLUGS)
def test_what_was_held_before_stays(slug: str, desk: Desk) -> None:
    """Only what went in comes back."""
    spread(desk, slug, each=2_000 * USD)
    before = desk.held(slug)
    done = round_trip(desk, slug)
    assert done.passed
    assert (done.entered, done.brought) == (USD, USD)
    assert desk.held(slug) >= before - 2


def test_a_venue_that_refuses_fails_and_nothing_moves(desk: Desk) -> None:
    """The rehearsal says so before anything is signed."""
    desk.world.chain.intervene(
        desk.world.chain.head + 1, lambda frame: frame.storage.put((at.AAVE_POOL, "paused"), True)
    )
    desk.clock.sleep(2)
    done = round_trip(desk, "aave-v3")
    assert code(done) == "rehearsal_failed"
    assert (done.entered, desk.journal.next_nonce()) == (0, 0)


def test_a_venue_that_keeps_it_is_named_with_the_way_home(desk: Desk) -> None:
    """What went in and did not come back is said to be there."""
    real = desk.journal.close_slot

    def pausing(nonce: int, *rest: Any) -> None:
        real(nonce, *rest)
        if nonce == 1:
            desk.world.chain.intervene(
                desk.world.chain.head + 1, lambda frame: frame.storage.put((at.AAVE_POOL, "paused"), True)
            )
            desk.clock.sleep(2)

    desk.journal.close_slot = pausing  # type: ignore[method-assign]
    done = round_trip(desk, "aave-v3")
    assert code(done) == "rehearsal_failed"
    assert (done.entered, done.brought) == (USD, 0)
    assert done.problem is not None
    assert "are in aave-v3" in done.problem.message
    assert "exit-all" in done.problem.hint


def test_a_venue_that_cannot_be_read_is_not_entered(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unknown is not nothing."""
    monkeypatch.setitem(desk.world.chain.contracts, MARKETS["plain-vault"].id.address, Dead())
    assert not round_trip(desk, "plain-vault").passed
    assert desk.journal.next_nonce() == 0


def test_without_the_money_or_the_room_nothing_is_begun(desk: Desk) -> None:
    """A trip that could not come back within the hour's count does not start."""
    assert code(round_trip(desk, "aave-v3", 20_000 * USD)) == "idle"
    for slug in SLUGS[:4]:
        assert round_trip(desk, slug).passed
    used = desk.journal.next_nonce()
    assert code(round_trip(desk, "plain-vault")) == "hourly"
    assert desk.journal.next_nonce() == used


@pytest.mark.parametrize("stop", ["pause", "reduce", "halt", "emergency", "kill_switch"])
def test_every_stop_holds_a_drill(stop: str, desk: Desk) -> None:
    """A drill deposits."""
    desk.stops.append(stop)
    assert code(round_trip(desk, "aave-v3")) == stop
    assert desk.journal.next_nonce() == 0


def test_an_acknowledgement_is_asked_for(desk: Desk) -> None:
    """It is no way home."""
    assert code(round_trip(desk, "aave-v3", forbidden="not_acknowledged")) == "forbidden"


class Lying:
    """A carrier that says what it is told to, over a real one."""

    def __init__(self, real: Any, **lies: Any) -> None:
        self._real, self._lies = real, lies

    def __getattr__(self, name: str) -> Any:
        return self._lies.get(name, getattr(self._real, name))


def test_an_allowance_that_is_left_fails_it(desk: Desk) -> None:
    """Also where every unit came back."""
    carrier = Lying(commanded(desk, exiting=False), allowance=lambda slug: Units(1))
    done = drill(world_of(desk), carrier, MARKETS["aave-v3"], Units(USD))
    assert (code(done), done.brought >= USD - 2) == ("allowance", True)


def test_units_that_went_missing_fail_it(desk: Desk) -> None:
    """More than rounding may explain, on the way in or back, and what stays behind."""
    import dataclasses

    for field, by, found in (("entered", 3, "entered"), ("left", 900_000, "lost")):
        real = commanded(desk, exiting=False)

        def less(kind: Any, plan: Any, *rest: Any, real: Any = real, field: str = field, by: int = by) -> Any:
            made = real.carry(kind, plan, *rest)
            wanted = (plan.source == "idle") is (field == "entered")
            return dataclasses.replace(made, **{field: getattr(made, field) - by}) if wanted else made

        done = drill(world_of(desk), Lying(real, carry=less), MARKETS["aave-fork"], Units(USD))
        assert code(done) == found


def test_what_is_not_credited_or_stays_behind_fails_it(desk: Desk) -> None:
    """A carrier that does not go in, or not out, is found out by reading back."""
    from mammon.core.numbers import Wei
    from mammon.core.plan import Outcome

    real = commanded(desk, exiting=False)

    def idle(kind: Any, plan: Any, *rest: Any) -> Outcome:
        return Outcome(plan.source, plan.target, plan.amount, plan.amount, Wei(0), ())

    done = drill(world_of(desk), Lying(real, carry=idle), MARKETS["aave-v3"], Units(USD))
    assert code(done) == "not_credited"

    def staying(kind: Any, plan: Any, *rest: Any) -> Outcome:
        return real.carry(kind, plan, *rest) if plan.source == "idle" else idle(kind, plan)

    done = drill(world_of(desk), Lying(real, carry=staying), MARKETS["aave-v3"], Units(USD))
    assert code(done) == "left"


def test_the_commands_own_deadline_ends_it(desk: Desk) -> None:
    """That is no venue's failure."""

    def late(*arguments: Any) -> Any:
        raise DeadlinePassedError("deadline", "over")

    carrier = Lying(commanded(desk, exiting=False), carry=late)
    with pytest.raises(DeadlinePassedError):
        drill(world_of(desk), carrier, MARKETS["aave-v3"], Units(USD))


def test_a_drill_that_was_killed_is_put_down(desk: Desk) -> None:
    """Between approval and deposit: nothing goes in later, and the venue may take nothing."""

    class DiedError(BaseException):
        pass

    real = desk.journal.close_slot

    def die(nonce: int, *rest: Any) -> None:
        real(nonce, *rest)
        raise DiedError

    desk.journal.close_slot = die  # type: ignore[method-assign]
    with pytest.raises(DiedError):
        round_trip(desk, "aave-v3")
    desk.restart()
    desk.legs.recover()
    assert desk.held("aave-v3") == 0
    assert desk.purse.effects.allowance(MARKETS["aave-v3"].spender, None, desk.soon()) == 0
    assert desk.journal.open_intents() == ()
