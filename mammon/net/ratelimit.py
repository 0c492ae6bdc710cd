"""A token bucket: how fast one endpoint may be asked."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class TokenBucket:
    """Let `per_second` tokens through on average, and `burst` at once after a pause."""

    def __init__(
        self, per_second: float, burst: float, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        if per_second <= 0 or burst < 1:
            raise ValueError("a bucket needs a positive rate and a burst of at least 1")
        self._per_second = per_second
        self._burst = burst
        self._monotonic = monotonic
        self._tokens = burst
        self._seen = monotonic()
        self._lock = threading.Lock()

    def take(self, tokens: float, at_most_s: float) -> float | None:
        """Take `tokens` and return the seconds to wait before using them; None, taking nothing, when
        that is longer than `at_most_s`. More than a burst is lent and waited for.
        """
        with self._lock:
            now = self._monotonic()
            filled = self._tokens + max(0.0, now - self._seen) * self._per_second
            self._tokens, self._seen = min(self._burst, filled), now
            wait_s = max(0.0, (tokens - self._tokens) / self._per_second)
            if wait_s > at_most_s:
                return None
            self._tokens -= tokens
            return wait_s
