"""A small shell for tests: run one command line in this process, with its streams and environment given."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mammon.cli import failure
from mammon.cli.process import Process

NOW = 1_700_000_000
NOBODY = {"MAMMON_SOURCES__NAMES": ""}
"""No test asks an outside source, unless it serves one."""


class FixedClock:
    """A clock that stands."""

    def now(self) -> int:
        return NOW

    def monotonic(self) -> float:
        return 0.0

    def sleep(self, seconds: float) -> None:
        raise AssertionError(f"nothing may wait {seconds} s here")


class Terminal(io.StringIO):
    """A stream with a person at the other end."""

    def isatty(self) -> bool:
        return True


@dataclass(frozen=True, slots=True)
class Ended:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """The one document on stdout."""
        found: dict[str, Any] = json.loads(self.out)
        return found


def run(
    *words: str,
    directory: Path,
    environment: Mapping[str, str] | None = None,
    stdin: Any = None,
    terminal: bool = False,
) -> Ended:
    """Run one command line and return how it ended."""
    out, err = (Terminal(), Terminal()) if terminal else (io.StringIO(), io.StringIO())
    variables = {"HOME": str(directory), **NOBODY, **(environment or {})}
    process = Process(variables, directory, stdin, out, err, FixedClock())
    code = failure.run(words, process)
    return Ended(code, out.getvalue(), err.getvalue())
