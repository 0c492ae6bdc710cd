"""`mammon status`: what the state knows: the last cycle, the last decision, what is held, what is stopped."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from mammon.cli.archive import Archive, archive
from mammon.cli.documents import Amount, amount
from mammon.cli.invocation import Invocation
from mammon.cli.options import BASE, WORLD, command
from mammon.core import canonical
from mammon.core.fills import Book, worth
from mammon.core.types import Address
from mammon.ops import killswitch
from mammon.ops.lock import is_running
from mammon.reporting.numbers import token
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


@command(BASE, WORLD)
def status(call: Invocation) -> None:
    """Say what the state knows, without asking the chain: last decision, holdings, stops."""
    with archive(call) as stored:
        data = known(call, stored)
        call.result("status", data, lambda: shown(data))


def known(call: Invocation, stored: Archive) -> StatusData:
    """Return what the state knows."""
    store = stored.store
    last = None
    for recorded in store.decisions.page(limit=1):
        decision = stored.decision(recorded.id)
        last = LastDecision(recorded.id, recorded.now, decision.action, headline(decision))
    book = store.book.current()
    paper = None if book is None else canonical.loads(Book, book.document)
    return StatusData(
        last,
        () if paper else _seen(stored, call.identity.account),
        None if paper is None else amount(worth(paper), paper.asset.decimals),
        tuple(run.command for run in store.runs.unended() if is_running(run.process)),
        _last_run(stored),
        killswitch.stops(call.settings.home),
    )


def shown(data: StatusData) -> Iterator[Table | str]:
    """Yield what a person sees."""
    yield f"stops: {', '.join(data.stops) or 'none'}"
    yield f"running: {', '.join(data.running) or 'nothing'}"
    if data.last_run is not None:
        run = data.last_run
        yield f"last run: {run.command}, begun {_time(run.started)}: {run.outcome}"
    if data.decision is None:
        yield "no decision yet: `mammon gates` makes one"
    else:
        last = data.decision
        yield f"last decision {last.id[:12]}, {_time(last.at)}: {last.headline}"
    if data.book is not None:
        yield f"paper book: {token(data.book.raw, data.book.decimals)}"
    if data.holdings:
        yield table(
            ("where", "amount", "at block", "unread since"),
            [
                (row.slug, token(row.assets.raw, row.assets.decimals), str(row.block), row.unread or "-")
                for row in data.holdings
            ],
        )


def _time(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _last_run(stored: Archive) -> RunNote | None:
    for run in stored.store.runs.latest():
        open_ended = "running" if is_running(run.process) else KILLED
        return RunNote(run.command, run.started, run.ended, run.outcome or open_ended)
    return None


def _seen(stored: Archive, account: str | None) -> tuple[HoldingNote, ...]:
    if account is None:
        return ()
    return tuple(
        HoldingNote(
            seen.position.slug,
            amount(seen.position.assets, 6),
            seen.block_number,
            seen.unread.reason if seen.unread else None,
        )
        for seen in stored.store.positions.of(Address(account))
        if seen.position.assets > 0 or seen.unread is not None
    )
