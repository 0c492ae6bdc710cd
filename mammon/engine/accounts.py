"""Who holds the money: an account on chain, or a paper book that lives in the state.

Both give a decision the same thing, a `View`; neither knows which world it serves.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Protocol

from mammon.core.costs import Cost
from mammon.core.decide import Decision
from mammon.core.fills import Book, accrue, fill, open_book, portfolio_of, shifted
from mammon.core.plan import Outcome
from mammon.core.types import Portfolio
from mammon.engine.cycle import View
from mammon.engine.observe import Observation
from mammon.errors import MalformedError, UsageError

Stops = Callable[[], tuple[str, ...]]
"""Names of the stops in force, asked anew at each view."""


class ChainAccount:
    """Holdings as the chain shows them, with the moves the state remembers."""

    def __init__(self, moved: Callable[[int], tuple[int, ...]], stops: Stops) -> None:
        self._moved, self._stops = moved, stops

    def view(self, observation: Observation) -> View:
        """Return the observation as read, with the account's recent moves and the stops in force."""
        held = observation.portfolio
        if held is None:
            raise UsageError("no_account", "no account is set", "give --account ADDRESS, or set `account`")
        moved = self._moved(observation.snapshot.block.timestamp)
        return View(observation.snapshot, dataclasses.replace(held, moved=moved, stops=self._stops()))

    def keep(self) -> None:
        """Keep nothing: the chain is the book."""


class Books(Protocol):
    """Where the paper book lives. `save` replaces the version it was loaded at, or raises."""

    def load(self) -> tuple[Book, int] | None: ...

    def save(self, book: Book, version: int) -> int: ...


class PaperAccount:
    """The paper book as holdings and as executor: fills go into the book at the block just read."""

    def __init__(self, books: Books, opening: Callable[[Observation], Portfolio], stops: Stops) -> None:
        self._books, self._opening, self._stops = books, opening, stops
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
        return View(seen, portfolio_of(self._book, self._stops()))

    def keep(self) -> None:
        """Save the book as accrued by the last view."""
        if self._book is not None:
            self._version = self._books.save(self._book, self._version)

    def execute(self, decision: Decision) -> Outcome:
        """Fill the decision's plan on paper and save the book."""
        chosen, plan = decision.chosen, decision.plan
        if self._book is None or self._seen is None or plan is None or chosen is None:
            raise MalformedError("no_plan", "there is no plan to fill")
        cost = chosen.move.cost
        if not isinstance(cost, Cost):
            raise MalformedError("no_cost", "a move whose cost is not known cannot be filled")
        self._book = fill(self._book, plan, cost, self._seen.snapshot, self._seen.portfolio)
        self.keep()
        return Outcome(plan.source, plan.target, plan.amount, plan.amount, cost.wei, ())
