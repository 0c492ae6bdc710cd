"""Files a command writes where it is told to: whole or not at all, for their owner alone."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from mammon.errors import UsageError


def write(target: Path, text: str, code: str) -> None:
    """Write a file, or replace it. Raises `UsageError` with `code` when it cannot be written."""
    temporary = target.with_name(f".{target.name}.{os.getpid()}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        with os.fdopen(os.open(temporary, flags, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(target)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise UsageError(
            code, f"{target}: cannot be written: {error.strerror}", "choose another path"
        ) from error


def named(directory: Path, path: str, flag: str) -> Path:
    """Return the file that a flag names. Raises `UsageError` for what is no name of a file."""
    target = directory / path
    if not path or not path.isprintable() or target.is_dir() or not target.name:
        raise UsageError("bad_value", f"{flag}: {path[:60]!r} is no name for a file", "name a file")
    return target
