"""The model of the command line, for what is generated from it: commands, their options, their help."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import typer

from mammon.cli import registry
from mammon.cli.app import built

_WIDTH = 80
_FILES = ("FILE", "FILE|-", "DIR", "PATH")


@dataclass(frozen=True, slots=True)
class OptionModel:
    """One option: its names, what it takes, its help."""

    names: tuple[str, ...]
    takes: str | None
    """None for a flag, `file` for a path, else the placeholder of its value."""
    choices: tuple[str, ...]
    help: str
    repeats: bool


@dataclass(frozen=True, slots=True)
class CommandModel:
    """One command: its words, its line in the list, its options, its whole help."""

    name: str
    summary: str
    options: tuple[OptionModel, ...]
    help: str


def commands() -> tuple[CommandModel, ...]:
    """Return every registered command. Imports all of them."""
    return tuple(_command(name) for name in registry.COMMANDS)


def _command(name: str) -> CommandModel:
    command = built(name)
    context = typer.Context(
        command,
        info_name=f"mammon {name}",
        terminal_width=_WIDTH,
        max_content_width=_WIDTH,
        **command.context_settings,
    )
    given = [each for each in command.get_params(context) if each.param_type_name == "option"]
    options = tuple(_option(each) for each in given if not each.hidden)
    return CommandModel(name, registry.COMMANDS[name].help, options, command.get_help(context) + "\n")


def _option(option: Any) -> OptionModel:
    choices = tuple(str(choice) for choice in option.type_descriptor.choices or ())
    takes = None if option.is_flag or option.count else (option.metavar or "VALUE")
    names = (*option.opts, *option.secondary_opts)
    return OptionModel(
        tuple(sorted(names, key=lambda name: name.startswith("--"))),  # typer keeps those of help in a set
        "file" if takes in _FILES else takes,
        choices,
        (option.help or "").partition("\n")[0],
        bool(option.multiple),
    )
