"""Laws of the alarm: a stuck process is gone by its budget, a healthy one never notices."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import pytest

from mammon.ops.alarm import GRACE_S, alarm

STUCK = {
    "a loop that swallows everything": (
        "while True:\n  try:\n    while True: pass\n  except BaseException: continue"
    ),
    "a sleep": "time.sleep(60)",
    "C code that holds the interpreter": "pow(7, 10**9)",
}


@pytest.mark.parametrize("how", STUCK)
def test_a_stuck_process_is_ended_by_the_kernel(how: str) -> None:
    """However it is stuck, it is gone after budget and grace, killed by SIGALRM."""
    body = "\n".join("  " + line for line in STUCK[how].split("\n"))
    code = f"import time, mammon.ops.alarm as a\na.GRACE_S = 0\nwith a.alarm(0.3):\n{body}"
    began = time.monotonic()
    ended = subprocess.run([sys.executable, "-c", code], timeout=30, check=False)
    assert ended.returncode == -signal.SIGALRM
    assert time.monotonic() - began < 10


def test_a_block_that_ends_leaves_no_alarm() -> None:
    """Afterwards nothing counts."""
    with alarm(10):
        assert 10 < signal.getitimer(signal.ITIMER_REAL)[0] <= 10 + GRACE_S
    assert signal.getitimer(signal.ITIMER_REAL)[0] == 0


def test_an_outer_alarm_goes_on_counting() -> None:
    """A nearer outer alarm is never pushed back, and is there again afterwards."""
    with alarm(20):
        with alarm(100):
            assert signal.getitimer(signal.ITIMER_REAL)[0] <= 20 + GRACE_S
        assert 10 < signal.getitimer(signal.ITIMER_REAL)[0] <= 20 + GRACE_S
