"""Bug files: the redacted traceback of an exception nobody expected, kept where only its owner reads."""

from __future__ import annotations

import contextlib
import os
import platform
import tempfile
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from mammon.cli.build import build
from mammon.cli.process import Process
from mammon.cli.redaction import clean, keyless
from mammon.errors import MammonError
from mammon.files import open_directory, open_file


def filed(process: Process, error: BaseException) -> Path | None:
    """Write the traceback and return its path; None when no folder can be written."""
    at = datetime.fromtimestamp(process.clock.now(), UTC).strftime("%Y%m%dT%H%M%SZ")
    text = _report(process, error)
    for folder in _folders(process):
        path = folder / f"bug-{at}-{os.getpid()}.log"
        with contextlib.suppress(OSError, MammonError):
            _write(path, text)
            return path
    return None


def _write(path: Path, text: str) -> None:
    folder = open_directory(path.parent, create=True)
    try:
        descriptor = open_file(folder, path, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    finally:
        os.close(folder)
    with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:
        file.write(text)


def _folders(process: Process) -> Iterator[Path]:
    if process.call is not None:
        yield process.call.settings.home / "logs"
    yield Path(tempfile.gettempdir()) / f"mammon-{os.geteuid()}"


def _report(process: Process, error: BaseException) -> str:
    # Values of local variables are never written: they hold keys and answers.
    lines = traceback.format_exception(type(error), error, error.__traceback__)
    words = ["mammon", *process.words]
    head = f"mammon {build()} on Python {platform.python_version()}\ncommand: {keyless(' '.join(words))}\n\n"
    return clean(head + "".join(lines), process.secrets(), process.tokens)
