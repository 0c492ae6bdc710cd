"""Mending: a filling's amounts made whole units again that every limit on several places allows.

A filling is told by lines and in halves of units; what it comes to may be beyond a limit by a little.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mammon.core.allocation.sampled import Sampled
from mammon.core.allocation.together import FREE, Together

_TRIES = 6


def mended(places: Sequence[Sampled], holdings: list[int], together: Together) -> list[int] | None:
    """Return holdings that may be chosen, near to these; None where none were found."""
    if together == FREE:
        return holdings
    plain = [sampled.place for sampled in places]
    found = _trimmed(places, holdings, together)
    for _ in range(_TRIES):
        found = _topped_up(places, _levelled(places, found, together), together)
        if together.allows(plain, found):
            return found
    return None


def _trimmed(places: Sequence[Sampled], holdings: list[int], together: Together) -> list[int]:
    """Take what is above a group's limit out of what enters it."""
    numbers = {sampled.place.slug: number for number, sampled in enumerate(places)}
    found, plain = list(holdings), [sampled.place for sampled in places]
    for group, over in together.entered(plain, holdings):
        for slug, part, of in group.parts if over > 0 else ():
            number = numbers[slug]
            lower = found[number] - -(-over * of // part)
            if found[number] > places[number].place.held and places[number].allowed(max(0, lower)):
                found[number] = max(0, lower)
                break
    return found


def _levelled(places: Sequence[Sampled], holdings: list[int], together: Together) -> list[int]:
    """Bring a little from the largest to the smallest, where the squares are above their limit."""
    excess = together.excess(holdings)
    if excess <= 0:
        return holdings
    order = sorted(range(len(holdings)), key=lambda number: (holdings[number], number))
    for high in reversed(order):
        for low in (number for number in order if holdings[number] < holdings[high]):
            between = holdings[high] - holdings[low]
            step = min(-(-excess // between), (between + 1) // 2)
            if places[high].allowed(holdings[high] - step) and places[low].allowed(holdings[low] + step):
                return _moved(holdings, high, low, step)
    return holdings


def _moved(holdings: Sequence[int], high: int, low: int, step: int) -> list[int]:
    found = list(holdings)
    found[high] -= step
    found[low] += step
    return found


def _topped_up(places: Sequence[Sampled], holdings: list[int], together: Together) -> list[int]:
    """Add the units that are missing from what all come to at least, where one place takes them."""
    missing = together.least - sum(holdings)
    if missing <= 0:
        return holdings
    plain = [sampled.place for sampled in places]
    tried = list(_with(places, holdings, missing))
    return next((found for found in tried if together.allows(plain, found)), (tried or [holdings])[0])


def _with(places: Sequence[Sampled], holdings: Sequence[int], missing: int) -> Iterator[list[int]]:
    for number, sampled in enumerate(places):
        if sampled.allowed(holdings[number] + missing):
            found = list(holdings)
            found[number] += missing
            yield found
