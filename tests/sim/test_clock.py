"""Time in the simulated world: it moves by sleeping and by nothing else."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from mammon.core.ports import Clock
from mammon.sim.processes import OPENING, OPENING_BLOCK
from tests.sim.lab import Lab


def test_only_sleeping_moves_time() -> None:
    """However much is asked, the clock stands still until somebody waits."""
    lab = Lab()
    clock: Clock = lab.clock
    assert (clock.now(), clock.monotonic()) == (OPENING, 0.0)
    for _ in range(5):
        lab.state("aave-v3")
    assert (clock.now(), clock.monotonic(), lab.chain.head) == (OPENING, 0.0, OPENING_BLOCK)
    clock.sleep(3)
    assert (clock.now(), clock.monotonic(), lab.chain.head) == (OPENING + 3, 3.0, OPENING_BLOCK + 1)
    clock.sleep(-5)
    clock.sleep(0)
    assert clock.now() == OPENING + 3


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(min_value=0, max_value=100), max_size=20))
def test_short_waits_add_up(waits: list[float]) -> None:
    """Polls shorter than a block are not lost: the head follows the sum, and is at most 2 s old."""
    lab = Lab()
    for wait in waits:
        lab.clock.sleep(wait)
    assert abs(lab.clock.monotonic() - sum(waits)) < 0.001
    assert lab.chain.head == OPENING_BLOCK + int(lab.clock.monotonic() // 2)
    assert 0 <= lab.clock.now() - int(lab.ask("eth_getBlockByNumber", "latest", False)["timestamp"], 16) < 2
