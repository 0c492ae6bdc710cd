"""The clock of a command that has a deadline: no wait outlasts it."""

from __future__ import annotations

from mammon.core.ports import Clock, Deadline
from mammon.errors import DeadlinePassedError


class PatientClock:
    """The machine's clock, whose waits end with the command's deadline."""

    def __init__(self, clock: Clock, deadline: Deadline) -> None:
        self._clock, self._deadline = clock, deadline

    def now(self) -> int:
        """Return unix seconds, UTC."""
        return self._clock.now()

    def monotonic(self) -> float:
        """Return seconds on a clock that never steps back."""
        return self._clock.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait. Raises `DeadlinePassedError` at the deadline when the wait would outlast it."""
        left = max(0.0, self._deadline.remaining())
        self._clock.sleep(min(seconds, left))
        if seconds >= left:
            raise DeadlinePassedError("deadline", "the time allowed to the command ran out", "allow it more")
