"""What the stop verbs share: where the stops of a world are, who gives them, how they are told.

They act by file and open no database: they work while another command holds it, and when it is damaged.
"""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from mammon.cli import worlds
from mammon.cli.invocation import Invocation
from mammon.core.stops import ACTS, Answer, allowed
from mammon.errors import PersonNeededError
from mammon.ops import killswitch, stops


@dataclass(frozen=True, slots=True)
class StopNote:
    """One stop in force, and why, as far as that is known."""

    name: str
    reason: str
    by: str
    at: int | None
    """Unix seconds; None when not known."""


@dataclass(frozen=True, slots=True)
class ActNote:
    """What the stops in force, together, say to one act."""

    act: str
    answer: Answer


@dataclass(frozen=True, slots=True)
class StopsData:
    """The stops in force in a world, and what they allow."""

    stops: tuple[StopNote, ...]
    allows: tuple[ActNote, ...]


def world(call: Invocation) -> Path:
    """Return the folder of the world in force, and take on its identity."""
    identity = worlds.identity(call)
    call.enter(identity.chain_id, identity.account)
    return worlds.directory(call, identity)


def found(home: Path, folder: Path) -> tuple[StopNote, ...]:
    """Return the stops in force, the kill switch first."""
    switch = tuple(StopNote(name, killswitch.why_stopped(home), "", None) for name in killswitch.stops(home))
    return (*switch, *(StopNote(n.name, n.reason, n.by, n.at or None) for n in stops.notes(folder)))


def stop(call: Invocation, name: stops.Name, reason: str | None) -> None:
    """Put a stop in force and tell what is in force now."""
    folder = world(call)
    put(call, folder, name, reason or "")
    told(call, folder)


def put(call: Invocation, folder: Path, name: stops.Name, reason: str) -> None:
    """Put a stop in force. Raises `PersonNeededError`, with what stops every world, when it cannot be."""
    try:
        stops.set_(folder, name, reason, person(), call.clock.now())
    except PersonNeededError as error:
        switch = call.settings.home / killswitch.NAME
        hint = f"{error.hint}; `touch {switch}` stops every world meanwhile"
        raise PersonNeededError(error.code, error.message, hint) from error


def told(call: Invocation, folder: Path, *, acted: bool = True) -> None:
    """Print what is in force; `acted` says that something was changed."""
    notes = found(call.settings.home, folder)
    names = [note.name for note in notes]
    data = StopsData(notes, tuple(ActNote(act, allowed(names, act)) for act in ACTS))
    call.result("stops", data, lambda: shown(data), acted=acted)


def shown(data: StopsData) -> Iterator[str]:
    """Yield what a person sees."""
    if not data.stops:
        yield "stops: none"
        return
    yield from (f"stop: {told_of(note)}" for note in data.stops)
    by_answer = {"yes": "allowed", "by_command": "by command only", "by_override": "by override only"}
    for answer, words in by_answer.items():
        acts = [note.act for note in data.allows if note.answer == answer]
        if acts:
            yield f"{words}: {', '.join(acts)}"
    yield "an open transaction is watched until it settles, whatever is in force"


def told_of(note: StopNote) -> str:
    """Say one stop: its name, who gave it and when, and why."""
    at = "" if note.at is None else f"{datetime.fromtimestamp(note.at, UTC):%Y-%m-%d %H:%M:%S} UTC"
    parts = [part for part in (note.by and f"by {note.by}", at) if part]
    given = f" ({', '.join(parts)})" if parts else ""
    return f"{note.name}{given}{': ' + note.reason if note.reason else ''}"


def person() -> str:
    """Return who gives the command, as the machine knows them."""
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return f"user {os.geteuid()}"
