"""A home in which something was decided, for tests that spoil its surroundings."""

from __future__ import annotations

import os
from pathlib import Path

from tests.flows.runner import Ended, Shell

CODES = {0, 2, 3, 4, 5}
"""How a command may end when nobody interrupts it and no deadline is set."""
MOCK = {"MAMMON_MODE": "mock", "MAMMON_SEED": "7"}


def prepared(folder: Path) -> Path:
    """Make a home in a folder, with a decision in it and as a file beside it; return the folder."""
    shell = Shell(folder / "home", **MOCK)
    (folder / "decision.json").write_text(shell("gates", "--json").out)
    return folder


def environment(folder: Path, **more: str) -> dict[str, str]:
    """Return the environment of a process in a prepared folder."""
    home = folder / "home"
    return {"PATH": os.environ["PATH"], "HOME": str(folder), "MAMMON_HOME": str(home), **MOCK, **more}


def sound(ended: Ended) -> bool:
    """Say whether a command ended as every command must."""
    return ended.code in CODES and "Traceback" not in ended.out + ended.err and "error: bug" not in ended.err
