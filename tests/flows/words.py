"""What each registered command needs on its command line to get past it; a new one joins by itself."""

from __future__ import annotations

from mammon.cli import registry

NEEDED: dict[str, tuple[str, ...]] = {
    "adopt-nonce": ("--yes", "--reason", "looked at"),
    "explain": (),
    "init": ("--account", "0x0000000000000000000000000000000000000001", "--yes", "--force"),
    "phase acknowledge": ("--mode", "live", "--account", "0x0000000000000000000000000000000000000001"),
    "replay": ("-i", "decision.json"),
    "run": ("--cycles", "1"),
    "schema": ("scan",),
    "state correct": ("--mark", "--yes", "--reason", "looked at"),
    "state restore": ("--yes",),
}
NAMES = tuple(registry.COMMANDS)
ACTING = ("rebalance", "run")
"""Commands with `--execute`."""
STOPPING = ("halt", "pause", "reduce")
"""Commands that always do something."""
WORLDLY = ("detect-positions", "gates", "rebalance", "run", "scan")
"""Commands that read a chain."""
KEYS = ("keys address", "keys import", "keys new")
"""Commands about a signer: without one, and without a secret to read, a person is needed."""


def line(name: str) -> tuple[str, ...]:
    """Return the words of a command that does something; `decision.json` stands in the current folder."""
    return (*name.split(), *NEEDED.get(name, ()))
