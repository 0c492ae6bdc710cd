"""The positions last seen, each with its block. The chain is the truth; this is what was seen of it.

What could not be read stays what it was and is marked as unread: only a reading that found nothing
closes a position. A row that is not there was never seen, which is not zero either.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from mammon.core.numbers import Units
from mammon.core.types import Address, MarketId, Position, Unread
from mammon.state.db import Database, Row
from mammon.state.table import Table

_COLUMNS = (
    "owner",
    "chain_id",
    "address",
    "asset",
    "key",
    "slug",
    "shares",
    "assets",
    "block_number",
    "block_at",
    "unread_code",
    "unread_reason",
    "unread_block",
)


@dataclass(frozen=True, slots=True)
class Seen:
    """A position as last read, and the failure to read it since, if there was one."""

    position: Position
    block_number: int
    block_at: int
    """Unix seconds."""
    unread: Unread | None = None
    unread_block: int | None = None


class Positions:
    """The table of positions."""

    def __init__(self, database: Database) -> None:
        self._table = Table(database, "positions", _COLUMNS)

    def observe(
        self,
        owner: Address,
        block_number: int,
        block_at: int,
        found: Sequence[Position | Unread],
        empty: Collection[MarketId] = (),
    ) -> None:
        """Take over what one block showed, inside a transaction.

        `empty` are the markets that were read and hold nothing. A market in neither stays as it is,
        and so does everything that a later block has shown already.
        """
        known = {seen.position.market: seen for seen in self.of(owner) if seen.block_number <= block_number}
        later = {seen.position.market for seen in self.of(owner)} - known.keys()
        unread = {item.subject: item for item in found if isinstance(item, Unread)}
        changed: dict[MarketId, Seen] = {}
        for market, seen in known.items():
            if seen.position.slug in unread:
                reason = unread[seen.position.slug]
                changed[market] = replace(seen, unread=reason, unread_block=block_number)
            elif market in empty:
                changed[market] = Seen(_emptied(seen.position), block_number, block_at)
        for item in found:
            if isinstance(item, Position) and item.market not in later:
                changed[item.market] = Seen(item, block_number, block_at)
        self._table.put(map(_row, changed.values()))

    def of(self, owner: Address) -> tuple[Seen, ...]:
        """Return everything ever seen of one owner, emptied positions included, by slug."""
        every = (_seen(row) for row in self._table.rows())
        return tuple(sorted((s for s in every if s.position.owner == owner), key=lambda s: s.position.slug))


def _emptied(position: Position) -> Position:
    return Position(position.market, position.slug, position.owner, Units(0), Units(0))


def _row(seen: Seen) -> Row:
    position, market = seen.position, seen.position.market
    unread = (seen.unread.code, seen.unread.reason) if seen.unread else (None, None)
    identity = (position.owner, market.chain_id, market.address, market.asset, market.key, position.slug)
    amounts = (str(position.shares), str(position.assets), seen.block_number, seen.block_at)
    return (*identity, *amounts, *unread, seen.unread_block)


def _seen(row: Row) -> Seen:
    owner, chain_id, address, asset, key, slug, shares, assets, number, at, code, reason, unread_block = row
    market = MarketId(chain_id, Address(address), Address(asset), key)
    position = Position(market, slug, Address(owner), Units(int(shares)), Units(int(assets)))
    return Seen(position, number, at, Unread(slug, code, reason) if code is not None else None, unread_block)
