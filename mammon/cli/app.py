"""The typer application: commands found in the registry, their modules imported when called."""

from __future__ import annotations

import importlib
from typing import Any

import typer
import typer.main
from typer.core import TyperGroup

from mammon.cli import registry
from mammon.cli.process import Process
from mammon.cli.sparing import Command, spared
from mammon.errors import UsageError

_INTERRUPTED = 130
_HELP = {"help_option_names": ["-h", "--help"]}


def dispatch(process: Process) -> int:
    """Run the command line in `process.words` and return the code a command ended with."""
    code = group().main(process.words, prog_name="mammon", standalone_mode=False, obj=process)
    if code == _INTERRUPTED:
        raise KeyboardInterrupt  # typer made it a number, and a person is told nothing by that
    return code if isinstance(code, int) else 0


def group() -> TyperGroup:
    """Return the root of the command tree."""
    return Root(
        name="mammon",
        rich_markup_mode=None,
        suggest_commands=False,
        add_help_option=True,
        context_settings=_HELP,
    )


class Root(TyperGroup):
    """The flat list of commands; `config show` is one command whose name has two words."""

    def list_commands(self, _ctx: Any) -> list[str]:
        """Return every name, without importing a command."""
        return list(registry.COMMANDS)

    def get_command(self, _ctx: Any, cmd_name: str) -> Any:
        """Import and build one command."""
        return built(cmd_name) if cmd_name in registry.COMMANDS else None

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """Find the command that the words begin with; its name may have several words."""
        name = registry.command_at(args)
        if name is None:
            raise _unknown(args)
        process: Process = ctx.obj
        process.command = name
        return name, self.get_command(ctx, name), args[len(name.split()) :]

    def get_params(self, ctx: Any) -> list[Any]:
        """Return the root's own options."""
        return spared(super().get_params(ctx))

    def format_help(self, _ctx: Any, formatter: Any) -> None:
        """Write the registry's own text: one help, with or without typer."""
        formatter.write(registry.help_text())

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Refuse options that stand before the command with what to write instead."""
        if args and args[0].startswith("-") and args[0] not in ("-h", "--help", "--"):
            raise UsageError(
                "usage",
                f"{args[0]} stands before the command",
                "options come after it: mammon COMMAND OPTIONS",
            )
        return super().parse_args(ctx, args)


def built(name: str) -> Any:
    """Return the typer command of a registered name."""
    module, _, attribute = registry.COMMANDS[name].target.partition(":")
    function = getattr(importlib.import_module(module), attribute)
    app = typer.Typer(
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        pretty_exceptions_show_locals=False,
    )
    app.command(name, cls=Command, context_settings=_HELP)(function)
    return typer.main.get_command(app)


def _unknown(args: list[str]) -> UsageError:
    import difflib  # for a mistake only

    below = registry.under(args[0])
    if below:
        return UsageError("usage", f"{args[0]!r} needs one more word", "one of: " + ", ".join(below))
    match = difflib.get_close_matches(args[0], registry.COMMANDS, n=1)
    hint = f"did you mean `mammon {match[0]}`?" if match else "`mammon --help` lists the commands"
    return UsageError("usage", f"no such command: {args[0]!r}", hint)
