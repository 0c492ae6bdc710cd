"""The paper book as an account: fills go into the book at the block just read."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable
from decimal import Decimal
from typing import Protocol

from mammon.core.costs import Action, Cost, wei_of
from mammon.core.decide import Decision
from mammon.core.fills import Book, accrue, fill, open_book, portfolio_of, returned, shifted
from mammon.core.numbers import Units, Usd, Wei
from mammon.core.plan import IDLE, Finished, Outcome, Plan, Step
from mammon.core.txstate import IntentKind
from mammon.core.types import Portfolio, Snapshot, Unread
from mammon.engine.accounts import Stops, Windows
from mammon.engine.observe import Observation
from mammon.engine.world import View
from mammon.errors import MalformedError, OutsideError


class Books(Protocol):
    """Where the paper book lives. `save` replaces the version it was loaded at, or raises."""

    def load(self) -> tuple[Book, int] | None: ...

    def save(self, book: Book, version: int) -> int: ...


class PaperAccount:
    """The paper book as holdings and as executor: fills go into the book at the block just read."""

    def __init__(
        self,
        books: Books,
        opening: Callable[[Observation], Portfolio],
        stops: Stops,
        windows: Windows,
    ) -> None:
        self._books, self._opening, self._stops, self._windows = books, opening, stops, windows
        self._book: Book | None = None
        self._version = 0
        self._seen: Observation | None = None

    def view(self, observation: Observation) -> View:
        """Return the market with the book's supply in it and the book, interest up to this block."""
        stored = self._books.load()
        book, self._version = stored or (open_book(self._opening(observation), observation.snapshot), 0)
        real = observation.portfolio
        self._book = accrue(book, observation.snapshot, real)
        self._seen = observation
        seen = shifted(observation.snapshot, self._book, real)
        held = portfolio_of(self._book, self._stops())
        return View(seen, dataclasses.replace(held, used=self._windows(observation.snapshot)))

    def keep(self) -> None:
        """Save the book as accrued by the last view."""
        if self._book is not None:
            self._version = self._books.save(self._book, self._version)

    def recover(self) -> tuple[Finished, ...]:
        """Return nothing: a fill is one change of the book, made or not made."""
        return ()

    def execute(self, decision: Decision) -> Outcome:
        """Fill the decision's plan on paper and save the book."""
        chosen, plan = decision.chosen, decision.plan
        if self._book is None or self._seen is None or plan is None or chosen is None:
            raise MalformedError("no_plan", "there is no plan to fill")
        seen, cost = self._seen, chosen.move.cost
        if plan.target == IDLE:
            return self.carry("exit", plan, seen.snapshot, 0)  # asks for no price of gas in dollars
        if not isinstance(cost, Cost):
            raise MalformedError("no_cost", "a move whose cost is not known cannot be filled")
        self._book = fill(self._book, plan, cost, seen.snapshot, seen.portfolio)
        self.keep()
        return Outcome(plan.source, plan.target, plan.amount, plan.amount, cost.wei, ())

    # --- commanded by a person -----------------------------------------------------------------------

    def begin(self) -> None:
        """Do nothing: a fill is one change of the book, made or not made."""

    def carry(self, kind: IntentKind, plan: Plan, snapshot: Snapshot, shares: int) -> Outcome:  # noqa: ARG002  # a book has no shares
        """Fill a plan that no decision stands behind; it counts as no move.

        Raises `OutsideError` where the venue or the price of gas was not read.
        """
        book, seen = self._book, self._seen
        if book is None or seen is None:
            raise MalformedError("no_plan", "there is no book to fill")
        paid = sum(self._wei(step, snapshot) for step in plan.steps)
        if plan.source == IDLE:
            cost = Cost(0, Wei(paid), Wei(0), Wei(0), Usd(Decimal(0)), Usd(Decimal(0)))
            filled = fill(book, plan, cost, seen.snapshot, seen.portfolio)
            self._book = dataclasses.replace(filled, moved=book.moved)
        else:
            self._book = returned(book, plan.source, plan.amount, Wei(paid), seen.snapshot, seen.portfolio)
        self.keep()
        entered = plan.amount if plan.source == IDLE else Units(0)
        return Outcome(plan.source, plan.target, plan.amount, entered, Wei(paid), ())

    def end(self) -> None:
        """Do nothing: paper allows nobody anything."""

    def pending(self) -> bool:
        """Say no: nothing of paper is ever on its way."""
        return False

    def allowance(self, slug: str) -> Units:  # noqa: ARG002  # of no venue
        """Return nothing."""
        return Units(0)

    def room(self) -> int:
        """Return that there is room: fills are no transactions."""
        return sys.maxsize

    def _wei(self, step: Step, snapshot: Snapshot) -> Wei:
        protocol = "erc20" if step.action == "approve" else step.protocol
        found = wei_of(Action(protocol, step.action), snapshot)
        if isinstance(found, Unread):
            raise OutsideError("cost", f"the price of gas was not read: {found.reason}", "try again")
        return found
