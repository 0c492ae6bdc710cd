"""The calls of a plan's legs."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

from mammon.core import abi
from mammon.core.numbers import Units
from mammon.core.plan import Plan, Step
from mammon.core.txstate import Leg, due
from mammon.core.types import Address, All, Call, Market
from mammon.protocols.abi import erc20
from mammon.protocols.base import LendingVenue
from mammon.protocols.forms import FORMS
from mammon.protocols.payers import PAYERS

Venues = Mapping[str, LendingVenue]
Markets = Mapping[str, Market]


def planned_calls(
    plan: Plan, owner: Address, venues: Venues, markets: Markets, shares: int
) -> tuple[Call, ...]:
    """Return the calls of a plan as it stands; `shares` is the whole balance in the source, if emptied."""
    return tuple(_call(step, step.amount, owner, venues, markets, shares) for step in plan.steps)


def calls_from(
    legs: Sequence[Leg], seq: int, owner: Address, venues: Venues, markets: Markets, shares: int
) -> tuple[Call, ...]:
    """Return the calls of the legs from `seq` on, amounts as measured so far."""
    ahead = ((leg.step, due(legs, leg.seq)) for leg in legs[seq:])
    return tuple(_call(step, amount, owner, venues, markets, shares) for step, amount in ahead)


def named_shares(market: Market, data: bytes) -> int:
    """Return how many of the venue's own units a withdrawal of everything names; 0 where its form has none.

    They stand where the form says: behind the five parameters of a Morpho Blue market, first elsewhere.
    """
    for form in FORMS[market.protocol]["withdraw"]:
        if form.selector == data[: len(form.selector)] and "shares" in form.arguments:
            start = len(form.selector) + abi.WORD * form.arguments.index("shares")
            return int.from_bytes(data[start : start + abi.WORD], "big")
    return 0


def subject(step: Step, markets: Markets) -> Market:
    """Return what a leg is about: a market, or for a claim the payer, with the key that the leg names."""
    found = markets[step.slug]
    if step.action != "claim":
        return found
    return dataclasses.replace(found, id=dataclasses.replace(found.id, key=step.market.key))


def _call(step: Step, amount: Units, owner: Address, venues: Venues, markets: Markets, shares: int) -> Call:
    market = subject(step, markets)
    if step.action == "claim":
        return PAYERS[step.protocol].claim(market, owner)
    if step.action == "revoke":
        return Call(market.token.address, abi.encode_call(erc20.APPROVE, market.spender, 0))
    venue = venues[market.protocol]
    if step.action == "withdraw":
        (call,) = venue.withdraw(market, All(shares) if step.everything else amount, owner)
        return call
    approval, deposit = venue.supply(market, amount, owner)
    return approval if step.action == "approve" else deposit
