"""Binding: the groups as rows of the programme, and which of them are above their limit now.

A group above its limit binds only where something enters it. So it is first held to what it has now, which
no split that enters nothing exceeds; where the search would enter it, it looks at both ways.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from mammon.core.allocation.filling import Row
from mammon.core.allocation.places import Place
from mammon.core.allocation.together import Together

_WEIGHT_BITS = 40


class Binding:
    """The groups of some places, in the order of the places."""

    def __init__(self, places: Sequence[Place], together: Together) -> None:
        numbers = {place.slug: number for number, place in enumerate(places)}
        self._held = [2 * place.held for place in places]
        self._rows: list[Row] = []
        self._members = [[numbers[slug] for slug, _, _ in group.parts] for group in together.groups]
        self._over: dict[int, Row] = {}
        """As they are now, of the groups above their limit."""
        for number, group in enumerate(together.groups):
            weights = [0] * len(places)
            for slug, part, of in group.parts:
                weights[numbers[slug]] = (part << _WEIGHT_BITS) // of  # rounded so that no split is shut out
            row = Row(weights, 2 * group.most << _WEIGHT_BITS)
            self._rows.append(row)
            if group.total({place.slug: place.held for place in places}) > group.most:
                self._over[number] = Row(weights, max(row.most, row.total(self._held)))

    def rows(self, kept: Collection[int]) -> list[Row]:
        """Return the rows, those above their limit as they are now unless they are to be within it."""
        return [
            row if number in kept else self._over.get(number, row) for number, row in enumerate(self._rows)
        ]

    def overfilled(self, amounts: Sequence[int], kept: Collection[int]) -> int | None:
        """Return the first group that doubled amounts enter and leave above its limit; None without one."""
        for number in self._over:
            row = self._rows[number]
            entered = any(amounts[at] > self._held[at] for at in self.members(number))
            if number not in kept and entered and row.total(amounts) > row.most:
                return number
        return None

    def members(self, group: int) -> list[int]:
        """Return the places of a group."""
        return self._members[group]
