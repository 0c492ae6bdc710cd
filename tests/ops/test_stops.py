"""Stops as files: whatever is there stops, so does not being able to look, and nothing is half a stop."""

from __future__ import annotations

import errno
import json
import multiprocessing
import os
from collections.abc import Callable
from pathlib import Path
from typing import get_args

import pytest

from mammon.core.stops import ACTS, TABLE, Act
from mammon.errors import PersonNeededError
from mammon.ops import killswitch, stops
from mammon.ops.stops import NAMES, UNKNOWN, Name, Note

KINDS: dict[str, Callable[[Path], object]] = {
    "empty file": lambda path: path.touch(),
    "unreadable file": lambda path: path.touch(mode=0),
    "garbage": lambda path: path.write_bytes(b"\xff{"),
    "another stop's words": lambda path: path.write_text('{"name":"halt","reason":"","by":"","at":"0"}'),
    "folder": lambda path: path.mkdir(),
    "link": lambda path: path.symlink_to(path.parent),
    "dangling link": lambda path: path.symlink_to(path.parent / "nowhere"),
    "link to itself": lambda path: path.symlink_to(path),
    "pipe": os.mkfifo,
}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with one world in it."""
    (tmp_path / "world").mkdir(mode=0o700)
    return tmp_path


def folder(home: Path) -> Path:
    where = home / "world" / stops.FOLDER
    where.mkdir(mode=0o700, exist_ok=True)
    return where


@pytest.mark.parametrize("make", KINDS.values(), ids=KINDS.keys())
@pytest.mark.parametrize("name", NAMES)
def test_whatever_is_there_stops(home: Path, name: Name, make: Callable[[Path], object]) -> None:
    """A3 55, of every stop: any existence counts, and is told without its words when they cannot be read."""
    world = home / "world"
    assert stops.in_force(home, world) == ()
    make(folder(home) / name)
    assert stops.in_force(home, world) == (name,)
    assert stops.notes(world) == (Note(name, "", "", 0),)
    with pytest.raises(PersonNeededError) as caught:
        stops.require_allowed(home, world, "deposit")
    assert (caught.value.code, caught.value.exit_code) == (name, 5)


FOLDERS: dict[str, Callable[[Path], object]] = {
    "a file": lambda path: path.touch(),
    "a dangling link": lambda path: path.symlink_to("nowhere"),
    "a link to itself": lambda path: path.symlink_to(path.name),
    "a pipe": os.mkfifo,
}


@pytest.mark.parametrize("make", FOLDERS.values(), ids=FOLDERS.keys())
def test_a_folder_that_is_none_stops_everything(home: Path, make: Callable[[Path], object]) -> None:
    """Where nobody can say which stops there are, none of the acts is allowed."""
    make(home / "world" / stops.FOLDER)
    assert stops.in_force(home, home / "world") == (UNKNOWN,)
    for act in ACTS:
        with pytest.raises(PersonNeededError):
            stops.require_allowed(home, home / "world", act, by_command=True)


@pytest.mark.parametrize("code", [errno.EACCES, errno.EIO, errno.ELOOP, errno.ESTALE])
@pytest.mark.parametrize("call", ["lstat", "listdir"])
def test_not_being_able_to_look_stops(
    home: Path, monkeypatch: pytest.MonkeyPatch, code: int, call: str
) -> None:
    """An error other than "it is not there" counts as there, wherever it comes up."""
    folder(home)
    real = getattr(os, call)

    def blind(path: object, *more: object, **options: object) -> object:
        if str(path).endswith(stops.FOLDER):
            raise OSError(code, os.strerror(code))
        return real(path, *more, **options)

    monkeypatch.setattr(os, call, blind)
    assert stops.in_force(home, home / "world") == (UNKNOWN,)


def test_a_world_that_does_not_exist_has_no_stops(home: Path) -> None:
    """Before the first command there is nothing to stop; a world below a file cannot be told."""
    assert stops.in_force(home, home / "other") == ()
    (home / "file").touch()
    assert stops.in_force(home, home / "file") == (UNKNOWN,)


def test_a_slip_of_the_finger_stops(home: Path) -> None:
    """`touch stops/pauze` was meant: what nobody knows allows nothing."""
    (folder(home) / "pauze").touch()
    assert stops.in_force(home, home / "world") == (UNKNOWN,)
    assert stops.notes(home / "world") == (Note(UNKNOWN, "", "", 0),)


def test_what_a_killed_process_left_behind_is_no_stop(home: Path) -> None:
    """The stop itself is made first; words that were never finished are nothing."""
    (folder(home) / f".new-123-{NAMES[0]}").touch()
    assert stops.in_force(home, home / "world") == ()


@pytest.mark.parametrize("name", NAMES)
def test_a_stop_is_set_told_and_lifted(home: Path, name: Name) -> None:
    """What was given is what is told, in a file of ours alone; lifting keeps who did and why."""
    world = home / "world"
    note = stops.set_(world, name, "look: first", "anna", 1_700_000_000)
    assert note == Note(name, "look: first", "anna", 1_700_000_000)
    assert (stops.in_force(home, world), stops.notes(world)) == ((name,), (note,))
    path = world / stops.FOLDER / name
    assert (path.stat().st_mode & 0o777, path.stat().st_nlink) == (0o600, 1)
    stops.lift(world, note, "looked", "bea", 1_700_000_100)
    assert stops.in_force(home, world) == ()
    (kept,) = (world / stops.LIFTED).iterdir()
    told = json.loads(kept.read_text())
    assert told["stop"]["reason"] == "look: first"
    assert (told["reason"], told["by"], told["at"]) == ("looked", "bea", 1_700_000_100)


def test_the_first_reason_stays(home: Path) -> None:
    """A stop in force is not talked over, whoever gives it again."""
    first = stops.set_(home / "world", "emergency", "unexplained_decrease: 12 USDC", "mammon", 1)
    assert stops.set_(home / "world", "emergency", "it is nothing", "somebody", 2) == first


def test_stops_are_told_together_with_the_kill_switch_first(home: Path) -> None:
    """All that are in force, each by its name."""
    for name in reversed(NAMES):
        stops.set_(home / "world", name, "", "", 1)
    (home / killswitch.NAME).touch()
    assert stops.in_force(home, home / "world") == (killswitch.STOP, *NAMES)


def test_a_stop_stands_where_its_words_cannot_be_written(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A3 41: a full disk takes the reason, not the stop."""

    def full(descriptor: int, data: bytes) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "write", full)
    assert stops.set_(home / "world", "halt", "why", "who", 1) == Note("halt", "", "", 0)
    assert stops.in_force(home, home / "world") == ("halt",)


def test_a_stop_that_cannot_be_made_is_said(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is left in the belief that it is in force."""
    real = os.open

    def full(path: object, flags: int, *more: object, **options: object) -> int:
        if flags & os.O_CREAT:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(path, flags, *more, **options)  # type: ignore[arg-type,no-any-return]

    folder(home)
    monkeypatch.setattr(os, "open", full)
    with pytest.raises(PersonNeededError) as caught:
        stops.set_(home / "world", "pause", "why", "who", 1)
    assert caught.value.code == "disk_full"


def test_what_cannot_be_taken_away_stays_a_stop(home: Path) -> None:
    """A folder in a stop's place is for a person to look into."""
    (folder(home) / "pause").mkdir()
    (note,) = stops.notes(home / "world")
    with pytest.raises(PersonNeededError) as caught:
        stops.lift(home / "world", note, "", "", 1)
    assert caught.value.code == "unsafe_file"
    assert stops.in_force(home, home / "world") == ("pause",)


def test_a_stop_whose_lifting_cannot_be_recorded_stays(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who lifted it and why is durable before it goes."""
    note = stops.set_(home / "world", "halt", "why", "who", 1)

    def full(descriptor: int, data: bytes) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(PersonNeededError):
        stops.lift(home / "world", note, "", "", 2)
    assert stops.in_force(home, home / "world") == ("halt",)


@pytest.mark.parametrize("stop", TABLE)
@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("by_command", [False, True])
def test_each_stop_allows_what_its_row_says(home: Path, stop: str, act: Act, by_command: bool) -> None:
    """Every cell of the table through the files: `by_command` opens just those cells that say so."""
    path = home / killswitch.NAME if stop == killswitch.STOP else folder(home) / stop
    path.touch()
    answer = TABLE[stop][act]
    if answer == "yes" or (answer == "by_command" and by_command):
        stops.require_allowed(home, home / "world", act, by_command=by_command)
        return
    with pytest.raises(PersonNeededError) as caught:
        stops.require_allowed(home, home / "world", act, by_command=by_command)
    assert caught.value.code == stop
    assert caught.value.hint


def test_the_names_are_those_of_the_table() -> None:
    """No stop of the table is without its file, and no file without its row."""
    assert {*NAMES, killswitch.STOP} == set(TABLE)
    assert get_args(Name) == NAMES
    assert UNKNOWN not in TABLE


def _set(world: Path, name: Name, by: str) -> None:
    stops.set_(world, name, "at once", by, 1)


def test_two_who_stop_at_once_make_one_stop(home: Path) -> None:
    """Processes that give the same stop together leave one whole file."""
    world = home / "world"
    context = multiprocessing.get_context("fork")
    crowd = [context.Process(target=_set, args=(world, "pause", str(number))) for number in range(8)]
    for process in crowd:
        process.start()
    for process in crowd:
        process.join()
    assert [process.exitcode for process in crowd] == [0] * 8
    (note,) = stops.notes(world)
    assert note.reason == "at once"
    assert [path.name for path in (world / stops.FOLDER).iterdir()] == ["pause"]
