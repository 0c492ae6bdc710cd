"""The clock of a simulated world: waiting is what makes its time pass."""

from __future__ import annotations

from mammon.sim.world import SimWorld


class SimClock:
    """Tell a world's time, and move it by sleeping: the `Clock` port of the simulated world."""

    def __init__(self, world: SimWorld) -> None:
        self._world = world

    def now(self) -> int:
        """Return the time in unix seconds: at most two seconds after the latest block."""
        return self._world.time

    def monotonic(self) -> float:
        """Return seconds since the world opened."""
        return self._world.elapsed

    def sleep(self, seconds: float) -> None:
        """Let the time pass; the blocks that fall into it are mined."""
        self._world.advance(seconds)
