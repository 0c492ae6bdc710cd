"""Together: limits on what several places hold, beside those on each.

A group is what may fail together: of what each of its places holds a part counts, rounded up. It is asked
about when anything enters one of its places, as its gate is: what holds more than its limit already may
stay, and whatever leaves it is welcome, but nothing enters it until it is within its limit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mammon.core.allocation.places import Place
from mammon.core.fixed import mul_div_up


@dataclass(frozen=True, slots=True)
class Group:
    """What some places may hold together, base units."""

    name: str
    parts: tuple[tuple[str, int, int], ...]
    """Of what each place holds, by slug, so many of so many parts count."""
    most: int

    def total(self, holdings: Mapping[str, int]) -> int:
        """Return what of all holdings counts."""
        return sum([mul_div_up(holdings[slug], part, of) for slug, part, of in self.parts])


@dataclass(frozen=True, slots=True)
class Together:
    """Every limit on what places hold together."""

    groups: tuple[Group, ...] = ()
    squares: int | None = None
    """The most that the squares of all holdings may add up to, once anything is changed; None: no limit."""
    least: int = 0
    """What all holdings come to at least; no more than what is held."""

    def allows(self, places: Sequence[Place], holdings: Sequence[int]) -> bool:
        """Say whether holdings, in the order of the places, are within every limit; what is held is."""
        held = [place.held for place in places]
        if list(holdings) == held:
            return True
        if sum(holdings) < self.least or self.excess(holdings) > 0:
            return False
        return all(over <= 0 for _, over in self.entered(places, holdings))

    def excess(self, holdings: Sequence[int]) -> int:
        """Return by how much the sum of squares is above its limit; negative below it."""
        return -1 if self.squares is None else sum([x * x for x in holdings]) - self.squares

    def entered(self, places: Sequence[Place], holdings: Sequence[int]) -> list[tuple[Group, int]]:
        """Return the groups that something enters, each with how much it would be above its limit."""
        by_slug = {place.slug: amount for place, amount in zip(places, holdings, strict=True)}
        more = {place.slug for place, amount in zip(places, holdings, strict=True) if amount > place.held}
        return [
            (group, group.total(by_slug) - group.most)
            for group in self.groups
            if any(slug in more for slug, _, _ in group.parts)
        ]


FREE = Together()
"""No limit on what places hold together."""
