"""Worlds for the tests of the state: each test has a folder and a database of its own."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from mammon.state import db
from mammon.state.opening import Identity
from mammon.state.store import Store
from tests.state.worlds import IDENTITY


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """Return a world's folder that does not exist yet."""
    return tmp_path / "home" / "paper-base-aaaaaaaa"


@pytest.fixture
def identity() -> Identity:
    """Return the world's identity."""
    return IDENTITY


@pytest.fixture
def store(directory: Path, identity: Identity) -> Iterator[Store]:
    """Return an empty world, opened."""
    with Store.open(directory, identity) as opened:
        yield opened


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a statement wait a tenth of a second for another process, not five."""
    monkeypatch.setattr(db, "BUSY_S", 0.1)


@pytest.fixture
def ordinary_home() -> Iterator[Path]:
    """Return a folder in which file modes bind us: the superuser becomes nobody for this test."""
    folder = Path(tempfile.mkdtemp())
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, folder)
        if os.geteuid() == 0:
            os.chown(folder, 65534, 65534)
            os.seteuid(65534)
            stack.callback(os.seteuid, 0)
        yield folder
        for each in (folder, *folder.rglob("*")):
            if each.is_dir():
                each.chmod(0o700)
