"""Blocks: one every two seconds, each computed when somebody asks for it.

Between two events nothing is stored: a block is a function of its number, of the world's seed and of
the transactions mined so far. Events are the crowd's move at the start of each epoch and the
transactions of accounts; after each, the slots are kept as they stood then, for as long as a node
without an archive would keep them.

A block's hash is keccak256 of (seed, number, lineage), where lineage is a running digest of all
transactions mined up to there; its last eight bytes hide the number, so that a hash alone is enough to
find its block, in whichever process it was first seen.

For faults, and no part of a recording: `intervene`, `reorganise`; `surge`, which multiplies a block's
base fee and the fees of the chain below; `includes`, without which blocks come but take nothing in.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from functools import lru_cache
from hashlib import blake2b

from mammon.core.keccak import keccak256
from mammon.core.types import Hash32
from mammon.errors import OutsideError
from mammon.sim import crowd, processes
from mammon.sim.addresses import CROWD
from mammon.sim.contracts.machine import Environment, Frame, Slots, Storage
from mammon.sim.deployment import Deployment
from mammon.sim.execution import Mined, Pooled, execute, reserve_of
from mammon.sim.mempool import Mempool, recovered
from mammon.sim.processes import EPOCH_BLOCKS, FIRST_BLOCK

STATE_WINDOW = 1_024
"""For how many blocks the state can be asked for."""


Intervention = Callable[[Frame], None]
"""A change of the world from outside, written straight into the state."""


class StateUnavailableError(OutsideError):
    """Report that the state of a block is no longer, or not yet, there."""


class Chain:
    """The simulated chain of one seed: state, blocks, mined transactions, mempool."""

    def __init__(self, seed: int, deployed: Deployment, slots: Slots) -> None:
        self.seed, self.deployed, self.slots = seed, deployed, slots
        self.contracts = deployed.contracts
        self.mempool = Mempool()
        self.mined: dict[Hash32, Mined] = {}
        self.blocks: dict[int, list[Mined]] = {}
        self._lineage: list[tuple[int, bytes]] = [(FIRST_BLOCK, bytes(32))]
        self._states: list[tuple[int, Slots]] = []
        self._interventions: dict[int, list[Intervention]] = {}
        self.surge: Callable[[int], tuple[int, int]] = lambda _number: (1, 1)
        self.includes = True
        self.head = FIRST_BLOCK - 1
        self.advance_to(FIRST_BLOCK)

    # --- blocks ------------------------------------------------------------------------------------

    def environment(self, number: int, timestamp: int | None = None) -> Environment:
        """Return what code sees in a block, at another time if one is given."""
        time = processes.timestamp_of(number) if timestamp is None else timestamp
        return Environment(self.seed, number, time, self.prices, self.block_hash)

    def prices(self, number: int) -> tuple[int, int, int]:
        """Return base fee, base fee of the chain below and its blob base fee, of a block."""
        factor, below = self.surge(number)
        l1_base_fee, blob_base_fee = (
            price(self.seed, number) * below for price in (processes.l1_base_fee, processes.blob_base_fee)
        )
        return processes.base_fee(self.seed, number) * factor, l1_base_fee, blob_base_fee

    def base_fee(self, number: int) -> int:
        """Return the base fee of a block."""
        return processes.base_fee(self.seed, number) * self.surge(number)[0]

    def block_hash(self, number: int) -> bytes:
        """Return the hash of a block, which need not exist yet or ever."""
        place = bisect_right(self._lineage, number, key=lambda entry: entry[0]) - 1
        return _block_hash(self.seed, number, self._lineage[max(0, place)][1])

    def number_of(self, block_hash: bytes) -> int | None:
        """Return the number of the block with this hash, if the chain has it."""
        number = _hidden(block_hash[:24], int.from_bytes(block_hash[24:], "big"))
        known = FIRST_BLOCK <= number <= self.head and self.block_hash(number) == block_hash
        return number if known else None

    def state(self, number: int) -> Storage:
        """Return the slots after a block, under an overlay that can be thrown away.

        Raises `StateUnavailableError` for blocks too old or not there yet.
        """
        if number == self.head:
            return Storage(self.slots)
        if not max(FIRST_BLOCK, self.head - STATE_WINDOW) <= number < self.head:
            raise StateUnavailableError("state", f"state of block {number} is not available")
        place = bisect_right(self._states, number, key=lambda entry: entry[0]) - 1
        return Storage(self._states[place][1])

    # --- time --------------------------------------------------------------------------------------

    def submit(self, raw: bytes) -> Hash32:
        """Take a raw transaction into the mempool. Raises `PoolRefusalError`."""
        entry = recovered(raw)
        self.mempool.add(entry, self.environment(self.head + 1), Storage(self.slots))
        return entry.hash

    def advance_to(self, number: int) -> None:
        """Mine up to a block; does nothing when the chain is there already."""
        while self.head < number:
            following = self.head + 1
            if self.includes and self.mempool.waits_for_block(Storage(self.slots)):
                self._seal(following)
                continue
            epoch_start = following + -(following - FIRST_BLOCK) % EPOCH_BLOCKS
            event = min((epoch_start, *(due for due in self._interventions if due >= following)))
            if event <= number:
                self._seal(event)
            else:
                self.head = number

    # --- faults ------------------------------------------------------------------------------------

    def intervene(self, number: int, change: Intervention) -> None:
        """Have `change` run at the start of a block to come, after the crowd's move."""
        if number <= self.head:
            raise ValueError(f"block {number} is there already")
        self._interventions.setdefault(number, []).append(change)

    def reorganise(self, depth: int) -> list[Pooled]:
        """Replace the last `depth` blocks by others without any transaction; return those that were in.

        What was mined there is neither mined nor waiting afterwards. Raises `StateUnavailableError`
        beyond the blocks whose state is kept.
        """
        head, fork = self.head, self.head - depth
        kept = self.state(fork)
        dropped = [mined for number in sorted(self.blocks) if number > fork for mined in self.blocks[number]]
        self.slots = dict(kept.below) if isinstance(kept.below, dict) else {}
        self._states = [entry for entry in self._states if entry[0] <= fork]
        self._lineage = [entry for entry in self._lineage if entry[0] <= fork]
        salt = b"".join(self.block_hash(number) for number in (fork, head))
        self._lineage.append((fork + 1, blake2b(salt, digest_size=32).digest()))
        for mined in dropped:
            del self.mined[mined.transaction.hash]
            self.blocks.pop(mined.number, None)
        self.head = fork
        self.advance_to(head)
        return [mined.transaction for mined in dropped]

    # --- sealing -----------------------------------------------------------------------------------

    def _seal(self, number: int) -> None:
        """Make the blocks up to `number`, in which alone something may happen."""
        environment = self.environment(number)
        storage = Storage.direct(self.slots)
        begins, changes = (number - FIRST_BLOCK) % EPOCH_BLOCKS == 0, self._interventions.get(number, [])
        frame = Frame(environment, storage, CROWD, quiet=True)
        if begins:
            crowd.step(frame, self.deployed, processes.epoch_of(number))
        for change in changes:
            change(frame)
        block = self._include(environment, storage)
        if block:
            self._record(number, block)
            self.mempool.settle(storage)
        if begins or changes or block:
            self._keep(number)
        self.head = number

    def _include(self, environment: Environment, storage: Storage) -> list[Mined]:
        block: list[Mined] = []
        ready = self.mempool.ready(environment, storage) if self.includes else []
        for entry in ready:
            if reserve_of(environment, entry) + entry.unsigned.value <= storage.get(("native", entry.sender)):
                block.append(execute(self.contracts, environment, storage, entry, len(block)))
        return block

    def _record(self, number: int, block: list[Mined]) -> None:
        self.blocks[number] = block
        digest = blake2b(self._lineage[-1][1] + number.to_bytes(8, "big"), digest_size=32)
        for mined in block:
            self.mined[mined.transaction.hash] = mined
            digest.update(mined.transaction.raw)
        self._lineage.append((number, digest.digest()))

    def _keep(self, number: int) -> None:
        self._states.append((number, dict(self.slots)))
        oldest = number - STATE_WINDOW
        while len(self._states) > 1 and self._states[1][0] <= oldest:
            del self._states[0]


@lru_cache(maxsize=2_048)
def _block_hash(seed: int, number: int, lineage: bytes) -> bytes:
    digest = keccak256(f"mammon simulated block/{seed}/{number}/".encode() + lineage)
    return digest[:24] + _hidden(digest[:24], number).to_bytes(8, "big")


def _hidden(digest: bytes, number: int) -> int:
    """Hide a number behind a digest, or find it again: the same step both ways."""
    return int.from_bytes(blake2b(digest, digest_size=8).digest(), "big") ^ number
