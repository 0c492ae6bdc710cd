"""Laws of the sentry: it looks while the loop waits, ends the wait for what is new, never makes it longer."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from mammon.core.lookout import Watched
from mammon.core.types import Snapshot
from mammon.engine.loop import Pace, loop
from mammon.engine.sentry import CLOSE_LOOKS, Beat, Sentry
from mammon.errors import MammonError, OutsideError, UsageError
from tests.core.build import portfolio
from tests.core.test_danger import HELD
from tests.core.test_lookout import HOME, liquid, look, watched
from tests.engine.test_loop import Clock

CALM, DRY = look(), look(liquid(60 * HELD))
BEFORE = watched(liquid(152 * HELD))


class Eyes:
    """Shows one snapshot after the other, the last for ever; an error is raised."""

    def __init__(self, clock: Clock, *shown: Snapshot | MammonError, took_s: float = 0) -> None:
        self.clock, self.shown, self.took_s = clock, list(shown), took_s
        self.at: list[float] = []
        self.slugs: list[Sequence[str]] = []

    def __call__(self, slugs: Sequence[str]) -> Snapshot:
        self.at.append(self.clock.time)
        self.slugs.append(slugs)
        self.clock.time += self.took_s
        seen = self.shown.pop(0) if len(self.shown) > 1 else self.shown[0]
        if isinstance(seen, MammonError):
            raise seen
        return seen


def rested(
    wait_s: float,
    *shown: Snapshot | MammonError,
    before: Watched | None = BEFORE,
    every_s: int = 10,
    took_s: float = 0,
) -> tuple[float, Eyes, list[str]]:
    """Return when a wait ended, what was looked at, and what was told."""
    clock, told = Clock(), list[str]()
    eyes = Eyes(clock, *shown, took_s=took_s)
    sentry = Sentry(eyes, clock, Beat(every_s, 2), told.append)
    sentry.watch(before)
    sentry.rest(wait_s)
    return clock.time, eyes, told


def test_it_looks_at_what_is_held_and_waits_to_the_end() -> None:
    """Every ten seconds, at the venues with money alone; nothing new, nothing told."""
    ended, eyes, told = rested(45, look(liquid(152 * HELD)))
    assert (ended, eyes.at, told) == (45, [10, 20, 30, 40], [])
    assert {tuple(slugs) for slugs in eyes.slugs} == {("home",)}


def test_what_is_new_ends_the_wait() -> None:
    """At the look that saw it, and it is said what it was."""
    ended, eyes, told = rested(300, look(liquid(152 * HELD)), DRY)
    assert (ended, eyes.at) == (20, [10, 20])
    assert told == ["seen between cycles, decided now: home: liquidity_sinks"]


@pytest.mark.parametrize(("before", "every_s"), [(None, 10), (BEFORE, 0), (watched(held=portfolio(0)), 10)])
def test_without_anything_to_watch_it_only_waits(before: Watched | None, every_s: int) -> None:
    """After a cycle that failed, switched off, or with no money anywhere."""
    ended, eyes, _ = rested(300, DRY, before=before, every_s=every_s)
    assert (ended, eyes.at) == (300, [])


def test_a_look_that_fails_is_told_once_and_ends_nothing() -> None:
    """Each time anew after one that went well; other failures are not swallowed."""
    down = OutsideError("rpc", "nobody answers")
    calm = look(liquid(152 * HELD))
    ended, eyes, told = rested(65, down, down, calm, down, down, calm)
    assert (ended, len(eyes.at)) == (65, 6)
    assert told == ["between cycles nothing could be seen: nobody answers"] * 2
    with pytest.raises(UsageError):
        rested(65, UsageError("deadline", "the time is up"))


def test_a_slow_look_makes_no_wait_longer() -> None:
    """But for itself: what is left after it is waited for, and no more."""
    ended, eyes, _ = rested(25, look(liquid(152 * HELD)), took_s=12)
    assert (ended, eyes.at) == (25, [10])
    ended, eyes, _ = rested(25, look(liquid(152 * HELD)), took_s=30)
    assert (ended, eyes.at) == (40, [10])


def test_after_an_alarm_it_looks_at_every_block_for_a_while() -> None:
    """One fall says little, the next one a lot: so it must not come ten seconds later."""
    clock = Clock()
    eyes = Eyes(clock, DRY, look(liquid(152 * HELD)))
    sentry = Sentry(eyes, clock, Beat(10, 2), lambda _: None)
    sentry.watch(BEFORE)
    sentry.rest(300)
    assert clock.time == 10
    sentry.rest(300)
    gaps = [round(b - a) for a, b in zip(eyes.at, eyes.at[1:], strict=False)]
    assert gaps[:CLOSE_LOOKS] == [2] * CLOSE_LOOKS
    assert set(gaps[CLOSE_LOOKS:]) == {10}
    assert clock.time == 310


def test_the_loop_begins_its_next_cycle_then() -> None:
    """A wait that ends sooner starts the cycle sooner; count and duration stay what they are."""
    clock, starts = Clock(), list[float]()
    sentry = Sentry(Eyes(clock, DRY, look(liquid(152 * HELD))), clock, Beat(10, 2), lambda _: None)

    def once(_number: int) -> None:
        starts.append(clock.time)
        sentry.watch(BEFORE)

    loop(once, lambda _number, _error: None, clock, Pace(300, cycles=3), rest=sentry.rest)
    assert starts == [0, 10, 310]


def test_home_is_where_the_tests_have_money() -> None:
    """The fixtures stand for what they say."""
    assert BEFORE.amounts == {HOME.market.slug: HELD}
