"""Drill: a tiny round trip through a venue, every unit accounted for. Every world runs this function."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from mammon.core.numbers import Units, Wei
from mammon.core.plan import IDLE, Outcome, Plan, Step
from mammon.core.types import Market, Portfolio, Position, Unread, slug_of
from mammon.engine.homecoming import Carrier, seen
from mammon.engine.world import World
from mammon.errors import DeadlinePassedError, MammonError, OutsideError, RefusedError

ROUNDING_UNITS = 2
"""What a venue may keep of each step by rounding, in base units."""
TRANSACTIONS = 3
"""What a round trip takes: approve, deposit, withdraw."""


@dataclass(frozen=True, slots=True)
class Drilled:
    """What a round trip through one venue came to."""

    slug: str
    passed: bool
    entered: Units
    brought: Units
    lost: Units
    """To rounding, in base units: what went in and neither came back nor is held."""
    allowance: Units | None
    """What the venue may still take; None where it was not read."""
    gas: Wei
    transactions: tuple[str, ...]
    problem: MammonError | None


def drill(world: World, carrier: Carrier, market: Market, amount: Units) -> Drilled:
    """Deposit an amount into a venue, read it back, withdraw it, and check every unit.

    What was held there before stays. Raises nothing but `DeadlinePassedError`: what went wrong is in the
    result, and so is how far it came.
    """
    trip = _Trip(world, carrier, market, amount)
    problem: MammonError | None = None
    try:
        trip.run()
    except DeadlinePassedError:
        raise
    except MammonError as error:
        problem = trip.told(error)
    return Drilled(
        market.slug,
        problem is None,
        trip.entered,
        trip.brought,
        trip.lost,
        trip.allowance,
        Wei(sum(one.gas for one in trip.outcomes)),
        tuple(hash_ for one in trip.outcomes for hash_ in one.transactions),
        problem,
    )


class _Trip:
    """One round trip, as far as it came."""

    def __init__(self, world: World, carrier: Carrier, market: Market, amount: Units) -> None:
        self.world, self.carrier, self.market, self.amount = world, carrier, market, amount
        self.entered = self.brought = self.lost = Units(0)
        self.allowance: Units | None = None
        self.outcomes: list[Outcome] = []

    def run(self) -> None:
        """Go there and back again. Raises at the first thing that is not as it must be."""
        before = self._begun()
        back = self._in(before)
        self.outcomes.append(back)
        self.brought = back.left
        after = self._held(self._portfolio())
        self.allowance = self.carrier.allowance(self.market.slug)
        self.lost = Units(max(0, self.entered + before.assets - self.brought - after.assets))
        if self.lost > 2 * ROUNDING_UNITS:
            raise RefusedError(
                "lost", f"{self.lost} units of {self.entered} went missing", "look at `tx list`"
            )
        if after.assets and not before.assets:
            raise RefusedError("left", f"{after.assets} units stayed behind", "`mammon exit-all`")
        if self.allowance:
            raise RefusedError("allowance", f"{self.allowance} units may still be taken", "look at `tx list`")

    def told(self, error: MammonError) -> MammonError:
        """Return a failure, with where the money is when it went in and did not come back."""
        if not self.entered or self.brought:
            return error
        where = f"{error.message}; the {self.entered} units are in {self.market.slug}"
        return type(error)(error.code, where, "`mammon exit-all` brings them home")

    def _begun(self) -> Position:
        if self.carrier.room() < TRANSACTIONS:
            raise RefusedError("hourly", "too many transactions in the last hour; drill it in an hour", "")
        portfolio = self._portfolio()
        if isinstance(portfolio.idle, Unread) or portfolio.idle < self.amount:
            has = "an unknown amount" if isinstance(portfolio.idle, Unread) else f"{portfolio.idle} units"
            raise RefusedError("idle", f"the wallet has {has}, {self.amount} are needed", "keep some idle")
        return self._held(portfolio)

    def _in(self, before: Position) -> Outcome:
        """Deposit, read back, withdraw; return what the withdrawal came to."""
        whole = Units(self.amount)
        steps = (self._step("approve", whole), self._step("deposit", whole))
        made = self._carried(Plan(IDLE, self.market.slug, whole, steps), 0)
        self.outcomes.append(made)
        self.entered = made.entered
        if self.entered != self.amount:
            raise RefusedError("entered", f"{self.entered} units went in, not {self.amount}", "")
        held = self._held(self._portfolio())
        if held.assets < before.assets + self.entered - ROUNDING_UNITS:
            more = held.assets - before.assets
            raise RefusedError("not_credited", f"{self.entered} units went in, {more} are shown", "")
        everything = before.assets == 0
        out = held.assets if everything else self.entered
        step = self._step("withdraw", out, everything)
        return self._carried(Plan(self.market.slug, IDLE, out, (step,)), held.shares)

    def _carried(self, plan: Plan, shares: int) -> Outcome:
        _, view = seen(self.world)
        return self.carrier.carry("drill", plan, view.snapshot, shares)

    def _portfolio(self) -> Portfolio:
        return seen(self.world)[1].portfolio

    def _held(self, portfolio: Portfolio) -> Position:
        """Return what is held in the venue. Raises `OutsideError` where it was not read."""
        slug = self.market.slug
        nothing = Position(self.market.id, slug, portfolio.owner, Units(0), Units(0))
        held = next((one for one in portfolio.positions if slug_of(one) == slug), nothing)
        if isinstance(held, Unread):
            raise OutsideError(held.code, f"{slug} was not read: {held.reason}", "try again")
        return held

    def _step(
        self, action: Literal["approve", "deposit", "withdraw"], amount: Units, everything: bool = False
    ) -> Step:
        market = self.market
        return Step(action, market.slug, market.id, market.protocol, amount, everything)
