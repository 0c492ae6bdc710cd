"""A concentrated-liquidity position as it was read.

It is looked at and never moved. It is no lending position and no idle money: it stands beside the
portfolio and enters no decision.
"""

from __future__ import annotations

from dataclasses import dataclass

from mammon.core.concentrated.amounts import in_range
from mammon.core.fixed import SECONDS_PER_YEAR
from mammon.core.names import Address
from mammon.core.numbers import Units
from mammon.core.types import Hint, Token, Unread


@dataclass(frozen=True, slots=True)
class Coin:
    """One of a pool's tokens: listed by the chain file, or an address that nobody vouches for."""

    address: Address
    token: Token | None


@dataclass(frozen=True, slots=True)
class Emissions:
    """What a gauge pays a staked position."""

    coin: Coin
    earned: Units
    """Counted and not yet claimed, up to the block."""
    per_year: Units
    """At the block's rate and liquidity, rounded down; 0 out of range, and after the period's end."""


@dataclass(frozen=True, slots=True)
class PoolPosition:
    """One position at one block. Amounts are what leaving would pay, rounded as the contracts round."""

    slug: str
    """The manager's, `#`, the token's number."""
    pool: Address
    coins: tuple[Coin, Coin]
    parameter: int
    """Of the pool: its fee in hundredths of a basis point, or its tick spacing."""
    lower: int
    upper: int
    tick: int
    """The pool's."""
    liquidity: int
    amounts: tuple[Units, Units]
    fees: tuple[Units, Units]
    """Uncollected. A staked position earns none: they go to those who vote for its gauge."""
    emissions: Emissions | None = None
    """None where it is not staked."""

    @property
    def in_range(self) -> bool:
        """Say whether it earns now."""
        return in_range(self.lower, self.upper, self.tick)


@dataclass(frozen=True, slots=True)
class PoolHoldings:
    """What an account holds through one manager; what could not be read is `Unread`, each by itself."""

    slug: str
    positions: tuple[PoolPosition | Unread, ...]
    hint: Hint
    """What was asked, so that it can be asked at once the next time."""


def emission_per_year(rate: int, ends: int, now: int, liquidity: int, staked: int, earning: bool) -> Units:
    """Return a position's share of a year of emissions at the present rate, rounded down.

    `rate` is the gauge's, in base units by the second, and nothing from `ends` on; `staked` is the staked
    liquidity at the pool's price, which alone is paid, and `earning` whether the position is part of it.
    """
    if not earning or staked <= 0 or now >= ends:
        return Units(0)
    return Units(rate * SECONDS_PER_YEAR * liquidity // staked)
