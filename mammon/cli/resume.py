"""`mammon resume`: lift the stops of this world; an emergency only with an approval that names it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mammon.cli.invocation import Invocation
from mammon.cli.options import BASE, WORLD, command
from mammon.cli.stopping import person, told, world
from mammon.errors import PersonNeededError
from mammon.ops import killswitch, stops
from mammon.ops.stops import FOLDER, UNKNOWN, Note

EMERGENCY = "emergency"


@command(BASE, WORLD)
def resume(
    call: Invocation,
    reason: Annotated[
        str | None, typer.Option("--reason", metavar="TEXT", help="Why; for an emergency, naming it.")
    ] = None,
    name: Annotated[
        str | None, typer.Option("--yes-with-name", metavar="NAME", help="Who approves it; never ask.")
    ] = None,
) -> None:
    """Lift the stops of this world. The kill switch is lifted by taking its file away.

    An emergency needs an approval: a --reason that names what it was, and a person's name, typed at a
    terminal or given with --yes-with-name.
    """
    folder = world(call)
    killswitch.require_running(call.settings.home)
    notes = stops.notes(folder)
    _require_known(notes, folder)
    by = name or person()
    for note in notes:
        if note.name == EMERGENCY:
            by = _approved(call, note, reason or "", name)
    now = call.clock.now()
    for note in notes:
        stops.lift(folder, note, reason or "", by, now)
    told(call, folder, acted=bool(notes))


def cause(note: Note) -> str:
    """Return what an approval must name: the code an emergency's reason begins with."""
    return note.reason.partition(":")[0].strip() or EMERGENCY


def _approved(call: Invocation, note: Note, reason: str, name: str | None) -> str:
    code = cause(note)
    if code.casefold() not in reason.casefold():
        raise PersonNeededError(
            EMERGENCY,
            f"this world is in emergency: {note.reason or 'its file says no more'}",
            f'when it is understood and mended: mammon resume --reason "{code}: WHAT WAS DONE"',
        )
    given = name
    if given is None:
        given = call.ask(f"Lift the emergency {code!r}? Your name:", flag="--yes-with-name NAME")
    if not given.strip():
        raise PersonNeededError(
            "declined", "no name was given, nothing was lifted", "give --yes-with-name NAME"
        )
    return given.strip()


def _require_known(notes: tuple[Note, ...], folder: Path) -> None:
    if any(note.name == UNKNOWN for note in notes):
        where = folder / FOLDER
        raise PersonNeededError(
            UNKNOWN, f"{where} holds something that is no stop of mammon's", f"look into {where}, and mend it"
        )
