"""One total time for one operation, shared by everything it calls.

A timeout per read is outlived by a server that sends a byte at a time; a deadline is not, because
each wait is given only what is left.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

from mammon.errors import DeadlinePassedError


class TimeLeft(Protocol):
    """What `net` asks of a deadline."""

    def remaining(self) -> float:
        """Return the seconds left; zero or less when it has passed."""
        ...

    def require(self, what: str) -> float:
        """Return the seconds left; raise `DeadlinePassedError` naming `what` when none are."""
        ...


class Deadline:
    """Count down `seconds` from now on a clock that never steps back."""

    __slots__ = ("_end", "_monotonic")

    def __init__(self, seconds: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._end = monotonic() + seconds

    def remaining(self) -> float:
        """Return the seconds left; zero or less when it has passed."""
        return self._end - self._monotonic()

    def require(self, what: str) -> float:
        """Return the seconds left; raise `DeadlinePassedError` naming `what` when none are."""
        return require(self, what)

    def sub(self, seconds: float) -> Slice:
        """Return a share of this deadline: ends after `seconds`, or with its parent if that is sooner."""
        return Slice(self, seconds)


class Slice:
    """A share of another deadline, counted on the parent's own clock."""

    __slots__ = ("_parent", "_reserved")

    def __init__(self, parent: TimeLeft, seconds: float) -> None:
        self._parent = parent
        self._reserved = max(0.0, parent.remaining() - seconds)

    def remaining(self) -> float:
        """Return the seconds left; zero or less when it has passed."""
        return self._parent.remaining() - self._reserved

    def require(self, what: str) -> float:
        """Return the seconds left; raise `DeadlinePassedError` naming `what` when none are."""
        return require(self, what)

    def sub(self, seconds: float) -> Slice:
        """Return a share of this share."""
        return Slice(self, seconds)


def require(deadline: TimeLeft, what: str) -> float:
    """Return the seconds left of `deadline`; raise `DeadlinePassedError` naming `what` when none are."""
    left = deadline.remaining()
    if left <= 0:
        raise DeadlinePassedError(
            "deadline", f"{what}: the time allowed ran out", "raise the deadline or retry"
        )
    return left
