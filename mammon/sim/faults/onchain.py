"""Faults of the chain itself: reorganisations, dear blocks, blocks that take nothing in, our key used."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any, ClassVar

from mammon.core.abi import encode_call
from mammon.core.numbers import Wei
from mammon.core.transaction import Unsigned
from mammon.core.types import Address
from mammon.sim.addresses import CHAIN_ID, CROWD
from mammon.sim.execution import Mined, Pooled
from mammon.sim.faults.fault import Fault, Timed
from mammon.sim.faults.sending import resubmit
from mammon.sim.faults.stage import Endpoint, Stage
from mammon.sim.mempool import PoolRefusalError
from mammon.sim.node import SAFE_LAG
from mammon.sim.wallet import SimSigner

Json = Any
_TRANSFER = bytes.fromhex("a9059cbb")  # transfer(address,uint256)


class Reorganised(Fault):
    """A transaction of ours is mined, and the last blocks are replaced: once, some blocks after it."""

    name = "reorg_drops_ours"
    depths: ClassVar[tuple[int, ...]] = (1, 1, 2, 3)

    def __init__(self, draw: Random) -> None:
        super().__init__(draw)
        self.depth = draw.choice(self.depths)
        self.nth = draw.randrange(1, 4)
        self._hit: set[str] = set()
        self._done = False

    def tick(self) -> None:
        """Replace the blocks as soon as the nth transaction of ours is so deep."""
        chain, owner = self.stage.chain, self.stage.world.wallet
        ours = [mined for mined in chain.mined.values() if mined.transaction.sender == owner]
        self._hit.update(mined.transaction.hash for mined in ours)
        deep = [mined for mined in ours if chain.head - mined.number + 1 == self._depth_now()]
        if self._done or len(self._hit) < self.nth or not deep:
            return
        self._done = True
        dropped = chain.reorganise(self._depth_now())
        self.stage.trace(f"  {self.name}: {len(dropped)} dropped")
        self.after(dropped)

    def after(self, dropped: Sequence[Pooled]) -> None:
        """Do something with what was dropped: nothing."""

    def _depth_now(self) -> int:
        return self.depth


class Reincluded(Reorganised):
    """The same, and what was dropped comes back in another block."""

    name = "reorg_moves_ours"

    def __init__(self, draw: Random) -> None:
        super().__init__(draw)
        self.later = draw.choice((0, 0, 1, 5))
        self._due: list[tuple[int, bytes]] = []

    def after(self, dropped: Sequence[Pooled]) -> None:
        """Have it come back."""
        self._due = [(self.stage.chain.head + self.later, entry.raw) for entry in dropped]

    def tick(self) -> None:
        """Bring back what is due."""
        super().tick()
        head = self.stage.chain.head
        for due, raw in self._due:
            if due <= head:
                resubmit(self, raw)
        self._due = [entry for entry in self._due if entry[0] > head]

    def end(self) -> None:
        """Bring the rest back."""
        for _, raw in self._due:
            resubmit(self, raw)


class DeepReorganised(Reorganised):
    """A reorganisation past the safe block: it cannot be, and must not go unnoticed."""

    name = "reorg_past_safe"
    halts = frozenset(
        {
            "settled_undone",
            "endpoints_disagree",
            "contradiction",
            "external",
            "foreign_nonce",
            "nonce_back",
            "unexplained_decrease",
        }
    )
    depths = (SAFE_LAG + 3, SAFE_LAG + 20, SAFE_LAG + 90)


class Stopped(Timed):
    """Blocks come, and take nothing in."""

    name = "nothing_included"
    lasts = (10, 60, 200, 500, 900)

    def tick(self) -> None:
        """Stop and go on."""
        self.stage.chain.includes = not self.on()

    def end(self) -> None:
        """Go on."""
        self.stage.chain.includes = True


class SequencerDown(Timed):
    """No blocks for 33 or 116 minutes, then all of them at once."""

    name = "sequencer_down"
    lasts = (1_980, 6_960)
    begins = (0, 300)

    def __init__(self, draw: Random) -> None:
        super().__init__(draw)
        self.at = -1
        self._stood: int | None = None

    def tick(self) -> None:
        """Take nothing in meanwhile."""
        self.stage.chain.includes = not self.on()

    def head(self, endpoint: Endpoint, number: int) -> int:
        """Return the head of the moment it went down."""
        if not self.on():
            return number
        self._stood = number if self._stood is None else min(self._stood, number)
        return self._stood

    def end(self) -> None:
        """Go on."""
        self.stage.chain.includes = True


class Surge(Timed):
    """The base fee rises: what was bid is too little, for a while."""

    name = "base_fee_surge"
    lasts = (20, 60, 200, 600)

    def __init__(self, draw: Random) -> None:
        super().__init__(draw)
        self.factor, self.below = self.sizes(draw)

    def sizes(self, draw: Random) -> tuple[int, int]:
        """Return by how much the fees here and of the chain below are multiplied."""
        return draw.choice((3, 10, 100, 10_000, 10**9)), 1

    def begin(self, stage: Stage) -> None:
        """Multiply, together with who multiplies already."""
        super().begin(stage)
        chain, first = stage.chain, stage.chain.head + self.from_s // 2
        before = chain.surge

        def surge(number: int) -> tuple[int, int]:
            here, below = before(number)
            on = first <= number < first + self.for_s // 2
            return (here * self.factor, below * self.below) if on else (here, below)

        chain.surge = surge

    def end(self) -> None:
        """Nothing: past blocks keep their price, and it has an end of its own or is cut here."""
        head, before = self.stage.chain.head, self.stage.chain.surge
        self.stage.chain.surge = lambda number: before(number) if number <= head else (1, 1)


class DataSurge(Surge):
    """The fees of the chain below rise."""

    name = "l1_fee_surge"

    def sizes(self, draw: Random) -> tuple[int, int]:
        """Return by how much the fees here and of the chain below are multiplied."""
        return 1, draw.choice((10, 100, 10_000))


class ForeignUse(Timed):
    """Somebody else signs with our key: a transaction the journal does not know."""

    name = "foreign_use_of_key"
    halts = frozenset(
        {"external", "foreign_nonce", "contradiction", "foreign_transaction", "unexplained_decrease"}
    )
    lasts = (1,)

    def __init__(self, draw: Random) -> None:
        super().__init__(draw)
        self.takes = draw.choice((0, 0, 5_000_000))
        """Base units sent away with it."""
        self._done = False

    def tick(self) -> None:
        """Use the next nonce, whoever wanted it."""
        if self._done or self.stage.elapsed_s < self.from_s:
            return
        self._done = True
        stage, owner = self.stage, self.stage.world.wallet
        nonce = int(stage.chain.slots.get(("nonce", owner), 0))
        data = encode_call(_TRANSFER, CROWD, self.takes) if self.takes else b""
        target: Address = stage.chain.deployed.usdc.address if self.takes else owner
        unsigned = Unsigned(CHAIN_ID, nonce, Wei(10**9), Wei(10**10), 90_000, target, Wei(0), data)
        raw = _signed(unsigned, stage)
        try:
            stage.world.submit(raw)
        except PoolRefusalError as error:
            stage.trace(f"  {self.name}: {error.message}")
        else:
            stage.trace(f"  {self.name} at nonce {nonce}")


def _signed(unsigned: Unsigned, stage: Stage) -> bytes:
    return SimSigner(stage.world.seed).sign(unsigned)


def mined_by(stage: Stage, owner: Address) -> list[Mined]:
    """Return what is in canonical blocks of one account, by nonce."""
    ours = [mined for mined in stage.chain.mined.values() if mined.transaction.sender == owner]
    return sorted(ours, key=lambda mined: mined.transaction.unsigned.nonce)
