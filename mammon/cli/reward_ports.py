"""What reading rewards needs, put together for one world."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from mammon.chain import oracle
from mammon.cli.payday import RewardPorts
from mammon.core.names import Address
from mammon.core.types import Price, Read
from mammon.feeds import merkl
from mammon.net.retry import retried

if TYPE_CHECKING:
    from mammon.cli.parts import Parts


def reward_ports(parts: Parts, ask: Callable[[str], bytes] | None) -> RewardPorts:
    """Return the ports; `ask` None: Merkl is asked over the network. Either way only where it is allowed."""
    settings, known = parts.call.settings.rewards, parts.known

    def prices() -> Mapping[Address, Read[Price]]:
        found: dict[Address, Read[Price]] = {}
        for payer in known.payers:
            pair = f"{payer.token.symbol.lower()}_usd"
            feed = known.feed(pair)
            if feed is not None:
                found[payer.token.address] = oracle.price(
                    pair, feed.address, feed.heartbeat_s, known.multicall3
                )
        return found

    def read(reads: Mapping[str, Read[Any]], at_least: int) -> Mapping[str, Any]:
        return parts.reader.read(reads, parts.deadline(), at_least=at_least).values if reads else {}

    asked = (ask or over_http(parts)) if settings.merkl else None
    return RewardPorts(parts.payers, prices, read, asked, settings.merkl_url)


def over_http(parts: Parts) -> Callable[[str], bytes]:
    """Return who asks Merkl over the network: each attempt and all of them within a deadline."""

    def ask(url: str) -> bytes:
        from mammon.net.http import HttpTransport  # the simulated world has no network

        rpc, deadline = parts.call.settings.rpc, parts.deadline()
        transport = HttpTransport(url, method="GET", byte_cap=merkl.BYTE_CAP)
        try:
            return retried(
                lambda: transport.exchange(b"", deadline.sub(float(rpc.request_timeout_s))),
                deadline,
                attempts=rpc.attempts,
                sleep=parts.clock.sleep,
            )
        finally:
            transport.close()

    return ask
