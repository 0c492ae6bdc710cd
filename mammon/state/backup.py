"""Whole copies of a database, made by SQLite itself while others go on reading and writing."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from pathlib import Path

from mammon.errors import OutsideError
from mammon.files import open_directory, open_file
from mammon.state.db import Database
from mammon.state.failures import failure

_PAGES = 256
"""Copied at a time, so that a writer never waits long for the copy."""
PATIENCE_S = 60.0
"""How long a copy may take; writers that commit meanwhile make it begin again."""


def copy_to(source: Path, target: Path) -> None:
    """Copy what is committed in `source` to `target`, whole and checked, or leave `target` as it was.

    `target` lies in a folder of ours and appears under its name only when it is complete and on the
    disk. Raises `PersonNeededError` when the copy fails, or does not pass SQLite's own check.
    """
    folder = open_directory(target.parent)
    unfinished = target.with_name(f".{target.name}.new")
    try:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(unfinished.name, dir_fd=folder)
        os.close(open_file(folder, unfinished, os.O_RDWR | os.O_CREAT | os.O_EXCL))
        _copy(source, unfinished)
        os.rename(unfinished.name, target.name, src_dir_fd=folder, dst_dir_fd=folder)
        os.fsync(folder)
    finally:
        os.close(folder)


def _copy(source: Path, target: Path) -> None:
    deadline = time.monotonic() + PATIENCE_S

    def go_on(_status: int, _remaining: int, _total: int) -> None:
        if time.monotonic() > deadline:
            raise OutsideError("state_busy", f"{source} kept changing while it was copied", "run again")

    reading = Database(source, writable=False)
    writing = Database(target, writable=True, journal="MEMORY")
    try:
        reading.connection.backup(writing.connection, pages=_PAGES, progress=go_on, sleep=0.01)
        writing.check()
    except sqlite3.Error as error:
        typed = failure(error, target)
        if typed is None:
            raise
        raise typed from error
    finally:
        writing.close()
        reading.close()
