"""Sources: the money of an account that could move, place by place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from mammon.core.numbers import Rate, Units, Usd
from mammon.core.plan import IDLE
from mammon.core.reserve import Reserve
from mammon.core.types import MarketState, Portfolio, Position, Unread, slug_of

DUST_USD = Decimal("0.01")
"""What a place holds below this is no money to move, unless there is nothing else."""

Worth = Callable[[Units], Usd | None]
"""What an amount of the asset is worth; None when its price is not known."""


@dataclass(frozen=True, slots=True)
class Source:
    """Money that could move: the wallet, or one position."""

    slug: str
    state: MarketState | None
    """None for the wallet, and for a market that could not be read."""
    available: Units | None
    """None when what could leave is not known."""
    apy: Rate | None
    usd: Usd | None = None
    """Worth of what is available; None when the amount or the price is not known."""


def sources_of(
    portfolio: Portfolio,
    reserve: Reserve,
    readings: Mapping[str, MarketState | Unread],
    apys: Mapping[str, Rate | None],
    worth: Worth,
) -> tuple[Source, ...]:
    """Return where money could come from: the wallet first, dust left out."""
    idle = portfolio.idle
    if isinstance(idle, Unread):
        wallet = Source(IDLE, None, None, None)
    else:
        spare = Units(max(0, idle - reserve.held))
        wallet = Source(IDLE, None, spare, Rate(Decimal(0)), worth(spare))
    held = [_held(position, readings, apys, worth) for position in portfolio.positions]
    found = tuple(s for s in (wallet, *held) if s.available is None or s.available > 0)
    material = tuple(s for s in found if s.usd is None or s.usd >= DUST_USD)
    return material or found


def _held(
    position: Position | Unread,
    readings: Mapping[str, MarketState | Unread],
    apys: Mapping[str, Rate | None],
    worth: Worth,
) -> Source:
    slug = slug_of(position)
    state = readings.get(slug)
    if isinstance(position, Unread) or state is None or isinstance(state, Unread):
        return Source(slug, None, None, None)
    liquid = Units(0) if state.locked else Units(min(position.assets, state.withdrawable))
    return Source(slug, state, liquid, apys[slug], worth(liquid))
