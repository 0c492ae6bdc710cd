"""A deadline is one amount of time, however many share it."""

from __future__ import annotations

import pytest

from mammon.errors import DeadlinePassedError
from mammon.net.deadline import Deadline


class Ticks:
    """A clock that moves when told."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_deadline_counts_down_and_then_refuses() -> None:
    """What is left shrinks with the clock; when it is gone, `require` names what was begun too late."""
    clock = Ticks()
    deadline = Deadline(5, clock)
    clock.now += 2
    assert deadline.remaining() == pytest.approx(3)
    assert deadline.require("a read") == pytest.approx(3)
    clock.now += 3
    with pytest.raises(DeadlinePassedError, match="a read"):
        deadline.require("a read")


def test_a_share_ends_with_itself_or_with_its_parent() -> None:
    """A share takes no time from outside its parent, and shares of shares neither."""
    clock = Ticks()
    whole = Deadline(5, clock)
    share, longer = whole.sub(2), whole.sub(60)
    half = share.sub(1)
    assert (share.remaining(), longer.remaining(), half.remaining()) == pytest.approx((2, 5, 1))
    clock.now += 1.5
    assert half.remaining() < 0 < share.require("this")
    clock.now += 1
    assert whole.remaining() == pytest.approx(2.5)
    for spent in (share, half, half.sub(10)):
        with pytest.raises(DeadlinePassedError):
            spent.require("this")
