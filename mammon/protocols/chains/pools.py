"""Position managers from tables: where concentrated-liquidity positions are looked for, and nothing more."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from mammon.core.concentrated.managers import PositionManager
from mammon.core.names import Address
from mammon.protocols.chains.file import ChainFile
from mammon.protocols.chains.markets import slug_of_table
from mammon.protocols.chains.table import Table, only_address, optional_address

STAKING = {"slipstream": True, "uniswap_v3": False}
"""The kinds there are (`protocols.pools.POOLS`), and whether positions of that kind can be staked."""


def with_position_managers(chain: ChainFile, tables: Iterable[Table]) -> ChainFile:
    """Return the chain with its position managers, each slug and each address once."""
    managers: dict[str, PositionManager] = {}
    taken = {market.slug for market in (*chain.markets, *chain.payers)}
    for table in tables:
        manager = _manager(table, chain)
        if manager.slug in taken or manager.slug in managers:
            raise table.error("slug", f"{manager.slug!r} is taken")
        if any(manager.address == other.address for other in managers.values()):
            raise table.error("address", "is another position manager's already")
        managers[manager.slug] = manager
    return replace(chain, position_managers=tuple(managers.values()))


def _manager(table: Table, chain: ChainFile) -> PositionManager:
    slug, protocol = slug_of_table(table), table.text("protocol")
    if protocol not in STAKING:
        raise table.error("protocol", f"{protocol!r} is not one of {', '.join(sorted(STAKING))}")
    address, factory = table.listed(), only_address(table.table("factory"))
    voter = optional_address(table.optional_table("voter"))
    if voter is not None and not STAKING[protocol]:
        raise table.error("voter", f"is not for {protocol}, whose positions cannot be staked")
    staked = table.tables("staked")
    if staked and voter is None:
        raise table.error("voter", "is missing: it knows the gauges of the pools listed as `staked`")
    pools = tuple(_pool(pool) for pool in staked)
    table.text("note", default="")
    table.close()
    return PositionManager(
        chain.chain_id, slug, protocol, address, factory, chain.multicall3, voter, pools, chain.tokens
    )


def _pool(table: Table) -> Address:
    table.text("name")
    return only_address(table)
