"""Tables: a plain model, its aligned text, and its form for terminals (rich, imported only then)."""

from __future__ import annotations

import io
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table as RichTable

Align = Literal["left", "right"]

_WIDEST = 10_000
_LEAST_FOLDED = 8
"""What a column that folds is left with, at least."""
_NUMBER = re.compile(r"[-+]?\$?[0-9][0-9,.]*( ?[%A-Za-z]{1,6})?\Z")


@dataclass(frozen=True, slots=True)
class Column:
    """A heading and how its cells stand; `None`: numbers to the right, words to the left."""

    heading: str
    align: Align | None = None
    folds: bool = True
    """Whether its cells may be folded while another column's can be."""


@dataclass(frozen=True, slots=True)
class Table:
    """Cells of one row per thing, all of them text that is safe to print."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    title: str = ""
    note: str = ""
    """One line below the rows."""
    narrow: Table | None = None
    """The same with less in it, for a terminal that this one does not fit."""

    def __post_init__(self) -> None:
        """Refuse a row that does not fit the columns."""
        for row in self.rows:
            if len(row) != len(self.columns):
                raise ValueError(f"{len(row)} cells for {len(self.columns)} columns: {row!r}")


def table(
    headings: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    title: str = "",
    note: str = "",
    narrow: Table | None = None,
) -> Table:
    """Return a table whose columns align themselves."""
    columns = tuple(Column(heading) for heading in headings)
    return Table(columns, tuple(tuple(row) for row in rows), title, note, narrow)


def plain(shown: Table) -> str:
    """Return the table as aligned text, two spaces between columns, one row per line."""
    heads = tuple(column.heading for column in shown.columns)
    lines = [heads, *shown.rows] if any(heads) else list(shown.rows)
    widths = [max((_width(line[index]) for line in lines), default=0) for index in range(len(heads))]
    aligns = alignments(shown)
    text = [shown.title] if shown.title else []
    for line in lines:
        cells = (_pad(cell, widths[index], aligns[index]) for index, cell in enumerate(line))
        text.append("  ".join(cells).rstrip())
    if shown.note:
        text.append(shown.note)
    return "\n".join(text) + "\n"


def alignments(shown: Table) -> tuple[Align, ...]:
    """Return how each column stands: as told, else to the right where every cell is a number."""
    found: list[Align] = []
    for index, column in enumerate(shown.columns):
        cells = [row[index] for row in shown.rows if row[index] not in ("", "-")]
        numeric = bool(cells) and all(_NUMBER.match(cell) for cell in cells)
        found.append(column.align or ("right" if numeric else "left"))
    return tuple(found)


def drawn(shown: Table, width: int, *, color: bool) -> str:
    """Return the table as a terminal of that width shows it: what does not fit is folded."""
    from rich.console import Console

    stream = io.StringIO()
    system: Literal["auto"] | None = "auto" if color else None
    console = Console(
        file=stream,
        width=width,
        color_system=system,
        force_terminal=color,
        highlight=False,
        markup=False,
        emoji=False,
    )
    made = _rich(shown, width)
    if shown.narrow is not None and _natural(console, made) > width:
        return drawn(shown.narrow, width, color=color)
    console.print(made)
    if shown.note:
        console.print(shown.note, style="dim")
    return stream.getvalue()


def _natural(console: Console, made: RichTable) -> int:
    """Return the width at which nothing is folded."""
    return console.measure(made, options=console.options.update(max_width=_WIDEST)).maximum


def _rich(shown: Table, width: int) -> RichTable:
    # Cells are `Text`, never markup: a token named "[red]" is printed as it is spelled.
    from rich import box
    from rich.table import Table as RichTable
    from rich.text import Text

    drawn = RichTable(
        title=Text(shown.title, style="bold") if shown.title else None,
        title_justify="left",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        padding=(0, 1, 0, 0),
        show_header=any(column.heading for column in shown.columns),
    )
    whole = _room_for_whole(shown, width)
    for column, align in zip(shown.columns, alignments(shown), strict=True):
        drawn.add_column(
            Text(column.heading), justify=align, overflow="fold", no_wrap=whole and not column.folds
        )
    for row in shown.rows:
        drawn.add_row(*(Text(cell) for cell in row))
    return drawn


def _room_for_whole(shown: Table, width: int) -> bool:
    """Say whether what should not fold leaves room for the rest: if not, it folds, before it is cut off."""
    needed = 2
    for index, column in enumerate(shown.columns):
        cells = (column.heading, *(row[index] for row in shown.rows))
        needed += 2 + (_LEAST_FOLDED if column.folds else max(map(_width, cells)))
    return needed <= width


def _width(text: str) -> int:
    wide = sum(unicodedata.east_asian_width(char) in "WF" for char in text)
    return len(text) + wide - sum(unicodedata.combining(char) != 0 for char in text)


def _pad(text: str, width: int, align: Align) -> str:
    gap = " " * (width - _width(text))
    return gap + text if align == "right" else text + gap
