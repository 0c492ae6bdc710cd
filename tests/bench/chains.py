"""The simulated chain as the text of a chain file, for the program as users run it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

from mammon.core.types import GasUnits, Market
from mammon.protocols.chains.file import ChainFile
from mammon.sim.chainfile import chain_file

_SOURCE = 'source = "the simulated chain"'


def write_chain_file(path: Path, *urls: str, only: Collection[str] = ()) -> Path:
    """Write the chain file of endpoints that serve the simulated chain, its markets or `only` some."""
    path.write_text("\n".join(_lines(chain_file(), urls, only)) + "\n", "utf-8")
    return path


def _lines(known: ChainFile, urls: Collection[str], only: Collection[str]) -> Iterator[str]:
    assert known.gas_price_oracle is not None
    assert known.sequencer is not None
    yield f'chain_id = {known.chain_id}\nname = "{known.name}"\nnative = "{known.native}"'
    yield f"block_time_s = {known.block_time_s}"
    yield from _table("multicall3", known.multicall3)
    yield from _table("gas_price_oracle", known.gas_price_oracle)
    yield from _table("sequencer", known.sequencer.address, f"grace_s = {known.sequencer.grace_s}")
    for feed in known.feeds:
        yield from _table(f"feeds.{feed.pair}", feed.address, f"heartbeat_s = {feed.heartbeat_s}")
    for token in known.tokens:
        yield from _table(f"tokens.{token.symbol}", token.address, f"decimals = {token.decimals}")
    for url in urls:
        yield f'[[rpc]]\nurl = "{url}"\n{_SOURCE}'
    for protocol in sorted({row.protocol for row in known.gas_units}):
        yield f"[gas_units.{protocol}]\n{_SOURCE}"
        yield from (_gas(row) for row in known.gas_units if row.protocol == protocol)
    for market in known.markets:
        if not only or market.slug in only:
            yield from _market(market)


def _table(name: str, address: str, *more: str) -> Iterator[str]:
    yield f'[{name}]\naddress = "{address}"\n{_SOURCE}'
    yield from more


def _gas(row: GasUnits) -> str:
    return f"{row.action} = {{ units = {row.units}, tx_bytes = {row.tx_bytes} }}"


def _market(market: Market) -> Iterator[str]:
    yield f'[[markets]]\nslug = "{market.slug}"\nprotocol = "{market.protocol}"'
    yield f'token = "{market.token.symbol}"\naddress = "{market.id.address}"\n{_SOURCE}'
    for role, address in market.addresses:
        yield f'roles.{role} = {{ address = "{address}", {_SOURCE} }}'
