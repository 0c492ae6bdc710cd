"""What reading positions in pools needs, put together for one world: their managers, and prices of tokens."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mammon.chain import oracle
from mammon.core.concentrated.positions import PoolHoldings
from mammon.core.names import Address
from mammon.core.types import Hint, Price, Read, Unread
from mammon.engine.observe import Observation
from mammon.protocols.chains import ChainFile
from mammon.protocols.pools.reading import read_holdings

_POOLS = "pools:"
_PRICE = "price:"


def reads(known: ChainFile, owner: Address, hints: Mapping[str, Hint]) -> dict[str, Read[Any]]:
    """Return fresh reads of the owner's positions by manager, and of the listed tokens' prices."""
    if not known.position_managers:
        return {}
    found: dict[str, Read[Any]] = {
        f"{_POOLS}{manager.slug}": read_holdings(manager, owner, hints.get(_hint_name(manager.slug)))
        for manager in known.position_managers
    }
    for token in known.tokens:
        pair = f"{token.symbol.lower()}_usd"
        feed = known.feed(pair)
        if feed is not None:
            found[f"{_PRICE}{token.address}"] = oracle.price(
                pair, feed.address, feed.heartbeat_s, known.multicall3
            )
    return found


def holdings(seen: Observation) -> tuple[PoolHoldings | Unread, ...]:
    """Return what was read of each manager; `Unread` under the manager's own name."""
    found = ((name.removeprefix(_POOLS), one) for name, one in seen.aside.items() if name.startswith(_POOLS))
    return tuple(
        Unread(slug, one.code, one.reason) if isinstance(one, Unread) else one for slug, one in found
    )


def prices(seen: Observation) -> dict[Address, Price | Unread]:
    """Return the prices that were read, by token."""
    return {
        Address(name.removeprefix(_PRICE)): one for name, one in seen.aside.items() if name.startswith(_PRICE)
    }


def hints(seen: Observation) -> dict[str, Hint]:
    """Return what makes the next reading of these shorter."""
    return {_hint_name(one.slug): one.hint for one in holdings(seen) if isinstance(one, PoolHoldings)}


def _hint_name(slug: str) -> str:
    return f"{slug}#pools"
