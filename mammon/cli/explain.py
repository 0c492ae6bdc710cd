"""`mammon explain`: a decision in words: the last one, an earlier one, or one from a document."""

from __future__ import annotations

from typing import Annotated

import typer

from mammon.cli import worlds
from mammon.cli.archive import archive
from mammon.cli.invocation import Invocation
from mammon.cli.options import BASE, INPUT, WORLD, command
from mammon.core.decide import Decision
from mammon.errors import UsageError
from mammon.reporting.explanation import explanation


@command(BASE, WORLD, INPUT)
def explain(
    call: Invocation,
    which: Annotated[
        str | None, typer.Option("--decision", metavar="ID", help="Beginning of its id.")
    ] = None,
) -> None:
    """Tell why: every gate by how much, and every other venue, for a stored decision or one from -i."""
    if which is not None and call.source is not None:
        raise UsageError("usage", "--decision and -i name two decisions", "give one of them")
    decision = _given(call) or _stored(call, which)
    call.result("gates", decision, lambda: explanation(decision), block=decision.snapshot.block)


def _given(call: Invocation) -> Decision | None:
    identity = worlds.identity(call)
    call.enter(identity.chain_id, identity.account)
    document = call.document("gates")
    return document.data if document else None


def _stored(call: Invocation, which: str | None) -> Decision:
    with archive(call) as stored:
        return stored.decision(which)
