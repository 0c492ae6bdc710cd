"""What each registered command needs on its command line to get past it; a new one joins by itself."""

from __future__ import annotations

from mammon.cli import registry

NEEDED: dict[str, tuple[str, ...]] = {
    "explain": (),
    "init": ("--account", "0x0000000000000000000000000000000000000001", "--yes", "--force"),
    "replay": ("-i", "decision.json"),
    "run": ("--cycles", "1"),
    "schema": ("scan",),
}
NAMES = tuple(registry.COMMANDS)
ACTING = ("rebalance", "run")
"""Commands with `--execute`."""
WORLDLY = ("detect-positions", "gates", "rebalance", "run", "scan")
"""Commands that read a chain."""


def line(name: str) -> tuple[str, ...]:
    """Return the words of a command that does something; `decision.json` stands in the current folder."""
    return (*name.split(), *NEEDED.get(name, ()))
