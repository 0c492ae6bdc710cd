"""Bring everything home, venue by venue: what one of them does not give keeps no other from giving.

Every world runs this function. No price, history or decision is asked for: what is held is enough.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from mammon.core.homeward import Way, ways_home
from mammon.core.numbers import Units, Wei
from mammon.core.plan import Outcome, Plan
from mammon.core.txstate import IntentKind
from mammon.core.types import Market, Snapshot, Unread, slug_of
from mammon.engine.observe import Observation
from mammon.engine.world import View, World
from mammon.errors import (
    DeadlinePassedError,
    MalformedError,
    MammonError,
    OutsideError,
    PersonNeededError,
    RefusedError,
)

TRIES = (100, 99, 90)
"""Hundredths of what can leave that are asked for, each after a rehearsal refused the one before."""


class Carrier(Protocol):
    """Carry out what a person commanded, in this world."""

    def begin(self) -> None:
        """Settle what is on the wire and put down what was begun, before anything else is done."""
        ...

    def carry(self, kind: IntentKind, plan: Plan, snapshot: Snapshot, shares: int) -> Outcome:
        """Carry a plan out; `shares`: all that is held of its source, in the venue's own units.

        Raises `RefusedError` when nothing was signed because it must not be, or it did not work.
        """
        ...

    def end(self) -> None:
        """Take back the allowances that what was put down left behind."""
        ...

    def pending(self) -> bool:
        """Say whether a transaction is still on its way, so that nothing else can be signed."""
        ...

    def allowance(self, slug: str) -> Units:
        """Return what a venue may take out of the wallet now. Raises when it could not be read."""
        ...

    def room(self) -> int:
        """Return how many transactions may still be sent in this hour."""
        ...


@dataclass(frozen=True, slots=True)
class Return:
    """What came home from one venue."""

    slug: str
    held: Units | None
    """Before; None where it was not read."""
    brought: Units
    gas: Wei
    transactions: tuple[str, ...]
    problem: MammonError | None
    """Why it is not all of it, as far as that is known."""


@dataclass(frozen=True, slots=True)
class Homecoming:
    """What came home, and where the rest is."""

    returns: tuple[Return, ...]
    after: Observation | None
    """Read when all was done; None where nothing could be read any more."""
    view: View | None
    """The same with the holdings of this world."""
    stopped: PersonNeededError | None
    """What ended it before every venue was asked."""

    def left(self, slug: str) -> Units | None:
        """Return what a venue still holds; None where that is not known."""
        if self.view is None:
            return None
        held = next((one for one in self.view.portfolio.positions if slug_of(one) == slug), None)
        if isinstance(held, Unread):
            return None
        return Units(0) if held is None else held.assets

    @property
    def whole(self) -> bool:
        """Whether everything is home, and known to be."""
        if self.view is None or self.stopped is not None:
            return False
        return not any(isinstance(held, Unread) or held.assets > 0 for held in self.view.portfolio.positions)


def seen(world: World) -> tuple[Observation, View]:
    """Read everything at one block; return it with the holdings of this world."""
    found = world.observe()
    return found, world.holdings.view(found)


def bring_home(world: World, carrier: Carrier, markets: Mapping[str, Market]) -> Homecoming:
    """Withdraw everything from every venue. Raises only when it could not begin."""
    carrier.begin()
    _, view = seen(world)
    returns, stopped = [], None
    for way in ways_home(view.snapshot, view.portfolio, markets):
        if isinstance(way, Unread):
            returns.append(Return(way.subject, None, Units(0), Wei(0), (), _unread(way)))
        elif stopped is not None or carrier.pending():
            returns.append(Return(way.market.slug, way.held, Units(0), Wei(0), (), _waiting()))
        else:
            found = _from(world, carrier, markets, way)
            returns.append(found)
            stopped = found.problem if isinstance(found.problem, PersonNeededError) else None
    if stopped is None and not carrier.pending():
        carrier.end()
    try:
        after, last = seen(world)
    except (OutsideError, MalformedError):
        return Homecoming(tuple(returns), None, None, stopped)
    return Homecoming(tuple(returns), after, last, stopped)


def _from(world: World, carrier: Carrier, markets: Mapping[str, Market], first: Way) -> Return:
    """Bring home what one venue gives; a part of it where a rehearsal says that all cannot leave."""
    slug, problem = first.market.slug, None
    for parts in TRIES:
        try:
            _, view = seen(world)
            ways = ways_home(view.snapshot, view.portfolio, markets)
            way = next((one for one in ways if isinstance(one, Way) and one.market.slug == slug), first)
            plan = way.plan(parts)
            if plan.amount == 0:
                break
            made = carrier.carry("exit", plan, view.snapshot, way.shares)
        except DeadlinePassedError:
            raise
        except RefusedError as error:
            problem = error
            if error.code != "rehearsal_failed":
                break
        except (OutsideError, MalformedError, PersonNeededError) as error:
            return Return(slug, first.held, Units(0), Wei(0), (), error)
        else:
            return Return(slug, first.held, made.left, made.gas, made.transactions, None)
    return Return(slug, first.held, Units(0), Wei(0), (), problem)


def _unread(way: Unread) -> MammonError:
    return OutsideError(way.code, f"what {way.subject} holds was not read: {way.reason}", "run again")


def _waiting() -> MammonError:
    return OutsideError("not_asked", "not asked: what came before it is not settled", "run again")
