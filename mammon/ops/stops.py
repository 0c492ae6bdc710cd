"""Stops as files: whoever can touch a file can stop a world, with the database locked or in pieces.

Each stop of a world is a file of its name in the folder `stops` of the world's own; the kill switch
stands at the top of the home and stops every world. What is there does not matter, only that something
is. When nobody can say whether something is there it counts as there, and so does what nobody knows.
"""

from __future__ import annotations

import contextlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mammon.core import canonical
from mammon.core.stops import Act, allowed
from mammon.errors import MalformedError, PersonNeededError
from mammon.files import failure, open_directory, open_file
from mammon.ops import killswitch

Name = Literal["pause", "reduce", "halt", "emergency"]
NAMES: tuple[Name, ...] = ("pause", "reduce", "halt", "emergency")
"""The stops of one world, the mildest first."""
UNKNOWN = "unknown_stop"
"""Stands for whatever else is in the folder, and for a folder nobody can look into: it allows nothing."""

FOLDER = "stops"
LIFTED = "stops-lifted"
_MOST_BYTES = 8192
_LONGEST = 1000


@dataclass(frozen=True, slots=True)
class Note:
    """Why a stop is in force, as its file says; `name` says which."""

    name: str
    reason: str
    """Empty when nobody gave one or the file cannot be read."""
    by: str
    at: int
    """Unix seconds, 0 when not known."""


@dataclass(frozen=True, slots=True)
class Lifted:
    """A stop that was lifted, by whom, and for what reason."""

    stop: Note
    reason: str
    by: str
    at: int


def in_force(home: Path, world: Path) -> tuple[str, ...]:
    """Return the names of the stops in force in one world, the kill switch first. Raises nothing."""
    return (*killswitch.stops(home), *_in_folder(world))


def require_allowed(
    home: Path, world: Path, act: Act, *, by_command: bool = False, overriding: bool = False
) -> None:
    """Raise `PersonNeededError` unless the stops in force allow an act; ask immediately before each.

    `by_command`: a person gave the command for it; `overriding`: and overrides the kill switch.
    """
    found = in_force(home, world)
    answer = allowed(found, act)
    given = {"yes": True, "by_command": by_command, "by_override": overriding}
    if given.get(answer, False):
        return
    if killswitch.STOP in found:
        killswitch.require_running(home)
    code = found[-1]
    raise PersonNeededError(code, f"{', '.join(found)} in force in {world}", "`mammon resume` lifts it")


def notes(world: Path) -> tuple[Note, ...]:
    """Return the stops of a world in force, each with what its file says."""
    return tuple(_note(world, name) for name in _in_folder(world))


def set_(world: Path, name: Name, reason: str, by: str, at: int) -> Note:
    """Put a stop in force, and return what is known of it; one that is in force stays as it is.

    The stop is there before its reason is written, and stays where that fails. `at` is unix seconds.
    Raises `PersonNeededError` when the stop itself could not be made.
    """
    folder, path = _opened(world / FOLDER), world / FOLDER / name
    try:
        os.close(open_file(folder, path, os.O_WRONLY | os.O_CREAT | os.O_EXCL))
        os.fsync(folder)
        with contextlib.suppress(OSError, PersonNeededError):
            _write(folder, path, canonical.dumps(Note(name, _short(reason), _short(by), at)))
    except FileExistsError:
        pass  # it is in force
    except OSError as error:
        raise failure(error, path) from error
    finally:
        os.close(folder)
    return _note(world, name)


def lift(world: Path, note: Note, reason: str, by: str, at: int) -> None:
    """Lift a stop of a world; who did and why is kept beside it, before the stop goes.

    Raises `PersonNeededError` when what is there is no file that can be taken away.
    """
    path = world / FOLDER / note.name
    record = canonical.dumps(Lifted(note, _short(reason), _short(by), at))
    archive = _opened(world / LIFTED)
    try:
        _write(archive, world / LIFTED / f"{note.name}-{at}.json", record)
    except OSError as error:
        raise failure(error, world / LIFTED) from error
    finally:
        os.close(archive)
    folder = _opened(world / FOLDER)
    try:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(note.name, dir_fd=folder)
        os.fsync(folder)
    except OSError as error:
        fix = f"look at what it is, then take {path} away"
        raise PersonNeededError("unsafe_file", f"{path} cannot be lifted: {error.strerror}", fix) from error
    finally:
        os.close(folder)


def _in_folder(world: Path) -> tuple[str, ...]:
    folder = world / FOLDER
    try:
        if not stat.S_ISDIR(os.lstat(folder).st_mode):
            return (UNKNOWN,)
        found = {path.name for path in folder.iterdir()}
    except FileNotFoundError:
        return ()
    except OSError:
        return (UNKNOWN,)
    other = any(name not in NAMES and not name.startswith(".new-") for name in found)
    return (*(name for name in NAMES if name in found), *((UNKNOWN,) if other else ()))


def _note(world: Path, name: str) -> Note:
    nothing = Note(name, "", "", 0)
    if name not in NAMES:
        return nothing
    try:
        folder = open_directory(world / FOLDER)
    except (OSError, PersonNeededError):
        return nothing
    try:
        descriptor = open_file(folder, world / FOLDER / name, os.O_RDONLY)
        try:
            note = canonical.loads(Note, os.read(descriptor, _MOST_BYTES))
        finally:
            os.close(descriptor)
    except (OSError, PersonNeededError, MalformedError):
        return nothing
    finally:
        os.close(folder)
    return note if note.name == name else nothing


def _opened(folder: Path) -> int:
    return open_directory(folder, create=True)


def _write(folder: int, path: Path, data: bytes) -> None:
    """Write a file whole or not at all, durably."""
    unfinished = path.with_name(f".new-{os.getpid()}-{path.name}")
    descriptor = open_file(folder, unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    try:
        os.write(descriptor, data)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    os.rename(unfinished.name, path.name, src_dir_fd=folder, dst_dir_fd=folder)
    os.fsync(folder)


def _short(text: str) -> str:
    return text[:_LONGEST]
