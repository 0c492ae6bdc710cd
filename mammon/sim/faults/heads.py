"""Faults of what endpoints know: old heads, lagging replicas, lies, other chains."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from mammon.sim import wire
from mammon.sim.addresses import CHAIN_ID
from mammon.sim.contracts.machine import Storage
from mammon.sim.faults.fault import Fault, Timed
from mammon.sim.faults.stage import Endpoint

Json = Any


class One(Timed):
    """A fault of exactly one endpoint: what it says, another one can contradict."""

    def __init__(self, draw: Random) -> None:
        super().__init__(draw)
        self.at = draw.randrange(3)

    def lies(self, endpoint: Endpoint) -> bool:
        """Say whether this endpoint is not to be believed now."""
        return self.here(endpoint) and self.on()


class StaleHead(Timed):
    """Heads that are minutes old, but move."""

    name = "stale_head"

    def __init__(self, draw: Random) -> None:
        super().__init__(draw)
        self.blocks = draw.choice((20, 60, 200))

    def head(self, endpoint: Endpoint, number: int) -> int:
        """Return a head of long ago."""
        return number - self.blocks if self.here(endpoint) and self.on() else number


class FrozenHead(Timed):
    """A head that does not move any more."""

    name = "frozen_head"

    def __init__(self, draw: Random) -> None:
        super().__init__(draw)
        self._frozen: int | None = None

    def head(self, endpoint: Endpoint, number: int) -> int:
        """Return the head of the moment it froze."""
        if not self.here(endpoint) or not self.on():
            return number
        self._frozen = number if self._frozen is None else min(self._frozen, number)
        return self._frozen


class FutureHead(One):
    """One endpoint whose newest block is from the future.

    Also from the machine's own: a lie that a wrong clock agrees with can be told by nothing.
    """

    name = "future_head"

    def __init__(self, draw: Random) -> None:
        super().__init__(draw)
        self.ahead_s = draw.choice((600, 86_400, 365 * 86_400))

    def answer(
        self, endpoint: Endpoint, method: str, params: Sequence[Json], proceed: Callable[[], Json]
    ) -> Json:
        """Date the newest block ahead of everything."""
        found = proceed()
        if method != "eth_getBlockByNumber" or params[0] != "latest" or not self.lies(endpoint):
            return found
        latest = max(int(found["timestamp"], 16), self.stage.clock.now())
        return {**found, "timestamp": hex(latest + self.ahead_s)}


class Replica(One):
    """A replica some blocks behind: nonces, balances and receipts come from an older height."""

    name = "lagging_replica"

    def __init__(self, draw: Random) -> None:
        super().__init__(draw)
        self.blocks = draw.choice((1, 2, 3, 5, 8))

    def head(self, endpoint: Endpoint, number: int) -> int:
        """Return a head of a moment ago."""
        return number - self.blocks if self.lies(endpoint) else number


class Replicas(One):
    """A load balancer: every other answer comes from a replica behind."""

    name = "flapping_replicas"

    def __init__(self, draw: Random) -> None:
        super().__init__(draw)
        self.blocks = draw.choice((1, 3, 8))
        self._turn = 0

    def answer(
        self, endpoint: Endpoint, method: str, params: Sequence[Json], proceed: Callable[[], Json]
    ) -> Json:
        """Take turns, call by call."""
        self._turn += 1
        return proceed()

    def head(self, endpoint: Endpoint, number: int) -> int:
        """Return now this head, now that."""
        return number - self.blocks * (self._turn % 2) if self.lies(endpoint) else number


class WrongNonce(One):
    """One endpoint counts our transactions wrongly."""

    name = "lies_about_nonce"
    halts = frozenset({"endpoints_disagree"})

    def __init__(self, draw: Random) -> None:
        super().__init__(draw)
        self.by = draw.choice((-2, -1, 1, 1, 2, 5))

    def answer(
        self, endpoint: Endpoint, method: str, params: Sequence[Json], proceed: Callable[[], Json]
    ) -> Json:
        """Add to the count."""
        found = proceed()
        if method != "eth_getTransactionCount" or not self.lies(endpoint):
            return found
        return hex(max(0, int(found, 16) + self.by))


class WrongReceipts(One):
    """One endpoint denies receipts, or turns success into failure."""

    name = "lies_about_receipts"
    halts = frozenset({"endpoints_disagree"})

    def __init__(self, draw: Random) -> None:
        super().__init__(draw)
        self.how = draw.choice(("none", "none", "failed", "block"))

    def answer(
        self, endpoint: Endpoint, method: str, params: Sequence[Json], proceed: Callable[[], Json]
    ) -> Json:
        """Change a receipt that there is."""
        found = proceed()
        if method != "eth_getTransactionReceipt" or found is None or not self.lies(endpoint):
            return found
        if self.how == "none":
            return None
        if self.how == "failed":
            return {**found, "status": "0x0" if found["status"] == "0x1" else "0x1", "logs": []}
        return {**found, "blockHash": "0x" + "ab" * 32}


class WrongBalances(One):
    """One endpoint shows other balances of the asset."""

    name = "lies_about_balances"
    halts = frozenset({"contradiction"})

    def __init__(self, draw: Random) -> None:
        super().__init__(draw)
        self.percent = draw.choice((0, 50, 200))

    def view(self, endpoint: Endpoint, storage: Storage) -> None:
        """Show the wallet with more or less than it has."""
        if self.lies(endpoint):
            key = self.stage.chain.deployed.usdc.key("balance", self.stage.world.wallet)
            storage.put(key, int(storage.get(key)) * self.percent // 100)


class WrongSafe(One):
    """One endpoint calls its head safe."""

    name = "lies_about_safe"

    def safe(self, endpoint: Endpoint, number: int) -> int:
        """Return the head."""
        return endpoint.head() if self.lies(endpoint) else number


class NoSafe(Timed):
    """The safe block stands still: the chain below hears nothing."""

    name = "safe_stalled"
    lasts = (120, 400, 900)

    def __init__(self, draw: Random) -> None:
        super().__init__(draw)
        self.at = -1
        self._stood: int | None = None

    def safe(self, endpoint: Endpoint, number: int) -> int:
        """Return the safe block of the moment it stalled."""
        if not self.on():
            return number
        self._stood = number if self._stood is None else min(self._stood, number)
        return self._stood


class OtherChain(One):
    """One endpoint serves another chain, from the beginning or behind a balancer from some moment on."""

    name = "wrong_chain"
    halts = frozenset({"endpoints_disagree"})
    begins = (0, 200)

    def answer(
        self, endpoint: Endpoint, method: str, params: Sequence[Json], proceed: Callable[[], Json]
    ) -> Json:
        """Be another chain: its id, its count of our transactions, none of our receipts."""
        if not self.lies(endpoint):
            return proceed()
        other = {
            "eth_chainId": hex(CHAIN_ID + 1),
            "eth_getTransactionCount": "0x0",
            "eth_getTransactionReceipt": None,
        }
        if method == "eth_sendRawTransaction":
            raise wire.RpcError(wire.SERVER_ERROR, "invalid chain id for signer")
        return other[method] if method in other else proceed()


class NoMethod(Fault):
    """An endpoint that does not know the method by which plans are rehearsed."""

    name = "no_simulation"

    def answer(
        self, endpoint: Endpoint, method: str, params: Sequence[Json], proceed: Callable[[], Json]
    ) -> Json:
        """Know nothing of it."""
        if method == "eth_simulateV1":
            raise wire.RpcError(wire.METHOD_NOT_FOUND, f"the method {method} does not exist/is not available")
        return proceed()
