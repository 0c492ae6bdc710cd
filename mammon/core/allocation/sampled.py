"""Sampled yields: one place's net yield at the holdings priced so far, bounded in between.

Let a line over the rate run from r at holding a to s at holding b. Where it falls, `x * line(x)` is a
parabola open below, and the tangents at its ends meet in the middle at (b * r + a * s) / 2; where it
rises, the parabola is open above and below its chord, whose middle is at (a * r + b * s) / 2. The higher
of the two middles, joined to both ends, is thus above the yield in either case.

What is held splits the range: to stay costs nothing, and left and right of it every holding bears the
cost of leaving or entering, beginning one tranche away.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from itertools import pairwise

from mammon.core.allocation.envelope import Envelope, Piece, Point, envelope_of
from mammon.core.allocation.places import Place

Range = tuple[int, int]
"""Least and most of a holding."""


class Sampled:
    """One place, priced at some holdings."""

    __slots__ = ("_envelopes", "_middles", "in_from", "net", "number", "out_to", "place", "points", "whole")

    def __init__(self, number: int, place: Place, tranche: int) -> None:
        self.number, self.place = number, place
        self.whole: Range = (place.least, place.most)
        step = max(1, tranche)
        self.out_to = place.held - step if place.divisible else 0
        self.in_from = place.held + step
        self.points: list[int] = []
        """Holdings priced, ascending."""
        self.net: dict[int, int] = {}
        self._middles: dict[Range, list[Point]] = {}
        self._envelopes: dict[Range, Envelope] = {}
        bends = [place.held + change for change in place.pays.bends]
        for holding in (*self.whole, place.held, self.out_to, self.in_from, *bends):
            self.price(holding)

    def allowed(self, holding: int) -> bool:
        """Say whether this holding may be chosen."""
        least, most = self.whole
        return (
            holding == self.place.held or least <= holding <= self.out_to or self.in_from <= holding <= most
        )

    def price(self, holding: int) -> bool:
        """Price one more holding, if it may be chosen and was not priced."""
        if holding in self.net or not self.allowed(holding):
            return False
        insort(self.points, holding)
        self.net[holding] = self.place.net(holding)
        self._envelopes.clear()
        return True

    def earned(self, holding: int) -> int:
        """Return the net yield of a holding, whether it was priced here or not."""
        found = self.net.get(holding)
        return self.place.net(holding) if found is None else found

    def nearest_allowed(self, holding: int) -> int:
        """Return the largest holding up to this one that may be chosen."""
        if self.allowed(holding):
            return holding
        return self.place.held if holding > self.place.held else self.out_to

    def envelope(self, within: Range) -> Envelope:
        """Return the envelope of the yield's bound over a range whose ends were priced."""
        found = self._envelopes.get(within)
        if found is None:
            found = self._envelopes[within] = envelope_of(self.number, self._bounds(within))
        return found

    def sharpen(self, doubled: int, least: int) -> bool:
        """Price where the bound was attained; say whether it told more than `least` too much there.

        `doubled` is twice the holding and `least` twice a yield. A bound too high at a holding that was
        priced already is brought down from both sides.
        """
        holding = self.nearest_allowed(doubled // 2)
        at = bisect_left(self.points, holding)
        if holding in self.net:
            beside = self.points[max(0, at - 1) : at + 2]
            told = [y for pair in pairwise(beside) for x, y in self._corners(*pair) if x == 2 * holding]
            return self._over(holding, told, least) and self._price_between(holding, beside)
        corners = self._corners(self.points[at - 1], self.points[at])
        told = [_between(first, last, 2 * holding) for first, last in pairwise(corners)]
        self.price(holding)
        return self._over(holding, told[:1] if 2 * holding <= corners[1][0] else told[1:], least)

    def cut(self, within: Range, piece: Piece) -> tuple[Range, ...]:
        """Return a range cut in two where a piece of its envelope spans what is earned; none where it cannot.

        Staying is kept apart from holdings that bear a cost; otherwise the cut is where the piece lies
        highest above the yield.
        """
        (least, most), held = within, self.place.held
        if piece.left == 2 * held:
            return (least, held), (self.in_from, most)
        if piece.right == 2 * held:
            return (least, self.out_to), (held, most)
        inside = self.points[
            bisect_right(self.points, piece.left // 2) : bisect_left(self.points, (piece.right + 1) // 2)
        ]
        heights = [(-piece.falling * (2 * x - piece.left) - 2 * self.net[x], -x) for x in inside]
        if not heights:
            return ()
        at = -max(heights)[1]
        return (least, at), (at, most)

    def _price_between(self, holding: int, others: list[int]) -> bool:
        priced = [self.price((holding + other) // 2) for other in others]
        return any(priced)

    def _over(self, holding: int, told: list[int], least: int) -> bool:
        return any(bound - 2 * self.net[holding] > least for bound in told)

    def _bounds(self, within: Range) -> list[Point]:
        inside = self.points[bisect_left(self.points, within[0]) : bisect_right(self.points, within[1])]
        corners = [point for pair in pairwise(inside) for point in self._corners(*pair)]
        return [*((2 * holding, 2 * self.net[holding]) for holding in inside), *corners]

    def _corners(self, low: int, high: int) -> list[Point]:
        """Return the corners of the bound between two neighbours; none across what is held."""
        if low < self.in_from and high > self.out_to:
            return []
        found = self._middles.get((low, high))
        if found is None:
            held, cost = self.place.held, 2 * self.place.cost(low)
            first, last = (
                rate - self.place.premium for rate in self.place.pays.line(low - held, high - held)
            )
            falling, rising = high * first + low * last, low * first + high * last
            middle = (low + high, max(falling, rising) - cost)
            found = [(2 * low, 2 * low * first - cost), middle, (2 * high, 2 * high * last - cost)]
            self._middles[low, high] = found
        return found


def _between(first: Point, last: Point, x: int) -> int:
    """Return the line's height at x, rounded up."""
    return first[1] - (first[1] - last[1]) * (x - first[0]) // (last[0] - first[0])
