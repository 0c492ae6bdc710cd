"""The kill switch: a file by which anybody with a shell stops every world at once.

It stands at the top of `$MAMMON_HOME`. What is there does not matter (a file, a folder, a link to
nothing), and when nobody can say whether something is there, it counts as there.
"""

from __future__ import annotations

import os
from pathlib import Path

from mammon.errors import PersonNeededError

NAME = ".kill_switch"
STOP = "kill_switch"
"""How the stop is called in `Portfolio.stops`."""


def stops(home: Path) -> tuple[str, ...]:
    """Return the names of the stops in force."""
    return (STOP,) if why_stopped(home) else ()


def why_stopped(home: Path) -> str:
    """Return why everything is stopped, empty when it is not."""
    switch = home / NAME
    try:
        os.lstat(switch)
    except FileNotFoundError:
        return ""
    except OSError as error:
        return f"nobody can say whether {switch} exists: {os.strerror(error.errno or 0)}"
    return f"{switch} exists"


def require_running(home: Path) -> None:
    """Raise `PersonNeededError` when everything is stopped; asked again immediately before each act."""
    why = why_stopped(home)
    if why:
        raise PersonNeededError(STOP, why, f"when it is safe to go on: rm -r {home / NAME}")
