"""Moves and plans: what would be done, leg by leg, before anybody builds a transaction.

A plan withdraws before it approves and approves before it deposits, and it conserves: what is
deposited is what was in the wallet plus what was withdrawn, never more.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from mammon.core.costs import Action, Cost
from mammon.core.numbers import Rate, Units, Usd, Wei
from mammon.core.types import MarketId, MarketState, Unread

IDLE = "idle"
"""The source that is the wallet itself: a position at a rate of zero."""
NO_REWARD = Usd(Decimal(0))


@dataclass(frozen=True, slots=True)
class Move:
    """A candidate: so much from one place to another, with what it would earn and cost."""

    source: str
    target: str
    amount: Units
    source_apy: Rate | None
    """What the amount earns where it is; None when the source could not be read."""
    target_apy: Rate | None
    """What the venue pays now."""
    target_apy_after: Rate | None
    """What the venue would pay once our amount is in, at the expected time of the deposit."""
    cost: Cost | Unread
    gain_usd: Usd | None
    """Yearly gain before cost; None when a rate or the price is not known."""
    reward_usd: Usd = NO_REWARD
    """What of it is rewards, as far as the policy counts them; the rates above are of interest alone."""


@dataclass(frozen=True, slots=True)
class Step:
    """One leg: at most one transaction."""

    action: Literal["withdraw", "approve", "deposit", "revoke", "claim"]
    """`claim`: of a reward, from who pays it; `slug`, `market` and `amount` are then the payer's."""
    slug: str
    market: MarketId
    protocol: str
    amount: Units
    everything: bool = False
    """Withdraw by the venue's own "all" form: the amount is then what the block just read implies."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The legs of one move, in order."""

    source: str
    target: str
    amount: Units
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What carrying a plan out came to. Amounts are measured, not planned."""

    source: str
    target: str
    left: Units
    """What really left the source."""
    entered: Units
    """What really entered the target."""
    gas: Wei
    """Everything paid for gas, the L1 data fee included."""
    transactions: tuple[str, ...]
    """Hashes in order; empty for a fill on paper."""


@dataclass(frozen=True, slots=True)
class Finished:
    """A move that an earlier process began and this one finished."""

    decision: str
    """Identity of the decision it carried out."""
    at: int
    """When it was decided, unix seconds of the chain."""
    outcome: Outcome


def actions_of(source: MarketState | None, target: MarketState) -> tuple[Action, ...]:
    """Return the transactions a move needs; `source` None means the money is in the wallet."""
    leaving = () if source is None else (Action(source.market.protocol, "withdraw"),)
    return (*leaving, Action("erc20", "approve"), Action(target.market.protocol, "deposit"))


def plan_of(move: Move, source: MarketState | None, target: MarketState, everything: bool) -> Plan:
    """Return the legs that carry `move` out. `everything`: the source is emptied."""
    leaving = () if source is None else (_step("withdraw", source, move.amount, everything),)
    entering = (_step("approve", target, move.amount), _step("deposit", target, move.amount))
    return Plan(move.source, move.target, move.amount, (*leaving, *entering))


def home_plan(move: Move, source: MarketState, everything: bool) -> Plan:
    """Return the one leg that brings money into the wallet. `everything`: the source is emptied."""
    return Plan(move.source, IDLE, move.amount, (_step("withdraw", source, move.amount, everything),))


def _step(
    action: Literal["withdraw", "approve", "deposit"],
    state: MarketState,
    amount: Units,
    everything: bool = False,
) -> Step:
    market = state.market
    return Step(action, market.slug, market.id, market.protocol, amount, everything)
