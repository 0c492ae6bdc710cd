"""`mammon exit-all`: bring everything home: withdraw all of it from every venue, whatever it earns there."""

from __future__ import annotations

from typing import Annotated

import typer

from mammon.cli import streams
from mammon.cli.homecoming import brought, looked, require_exit, tell
from mammon.cli.invocation import Invocation
from mammon.cli.options import ACT, BASE, WORLD, command
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
) -> None:
    """Bring everything home: withdraw all of it from every venue. Needs no price, phase or acknowledgement.

    What one venue does not give keeps no other from giving: exit 4 says that something is left, and
    running again goes on from there. Every stop but the kill switch lets a person do this.
    """
    if dry_run and call.execute:
        raise UsageError("usage", "--dry-run and --execute contradict each other", "give one of them")
    if override_stop is not None:
        require_person(call, override_stop)
    if call.execute:
        require_exit(call, override_stop is not None)
        confirmed(call, override_stop)
        found = brought(call, override_stop)
    else:
        found = looked(call)
    tell(call, found)


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
