"""What reading rewards needs, put together for one world."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from mammon.chain import oracle
from mammon.cli.programmes import Programmes, RewardPorts
from mammon.core.names import Address
from mammon.core.types import Price, Read
from mammon.feeds import merkl
from mammon.net.retry import retried

if TYPE_CHECKING:
    from mammon.cli.parts import Parts


def reward_ports(
    parts: Parts, ask: Callable[[str], bytes] | None, limit_s: float | None = None
) -> RewardPorts:
    """Return the ports; `ask` None: Merkl is asked over the network. Either way only where it is allowed.

    `limit_s`: what an answer of Merkl's may take, in one attempt; None: what a reading may.
    """
    settings, known = parts.call.settings.rewards, parts.known

    prices: dict[Address, Callable[[], Read[Price]]] = {}
    for payer in known.payers:
        pair = f"{payer.token.symbol.lower()}_usd"
        feed = known.feed(pair)
        if feed is not None:
            where = feed.address, feed.heartbeat_s, known.multicall3
            prices[payer.token.address] = functools.partial(oracle.price, pair, *where)

    def read(reads: Mapping[str, Read[Any]], at_least: int) -> Mapping[str, Any]:
        return parts.reader.read(reads, parts.deadline(), at_least=at_least).values if reads else {}

    asked = (ask or over_http(parts, limit_s)) if settings.merkl else None
    return RewardPorts(parts.payers, prices, read, asked, settings.merkl_url)


def counted_programmes(parts: Parts, ask: Callable[[str], bytes] | None) -> Programmes:
    """Return what reads programmes for decisions: no decision waits long for Merkl."""
    limit_s = float(parts.call.settings.sources.timeout_s)
    return Programmes(reward_ports(parts, ask, limit_s), parts.markets, parts.known.chain_id)


def over_http(parts: Parts, limit_s: float | None = None) -> Callable[[str], bytes]:
    """Return who asks Merkl over the network: each attempt and all of them within a deadline."""

    def ask(url: str) -> bytes:
        from mammon.net.http import HttpTransport  # the simulated world has no network

        rpc, reading = parts.call.settings.rpc, parts.deadline()
        deadline = reading.sub(float(rpc.budget_s) if limit_s is None else limit_s)
        transport = HttpTransport(url, method="GET", byte_cap=merkl.BYTE_CAP)
        try:
            return retried(
                lambda: transport.exchange(b"", deadline.sub(float(rpc.request_timeout_s))),
                deadline,
                attempts=rpc.attempts if limit_s is None else 1,
                sleep=parts.clock.sleep,
            )
        finally:
            transport.close()

    return ask
