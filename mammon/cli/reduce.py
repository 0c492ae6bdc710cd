"""`mammon reduce`: no deposit and no move in this world; ways home are sought."""

from __future__ import annotations

from typing import Annotated

import typer

from mammon.cli import stopping
from mammon.cli.invocation import Invocation
from mammon.cli.options import ACT, BASE, WORLD, command
from mammon.errors import PersonNeededError


@command(BASE, WORLD, ACT)
def reduce(
    call: Invocation,
    reason: Annotated[str | None, typer.Option("--reason", metavar="TEXT", help="Why; kept.")] = None,
    exit_all: Annotated[
        bool, typer.Option("--exit-all", help="With --execute: bring everything home, then halt.")
    ] = False,
) -> None:
    """Stop deposits and moves in this world until `mammon resume`, and let money only come home.

    Acts by a file at once, also beside a running `run`. `--exit-all --execute` goes on as `mammon exit-all`
    does, and halts when all is home; while something is left `reduce` stays in force, exit 4.
    """
    if exit_all:
        _home(call, reason or "")
    else:
        stopping.stop(call, "reduce", reason)


def _home(call: Invocation, reason: str) -> None:
    """Stop first, then bring everything home, then halt."""
    from mammon.cli import homecoming  # who only stops needs none of it

    folder = stopping.world(call)
    stopping.put(call, folder, "reduce", reason)
    if not call.execute:
        raise PersonNeededError(
            "not_executed",
            "reduce is in force; nothing was brought home",
            "give --execute with --exit-all; `mammon exit-all --dry-run` says what would come home",
        )
    homecoming.require_exit(call, False)
    call.confirm(f"Withdraw everything from every venue in the {call.settings.mode} world, then halt?")
    found = homecoming.brought(call)
    if found.data.home:
        stopping.put(call, folder, "halt", reason or "reduce --exit-all: everything is home")
        found = homecoming.stopped_since(call, found)
    homecoming.tell(call, found)
