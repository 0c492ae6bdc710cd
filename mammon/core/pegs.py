"""Pegs: what a collateral is meant to be worth, as a chain's description documents it.

A token that stands for a coin is held against the coin's price. One that wraps staked coins is worth more
of them each day: it is held against how many it can be redeemed for, as a feed of the chain tells. What
stands for nothing has no peg, however far it falls.
"""

from __future__ import annotations

from dataclasses import dataclass

from mammon.core.names import Address

SUBJECT = "peg:"
"""Begins the subject of what an outside source says of a peg; no market's slug has such a character."""


@dataclass(frozen=True, slots=True)
class Peg:
    """One collateral that is meant to be worth something else."""

    token: Address
    symbol: str
    price: str
    """The pair of the feed of what it costs where it is traded."""
    par: str
    """The pair of the feed of what it is meant to cost, in the same unit."""
    wrapped: bool
    """`par` is what one can be redeemed for; else the price of the coin it stands for."""
    most_off_bps: int
    """Further from its par than this it has lost its peg, basis points."""

    @property
    def subject(self) -> str:
        """What an outside source is asked about: its price over that of the coin it stands for or wraps."""
        return f"{SUBJECT}{self.symbol}"
