"""Build: which mammon this is, so that no report leaves open which copy ran."""

from __future__ import annotations

import functools
from pathlib import Path

import mammon


@functools.cache
def build() -> str:
    """Return the version, with the commit when it runs from a checkout: `0.1.0+g1a2b3c4`."""
    commit = commit_of(Path(mammon.__file__).parent.parent)
    return f"{mammon.__version__}+g{commit[:7]}" if commit else mammon.__version__


def commit_of(root: Path) -> str | None:
    """Return the commit checked out at `root`, read from its files, or None where there is none."""
    git = root / ".git"
    try:
        head = (git / "HEAD").read_text("ascii").strip()
        if not head.startswith("ref: "):
            return head or None
        reference = head.removeprefix("ref: ")
        loose = git / reference
        if loose.is_file():
            return loose.read_text("ascii").strip()
        for line in (git / "packed-refs").read_text("ascii").splitlines():
            commit, _, name = line.partition(" ")
            if name == reference:
                return commit
    except (OSError, UnicodeDecodeError):
        return None
    return None
