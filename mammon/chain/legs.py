"""Carry a plan out leg by leg, each leg's amount measured from balances, never assumed.

A deposit after a withdrawal puts in what the withdrawal really brought, at most what was planned.
A leg is done when its balances moved as they must: a receipt alone is not proof.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from mammon.chain.sender import Receipt, Sender
from mammon.core.decide import Decision
from mammon.core.numbers import Units, Wei
from mammon.core.plan import Outcome, Plan, Step
from mammon.core.ports import Deadline
from mammon.core.types import Address, All, Call, Fees, Market, Position, Unread
from mammon.errors import MalformedError, PersonNeededError, RefusedError
from mammon.protocols.base import LendingVenue

ROUNDING_UNITS = 2
"""What a venue may keep of a deposit or a withdrawal by rounding, in base units."""


@dataclass(frozen=True, slots=True)
class Balances:
    """The wallet, its native coin, and one position at one block."""

    block: int
    idle: Units
    native: Wei
    held: Position


class Legs:
    """The executor of a world whose sender is the plain one."""

    def __init__(
        self,
        sender: Sender,
        venues: Mapping[str, LendingVenue],
        markets: Mapping[str, Market],
        balances: Callable[[Market, Address], Balances],
        deadline: Callable[[], Deadline],
    ) -> None:
        self.sender, self.venues, self.markets = sender, venues, markets
        self.balances, self.deadline = balances, deadline

    def execute(self, decision: Decision) -> Outcome:
        """Carry a decision's plan out. Raises when a leg did not do what it must; what is done stays."""
        plan, fees = decision.plan, decision.snapshot.fees
        if plan is None or isinstance(fees, Unread):
            raise MalformedError("no_plan", "there is no plan to carry out")
        owner, receipts = decision.portfolio.owner, list[Receipt]()
        began = self.balances(self.markets[plan.target], owner)
        left = amount = plan.amount
        for step in plan.steps:
            if step.action == "withdraw":
                left = self._withdraw(step, owner, fees, receipts)
                amount = Units(min(left, plan.amount))
        entered, ended = self._deposit(plan, amount, owner, fees, receipts)
        # What the account paid is what it has less of: execution, L1 data and operator fee alike.
        paid = Wei(began.native - ended.native)
        return Outcome(plan.source, plan.target, left, entered, paid, tuple(r.hash for r in receipts))

    def _withdraw(self, step: Step, owner: Address, fees: Fees, receipts: list[Receipt]) -> Units:
        market = self.markets[step.slug]
        before = self.balances(market, owner)
        form = All(before.held.shares) if step.everything else step.amount
        self._send(self.venues[market.protocol].withdraw(market, form, owner), fees, receipts)
        after = self._settled(market, owner, receipts[-1].block)
        brought = after.idle - before.idle
        if brought <= 0 or (not step.everything and abs(brought - step.amount) > ROUNDING_UNITS):
            raise PersonNeededError(
                "no_effect", f"the withdrawal from {step.slug} brought {brought} units, not {step.amount}"
            )
        return Units(brought)

    def _deposit(
        self, plan: Plan, amount: Units, owner: Address, fees: Fees, receipts: list[Receipt]
    ) -> tuple[Units, Balances]:
        market = self.markets[plan.target]
        before = self.balances(market, owner)
        self._send(self.venues[market.protocol].supply(market, amount, owner), fees, receipts)
        after = self._settled(market, owner, receipts[-1].block)
        paid, entered = before.idle - after.idle, after.held.assets - before.held.assets
        if paid != amount or entered < amount - ROUNDING_UNITS:
            raise PersonNeededError(
                "no_effect",
                f"the deposit into {plan.target} took {paid} units and shows {entered}, not {amount}",
            )
        return Units(paid), after

    def _send(self, calls: tuple[Call, ...], fees: Fees, receipts: list[Receipt]) -> None:
        for call in calls:
            receipts.append(self.sender.send(call, fees, self.deadline()))

    def _settled(self, market: Market, owner: Address, block: int) -> Balances:
        """Return balances at the receipt's block or later: a lagging replica's answer is not one."""
        deadline = self.deadline()
        while True:
            found = self.balances(market, owner)
            if found.block >= block:
                return found
            deadline.require("waiting for a node that has the receipt's block")
            self.sender.clock.sleep(1.0)


def planned_calls(
    plan: Plan, owner: Address, venues: Mapping[str, LendingVenue], markets: Mapping[str, Market], shares: int
) -> tuple[Call, ...]:
    """Return the calls of a plan as it stands; `shares` is the whole balance in the source, if emptied."""
    calls: list[Call] = []
    for step in plan.steps:
        market = markets[step.slug]
        venue = venues[market.protocol]
        if step.action == "withdraw":
            calls += venue.withdraw(market, All(shares) if step.everything else step.amount, owner)
        elif step.action == "deposit":
            calls += venue.supply(market, step.amount, owner)
    if len(calls) != len(plan.steps):
        raise RefusedError("calls", f"{len(calls)} calls for {len(plan.steps)} legs")
    return tuple(calls)
