"""The alarm: the kernel ends a process that is stuck, whatever Python is doing.

A deadline inside the program is asked about; this one is not. SIGALRM is left at its default action,
which no handler, no `except` and no lock can delay. State is safe at any instruction, so a killed
process is a restart, not a loss.
"""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Callable, Iterator

GRACE_S = 5
"""How long past its budget an operation may take to end by itself."""


_renewals: list[Callable[[], None]] = []


def renew() -> None:
    """Begin the innermost alarm's budget anew: something was done. Without an alarm, do nothing."""
    if _renewals:
        _renewals[-1]()


@contextlib.contextmanager
def alarm(budget_s: float) -> Iterator[None]:
    """End the process (SIGALRM, exit 142) unless the block ends within its budget and the grace.

    `renew` begins the budget anew. An alarm set before goes on counting, and comes first if it is nearer.
    """
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    began = time.monotonic()
    outer_s = signal.getitimer(signal.ITIMER_REAL)[0]
    inner_s = budget_s + GRACE_S

    def set_() -> None:
        left_s = outer_s - (time.monotonic() - began)
        signal.setitimer(signal.ITIMER_REAL, max(min(left_s, inner_s), 0.001) if outer_s else inner_s)

    set_()
    _renewals.append(set_)
    try:
        yield
    finally:
        _renewals.remove(set_)
        left_s = outer_s - (time.monotonic() - began)
        signal.setitimer(signal.ITIMER_REAL, max(left_s, 0.001) if outer_s else 0)
