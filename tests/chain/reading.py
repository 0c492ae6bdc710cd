"""The project's own reader on the test chain."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

from mammon.chain.reader import Reader, Round
from mammon.chain.rpc import Rpc
from mammon.core.types import Hint, Market, Read
from mammon.net.deadline import Deadline
from mammon.net.http import HttpTransport
from mammon.protocols.registry import VENUES
from tests.chain.scenario import Scenario

DEADLINE_S = 20.0


class ChainClock:
    """Tell the chain's time, so that its head is always fresh."""

    def __init__(self, chain: Scenario) -> None:
        self._chain = chain

    def now(self) -> int:
        """Return the latest block's timestamp."""
        return self._chain.now

    def monotonic(self) -> float:
        """Return real seconds."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait really."""
        time.sleep(seconds)


@contextmanager
def reader(chain: Scenario) -> Iterator[Reader]:
    """Return a reader over real HTTP to the test's node."""
    transport = HttpTransport(chain.rpc.url, plain_http=True)
    rpc = Rpc([transport], 8453, clock=ChainClock(chain))
    yield Reader(rpc, 8453, chain["multicall3"].address)
    transport.close()


def market_reads(
    markets: Iterable[Market], hints: Mapping[str, Hint] | None = None
) -> dict[str, Read[object]]:
    """Return the read of each market by its slug."""
    known = hints or {}
    return {
        market.slug: VENUES[market.protocol].read_market(market, known.get(market.slug)) for market in markets
    }


def read_all(chain: Scenario, markets: Iterable[Market], hints: Mapping[str, Hint] | None = None) -> Round:
    """Read markets in one reading."""
    with reader(chain) as reading:
        return reading.read(market_reads(markets, hints), Deadline(DEADLINE_S))
