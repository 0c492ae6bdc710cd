"""Outside sources on 127.0.0.1 for the simulated chain behind an endpoint: what they say is the test's."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from mammon.feeds import ids
from mammon.sim import addresses as at
from mammon.sim.addresses import CHAIN_ID
from tests.feeds import payloads
from tests.feeds.questions import POOL
from tests.flows.endpoint import EndpointShell, SimEndpoint
from tests.net.servers import Behaviour, Peer, Server, serving


class Told:
    """What the sources say, and the lines of what they were asked."""

    def __init__(self, served: SimEndpoint) -> None:
        self.served = served
        self.usd, self.eth, self.percent = "0.99998", "2965.00", 3.1
        self.asked: list[str] = []
        self.server: Server
        self.behave: Behaviour = self.answer
        """Replaced where a source is to misbehave."""

    def serve(self, peer: Peer) -> None:
        self.behave(peer)

    def answer(self, peer: Peer) -> None:
        """Answer as DefiLlama, Kraken or Morpho, by what is asked for."""
        while peer.request() is not None:
            line = peer.head.split(b"\r\n")[0].decode()
            self.asked.append(line)
            peer.answer(self.body(line))

    def body(self, line: str) -> bytes:
        now = self.served.clock.now()
        if "/chart/" in line:
            moment = datetime.fromtimestamp(now - 900, UTC).strftime("%Y-%m-%dT%H:%M:%S.123Z")
            return payloads.chart(payloads.point(self.percent, moment))
        if "/graphql" in line:
            return payloads.vaults(payloads.vault(at.STEAKHOUSE, 0.05))
        if "Ticker" in line:
            pairs: Any = {"USDCUSD": (self.usd, self.usd), "XETHZUSD": (self.eth, self.eth)}
            return payloads.ticker(**{name: payloads.pair(*said) for name, said in pairs.items()})
        return json.dumps(
            {
                "coins": {
                    "coingecko:usd-coin": {
                        "price": float(self.usd),
                        "timestamp": now - 60,
                        "confidence": 0.99,
                    },
                    "coingecko:ethereum": {
                        "price": float(self.eth),
                        "timestamp": now - 60,
                        "confidence": 0.99,
                    },
                }
            }
        ).encode()


@contextlib.contextmanager
def telling(
    served: SimEndpoint, folder: Path, monkeypatch: pytest.MonkeyPatch, names: str = "defillama,kraken,morpho"
) -> Iterator[tuple[EndpointShell, Told]]:
    """Serve sources that know the simulated addresses; yield a shell that asks them, and what they say."""
    listed = folder / "ids.toml"
    listed.write_text(_IDS)
    monkeypatch.setattr(ids, "_FILE", listed)
    ids._listed.cache_clear()
    told = Told(served)
    try:
        with serving(told.serve) as server:
            told.server = server
            kinds = ("DEFILLAMA_RATES", "DEFILLAMA_PRICES", "KRAKEN", "MORPHO")
            urls = {f"MAMMON_SOURCES__{kind}_URL": server.url for kind in kinds}
            known = {"MAMMON_SOURCES__NAMES": names, "MAMMON_SOURCES__TIMEOUT": "1s", **urls}
            yield EndpointShell(folder / "home", served, **known), told
    finally:
        ids._listed.cache_clear()


_IDS = f"""
[[assets]]
chain_id = {CHAIN_ID}
address = "{at.USDC}"
defillama = {{ asset_usd = "coingecko:usd-coin", eth_usd = "coingecko:ethereum" }}
kraken = {{ asset_usd = "USDCUSD", eth_usd = "XETHZUSD" }}
source = "the simulated chain"

[[markets]]
chain_id = {CHAIN_ID}
address = "{at.AAVE_POOL}"
protocol = "aave_v3"
defillama = "{POOL}"
source = "the simulated chain"

[[markets]]
chain_id = {CHAIN_ID}
address = "{at.STEAKHOUSE}"
protocol = "metamorpho"
morpho = true
source = "the simulated chain"
"""
