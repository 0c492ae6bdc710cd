"""What a track tells at the block just read: how much was lent, what was earned, over how long."""

from __future__ import annotations

from bisect import bisect_left
from decimal import Decimal
from operator import attrgetter

from mammon.core.fixed import SECONDS_PER_DAY, SECONDS_PER_YEAR
from mammon.core.tracks import Sample, Track
from mammon.core.types import MarketState, Snapshot

USUAL_S = 9 * SECONDS_PER_DAY
"""How far back a rate is usual: the sample of seven days is up to eight days and some hours old."""
SETTLED_S = 600
"""Growth over less time than this tells nothing."""
PPB = 10**9
"""Shares and yearly rates are counted in parts of it where they are compared."""

_BY_SLUG = attrgetter("slug")


def track_of(snapshot: Snapshot, slug: str) -> Track | None:
    """Return what earlier readings tell of a market; None where there was none."""
    tracks = snapshot.tracks
    place = bisect_left(tracks, slug, key=_BY_SLUG)
    return tracks[place] if place < len(tracks) and tracks[place].slug == slug else None


def samples_of(snapshot: Snapshot, slug: str, within_s: int = USUAL_S) -> tuple[Sample, ...]:
    """Return the earlier readings of a market, oldest first: of lower blocks, and not older than so long."""
    track, block = track_of(snapshot, slug), snapshot.block
    return tuple(
        [
            sample
            for sample in (track.samples if track else ())
            if sample.block < block.number and 0 < block.timestamp - sample.at <= within_s
        ]
    )


def lent_ppb(seen: MarketState | Sample) -> int:
    """Return the share of what is supplied that is lent out, or else not withdrawable; rounded up."""
    supplied = seen.supplied
    if supplied <= 0:
        return 0
    lent = supplied - seen.withdrawable if seen.borrowed is None else seen.borrowed
    return -(-lent * PPB // supplied) if lent > 0 else 0


def growth_ppb(then: int, now: int, seconds: int) -> int | None:
    """Return the APY at which an index went from `then` to `now`; None over less than `SETTLED_S`.

    To the third term of the exponential: 0.4 % of a rate of 50 % is missing.
    """
    if then <= 0 or seconds < SETTLED_S:
        return None
    simple = (now - then) * PPB * SECONDS_PER_YEAR // (then * seconds)
    square = simple * simple // PPB
    return simple + square // 2 + square * simple // (6 * PPB)


def ppb_of(value: Decimal) -> int:
    """Return a fraction in parts of a billion, cut off."""
    return int(value.scaleb(9))


def fraction(ppb: int) -> Decimal:
    """Return a share of a billion as a fraction."""
    return Decimal(ppb).scaleb(-9)
