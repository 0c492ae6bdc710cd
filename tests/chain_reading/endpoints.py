"""Endpoints that fail as told, and an `Rpc` over them."""

from __future__ import annotations

from typing import Any

from mammon.chain.rpc import Rpc
from mammon.errors import DeadlinePassedError, MammonError, TransientError
from mammon.net.deadline import Deadline, TimeLeft
from tests.chain_reading.node import CHAIN_ID, Clock

HEIGHT_CALL = ("eth_blockNumber", ())
TWO = [HEIGHT_CALL, ("eth_getBlockByNumber", ("latest", False))]


class Bad:
    """An endpoint that fails as told, after taking its time."""

    def __init__(
        self, clock: Clock, error: MammonError | None, takes_s: float = 0.0, name: str = "bad"
    ) -> None:
        self.clock, self.error, self.takes_s, self.name = clock, error, takes_s, name
        self.asked = 0
        self.waited: list[float] = []

    def exchange(self, body: bytes, deadline: TimeLeft) -> bytes:
        """Without an error: stay silent until the deadline of this exchange."""
        self.asked += 1
        left = deadline.require(self.name)
        self.waited.append(left if self.error is None else min(left, self.takes_s))
        self.clock.time += self.waited[-1]
        raise self.error or DeadlinePassedError("deadline", "no answer")


def refused() -> TransientError:
    return TransientError("connect", "refused")


def make(*transports: Any, clock: Clock, **options: Any) -> Rpc:
    return Rpc(transports, CHAIN_ID, clock=clock, jitter=lambda: 0.0, **options)


def ask(
    rpc: Rpc, clock: Clock, seconds: float = 5.0, calls: Any = (HEIGHT_CALL,), **options: Any
) -> list[Any]:
    return rpc.batch(list(calls), Deadline(seconds, clock.monotonic), **options)
