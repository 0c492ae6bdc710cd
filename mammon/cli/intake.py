"""Intake: the bytes given with `-i FILE|-`, bounded in size and time."""

from __future__ import annotations

import os
import select
import stat
from pathlib import Path

from mammon.cli import streams
from mammon.cli.documents import MAX_BYTES
from mammon.cli.process import Process
from mammon.core.ports import Deadline
from mammon.errors import DeadlinePassedError, UsageError

_PATIENCE_S = 300.0
"""How long the command on the other side of a pipe may take, unless --deadline says less."""


def content(source: str, process: Process, deadline: Deadline | None) -> bytes:
    """Return what FILE or `-` (stdin) holds; raises `UsageError` when absent, empty or too large."""
    data = _piped(process, deadline) if source == "-" else _filed(process.directory / source)
    if len(data) > MAX_BYTES:
        raise UsageError("input", f"the input exceeds {MAX_BYTES} bytes", "this is not a mammon document")
    if not data.strip():
        raise UsageError("input", "the input is empty", "did the command before fail? see its stderr")
    return data


def _filed(path: Path) -> bytes:
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise UsageError("input", f"{path}: not a regular file", "use -i - to read from a pipe")
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(
            "input", f"{path}: cannot be read: {error.strerror}", "check the path given with -i"
        ) from error


def _piped(process: Process, deadline: Deadline | None) -> bytes:
    stdin = process.stdin
    if stdin is None or stdin.closed or streams.is_terminal(stdin):
        raise UsageError("input", "nothing is piped in", "pipe a document in, or give -i FILE")
    descriptor = stdin.fileno()
    ends = process.clock.monotonic() + _PATIENCE_S
    data = bytearray()
    while len(data) <= MAX_BYTES:
        left = ends - process.clock.monotonic()
        left = min(left, deadline.remaining()) if deadline else left
        if left <= 0 or not select.select([descriptor], [], [], left)[0]:
            raise DeadlinePassedError(
                "deadline", "no whole document came in time", "see the command before the pipe"
            )
        part = os.read(descriptor, 1 << 16)
        if not part:
            break
        data += part
    return bytes(data)
