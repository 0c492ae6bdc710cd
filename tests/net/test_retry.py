"""One retry policy: few attempts, growing pauses, never past the deadline, only for what may pass."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mammon.errors import OutsideError, TransientError
from mammon.net.deadline import Deadline
from mammon.net.retry import LONGEST_PAUSE_S, pause_s, retried


class Clock:
    """Time that moves only by sleeping."""

    def __init__(self) -> None:
        self.now = 0.0
        self.pauses: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds


class Work:
    """Fails with each given error in turn, then succeeds."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.calls = 0

    def __call__(self) -> str:
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return "done"


def run(work: Work, clock: Clock, seconds: float = 60, attempts: int = 3) -> str:
    deadline = Deadline(seconds, clock.monotonic)
    return retried(work, deadline, attempts=attempts, sleep=clock.sleep, jitter=lambda: 0.5)


def transient(retry_after_s: float = 0.0) -> TransientError:
    return TransientError("closed", "broken", retry_after_s=retry_after_s)


def test_success_needs_no_pause_and_no_library() -> None:
    """The first attempt is made at once; the retry library is imported only after a failure."""
    clock = Clock()
    assert run(Work(), clock) == "done"
    assert clock.pauses == []
    script = (
        "import sys; from mammon.net.deadline import Deadline; from mammon.net.retry import retried; "
        "print(retried(lambda: 7, Deadline(1)), 'tenacity' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["7", "False"]


def test_pauses_grow_between_attempts() -> None:
    """Two failures are followed by a third attempt, each pause twice the one before."""
    clock, work = Clock(), Work(transient(), transient())
    assert run(work, clock) == "done"
    assert clock.pauses == pytest.approx([0.075, 0.15])


def test_the_last_failure_is_raised_after_the_last_attempt() -> None:
    """Three attempts, no more; the error is the last one's own."""
    last = transient()
    clock, work = Clock(), Work(transient(), transient(), last, transient())
    with pytest.raises(TransientError) as caught:
        run(work, clock)
    assert caught.value is last
    assert work.calls == 3


@pytest.mark.parametrize("error", [OutsideError("http_401", "no"), ValueError("bug")])
def test_what_will_not_pass_is_not_retried(error: Exception) -> None:
    """A refusal or a bug is raised at once, on the first attempt and on a later one."""
    first = Work(error)
    with pytest.raises(type(error)):
        run(first, Clock())
    later = Work(transient(), error)
    with pytest.raises(type(error)):
        run(later, Clock())
    assert (first.calls, later.calls) == (1, 2)


def test_one_attempt_means_one() -> None:
    """Retries can be turned off."""
    work = Work(transient())
    with pytest.raises(TransientError):
        run(work, Clock(), attempts=1)
    assert work.calls == 1


def test_what_the_server_asks_is_honoured_within_the_budget() -> None:
    """`Retry-After` is waited for when it fits (field notes, row 12) ..."""
    clock = Clock()
    assert run(Work(transient(5.0)), clock) == "done"
    assert clock.pauses == [5.0]


def test_a_pause_that_outlasts_the_deadline_is_not_begun() -> None:
    """... and when it does not, the failure is raised at once, with nothing slept away."""
    clock, work = Clock(), Work(transient(60.0))
    with pytest.raises(TransientError):
        run(work, clock, seconds=30)
    assert (clock.pauses, work.calls) == ([], 1)


@given(st.integers(1, 40), st.floats(0, 1, exclude_max=True), st.floats(0, 60))
def test_a_pause_is_bounded(attempt: int, jitter: float, asked: float) -> None:
    """No pause is shorter than asked, nor longer than the longer of 2 s and what was asked."""
    pause = pause_s(attempt, transient(asked), jitter)
    assert max(asked, 0.05) <= pause <= max(asked, LONGEST_PAUSE_S)
