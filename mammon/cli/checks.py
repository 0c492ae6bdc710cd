"""Checks of `mammon doctor` that need nothing but this machine."""

from __future__ import annotations

import os
import platform
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path

import mammon
from mammon.cli import streams, worlds
from mammon.cli.build import build
from mammon.cli.doctor import Check
from mammon.cli.invocation import Invocation
from mammon.errors import MammonError
from mammon.files import chmod, file_status, open_directory
from mammon.ops import stops
from mammon.state.opening import JOURNAL, NAME

PYTHON = (3, 11)
SQLITE = (3, 37, 0)
"""STRICT tables came with 3.37."""

_LOW_MB = 100


def versions() -> Iterator[Check]:
    """Look at Python, SQLite and mammon itself."""
    python_ok = sys.version_info >= PYTHON
    yield Check(
        "python",
        "ok" if python_ok else "fail",
        f"{platform.python_version()} at {sys.executable}",
        "" if python_ok else "install Python 3.11 or newer",
    )
    sqlite_ok = sqlite3.sqlite_version_info >= SQLITE
    yield Check(
        "sqlite",
        "ok" if sqlite_ok else "fail",
        sqlite3.sqlite_version,
        "" if sqlite_ok else "install a Python with SQLite 3.37 or newer",
    )
    yield Check("mammon", "ok", f"{build()} at {Path(mammon.__file__).parent}")


def configuration(call: Invocation) -> Iterator[Check]:
    """Look at the configuration file: which one, and who may read or change it."""
    path = call.resolved.file
    if path is None:
        yield Check("configuration", "ok", "no file, defaults only", "`mammon init` writes one")
        return
    status = path.stat()
    if status.st_mode & 0o022 or status.st_uid not in (os.geteuid(), 0):
        yield Check("configuration", "fail", f"{path} can be changed by others", chmod(0o600, path))
    elif status.st_mode & 0o044 and call.settings.rpc.urls:
        yield Check("configuration", "warn", f"{path} holds URLs and others can read it", chmod(0o600, path))
    else:
        yield Check("configuration", "ok", str(path))


def home(call: Invocation) -> Iterator[Check]:
    """Look at the folder that holds the state: there, ours alone, writable, with room."""
    path = call.settings.home
    try:
        os.close(open_directory(path))
    except FileNotFoundError:
        yield _absent(path)
        return
    except MammonError as error:
        yield Check("home", "fail", error.message, error.hint)
        return
    writable = os.access(path, os.W_OK | os.X_OK)
    found = str(path) if writable else f"{path} cannot be written"
    yield Check("home", "ok" if writable else "fail", found, "" if writable else chmod(0o700, path))
    space = os.statvfs(path)
    free_mb = space.f_bavail * space.f_frsize >> 20
    low = free_mb < _LOW_MB
    yield Check("disk", "warn" if low else "ok", f"{free_mb} MB free", "make room" if low else "")


def world(call: Invocation) -> Iterator[Check]:
    """Look at the world in force: its name, and whether it is stopped."""
    settings = call.settings
    account = f"-{settings.account[2:10].lower()}" if settings.account else ""
    missing = settings.mode == "live" and settings.account is None
    yield Check(
        "world",
        "fail" if missing else "ok",
        f"{settings.mode}-{settings.chain}{account}",
        "live needs --account, MAMMON_ACCOUNT or `account` in the file" if missing else "",
    )
    switch = settings.home / ".kill_switch"
    try:
        stopped = os.path.lexists(switch)
    except OSError:
        stopped = True
    yield Check(
        "kill switch",
        "fail" if stopped else "ok",
        f"{switch} is there" if stopped else "absent",
        "everything stands still until a person removes it" if stopped else "",
    )
    yield from _stops(call)


def _stops(call: Invocation) -> Iterator[Check]:
    try:
        folder = worlds.directory(call, worlds.identity(call))
    except MammonError:
        return  # no such chain: told by the probes
    found = stops.notes(folder)
    told = ", ".join(f"{note.name}{note.reason and ': ' + note.reason}" for note in found)
    fix = "`mammon resume` lifts them" if found else ""
    yield Check("stops", "fail" if found else "ok", told or "none", fix)


def state(call: Invocation) -> Iterator[Check]:
    """Look at the folder of the world in force, once it is there: it and its database are ours alone."""
    try:
        folder = worlds.directory(call, worlds.identity(call))
    except MammonError:
        return  # no such chain: told by the probes
    try:
        descriptor = open_directory(folder)
    except FileNotFoundError:
        return
    except MammonError as error:
        yield Check("state", "fail", error.message, error.hint)
        return
    try:
        for name in (NAME, JOURNAL):
            file_status(descriptor, folder / name)
        yield Check("state", "ok", str(folder))
    except MammonError as error:
        yield Check("state", "fail", error.message, error.hint)
    finally:
        os.close(descriptor)


def terminals(call: Invocation) -> Check:
    """Say which streams have a person at the other end."""
    process = call.process
    named = (("stdin", process.stdin), ("stdout", process.stdout), ("stderr", process.stderr))
    kinds = [f"{name} {_kind(stream is None, streams.is_terminal(stream))}" for name, stream in named]
    return Check("streams", "ok", ", ".join(kinds))


def _absent(path: Path) -> Check:
    parent = next(folder for folder in path.parents if folder.exists())
    if os.access(parent, os.W_OK | os.X_OK):
        return Check("home", "ok", f"{path} does not exist yet and is made when needed")
    return Check(
        "home", "fail", f"{path} cannot be made", f"make it, or set MAMMON_HOME: {parent} is read-only"
    )


def _kind(closed: bool, terminal: bool) -> str:
    return "closed" if closed else "terminal" if terminal else "pipe or file"
