"""The one retry policy: three attempts, jittered exponential back-off, inside one deadline.

Only a `TransientError` is tried again. The library that runs the attempts is imported after the
first failure: it costs as much as starting Python, and nearly every first attempt succeeds.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from mammon.errors import TransientError
from mammon.net.deadline import TimeLeft

if TYPE_CHECKING:
    from tenacity import RetryCallState

T = TypeVar("T")

ATTEMPTS = 3
FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 2.0


def chance() -> float:
    """Return a number in [0, 1) for a pause's jitter; loaded only where there is a pause."""
    from random import random

    return random()  # noqa: S311  # spreads load, keeps no secret


def retried(
    work: Callable[[], T],
    deadline: TimeLeft,
    *,
    attempts: int = ATTEMPTS,
    sleep: Callable[[float], None] = time.sleep,
    jitter: Callable[[], float] = chance,
) -> T:
    """Return what `work` returns, trying again after a `TransientError` while the deadline allows.

    The pause before attempt n+1 lies between half of and the whole of 0.1 s * 2**(n-1), at most 2 s,
    and is never shorter than what the other side asked for. A pause that would outlast the deadline
    is not begun: the last failure is raised at once.
    """
    try:
        return work()
    except TransientError as error:
        if attempts <= 1:
            raise
        failures = [error]

    def again() -> T:
        # The library's first attempt repeats what already happened; its pause then comes first.
        if failures:
            raise failures.pop()
        return work()

    return _attempts(again, deadline, attempts, sleep, jitter)


def pause_s(attempt: int, error: TransientError, jitter: float) -> float:
    """Return the seconds to wait after failed attempt `attempt` (1, 2, …); `jitter` in [0, 1)."""
    full = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** (attempt - 1))
    return max(full * (0.5 + jitter / 2), error.retry_after_s)


def _attempts(
    work: Callable[[], T],
    deadline: TimeLeft,
    attempts: int,
    sleep: Callable[[float], None],
    jitter: Callable[[], float],
) -> T:
    from tenacity import Retrying, retry_if_exception_type, stop_after_attempt

    def wait(state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        return pause_s(state.attempt_number, error, jitter()) if isinstance(error, TransientError) else 0.0

    def out_of_time(state: RetryCallState) -> bool:
        return state.upcoming_sleep >= deadline.remaining()

    policy = Retrying(
        retry=retry_if_exception_type(TransientError),
        wait=wait,
        stop=lambda state: stop_after_attempt(attempts)(state) or out_of_time(state),
        sleep=sleep,
        reraise=True,
    )
    return policy(work)
