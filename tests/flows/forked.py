"""Commands as processes of their own, forked from this one: real descriptors and signals, no start-up."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
import time
import traceback
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from mammon.cli import main as run
from tests.flows.runner import Ended

PATIENCE_S = 60.0
_DIE_WITH_PARENT = 1
ESCAPED = 99
"""The code of a child from which an exception escaped."""


@dataclass
class Child:
    """One command under way. Its streams are files."""

    pid: int
    folder: Path
    status: int | None = field(default=None, init=False)

    @property
    def out(self) -> str:
        """What stands on stdout so far."""
        return (self.folder / "out").read_text("utf-8", "replace")

    @property
    def err(self) -> str:
        """What stands on stderr so far."""
        return (self.folder / "err").read_text("utf-8", "replace")

    def running(self) -> bool:
        """Say whether it has not ended yet."""
        if self.status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            self.status = os.waitstatus_to_exitcode(status) if pid else None
        return self.status is None

    def wait(self, patience_s: float = PATIENCE_S) -> Ended:
        """Return how it ended; one that does not end is killed, and the test fails."""
        ends = time.monotonic() + patience_s
        while self.running():
            if time.monotonic() > ends:
                os.kill(self.pid, 9)
                os.waitpid(self.pid, 0)
                raise AssertionError(f"still running after {patience_s} s: {self.err}")
            time.sleep(0.005)
        assert self.status is not None
        return Ended(self.status, self.out, self.err)


def start(
    folder: Path,
    environment: Mapping[str, str],
    *words: str,
    before: Callable[[], Any] = lambda: None,
    keep: Sequence[int] = (),
) -> Child:
    """Start one command line; `before` runs in the child, its streams being open, to spoil what it wants.

    Of the other descriptors of the test's own process only those in `keep` stay open in the child.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("out", "err"):
        (folder / name).touch(0o600)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # threads of servers do not matter to the child
        pid = os.fork()
    if pid == 0:
        _child(folder, environment, words, before, keep)
    return Child(pid, folder)


def _child(
    folder: Path,
    environment: Mapping[str, str],
    words: tuple[str, ...],
    before: Callable[[], Any],
    keep: Sequence[int],
) -> NoReturn:
    code = ESCAPED
    try:
        ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)
        # A suite that was started in the background, or to outlive its terminal, inherits these ignored.
        for number in (signal.SIGQUIT, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        for descriptor in set(range(3, 1024)) - set(keep):
            with contextlib.suppress(OSError):
                os.close(descriptor)
        for descriptor, name, how in (
            (0, os.devnull, os.O_RDONLY),
            (1, "out", os.O_WRONLY),
            (2, "err", os.O_WRONLY),
        ):
            opened = os.open(folder / name, how)
            os.dup2(opened, descriptor)
            os.close(opened)
        os.environ.clear()
        os.environ.update(environment)
        before()
        sys.stdin, sys.stdout, sys.stderr = (_stream(number, mode) for number, mode in enumerate("rww"))
        code = run(words)
        _flush()
    except BaseException:  # noqa: BLE001 - it must not come back into the test's own process
        os.write(2, traceback.format_exc().encode())
    finally:
        os._exit(code)


def _stream(descriptor: int, mode: str) -> Any:
    """Return a stream as the interpreter makes it at its start: None on a closed descriptor."""
    try:
        os.fstat(descriptor)
    except OSError:
        return None
    return open(descriptor, mode, encoding="utf-8", closefd=False)


def _flush() -> None:
    """Flush as the interpreter does at its end, where a failure would change the exit code."""
    for stream in (sys.stdout, sys.stderr):
        if stream is not None and not stream.closed:
            stream.flush()
