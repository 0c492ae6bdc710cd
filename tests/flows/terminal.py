"""A shell whose stdout is a terminal."""

from __future__ import annotations

import io

from mammon.cli.process import Process
from tests.flows.runner import Ended, Shell


class Terminal(io.StringIO):
    """A stream with a person at the other end."""

    def isatty(self) -> bool:
        return True


class Watched(Shell):
    """A shell that a person watches, without colours."""

    def __call__(self, *words: str, piped: str | None = None) -> Ended:
        self.environment["NO_COLOR"] = "1"
        self.shown = Terminal()
        ended = super().__call__(*words, piped=piped)
        return Ended(ended.code, self.shown.getvalue(), ended.err)

    def process(self, stdin: object, out: object, err: object) -> Process:
        return super().process(stdin, self.shown, err)  # type: ignore[arg-type]
