"""`mammon state check`: the whole state looked over: the file, every seal, the audit log, the journal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import typer

from mammon.cli.archive import archive
from mammon.cli.invocation import Invocation
from mammon.cli.options import BASE, WORLD, command
from mammon.reporting.numbers import counted
from mammon.reporting.tables import Table, table
from mammon.state.inspection import counts, problems

PERSON = 5


@dataclass(frozen=True, slots=True)
class RowsNote:
    """How many rows a table has."""

    table: str
    rows: int


@dataclass(frozen=True, slots=True)
class CheckData:
    """What the state consists of, and everything in it that is not as it must be."""

    tables: tuple[RowsNote, ...]
    problems: tuple[str, ...]
    restored: str
    """Which copy the state was restored from and has not met the chain since; empty when none."""


@command(BASE, WORLD)
def state_check(call: Invocation) -> None:
    """Check the whole state: the file, every row's seal, the audit log, and what must hold of the journal.

    Ends with 5 when anything is not as it must be. Changes nothing.
    """
    with archive(call) as stored:
        found = problems(stored.store)
        rows = rows_of(counts(stored.store))
        data = CheckData(rows, found, stored.store.restored())
    call.result("check", data, lambda: _shown(data), acted=bool(found))
    if found:
        raise typer.Exit(PERSON)


def rows_of(found: dict[str, int]) -> tuple[RowsNote, ...]:
    """Return row counts in their document form."""
    return tuple(RowsNote(name, rows) for name, rows in sorted(found.items()))


def _shown(data: CheckData) -> Iterator[Table | str]:
    yield table(("table", "rows"), [(row.table, str(row.rows)) for row in data.tables])
    if data.restored:
        yield f"restored from {data.restored}, and not reconciled with the chain since"
    for problem in data.problems:
        yield f"bad: {problem}"
    if data.problems:
        found = counted(len(data.problems), "problem")
        yield f"{found}: `mammon state restore` puts a good copy in its place"
    else:
        yield "all is as it must be"
