"""A terminal on which the installed program runs, and everything it showed."""

from __future__ import annotations

import fcntl
import os
import select
import shlex
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from examples.terminal import WIDTH, settled

TIMEOUT_S = 120.0


@dataclass
class Terminal:
    """Types commands one after the other, and keeps what is shown, colours as ANSI codes."""

    environment: Mapping[str, str]
    folder: Path
    shown: str = ""
    codes: list[int] = field(default_factory=list)
    """How the commands ended, as a shell counts: 128 and the signal's number when one was killed."""
    running: subprocess.Popen[bytes] | None = None

    def say(self, text: str) -> None:
        """Show a line of comment."""
        self.shown += f"\x1b[2m# {text}\x1b[0m\n"

    def run(self, line: str, until: Callable[[], bool] = lambda: False, answer: str = "") -> None:
        """Type a command line; answer where it asks; press Ctrl-C once `until` holds."""
        self.shown += f"\x1b[1;32m$\x1b[0m \x1b[1m{line}\x1b[0m\n"
        program, *words = shlex.split(line)
        environment = {**self.environment, "TERM": "xterm-256color", "LANG": "C.UTF-8"}
        ours, theirs = os.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, WIDTH, 0, 0))
        self.running = subprocess.Popen(
            [str(Path(sys.executable).with_name(program)), *words],
            cwd=self.folder, env=environment, stdin=theirs, stdout=theirs, stderr=theirs,
        )  # fmt: skip
        os.close(theirs)
        if answer:
            os.write(ours, f"{answer}\n".encode())
        self.shown += settled(self._followed(self.running, ours, until), self.folder)
        code = self.running.wait(TIMEOUT_S)
        self.running = None
        self.codes.append(code if code >= 0 else 128 - code)
        killed = "Killed, " if code == -signal.SIGKILL else ""
        self.shown += f"\x1b[2m[{killed}exit {self.codes[-1]}]\x1b[0m\n\n"

    def _followed(self, running: subprocess.Popen[bytes], terminal: int, until: Callable[[], bool]) -> str:
        raw, pressed, ends = b"", False, time.monotonic() + TIMEOUT_S
        while time.monotonic() < ends:
            if select.select([terminal], [], [], 0.1)[0]:
                try:
                    raw += os.read(terminal, 1 << 16)
                except OSError:  # how Linux says that nobody writes to a terminal any more
                    break
            elif not pressed and until():
                pressed = True
                running.send_signal(signal.SIGINT)
        os.close(terminal)
        return raw.decode().replace("\r\n", "\n")
