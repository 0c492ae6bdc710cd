"""A simulated world with what a test needs around it: node, clock, wallet, reader."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from mammon.chain.reader import Reader, Round
from mammon.chain.rpc import Rpc
from mammon.core.numbers import Units, Wei
from mammon.core.transaction import Unsigned
from mammon.core.types import Address, All, Call, Hint, Market, MarketState, Position
from mammon.net.deadline import Deadline
from mammon.protocols.registry import VENUES
from mammon.sim.chainfile import chain_file
from mammon.sim.clock import SimClock
from mammon.sim.genesis import CAPITAL
from mammon.sim.node import SimNode
from mammon.sim.wallet import SimSigner
from mammon.sim.world import SimWorld

SLUGS = ("aave-v3", "aave-fork", "steakhouse-usdc", "gauntlet-usdc", "plain-vault")
TIP = Wei(1_000_000)
MAX_FEE = Wei(200_000_000)
GAS = 1_000_000


class RpcRefusalError(Exception):
    """An error the node answered."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(error["message"])
        self.code, self.data = error["code"], error.get("data")


class Lab:
    """One world and its wallet."""

    def __init__(self, seed: int = 42, capital: Units = CAPITAL, world: SimWorld | None = None) -> None:
        self.world = world or SimWorld(seed, capital)
        self.chain = self.world.chain
        self.node, self.clock = SimNode(self.world), SimClock(self.world)
        self.signer = SimSigner(self.world.seed)
        self.owner: Address = self.world.wallet
        self.file = chain_file(self.world.full)
        rpc = Rpc([self.node], chain_id=self.file.chain_id, clock=self.clock)
        self.reader = Reader(rpc, self.file.chain_id, self.file.multicall3, parallel=1)

    # --- asking ------------------------------------------------------------------------------------

    def exchange(self, body: Any) -> Any:
        """Send a body (bytes, or what JSON makes of it) and return the parsed answer."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        return json.loads(self.node.exchange(raw, Deadline(60)))

    def ask(self, method: str, *params: Any) -> Any:
        """Call one method; raise `RpcRefusalError` when the node answers an error."""
        answer = self.exchange({"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)})
        if "error" in answer:
            raise RpcRefusalError(answer["error"])
        return answer["result"]

    def view(self, call: Call, tag: Any = "latest") -> int:
        """Call a view that returns one word, as the owner."""
        plain = {"from": self.owner, "to": call.target, "data": "0x" + call.data.hex()}
        return int(self.ask("eth_call", plain, tag), 16)

    def read(self, reads: Mapping[str, Any]) -> Round:
        """Drive adapters' reads at the latest block."""
        return self.reader.read(reads, Deadline(60))

    def market(self, slug: str) -> Market:
        """Return a market of the simulated chain."""
        return self.file.market(slug)

    def state(self, slug: str, hint: Hint | None = None) -> MarketState:
        """Read one market with its adapter."""
        market = self.market(slug)
        value = self.read({slug: VENUES[market.protocol].read_market(market, hint)}).values[slug]
        assert isinstance(value, MarketState), value
        return value

    def position(self, slug: str) -> Position:
        """Read what the wallet holds in one market."""
        market = self.market(slug)
        value = self.read({slug: VENUES[market.protocol].read_position(market, self.owner)}).values[slug]
        assert isinstance(value, Position), value
        return value

    def usdc(self, holder: Address | None = None) -> int:
        """Return a balance of the asset at the latest block."""
        return int(self.chain.slots.get(self.chain.deployed.usdc.key("balance", holder or self.owner), 0))

    def ether(self, holder: Address | None = None) -> int:
        """Return a balance of the native coin at the latest block."""
        return int(self.chain.slots.get(("native", holder or self.owner), 0))

    # --- doing -------------------------------------------------------------------------------------

    def raw(self, call: Call, nonce: int | None = None, **fields: Any) -> bytes:
        """Sign a call; what is not given is the next nonce, a price that is taken, and gas enough."""
        if nonce is None:
            nonce = int(self.ask("eth_getTransactionCount", self.owner, "pending"), 16)
        chosen = {"chain_id": 8453, "tip": TIP, "max_fee": MAX_FEE, "gas": GAS, "value": Wei(0)} | fields
        return self.signer.sign(Unsigned(nonce=nonce, to=call.target, data=call.data, **chosen))

    def send(self, call: Call, nonce: int | None = None, **fields: Any) -> str:
        """Sign and send a call; return its hash."""
        return str(self.ask("eth_sendRawTransaction", "0x" + self.raw(call, nonce, **fields).hex()))

    def mined(self, calls: Sequence[Call], **fields: Any) -> list[dict[str, Any]]:
        """Send calls, wait for a block, and return their receipts."""
        hashes = [self.send(call, **fields) for call in calls]
        self.clock.sleep(2)
        return [self.ask("eth_getTransactionReceipt", entry) for entry in hashes]

    def supply(self, slug: str, amount: int) -> list[dict[str, Any]]:
        """Approve and deposit in one block; return both receipts."""
        market = self.market(slug)
        return self.mined(VENUES[market.protocol].supply(market, amount, self.owner))

    def withdraw(self, slug: str, amount: int | All) -> dict[str, Any]:
        """Withdraw in one block; return the receipt."""
        market = self.market(slug)
        return self.mined(VENUES[market.protocol].withdraw(market, amount, self.owner))[0]


def succeeded(receipts: Sequence[dict[str, Any]]) -> bool:
    """Say whether every receipt tells of success."""
    return all(receipt["status"] == "0x1" for receipt in receipts)
