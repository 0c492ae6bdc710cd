"""`mammon halt`: nothing new in this world but what a person commands."""

from __future__ import annotations

from typing import Annotated

import typer

from mammon.cli.invocation import Invocation
from mammon.cli.options import BASE, WORLD, command
from mammon.cli.stopping import stop


@command(BASE, WORLD)
def halt(
    call: Invocation,
    reason: Annotated[str | None, typer.Option("--reason", metavar="TEXT", help="Why; kept.")] = None,
) -> None:
    """Stop everything in this world but what a person commands, until `mammon resume`.

    What is on the wire is followed to its end. Acts by a file at once, also beside a running `run`.
    """
    stop(call, "halt", reason)
