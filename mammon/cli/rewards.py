"""`mammon rewards list`: what is owed beside interest, what it is worth, and what programmes pay."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated

import typer

from mammon.cli.documents import Amount, ErrorNote, amount
from mammon.cli.invocation import Invocation
from mammon.cli.options import BASE, WORLD, command
from mammon.cli.payday import Owing, Payday, payday
from mammon.cli.readings import require_some
from mammon.cli.wiring import opened
from mammon.core.numbers import Rate, Usd
from mammon.core.rewards import RewardRate
from mammon.core.types import Unread
from mammon.reporting.numbers import DASH, percent, token, usd
from mammon.reporting.tables import Table, table


@dataclass(frozen=True, slots=True)
class RewardNote:
    """One payer: what it owes, and what there is of its token in the wallet."""

    payer: str
    symbol: str
    owed: Amount | None
    """None where it was not read."""
    worth: Usd | None
    """After the haircut; None where no fresh price says so."""
    held: Amount | None
    problem: str
    """Why something of it is not known: a stable code; empty when all is."""


@dataclass(frozen=True, slots=True)
class ProgrammeNote:
    """What is paid on one market beside its interest, by one programme in force."""

    slug: str
    source: str
    symbol: str
    apr: Rate | None
    """Simple, before the haircut."""
    problem: str


@dataclass(frozen=True, slots=True)
class RewardsData:
    """Rewards of an account and of its markets. None of it counts in a decision before it is claimed."""

    rewards: tuple[RewardNote, ...]
    programmes: tuple[ProgrammeNote, ...]
    worth: Usd
    """Of all that is owed and has a price."""


@command(BASE, WORLD)
def rewards_list(
    call: Invocation,
    strict: Annotated[bool, typer.Option("--strict", help="Exit 4 when anything is unread.")] = False,
) -> None:
    """List what is owed to the account beside interest, what it is worth, and what programmes pay.

    Worth is at the price of a fresh feed, less `policy.reward_haircut`. Nothing of it counts in a decision.
    """
    with opened(call, holdings=True, on_chain=True) as place:
        found = payday(place, place.rewards(), call.settings.policy)
        require_some(found.seen)
        data = noted(found)
        errors = tuple(unread_notes(found))
        call.result(
            "rewards", data, lambda: shown(data, found.others), block=found.seen.snapshot.block, errors=errors
        )
        if strict and errors:
            raise typer.Exit(4)


def noted(found: Payday) -> RewardsData:
    """Return a reading in its document form."""
    known = [one.worth for one in found.owing if not isinstance(one.worth, Unread)]
    programmes = tuple(note for slug, rate in found.rates for note in _programmes(slug, rate))
    return RewardsData(tuple(map(_note, found.owing)), programmes, Usd(sum(known, Decimal(0))))


def unread_notes(found: Payday) -> Iterator[ErrorNote]:
    """Yield what was not read, Merkl's silence once."""
    silent = {one.subject for one in found.unread}
    for one in found.unread:
        yield ErrorNote(one.code, f"{one.subject}: {one.reason}", "try again")
    for owing in found.owing:
        quiet = owing.payer.protocol in silent
        if isinstance(owing.owed, Unread) and not quiet:
            yield ErrorNote(owing.owed.code, f"{owing.payer.slug}: {owing.owed.reason}", "try again")


def shown(data: RewardsData, others: tuple[str, ...] = ()) -> Iterator[Table | str]:
    """Yield what a person sees."""
    if data.rewards:
        heads = ("from", "token", "owed", "worth", "in the wallet", "what else")
        yield table(heads, [_row(note) for note in data.rewards], title="Rewards that can be claimed")
        yield f"worth {usd(data.worth)} after the haircut; it counts in no decision before it is claimed"
    else:
        yield "nobody on this chain pays rewards that can be claimed"
    if others:
        yield f"Merkl grants tokens that are not listed here, too: {', '.join(others)}"
    if data.programmes:
        rows = [
            (one.slug, one.symbol, percent(one.apr), one.source, one.problem or DASH)
            for one in data.programmes
        ]
        yield table(
            ("where", "token", "rate", "told by", "what else"),
            rows,
            title="What is paid beside interest",
            note="simple yearly rates at today's prices, before the haircut",
        )


def _row(note: RewardNote) -> tuple[str, ...]:
    owed, held = (DASH if one is None else token(one.raw, one.decimals) for one in (note.owed, note.held))
    return (note.payer, note.symbol, owed, usd(note.worth), held, note.problem or DASH)


def _note(owing: Owing) -> RewardNote:
    unit, owed, worth = owing.payer.token, owing.owed, owing.worth
    problem = next((one.code for one in (owed, worth, owing.held) if isinstance(one, Unread)), "")
    return RewardNote(
        owing.payer.slug,
        unit.symbol,
        None if isinstance(owed, Unread) else amount(owed.amount, unit.decimals),
        None if isinstance(worth, Unread) else worth,
        None if isinstance(owing.held, Unread) else amount(owing.held, unit.decimals),
        problem,
    )


def _programmes(slug: str, rate: RewardRate) -> Iterator[ProgrammeNote]:
    for part in rate.parts:
        yield ProgrammeNote(slug, part.source, part.symbol, part.apr, part.problem)
