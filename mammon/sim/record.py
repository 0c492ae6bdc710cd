"""What has to be kept of a simulated world to have it again."""

from __future__ import annotations

from dataclasses import dataclass

from mammon.core.numbers import Units
from mammon.sim.crises import Crisis
from mammon.sim.genesis import CAPITAL


@dataclass(frozen=True, slots=True)
class Recording:
    """A world's seed, how far its time has come, and what was sent to it.

    Everything else follows: `SimWorld.rebuild` gives the same blocks, mempool included.
    """

    seed: int
    height: int
    """Number of the latest block."""
    transactions: tuple[tuple[int, bytes], ...] = ()
    """(number of the latest block when it was accepted, raw transaction), in order of arrival."""
    capital: Units = CAPITAL
    """What the wallet held when the world began."""
    full: bool = False
    """Whether the world has a venue of every kind."""
    crisis: Crisis = "none"
    """What befalls it."""
