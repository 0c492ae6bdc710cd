"""The search: prices and splits ranges until bound and yield meet, or the rounds are used up."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from typing import NamedTuple

from mammon.core.allocation.binding import Binding
from mammon.core.allocation.envelope import Piece
from mammon.core.allocation.filling import Filling, filled, rationed
from mammon.core.allocation.mending import mended
from mammon.core.allocation.places import Place, Split
from mammon.core.allocation.sampled import Range, Sampled
from mammon.core.allocation.together import FREE, Together
from mammon.core.fixed import WAD

CLOSE_PARTS = 10**10
"""A difference of one part in so many of the yield is none: neither searched for nor moved for."""

_ROUNDS_BY_PLACES = 4_000
_LEAST_ROUNDS = 60
_WORTH_SHARPENING = 8
"""Pricing more helps as long as it brings the bound down by one part in so many of what is open."""


class Node(NamedTuple):
    """A part of what may be chosen."""

    ranges: tuple[tuple[int, Range], ...] = ()
    """Places whose range is cut, by their number."""
    kept: frozenset[int] = frozenset()
    """Groups above their limit now that are within it here, by their number."""


def split(
    places: Sequence[Place],
    budget: int,
    tranche: int = 1,
    close_parts: int = CLOSE_PARTS,
    rounds: int | None = None,
    together: Together = FREE,
) -> Split:
    """Return the split of `budget` base units that earns most over the year, cost deducted.

    What each place's holding changes by is at least `tranche`. A budget below what is held takes nothing
    out. `rounds` bounds the work, and with it what is reported as gap. Deterministic: of equal splits the
    one that moves nothing, else the first found in the order of slugs. Applied and asked again, it moves
    nothing, as long as the gap was below one part in `CLOSE_PARTS`. What is above a limit of `together`
    now may stay as it is.
    """
    ordered = sorted(places, key=lambda place: place.slug)
    budget = max(budget, sum(place.held for place in ordered))
    search = _Search(ordered, budget, tranche, close_parts, together)
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

    def __init__(
        self, places: Sequence[Place], budget: int, tranche: int, close_parts: int, together: Together
    ) -> None:
        self.budget, self._close_parts, self._together = budget, close_parts, together
        self.places = [Sampled(number, place, tranche) for number, place in enumerate(places)]
        self._binding = Binding(places, together)
        self.noise = budget * max((place.pays.noise for place in places), default=0)
        """How far above its bound rounding may lift a split's yield."""
        self.best = [place.held for place in places]
        self.best_net = sum(place.net(place.held) for place in places)
        self.rounds = 0
        self._settled = self.best_net
        self._open: list[tuple[int, int, Node]] = []
        """Minus the bound, a number that tells equal bounds apart, where."""
        self._pushed = 0

    def run(self, rounds: int) -> None:
        """Search until what is open promises no more than what was found, or the rounds are used up."""
        everywhere = self._fill(Node())
        if everywhere is not None:  # else what is held may stay, and nothing else is allowed
            self._push(everywhere.bound, Node())
        while self._open and self.rounds < rounds and not self._settles(self.bound()):
            falling, _, node = heapq.heappop(self._open)
            self._visit(-falling, node, rounds)

    def bound(self) -> int:
        """Return what no split earns more than, as far as it was searched."""
        return max(self.best_net, self._settled, *(-entry[0] for entry in self._open[:1]))

    def close_enough(self) -> int:
        """Return the difference in yield that is none; at least a base unit for each place."""
        return max(abs(self.best_net) // self._close_parts, WAD * len(self.places), self.noise // 2)

    def _settles(self, promise: int) -> bool:
        return promise <= self.best_net + self.close_enough()

    def _push(self, promise: int, node: Node) -> None:
        self._pushed += 1
        heapq.heappush(self._open, (-promise, self._pushed, node))

    def _visit(self, promise: int, node: Node, rounds: int) -> None:
        """Price within these ranges until they promise nothing better; where that does not help, cut one."""
        while self.rounds < rounds:
            filling = self._fill(node)
            if filling is None:
                return
            told, promise = promise, min(promise, filling.bound)
            sharper = self._sharpen(filling)
            self._attain(filling)
            if self._settles(promise):
                break
            if sharper and (told - promise) * _WORTH_SHARPENING > promise - self.best_net:
                continue
            halves = self._parted(node, filling) or self._cut(node, filling)
            if not halves and sharper:
                continue
            if not halves:
                break
            for half in halves:
                self._push(promise, half)
            return
        else:
            self._push(promise, node)
            return
        self._settled = max(self._settled, promise)

    def _fill(self, node: Node) -> Filling | None:
        self.rounds += 1
        cut = dict(node.ranges)
        envelopes = [place.envelope(cut.get(place.number, place.whole)) for place in self.places]
        least, squares = self._together.least, self._together.squares
        rows = self._binding.rows(node.kept)
        if not rows and squares is None:
            return filled(envelopes, self.budget, least)
        tangents = [] if squares is None else [place.points for place in self.places]
        return rationed(envelopes, (least, self.budget), rows, squares, tangents)

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
        holdings = mended(
            self.places, [place.nearest_allowed(doubled // 2) for place, doubled in pairs], self._together
        )
        if holdings is None or sum(holdings) > self.budget:  # so far off only where steps were used up
            return
        net = sum(place.earned(holding) for place, holding in zip(self.places, holdings, strict=True))
        if net > self.best_net:
            self.best, self.best_net = holdings, net

    def _parted(self, node: Node, filling: Filling) -> list[Node]:
        """Return both ways about a group above its limit that a filling enters: not at all, or within it."""
        group = self._binding.overfilled(filling.amounts, node.kept)
        if group is None:
            return []
        cut = dict(node.ranges)
        for number in self._binding.members(group):
            place = self.places[number]
            least, most = cut.get(number, place.whole)
            cut[number] = (least, min(most, place.place.held))
        closed = [] if any(least > most for least, most in cut.values()) else [tuple(cut.items())]
        return [*(Node(ranges, node.kept) for ranges in closed), Node(node.ranges, node.kept | {group})]

    def _cut(self, node: Node, filling: Filling) -> list[Node]:
        """Return the node cut in two at a place that was filled in part, where its bound is farthest off."""
        cut = dict(node.ranges)
        for piece in sorted(filling.broken, key=lambda piece: self._off(piece, filling), reverse=True):
            place = self.places[piece.place]
            halves = place.cut(cut.get(place.number, place.whole), piece)
            if halves:
                return [Node(tuple((cut | {place.number: half}).items()), node.kept) for half in halves]
        return []

    def _off(self, piece: Piece, filling: Filling) -> int:
        """Return how far a piece lies above what is earned where it was filled to."""
        place, amount = self.places[piece.place], filling.amounts[piece.place]
        told = piece.left_yield - piece.falling * (amount - piece.left)
        return told - 2 * place.earned(place.nearest_allowed(amount // 2))
