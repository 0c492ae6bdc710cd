"""Markets from tables: how a chain file lists them, and how a user adds one by configuration alone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from mammon.core.types import Address, Market, MarketId, Token
from mammon.protocols.base import Roles
from mammon.protocols.chains.file import ChainFile
from mammon.protocols.chains.risk import dossier_of
from mammon.protocols.chains.table import Table, optional_address
from mammon.protocols.payers import PAYERS
from mammon.protocols.registry import VENUES

_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,47}\Z")


def with_markets(chain: ChainFile, tables: Iterable[Mapping[str, object]], where: str) -> ChainFile:
    """Return the chain with a user's markets; `where` names the configuration in errors.

    A table that repeats both slug and address of a market of the chain takes its place: that is how
    deposits are switched on or off. A slug or an address alone that is there already is refused.
    """
    added = [Table(table, f"{where}.markets[{index}]") for index, table in enumerate(tables)]
    longer = with_tables(chain, added, tuple(market.slug for market in chain.markets))
    return replace(longer, sources=(*chain.sources, *(source for table in added for source in table.sources)))


def with_tables(chain: ChainFile, tables: Iterable[Table], replaceable: tuple[str, ...] = ()) -> ChainFile:
    """Return the chain with the tables' markets, each slug and each market once."""
    markets = {market.slug: market for market in chain.markets}
    paying = {payer.slug for payer in chain.payers}
    for table in tables:
        market = _market(table, chain)
        if market.slug in paying:
            raise table.error("slug", f"{market.slug!r} is taken by one who pays rewards")
        same_slug = markets.get(market.slug)
        same_id = next((other for other in markets.values() if other.id == market.id), None)
        if same_slug is not None and not (same_slug is same_id and market.slug in replaceable):
            raise table.error("slug", f"{market.slug!r} is taken by another market")
        if same_id is not None and same_id is not same_slug:
            raise table.error("address", f"is the market {same_id.slug!r} already")
        markets[market.slug] = market
    return replace(chain, markets=tuple(markets.values()))


def market_from_table(table: Mapping[str, object], chain: ChainFile) -> Market:
    """Read one market's table. Raises `UsageError` naming the key that is wrong."""
    return _market(Table(table, "market"), chain)


def _market(table: Table, chain: ChainFile) -> Market:
    protocol, slug = _protocol(table), slug_of_table(table)
    token = _token(table, chain)
    address, key = table.listed(), _key(table, protocol)
    roles = _roles(table, protocol, chain)
    deposits, note = table.flag("deposits", default=True), table.text("note", default="")
    if not deposits and not note:
        raise table.error("note", "is missing: say why deposits are off")
    table.close()
    # In every protocol here the contract that is entered is the one that pulls the token.
    identity = MarketId(chain.chain_id, address, token.address, key)
    risk = dossier_of(protocol, chain.chain_id, address)
    return Market(identity, slug, protocol, token, address, roles, deposits, note, risk)


def with_payers(chain: ChainFile, tables: Iterable[Table]) -> ChainFile:
    """Return the chain with those who pay rewards, each slug once among them and the markets."""
    payers: dict[str, Market] = {}
    taken = {market.slug for market in chain.markets}
    for table in tables:
        payer = _payer(table, chain)
        if payer.slug in taken or payer.slug in payers:
            raise table.error("slug", f"{payer.slug!r} is taken")
        payers[payer.slug] = payer
    return replace(chain, payers=tuple(payers.values()))


def _payer(table: Table, chain: ChainFile) -> Market:
    """Read one payer's table: nothing is ever deposited there."""
    kind, slug, token = table.text("protocol"), slug_of_table(table), _token(table, chain)
    if kind not in PAYERS:
        raise table.error("protocol", f"{kind!r} is not one of {', '.join(sorted(PAYERS))}")
    address, note = table.listed(), table.text("note", default="")
    roles = _named(table, PAYERS[kind].roles, kind, chain)
    table.close()
    # Who hands the token over, where that is another contract than the one that is asked to.
    hand = dict(roles).get("distributor", address)
    identity = MarketId(chain.chain_id, address, token.address)
    return Market(identity, slug, kind, token, hand, roles, deposits=False, note=note)


def _protocol(table: Table) -> str:
    protocol = table.text("protocol")
    if protocol not in VENUES:
        raise table.error("protocol", f"{protocol!r} is not one of {', '.join(sorted(VENUES))}")
    return protocol


def _key(table: Table, protocol: str) -> str:
    """Return which of the contract's markets it is; nothing where a contract is one market."""
    wanted = VENUES[protocol].roles.key
    key = table.text("key") if wanted else table.text("key", default="")
    if key and not wanted:
        raise table.error("key", f"is not for {protocol}, whose contracts are one market each")
    return key


def slug_of_table(table: Table) -> str:
    """Take the name by which commands know what a table lists."""
    slug = table.text("slug")
    if not _SLUG.match(slug):
        raise table.error("slug", "is not up to 48 lower-case letters, digits and hyphens")
    return slug


def _token(table: Table, chain: ChainFile) -> Token:
    symbol = table.text("token")
    for token in chain.tokens:
        if token.symbol == symbol:
            return token
    raise table.error("token", f"{symbol!r} is not among the chain's tokens")


def _roles(table: Table, protocol: str, chain: ChainFile) -> tuple[tuple[str, Address], ...]:
    """Return the further addresses by role: the market's own, else what its protocol shares."""
    return _named(table, VENUES[protocol].roles, protocol, chain)


def _named(table: Table, wanted: Roles, protocol: str, chain: ChainFile) -> tuple[tuple[str, Address], ...]:
    given = table.optional_table("roles") or table.empty("roles")
    found: dict[str, Address] = {}
    for name in (*wanted.required, *wanted.optional):
        address = optional_address(given.optional_table(name)) or chain.role(protocol, name)
        if address is not None:
            found[name] = address
        elif name in wanted.required:
            raise given.error(name, f"is missing: {protocol} needs this address")
    given.close()
    return tuple(sorted(found.items()))
