"""One simulated world: a chain, its wallet and its time."""

from __future__ import annotations

from mammon.core.numbers import Units
from mammon.core.types import Address, Hash32
from mammon.sim.chain import Chain
from mammon.sim.crises import Crisis, befall
from mammon.sim.deployment import deployment
from mammon.sim.genesis import CAPITAL, genesis
from mammon.sim.processes import BLOCK_S, OPENING, OPENING_BLOCK
from mammon.sim.record import Recording
from mammon.sim.wallet import wallet_address

_MICROSECONDS = 1_000_000


class SimWorld:
    """The world of one seed. Its time moves only by `advance`."""

    def __init__(
        self, seed: int, capital: Units = CAPITAL, *, full: bool = False, crisis: Crisis = "none"
    ) -> None:
        """Open the world; `full` has a venue of every kind."""
        self.seed, self.capital, self.full, self.crisis = seed, capital, full, crisis
        self.wallet: Address = wallet_address(seed)
        deployed = deployment(full)
        self.chain = Chain(seed, deployed, genesis(deployed, self.wallet, capital))
        self.chain.advance_to(OPENING_BLOCK)
        befall(self.chain, crisis)
        self._elapsed_us = 0
        self._sent: list[tuple[int, bytes]] = []

    @classmethod
    def rebuild(cls, recording: Recording) -> SimWorld:
        """Return the world a recording was taken from, block for block."""
        world = cls(recording.seed, recording.capital, full=recording.full, crisis=recording.crisis)
        for height, raw in recording.transactions:
            world.chain.advance_to(height)
            world.submit(raw)
        world.chain.advance_to(recording.height)
        world._elapsed_us = (world.chain.head - OPENING_BLOCK) * BLOCK_S * _MICROSECONDS
        return world

    def recording(self) -> Recording:
        """Return what `rebuild` needs; time since the latest block is not part of it."""
        sent = tuple(self._sent)
        return Recording(self.seed, self.chain.head, sent, self.capital, self.full, self.crisis)

    def submit(self, raw: bytes) -> Hash32:
        """Send a raw transaction. Raises `PoolRefusalError`."""
        accepted = self.chain.submit(raw)
        self._sent.append((self.chain.head, raw))
        return accepted

    def advance(self, seconds: float) -> None:
        """Let time pass and blocks be mined."""
        self._elapsed_us += max(0, round(seconds * _MICROSECONDS))
        self.chain.advance_to(OPENING_BLOCK + self._elapsed_us // (BLOCK_S * _MICROSECONDS))

    @property
    def time(self) -> int:
        """The time in unix seconds."""
        return OPENING + self._elapsed_us // _MICROSECONDS

    @property
    def elapsed(self) -> float:
        """Seconds since the world opened."""
        return self._elapsed_us / _MICROSECONDS
