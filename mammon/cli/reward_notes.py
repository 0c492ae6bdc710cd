"""What is owed beside interest, as documents and tables tell it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mammon.cli.documents import Amount, ErrorNote, amount
from mammon.core.numbers import Usd
from mammon.core.types import Unread
from mammon.reporting.numbers import DASH, token, usd
from mammon.reporting.tables import Table, table

if TYPE_CHECKING:
    from mammon.cli.payday import Owing, Payday


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


def noted(owing: Owing) -> RewardNote:
    """Return what one payer owes in its document form."""
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


def unread_notes(found: Payday) -> Iterator[ErrorNote]:
    """Yield what was not read, Merkl's silence once."""
    silent = {one.subject for one in found.unread}
    for one in found.unread:
        yield ErrorNote(one.code, f"{one.subject}: {one.reason}", "try again")
    for owing in found.owing:
        quiet = owing.payer.protocol in silent
        if isinstance(owing.owed, Unread) and not quiet:
            yield ErrorNote(owing.owed.code, f"{owing.payer.slug}: {owing.owed.reason}", "try again")


def owed_table(notes: tuple[RewardNote, ...]) -> Table:
    """Return what is owed as a table; what nobody prices says so."""
    rows = [
        (
            one.payer,
            one.symbol,
            DASH if one.owed is None else token(one.owed.raw, one.owed.decimals),
            _worth(one),
        )
        for one in notes
    ]
    note = "worth after the haircut; in no total and no decision before it is claimed"
    return table(("from", "token", "owed", "worth"), rows, title="Unclaimed rewards", note=note)


def _worth(note: RewardNote) -> str:
    if note.owed is None:
        return f"not read ({note.problem})"
    return f"unpriced ({note.problem})" if note.worth is None else usd(note.worth)
