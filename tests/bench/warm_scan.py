"""P6: a reader that has its connection: how many round trips a reading takes at 80 ms each.

The other side is one small request over the same kind of connection, which is what a round trip is.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from mammon.chain.reader import Reader
from mammon.chain.rpc import Rpc
from mammon.cli.process import SystemClock
from mammon.core.types import Address, Call, Read
from mammon.net.deadline import Deadline
from mammon.net.http import HttpTransport
from mammon.protocols.abi import erc20
from mammon.sim import addresses as at
from mammon.sim.contracts.multicall import CHAIN_ID
from tests.bench.measure import BenchError, Row, interleaved, ratio, wall_ms
from tests.bench.served import Served, served

LATENCY_MS = 80.0
LIMITS = {50: 1.15, 500: 1.3, 5_000: 3.0}
_PER_READ = 10
_PING = b'{"jsonrpc":"2.0","id":1,"method":"eth_chainId","params":[]}'


def warm_scan(rounds: int) -> Iterator[Row]:
    """Yield round trips at each number of views."""
    with served(LATENCY_MS) as endpoint:
        reader, ping = reader_of(endpoint), HttpTransport(endpoint.url)
        endpoint.set(frozen=True)
        for views, limit in LIMITS.items():
            endpoint.reset()
            ours, trip = interleaved(
                [lambda count=views: _read(reader, count), lambda: _ping(ping)], rounds, warm=2
            )
            asked = [methods for methods in endpoint.stats["requests"] if methods != ["eth_chainId"]]
            note = f"{len(asked) / (rounds + 2):.0f} requests"
            yield ratio("P6", f"{views} views", ours, trip, limit=limit, peer="one round trip", note=note)


def reader_of(*endpoints: Served) -> Reader:
    """Return a reader of the simulated chain at these endpoints, in this order, that knows nothing yet."""
    transports = [HttpTransport(endpoint.url) for endpoint in endpoints]
    return Reader(Rpc(transports, CHAIN_ID, clock=SystemClock()), CHAIN_ID, at.MULTICALL3, max_age_s=3_600)


def reads_of(views: int) -> dict[str, Read[Any]]:
    """Return reads that together ask for so many views, ten each."""
    return {f"read-{start}": _balances(start) for start in range(0, views, _PER_READ)}


def _balances(start: int) -> Read[int]:
    owners = (Address(f"0x{0xFEED0000 + start + place:040x}") for place in range(_PER_READ))
    calls = [Call(at.USDC, erc20.BALANCE_OF + bytes.fromhex(owner[2:]).rjust(32, b"\0")) for owner in owners]
    answers = yield calls
    return len(answers)


def _read(reader: Reader, views: int) -> float:
    began = time.perf_counter()
    found = reader.read(reads_of(views), Deadline(30))
    taken = (time.perf_counter() - began) * 1e3
    if sum(found.values.values()) != views:
        raise BenchError("not every view was read")
    return taken


def _ping(transport: HttpTransport) -> float:
    return wall_ms(lambda: transport.exchange(_PING, Deadline(10)))
