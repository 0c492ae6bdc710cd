"""Plots: rate curves as characters, one column for each point of a curve.

Without colour, and in two alphabets: eighths of a block for a terminal, plain ASCII for everything else.
All curves shown together have one scale, so that they can be compared.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from mammon.core.numbers import Units
from mammon.reporting.numbers import percent, short
from mammon.reporting.rate_curve import DECADES, FIRST_DECADE, STEPS, RateCurve

ROWS = 6
BLOCKS = " ▁▂▃▄▅▆▇█"
ASCII = " ...:::##"
"""What fills so many eighths of a cell."""
_EIGHTHS = 8
_LABEL = 8
_LADDER = tuple(Decimal(mille) / 1000 for mille in (10, 20, 40, 60, 80, 100, 150, 200, 300, 500, 1000))


def plots(curves: Sequence[RateCurve], amount: Units, decimals: int, *, plain: bool) -> Iterator[str]:
    """Yield the curves as text, a blank line between them, and what the marks mean at the end.

    `plain`: in ASCII alone. `amount` is the deposit to mark.
    """
    top = scale_top(curves)
    for curve in curves:
        yield "\n".join(_plot(curve, top, amount, decimals, ASCII if plain else BLOCKS)) + "\n"
    if curves:
        yield f"^ a deposit of {short(amount, decimals)}   k a bend of the rate model   x more than it takes"


def scale_top(curves: Sequence[RateCurve]) -> Decimal:
    """Return the rate at the top of the scale: the next one of a ladder above all that is shown."""
    highest = max((point.apy for curve in curves for point in curve.points if point.apy), default=Decimal(0))
    return next((step for step in _LADDER if step >= highest), highest)


def column_of(deposit: int, decimals: int) -> int | None:
    """Return the column of the largest point that is not above `deposit`; None below the first."""
    sizes = [step * 10 ** (decade + decimals) // 10 for decade in _decades() for step in STEPS]
    sizes.append(10 ** (FIRST_DECADE + DECADES + decimals))
    return max((column for column, size in enumerate(sizes) if size <= deposit), default=None)


def decade_labels() -> tuple[tuple[int, str], ...]:
    """Return the columns at which decades begin, and how they are spelled: 1k, 10k, 100k, 1M, …"""
    names = ("1", "10", "100", "1k", "10k", "100k", "1M", "10M", "100M", "1B")
    return tuple((place * len(STEPS), names[FIRST_DECADE + place]) for place in range(DECADES + 1))


def _decades() -> range:
    return range(FIRST_DECADE, FIRST_DECADE + DECADES)


def _plot(curve: RateCurve, top: Decimal, amount: Units, decimals: int, alphabet: str) -> Iterator[str]:
    yield _title(curve, decimals)
    if all(point.apy is None for point in curve.points):
        return
    heights = [_height(point.apy, top) for point in curve.points]
    for row in reversed(range(ROWS)):
        label = percent(top) if row == ROWS - 1 else ""
        cells = (alphabet[max(0, min(_EIGHTHS, height - row * _EIGHTHS))] for height in heights)
        yield f"{label:>{_LABEL}} |{''.join(cells)}".rstrip()
    yield f"{percent(Decimal(0)):>{_LABEL}} +{_marks(curve, amount, decimals)}"
    yield " " * (_LABEL + 2) + _axis(len(curve.points))


def _title(curve: RateCurve, decimals: int) -> str:
    known = [point.apy for point in curve.points if point.apy is not None]
    takes = "takes any amount" if curve.room is None else f"takes {short(curve.room, decimals)}"
    out = f"{short(curve.withdrawable, decimals)} could leave"
    if not known:
        return f"{curve.slug}: no rate to draw; {takes}, {out}"
    return f"{curve.slug}: {percent(known[0])} falling to {percent(known[-1])}; {takes}, {out}"


def _height(apy: Decimal | None, top: Decimal) -> int:
    """Return how many eighths of a cell a rate fills; anything above zero is seen."""
    if apy is None or apy <= 0 or top <= 0:
        return 0
    return max(1, round(apy * ROWS * _EIGHTHS / top))


def _marks(curve: RateCurve, amount: Units, decimals: int) -> str:
    """Return the line below the columns: where it takes no more, where it bends, what is asked about."""
    room = curve.room
    cells = ["x" if room is not None and point.deposit > room else "-" for point in curve.points]
    for mark, deposits in (("k", curve.kinks), ("^", (amount,))):
        for deposit in deposits:
            column = column_of(deposit, decimals)
            if column is not None:
                cells[column] = mark
    return "".join(cells)


def _axis(width: int) -> str:
    line = [" "] * (width + 4)
    for column, name in decade_labels():
        line[column : column + len(name)] = name
    return "".join(line).rstrip()
