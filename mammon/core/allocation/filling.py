"""Filling: money goes where the envelopes are steepest, until it is spent or nothing earns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from mammon.core.allocation.envelope import Envelope, Piece


class Filling(NamedTuple):
    """Where money went, and a bound on what any split can earn."""

    amounts: list[int]
    """Twice what each place got."""
    bound: int
    """Once, not twice."""
    broken: Piece | None
    """The piece that was filled in part, in one place at most."""


def filled(envelopes: Sequence[Envelope], budget: int) -> Filling | None:
    """Fill `budget` base units in; None when the least amounts alone are more than that."""
    amounts = [envelope.start[0] for envelope in envelopes]
    earned = sum([envelope.start[1] for envelope in envelopes])
    rest = 2 * budget - sum(amounts)
    if rest < 0:
        return None
    broken = None
    for piece in sorted([piece for envelope in envelopes for piece in envelope.pieces]):
        falling, place, left, bottom, right, top = piece
        if falling >= 0 or not rest:
            break
        if right - left > rest:
            broken = piece
            amounts[place] = left + rest
            earned -= falling * rest
            break
        amounts[place] = right
        earned += top - bottom
        rest -= right - left
    # Slopes are rounded up to an integer: pieces told equal differ by less than 1 per unit of money.
    return Filling(amounts, earned // 2 + 1 + budget, broken)
