"""The options every command shares, declared once, and the decorator that gives them to a command.

`@command(BASE, WORLD)` turns `def scan(call: Invocation, ...)` into a command whose line takes the
options of those sets beside its own. No option has a default here: what is not typed comes from the
one resolver.
"""

from __future__ import annotations

import functools
import inspect
import types
import typing
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Literal, NamedTuple

import typer


class Shared(NamedTuple):
    """One shared option: its declaration, its value when it is not typed, the setting it sets."""

    annotation: Any
    absent: Any = None
    setting: str = ""


def _text(*names: str, metavar: str, help: str, setting: str = "") -> Shared:
    return Shared(Annotated[str | None, typer.Option(*names, metavar=metavar, help=help)], None, setting)


def _flag(*names: str, help: str) -> Shared:
    return Shared(Annotated[bool, typer.Option(*names, help=help)], False)


def _choice(hint: Any, *names: str, help: str, setting: str) -> Shared:
    return Shared(Annotated[hint | None, typer.Option(*names, help=help)], None, setting)


_VERBOSE = typer.Option(
    "-v", "--verbose", count=True, show_default=False, help="Say more; -vv: libraries too."
)
_RPC_URL = typer.Option("--rpc-url", metavar="URL", help="Endpoint; may be repeated.")

OPTIONS: dict[str, Shared] = {
    "config": _text("--config", metavar="FILE", help="Configuration file."),
    "home": _text("--home", metavar="DIR", help="Where state and logs are kept.", setting="home"),
    "json": _flag("--json", help="Print one JSON document."),
    "quiet": _flag("-q", "--quiet", help="Silent unless something was done or needs you."),
    "verbose": Shared(Annotated[int, _VERBOSE], 0),
    "log_format": _choice(Literal["text", "json"], "--log-format", help="Log lines.", setting="log.format"),
    "log_file": _text("--log-file", metavar="FILE", help="Write logs to a file.", setting="log.file"),
    "mode": _choice(
        Literal["mock", "paper", "live"], "--mode", "--exec-mode", help="The world.", setting="mode"
    ),
    "account": _text("--account", metavar="ADDRESS", help="Whom to watch or act for.", setting="account"),
    "chain": _text("--chain", metavar="NAME", help="The chain.", setting="chain"),
    "rpc_url": Shared(Annotated[list[str] | None, _RPC_URL], None, "rpc.urls"),
    "seed": _text("--seed", metavar="N", help="Seed of the simulated world.", setting="seed"),
    "capital": _text("--capital", metavar="USDC", help="Of a new paper book.", setting="capital_usdc"),
    "deadline": _text("--deadline", "--max-runtime", metavar="TIME", help='Give up after, e.g. "90s".'),
    "input": _text("-i", "--input", metavar="FILE|-", help="Read a document."),
    "execute": _flag("--execute", help="Do it, in this world."),
    "password_fd": _text(
        "--password-fd", metavar="N", help="Read the key file's password from this descriptor."
    ),
    "yes": _flag("--yes", help="Consent beforehand; never ask."),
    "interval": _text("--interval", metavar="TIME", help='Start to start, "5m".', setting="run.interval"),
    "duration": _text("--duration", metavar="TIME", help='Stop after, "24h".', setting="run.duration"),
    "cycles": _text("--cycles", metavar="N", help="Stop after so many cycles.", setting="run.cycles"),
}

OUTPUT = ("home", "json", "quiet", "verbose", "log_format", "log_file")
"""Commands that read no configuration file."""
BASE = ("config", *OUTPUT)
"""Every other command."""
WORLD = ("mode", "account", "chain", "rpc_url", "seed", "capital", "deadline")
"""Commands that read a chain or a book."""
INPUT = ("input",)
ACT = ("execute", "yes", "password_fd")
CONSENT = ("yes",)
LOOP = ("interval", "duration", "cycles")

Run = Callable[..., None]


def command(*sets: Sequence[str], configured: bool = True) -> Callable[[Run], Run]:
    """Give a function `(call: Invocation, ...)` the shared options named; its docstring is the help.

    What is typed for a shared option is in `call` (`call.settings`, `call.execute`, …), not in a
    parameter. With `configured=False` no configuration file is read.
    """
    names = tuple(dict.fromkeys(name for options in sets for name in options))

    def decorate(function: Run) -> Run:
        def run(context: typer.Context, **typed: Any) -> None:
            from mammon.cli.invocation import begin

            shared = {name: typed.pop(name) for name in names}
            flags = {OPTIONS[name].setting: value for name, value in shared.items() if OPTIONS[name].setting}
            function(begin(context.obj, flags, shared, configured), **typed)

        context = inspect.Parameter("context", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context)
        own = _own_parameters(function)
        given = [_parameter(name, OPTIONS[name].annotation, OPTIONS[name].absent) for name in names]
        parameters = [context, *own, *given]
        functools.update_wrapper(run, function)
        # typer reads signature and annotations; through `__wrapped__` it would find the inner ones.
        vars(run).pop("__wrapped__")
        vars(run)["__signature__"] = inspect.Signature(parameters)
        run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        return run

    return decorate


def _own_parameters(function: Run) -> list[inspect.Parameter]:
    call, *own = inspect.signature(function).parameters.values()
    if call.annotation != "Invocation":
        raise TypeError(f"{function.__name__}: the first parameter is `call: Invocation`")
    # The first annotation stays unread: commands may import `Invocation` for type checkers only.
    written = types.SimpleNamespace(
        __annotations__={parameter.name: parameter.annotation for parameter in own}
    )
    hints = typing.get_type_hints(written, function.__globals__, include_extras=True)
    return [_parameter(parameter.name, hints[parameter.name], parameter.default) for parameter in own]


def _parameter(name: str, annotation: Any, default: Any) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
