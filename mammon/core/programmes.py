"""Reward programmes: what somebody pays to those who supply a market, as it was told."""

from __future__ import annotations

from dataclasses import dataclass

from mammon.core.numbers import Rate, Units, Usd, Wad
from mammon.core.tokens import Token


@dataclass(frozen=True, slots=True)
class Emission:
    """So much of the token by the second, shared by everybody who supplies."""

    per_second: Wad
    """Base units of the token, scaled by 1e18."""
    least_supplied: Units = Units(0)
    """Where less is supplied nothing is paid at all; base units of the asset."""
    funds: Units | None = None
    """What the payer has left to pay with, base units of the token; None: that was not read."""


@dataclass(frozen=True, slots=True)
class Quote:
    """A yearly rate as a source outside the chain tells it, at that source's own price of the token."""

    apr: Rate
    told_at: int
    """Unix seconds."""
    net: bool = False
    """`apr` is a target that has the market's own rate in it (Merkl's `AAVE_NET_APR`)."""
    native_apr: Rate | None = None
    """The market's own rate as that source tells it; what is not told makes a net quote unknown."""
    shared_usd: Usd | None = None
    """Worth of the deposits that share it, as that source tells it; None: not told."""


@dataclass(frozen=True, slots=True)
class Programme:
    """A reward that somebody pays to those who supply one market."""

    slug: str
    """The market's."""
    source: str
    """Who says so: a payer's slug, or `merkl`."""
    token: Token
    pays: Emission | Quote
    starts: int = 0
    """Unix seconds, as `ends`; 0: it began long ago."""
    ends: int | None = None
    """The last second it pays; None: until somebody ends it, or not told."""


@dataclass(frozen=True, slots=True)
class Untold:
    """Stand where a programme may be: somebody who was asked did not tell, or could not."""

    slug: str
    """The market's."""
    source: str
    """Who was asked."""
    symbol: str
    """What it would be paid in; empty where that is not known."""
    code: str
    reason: str
