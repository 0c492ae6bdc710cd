"""Every registered command with streams that are closed, broken or full."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.flows.forked import start
from tests.flows.runner import Ended
from tests.flows.settled import environment, prepared, sound
from tests.flows.words import NAMES, line


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a home in which something was decided, and that decision as a file."""
    return prepared(tmp_path_factory.mktemp("template"))


@pytest.fixture
def folder(template: Path, tmp_path: Path) -> Path:
    """A copy of it for one test."""
    return Path(shutil.copytree(template, tmp_path / "at"))


def _closed(*descriptors: int) -> Callable[[], None]:
    def close() -> None:
        for descriptor in descriptors:
            os.close(descriptor)

    return close


def _reader_gone() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    os.dup2(writing, 1)
    os.close(writing)


def _on(descriptor: int, path: str, flags: int) -> Callable[[], None]:
    def redirect() -> None:
        opened = os.open(path, flags)
        os.dup2(opened, descriptor)
        os.close(opened)

    return redirect


SPOILT: dict[str, Callable[[], None]] = {
    "stdin closed": _closed(0),
    "stdin not for reading": _on(0, "/dev/null", os.O_WRONLY),
    "stdout closed": _closed(1),
    "stdout without a reader": _reader_gone,
    "stderr closed": _closed(2),
    "all closed": _closed(0, 1, 2),
    "stderr full": _on(2, "/dev/full", os.O_WRONLY),
}


@pytest.mark.parametrize("name", NAMES)
def test_no_stream_changes_how_a_command_ends(name: str, folder: Path, tmp_path: Path) -> None:
    """Row 20: closed, broken and full streams: the same exit code, no traceback, no wait for a person."""
    known = environment(folder)

    def ended(how: str, before: Callable[[], None]) -> Ended:
        def spoil() -> None:
            os.chdir(folder)
            before()

        return start(tmp_path / how, known, *line(name), before=spoil).wait()

    plain = ended("plain", lambda: None)
    assert sound(plain), plain
    for how, before in SPOILT.items():
        found = ended(how, before)
        assert found.code == plain.code, (how, found)
        assert sound(found), (how, found)


@pytest.mark.parametrize("name", NAMES)
def test_a_result_that_cannot_be_written_is_told(name: str, folder: Path, tmp_path: Path) -> None:
    """`> /dev/full` loses the result, so the command does not end as if it had been delivered."""

    def spoil() -> None:
        os.chdir(folder)
        _on(1, "/dev/full", os.O_WRONLY)()

    ended = start(tmp_path / "full", environment(folder), *line(name), before=spoil).wait()
    assert sound(ended), ended
    assert ended.code != 0
