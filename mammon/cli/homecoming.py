"""Bring everything home: what `exit-all` and `reduce --exit-all` share."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import typer

from mammon.chain.evidence import Pin
from mammon.cli import stopping, worlds
from mammon.cli.acting import StatePins
from mammon.cli.documents import Amount, ErrorNote, amount
from mammon.cli.invocation import Invocation
from mammon.cli.output import printable
from mammon.cli.wiring import Homeward, Place, opened
from mammon.core.homeward import Way, ways_home
from mammon.core.numbers import Units, Wei
from mammon.core.types import Block, Unread
from mammon.engine.homecoming import Homecoming, Return, bring_home, seen
from mammon.errors import MalformedError, OutsideError, PersonNeededError
from mammon.ops.stops import require_allowed
from mammon.reporting.numbers import DASH, native, token
from mammon.reporting.tables import Table, table
from mammon.state.audit import Audit

LEFT = 4
"""Something is not home yet: run again."""
PERSON = 5


@dataclass(frozen=True, slots=True)
class ExitNote:
    """One venue: what it held, and what of it came home or would."""

    slug: str
    held: Amount | None
    """None where it could not be read."""
    leaving: Amount | None
    """What could leave at the block that was read; None where that is not known."""
    brought: Amount | None
    """What came home, as measured; None when nothing was to be done."""
    left: Amount | None
    """What is still there; None where that is not known, and when nothing was to be done."""
    ready: bool | None
    """Whether all of it would leave, as rehearsed; None when it was not rehearsed."""
    gas: Wei
    transactions: tuple[str, ...]
    code: str
    """Why not all of it; empty when there is nothing to say."""
    reason: str


@dataclass(frozen=True, slots=True)
class ExitData:
    """Everything that is in a venue, and what of it is home."""

    executed: bool
    venues: tuple[ExitNote, ...]
    idle: Amount | None
    """In the wallet now; None where that was not read."""
    home: bool
    """All of it is home; of a dry run: would be."""
    stops: tuple[str, ...]
    """In force when this was written."""


@dataclass(frozen=True, slots=True)
class Told:
    """How it ended: the document's data and what goes with it."""

    data: ExitData
    block: Block | None
    errors: tuple[ErrorNote, ...]
    person: bool = False
    """What ended it needs a person."""

    @property
    def code(self) -> int:
        """The exit code."""
        return 0 if self.data.home else PERSON if self.person else LEFT


def looked(call: Invocation) -> Told:
    """Say what would come home, rehearsed where the node can; no key, nothing is signed."""
    with opened(call, holdings=True, homeward=Homeward()) as place:
        found, view = seen(place.world)
        notes = tuple(
            _would(place, way, view.snapshot.block)
            for way in ways_home(view.snapshot, view.portfolio, place.markets)
        )
        home = not any(note.code for note in notes)
        data = ExitData(False, notes, _amount(place, view.portfolio.idle), home, stops_now(call))
        return Told(data, found.snapshot.block, _errors(notes))


def brought(call: Invocation, override: str | None = None, accepted: tuple[Pin, ...] = ()) -> Told:
    """Bring everything home. `override`: why the kill switch is overridden, by a person at a terminal;
    `accepted`: changed code that this person took as it is."""
    homeward = Homeward(override is not None, accepted)
    with opened(call, holdings=True, acting=True, homeward=homeward) as place:
        require_exit(call, override is not None)
        if override is not None:
            record_override(place, override)
        assert place.carrier is not None
        done = bring_home(place.world, place.carrier, place.markets)
        place.world.holdings.keep()
        place.settle()
        if done.after is not None:
            place.remember(done.after)
        notes = tuple(_note(place, done, one) for one in done.returns)
        idle = _amount(place, done.view.portfolio.idle if done.view else Unread("idle", "unread", ""))
        data = ExitData(True, notes, idle, done.whole, stops_now(call))
        block = None if done.after is None else done.after.snapshot.block
        errors = _errors(notes)
        if done.view is None:
            message = "what is left could not be read when all was done"
            errors = (*errors, ErrorNote("unread", message, "run again"))
        return Told(data, block, errors, done.stopped is not None)


def tell(call: Invocation, found: Told) -> None:
    """Print the document, and leave with its exit code."""
    call.result(
        "exit",
        found.data,
        lambda: shown(found.data),
        block=found.block,
        errors=found.errors,
        acted=found.data.executed and bool(found.data.venues),
    )
    if found.code:
        raise typer.Exit(found.code)


def stopped_since(call: Invocation, found: Told) -> Told:
    """Return the same with the stops that are in force now."""
    return dataclasses.replace(found, data=dataclasses.replace(found.data, stops=stops_now(call)))


def require_exit(call: Invocation, overriding: bool) -> None:
    """Raise `PersonNeededError` when a stop in force lets nobody bring money home by command."""
    folder = worlds.directory(call, worlds.identity(call))
    try:
        require_allowed(call.settings.home, folder, "exit_home", by_command=True, overriding=overriding)
    except PersonNeededError as error:
        hint = f"{error.hint}; or, at a terminal, `mammon exit-all --execute --override-stop REASON`"
        raise PersonNeededError(error.code, error.message, hint) from error


def shown(data: ExitData) -> Iterator[Table | str]:
    """Yield what a person sees."""
    if not data.venues:
        yield "everything is home already: no venue holds anything"
    else:
        heads = ("where", "held", "came home" if data.executed else "would leave", "left", "what else")
        yield table(heads, [_row(note, data.executed) for note in data.venues])
    idle = DASH if data.idle is None else token(data.idle.raw, data.idle.decimals)
    yield f"in the wallet: {idle}"
    if data.executed and data.venues:
        gas = native(sum(note.gas for note in data.venues))
        yield f"{gas} ETH for gas; {'all is home' if data.home else 'not all is home: run again'}"
    elif data.venues:
        yield "nothing was done; `--execute` brings it home"


def _row(note: ExitNote, executed: bool) -> tuple[str, ...]:
    what = note.brought if executed else note.leaving
    cells = (_cell(note.held), _cell(what), _cell(note.left) if executed else DASH)
    return (note.slug, *cells, note.reason or ("rehearsed" if note.ready else DASH))


def _cell(found: Amount | None) -> str:
    return DASH if found is None else token(found.raw, found.decimals)


# --- pieces ----------------------------------------------------------------------------------------


def _would(place: Place, way: Way | Unread, block: Block) -> ExitNote:
    if isinstance(way, Unread):
        return ExitNote(way.subject, None, None, None, None, None, Wei(0), (), way.code, _short(way.reason))
    code, reason = "", ""
    ready: bool | None = None
    if isinstance(way.liquid, Unread):
        code, reason = way.liquid.code, way.liquid.reason
    elif way.leaving < way.held:
        code, reason = "illiquid", "not all of it can leave now"
    if place.rehearsable:
        try:
            problem = _rehearsed(place, way, block)
        except (OutsideError, MalformedError) as error:
            code, reason = code or error.code, reason or f"not rehearsed: {error.message}"
        else:
            ready = not problem
            code, reason = ("rehearsal_failed", problem) if problem else (code, reason)
    leaving = None if isinstance(way.liquid, Unread) else _units(place, way.leaving)
    held = _units(place, way.held)
    return ExitNote(way.market.slug, held, leaving, None, None, ready, Wei(0), (), code, _short(reason))


def _rehearsed(place: Place, way: Way, block: Block) -> str:
    """Try a withdrawal out at the head; return what speaks against it, or nothing."""
    from mammon.chain.calls import planned_calls
    from mammon.chain.keyless import Leg, tried

    onlooker, plan, slug = place.onlooker(), way.plan(), way.market.slug
    (call,) = planned_calls(plan, onlooker.owner, place.venues, place.markets, way.shares)
    leg = Leg(plan.steps[0], place.markets[slug], call, way.shares, "exit")
    found = tried(onlooker, StatePins(place.store), (leg,), place.deadline(), block.number, whole=False)
    if not found.rehearsal.passed:
        return found.rehearsal.reason
    return "; ".join(
        f"{refusal.code}: {refusal.measured}" for _, refusal in found.refusals if refusal.code != "stop"
    )


def _note(place: Place, done: Homecoming, one: Return) -> ExitNote:
    left = done.left(one.slug)
    problem = one.problem
    code, reason = ("", "") if problem is None else (problem.code, problem.message)
    if left and problem is None:
        code, reason = "illiquid", "the rest cannot leave now"
    return ExitNote(
        one.slug,
        None if one.held is None else _units(place, one.held),
        None,
        _units(place, one.brought),
        None if left is None else _units(place, left),
        None,
        one.gas,
        one.transactions,
        code,
        _short(reason),
    )


def record_override(place: Place, reason: str) -> None:
    """Keep in the audit log who overrode the kill switch, and why."""
    with place.store.transaction():
        Audit(place.store.database).add(
            "override_stop", place.world.clock.now(), by=stopping.person(), reason=reason[:1000]
        )


def _errors(notes: Sequence[ExitNote]) -> tuple[ErrorNote, ...]:
    changed = "look at it; then, at a terminal, `mammon exit-all --execute --accept-changed-code SLUG`"
    return tuple(
        ErrorNote(
            note.code, f"{note.slug}: {note.reason}", changed if note.code == "code_changed" else "run again"
        )
        for note in notes
        if note.code
    )


def stops_now(call: Invocation) -> tuple[str, ...]:
    """Return the names of the stops in force."""
    folder = worlds.directory(call, worlds.identity(call))
    return tuple(note.name for note in stopping.found(call.settings.home, folder))


def _units(place: Place, units: int) -> Amount:
    return amount(units, place.asset.decimals)


def _amount(place: Place, units: Units | Unread) -> Amount | None:
    return None if isinstance(units, Unread) else _units(place, units)


def _short(text: str) -> str:
    return printable(text, 300)
