"""Cases: what one judgement rests on, and the verdicts it can come to.

Rule for reading the numbers: `margin` is positive when the gate passes, in the unit of both sides.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from mammon.core.plan import Move
from mammon.core.policy import Policy
from mammon.core.risk.rating import Rating
from mammon.core.room import Stake
from mammon.core.types import MarketState, Portfolio, Snapshot, Unread, Verdict


@dataclass(frozen=True, slots=True)
class Money:
    """The dollars of one move: what is moved, gained in a year before cost, and paid."""

    amount: Decimal
    gain: Decimal
    cost: Decimal


@dataclass(frozen=True, slots=True)
class Case:
    """Everything one judgement rests on."""

    move: Move
    money: Money | str
    """`money_of` the move."""
    target: MarketState | Unread
    rating: Rating | None
    """How the target stands; None where it was not read."""
    source_rating: Rating | None
    """How the source stands; None for the wallet, and where it was not read."""
    available: int | None
    """What could leave the source in this block, base units; None when that is not known."""
    held: int | None
    """What the account already has in the target, base units; None when that is not known."""
    stake: Stake
    """What the account has altogether."""
    returning: bool
    """The money was in a venue until this very move took it out."""
    snapshot: Snapshot
    portfolio: Portfolio
    policy: Policy
    now: int


def at_least(gate: str, measured: Decimal | int, limit: Decimal | int, unit: str) -> Verdict:
    """Return the verdict that what was measured must reach the limit."""
    have, floor = Decimal(measured), Decimal(limit)
    return Verdict(gate, have >= floor, have, floor, have - floor, unit)


def at_most(gate: str, measured: Decimal | int, limit: Decimal | int, unit: str) -> Verdict:
    """Return the verdict that what was measured must not exceed the limit."""
    have, ceiling = Decimal(measured), Decimal(limit)
    return Verdict(gate, have <= ceiling, have, ceiling, ceiling - have, unit)


@lru_cache(maxsize=256)
def unknown(gate: str, unit: str, detail: str) -> Verdict:
    """Return the refusal of what could not be known."""
    return Verdict(gate, False, None, None, None, unit, detail)


@lru_cache(maxsize=256)
def unlimited(gate: str, unit: str, detail: str) -> Verdict:
    """Return the pass of what nothing limits."""
    return Verdict(gate, True, None, None, None, unit, detail)


@lru_cache(maxsize=256)
def count(gate: str, problems: tuple[str, ...]) -> Verdict:
    """Return the verdict that there must be no problem; names those there are."""
    found = Decimal(len(problems))
    return Verdict(gate, not problems, found, Decimal(0), -found, "count", ",".join(problems))
