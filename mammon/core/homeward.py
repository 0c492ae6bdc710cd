"""Ways home: what of each holding could come back to the wallet at one block, and by which form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mammon.core.numbers import Units
from mammon.core.plan import IDLE, Plan, Step
from mammon.core.types import Market, MarketState, Portfolio, Position, Snapshot, Unread, slug_of


@dataclass(frozen=True, slots=True)
class Way:
    """The way home from one venue."""

    market: Market
    held: Units
    shares: Units
    """What is held, in the venue's own units."""
    liquid: Units | Unread
    """What could leave the venue at this block, all suppliers together."""

    @property
    def leaving(self) -> Units:
        """What could leave of the holding, as far as that was read; all of it where it was not."""
        return self.held if isinstance(self.liquid, Unread) else Units(min(self.held, self.liquid))

    def plan(self, parts: int = 100) -> Plan:
        """Return the one leg that brings home what can leave, or so many hundredths of it.

        Everything goes by the venue's own form. Where nothing could leave everything is asked for all
        the same: the rehearsal has the last word.
        """
        everything = parts == 100 and self.leaving in (0, self.held)
        amount = self.held if everything else Units(self.leaving * parts // 100)
        market = self.market
        step = Step("withdraw", market.slug, market.id, market.protocol, amount, everything)
        return Plan(market.slug, IDLE, amount, (step,))


def ways_home(
    snapshot: Snapshot, portfolio: Portfolio, markets: Mapping[str, Market]
) -> tuple[Way | Unread, ...]:
    """Return the ways home, most money first; an `Unread` for each venue whose holding was not read.

    A holding that is worth nothing has none.
    """
    states = {slug_of(reading): reading for reading in snapshot.markets}
    found = [held for held in portfolio.positions if isinstance(held, Position) and held.assets > 0]
    ways = [Way(markets[held.slug], held.assets, held.shares, _liquid(states, held.slug)) for held in found]
    ways.sort(key=lambda way: (-way.leaving, way.market.slug))
    return (*ways, *(held for held in portfolio.positions if isinstance(held, Unread)))


def _liquid(states: Mapping[str, MarketState | Unread], slug: str) -> Units | Unread:
    state = states.get(slug, Unread(slug, "unread", "the market was not read"))
    return state if isinstance(state, Unread) else state.withdrawable
