"""Read a chain file's text: strict, every error naming the key."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import replace

from mammon.core.types import Address, GasUnits, Token
from mammon.errors import UsageError
from mammon.protocols.chains.file import ChainFile, Feed, SequencerFeed
from mammon.protocols.chains.markets import with_payers, with_tables
from mammon.protocols.chains.pegs import with_pegs
from mammon.protocols.chains.pools import with_position_managers
from mammon.protocols.chains.table import Table, only_address, optional_address

_ACTIONS = ("approve", "deposit", "withdraw", "withdraw_all")
_LOCAL = ("http://127.0.0.1", "http://localhost")
_MAX_SECONDS = 7 * 86_400
_MAX_DEPTH = 100_000
SETTLE_DEPTH = 30
"""A minute on Base, where the batch that makes a block safe takes about two."""
_MAX_GAS = 16_777_216
_MAX_TX_BYTES = 100_000


def parse_chain(text: str, where: str) -> ChainFile:
    """Read a chain file; `where` names it in errors. Raises `UsageError`."""
    try:
        plain = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError("chain_file", f"{where}: {error}") from error
    top = Table(plain, where)
    chain = with_tables(_without_markets(top), top.tables("markets"))
    chain = with_payers(chain, top.tables("payers"))
    chain = with_position_managers(chain, top.tables("position_managers"))
    chain = with_pegs(chain, top.tables("pegs"))
    top.close()
    return replace(chain, sources=tuple(top.sources))


def _without_markets(top: Table) -> ChainFile:
    chain_id = top.integer("chain_id", 1, 2**53 - 1)
    return ChainFile(
        chain_id=chain_id,
        name=top.text("name"),
        native=top.text("native"),
        block_time_s=top.integer("block_time_s", 1, _MAX_SECONDS),
        settle_depth=top.integer("settle_depth", 0, _MAX_DEPTH, default=SETTLE_DEPTH),
        multicall3=only_address(top.table("multicall3")),
        gas_price_oracle=optional_address(top.optional_table("gas_price_oracle")),
        sequencer=_sequencer(top.optional_table("sequencer")),
        feeds=tuple(_feed(*entry) for entry in top.table("feeds").named()),
        tokens=tuple(_token(chain_id, *entry) for entry in top.table("tokens").named()),
        rpc=tuple(map(_rpc, top.tables("rpc"))),
        roles=tuple(_roles(top.optional_table("roles") or top.empty("roles"))),
        markets=(),
        gas_units=tuple(_gas_units(top.table("gas_units"))),
        sources=(),
    )


def _sequencer(table: Table | None) -> SequencerFeed | None:
    if table is None:
        return None
    grace_s = table.integer("grace_s", 0, _MAX_SECONDS)
    return SequencerFeed(only_address(table), grace_s)


def _feed(pair: str, table: Table) -> Feed:
    heartbeat_s = table.integer("heartbeat_s", 1, _MAX_SECONDS)
    table.text("note", default="")
    return Feed(pair, only_address(table), heartbeat_s)


def _token(chain_id: int, symbol: str, table: Table) -> Token:
    decimals = table.integer("decimals", 0, 36)
    return Token(chain_id, only_address(table), symbol, decimals)


def _rpc(table: Table) -> str:
    url = table.text("url")
    if not url.startswith(("https://", *_LOCAL)):
        raise table.error("url", "is neither https nor on this machine")
    table.text("source")
    table.text("note", default="")
    table.close()
    return url


def _roles(tables: Table) -> Iterator[tuple[str, str, Address]]:
    for protocol, table in tables.named():
        for name, entry in table.named():
            yield protocol, name, only_address(entry)


def _gas_units(tables: Table) -> Iterator[GasUnits]:
    for protocol, table in tables.named():
        table.text("source")
        for action in _ACTIONS:
            figures = table.optional_table(action)
            if figures is not None:
                units = figures.integer("units", 21_000, _MAX_GAS)
                tx_bytes = figures.integer("tx_bytes", 1, _MAX_TX_BYTES)
                figures.close()
                yield GasUnits(protocol, action, units, tx_bytes)
        table.close()
