"""Elimination: the inverse of a small matrix of integers, without fractions (after Bareiss)."""

from __future__ import annotations

from collections.abc import Sequence


def inverse(matrix: Sequence[Sequence[int]]) -> tuple[int, list[list[int]]]:
    """Return the determinant, made positive, and the inverse times that, of a matrix that has one."""
    size = len(matrix)
    lines = [[*line, *(int(at == number) for at in range(size))] for number, line in enumerate(matrix)]
    last = 1
    for at in range(size):
        pick = next(number for number in range(at, size) if lines[number][at])
        lines[at], lines[pick] = lines[pick], lines[at]
        pivot, top = lines[at][at], lines[at]
        for number, line in enumerate(lines):
            if number != at:
                factor = line[at]
                lines[number] = [
                    (pivot * value - factor * above) // last for value, above in zip(line, top, strict=True)
                ]
        last = pivot
    sign = 1 if last > 0 else -1
    return sign * last, [[sign * value for value in line[size:]] for line in lines]
