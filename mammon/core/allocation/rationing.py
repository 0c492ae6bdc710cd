"""Rationing: money filled into envelopes where limits hold what several places have together.

A linear programme: the pieces of the envelopes are its columns, each between empty and full, and its rows
are the budget and the limits that bind. It is solved from the filling without limits on, by the dual
simplex method: each row that is broken gets a price, raised as far as pieces change sides until the row
holds. Rows that nothing breaks never come in, so there are few; all arithmetic is in integers, over the
determinant of the basis.

Whatever the prices are, what no piece earns beyond them is a bound of the whole. So it holds too where
the steps were used up.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import NamedTuple

from mammon.core.allocation.elimination import inverse
from mammon.core.allocation.envelope import Piece

STEPS_PER_ROW = 24
LEAST_STEPS = 24
_FRACTION_BITS = 64
EMPTY, FULL, BASIC = 0, 1, 2
IDLE = -1
"""The column of the money that is left; -2 and below are those of what limits leave."""


class Column(NamedTuple):
    """A part of a piece that counts alike in every row."""

    slope: int
    width: int
    weight: int
    """What each unit counts in the row of squares."""
    piece: Piece


class Limit(NamedTuple):
    """A row: a weighted sum of what is filled in."""

    weights: Sequence[int] | None
    """By place; None: the columns' own."""
    rest: int
    """What may be filled in."""


class Rations:
    """The programme in the middle of being solved."""

    def __init__(
        self, columns: Sequence[Sequence[Column]], spare: int, least: int, limits: Sequence[Limit]
    ) -> None:
        self._columns = [column for each in columns for column in each]
        ends = list(accumulate(map(len, columns)))
        self._spans = list(zip([0, *ends[:-1]], ends, strict=True))
        self._spare, self._least = spare, least
        self._status = [EMPTY] * len(self._columns)
        self._slacks = {IDLE: EMPTY}
        self._active: list[Limit] = []
        self._waiting = list(limits)
        self._basic: list[int] = []
        self._rest: list[int] = []
        """What every row leaves once the full columns are taken off."""
        self._whole = 1
        self._inverse: list[list[int]] = []
        self._values: list[int] = []
        self._prices: list[int] = []

    def solve(self) -> bool:
        """Fill in; False where the limits cannot hold. Stops at what it has when the steps are used up."""
        if not self._start():
            return False
        for _ in range(LEAST_STEPS + STEPS_PER_ROW * len(self._waiting)):
            row = self._broken_row()
            if row is not None:
                if not self._step(*row):
                    return False
            elif not self._activate():
                break
        return True

    def amounts(self) -> list[int]:
        """Return what was filled into each place, rounded down."""
        filled = [
            column.width if status == FULL else 0
            for column, status in zip(self._columns, self._status, strict=True)
        ]
        for number, value in zip(self._basic, self._values, strict=True):
            if number >= 0:
                filled[number] = min(max(0, value // self._whole), self._columns[number].width)
        return [sum(filled[first:end]) for first, end in self._spans]

    def broken(self) -> tuple[Piece, ...]:
        """Return the pieces that were filled in part, each once."""
        found = [self._columns[number].piece for number in self._basic if number >= 0]
        sides = zip(pairwise(self._columns), pairwise(self._status), strict=True)
        found += [one.piece for (one, other), (at, then) in sides if one.piece is other.piece and at != then]
        return tuple(dict.fromkeys(found))

    def bound(self) -> int:
        """Return what no filling within the limits earns more than."""
        first, *rest = self._prices
        prices = [max(0, price) for price in rest]
        earned = first * (self._spare if first >= 0 else self._least)
        for limit, price in zip(self._active, prices, strict=True):
            earned += price * limit.rest
        for place, (begin, end) in enumerate(self._spans):
            paid, weighed = self._summed(place, [first, *prices])
            for column in self._columns[begin:end]:
                over = column.slope * self._whole - paid - weighed * column.weight
                if over > 0:
                    earned += over * column.width
        return earned // self._whole + 1

    # --- rows and columns ----------------------------------------------------------------------

    def _start(self) -> bool:
        """Fill in without limits: the steepest first, what does not earn only where so much has to be in."""
        order = sorted(range(len(self._columns)), key=lambda number: (-self._columns[number].slope, number))
        filled, basic, left = 0, IDLE, EMPTY
        for number in order:
            slope, width = self._columns[number].slope, self._columns[number].width
            most = self._spare if slope > 0 else self._least
            if slope <= 0 and filled >= most:
                break
            if filled + width >= most:
                basic, left = number, EMPTY if slope > 0 else FULL
                break
            filled += width
            self._status[number] = FULL
        if basic == IDLE and filled < self._least:
            return False
        self._slacks[IDLE] = BASIC if basic == IDLE else left
        if basic != IDLE:
            self._status[basic] = BASIC
        self._basic = [basic]
        self._rest = [self._spare - filled - (self._spare - self._least if left == FULL else 0)]
        self._factor()
        return True

    def _activate(self) -> bool:
        """Take in the limit that is broken most; False where none is."""
        filled = self.amounts()
        over, at = max(
            ((self._counted(limit, filled) - limit.rest, at) for at, limit in enumerate(self._waiting)),
            default=(0, 0),
        )
        if over <= 0:
            return False
        worst = self._waiting.pop(at)
        self._active.append(worst)
        slack = -1 - len(self._active)
        self._slacks[slack] = BASIC
        self._basic.append(slack)
        full = [number for number, status in enumerate(self._status) if status == FULL]
        row = len(self._active)
        self._rest.append(
            worst.rest - sum(self._counts(number, row) * self._width(number) for number in full)
        )
        self._factor()
        return True

    def _counted(self, limit: Limit, filled: Sequence[int]) -> int:
        if limit.weights is not None:
            return sum([weight * amount for weight, amount in zip(limit.weights, filled, strict=True)])
        return sum(self._squared(place, amount) for place, amount in enumerate(filled))

    def _squared(self, place: int, amount: int) -> int:
        counted = 0
        for column in self._columns[slice(*self._spans[place])]:
            part = min(column.width, amount)
            counted += part * column.weight
            amount -= part
        return counted

    def _counts(self, number: int, row: int) -> int:
        """Return what a unit of a column counts in a row."""
        if number < 0:
            return int(row == -1 - number)
        if row == 0:
            return 1
        column, weights = self._columns[number], self._active[row - 1].weights
        return column.weight if weights is None else weights[column.piece.place]

    def _width(self, number: int) -> int:
        return self._columns[number].width if number >= 0 else self._spare - self._least

    def _summed(self, place: int, factors: Sequence[int]) -> tuple[int, int]:
        """Return what rows' factors come to for a unit of a place, and for one in the row of squares."""
        total, squares = factors[0], 0
        for limit, factor in zip(self._active, factors[1:], strict=True):
            if limit.weights is None:
                squares = factor
            else:
                total += factor * limit.weights[place]
        return total, squares

    # --- the method ----------------------------------------------------------------------------

    def _factor(self) -> None:
        """Bring values and prices up to the basis."""
        rows = range(len(self._basic))
        matrix = [[self._counts(number, row) for number in self._basic] for row in rows]
        self._whole, self._inverse = inverse(matrix)
        self._values = [sum([a * b for a, b in zip(line, self._rest, strict=True)]) for line in self._inverse]
        slopes = [self._columns[number].slope if number >= 0 else 0 for number in self._basic]
        self._prices = [sum(slopes[q] * self._inverse[q][row] for q in rows) for row in rows]

    def _broken_row(self) -> tuple[int, bool, int] | None:
        """Return a basic column beyond its width or below nothing: its row, whether above, by how much."""
        worst, most = None, 0
        for row, (number, value) in enumerate(zip(self._basic, self._values, strict=True)):
            above = value - self._width(number) * self._whole if number >= IDLE else 0
            over = max(-value, above)
            if over > most:
                worst, most = (row, above > 0, over), over
        return worst

    def _step(self, row: int, above: bool, over: int) -> bool:
        """Raise a row's price until it holds: what changes sides on the way is filled or emptied."""
        line = self._inverse[row]
        passed: list[int] = []
        for _, number, change in sorted(self._turning(line, above)):
            if number < IDLE or change * self._width(number) >= over:
                self._exchange(row, number, above, passed)
                return True
            over -= change * self._width(number)
            passed.append(number)
        return False

    def _turning(self, line: Sequence[int], above: bool) -> list[tuple[int, int, int]]:
        """Return the columns that change sides as a price rises: when, which, and what a unit changes."""
        found = []
        status, columns, whole = self._status, self._columns, self._whole
        for place, (begin, end) in enumerate(self._spans):
            rises, squares = self._summed(place, line)
            if not rises and not squares:
                continue
            paid, weighed = self._summed(place, self._prices)
            for number in range(begin, end):
                at = status[number]
                column = columns[number]
                rise = rises + squares * column.weight
                rise = rise if above else -rise
                if (at == EMPTY and rise > 0) or (at == FULL and rise < 0):
                    over = column.slope * whole - paid - weighed * column.weight
                    found.append(_turn(over, rise, number))
        for number, at in self._slacks.items():
            rise = line[-1 - number] if above else -line[-1 - number]
            if (at == EMPTY and rise > 0) or (at == FULL and rise < 0):
                found.append(_turn(-self._prices[-1 - number], rise, number))
        return found

    def _exchange(self, row: int, entering: int, above: bool, passed: Sequence[int]) -> None:
        leaving = self._basic[row]
        for number in passed:
            self._put(number, EMPTY if self._at(number) == FULL else FULL)
        self._put(entering, BASIC)
        self._put(leaving, FULL if above else EMPTY)
        self._basic[row] = entering
        self._factor()

    def _at(self, number: int) -> int:
        return self._status[number] if number >= 0 else self._slacks[number]

    def _put(self, number: int, status: int) -> None:
        """Give a column its side, and take what is full off what the rows leave."""
        change = (self._at(number) == FULL) - (status == FULL)
        if change:
            for row in range(len(self._rest)):
                self._rest[row] += change * self._width(number) * self._counts(number, row)
        if number >= 0:
            self._status[number] = status
        else:
            self._slacks[number] = status


def _turn(over: int, rise: int, number: int) -> tuple[int, int, int]:
    return (abs(over) << _FRACTION_BITS) // abs(rise), number, abs(rise)
