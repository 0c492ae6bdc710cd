"""`python examples/terminal.py`: draw terminal.svg, what the README's first command prints, on a terminal.

The command really runs, in a fresh home, on a terminal of fixed width, and what it printed is drawn. Two
things are left out of the picture because they differ from one machine to the next: the folder above the
home directory, and the commit in the version.
"""

from __future__ import annotations

import fcntl
import inspect
import io
import os
import re
import struct
import subprocess
import sys
import tempfile
import termios
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import SVG_EXPORT_THEME
from rich.text import Text

ROOT = Path(__file__).resolve().parent.parent
PICTURE = ROOT / "examples" / "terminal.svg"
COMMAND = "mammon run --mode mock --execute --yes --cycles 8 --interval 3h"
WIDTH = 112
TIMEOUT_S = 60

_ERASED = re.compile(r"[^\n]*\r\x1b\[K")
_COMMIT = re.compile(r"\+g[0-9a-f]{7}\b")
_FONT = re.compile(r"@font-face \{\{.*?\}\}\n", re.S)


def printed() -> str:
    """Run the command in an empty home and return what a terminal shows, its colours as ANSI codes."""
    with tempfile.TemporaryDirectory() as home:
        return _on_terminal([sys.executable, "-m", *COMMAND.split()], Path(home).resolve())


def _on_terminal(words: list[str], home: Path) -> str:
    environment = {
        "PATH": os.environ.get("PATH", ""),
        "PYTHONPATH": str(ROOT),
        "HOME": str(home),
        "TERM": "xterm-256color",
        "LANG": "C.UTF-8",
    }
    ours, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, WIDTH, 0, 0))
    with subprocess.Popen(  # noqa: S603  # this very program, with words from this file
        words, cwd=home, env=environment, stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs
    ) as process:
        os.close(theirs)
        raw = _all_of(ours)
        if process.wait(TIMEOUT_S) != 0:
            raise SystemExit(f"{COMMAND} ended with {process.returncode}:\n{raw.decode()}")
    text = raw.decode().replace("\r\n", "\n")
    return settled(text, home)


def settled(text: str, home: Path) -> str:
    """Return what stays on the screen: no line that was erased, nothing of this machine."""
    return _COMMIT.sub("", _ERASED.sub("", text).replace(str(home), "~"))


def _all_of(descriptor: int) -> bytes:
    parts = []
    with open(descriptor, "rb", buffering=0) as terminal:
        while True:
            try:
                part = terminal.read(1 << 16)
            except OSError:  # how Linux says that nobody writes to a terminal any more
                part = b""
            if not part:
                return b"".join(parts)
            parts.append(part)


def picture(text: str) -> str:
    """Return the drawing of what was printed, below the line that was typed."""
    typed = (("$ ", "bold green"), (COMMAND, "bold"), "\n")
    return drawn(Text.assemble(*typed, Text.from_ansi(text.rstrip("\n"))))


def drawn(text: Text) -> str:
    """Return the drawing of a terminal that shows this."""
    console = Console(
        record=True, width=WIDTH, file=io.StringIO(), force_terminal=True, color_system="truecolor"
    )
    console.print(text)
    # No font from elsewhere: the picture is complete in itself.
    form = _FONT.sub("", inspect.signature(Console.export_svg).parameters["code_format"].default)
    svg = console.export_svg(title="mammon", theme=SVG_EXPORT_THEME, code_format=form, unique_id="mammon")
    return "\n".join(line.rstrip() for line in svg.splitlines()) + "\n"


if __name__ == "__main__":
    PICTURE.write_text(picture(printed()), encoding="utf-8")
    sys.stdout.write(f"wrote {PICTURE.relative_to(ROOT)}\n")
