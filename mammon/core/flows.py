"""Flows: what explains the difference between two readings of an account, and what nothing explains.

A difference is explained by events and by our own transactions. Transfers by others or by the owner are
flows: recorded and announced, never profit or loss, and nothing stops for them. What is more than the
events tell is information; what is less, and a transaction by our key that the journal does not know,
is an emergency. What could not be read is `Unread`, and explains nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from mammon.core.names import Address, Hash32
from mammon.core.numbers import Units, Wei
from mammon.core.plan import IDLE
from mammon.core.txstate import Mined
from mammon.core.types import Block, Portfolio, Position, Unread

NATIVE = "native"
DUST = Units(10**6)
"""Less than this of the asset that somebody sent is dust: a cent's worth of attention, or bait."""
ROUNDING_UNITS = 2

Kind = Literal["inflow", "outflow", "dust", "act", "accrual"]
Severity = Literal["information", "emergency"]


@dataclass(frozen=True, slots=True)
class Holding:
    """What an account had in one market."""

    slug: str
    shares: Units
    assets: Units | None = None
    """None: not known then, so that no interest can be told."""


@dataclass(frozen=True, slots=True)
class Mark:
    """An account at one block. None: not known there, so not compared."""

    owner: Address
    block: int
    hash: Hash32 | None
    idle: Units | None
    native: Wei | None
    nonce: int | None
    holdings: tuple[Holding, ...]
    """Also of nothing: a market that is missing was not looked at, which is not zero."""


@dataclass(frozen=True, slots=True)
class Moved:
    """One event that moved the asset or shares of ours."""

    subject: str
    """`idle`, or the market's slug."""
    amount: Units
    """Base units of the asset, or shares; negative for less."""
    slack: int
    """By how much `amount` may be off."""
    other: Address
    hash: Hash32
    block: int
    index: int
    at: int = 0
    """Unix seconds of its block."""


@dataclass(frozen=True, slots=True)
class Own:
    """A transaction the journal knows; `mined` None: no receipt was found up to the block read."""

    hash: Hash32
    nonce: int
    mined: Mined | None


@dataclass(frozen=True, slots=True)
class Books:
    """What the journal says of the time since a mark."""

    next_nonce: int | None
    """The next nonce it would use; None when it never used one. Counts where the mark has no nonce."""
    own: tuple[Own, ...] = ()
    """Every attempt at a nonce since the mark, its cancellation included."""
    adopted: int = 0
    """A person has looked at what used the nonces below."""
    settled_nonce: int | None = None
    """The count at the chain's safe block; None: unknown, and every count is taken for settled."""


@dataclass(frozen=True, slots=True)
class Flow:
    """One explained difference."""

    kind: Kind
    subject: str
    """`idle`, `native`, or a market's slug."""
    amount: Units
    """Base units of the asset, wei or shares, by subject (assets for `accrual`); negative for less."""
    block: int
    hash: Hash32 | None = None
    """None where no transaction is known: the native coin's flows, and interest."""
    index: int | None = None
    """Of the event in its block: with `block` it makes two flows the same."""
    other: Address | None = None
    """The other side; None where it is not known, or where naming it is what it was sent for."""
    at: int = 0
    """Unix seconds of the block."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A difference that is not explained, or an explanation that is alarming."""

    severity: Severity
    code: str
    """`unexplained_increase`, `unexplained_decrease`, `foreign_transaction`, `nonce_back`, `venue_loss`,
    `new_position`."""
    subject: str
    amount: Units
    """Base units, wei, shares, or a count of transactions, by subject."""


@dataclass(frozen=True, slots=True)
class Explained:
    """What became of every difference between two marks."""

    flows: tuple[Flow, ...] = ()
    findings: tuple[Finding, ...] = ()
    unread: tuple[Unread, ...] = ()
    """Not empty: part of it could not be compared, and the older mark stays."""

    @property
    def emergencies(self) -> tuple[Finding, ...]:
        """What must stop everything."""
        return tuple(finding for finding in self.findings if finding.severity == "emergency")


def mark_of(portfolio: Portfolio, block: Block, nonce: int | None, slugs: Iterable[str]) -> Mark:
    """Return the mark of a reading; `slugs` are the markets asked for, what is unread is left out."""
    unread = {item.subject for item in portfolio.positions if isinstance(item, Unread)}
    held = {item.slug: item for item in portfolio.positions if isinstance(item, Position)}
    holdings = tuple(
        Holding(slug, held[slug].shares, held[slug].assets)
        if slug in held
        else Holding(slug, Units(0), Units(0))
        for slug in sorted(set(slugs) - unread)
    )
    idle = None if isinstance(portfolio.idle, Unread) else portfolio.idle
    native = None if isinstance(portfolio.native, Unread) else portfolio.native
    return Mark(portfolio.owner, block.number, block.hash, idle, native, nonce, holdings)


def explain(mark: Mark, now: Mark, moves: Sequence[Moved], books: Books, dust: Units = DUST) -> Explained:
    """Explain every difference between a mark and a later one by the events in between."""
    if mark.owner != now.owner or mark.block > now.block:
        raise ValueError("two marks of one account, in order")
    ours = {own.hash for own in books.own}
    flows = [_flow(move, ours, dust) for move in sorted(moves, key=lambda move: (move.block, move.index))]
    parts = (
        _idle(mark, now, moves),
        _holdings(mark, now, moves, ours),
        _transactions(mark, now, books),
        _native(mark, now, books),
    )
    return Explained(
        (*flows, *(flow for part in parts for flow in part.flows)),
        tuple(finding for part in parts for finding in part.findings),
        tuple(unread for part in parts for unread in part.unread),
    )


def _flow(move: Moved, ours: set[Hash32], dust: Units) -> Flow:
    small = move.subject == IDLE and 0 < move.amount < dust
    kind: Kind = (
        "act"
        if move.hash in ours
        else "dust"
        if small or move.amount == 0
        else "inflow"
        if move.amount > 0
        else "outflow"
    )
    # Transfers of nothing are made so that an address like one's own is copied from a list: none is shown.
    other = move.other if move.amount else None
    return Flow(kind, move.subject, move.amount, move.block, move.hash, move.index, other, move.at)


def _idle(mark: Mark, now: Mark, moves: Sequence[Moved]) -> Explained:
    if mark.idle is None or now.idle is None:
        return Explained(unread=(Unread(IDLE, "not_compared", "the wallet was not read at both blocks"),))
    return _left(IDLE, now.idle - mark.idle, [move for move in moves if move.subject == IDLE])


def _left(subject: str, difference: int, moves: Sequence[Moved]) -> Explained:
    """Return what the events leave unexplained of a difference."""
    left = difference - sum(move.amount for move in moves)
    if abs(left) <= sum(move.slack for move in moves):
        return Explained()
    if left > 0:
        return Explained(findings=(Finding("information", "unexplained_increase", subject, Units(left)),))
    return Explained(findings=(Finding("emergency", "unexplained_decrease", subject, Units(left)),))


def _holdings(mark: Mark, now: Mark, moves: Sequence[Moved], ours: set[Hash32]) -> Explained:
    before = {holding.slug: holding for holding in mark.holdings}
    found: list[Explained] = []
    for holding in now.holdings:
        earlier = before.pop(holding.slug, None)
        if earlier is None:
            if holding.shares:
                news = Finding("information", "new_position", holding.slug, holding.shares)
                found.append(Explained(findings=(news,)))
            continue
        own = [move for move in moves if move.subject == holding.slug]
        found.append(_left(holding.slug, holding.shares - earlier.shares, own))
        found.append(_accrual(earlier, holding, moves, ours, now.block))
    found += (
        Explained(unread=(Unread(slug, "not_compared", "the market was not read at both blocks"),))
        for slug in before
    )
    return Explained(
        tuple(flow for part in found for flow in part.flows),
        tuple(finding for part in found for finding in part.findings),
        tuple(unread for part in found for unread in part.unread),
    )


def _accrual(
    earlier: Holding, later: Holding, moves: Sequence[Moved], ours: set[Hash32], block: int
) -> Explained:
    """Tell the interest of a market: what its worth grew by, less what our transactions put in.

    Not told where others moved shares too: what those are worth is no event's to say.
    """
    hashes = {move.hash for move in moves if move.subject == later.slug}
    if earlier.assets is None or later.assets is None or not hashes <= ours:
        return Explained()
    put_in = -sum(move.amount for move in moves if move.subject == IDLE and move.hash in hashes)
    earned = Units(later.assets - earlier.assets - put_in)
    if earned == 0:
        return Explained()
    flows = (Flow("accrual", later.slug, earned, block),)
    if earned < -ROUNDING_UNITS * (1 + len(hashes)):
        return Explained(flows, (Finding("information", "venue_loss", later.slug, earned),))
    return Explained(flows)


def _transactions(mark: Mark, now: Mark, books: Books) -> Explained:
    """Look for transactions by our key that the journal does not know."""
    first = books.next_nonce if mark.nonce is None else mark.nonce
    if first is None or now.nonce is None:
        return Explained(unread=(Unread("nonce", "not_compared", "the count was not read at both blocks"),))
    if mark.nonce is not None and now.nonce < mark.nonce:
        return Explained(
            findings=(Finding("emergency", "nonce_back", "nonce", Units(now.nonce - mark.nonce)),)
        )
    foreign = _foreign(first, now.nonce, books)
    if foreign:
        settled = now.nonce if books.settled_nonce is None else min(now.nonce, books.settled_nonce)
        severity: Severity = "emergency" if _foreign(first, settled, books) else "information"
        return Explained(findings=(Finding(severity, "foreign_transaction", "nonce", Units(foreign)),))
    if _lost(first, now.nonce, books):
        why = "a nonce of ours is used, and no receipt of ours is found"
        return Explained(unread=(Unread("nonce", "receipt_missing", why),))
    return Explained()


def _foreign(first: int, count: int, books: Books) -> int:
    """Return how many nonces from `first` up to `count` the journal has no attempt for."""
    first = max(first, books.adopted)
    known = {own.nonce for own in books.own if first <= own.nonce < count}
    return max(0, count - first - len(known))


def _lost(first: int, count: int, books: Books) -> set[int]:
    """Return the nonces that are used although none of the journal's attempts at them was found mined.

    Whether somebody else used them is for recovery to settle, which asks every endpoint.
    """
    mined = {own.nonce for own in books.own if own.mined is not None}
    first = max(first, books.adopted)
    return {own.nonce for own in books.own if first <= own.nonce < count} - mined


def _native(mark: Mark, now: Mark, books: Books) -> Explained:
    if mark.native is None or now.native is None:
        return Explained(unread=(Unread(NATIVE, "not_compared", "the coin was not read at both blocks"),))
    left = Units(now.native - mark.native + sum(_paid(mark, now, books)))
    if left == 0:
        return Explained()
    flows = (Flow("inflow" if left > 0 else "outflow", NATIVE, left, now.block),)
    if left > 0 or _others_paid(mark, now, books):
        return Explained(flows)
    return Explained(flows, (Finding("emergency", "unexplained_decrease", NATIVE, left),))


def _paid(mark: Mark, now: Mark, books: Books) -> list[Wei]:
    """Return what our transactions between the two marks cost, one by one."""
    mined = (own.mined for own in books.own if own.mined is not None)
    return [one.paid for one in mined if mark.block < one.block <= now.block]


def _others_paid(mark: Mark, now: Mark, books: Books) -> bool:
    """Say whether transactions used our nonces whose cost is not known: they have their own finding,
    or a person has looked at them."""
    if mark.nonce is None or now.nonce is None:
        return False
    unknown = _foreign(mark.nonce, now.nonce, books) or _lost(mark.nonce, now.nonce, books)
    return bool(unknown) or books.adopted > mark.nonce
