"""The paper book: holdings that exist only on paper, moved by the live rates.

The book begins from an account's real holdings or from a capital. Money it puts somewhere shifts
that venue's curve before anything is decided, as a real deposit would; money it takes out of a place
where the account really holds some is not handed back to the curve (the venue looks a little
poorer than it would be, never richer). Interest is what the venue's own index really grew, thinned
by our virtual supply: growth * rate(with us) / rate(without us), both at the start of the interval.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from mammon.core.costs import Cost
from mammon.core.numbers import Ray, Units, Wei
from mammon.core.plan import IDLE, Plan
from mammon.core.types import (
    Address,
    MarketId,
    MarketState,
    Portfolio,
    Position,
    Snapshot,
    Token,
    Unread,
    slug_of,
)
from mammon.errors import MalformedError, OutsideError

_NOTHING = Wei(0)


@dataclass(frozen=True, slots=True)
class Holding:
    """Paper money in one market, its interest up to `index` included."""

    market: MarketId
    slug: str
    assets: Units
    index: Ray
    """The market's index when `assets` was last brought up to date."""
    rate_with: Units
    rate_without: Units
    """The venue's rate with and without our virtual supply then; their ratio thins the growth."""


@dataclass(frozen=True, slots=True)
class Book:
    """A paper account. `opened` is what it began with, in base units of the asset."""

    owner: Address
    asset: Token
    opened: Units
    idle: Units
    native: Wei
    holdings: tuple[Holding, ...] = ()
    moved: tuple[int, ...] = ()
    """Unix seconds of its moves, ascending, at most the last 100."""
    paid: Wei = _NOTHING
    """Gas paid so far."""


def open_book(real: Portfolio, snapshot: Snapshot) -> Book:
    """Begin a book from what an account really holds. Raises `MalformedError` when part is unread."""
    unread = [item for item in (real.idle, real.native, *real.positions) if isinstance(item, Unread)]
    if unread or isinstance(real.idle, Unread) or isinstance(real.native, Unread):
        raise MalformedError("holdings", f"{unread[0].subject} could not be read", "try again")
    states = _states(snapshot)
    positions = [p for p in real.positions if isinstance(p, Position) and p.assets > 0]
    for position in positions:
        if position.slug not in states:
            raise MalformedError("holdings", f"the market of {position.slug} could not be read", "try again")
    held = tuple(_holding(states[p.slug], p.assets, Units(0), snapshot) for p in positions)
    opened = Units(real.idle + sum(holding.assets for holding in held))
    return Book(real.owner, real.asset, opened, real.idle, real.native, held)


def accrue(book: Book, snapshot: Snapshot, real: Portfolio | None) -> Book:
    """Bring every holding up to the snapshot's block. A market that was not read waits for the next."""
    states = _states(snapshot)
    return dataclasses.replace(
        book, holdings=tuple(_accrued(holding, states, snapshot, real) for holding in book.holdings)
    )


def shifted(snapshot: Snapshot, book: Book, real: Portfolio | None) -> Snapshot:
    """Return the snapshot as it would look with the book's supply in it."""
    extra = {h.slug: _virtual(h.slug, h.assets, real) for h in book.holdings}
    markets = tuple(_shift(reading, extra.get(slug_of(reading), Units(0))) for reading in snapshot.markets)
    return dataclasses.replace(snapshot, markets=markets)


def portfolio_of(book: Book, stops: tuple[str, ...]) -> Portfolio:
    """Return the book as the portfolio `decide` is given."""
    positions = tuple(Position(h.market, h.slug, book.owner, h.assets, h.assets) for h in book.holdings)
    return Portfolio(book.owner, book.asset, book.idle, book.native, positions, book.moved, stops)


def fill(book: Book, plan: Plan, cost: Cost, snapshot: Snapshot, real: Portfolio | None) -> Book:
    """Carry a plan out on paper at the snapshot's block; the book must be accrued to it.

    Conserves: idle plus holdings is the same before and after, to the unit; gas is paid in native.
    """
    states = _states(snapshot)
    amounts = {holding.slug: holding.assets for holding in book.holdings}
    idle = book.idle
    if plan.source == IDLE:
        idle = Units(idle - plan.amount)
    else:
        amounts[plan.source] = Units(amounts.get(plan.source, Units(0)) - plan.amount)
    if idle < 0 or amounts.get(plan.source, 0) < 0:
        raise MalformedError("overdrawn", f"{plan.source} does not hold {plan.amount}")
    amounts[plan.target] = Units(amounts.get(plan.target, Units(0)) + plan.amount)
    known = {holding.slug: holding for holding in book.holdings}
    touched = {plan.source, plan.target}
    holdings = tuple(
        _holding(states[slug], assets, _virtual(slug, assets, real), snapshot)
        if slug in touched
        else known[slug]
        for slug, assets in sorted(amounts.items())
        if assets > 0
    )
    # A clock that went back does not make this move older than the one before it.
    moved = (*book.moved, max((snapshot.block.timestamp, *book.moved[-1:])))[-100:]
    native = Wei(book.native - cost.wei)
    return dataclasses.replace(
        book, idle=idle, native=native, holdings=holdings, moved=moved, paid=Wei(book.paid + cost.wei)
    )


def returned(
    book: Book, slug: str, amount: Units, paid: Wei, snapshot: Snapshot, real: Portfolio | None
) -> Book:
    """Bring an amount home on paper at the snapshot's block; the book must be accrued to it.

    Conserves as `fill` does. A way home is no move: it counts in no window.
    """
    states, held = _states(snapshot), {holding.slug: holding for holding in book.holdings}
    if slug not in states:
        raise OutsideError("unread", f"{slug} was not read: nothing can be filled there", "try again")
    left = Units((held[slug].assets if slug in held else 0) - amount)
    if left < 0:
        raise MalformedError("overdrawn", f"{slug} does not hold {amount}")
    del held[slug]
    if left > 0:
        held[slug] = _holding(states[slug], left, _virtual(slug, left, real), snapshot)
    return dataclasses.replace(
        book,
        idle=Units(book.idle + amount),
        native=Wei(book.native - paid),
        holdings=tuple(held[each] for each in sorted(held)),
        paid=Wei(book.paid + paid),
    )


def worth(book: Book) -> Units:
    """Return everything the book holds, in base units of its asset."""
    return Units(book.idle + sum(holding.assets for holding in book.holdings))


def _states(snapshot: Snapshot) -> dict[str, MarketState]:
    return {r.market.slug: r for r in snapshot.markets if isinstance(r, MarketState)}


def _virtual(slug: str, assets: int, real: Portfolio | None) -> Units:
    """Return the part of a paper holding that the chain does not already know."""
    held = [p.assets for p in real.positions if isinstance(p, Position) and p.slug == slug] if real else []
    return Units(max(0, assets - sum(held)))


def _holding(state: MarketState, assets: Units, virtual: Units, snapshot: Snapshot) -> Holding:
    with_us, without_us = Units(1), Units(1)
    if state.curve is not None and virtual > 0:
        at = snapshot.block.timestamp
        without_us = Units(state.curve.rate_after(0, at))
        with_us = Units(dataclasses.replace(state.curve, shift=virtual).rate_after(0, at))
    return Holding(state.market.id, state.market.slug, assets, state.index, with_us, without_us)


def _accrued(
    holding: Holding, states: dict[str, MarketState], snapshot: Snapshot, real: Portfolio | None
) -> Holding:
    state = states.get(holding.slug)
    if state is None:
        return holding
    grown = holding.assets * (state.index - holding.index)
    if holding.rate_without > 0:
        interest = grown * holding.rate_with // (holding.index * holding.rate_without)
    else:
        interest = min(0, grown // holding.index)  # nothing was paid: only a loss can have come
    assets = Units(max(0, holding.assets + interest))
    return _holding(state, assets, _virtual(holding.slug, assets, real), snapshot)


def _shift(reading: MarketState | Unread, extra: Units) -> MarketState | Unread:
    if isinstance(reading, Unread) or extra == 0:
        return reading
    curve = None if reading.curve is None else dataclasses.replace(reading.curve, shift=extra)
    room = None if reading.room is None else Units(max(0, reading.room - extra))
    return dataclasses.replace(
        reading,
        curve=curve,
        supplied=Units(reading.supplied + extra),
        withdrawable=Units(reading.withdrawable + extra),
        room=room,
    )
