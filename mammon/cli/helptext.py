"""Help texts kept ready: `mammon CMD --help` without importing the command or typer.

`help.txt` is generated from the commands themselves (`python -m mammon.cli.generated`), and a test
holds it equal to what they say; a command that is not in it answers for itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

FILE = Path(__file__).with_name("help.txt")

_MARK = "# mammon "


def ready(name: str) -> str | None:
    """Return the kept help of a command, None when it is not kept."""
    try:
        text = FILE.read_text("utf-8")
    except OSError:
        return None
    _, found, rest = ("\n" + text).partition(f"\n{_MARK}{name}\n")
    return rest.partition(f"\n{_MARK}")[0].rstrip("\n") + "\n" if found else None


def joined(texts: Iterable[tuple[str, str]]) -> str:
    """Return the file's content for (name, help) pairs."""
    return "\n".join(f"{_MARK}{name}\n{text}" for name, text in texts)
