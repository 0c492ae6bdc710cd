"""Run the command line in this process: the same entry, other streams, an environment of its own."""

from __future__ import annotations

import io
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mammon.cli.failure import run
from mammon.cli.process import Process


@dataclass(frozen=True)
class Ended:
    """How one command ended."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """The one document on stdout."""
        assert self.out.count("\n") == 1, self.out
        return json.loads(self.out)

    @property
    def data(self) -> Any:
        """The document's data."""
        return self.document["data"]


class Shell:
    """A home directory and a way to run commands in it."""

    def __init__(self, home: Path, **environment: str) -> None:
        home.mkdir(mode=0o700, exist_ok=True)
        self.home = home
        self.environment = {"MAMMON_HOME": str(home), **environment}
        if environment.get("MAMMON_MODE") != "mock":
            # No test asks an outside source, unless it serves one.
            self.environment.setdefault("MAMMON_SOURCES__NAMES", "")

    def process(self, stdin: io.TextIOWrapper | None, out: io.StringIO, err: io.StringIO) -> Process:
        """Return the process a command runs in."""
        return Process(dict(self.environment), self.home, stdin, out, err)

    def __call__(self, *words: str, piped: str | None = None) -> Ended:
        """Run one command; `piped` comes on stdin through a real pipe, as from another command."""
        out, err = io.StringIO(), io.StringIO()
        stdin = None if piped is None else _pipe(piped)
        try:
            code = run(words, self.process(stdin, out, err))
        finally:
            if stdin is not None:
                stdin.close()
        return Ended(code, out.getvalue(), err.getvalue())


def _pipe(text: str) -> io.TextIOWrapper:
    """Return a stream with `text` behind it; a file, because a document may exceed a pipe's buffer."""
    descriptor = os.memfd_create("piped")
    os.write(descriptor, text.encode())
    os.lseek(descriptor, 0, os.SEEK_SET)
    return os.fdopen(descriptor, "r")
