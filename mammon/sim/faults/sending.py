"""Faults of broadcasting: what an endpoint does with a transaction, and what it says it did."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from mammon.core.transaction import transaction_hash
from mammon.sim import wire
from mammon.sim.faults.fault import Counted, Fault, Timed
from mammon.sim.faults.stage import Endpoint
from mammon.sim.mempool import PoolRefusalError

Json = Any
SEND = "eth_sendRawTransaction"


class Sending(Counted):
    """A fault that strikes the nth broadcast."""

    most = 8

    def answer(
        self, endpoint: Endpoint, method: str, params: Sequence[Json], proceed: Callable[[], Json]
    ) -> Json:
        """Strike when it is time."""
        if method != SEND or not self.here(endpoint) or not self.strikes():
            return proceed()
        self.stage.trace(f"  {self.name}")
        return self.told(bytes.fromhex(params[0][2:]), proceed)

    def told(self, raw: bytes, proceed: Callable[[], Json]) -> Json:
        """Return what the endpoint says."""
        raise NotImplementedError


class Swallowed(Sending):
    """Accepted, and never passed on."""

    name = "send_swallowed"

    def told(self, raw: bytes, proceed: Callable[[], Json]) -> Json:
        """Say yes and do nothing."""
        return transaction_hash(raw)


class RefusedButTaken(Sending):
    """Refused in words, accepted in deed."""

    name = "send_refused_but_taken"

    def __init__(self, draw: Random) -> None:
        super().__init__(draw)
        self.words = draw.choice(
            (
                "internal error",
                "nonce too low",
                "replacement transaction underpriced",
                "transaction underpriced",
                "insufficient funds for gas * price + value",
            )
        )

    def told(self, raw: bytes, proceed: Callable[[], Json]) -> Json:
        """Take it and refuse it."""
        proceed()
        raise wire.RpcError(wire.SERVER_ERROR, self.words)


class AlreadyKnown(RefusedButTaken):
    """The words for a transaction that is there already, in one client's or another's."""

    name = "already_known"

    def __init__(self, draw: Random) -> None:
        super().__init__(draw)
        self.words = draw.choice(("already known", "transaction already imported", "known transaction"))


class RefusedSend(Sending):
    """Refused in words and in deed."""

    name = "send_refused"

    def __init__(self, draw: Random) -> None:
        super().__init__(draw)
        self.words = draw.choice(("txpool is full", "nonce too low", "already known", "internal error"))

    def told(self, raw: bytes, proceed: Callable[[], Json]) -> Json:
        """Refuse."""
        raise wire.RpcError(wire.SERVER_ERROR, self.words)


class PoolFull(Timed):
    """Every broadcast refused for a long while."""

    name = "txpool_full"
    lasts = (60, 300, 700, 1_200)

    def answer(
        self, endpoint: Endpoint, method: str, params: Sequence[Json], proceed: Callable[[], Json]
    ) -> Json:
        """Refuse."""
        if method == SEND and self.here(endpoint) and self.on():
            raise wire.RpcError(wire.SERVER_ERROR, "txpool is full")
        return proceed()


class OriginalWins(Timed):
    """Nothing is included for a while and no replacement taken; then the first bid is mined after all."""

    name = "original_wins"
    lasts = (200, 400, 700)

    def tick(self) -> None:
        """Stop and go on."""
        self.stage.chain.includes = not self.on()

    def end(self) -> None:
        """Go on."""
        self.stage.chain.includes = True

    def answer(
        self, endpoint: Endpoint, method: str, params: Sequence[Json], proceed: Callable[[], Json]
    ) -> Json:
        """Refuse what would replace something."""
        if method == SEND and self.on():
            pool, wanted = self.stage.chain.mempool, bytes.fromhex(params[0][2:])
            if len(pool) and pool.find(transaction_hash(wanted)) is None:
                raise wire.RpcError(wire.SERVER_ERROR, "replacement transaction underpriced")
        return proceed()


class OtherHash(Sending):
    """The answer names another transaction."""

    name = "send_answers_other_hash"

    def told(self, raw: bytes, proceed: Callable[[], Json]) -> Json:
        """Take it and name another."""
        proceed()
        return "0x" + "cd" * 32


class Delayed(Sending):
    """Accepted, and passed on some blocks later."""

    name = "send_delayed"

    def __init__(self, draw: Random) -> None:
        super().__init__(draw)
        self.blocks = draw.choice((2, 10, 40, 320))
        self._due: list[tuple[int, bytes]] = []

    def told(self, raw: bytes, proceed: Callable[[], Json]) -> Json:
        """Keep it for later."""
        self._due.append((self.stage.chain.head + self.blocks, raw))
        return transaction_hash(raw)

    def tick(self) -> None:
        """Pass on what is due."""
        head = self.stage.chain.head
        for due, raw in self._due:
            if due <= head:
                resubmit(self, raw)
        self._due = [entry for entry in self._due if entry[0] > head]

    def end(self) -> None:
        """Pass on what is left: it is out there."""
        for _, raw in self._due:
            resubmit(self, raw)


class OneListener(Fault):
    """One endpoint alone passes transactions on; the others say yes and do nothing."""

    name = "gossip_to_one_only"

    def __init__(self, draw: Random) -> None:
        super().__init__(draw)
        self.ear = draw.randrange(3)

    def answer(
        self, endpoint: Endpoint, method: str, params: Sequence[Json], proceed: Callable[[], Json]
    ) -> Json:
        """Say yes and do nothing, unless it is the one."""
        if method != SEND or endpoint.place == self.ear % len(self.stage.endpoints):
            return proceed()
        return transaction_hash(bytes.fromhex(params[0][2:]))


class PoolDrop(Fault):
    """The pool forgets what waits in it, some seconds after it came in."""

    name = "mempool_drop"

    def __init__(self, draw: Random) -> None:
        super().__init__(draw)
        self.nth = draw.randrange(1, 5)
        self._seen = 0

    def answer(
        self, endpoint: Endpoint, method: str, params: Sequence[Json], proceed: Callable[[], Json]
    ) -> Json:
        """Take it in and forget it."""
        found = proceed()
        if method == SEND:
            self._seen += 1
            if self._seen == self.nth:
                self.stage.chain.mempool.drop(found)
                self.stage.trace(f"  {self.name} {found}")
        return found


def resubmit(fault: Fault, raw: bytes) -> None:
    """Give a transaction to the pool, which may refuse it."""
    try:
        fault.stage.world.submit(raw)
    except PoolRefusalError as error:
        fault.stage.trace(f"  {fault.name}: {error.message}")
