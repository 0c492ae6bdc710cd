"""Laws of the loop: start to start, never overlapping, and a failed cycle is not the end."""

from __future__ import annotations

import pytest

from mammon.engine.loop import Pace, loop
from mammon.errors import MammonError, OutsideError


class Clock:
    """Time that passes only when somebody sleeps or works."""

    def __init__(self) -> None:
        self.time = 0.0
        self.slept: list[float] = []

    def now(self) -> int:
        return int(self.time)

    def monotonic(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds


def ran(
    pace: Pace, *work_s: float, failing: frozenset[int] = frozenset()
) -> tuple[list[float], list[str], Clock]:
    """Run a loop whose cycles take `work_s` seconds (the last repeats); return starts and failures."""
    clock, starts, failures = Clock(), list[float](), list[str]()

    def once(number: int) -> None:
        starts.append(clock.time)
        clock.time += work_s[min(number, len(work_s)) - 1]
        if number in failing:
            raise OutsideError("rpc", f"cycle {number}")

    def failed(_number: int, error: MammonError) -> None:
        failures.append(error.message)

    loop(once, failed, clock, pace)
    return starts, failures, clock


def test_intervals_run_from_start_to_start() -> None:
    """The time a cycle takes is part of its interval."""
    assert ran(Pace(60, cycles=3), 10)[0] == [0, 60, 120]


def test_a_late_cycle_makes_the_next_start_at_once_and_only_once() -> None:
    """Cycles never overlap and never pile up: what was missed is not caught up."""
    assert ran(Pace(60, cycles=4), 200, 10)[0] == [0, 200, 260, 320]


def test_nothing_is_waited_for_after_the_last_cycle() -> None:
    """A counted loop ends with its last cycle, not an interval later."""
    assert ran(Pace(60, cycles=2), 10)[2].slept == [50]


def test_a_failed_cycle_is_reported_and_the_loop_goes_on() -> None:
    """F4: a failure costs its own cycle."""
    starts, failures, _ = ran(Pace(60, cycles=4), 1, failing=frozenset({2, 3}))
    assert (len(starts), failures) == (4, ["cycle 2", "cycle 3"])


def test_a_duration_ends_before_a_cycle_that_would_start_too_late() -> None:
    """No cycle starts at or after the duration, and none is waited for."""
    starts, _, clock = ran(Pace(60, duration_s=180), 1)
    assert starts == [0, 60, 120]
    assert clock.time == 121


def test_whichever_comes_first_ends_it() -> None:
    """A count and a duration together: the shorter one."""
    assert len(ran(Pace(60, duration_s=180, cycles=2), 1)[0]) == 2
    assert len(ran(Pace(60, duration_s=60, cycles=9), 1)[0]) == 1


def test_a_bug_is_not_swallowed() -> None:
    """Only failures with a code are a cycle's own; anything else ends the loop."""

    def once(_number: int) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        loop(once, lambda *_: None, Clock(), Pace(1, cycles=2))
