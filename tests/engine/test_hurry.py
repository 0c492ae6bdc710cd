"""Laws of hurry: the next look comes soon while money should leave, at its time otherwise, and bounded."""

from __future__ import annotations

import dataclasses

from mammon.core.decide import Decision, decide
from mammon.core.policy import Policy
from mammon.engine.hurry import LOOKS, Hurry
from mammon.engine.loop import Pace, loop
from mammon.errors import OutsideError
from tests.core.build import NOW, portfolio, position, snapshot
from tests.core.test_danger import CALM, HELD, HOME
from tests.core.test_escape import LOST
from tests.engine.test_loop import Clock

BLOCK_S = 2


def decision(liquid: int, like: object = LOST, policy: Policy | None = None) -> Decision:
    venue = dataclasses.replace(like, withdrawable=liquid)  # type: ignore[type-var]
    held = portfolio(0, position(HOME, HELD))
    return decide(snapshot(venue, **CALM), held, policy or Policy(), NOW)


def test_without_danger_there_is_no_hurry() -> None:
    """Before the first decision, in a sound venue, and where danger is only told of: the interval it is."""
    hurry = Hurry(BLOCK_S)
    assert hurry.within_s() is None
    for calm in (decision(100 * HELD, HOME), decision(0, policy=Policy(on_danger="alert"))):
        hurry.decided(calm)
        assert hurry.within_s() is None


def test_it_looks_at_every_block_and_slows_down() -> None:
    """Where nothing leaves the time between looks doubles; where something leaves it begins anew."""
    hurry, waits = Hurry(BLOCK_S), []
    for _ in range(3 * LOOKS):
        hurry.decided(decision(0))
        waits.append(hurry.within_s())
    assert waits == [BLOCK_S] * LOOKS + [2 * BLOCK_S] * LOOKS + [4 * BLOCK_S] * LOOKS
    hurry.decided(decision(HELD))
    assert hurry.within_s() == BLOCK_S


def test_a_look_that_fails_counts_as_one() -> None:
    """An endpoint that is gone is not asked at every block for ever."""
    hurry = Hurry(BLOCK_S)
    hurry.decided(decision(0))
    waits = [hurry.within_s() for _ in range(40 * LOOKS)]
    assert waits[LOOKS] == 2 * BLOCK_S
    assert waits[-1] == waits[25 * LOOKS] == BLOCK_S << 20


def test_the_end_of_the_danger_ends_the_hurry() -> None:
    """And a new danger begins with every block again."""
    hurry = Hurry(BLOCK_S)
    for seen in (decision(0),) * (LOOKS + 1):
        hurry.decided(seen)
        hurry.within_s()
    hurry.decided(decision(100 * HELD, HOME))
    assert hurry.within_s() is None
    hurry.decided(decision(0))
    assert hurry.within_s() == BLOCK_S


def looped(interval_s: int, within: int | None, failing: bool = False) -> list[float]:
    """Return when three cycles of a loop start."""
    clock, starts = Clock(), list[float]()

    def once(_number: int) -> None:
        starts.append(clock.time)
        if failing:
            raise OutsideError("rpc", "nothing")

    loop(once, lambda _number, _error: None, clock, Pace(interval_s, cycles=3), lambda: within)
    return starts


def test_the_loop_comes_back_sooner_and_never_later() -> None:
    """A hurry shortens the interval, also after a cycle that failed; it never makes it longer."""
    assert looped(300, 2) == [0, 2, 4]
    assert looped(300, 2, failing=True) == [0, 2, 4]
    assert looped(300, None) == looped(300, 10_000) == [0, 300, 600]
