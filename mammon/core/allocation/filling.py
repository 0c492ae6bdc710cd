"""Filling: money goes where the envelopes are steepest, until it is spent or nothing earns."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from mammon.core.allocation.envelope import Envelope, Piece
from mammon.core.allocation.rationing import Column, Limit, Rations


class Filling(NamedTuple):
    """Where money went, and a bound on what any split can earn."""

    amounts: list[int]
    """Twice what each place got."""
    bound: int
    """Once, not twice."""
    broken: tuple[Piece, ...]
    """What was filled in part: one piece where no other limit binds."""


class Row(NamedTuple):
    """A limit on a weighted sum of what places hold."""

    weights: Sequence[int]
    """By place."""
    most: int
    """Of the weighted sum of doubled amounts."""

    def total(self, amounts: Sequence[int]) -> int:
        """Return the weighted sum."""
        return sum([weight * amount for weight, amount in zip(self.weights, amounts, strict=True)])


def filled(envelopes: Sequence[Envelope], budget: int, least: int = 0) -> Filling | None:
    """Fill `budget` base units in, and at least `least`; None when the ranges do not let that be."""
    amounts = [envelope.start[0] for envelope in envelopes]
    earned = sum([envelope.start[1] for envelope in envelopes])
    rest, wanted = 2 * budget - sum(amounts), 2 * least - sum(amounts)
    if rest < 0:
        return None
    broken = None
    for piece in sorted([piece for envelope in envelopes for piece in envelope.pieces]):
        falling, place, left, bottom, right, top = piece
        most = rest if falling < 0 else wanted
        if most <= 0:
            break
        if right - left > most:
            broken = piece
            amounts[place] = left + most
            earned -= falling * most
            wanted -= most
            break
        amounts[place] = right
        earned += top - bottom
        rest -= right - left
        wanted -= right - left
    if wanted > 0:
        return None
    # Slopes are rounded up to an integer: pieces told equal differ by less than 1 per unit of money.
    return Filling(amounts, earned // 2 + 1 + budget, () if broken is None else (broken,))


def rationed(
    envelopes: Sequence[Envelope],
    whole: tuple[int, int],
    rows: Sequence[Row],
    squares: int | None,
    tangents: Sequence[Sequence[int]],
) -> Filling | None:
    """Fill in as `filled` does, within rows and, unless None, a limit on the sum of the squares.

    `whole`: the least and the most in all. `tangents`: by place, the amounts at which the square is told
    exactly, ascending; between them it is told too low.
    """
    starts = [envelope.start[0] for envelope in envelopes]
    least, budget = 2 * whole[0] - sum(starts), 2 * whole[1] - sum(starts)
    limits = [Limit(row.weights, row.most - row.total(starts)) for row in rows]
    columns = [[_column(piece) for piece in envelope.pieces] for envelope in envelopes]
    if squares is not None:
        columns = [list(_squared(envelope, at)) for envelope, at in zip(envelopes, tangents, strict=True)]
        rest = 4 * squares - sum(_square(x, at) for x, at in zip(starts, tangents, strict=True))
        limits.append(Limit(None, rest))
    if budget < 0 or any(limit.rest < 0 for limit in limits):
        return None
    rations = Rations(columns, budget, max(0, least), limits)
    if not rations.solve():
        return None
    amounts = [start + amount for start, amount in zip(starts, rations.amounts(), strict=True)]
    earned = sum([envelope.start[1] for envelope in envelopes]) + rations.bound()
    return Filling(amounts, earned // 2 + 1, rations.broken())


def _column(piece: Piece, weight: int = 0, within: tuple[int, int] | None = None) -> Column:
    left, right = within or (piece.left, piece.right)
    return Column(-piece.falling, right - left, weight, piece)


def _squared(envelope: Envelope, tangents: Sequence[int]) -> Iterator[Column]:
    """Yield the pieces cut where the tangents of the square meet."""
    meets = [*map(sum, pairwise(tangents))]
    for piece in envelope.pieces:
        inside = [x for x in meets if piece.left < x < piece.right]
        for left, right in pairwise([piece.left, *inside, piece.right]):
            yield _column(piece, 4 * _nearest((left + right) // 2, tangents, meets), (left, right))


def _nearest(x: int, tangents: Sequence[int], meets: Sequence[int]) -> int:
    """Return the tangent's amount that is nearest to half of `x`."""
    return tangents[bisect_right(meets, x)]


def _square(x: int, tangents: Sequence[int]) -> int:
    """Return the square of `x` by the nearest tangent: never too high."""
    at = 2 * _nearest(x, tangents, [*map(sum, pairwise(tangents))])
    return 2 * at * x - at * at
