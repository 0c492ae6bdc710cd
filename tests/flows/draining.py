"""A venue that runs dry on the real node, block by block, whoever has the blocks mined: a bot or a test.

Borrowers take an equal part of what is left in each of ten blocks, ahead of everybody else in the block;
later a part may be repaid. What is done in a block follows from its number and the chain alone.
"""

from __future__ import annotations

from dataclasses import dataclass

from mammon.cli.process import SystemClock
from tests.chain.aave import VARIABLE, Aave
from tests.chain.lab import Lab
from tests.chain.rpc import Rpc
from tests.chain.scenario import Scenario
from tests.reliability.kill_commands import on_node_time
from tests.reliability.kill_world import BLOCK_S

BLOCKS = 10
PRIORITY = hex(10**9)
"""Above whatever the bot bids."""


@dataclass(frozen=True)
class Drain:
    """What befalls the pool `aave-30`, from a block on."""

    lab: Lab
    from_block: int
    back: int = 0
    """What is repaid, base units."""
    back_after: int = 60
    """Blocks from the first until then."""

    def before_block(self, chain: Scenario) -> None:
        """Put what happens in the next block into the pool of transactions."""
        place, pool = chain.block + 1 - self.from_block, chain.aave30
        if 0 <= place < BLOCKS:
            self._send(chain, pool, "borrow", pool.lendable() // (BLOCKS - place), VARIABLE, 0)
        elif self.back and place == self.back_after:
            self._send(chain, pool, "repay", self.back, VARIABLE)

    def _send(self, chain: Scenario, pool: Aave, name: str, amount: int, *more: int) -> None:
        data = pool.pool.data(name, pool.usdc, amount, *more, pool.borrower)
        chain.rpc(
            "eth_sendTransaction",
            {
                "from": pool.borrower,
                "to": pool.pool.address,
                "data": "0x" + data.hex(),
                "gas": hex(800_000),
                "maxPriorityFeePerGas": PRIORITY,
                "maxFeePerGas": hex(10**11),
            },
        )

    def on_its_time(self, port: int) -> None:
        """Give this process the node's time; in every block that passes while it waits happens its part."""
        on_node_time(port)
        chain, mined = Scenario(self.lab, Rpc(port)), SystemClock.sleep

        def sleep(clock: SystemClock, seconds: float) -> None:
            for _ in range(max(1, round(seconds) // BLOCK_S)):
                self.before_block(chain)
                mined(clock, BLOCK_S)

        SystemClock.sleep = sleep  # type: ignore[method-assign]
