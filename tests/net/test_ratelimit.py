"""A token bucket never lets through more than its rate and its burst."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mammon.net.ratelimit import TokenBucket


def test_a_burst_passes_and_the_next_waits() -> None:
    """A full bucket gives its burst at once, then one token per interval."""
    now = [0.0]
    bucket = TokenBucket(2, 3, lambda: now[0])
    assert [bucket.take(1, 10) for _ in range(5)] == pytest.approx([0, 0, 0, 0.5, 1.0])
    now[0] = 100
    assert [bucket.take(1, 10) for _ in range(4)] == pytest.approx([0, 0, 0, 0.5])


def test_a_wait_too_long_takes_nothing() -> None:
    """Who cannot wait leaves the bucket as it was; a batch larger than the burst is lent."""
    bucket = TokenBucket(1, 2, lambda: 0.0)
    assert bucket.take(5, 2.9) is None
    assert bucket.take(5, 3.0) == pytest.approx(3.0)
    assert bucket.take(1, 3.9) is None


@pytest.mark.parametrize(("rate", "burst"), [(0, 1), (-1, 1), (1, 0)])
def test_a_bucket_without_tokens_is_refused(rate: float, burst: float) -> None:
    """A rate of nothing would wait for ever."""
    with pytest.raises(ValueError):
        TokenBucket(rate, burst)


@given(st.lists(st.tuples(st.floats(0, 5), st.integers(1, 4)), max_size=40))
def test_no_window_passes_more_than_rate_and_burst(steps: list[tuple[float, int]]) -> None:
    """Whatever the demand, tokens used up to any moment are at most burst + rate * time."""
    now = [0.0]
    bucket = TokenBucket(3, 5, lambda: now[0])
    used: list[tuple[float, int]] = []
    for pause, tokens in steps:
        now[0] += pause
        wait = bucket.take(tokens, 1.0)
        if wait is not None:
            used.append((now[0] + wait, tokens))
    for moment, _ in used:
        assert sum(tokens for at, tokens in used if at <= moment) <= 5 + 3 * moment + 1e-6
