"""`mammon init`: write a commented mammon.toml from the model of the settings."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeVar

import typer

from mammon.cli import outfile
from mammon.cli.invocation import Invocation
from mammon.cli.options import OUTPUT, command
from mammon.config import template
from mammon.config.files import NAME, read
from mammon.config.keys import keys
from mammon.config.template import Style
from mammon.config.values import BadValueError, value
from mammon.errors import UsageError

T = TypeVar("T")

_TRIES = 3

Place = Literal["machine", "server"]

_PLACES: dict[Place, dict[str, str]] = {
    "machine": {},
    "server": {"home": "/var/lib/mammon", "log.format": "json"},
}
"""What the place changes: on a server state stands where services keep it, and machines read the logs."""


@dataclass(frozen=True, slots=True)
class InitData:
    """The file that was written."""

    path: str
    lines: int


@command(OUTPUT, ("mode", "account", "yes"), configured=False)
def init(
    call: Invocation,
    path: Annotated[str, typer.Argument(help="The file to write.")] = NAME,
    keep_liquid: Annotated[
        str | None, typer.Option("--keep-liquid", metavar="USDC", help="Never deposited.")
    ] = None,
    style: Annotated[Style | None, typer.Option("--style", help="How bold.")] = None,
    place: Annotated[Place | None, typer.Option("--place", help="Where it will run.")] = None,
    full: Annotated[bool, typer.Option("--full", help="Write every setting.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
) -> None:
    """Write a commented mammon.toml.

    Asks four questions on a terminal; with --yes it asks none and takes the flags.
    """
    if not path.isprintable():
        raise UsageError("bad_value", f"{path[:60]!r} is no name for a file", "write plain text")
    target = call.process.directory / path
    if os.path.lexists(target) and not force:
        raise UsageError(
            "exists", f"{target} is there already", "give another name, or --force to replace it"
        )
    values = _answers(call, keep_liquid, style, place)
    text = template.full(values) if full else template.brief(values)
    outfile.write(target, text, "config")
    read(target)  # what was written can be read, or this ends as a bug here and now
    data = InitData(str(target), text.count("\n"))
    call.result(
        "init", data, lambda: [f"wrote {target}, {data.lines} lines; next: mammon doctor"], acted=True
    )


def _answers(
    call: Invocation, liquid: str | None, style: Style | None, place: Place | None
) -> dict[str, Any]:
    account = call.settings.account or _asked(
        call, "Account to watch (0x..., empty: none)?", _reader("account")
    )
    kept = _flag("policy.keep_liquid_usdc", "--keep-liquid", liquid)
    if kept is None:
        kept = _asked(call, "USDC to keep liquid (empty: 0)?", _reader("policy.keep_liquid_usdc"))
    style = (
        style or _asked(call, "careful, balanced or bold (empty: balanced)?", _one_of(Style)) or "balanced"
    )
    place = place or _asked(call, "This machine or a server (empty: machine)?", _one_of(Place)) or "machine"
    texts = {**template.STYLES[style], **_PLACES[place]}
    chosen = {name: _reader(name)(text) for name, text in texts.items()}
    given = {
        "mode": call.settings.mode,
        "account": account,
        "policy.keep_liquid_usdc": kept,
    }
    return {**chosen, **{name: answer for name, answer in given.items() if answer is not None}}


def _asked(call: Invocation, question: str, read_answer: Callable[[str], T]) -> T | None:
    """Ask until the answer can be read; None when it is empty, or when --yes asks for no questions."""
    for _ in range(0 if call.yes else _TRIES):
        text = call.ask(question, flag="--yes, and the answers as flags").strip()
        if not text:
            return None
        try:
            return read_answer(text)
        except BadValueError as error:
            call.output.note(f"{error}; {error.hint}" if error.hint else str(error))
    if call.yes:
        return None
    raise UsageError("no_answer", f"{question} not answered in {_TRIES} tries", "see `mammon init --help`")


def _reader(name: str) -> Callable[[str], Any]:
    return lambda text: value(keys()[name].hint, text, textual=True)


def _one_of(choices: Any) -> Callable[[str], Any]:
    return lambda text: value(choices, text, textual=True)


def _flag(name: str, flag: str, text: str | None) -> Any:
    if text is None:
        return None
    try:
        return _reader(name)(text)
    except BadValueError as error:
        raise UsageError("bad_value", f"{flag}: {error}", error.hint) from error
