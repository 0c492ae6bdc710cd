"""Verify: hold what the books say of an account against the chain, both ways."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from mammon.chain import reconcile
from mammon.chain.reconcile import Counts
from mammon.cli.place import Place
from mammon.core.flows import NATIVE, Explained, Finding, Flow, Holding, Mark, mark_of
from mammon.core.plan import IDLE
from mammon.core.types import Portfolio, Unread
from mammon.engine.observe import Observation
from mammon.errors import MalformedError
from mammon.reporting.numbers import counted, native, token
from mammon.reporting.tables import Table, table
from mammon.state.marks import ADOPTED, Marks

_WALLET = frozenset({IDLE, NATIVE, "nonce"})


@dataclass(frozen=True, slots=True)
class Verification:
    """What the books and the chain say of each other."""

    since: int | None
    """The block of the books; None: there was nothing in them."""
    flows: tuple[Flow, ...]
    findings: tuple[Finding, ...]
    unread: tuple[Unread, ...]

    @property
    def whole(self) -> bool:
        """Whether everything was compared and nothing alarms: then the books go on from here."""
        return not self.unread and not self.alarming

    @property
    def alarming(self) -> bool:
        """Whether a person has to look before anything else is done."""
        return any(finding.severity == "emergency" for finding in self.findings)


def verified(place: Place, seen: Observation) -> Verification:
    """Explain every difference between the books and what was just read.

    The books are the last mark whose every difference was explained, else the positions last seen, which
    tell nothing of the wallet. To be called before what was seen is remembered. When everything could be
    compared and nothing alarms, what was seen becomes the mark, with the flows that led to it.
    """
    portfolio, block = seen.portfolio, seen.snapshot.block
    if portfolio is None:
        raise ValueError("an account was read")
    journal, marks = place.store.journal, _marks(place, portfolio)
    deadline = place.deadline()
    counts = reconcile.counts(place.rpc, portfolio.owner, block, deadline)
    nonce, settled = (counts.nonce, counts.settled) if isinstance(counts, Counts) else (None, None)
    now = mark_of(portfolio, block, nonce, place.markets)
    hints = {**place.store.hints.all(), **seen.hints}
    watch = reconcile.watched(place.asset.address, tuple(place.markets.values()), place.venues, hints)
    total = Explained(unread=(counts,) if isinstance(counts, Unread) else ())
    looked_at = {holding.slug for mark in marks for holding in mark.holdings}
    for mark in marks or (Mark(portfolio.owner, block.number, None, None, None, None, ()),):
        due = _only(now, mark, looked_at)
        known = reconcile.books(journal, mark.nonce, _adopted(place))
        known = dataclasses.replace(known, settled_nonce=settled)
        part = reconcile.reconcile(place.rpc, watch, mark, due, block, known, deadline)
        total = _joined(total, part, whole=mark.idle is not None)
    since = min((mark.block for mark in marks), default=None)
    found = Verification(since, total.flows, total.findings, total.unread)
    if found.whole:
        with place.store.transaction():
            place.store.flows.record(place.store.flows.mark(), now, found.flows)
    return found


def told(found: Verification, portfolio: Portfolio) -> Iterator[Table | str]:
    """Yield what a person sees."""
    since = "the books hold nothing yet" if found.since is None else f"since block {found.since}"
    if found.findings:
        yield table(
            ("severity", "finding", "where", "by"),
            [(f.severity, f.code, f.subject, _by(f.subject, f.amount, portfolio)) for f in found.findings],
            title="Not explained",
            note=since,
        )
    if found.flows:
        yield table(
            ("kind", "where", "by", "block", "transaction"),
            [
                (f.kind, f.subject, _by(f.subject, f.amount, portfolio, f.kind), str(f.block), f.hash or "")
                for f in found.flows
            ],
            title="Explained",
            note=since,
        )
    if not found.findings and not found.unread:
        count = counted(len(found.flows), "flow")
        yield f"verified: chain and books agree ({count}, {since})"
    for item in found.unread:
        yield f"not verified: {item.subject}: {item.reason} ({item.code})"


def _by(subject: str, amount: int, portfolio: Portfolio, kind: str = "") -> str:
    sign = "+" if amount > 0 else "-"
    if subject == NATIVE:
        return sign + native(abs(amount))
    if subject == IDLE or kind == "accrual":
        return sign + token(abs(amount), portfolio.asset.decimals, portfolio.asset.symbol)
    what = "transaction" if subject == "nonce" else "share unit"
    return sign + counted(abs(amount), what)


def _marks(place: Place, portfolio: Portfolio) -> tuple[Mark, ...]:
    """Return the books: one mark of everything, or one for each block at which positions were last seen."""
    mark = place.store.flows.mark()
    if mark is not None:
        if mark.owner != portfolio.owner:
            raise MalformedError("mark", "the mark is of another account", "see `mammon state check`")
        return (mark,)
    held: dict[int, list[Holding]] = {}
    for seen in place.store.positions.of(portfolio.owner):
        if seen.unread is None and seen.position.slug in place.markets:
            position = seen.position
            holding = Holding(position.slug, position.shares, position.assets)
            held.setdefault(seen.block_number, []).append(holding)
    owner = portfolio.owner
    return tuple(Mark(owner, number, None, None, None, None, tuple(held[number])) for number in sorted(held))


def _only(now: Mark, mark: Mark, looked_at: Collection[str]) -> Mark:
    """Keep the holdings that a mark can be compared with, and those that no mark knows."""
    others = set(looked_at) - {holding.slug for holding in mark.holdings}
    return dataclasses.replace(now, holdings=tuple(h for h in now.holdings if h.slug not in others))


def _adopted(place: Place) -> int:
    return Marks(place.store.database).number(ADOPTED) or 0


def _joined(total: Explained, found: Explained | Unread, *, whole: bool) -> Explained:
    """Add what one mark gave; a mark of positions alone says nothing of the wallet, as is known."""
    if isinstance(found, Unread):
        return dataclasses.replace(total, unread=(*total.unread, found))
    left = tuple(
        item
        for item in found.unread
        if whole or not (item.code == "not_compared" and item.subject in _WALLET)
    )
    flows = {(f.subject, f.block, f.index, f.kind): f for f in (*total.flows, *found.flows)}
    findings = dict.fromkeys((*total.findings, *found.findings))
    return Explained(tuple(flows.values()), tuple(findings), (*total.unread, *left))
