"""`mammon drill`: a tiny round trip through every enabled venue, every unit accounted for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

import typer

from mammon.cli import drill_hour as hourly
from mammon.cli import worlds
from mammon.cli.documents import Amount, ErrorNote, amount
from mammon.cli.invocation import Invocation
from mammon.cli.options import ACT, BASE, WORLD, command
from mammon.cli.output import printable
from mammon.cli.readings import token_units
from mammon.cli.wiring import Place, opened
from mammon.core.numbers import Units, Wei
from mammon.core.types import Market
from mammon.engine.cycle import recover
from mammon.engine.drill import Drilled
from mammon.engine.drill import drill as round_trip
from mammon.errors import PersonNeededError, UsageError
from mammon.ops.stops import require_allowed
from mammon.reporting.numbers import DASH, counted, native, token
from mammon.reporting.tables import Table, table

MOST = 50
"""No drill takes more of the asset than this, in whole tokens: the ceiling of the first phase."""
FAILED = 4
PERSON = 5


@dataclass(frozen=True, slots=True)
class DrillNote:
    """One venue's round trip."""

    slug: str
    passed: bool | None
    """None: it was not tried."""
    entered: Amount
    brought: Amount
    lost: Amount
    """To rounding."""
    allowance: Amount | None
    """What the venue may still take; None where it was not read."""
    gas: Wei
    transactions: tuple[str, ...]
    code: str
    """Why it failed, or was not tried; empty when it passed."""
    reason: str


@dataclass(frozen=True, slots=True)
class DrillData:
    """The round trips, and whether all of them passed."""

    executed: bool
    amount: Amount
    venues: tuple[DrillNote, ...]
    passed: bool
    fitting: int
    """How many of them this hour's allowance of transactions had room for when it began."""


@command(BASE, WORLD, ACT)
def drill(
    call: Invocation,
    sum_: Annotated[
        str, typer.Option("--amount", metavar="USDC", help="How much goes round.", show_default=True)
    ] = "1",
    venue: Annotated[str | None, typer.Option("--venue", metavar="SLUG", help="This venue alone.")] = None,
    part: Annotated[bool, typer.Option("--part", help="As many as this hour allows; again goes on.")] = False,
) -> None:
    """Send a tiny amount through every enabled venue and back; with --execute. Exit 0 only if all passed.

    What is held in a venue stays there. Each trip is three transactions, which count like any other: what
    does not fit into the hour is refused before it begins, or left for later with --part.
    """
    if call.execute:
        folder = worlds.directory(call, worlds.identity(call))
        require_allowed(call.settings.home, folder, "deposit")
        call.confirm(f"Send {sum_} through each venue in the {call.settings.mode} world?")
    with opened(call, holdings=True, acting=call.execute) as place:
        units = token_units(sum_, place.asset, "--amount")
        if units > MOST * 10**place.asset.decimals:
            raise UsageError("bad_value", f"--amount: a drill takes at most {MOST}", "write 1")
        data, person = _drilled(call, place, _chosen(place, venue), units, part)
    errors = tuple(
        ErrorNote(note.code, f"{note.slug}: {note.reason}", "see `mammon tx list`")
        for note in data.venues
        if note.code
    )
    call.result("drill", data, lambda: shown(data), errors=errors, acted=data.executed)
    if data.executed and not data.passed:
        raise typer.Exit(PERSON if person else FAILED)


def shown(data: DrillData) -> Iterator[Table | str]:
    """Yield what a person sees."""
    heads = ("venue", "result", "in", "back", "lost units", "gas ETH", "why")
    yield table(heads, [_row(note) for note in data.venues])
    sum_ = token(data.amount.raw, data.amount.decimals)
    if not data.executed:
        yield f"{sum_} would go through {counted(len(data.venues), 'venue')}; `--execute` does it"
        if data.fitting < len(data.venues):
            yield f"this hour allows {data.fitting} of them: `--part` begins with these, and again goes on"
        return
    passed = sum(1 for note in data.venues if note.passed)
    yield f"{passed} of {counted(len(data.venues), 'venue')} passed"


def _row(note: DrillNote) -> tuple[str, ...]:
    result = DASH if note.passed is None else "passed" if note.passed else "FAILED"
    moved = (token(part.raw, part.decimals) for part in (note.entered, note.brought))
    return (note.slug, result, *moved, str(note.lost.raw), native(note.gas), note.reason or DASH)


def _chosen(place: Place, venue: str | None) -> tuple[Market, ...]:
    if venue is not None and venue not in place.markets:
        raise UsageError("venue", f"no venue is named {venue[:60]!r}", "see `mammon scan`")
    named = [place.markets[venue]] if venue is not None else list(place.markets.values())
    enabled = tuple(market for market in named if market.deposits)
    if not enabled:
        raise UsageError("venue", "deposits are off there: nothing to drill", "see `mammon scan`")
    return enabled


def _drilled(
    call: Invocation, place: Place, markets: tuple[Market, ...], units: Units, part: bool
) -> tuple[DrillData, bool]:
    """Drill one venue after the other; return the results and whether a person is needed."""
    decimals, notes, person = place.asset.decimals, list[DrillNote](), False
    if call.execute:
        recover(place.world)
    fitting = hourly.fitting(call, place, len(markets))
    if call.execute and fitting < len(markets):
        hourly.require_part(place, len(markets), fitting, part)
    now, later = hourly.divided(place, markets, fitting if part else len(markets))
    for market in now:
        carrier = place.carrier
        if not call.execute or carrier is None:
            notes.append(_untried(market, decimals, "", ""))
        elif person or carrier.pending():
            notes.append(_untried(market, decimals, "not_tried", "what came before it is not resolved"))
        else:
            done = round_trip(place.world, carrier, market, units)
            notes.append(_note(done, decimals))
            person = isinstance(done.problem, PersonNeededError)
            place.settle()
    why = "this hour's allowance of transactions had no room for it: drill again later"
    notes += (_untried(market, decimals, "later" if call.execute else "", why) for market in later)
    passed = all(note.passed for note in notes)
    if call.execute:
        place.look_again()
    return DrillData(call.execute, amount(units, decimals), tuple(notes), passed, fitting), person


def _untried(market: Market, decimals: int, code: str, reason: str) -> DrillNote:
    nothing = amount(0, decimals)
    return DrillNote(market.slug, None, nothing, nothing, nothing, None, Wei(0), (), code, reason)


def _note(done: Drilled, decimals: int) -> DrillNote:
    problem = done.problem
    return DrillNote(
        done.slug,
        done.passed,
        amount(done.entered, decimals),
        amount(done.brought, decimals),
        amount(done.lost, decimals),
        None if done.allowance is None else amount(done.allowance, decimals),
        done.gas,
        done.transactions,
        "" if problem is None else problem.code,
        "" if problem is None else printable(problem.message, 300),
    )
