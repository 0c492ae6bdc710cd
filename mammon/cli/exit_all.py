"""`mammon exit-all`: bring everything home: withdraw all of it from every venue, whatever it earns there."""

from __future__ import annotations

from typing import Annotated

import typer

from mammon.chain.evidence import Pin
from mammon.cli import changed_code, outfile, streams
from mammon.cli.homecoming import brought, looked, require_exit, tell
from mammon.cli.invocation import Invocation
from mammon.cli.options import ACT, BASE, WORLD, command
from mammon.cli.plans import Form
from mammon.cli.sealing import validity_s
from mammon.errors import PersonNeededError, UsageError


@command(BASE, WORLD, ACT)
def exit_all(
    call: Invocation,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would come home, and rehearse it (the default).")
    ] = False,
    override_stop: Annotated[
        str | None,
        typer.Option("--override-stop", metavar="REASON", help="Also with the kill switch; at a terminal."),
    ] = None,
    accept_changed_code: Annotated[
        str | None,
        typer.Option("--accept-changed-code", metavar="SLUG", help="Home from changed code; at a terminal."),
    ] = None,
    emit: Annotated[Form | None, typer.Option("--emit", help="Print the calls for others to sign.")] = None,
    valid_for: Annotated[
        str | None, typer.Option("--valid-for", metavar="TIME", help='Of the batch, "10m".')
    ] = None,
    out: Annotated[
        str | None, typer.Option("--out", metavar="FILE", help="Write the batch to a file.")
    ] = None,
) -> None:
    """Bring everything home: withdraw all of it from every venue. Needs no price, phase or acknowledgement.

    What one venue does not give keeps no other from giving: exit 4 says that something is left, and
    running again goes on from there. Every stop but the kill switch lets a person do this.
    """
    _require_one(call, dry_run, emit, valid_for, out)
    if override_stop is not None:
        require_person(call, override_stop)
    if accept_changed_code is not None:
        changed_code.require_person(call)
    if emit is not None:
        from mammon.cli import exit_emit  # who only looks has no need of batches

        target = None if out is None else outfile.named(call.process.directory, out, "--out")
        wish = exit_emit.EmitWish(emit, validity_s(valid_for), target)
        code = exit_emit.emit(call, wish, override_stop)
        if code:
            raise typer.Exit(code)
        return
    if call.execute:
        require_exit(call, override_stop is not None)
        confirmed(call, override_stop)
        code_taken: tuple[Pin, ...] = ()
        if accept_changed_code is not None:
            code_taken = changed_code.accepted(call, accept_changed_code)
        found = brought(call, override_stop, code_taken)
    else:
        found = looked(call)
    tell(call, found)


def _require_one(
    call: Invocation, dry_run: bool, emit: Form | None, valid_for: str | None, out: str | None
) -> None:
    asked = [("--dry-run", dry_run), ("--execute", call.execute), ("--emit", emit is not None)]
    given = [name for name, wanted in asked if wanted]
    if len(given) > 1:
        raise UsageError("usage", f"{given[0]} and {given[1]} contradict each other", "give one of them")
    if emit is None and (valid_for, out) != (None, None):
        name = "--out" if valid_for is None else "--valid-for"
        raise UsageError("usage", f"{name} is about a batch", "give --emit too")


def require_person(call: Invocation, reason: str) -> None:
    """Raise unless a person is at a terminal and gives a reason."""
    stdin = call.process.stdin
    if not reason.strip():
        raise UsageError("reason", "--override-stop needs a reason", "write why, in words")
    if stdin is None or not streams.is_terminal(stdin):
        raise PersonNeededError(
            "no_terminal",
            "the kill switch is overridden by a person at a terminal, and by nobody else",
            "give the command at a terminal",
        )


def confirmed(call: Invocation, override: str | None) -> None:
    """Ask for consent; when the kill switch is overridden, also where --yes was given."""
    world = call.settings.mode
    if override is None:
        call.confirm(f"Withdraw everything from every venue in the {world} world?")
        return
    question = "The kill switch is overridden. Withdraw everything from every venue? [y/N]"
    if call.ask(question, flag="y at a terminal").strip().lower() not in ("y", "yes"):
        raise PersonNeededError("declined", "not confirmed, nothing was done", "answer y")
