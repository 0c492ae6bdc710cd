"""`mammon explain`: a decision in words: the last one, an earlier one, or one from a document."""

from __future__ import annotations

from typing import Annotated

import typer

from mammon.cli.archive import archive
from mammon.cli.invocation import Invocation
from mammon.cli.options import BASE, INPUT, WORLD, command
from mammon.reporting.sentences import explanation


@command(BASE, WORLD, INPUT)
def explain(
    call: Invocation,
    which: Annotated[
        str | None, typer.Option("--decision", metavar="ID", help="Beginning of its id.")
    ] = None,
) -> None:
    """Tell why: every gate by how much, and every other venue, for a stored decision or one from -i."""
    with archive(call) as stored:
        document = call.document("gates")
        decision = document.data if document else stored.decision(which)
        call.result("gates", decision, lambda: explanation(decision), block=decision.snapshot.block)
