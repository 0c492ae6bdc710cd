"""The table of commands and of documents; a line here makes a command exist.

Nothing is imported from the targets: `mammon --help` is written from this table alone, and a
command's module is imported when it is called.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

GROUPS = ("See", "Decide", "Act", "Stop", "Prove", "Research")


class Entry(NamedTuple):
    """One command: where its function is (`module:function`), its group, its line in `--help`."""

    target: str
    group: str
    help: str


COMMANDS: dict[str, Entry] = {
    "config show": Entry(
        "mammon.cli.config_show:config_show", "See", "The settings in force and their sources"
    ),
    "detect-positions": Entry("mammon.cli.detect_positions:detect_positions", "See", "What an account holds"),
    "doctor": Entry("mammon.cli.doctor:doctor", "See", "Check this installation and say what to mend"),
    "explain": Entry("mammon.cli.explain:explain", "See", "Tell a decision in words"),
    "gates": Entry("mammon.cli.gates:gates", "Decide", "Judge the best move by every gate"),
    "init": Entry("mammon.cli.init:init", "See", "Write a commented mammon.toml"),
    "rebalance": Entry("mammon.cli.rebalance:rebalance", "Act", "Plan the best move; with --execute, do it"),
    "replay": Entry("mammon.cli.replay:replay", "Prove", "Recompute a decision from its document, offline"),
    "run": Entry("mammon.cli.run:run", "Act", "Loop: read, decide, with --execute act, record"),
    "scan": Entry("mammon.cli.scan:scan", "See", "Every venue at one block"),
    "schema": Entry("mammon.cli.schema:schema", "See", "The JSON Schema of a document"),
    "status": Entry("mammon.cli.status:status", "See", "What the state knows, without asking the chain"),
}

DOCUMENTS: dict[str, tuple[int, str]] = {
    "config": (1, "mammon.cli.config_show:ConfigData"),
    "cycle": (1, "mammon.cli.run:CycleData"),
    "doctor": (1, "mammon.cli.doctor:DoctorData"),
    "failure": (1, "mammon.cli.documents:FailureData"),
    "gates": (1, "mammon.core.decide:Decision"),
    "init": (1, "mammon.cli.init:InitData"),
    "plan": (1, "mammon.cli.rebalance:PlanData"),
    "positions": (1, "mammon.cli.detect_positions:PositionsData"),
    "scan": (1, "mammon.cli.scan:ScanData"),
    "status": (1, "mammon.cli.status:StatusData"),
}
"""Name -> version and the dataclass of its `data` (`module:Class`)."""

_HEAD = """\
Usage: mammon COMMAND [OPTIONS]

Keep idle stablecoins in the lending venues where they earn most after every cost and risk.
"""

_TAIL = """\
Options stand after the command. `mammon COMMAND --help` lists them; `mammon --version` prints the version.
The world is `--mode mock`, `paper` (default) or `live`; `--execute` does it in that world.
"""


def help_text(names: Iterable[str] | None = None) -> str:
    """Return what `mammon --help` prints: the commands (all, or those named) by group."""
    chosen = {name: COMMANDS[name] for name in (COMMANDS if names is None else names)}
    width = max(len(name) for name in chosen)
    parts = [_HEAD]
    for group in GROUPS:
        lines = [f"  {name:<{width}}  {entry.help}" for name, entry in chosen.items() if entry.group == group]
        if lines:
            parts.append(f"{group}:\n" + "\n".join(lines) + "\n")
    return "\n".join([*parts, _TAIL])


def under(prefix: str) -> list[str]:
    """Return the commands that begin with the word `prefix` (`config` -> `config show`)."""
    return [name for name in COMMANDS if name.startswith(prefix + " ")]


def command_at(words: list[str]) -> str | None:
    """Return the longest command that the words begin with."""
    for length in range(min(3, len(words)), 0, -1):
        name = " ".join(words[:length])
        if name in COMMANDS:
            return name
    return None
