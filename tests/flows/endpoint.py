"""The simulated chain behind a real socket: what paper and live are given in place of the network."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

from mammon.cli.process import Process
from mammon.core.types import GasUnits, Market
from mammon.net.deadline import Deadline
from mammon.sim.chainfile import chain_file
from mammon.sim.clock import SimClock
from mammon.sim.node import SimNode
from mammon.sim.world import SimWorld
from tests.flows.runner import Shell
from tests.net.servers import Peer, Server, serving

_SOURCE = 'source = "the simulated chain"'


class SimEndpoint:
    """A node of one simulated world, its clock, and the bodies it was asked."""

    def __init__(self, seed: int = 7) -> None:
        self.world = SimWorld(seed)
        self.clock = SimClock(self.world)
        self.node = SimNode(self.world)
        self.asked: list[bytes] = []
        self.server: Server
        self.reply: Callable[[bytes], bytes] = self.answer
        """Replaced where an endpoint is to misbehave."""

    def answer(self, body: bytes) -> bytes:
        """Answer as the node does."""
        return self.node.exchange(body, Deadline(5.0))

    def serve(self, peer: Peer) -> None:
        """Answer every request of one connection."""
        while (body := peer.request()) is not None:
            self.asked.append(body)
            peer.answer(self.reply(body))


@contextlib.contextmanager
def endpoint(seed: int = 7) -> Iterator[SimEndpoint]:
    """Serve a simulated world on 127.0.0.1."""
    found = SimEndpoint(seed)
    with serving(found.serve) as server:
        found.server = server
        yield found


class EndpointShell(Shell):
    """A shell in a world read over HTTP, on the simulated world's time."""

    def __init__(self, home: Path, served: SimEndpoint, **environment: str) -> None:
        super().__init__(
            home, **{"MAMMON_MODE": "paper", "MAMMON_RPC__URLS": served.server.url, **environment}
        )
        self.environment.setdefault("MAMMON_CHAIN_FILE", str(chain_toml(home / "chain.toml")))
        self.served = served

    def process(self, stdin: object, out: object, err: object) -> Process:
        """Return the process a command runs in."""
        return Process(dict(self.environment), self.home, stdin, out, err, self.served.clock)  # type: ignore[arg-type]


def chain_toml(path: Path) -> Path:
    """Write the simulated chain as a chain file."""
    known = chain_file()
    sequencer = known.sequencer
    assert sequencer is not None
    parts = [
        f'chain_id = {known.chain_id}\nname = "base"\nnative = "ETH"\nblock_time_s = 2',
        _table("multicall3", known.multicall3),
        _table("gas_price_oracle", str(known.gas_price_oracle)),
        _table("sequencer", sequencer.address, f"grace_s = {sequencer.grace_s}"),
        *(
            _table(f"feeds.{feed.pair}", feed.address, f"heartbeat_s = {feed.heartbeat_s}")
            for feed in known.feeds
        ),
        *(
            _table(f"tokens.{token.symbol}", token.address, f"decimals = {token.decimals}")
            for token in known.tokens
        ),
        *_gas(known.gas_units),
        *map(_market, known.markets),
    ]
    path.write_text("\n".join(parts))
    return path


def with_ghosts(path: Path, only: bool) -> Path:
    """Write the simulated chain's file with a market where no contract is, or with nothing else."""
    text = chain_toml(path).read_text()
    head, *markets = text.split("[[markets]]")
    ghost = markets[0].replace('slug = "aave-v3"', 'slug = "ghost"')
    address = ghost.split('address = "')[1].split('"')[0]
    ghost = ghost.replace(address, "0x1111111111111111111111111111111111111111")
    path.write_text("[[markets]]".join([head, ghost] if only else [head, *markets, ghost]))
    return path


def _table(name: str, address: str, *lines: str) -> str:
    return "\n".join([f"[{name}]", f'address = "{address}"', _SOURCE, *lines, ""])


def _gas(units: tuple[GasUnits, ...]) -> Iterator[str]:
    for protocol in dict.fromkeys(row.protocol for row in units):
        rows = [row for row in units if row.protocol == protocol]
        lines = [f"{row.action} = {{ units = {row.units}, tx_bytes = {row.tx_bytes} }}" for row in rows]
        yield "\n".join([f"[gas_units.{protocol}]", _SOURCE, *lines, ""])


def _market(market: Market) -> str:
    lines = ["[[markets]]", f'slug = "{market.slug}"', f'protocol = "{market.protocol}"', 'token = "USDC"']
    lines += [f'address = "{market.id.address}"', _SOURCE]
    lines += [f'roles.{role} = {{ address = "{address}", {_SOURCE} }}' for role, address in market.addresses]
    return "\n".join([*lines, ""])
