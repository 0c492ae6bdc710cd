"""`mammon state restore`: a copy in the place of the state; what was there is kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from mammon.cli import worlds
from mammon.cli.invocation import Invocation
from mammon.cli.options import BASE, WORLD, command
from mammon.cli.state_check import RowsNote, rows_of
from mammon.errors import PersonNeededError, UsageError
from mammon.ops.lock import money_lock
from mammon.state.copies import FOLDER, backups
from mammon.state.opening import Identity
from mammon.state.restoring import Restored, restore


@dataclass(frozen=True, slots=True)
class RestoreData:
    """A copy that was put in place."""

    file: str
    kept: str | None
    """Where the replaced file lies."""
    tables: tuple[RowsNote, ...]


@command(BASE, WORLD, ("yes",))
def state_restore(
    call: Invocation,
    file: Annotated[str | None, typer.Argument(help="A copy; default: the newest good backup.")] = None,
) -> None:
    """Put a checked copy in the place of the state; keep what was there.

    A copy knows nothing of what was sent after it was made: on a real chain nothing is signed before
    the state was reconciled with the chain.
    """
    identity = worlds.identity(call)
    call.enter(identity.chain_id, identity.account)
    world = worlds.directory(call, identity)
    sources = backups(world / FOLDER, world.name) if file is None else (call.process.directory / file,)
    if not sources:
        raise UsageError("no_copy", f"no backup lies in {world / FOLDER}", "name a file")
    call.confirm(f"Replace the state of {world.name} by {file or 'its newest good backup'}?")
    with money_lock(
        call.settings.home, identity.chain_id, identity.account, call.command, call.process.clock.now()
    ):
        source, done = _first_good(call, world, sources, identity)
    data = RestoreData(str(source), str(done.kept) if done.kept else None, rows_of(dict(done.rows)))
    call.result("restore", data, lambda: _shown(data), acted=True)


def _first_good(
    call: Invocation, world: Path, sources: tuple[Path, ...], identity: Identity
) -> tuple[Path, Restored]:
    for source in sources[:-1]:
        try:
            return source, restore(world, source, identity, call.clock.now())
        except PersonNeededError as error:
            call.output.note(f"not used: {error.message}")
    return sources[-1], restore(world, sources[-1], identity, call.clock.now())


def _shown(data: RestoreData) -> Iterator[str]:
    yield f"restored {data.file}"
    if data.kept is not None:
        yield f"what was there is kept: {data.kept}"
    yield "Before anything is signed on a real chain, this state must be reconciled with it:"
    yield "transactions may have been sent after the copy was made."
