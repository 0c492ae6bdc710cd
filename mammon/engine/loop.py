"""The loop: cycles at an interval until a count, a duration or a signal ends it.

Intervals run from start to start and never overlap: a late cycle makes the next one start at once,
not twice. A cycle that fails is reported and the loop goes on. Who is in a hurry makes the next one come
sooner, never later.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mammon.core.ports import Clock
from mammon.errors import MammonError


@dataclass(frozen=True, slots=True)
class Pace:
    """How often and how long; at least one cycle. None means without end."""

    interval_s: int
    duration_s: int | None = None
    cycles: int | None = None


def loop(
    once: Callable[[int], None],
    failed: Callable[[int, MammonError], None],
    clock: Clock,
    pace: Pace,
    within_s: Callable[[], int | None] = lambda: None,
    rest: Callable[[float], None] | None = None,
) -> int:
    """Run `once(number)` from 1 on; hand a failure to `failed`; return how many cycles were started.

    `within_s` is asked after each: the time from its start within which the next should start, or None.
    `rest` waits so many seconds at most, and may end the wait sooner; else the clock sleeps.
    Ends after `cycles` cycles, or when the next one would start `duration_s` or more after the first.
    """
    began = clock.monotonic()
    number = 0
    while True:
        number += 1
        started = clock.monotonic()
        try:
            once(number)
        except MammonError as error:
            failed(number, error)
        if pace.cycles is not None and number >= pace.cycles:
            break
        sooner = within_s()
        interval_s = pace.interval_s if sooner is None else min(sooner, pace.interval_s)
        wait = max(0.0, started + interval_s - clock.monotonic())
        if pace.duration_s is not None and clock.monotonic() + wait - began >= pace.duration_s:
            break
        (rest or clock.sleep)(wait)
    return number
