"""Who issues concentrated-liquidity positions, apart from their arithmetic: the chain file names them."""

from __future__ import annotations

from dataclasses import dataclass

from mammon.core.names import Address
from mammon.core.types import Token


@dataclass(frozen=True, slots=True)
class PositionManager:
    """Who issues positions as tokens of their own, as the chain file lists it."""

    chain_id: int
    slug: str
    protocol: str
    """Key into `protocols.pools.POOLS`."""
    address: Address
    factory: Address
    """Knows the pool of two tokens and a parameter."""
    multicall3: Address
    """Tells the block's time."""
    voter: Address | None = None
    """Knows the gauge of a pool; None where nothing can be staked."""
    pools: tuple[Address, ...] = ()
    """Pools whose gauges are asked what an account has staked: what is staked belongs to the gauge."""
    tokens: tuple[Token, ...] = ()
    """The tokens that somebody vouches for; no other is ever called."""
