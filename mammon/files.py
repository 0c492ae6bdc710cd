"""Files that belong to one owner alone: one place for how they are made, opened and judged.

A name is looked up relative to the descriptor of its directory, never through a path that somebody
may exchange meanwhile, and a symbolic link, a hard link, a pipe or a stranger's file in its place is
refused, not followed.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

from mammon.errors import MammonError, PersonNeededError

_FULL = {errno.ENOSPC, errno.EDQUOT}
_DENIED = {errno.EROFS, errno.EACCES, errno.EPERM}
_ODD = {errno.ELOOP, errno.ENOTDIR, errno.EISDIR, errno.ENXIO}


def open_directory(path: Path, *, create: bool = False) -> int:
    """Return a descriptor of a directory that only we may enter; `create` makes it, mode 0700.

    Raises `PersonNeededError` when it is a link, a stranger's, or open to others, and
    `FileNotFoundError` when it does not exist and is not to be made.
    """
    try:
        if create:
            _make(path)
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        if isinstance(error, FileNotFoundError) and not create:
            raise
        raise failure(error, path) from error
    try:
        _judge(os.fstat(descriptor), path, 0o700)
        _judge_parent(os.stat("..", dir_fd=descriptor), path)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def open_file(directory: int, path: Path, flags: int) -> int:
    """Return a descriptor of a file we alone may touch, inside an open directory.

    `flags` as for `os.open`; a new file has mode 0600. Raises as `open_directory`.
    """
    safe = flags | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
    try:
        descriptor = os.open(path.name, safe, 0o600, dir_fd=directory)
    except (FileNotFoundError, FileExistsError):
        raise
    except OSError as error:
        raise failure(error, path) from error
    try:
        judge_file(os.fstat(descriptor), path)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def file_status(directory: int, path: Path) -> os.stat_result | None:
    """Return the status of a file we alone may touch, None when there is none; opens nothing."""
    try:
        status = os.stat(path.name, dir_fd=directory, follow_symlinks=False)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise failure(error, path) from error
    judge_file(status, path)
    return status


def judge_file(status: os.stat_result, path: Path) -> None:
    """Refuse what is not a plain file of ours under one name, closed to others."""
    if not stat.S_ISREG(status.st_mode):
        raise _unsafe(path, "is not a plain file")
    if status.st_nlink != 1:
        raise _unsafe(path, f"has {status.st_nlink} names (hard links)")
    _judge(status, path, 0o600)


def failure(error: OSError, path: Path) -> MammonError:
    """Return the typed error of a failed file operation: each needs a person (exit 5)."""
    why = os.strerror(error.errno) if error.errno else str(error)
    if error.errno in _FULL:
        return PersonNeededError("disk_full", f"{path}: {why}", "free some space, then run again")
    if error.errno in _DENIED:
        return PersonNeededError("read_only", f"{path}: {why}", "make it writable for this user")
    if error.errno in _ODD:
        return _unsafe(path, f"cannot be opened safely: {why}")
    return PersonNeededError("file", f"{path}: {why}", "check the disk it is on")


def chmod(mode: int, path: Path) -> str:
    """Return the command that gives a file this mode, as a shell takes it."""
    return f"chmod {mode:o} {_quoted(path)}"


def _quoted(path: Path) -> str:
    import shlex  # only where something is wrong

    return shlex.quote(str(path))


def _make(path: Path) -> None:
    # Path.mkdir(parents=True) would give the parents the default mode, open to others.
    missing = [path, *path.parents]
    for folder in reversed([each for each in missing if not os.path.lexists(each)]):
        folder.mkdir(mode=0o700, exist_ok=True)


def _judge(status: os.stat_result, path: Path, mode: int) -> None:
    if status.st_uid != os.geteuid():
        raise _unsafe(path, f"belongs to user {status.st_uid}, not to us")
    if stat.S_IMODE(status.st_mode) & 0o077:
        seen = f"{stat.S_IMODE(status.st_mode):04o}"
        raise PersonNeededError("permissions", f"{path} is open to others ({seen})", chmod(mode, path))


def _judge_parent(parent: os.stat_result, path: Path) -> None:
    if parent.st_mode & stat.S_IWOTH and not parent.st_mode & stat.S_ISVTX:
        above = path.parent
        fix = f"chmod o-w {_quoted(above)}"
        raise PersonNeededError("permissions", f"{above} is writable by everybody", fix)


def _unsafe(path: Path, why: str) -> PersonNeededError:
    return PersonNeededError("unsafe_file", f"{path} {why}", "look at what it is, then move it away")
