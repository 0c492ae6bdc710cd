"""What a failing database means, as typed errors with a next step."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from mammon.errors import MammonError, OutsideError, PersonNeededError

_PRIMARY = 0xFF
"""SQLite's extended result codes carry the primary one in the lowest byte."""

_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_DENIED = {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM}
_BROKEN = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_DAMAGE = ("Could not decode to UTF-8", "unsupported file format")
"""What damage is called where there is no result code for it."""


def failure(error: sqlite3.Error, path: Path) -> MammonError | None:
    """Return the typed error of a failed statement; None when it is a mistake of the program's own."""
    if str(error).startswith(_DAMAGE):
        return corrupt(path, str(error)[:60])
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:
        return None
    primary = code & _PRIMARY
    if primary in _BUSY:
        return OutsideError("state_busy", f"another process holds {path} ({error})", "run again")
    if primary == sqlite3.SQLITE_FULL:
        return PersonNeededError("disk_full", f"no room to write {path}: nothing was recorded", "free space")
    if primary in _DENIED:
        why = f"{path} cannot be opened for writing: nothing was recorded ({error})"
        return PersonNeededError("read_only", why, "make the folder and its files writable for this user")
    if primary == sqlite3.SQLITE_IOERR:
        name = getattr(error, "sqlite_errorname", "SQLITE_IOERR")
        return PersonNeededError(
            "disk", f"the disk failed under {path} ({name})", "check the disk, then run again"
        )
    if primary in _BROKEN:
        return corrupt(path, str(error))
    return None


def corrupt(path: Path, why: str) -> PersonNeededError:
    """Return the error of a database whose content is not what was written."""
    return PersonNeededError(
        "state_corrupt",
        f"{path} is damaged: {why}",
        f"`mammon state restore` puts the newest good backup in its place; without one move {path.parent} "
        "aside and keep it: the next command begins a new one. Holdings are read from "
        "the chain; lost are the history and, on paper, the book, unless a copy of the file is put back",
    )
