"""`mammon status`: what the state knows: the last cycle, the last decision, what is held, what is stopped."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from mammon.cli import stopping, worlds
from mammon.cli.archive import Archive, archive
from mammon.cli.documents import Amount, amount
from mammon.cli.invocation import Invocation
from mammon.cli.options import BASE, WORLD, command
from mammon.cli.stopping import StopNote, told_of
from mammon.cli.unfinished import Unfinished, effects_since, unfinished
from mammon.core import canonical
from mammon.core.fills import Book, worth
from mammon.core.types import Address
from mammon.ops.lock import is_running
from mammon.reporting.dangers import danger_notes
from mammon.reporting.numbers import DASH, duration, token
from mammon.reporting.sentences import headline
from mammon.reporting.tables import Table, table
from mammon.state.runs import KILLED


@dataclass(frozen=True, slots=True)
class LastDecision:
    """The decision recorded last."""

    id: str
    at: int
    action: str
    headline: str
    dangers: tuple[str, ...]
    """What endangered the money then, in words."""


@dataclass(frozen=True, slots=True)
class HoldingNote:
    """One holding as last seen; `unread` is why a later look failed."""

    slug: str
    assets: Amount
    block: int
    unread: str | None


@dataclass(frozen=True, slots=True)
class RunNote:
    """The run that began last; `ended` is None while it goes on, and for one that was killed."""

    command: str
    started: int
    ended: int | None
    outcome: str
    """`done`, `interrupted`, `killed`, `running`, or the code of the failure that ended it."""


@dataclass(frozen=True, slots=True)
class StatusData:
    """What is known without asking the chain."""

    decision: LastDecision | None
    holdings: tuple[HoldingNote, ...]
    book: Amount | None
    """Worth of the paper book at its last change; None without one."""
    running: tuple[str, ...]
    """Commands that recorded a start, no end, and whose process is alive."""
    last_run: RunNote | None
    stops: tuple[str, ...]
    unfinished: tuple[Unfinished, ...]
    """Moves that were begun and are not at their end, and the transaction on the wire."""


@command(BASE, WORLD)
def status(call: Invocation) -> None:
    """Say what the state knows, without asking the chain: last decision, holdings, stops."""
    with archive(call) as stored:
        notes = stopping.found(call.settings.home, worlds.directory(call, worlds.identity(call)))
        data = known(call, stored, tuple(note.name for note in notes))
        call.result("status", data, lambda: shown(data, call.clock.now(), seen_at(call, stored), notes))


def known(call: Invocation, stored: Archive, stops: tuple[str, ...]) -> StatusData:
    """Return what the state knows."""
    store = stored.store
    last, asset = None, None
    for recorded in store.decisions.page(limit=1):
        decision = stored.decision(recorded.id)
        asset = decision.portfolio.asset
        told = tuple(danger_notes(decision))
        last = LastDecision(recorded.id, recorded.now, decision.action, headline(decision), told)
    book = store.book.current()
    paper = None if book is None else canonical.loads(Book, book.document)
    return StatusData(
        last,
        () if paper else _seen(stored, call.identity.account),
        None if paper is None else amount(worth(paper), paper.asset.decimals),
        tuple(run.command for run in store.runs.unended() if is_running(run.process)),
        _last_run(stored),
        stops,
        unfinished(store, asset),
    )


def seen_at(call: Invocation, stored: Archive) -> dict[str, int]:
    """Return when each place was last read, unix seconds by slug; if entered since, by the journal."""
    journal = stored.store.journal.seen_at()
    return dict.fromkeys(effects_since(stored.store), journal) | {
        seen.position.slug: seen.block_at
        for seen in stored.store.positions.of(Address(call.identity.account or ""))
    }


def shown(
    data: StatusData, now: int, seen: Mapping[str, int], notes: Sequence[StopNote] = ()
) -> Iterator[Table | str]:
    """Yield what a person sees; every time with its age at `now`."""
    yield f"stops: {', '.join(data.stops) or 'none'}"
    yield from (f"  {told_of(note)}" for note in notes)
    yield from (f"unfinished, {_time(one.since, now)}: {one.sentence}" for one in data.unfinished)
    yield f"running: {', '.join(data.running) or 'nothing'}"
    if data.last_run is not None:
        run = data.last_run
        ended = "" if run.ended is None else f", ended {_time(run.ended, now)}"
        yield f"last run: `{run.command}`, begun {_time(run.started, now)}{ended}: {run.outcome}"
    if data.decision is None:
        yield "no decision yet: `mammon gates` makes one"
    else:
        last = data.decision
        yield f"last decision: {last.id[:12]}, {_time(last.at, now)}: {last.headline}"
        yield from (f"  {told}" for told in last.dangers)
    if data.book is not None:
        yield f"paper book: worth {token(data.book.raw, data.book.decimals)} at its last change"
    if data.holdings:
        heads = ("where", "amount", "last read", "block", "since then")
        rows = [_row(row, seen[row.slug], now) for row in data.holdings]
        brief = [(*row[:2], _age(seen[row[0]], now), row[4]) for row in rows]
        yield table(heads, rows, narrow=table((*heads[:3], heads[4]), brief))


def _row(row: HoldingNote, at: int, now: int) -> tuple[str, ...]:
    later = f"unread: {row.unread}" if row.unread else DASH
    return (row.slug, token(row.assets.raw, row.assets.decimals), _time(at, now), str(row.block), later)


def _time(at: int, now: int) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%S} UTC ({_age(at, now)})"


def _age(at: int, now: int) -> str:
    if at == now:
        return "just now"
    return f"{duration(now - at)} ago" if at < now else f"{duration(at - now)} ahead of this clock"


def _last_run(stored: Archive) -> RunNote | None:
    for run in stored.store.runs.latest():
        open_ended = "running" if is_running(run.process) else KILLED
        return RunNote(run.command, run.started, run.ended, run.outcome or open_ended)
    return None


def _seen(stored: Archive, account: str | None) -> tuple[HoldingNote, ...]:
    if account is None:
        return ()
    later = effects_since(stored.store)
    notes = []
    for seen in stored.store.positions.of(Address(account)):
        slug, held, block = seen.position.slug, seen.position.assets, seen.block_number
        effect = later.pop(slug, None)
        if effect is not None and effect.block > block:
            held, block = effect.held, effect.block
        if held > 0 or seen.unread is not None:
            why = seen.unread.reason if seen.unread else None
            notes.append(HoldingNote(slug, amount(held, 6), block, why))
    entered = ((slug, effect) for slug, effect in sorted(later.items()) if effect.held > 0)
    notes += [HoldingNote(slug, amount(effect.held, 6), effect.block, None) for slug, effect in entered]
    return tuple(notes)
