"""`mammon tx show FILE` for a batch that brings money home: tried anew before the last signature."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import typer

from mammon.chain.keyless import Leg
from mammon.cli.documents import ErrorNote, amount
from mammon.cli.exit_emit import home_leg, refused, together
from mammon.cli.gates import REFUSED
from mammon.cli.homecoming import ExitData, ExitNote, require_exit, shown, stops_now
from mammon.cli.invocation import Invocation
from mammon.cli.place import Place
from mammon.cli.terms import HomeTerms, Leaving
from mammon.core.homeward import Way, ways_home
from mammon.core.numbers import Wei
from mammon.core.types import Call
from mammon.engine.homecoming import seen
from mammon.errors import RefusedError, UsageError
from mammon.reporting.numbers import utc
from mammon.reporting.tables import Table

ANEW = "emit it anew: mammon exit-all --emit"


def show_home(call: Invocation, place: Place, terms: HomeTerms, calls: tuple[Call, ...]) -> None:
    """Judge the batch at the current block, and leave with what that says: 0, 2, 3, or 5 under a stop."""
    require_exit(call, overriding=False)
    _, view = seen(place.world)
    block = view.snapshot.block
    terms.require_fresh(block)
    if not calls or len(calls) != len(terms.venues):
        raise UsageError("altered", f"{len(calls)} calls for {len(terms.venues)} venues", ANEW)
    found = ways_home(view.snapshot, view.portfolio, place.markets)
    ways = {way.market.slug: way for way in found if isinstance(way, Way)}
    made = [_leg(place, ways, leaving) for leaving in terms.venues]
    others = [leg.step.slug for leg, given in zip(made, calls, strict=True) if leg.call != given]
    legs = [dataclasses.replace(leg, call=given) for leg, given in zip(made, calls, strict=True)]
    problem = refused(together(place, legs, block))
    require_exit(call, overriding=False)
    notes = tuple(_note(place, ways[leg.step.slug], leg, others, problem) for leg in legs)
    good = not others and not problem
    idle = view.portfolio.idle
    wallet = amount(idle, place.asset.decimals) if isinstance(idle, int) else None
    errors = tuple(ErrorNote(note.code, f"{note.slug}: {note.reason}", ANEW) for note in notes if note.code)
    data = ExitData(False, notes, wallet, good, stops_now(call))
    call.result("exit", data, lambda: _shown(data, terms), block=block, errors=errors)
    if not good:
        raise typer.Exit(REFUSED)


def _leg(place: Place, ways: dict[str, Way], leaving: Leaving) -> Leg:
    way = ways.get(leaving.slug)
    held = 0 if way is None else way.held
    if way is None or not 0 < leaving.amount <= held:
        raise RefusedError(
            "amount", f"{leaving.slug}: {leaving.amount} base units, and {held} are held now", ANEW
        )
    return home_leg(place, leaving, way.shares)


def _note(place: Place, way: Way, leg: Leg, others: list[str], problem: str) -> ExitNote:
    code, reason = ("rehearsal_failed", problem) if problem else ("", "")
    if leg.step.slug in others:
        code, reason = "not_the_plan", "the call is not what a way home from there is made of today"
    held, out = (amount(units, place.asset.decimals) for units in (way.held, leg.step.amount))
    return ExitNote(leg.step.slug, held, out, None, None, not code, Wei(0), (), code, reason)


def _shown(data: ExitData, terms: HomeTerms) -> Iterator[Table | str]:
    table, *_ = shown(data)
    yield table
    if data.home:
        yield f"Still the way home, and it passes: it may be signed until {utc(terms.valid_until)}."
    else:
        yield "Do not sign it."
