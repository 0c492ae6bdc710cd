"""The search: prices and splits ranges until bound and yield meet, or the rounds are used up."""

from __future__ import annotations

import heapq
from collections.abc import Sequence

from mammon.core.allocation.envelope import Piece
from mammon.core.allocation.filling import Filling, filled
from mammon.core.allocation.places import Place, Split
from mammon.core.allocation.sampled import Range, Sampled
from mammon.core.fixed import WAD

CLOSE_PARTS = 10**10
"""A difference of one part in so many of the yield is none: neither searched for nor moved for."""

_ROUNDS_BY_PLACES = 4_000
_LEAST_ROUNDS = 60

Ranges = tuple[tuple[int, Range], ...]
"""Places whose range is cut, by their number."""


def split(
    places: Sequence[Place],
    budget: int,
    tranche: int = 1,
    close_parts: int = CLOSE_PARTS,
    rounds: int | None = None,
) -> Split:
    """Return the split of `budget` base units that earns most over the year, cost deducted.

    What each place's holding changes by is at least `tranche`. A budget below what is held takes nothing
    out. `rounds` bounds the work, and with it what is reported as gap. Deterministic: of equal splits the
    one that moves nothing, else the first found in the order of slugs. Applied and asked again, it moves
    nothing, as long as the gap was below one part in `CLOSE_PARTS`.
    """
    ordered = sorted(places, key=lambda place: place.slug)
    search = _Search(ordered, max(budget, sum(place.held for place in ordered)), tranche, close_parts)
    unmoved = search.best_net
    search.run(rounds or max(_LEAST_ROUNDS, _ROUNDS_BY_PLACES // max(1, len(ordered))))
    worth_it = search.best_net - unmoved > search.close_enough() + search.noise
    holdings = search.best if worth_it else [place.held for place in ordered]
    return Split(
        tuple((place.slug, holding) for place, holding in zip(ordered, holdings, strict=True)),
        search.best_net if worth_it else unmoved,
        unmoved,
        search.bound() + search.noise,
        search.rounds,
    )


class _Search:
    """Branch and bound over the ranges of the places."""

    def __init__(self, places: Sequence[Place], budget: int, tranche: int, close_parts: int) -> None:
        self.budget, self._close_parts = budget, close_parts
        self.places = [Sampled(number, place, tranche) for number, place in enumerate(places)]
        self.noise = budget * max((place.pays.noise for place in places), default=0)
        """How far above its bound rounding may lift a split's yield."""
        self.best = [place.held for place in places]
        self.best_net = sum(place.net(place.held) for place in places)
        self.rounds = 0
        self._settled = self.best_net
        self._open: list[tuple[int, int, Ranges]] = []
        """Minus the bound, a number that tells equal bounds apart, the ranges."""
        self._pushed = 0

    def run(self, rounds: int) -> None:
        """Search until what is open promises no more than what was found, or the rounds are used up."""
        everywhere = self._fill(())
        assert everywhere is not None  # what is held fits the budget
        self._push(everywhere.bound, ())
        while self._open and self.rounds < rounds and not self._settles(self.bound()):
            falling, _, ranges = heapq.heappop(self._open)
            self._visit(-falling, ranges, rounds)

    def bound(self) -> int:
        """Return what no split earns more than, as far as it was searched."""
        return max(self.best_net, self._settled, *(-entry[0] for entry in self._open[:1]))

    def close_enough(self) -> int:
        """Return the difference in yield that is none; at least a base unit for each place."""
        return max(abs(self.best_net) // self._close_parts, WAD * len(self.places), self.noise // 2)

    def _settles(self, promise: int) -> bool:
        return promise <= self.best_net + self.close_enough()

    def _push(self, promise: int, ranges: Ranges) -> None:
        self._pushed += 1
        heapq.heappush(self._open, (-promise, self._pushed, ranges))

    def _visit(self, promise: int, ranges: Ranges, rounds: int) -> None:
        """Price within these ranges until they promise nothing better; where that does not help, cut one."""
        while self.rounds < rounds:
            filling = self._fill(ranges)
            if filling is None:
                return
            promise = min(promise, filling.bound)
            sharper = self._sharpen(filling)
            self._attain(filling)
            if self._settles(promise):
                break
            if sharper:
                continue
            halves = self._cut(ranges, filling.broken)
            if not halves:
                break
            for half in halves:
                self._push(promise, half)
            return
        else:
            self._push(promise, ranges)
            return
        self._settled = max(self._settled, promise)

    def _fill(self, ranges: Ranges) -> Filling | None:
        self.rounds += 1
        cut = dict(ranges)
        return filled(
            [place.envelope(cut.get(place.number, place.whole)) for place in self.places], self.budget
        )

    def _sharpen(self, filling: Filling) -> bool:
        """Price every place where it was filled to; say whether its bound was too high anywhere."""
        least = self.close_enough() // (2 * max(1, len(self.places)))
        found = [
            place.sharpen(doubled, least) for place, doubled in zip(self.places, filling.amounts, strict=True)
        ]
        return any(found)

    def _attain(self, filling: Filling) -> None:
        """Keep the split that a filling comes to, if it is the best so far."""
        pairs = zip(self.places, filling.amounts, strict=True)
        holdings = [place.nearest_allowed(doubled // 2) for place, doubled in pairs]
        net = sum(place.net[holding] for place, holding in zip(self.places, holdings, strict=True))
        if net > self.best_net:
            self.best, self.best_net = holdings, net

    def _cut(self, ranges: Ranges, broken: Piece | None) -> list[Ranges]:
        """Return the ranges with that of the place that was filled in part cut in two."""
        if broken is None:
            return []
        place, cut = self.places[broken.place], dict(ranges)
        within = cut.get(place.number, place.whole)
        return [tuple((cut | {place.number: half}).items()) for half in place.cut(within, broken)]
