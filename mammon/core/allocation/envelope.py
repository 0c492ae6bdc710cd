"""Envelopes: the least concave line over some points, and the straight pieces it is made of.

Coordinates are doubled, so that the middle between two amounts is an integer too.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

Point = tuple[int, int]
"""Twice an amount, twice a yield."""


class Piece(NamedTuple):
    """A straight piece of an envelope. The order of the fields sorts: the steepest first, ties by place."""

    falling: int
    """Minus the yield of one unit, rounded so that the yield is never told too low."""
    place: int
    left: int
    left_yield: int
    right: int
    right_yield: int


class Envelope(NamedTuple):
    """A concave line from the least amount on: its first point, and its pieces from there."""

    start: Point
    pieces: tuple[Piece, ...]


def envelope_of(place: int, points: list[Point]) -> Envelope:
    """Return the envelope of points in any order; `place` goes into every piece."""
    corners: list[Point] = []
    for point in sorted(points):
        if corners and corners[-1][0] == point[0]:
            corners.pop()
        while len(corners) > 1 and _useless(corners[-2], corners[-1], point):
            corners.pop()
        corners.append(point)
    pieces = tuple(
        Piece((bottom - top) // (right - left), place, left, bottom, right, top)
        for (left, bottom), (right, top) in pairwise(corners)
    )
    return Envelope(corners[0], pieces)


def _useless(first: Point, middle: Point, last: Point) -> bool:
    """Say whether the middle point is on or below the line from the first to the last."""
    rise, run = middle[1] - first[1], middle[0] - first[0]
    return rise * (last[0] - first[0]) <= (last[1] - first[1]) * run
