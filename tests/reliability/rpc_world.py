"""A short chain with a history that can be told wrongly, two providers in front, and what is true of it."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from mammon.chain import head
from mammon.chain.rpc import Rpc
from mammon.core.numbers import Wei
from mammon.core.transaction import Unsigned, transaction_hash
from mammon.core.txstate import Attempt, Slot
from mammon.core.types import Address, Block, Token
from mammon.net.http import HttpTransport
from mammon.protocols.abi import erc20
from mammon.sim.wallet import SimSigner
from tests.chain.chainfile import chain_file
from tests.chain.node import CHAIN_ID
from tests.chain.proxy import Provider, providers
from tests.chain.scenario import ETHER, USD, Scenario

BUDGET_S = 0.8
PATIENCE_S = 0.15
REQUEST_S = 0.4
SEED = 3
GAS = 21_000
FEE = Wei(10**10)
TOPIC = "0x" + erc20.TRANSFER_TOPIC.hex()
GAP_S = 60
"""Between the older and the newer blocks: an answer from before it is a stale one."""
LAGGING, STALE = 4, 6
"""Blocks behind the newest: after the gap but before our transaction, and before the gap."""


@dataclass
class NodeTime:
    """The node's time for what asks how late it is; the machine's for what waits."""

    scenario: Scenario

    def now(self) -> int:
        """Return the second after the newest block's."""
        return self.scenario.now + 1

    def monotonic(self) -> float:
        """Return the machine's own."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(max(0.0, seconds))


@dataclass
class RpcWorld:
    """The chain, its providers, and the account that did something on it."""

    chain: Scenario
    providers: list[Provider]
    signer: SimSigner = field(default_factory=lambda: SimSigner(SEED))
    mined: dict[str, Any] = field(default_factory=dict)
    """The receipt of the account's transaction."""
    attempt: Attempt = field(init=False)

    def __post_init__(self) -> None:
        file = chain_file(self.chain.lab, self.chain.rpc.url)
        self.multicall, self.gas_price_oracle = file.multicall3, file.gas_price_oracle
        self.asset: Token = file.token("USDC")
        self.markets = {market.slug: market for market in file.markets}
        self.clock = NodeTime(self.chain)

    @property
    def owner(self) -> Address:
        """The account."""
        return self.signer.address

    def live(self) -> None:
        """Let the history happen: money comes in, a gap, a transaction of ours, and more money."""
        chain = self.chain
        chain.fund(self.owner, wei=ETHER)
        for _ in range(4):
            chain.fund(self.owner, usdc=USD)
        chain.warp(GAP_S)
        raw = self.raw(0)
        hash_ = str(chain.rpc("eth_sendRawTransaction", "0x" + raw.hex()))
        self.mined = self._receipt(hash_)
        for _ in range(3):
            chain.fund(self.owner, usdc=USD)
        self.attempt = Attempt(
            transaction_hash(raw), 0, "act", raw, FEE, FEE, GAS, "p", int(chain.now) - GAP_S // 20
        )

    def raw(self, nonce: int) -> bytes:
        """Return a transaction of the account's to itself, signed."""
        return self.signer.sign(Unsigned(CHAIN_ID, nonce, FEE, FEE, GAS, self.owner, Wei(0), b""))

    def slot(self) -> Slot:
        """Return the slot of the account's transaction as it is before anybody found it."""
        return Slot(0, 1, 0, "sent", self.attempt.signed_at, self.chain.now + 600, Wei(FEE * GAS * 100))

    def count(self) -> int:
        """Return how many transactions of the account the node has mined."""
        return int(self.chain.rpc("eth_getTransactionCount", self.owner, "latest"), 16)

    def balance(self, block: int) -> int:
        """Return the account's asset at a block, as the node has it."""
        data = "0x70a08231" + "0" * 24 + self.owner[2:]
        call = {"to": self.asset.address, "data": data}
        return int(self.chain.rpc("eth_call", call, hex(block)), 16)

    def node_block(self) -> Block:
        """Return the newest block, as the node has it."""
        return head.header(self.chain.rpc("eth_getBlockByNumber", "latest", False))

    def transfers(self, after: int, until: int) -> int:
        """Return how many transfers of the asset to the account there are, as the node has it."""
        wanted = {
            "address": self.asset.address,
            "topics": [TOPIC, None, "0x" + "0" * 24 + self.owner[2:].lower()],
            "fromBlock": hex(after + 1),
            "toBlock": hex(until),
        }
        return len(self.chain.rpc("eth_getLogs", wanted))

    @contextlib.contextmanager
    def rpc(self) -> Iterator[Rpc]:
        """Offer a client that knows nothing of the providers yet."""
        transports = [HttpTransport(provider.url) for provider in self.providers]
        try:
            yield Rpc(
                transports, CHAIN_ID, clock=self.clock, patience_s=PATIENCE_S, request_s=REQUEST_S, attempts=2
            )
        finally:
            for transport in transports:
                transport.close()

    def _receipt(self, hash_: str) -> dict[str, Any]:
        while (found := self.chain.rpc("eth_getTransactionReceipt", hash_)) is None:
            time.sleep(0.001)
        return dict(found)


@contextlib.contextmanager
def rpc_world(chain: Scenario) -> Iterator[RpcWorld]:
    """Offer a world on a running chain."""
    with providers(int(chain.rpc.url.rpartition(":")[2])) as made:
        world = RpcWorld(chain, made)
        world.live()
        yield world
