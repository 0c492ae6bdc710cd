"""Every registered command with something else where its state should be."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from mammon.state import opening
from tests.flows.runner import Shell
from tests.flows.settled import MOCK, environment, prepared, sound
from tests.flows.words import NAMES, WORLDLY, line


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a home in which something was decided, and that decision as a file."""
    return prepared(tmp_path_factory.mktemp("template"))


@pytest.fixture
def folder(template: Path, tmp_path: Path) -> Path:
    """A copy of it for one test."""
    return Path(shutil.copytree(template, tmp_path / "at"))


def _no_home_at_all(folder: Path) -> dict[str, str]:
    return {name: text for name, text in environment(folder).items() if name != "HOME"}


def _in_nothing(folder: Path) -> dict[str, str]:
    return environment(folder, MAMMON_HOME="/dev/null/home")


def _a_file(folder: Path) -> dict[str, str]:
    (folder / "file").touch(0o600)
    return environment(folder, MAMMON_HOME=str(folder / "file"))


def _too_long(folder: Path) -> dict[str, str]:
    return environment(folder, MAMMON_HOME=str(folder / ("x" * 300)))


def _read_only(folder: Path) -> dict[str, str]:
    return environment(folder, MAMMON_HOME="/proc/self/home")


def _open_to_others(folder: Path) -> dict[str, str]:
    (folder / "home").chmod(0o755)
    for world in (folder / "home").iterdir():
        world.chmod(0o755)
    return environment(folder)


def _world_writable(folder: Path) -> dict[str, str]:
    (folder / "home").chmod(0o777)
    return environment(folder)


def _foreign_link(folder: Path) -> dict[str, str]:
    (folder / "elsewhere").mkdir(0o755)
    (folder / "link").symlink_to(folder / "elsewhere")
    return environment(folder, MAMMON_HOME=str(folder / "link"))


def _dangling(folder: Path) -> dict[str, str]:
    (folder / "dangling").symlink_to(folder / "absent")
    return environment(folder, MAMMON_HOME=str(folder / "dangling"))


def _world_is_a_link(folder: Path) -> dict[str, str]:
    (world,) = (folder / "home").iterdir()
    world.rename(folder / "moved")
    world.symlink_to(folder / "moved")
    return environment(folder)


def _database_is(make: Callable[[Path], None]) -> Callable[[Path], dict[str, str]]:
    def prepare(folder: Path) -> dict[str, str]:
        (world,) = (folder / "home").iterdir()
        database = world / opening.NAME
        database.unlink()
        make(database)
        return environment(folder)

    return prepare


HOMES: dict[str, Callable[[Path], dict[str, str]]] = {
    "no HOME": _no_home_at_all,
    "below a device": _in_nothing,
    "a file": _a_file,
    "a name too long": _too_long,
    "where nothing can be made": _read_only,
    "open to others": _open_to_others,
    "writable by all": _world_writable,
    "a link to a foreign folder": _foreign_link,
    "a dangling link": _dangling,
    "a world that is a link": _world_is_a_link,
    "a database that is a folder": _database_is(lambda path: path.mkdir()),
    "a database that is a pipe": _database_is(os.mkfifo),
    "a database that is a link": _database_is(lambda path: path.symlink_to("/etc/passwd")),
    "an empty database": _database_is(lambda path: path.touch(0o600)),
    "a database of noise": _database_is(lambda path: path.write_bytes(os.urandom(8192))),
}


@pytest.mark.parametrize("how", HOMES)
def test_no_home_breaks_a_command(how: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A3 52, 53: whatever stands where the state should be, it is refused in words or worked with."""
    monkeypatch.chdir(folder)
    known = HOMES[how](folder)
    for name in NAMES:
        shell = Shell(folder / "unused", **known)
        shell.home = folder
        ended = shell(*line(name))
        assert sound(ended), (name, ended)
        if ended.code == 5:
            assert "hint: " in ended.err or name == "doctor", (name, ended)


@pytest.mark.parametrize("how", ["open to others", "a world that is a link", "a database that is a link"])
def test_state_that_others_can_reach_is_not_used(how: str, folder: Path) -> None:
    """A3 53: what is open to others, or led elsewhere, is exit 5 with what to do, before anything is read."""
    shell = Shell(folder / "home", **HOMES[how](folder))
    for name in (*WORLDLY, "status", "explain"):
        ended = shell(*line(name))
        assert ended.code == 5, (name, ended)
        assert ended.out == ""


def test_a_user_without_an_entry_is_no_bug(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a container the user may have neither HOME nor an entry in the list of users."""
    monkeypatch.delenv("HOME")
    monkeypatch.setattr("pwd.getpwuid", lambda uid: (_ for _ in ()).throw(KeyError(uid)))
    monkeypatch.chdir(folder)
    shell = Shell(folder / "home", **MOCK)
    for without in ({}, {"MAMMON_HOME": ""}):
        shell.environment = {**MOCK, **({} if without else {"MAMMON_HOME": str(shell.home)})}
        for name in NAMES:
            ended = shell(*line(name))
            assert sound(ended), (name, ended)


def test_the_state_of_another_world_is_refused(folder: Path) -> None:
    """F24: a folder moved under another world's name keeps saying whose it is: exit 2, naming both."""
    home = folder / "home"
    (ours,) = home.iterdir()
    other = Shell(home, MAMMON_MODE="mock", MAMMON_SEED="8")
    assert other("scan").code == 0
    theirs = next(path for path in home.iterdir() if path != ours)
    shutil.rmtree(theirs)
    ours.rename(theirs)
    for name in (*WORLDLY, "status"):
        ended = other(*line(name))
        assert ended.code == 2, ended
        assert "belongs to account 0x170B" in ended.err


def test_the_start_says_which_program_and_which_files(folder: Path) -> None:
    """F24: version and commit, configuration and home stand in the first line, of every command."""
    (folder / "own.toml").write_text('mode = "mock"\n')
    shell = Shell(folder / "home", **MOCK)
    shell.home = folder
    for name in NAMES:
        ended = shell(*line(name), *(() if name in ("init",) else ("--config", str(folder / "own.toml"))))
        first = ended.err.splitlines()[0]
        assert first.startswith("MODE "), (name, ended)
        assert f"home {folder / 'home'}" in first
        assert name == "init" or f"config {folder / 'own.toml'}" in first
        assert "mammon 0." in first
