"""Faults of the venues: paused, full, drained, moved, changed, or failing without saying so.

Each happens in the first block after a moment, or in the block that would take in our nth broadcast:
after the plan was rehearsed, before it is carried out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from random import Random
from typing import Any, ClassVar

from mammon.core.numbers import Ray
from mammon.sim import addresses as at
from mammon.sim import crowd, processes
from mammon.sim.chance import PPM
from mammon.sim.contracts.machine import Contract, Frame
from mammon.sim.faults.fault import Fault
from mammon.sim.faults.sending import SEND
from mammon.sim.faults.stage import Endpoint, Stage

Json = Any
VENUES = (at.AAVE_POOL, at.FORK_POOL, at.STEAKHOUSE, at.GAUNTLET, at.PLAIN)


class Intervened(Fault):
    """A change of the chain's state, from a block on; undone when the faults end."""

    def __init__(self, draw: Random) -> None:
        super().__init__(draw)
        self.nth = draw.choice((0, 1, 1, 2, 2, 3, 3))
        """With which of our broadcasts it comes; 0: at `from_s`."""
        self.from_s = draw.randrange(0, 420)
        self.for_s = draw.choice((20, 120, 400, 10_000))
        self._sends = 0
        self._began: float | None = None
        self._undone = False

    def answer(
        self, endpoint: Endpoint, method: str, params: Sequence[Json], proceed: Callable[[], Json]
    ) -> Json:
        """Come with the nth broadcast."""
        if method == SEND:
            self._sends += 1
            if self.nth and self._sends == self.nth:
                self._start()
        return proceed()

    def tick(self) -> None:
        """Come at the moment, and go again."""
        now = self.stage.elapsed_s
        if self._began is None and not self.nth and now >= self.from_s:
            self._start()
        if self._began is not None and now >= self._began + self.for_s:
            self.end()

    def end(self) -> None:
        """Undo it in the next block."""
        if self._began is not None and not self._undone:
            self._undone = True
            self._soon(self.undo)

    def _start(self) -> None:
        if self._began is None:
            self._began = self.stage.elapsed_s
            self.stage.trace(f"  {self.name}")
            self._soon(self.change)

    def _soon(self, change: Callable[[Frame], None]) -> None:
        self.stage.chain.intervene(self.stage.chain.head + 1, change)

    def change(self, frame: Frame) -> None:
        """Change the state."""
        raise NotImplementedError

    def undo(self, frame: Frame) -> None:
        """Change it back: nothing, where the crowd does so by itself."""


class Switched(Intervened):
    """A switch that somebody turns."""

    def __init__(self, draw: Random) -> None:
        super().__init__(draw)
        self.key = draw.choice(self.keys())

    def keys(self) -> tuple[tuple[str, ...], ...]:
        """Return the slots to choose from."""
        raise NotImplementedError

    def change(self, frame: Frame) -> None:
        """Turn it on."""
        frame.storage.put(self.key, True)

    def undo(self, frame: Frame) -> None:
        """Turn it off."""
        frame.storage.put(self.key, False)


class Paused(Switched):
    """A venue is paused or frozen."""

    name = "venue_paused"

    def keys(self) -> tuple[tuple[str, ...], ...]:
        """Return the switches of the venues."""
        pools = tuple((pool, flag) for pool in (at.AAVE_POOL, at.FORK_POOL) for flag in ("paused", "frozen"))
        return (*pools, (at.PLAIN, "paused"))


class AssetPaused(Switched):
    """The asset itself is paused, or our account blocked by its issuer."""

    name = "asset_paused"

    def __init__(self, draw: Random) -> None:
        super().__init__(draw)
        self._blocks = draw.random() < 0.3

    def begin(self, stage: Stage) -> None:
        """Find out whom to block."""
        super().begin(stage)
        if self._blocks:
            self.key = (at.USDC, "blocked", stage.world.wallet)

    def keys(self) -> tuple[tuple[str, ...], ...]:
        """Return the asset's switch."""
        return ((at.USDC, "paused"),)


class Filled(Intervened):
    """The crowd fills a venue to its cap."""

    name = "cap_filled"

    def __init__(self, draw: Random) -> None:
        super().__init__(draw)
        self.pool = draw.choice(("aave-v3", "aave-fork"))

    def change(self, frame: Frame) -> None:
        """Supply up to the cap."""
        pool, _ = self.stage.chain.deployed.pools[self.pool]
        reserve = pool.reserve(frame)
        room = reserve.room_at(pool.terms.supply_cap * 10**6, frame.timestamp)
        owned = pool.worth(pool.scaled(frame, at.CROWD), reserve.index_at(frame.timestamp))
        crowd.move_reserve(frame, pool, owned + (room or 0), 700_000)


class Drained(Intervened):
    """Borrowers take what a venue has; a part of our money at most can leave."""

    name = "liquidity_drained"

    def __init__(self, draw: Random) -> None:
        super().__init__(draw)
        self.pool = draw.choice(("aave-v3", "aave-v3", "aave-fork"))
        self.left = draw.choice((0, 0, 3_000_000_000))
        """Base units that can still leave."""

    def change(self, frame: Frame) -> None:
        """Borrow all but `left`."""
        pool, _ = self.stage.chain.deployed.pools[self.pool]
        reserve = pool.reserve(frame).accrued(frame.timestamp)
        owned = pool.worth(pool.scaled(frame, at.CROWD), reserve.liquidity_index)
        total = owned + pool.worth(
            reserve.scaled_supply - pool.scaled(frame, at.CROWD), reserve.liquidity_index
        )
        # In a squeeze the level counts our money as well.
        crowd.move_reserve(frame, pool, owned, max(0, total - self.left) * PPM // max(1, total))


class RateMoved(Intervened):
    """The crowd changes what a venue pays."""

    name = "rate_moved"

    def __init__(self, draw: Random) -> None:
        super().__init__(draw)
        self.pool = draw.choice(("aave-v3", "aave-fork"))
        self.level = draw.choice((100_000, 950_000))

    def change(self, frame: Frame) -> None:
        """Borrow or repay."""
        pool, _ = self.stage.chain.deployed.pools[self.pool]
        reserve = pool.reserve(frame)
        owned = pool.worth(pool.scaled(frame, at.CROWD), reserve.index_at(frame.timestamp))
        crowd.move_reserve(frame, pool, owned, self.level)


class Loss(Intervened):
    """A venue loses money: what we have in it is worth less than a moment ago."""

    name = "venue_loss"

    def __init__(self, draw: Random) -> None:
        super().__init__(draw)
        self.nth = draw.choice((0, 1, 1, 1, 2))
        self.bps = draw.choice((1, 50))

    def change(self, frame: Frame) -> None:
        """Cut what a claim on the pools is worth, and the plain vault's holdings."""
        deployed, kept = self.stage.chain.deployed, 10_000 - self.bps
        for pool, _ in deployed.pools.values():
            reserve = pool.reserve(frame).accrued(frame.timestamp)
            index = Ray(reserve.liquidity_index * kept // 10_000)
            frame.storage.put(pool.key("reserve"), replace(reserve, liquidity_index=index))
        lost = deployed.usdc.balance(frame, at.PLAIN) * self.bps // 10_000
        deployed.usdc.move(frame, at.PLAIN, at.CROWD, lost)


class StalePrice(Intervened):
    """A price feed stops, or shows the asset off its peg."""

    name = "price_feed_stale"

    def __init__(self, draw: Random) -> None:
        super().__init__(draw)
        self.feed, self.answer_1e8 = draw.choice(
            ((at.ETH_USD, 300_000_000_000), (at.USDC_USD, 100_000_000), (at.USDC_USD, 97_000_000))
        )

    def change(self, frame: Frame) -> None:
        """Answer with a round of days ago."""
        then = processes.OPENING - 5 * 86_400
        frame.storage.put((self.feed, "round"), (1 << 64, self.answer_1e8, then, then, 1 << 64))

    def undo(self, frame: Frame) -> None:
        """Go on."""
        frame.storage.put((self.feed, "round"), None)


class CodeChanged(Intervened):
    """A venue's code or implementation is another."""

    name = "code_changed"

    def __init__(self, draw: Random) -> None:
        super().__init__(draw)
        self.venue = draw.choice((at.AAVE_POOL, at.FORK_POOL, at.STEAKHOUSE, at.PLAIN, at.USDC))

    def change(self, frame: Frame) -> None:
        """Put other bytes there."""
        frame.storage.put((self.venue, "code"), b"\xfe upgraded")

    def undo(self, frame: Frame) -> None:
        """Put the former bytes back."""
        contract = self.stage.chain.contracts[self.venue]
        plain = contract.inner if isinstance(contract, Soft) else contract
        frame.storage.put((self.venue, "code"), b"\xfe" + type(plain).__name__.encode())


class Soft(Contract):
    """A venue that answers an error code where it should revert: success in the receipt, and no effect."""

    selectors: ClassVar[frozenset[bytes]] = frozenset(
        bytes.fromhex(selector) for selector in ("617ba037", "69328dec", "6e553f65", "b460af94", "ba087652")
    )

    def __init__(self, inner: Contract) -> None:
        super().__init__(inner.address)
        self.inner = inner

    def call(self, frame: Frame, data: bytes) -> bytes:
        """Do nothing while it is soft."""
        if data[:4] in self.selectors and frame.storage.get(self.key("soft")):
            return (9).to_bytes(32, "big")
        return self.inner.call(frame, data)

    def gas(self, data: bytes) -> int:
        """Cost the same."""
        return self.inner.gas(data)


class SoftFailure(Intervened):
    """The venues begin to fail without reverting."""

    name = "error_without_revert"

    def begin(self, stage: Stage) -> None:
        """Put switchable venues in the place of the others."""
        super().begin(stage)
        for venue in VENUES:
            inner = stage.chain.contracts[venue]
            if not isinstance(inner, Soft):
                stage.chain.contracts[venue] = _named(inner)

    def change(self, frame: Frame) -> None:
        """Turn them soft."""
        for venue in VENUES:
            frame.storage.put((venue, "soft"), True)

    def undo(self, frame: Frame) -> None:
        """Turn them back."""
        for venue in VENUES:
            frame.storage.put((venue, "soft"), False)


def _named(inner: Contract) -> Soft:
    """Return the wrapper under the name of what it wraps: endpoints tell code by the class's name."""
    kind: type[Soft] = type(type(inner).__name__, (Soft,), {})
    return kind(inner)
