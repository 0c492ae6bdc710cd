"""Generated files: completions and kept help. `python -m mammon.cli.generated` writes them anew."""

from __future__ import annotations

import sys
from pathlib import Path

from mammon.cli import helptext
from mammon.cli.completions import scripts
from mammon.cli.model import commands


def files(root: Path) -> dict[Path, str]:
    """Return the content of every generated file; `root` is the folder that holds `completions/`."""
    found = commands()
    written = {root / "completions" / name: text for name, text in scripts(found).items()}
    written[helptext.FILE] = helptext.joined((command.name, command.help) for command in found)
    return written


def main() -> None:
    """Write every generated file, and name each."""
    for path, text in files(Path(__file__).resolve().parents[2]).items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, "utf-8")
        sys.stdout.write(f"{path}\n")


if __name__ == "__main__":
    main()
