"""Tracks: what earlier readings of a market tell, handed to a decision beside the block just read.

A track is thin on purpose: a few samples, further apart the older they are, which is what tests of
slope and level need, and little enough to stand whole in every decision.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from mammon.core.numbers import Ray, Units


@dataclass(frozen=True, slots=True)
class Sample:
    """One earlier reading of a market."""

    block: int
    at: int
    """Time of the block, unix seconds."""
    index: Ray
    """Worth of one unit supplied long ago."""
    supplied: Units
    borrowed: Units | None
    withdrawable: Units
    room: Units | None
    """What could still be deposited; None when nothing capped it."""
    loss: Units
    """The largest evidence of loss then, base units; 0 where there was none."""


@dataclass(frozen=True, slots=True)
class Track:
    """What earlier readings of one market tell."""

    slug: str
    samples: tuple[Sample, ...] = ()
    """Oldest first; every one lies before the block just read."""
    least_withdrawable: Units | None = None
    """The least that could have left at once, of all readings of the last 30 days; None: never read."""
    read: int = 0
    """Readings of the last 30 days that succeeded."""
    failed: int = 0
    """Readings of the last 30 days that did not."""


@dataclass(frozen=True, slots=True)
class Witness:
    """What a source outside the chain says of a subject: never a reading, only ever a cross-check."""

    source: str
    """Who says it: `defillama`, `coinbase`, …"""
    subject: str
    """A market's slug (its yearly base yield as a fraction), `asset_usd` or `eth_usd` (dollars), or a peg's
    (the price of one over the price of what it stands for)."""
    value: Decimal
    at: int
    """When the source says it was so, unix seconds."""


@dataclass(frozen=True, slots=True)
class PriceSample:
    """An earlier reading of one of the chain's own price feeds."""

    subject: str
    """`asset_usd` or `eth_usd`."""
    usd: Decimal
    at: int
    """Time of the block it was read at, unix seconds."""
