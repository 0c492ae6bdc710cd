"""`mammon rewards list`: what is owed beside interest, what it is worth, and what programmes pay."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated

import typer

from mammon.cli.invocation import Invocation
from mammon.cli.options import BASE, WORLD, command
from mammon.cli.payday import Payday, payday
from mammon.cli.readings import require_some
from mammon.cli.reward_notes import RewardNote, noted, unread_notes
from mammon.cli.wiring import opened
from mammon.core.numbers import Rate, Usd
from mammon.core.rewards import RewardRate
from mammon.core.types import Unread
from mammon.reporting.numbers import DASH, percent, token, usd
from mammon.reporting.tables import Table, table


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
    """Rewards of an account and of its markets. What is owed counts in no decision; what programmes pay does
    by the policy's share alone."""

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

    Worth is at the price of a fresh feed, less `policy.reward_haircut`. What is owed counts in no decision,
    and of what programmes pay `policy.reward_share`.
    """
    with opened(call, holdings=True, on_chain=True) as place:
        found = payday(place, place.rewards(), call.settings.policy)
        require_some(found.seen)
        data = whole(found)
        errors = tuple(unread_notes(found))
        call.result(
            "rewards", data, lambda: shown(data, found.others), block=found.seen.snapshot.block, errors=errors
        )
        if strict and errors:
            raise typer.Exit(4)


def whole(found: Payday) -> RewardsData:
    """Return a reading in its document form."""
    known = [one.worth for one in found.owing if not isinstance(one.worth, Unread)]
    programmes = tuple(note for slug, rate in found.rates for note in _programmes(slug, rate))
    return RewardsData(tuple(map(noted, found.owing)), programmes, Usd(sum(known, Decimal(0))))


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


def _programmes(slug: str, rate: RewardRate) -> Iterator[ProgrammeNote]:
    for part in rate.parts:
        yield ProgrammeNote(slug, part.source, part.symbol, part.apr, part.problem)
