"""The process as a port: arguments, environment, streams and clock, replaced whole in tests."""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from mammon.cli.invocation import Invocation
    from mammon.core.ports import Clock

_SECRET = re.compile(r"KEY|TOKEN|SECRET|PASSWORD|PASSPHRASE|MNEMONIC|CREDENTIAL|WEBHOOK|I_UNDERSTAND")


class SystemClock:
    """The machine's own clock."""

    def now(self) -> int:
        """Return unix seconds, UTC."""
        return int(time.time())

    def monotonic(self) -> float:
        """Return seconds on a clock that never steps back."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(max(0.0, seconds))


@dataclass(slots=True)
class Process:
    """What one run of the program was given."""

    environment: Mapping[str, str]
    directory: Path
    stdin: TextIO | None
    stdout: TextIO | None
    stderr: TextIO | None
    clock: Clock = field(default_factory=SystemClock)
    words: list[str] = field(default_factory=list)
    """The command line, set when it is run."""
    command: str = ""
    """The command's name, set when it is found."""
    call: Invocation | None = None
    """Set when the command's settings are resolved, for the failure handler."""
    hidden: list[str] = field(default_factory=list)
    """Secrets read meanwhile (a password), which may stand in no output."""
    tokens: list[str] = field(default_factory=list)
    """Keys in the URLs of the settings, set when those are resolved: they may stand in no output either."""

    @classmethod
    def real(cls) -> Process:
        """Return this very process."""
        try:
            directory = Path.cwd()
        except OSError:
            directory = Path("/")  # the folder we were started in is gone
        return cls(dict(os.environ), directory, sys.stdin, sys.stdout, sys.stderr)

    def asks(self, short: str, long: str) -> bool:
        """Say whether a flag stands on the command line, also where parsing failed before it."""
        for word in self.words:
            if word == "--":
                return False
            if word == long or (
                short and word.startswith("-") and set(word[1:]) <= set("qv") and short in word
            ):
                return True
        return False

    def taken(self, variable: str) -> str:
        """Return a secret variable's value once: it is removed from the environment, and kept from output."""
        found = self.environment.get(variable, "")
        self.environment = {name: value for name, value in self.environment.items() if name != variable}
        os.environ.pop(variable, None)
        self.hidden.append(found)
        return found

    def secrets(self) -> list[str]:
        """Return the values of secret variables, which may stand in no output."""
        kept = [value for name, value in self.environment.items() if value and _SECRET.search(name)]
        return kept + self.hidden
