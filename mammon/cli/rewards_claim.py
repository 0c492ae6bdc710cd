"""`mammon rewards claim`: each payer a plan of its own, judged, rehearsed, and with --execute carried out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

import typer

from mammon.cli import claiming, worlds
from mammon.cli.claiming import ClaimNote
from mammon.cli.documents import ErrorNote
from mammon.cli.invocation import Invocation
from mammon.cli.options import ACT, BASE, WORLD, command
from mammon.cli.wiring import opened
from mammon.engine.cycle import recover
from mammon.errors import UsageError
from mammon.ops.stops import require_allowed
from mammon.reporting.numbers import DASH, counted, token, usd
from mammon.reporting.tables import Table, table


@dataclass(frozen=True, slots=True)
class ClaimsData:
    """Claims that were looked at, and what came of them."""

    executed: bool
    claims: tuple[ClaimNote, ...]


@command(BASE, WORLD, ACT)
def rewards_claim(
    call: Invocation,
    payer: Annotated[
        str | None, typer.Argument(help="Of `rewards list`; default: each that is worth it.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Rehearse and judge, without a key (the default).")
    ] = False,
    any_worth: Annotated[
        bool, typer.Option("--any-worth", help="Also what is not known to be worth its cost.")
    ] = False,
) -> None:
    """Claim rewards: what payers owe comes to the wallet, and stays there as it is. Nothing is sold.

    Each claim is a transaction of its own. It is rehearsed, must be worth `policy.min_claim_multiple` times
    its cost after the haircut, and counts like any other. A claim is no way home: every stop forbids it.
    """
    if dry_run and call.execute:
        raise UsageError("usage", "--dry-run and --execute contradict each other", "give one of them")
    if any_worth and payer is None:
        raise UsageError("usage", "--any-worth is about one payer", "name it, as `mammon rewards list` does")
    if call.execute:
        if worlds.on_paper(call):
            raise UsageError(
                "cannot_execute", "a paper book is owed no rewards", "use --mode live, or --mode mock"
            )
        require_allowed(call.settings.home, worlds.directory(call, worlds.identity(call)), "move")
        call.confirm(f"Claim {payer or 'rewards'} in the {call.settings.mode} world?")
    with opened(call, holdings=True, on_chain=True, acting=call.execute) as place:
        if call.execute:
            recover(place.world)
        found = claiming.claims(call, place, payer, any_worth)
    data = ClaimsData(call.execute, found.notes)
    call.result(
        "claims",
        data,
        lambda: shown(data),
        block=found.block,
        errors=(*found.unread, *errors(data)),
        acted=any(note.transactions for note in data.claims),
    )
    if found.exit_code:
        raise typer.Exit(found.exit_code)


def errors(data: ClaimsData) -> Iterator[ErrorNote]:
    """Yield why something that is owed was not claimed, or would not be."""
    for note in data.claims:
        if note.code and note.code not in claiming.QUIET:
            yield ErrorNote(note.code, f"{note.payer}: {note.reason}", note.hint)


def shown(data: ClaimsData) -> Iterator[Table | str]:
    """Yield what a person sees."""
    if not data.claims:
        yield "nobody owes anything"
        return
    heads = (
        "from",
        "token",
        "owed",
        "worth",
        "cost",
        "claimed" if data.executed else "would claim",
        "why not",
    )
    yield table(heads, [_row(note, data.executed) for note in data.claims])
    done = sum(1 for note in data.claims if note.claimed is not None)
    ready = sum(1 for note in data.claims if note.ready)
    if data.executed:
        yield f"{counted(done, 'claim')} made; what came stays in the wallet as it is"
    elif ready:
        yield f"nothing was done; `--execute` makes {counted(ready, 'claim')}"


def _row(note: ClaimNote, executed: bool) -> tuple[str, ...]:
    owed = DASH if note.owed is None else token(note.owed.raw, note.owed.decimals)
    came = note.claimed if executed else note.owed if note.ready else None
    shown = DASH if came is None else token(came.raw, came.decimals)
    return (note.payer, note.symbol, owed, usd(note.worth), usd(note.cost), shown, note.reason or DASH)
