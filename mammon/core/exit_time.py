"""Time to exit: how long an amount would have waited until all of it could leave a venue.

Told for three spans: this block, the last 24 hours, the last 30 days. Only readings count: a venue was
*short* at a reading when less was withdrawable than the amount. A wait lies between two readings at
which all of it could leave, so it is told as *at most* the time between them; one that has not ended, or
that began before anything was read, is told as *at least* so long. No reading is no knowledge: a span in
which nothing was read is unknown. Whose money leaves first plays no part: what is withdrawable is
everybody's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from mammon.core.numbers import Units
from mammon.core.tracks import Track
from mammon.core.types import MarketState

DAY_S = 86_400
MONTH_S = 30 * DAY_S


@dataclass(frozen=True, slots=True)
class Wait:
    """A time to wait, seconds."""

    seconds: int
    bound: Literal["exact", "most", "least"]
    """`exact` is only ever 0: all of it could leave at once, whenever the venue was read."""


@dataclass(frozen=True, slots=True)
class ExitTime:
    """How long an amount would wait at a venue."""

    at_once: Units
    """What of the amount could leave in this block."""
    now: Wait
    """From this block on: 0, or at least as long as the venue has been short already."""
    day: Wait | None
    """The longest of the last 24 hours; None: nothing else was read in them."""
    month: Wait | None
    """The longest of the last 30 days."""
    read_s: int
    """How far the readings reach back, up to 30 days: the spans are told of no more than that."""


_Reading = tuple[int, bool]
"""When, and whether all of the amount could leave then."""


def exit_time(amount: int, state: MarketState, track: Track | None, at: int) -> ExitTime:
    """Return how long `amount` would wait to leave, as readings up to the block's time `at` tell."""
    liquid = 0 if state.locked else state.withdrawable
    samples = () if track is None else track.samples
    readings = [(sample.at, sample.withdrawable >= amount) for sample in samples if sample.at < at]
    readings = [*((when, free) for when, free in readings if when >= at - MONTH_S), (at, liquid >= amount)]
    least = None if track is None else track.least_withdrawable
    never_short = least is not None and least >= amount and all(free for _, free in readings)
    return ExitTime(
        Units(min(amount, liquid)),
        Wait(0, "exact") if liquid >= amount else Wait(_short_for(readings), "least"),
        _longest(readings, DAY_S, never_short),
        _longest(readings, MONTH_S, never_short),
        at - readings[0][0],
    )


def _short_for(readings: Sequence[_Reading]) -> int:
    """Return how long the venue has been short at every reading, up to the last one, which is short."""
    since = at = readings[-1][0]
    for when, free in reversed(readings):
        if free:
            break
        since = when
    return at - since


def _longest(readings: Sequence[_Reading], span_s: int, never_short: bool) -> Wait | None:
    """Return the longest wait within the last `span_s`, of whoever began to wait within it."""
    at = readings[-1][0]
    first = next(place for place, (when, _) in enumerate(readings) if when >= at - span_s)
    if first == len(readings) - 1:
        return None
    if never_short:
        return Wait(0, "exact")
    open_s = list(_open(readings, first))
    if open_s:
        return Wait(max(open_s), "least")
    # What was short between two readings was short for less than the time between them.
    free = [when for when, could in readings[first:] if could]
    begun = free if first == 0 else [at - span_s, *free]
    return Wait(max(until - since for since, until in pairwise(begun)), "most")


def _open(readings: Sequence[_Reading], first: int) -> Iterator[int]:
    """Yield the lengths of waits of which an end was not seen."""
    if not readings[-1][1]:
        yield _short_for(readings)
    if first == 0 and not readings[0][1]:
        ended = next((when for when, free in readings if free), readings[-1][0])
        yield ended - readings[0][0]
