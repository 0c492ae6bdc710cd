"""The kill switch: whatever is there stops everything, and so does not being able to look."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from mammon.errors import PersonNeededError
from mammon.ops import killswitch

KINDS: dict[str, Callable[[Path], object]] = {
    "file": lambda path: path.write_text("stop"),
    "empty file": lambda path: path.touch(),
    "unreadable file": lambda path: path.touch(mode=0),
    "folder": lambda path: path.mkdir(),
    "link": lambda path: path.symlink_to(path.parent),
    "dangling link": lambda path: path.symlink_to(path.parent / "nowhere"),
    "link to itself": lambda path: path.symlink_to(path),
    "pipe": os.mkfifo,
}


@pytest.mark.parametrize("make", KINDS.values(), ids=KINDS.keys())
def test_whatever_is_there_stops(tmp_path: Path, make: Callable[[Path], object]) -> None:
    """Any existence counts, and taking it away ends the stop."""
    switch = tmp_path / ".kill_switch"
    assert killswitch.stops(tmp_path) == ()
    killswitch.require_running(tmp_path)
    make(switch)
    assert killswitch.stops(tmp_path) == ("kill_switch",)
    assert str(switch) in killswitch.why_stopped(tmp_path)
    with pytest.raises(PersonNeededError) as caught:
        killswitch.require_running(tmp_path)
    assert (caught.value.code, caught.value.exit_code) == ("kill_switch", 5)
    switch.rmdir() if switch.is_dir() and not switch.is_symlink() else switch.unlink()
    assert killswitch.stops(tmp_path) == ()


@pytest.mark.parametrize("code", [errno.EACCES, errno.EIO, errno.ELOOP, errno.ESTALE])
def test_not_being_able_to_look_stops(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    """An error other than "it is not there" counts as there."""

    def fails(path: object) -> object:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "lstat", fails)
    assert killswitch.stops(tmp_path) == ("kill_switch",)
    assert os.strerror(code) in killswitch.why_stopped(tmp_path)


def test_a_home_that_is_a_file_stops(tmp_path: Path) -> None:
    """Where the home is no folder nobody can tell, on a real file system too."""
    home = tmp_path / "home"
    home.touch()
    assert killswitch.stops(home) == ("kill_switch",)


def test_a_home_that_does_not_exist_has_no_switch(tmp_path: Path) -> None:
    """Before the first command there is nothing to stop."""
    assert killswitch.stops(tmp_path / "home") == ()
