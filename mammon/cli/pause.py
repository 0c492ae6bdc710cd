"""`mammon pause`: no deposit and no move in this world; ways home stay open."""

from __future__ import annotations

from typing import Annotated

import typer

from mammon.cli.invocation import Invocation
from mammon.cli.options import BASE, WORLD, command
from mammon.cli.stopping import stop


@command(BASE, WORLD)
def pause(
    call: Invocation,
    reason: Annotated[str | None, typer.Option("--reason", metavar="TEXT", help="Why; kept.")] = None,
) -> None:
    """Stop deposits and moves in this world until `mammon resume`. Ways home stay open.

    Acts by a file at once, also beside a running `run`.
    """
    stop(call, "pause", reason)
