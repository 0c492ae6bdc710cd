"""`mammon state backup`: a checked copy of the state, and older ones thinned out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from mammon.cli import worlds
from mammon.cli.invocation import Invocation
from mammon.cli.options import BASE, WORLD, command
from mammon.cli.state_check import RowsNote, rows_of
from mammon.reporting.numbers import counted
from mammon.state.copies import FOLDER, back_up


@dataclass(frozen=True, slots=True)
class BackupData:
    """A copy that was made and checked."""

    file: str
    tables: tuple[RowsNote, ...]
    removed: tuple[str, ...]
    """Older copies that were thinned out."""


@command(BASE, WORLD)
def state_backup(
    call: Invocation,
    to: Annotated[str | None, typer.Option("--to", metavar="DIR", help="Another folder.")] = None,
) -> None:
    """Copy the state, also beside a running loop; check the copy; keep 24 hourly, 7 daily, 4 weekly ones.

    They lie in the folder `backups` of the world unless --to names another.
    """
    identity = worlds.identity(call)
    call.enter(identity.chain_id, identity.account)
    world = worlds.directory(call, identity)
    into = world / FOLDER if to is None else call.process.directory / Path(to)
    made = back_up(world, into, identity, call.clock.now())
    data = BackupData(str(made.path), rows_of(dict(made.rows)), made.removed)
    call.result("backup", data, lambda: [_shown(data)])


def _shown(data: BackupData) -> str:
    rows = counted(sum(row.rows for row in data.tables), "row")
    thinned = f"; thinned out: {counted(len(data.removed), 'older file')}" if data.removed else ""
    return f"{data.file}: {rows}, checked{thinned}"
