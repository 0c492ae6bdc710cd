"""`mammon exit-all --emit`: the withdrawals that bring everything home, for other hands to sign.

A batch is signed as a whole, and in a Safe one call that fails undoes the rest: each venue is tried out
alone, and what does not leave by any form is left out and told. What is left is rehearsed together.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path

from mammon.chain.calls import planned_calls
from mammon.chain.keyless import Leg, Tried, tried
from mammon.cli import outfile, streams, worlds
from mammon.cli.acting import StatePins
from mammon.cli.batches import emitted_home
from mammon.cli.documents import ErrorNote, amount
from mammon.cli.homecoming import ExitData, ExitNote, Told, record_override, require_exit, shown, stops_now
from mammon.cli.invocation import Invocation
from mammon.cli.output import json_line, printable
from mammon.cli.plans import Form
from mammon.cli.terms import HomeTerms, Leaving
from mammon.cli.wiring import Homeward, Place, opened
from mammon.core.homeward import Way, ways_home
from mammon.core.numbers import Wei
from mammon.core.types import Block, Unread
from mammon.engine.homecoming import TRIES, seen
from mammon.reporting.numbers import utc


@dataclass(frozen=True, slots=True)
class EmitWish:
    """What is emitted, for how long it is good, and where it goes."""

    form: Form
    valid_s: int
    out: Path | None


def emit(call: Invocation, wish: EmitWish, override: str | None) -> int:
    """Print or write the batch, and return the exit code: 4 when something is left where it is.

    `override`: why the kill switch is overridden, by a person at a terminal.
    """
    overriding = override is not None
    with opened(call, holdings=True, on_chain=True, homeward=Homeward(overriding)) as place:
        require_exit(call, overriding)
        if override is not None:
            record_override(place, override)
        if worlds.on_paper(call):
            call.output.note("read from what the account holds on the chain, not from the paper book")
        _, view = seen(place.world)
        block = view.snapshot.block
        tries = [_one(place, way, block) for way in ways_home(view.snapshot, view.portfolio, place.markets)]
        legs = [leg for leg, _ in tries if leg is not None]
        notes = tuple(note for _, note in tries)
        if legs:
            found = together(place, legs, block)
            if problem := refused(found):
                legs, notes = [], tuple(_spoilt(note, problem) for note in notes)
        require_exit(call, overriding)
        told = _told(call, place, view.portfolio.idle, notes, block)
        if legs:
            _write(call, place, wish, legs, block)
        if not legs or wish.out is not None:
            call.result("exit", told.data, lambda: shown(told.data), block=block, errors=told.errors)
        else:
            for error in told.errors:
                call.output.note(f"{error.message} ({error.code}): left out")
        return told.code


def together(place: Place, legs: list[Leg], block: Block) -> Tried:
    """Rehearse withdrawals one after the other, and judge each as before a signature."""
    pins = StatePins(place.store)
    return tried(place.onlooker(), pins, legs, place.deadline(), block.number, whole=True)


def refused(found: Tried) -> str:
    """Return what speaks against the legs, stops apart; nothing when nothing does."""
    if not found.rehearsal.passed:
        return found.rehearsal.reason
    return "; ".join(f"{one.code}: {one.measured}" for _, one in found.refusals if one.code != "stop")


def home_leg(place: Place, leaving: Leaving, shares: int) -> Leg:
    """Return the leg that brings money home from a venue in which `shares` are held."""
    market, owner = place.markets[leaving.slug], place.onlooker().owner
    plan = leaving.plan(market)
    (made,) = planned_calls(plan, owner, place.venues, place.markets, shares)
    return Leg(plan.steps[0], market, made, shares, "exit")


def _one(place: Place, way: Way | Unread, block: Block) -> tuple[Leg | None, ExitNote]:
    """Return the leg that brings home the most that leaves, None where nothing does, and what to tell."""
    if isinstance(way, Unread):
        note = ExitNote(way.subject, None, None, None, None, None, Wei(0), (), way.code, way.reason)
        return None, note
    problem = "nothing can leave now"
    for parts in TRIES:
        (step,) = way.plan(parts).steps
        leaving = Leaving(way.market.slug, step.amount, step.everything)
        if step.amount == 0:
            break
        leg = home_leg(place, leaving, way.shares)
        alone = tried(
            place.onlooker(), StatePins(place.store), (leg,), place.deadline(), block.number, whole=False
        )
        problem = refused(alone)
        if not problem:
            code = "" if step.amount == way.held else "illiquid"
            return leg, _noted(place, way, step.amount, True, code, "the rest cannot leave now" * bool(code))
    return None, _noted(place, way, 0, False, "rehearsal_failed", problem)


def _noted(place: Place, way: Way, leaving: int, ready: bool, code: str, reason: str) -> ExitNote:
    held, out = (amount(units, place.asset.decimals) for units in (way.held, leaving))
    why = printable(reason, 300)
    return ExitNote(way.market.slug, held, out, None, None, ready, Wei(0), (), code, why)


def _spoilt(note: ExitNote, problem: str) -> ExitNote:
    return dataclasses.replace(
        note, ready=False, code=note.code or "rehearsal_failed", reason=note.reason or printable(problem, 300)
    )


def _told(
    call: Invocation, place: Place, idle: int | Unread, notes: tuple[ExitNote, ...], block: Block
) -> Told:
    wallet = None if isinstance(idle, Unread) else amount(idle, place.asset.decimals)
    home = not any(note.code for note in notes)
    errors = tuple(
        ErrorNote(note.code, f"{note.slug}: {note.reason}", "emit anew later") for note in notes if note.code
    )
    return Told(ExitData(False, notes, wallet, home, stops_now(call)), block, errors)


def _write(call: Invocation, place: Place, wish: EmitWish, legs: list[Leg], block: Block) -> None:
    venues = tuple(Leaving(leg.step.slug, leg.step.amount, leg.step.everything) for leg in legs)
    until = block.timestamp + wish.valid_s
    terms = HomeTerms(call.settings.mode, venues, block.number, block.timestamp, until)
    calls = tuple(leg.call for leg in legs)
    text = json_line(emitted_home(call, wish.form, terms, calls, place.asset, block))
    call.output.note(f"good until {utc(until)}; before the last signature: mammon tx show FILE")
    if wish.out is not None:
        outfile.write(wish.out, text, "output")
        call.output.note(f"wrote {wish.out}")
        return
    call.output.progress("")
    call.output.wrote = True
    streams.write(call.process.stdout, text, needed=True)
