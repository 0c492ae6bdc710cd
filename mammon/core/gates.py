"""The gates: every question a move must answer, each judged, none skipped.

A gate is a pure function from a `Case` to a `Verdict`; a refusal is data. Profit gates ask whether
the move pays, safety gates whether it may be made at all: a plan that profits but is unsafe is a
different outcome (exit 3) from one that does not pay (hold). What could not be known does not pass.
The gates of the limits stand in `limit_gates`, the table of all of them here.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Literal

from mammon.core import limit_gates, price_gates, risk_gates
from mammon.core.bait import bait
from mammon.core.case import Case, Money, at_least, at_most, count, unknown
from mammon.core.collateral import unpriced
from mammon.core.costs import asset_usd, price_problem
from mammon.core.danger import entry_dangers
from mammon.core.earned import earned, rate_agrees
from mammon.core.numbers import Units
from mammon.core.plan import Move
from mammon.core.policy import Policy
from mammon.core.types import Portfolio, Price, Sequencer, Snapshot, Unread, Verdict

Kind = Literal["profit", "safety"]
DAYS_PER_YEAR = 365


@dataclass(frozen=True, slots=True)
class Gate:
    """A named question. The name is the stable code of its refusal."""

    code: str
    kind: Kind
    judge: Callable[[Case], Verdict]
    account: bool = False
    """It asks about the chain and the account alone: one verdict serves every candidate of a decision."""


def judge(case: Case, settled: dict[str, Verdict]) -> tuple[Verdict, ...]:
    """Return every gate's verdict on one case, in the order of `GATES`.

    `settled` keeps the verdicts of the account's gates from one candidate of a decision to the next.
    """
    if not settled:
        settled.update((gate.code, gate.judge(case)) for gate in GATES if gate.account)
    return tuple([settled[gate.code] if gate.account else gate.judge(case) for gate in GATES])


def refusals(verdicts: tuple[Verdict, ...], kind: Kind) -> tuple[str, ...]:
    """Return the codes of the gates of one kind that refused."""
    return tuple(v.gate for v in verdicts if not v.passed and KINDS[v.gate] == kind)


# --- profit --------------------------------------------------------------------------------------


def money_of(move: Move, snapshot: Snapshot, portfolio: Portfolio, policy: Policy) -> Money | str:
    """Return the dollars of a move, or a code of what is not known."""
    price = snapshot.asset_usd
    if move.source_apy is None:
        return "source_rate_unknown"
    if move.gain_usd is None:
        return "target_rate_unknown"
    problem = price_problem(price, snapshot.block, policy.price_margin)
    if problem or not isinstance(price, Price):
        return f"asset_usd:{problem}"
    if isinstance(move.cost, Unread):
        return f"cost:{move.cost.code}"
    if move.amount <= 0:
        return "nothing_to_move"
    amount = asset_usd(move.amount, portfolio.asset.decimals, price)
    return Money(amount, move.gain_usd, move.cost.usd)


def _apy_gain(case: Case) -> Verdict:
    money = case.money
    if isinstance(money, str):
        return unknown("apy_gain", "fraction", money)
    return at_least(
        "apy_gain", (money.gain - money.cost) / money.amount, case.policy.min_apy_gain, "fraction"
    )


def _annual_gain(case: Case) -> Verdict:
    money = case.money
    if isinstance(money, str):
        return unknown("annual_gain", "usd", money)
    return at_least("annual_gain", money.gain - money.cost, case.policy.min_annual_gain_usd, "usd")


def _break_even(case: Case) -> Verdict:
    money, limit = case.money, case.policy.max_break_even_days
    if isinstance(money, str):
        return unknown("break_even", "days", money)
    if money.gain <= 0:
        return unknown("break_even", "days", "never")
    days = money.cost * DAYS_PER_YEAR / money.gain
    # The verdict compares products, so that no quotient's rounding can move it across the limit.
    passed = money.cost * DAYS_PER_YEAR <= limit * money.gain
    return Verdict("break_even", passed, days, limit, limit - days, "days")


def _cost_share(case: Case) -> Verdict:
    money = case.money
    if isinstance(money, str):
        return unknown("cost_share", "fraction", money)
    return at_most("cost_share", money.cost / money.amount, case.policy.max_cost_share, "fraction")


# --- safety: the venue and what we would hold there ----------------------------------------------


def _source_funds(case: Case) -> Verdict:
    if case.available is None:
        return unknown("source_funds", "units", "source_unread")
    return at_most("source_funds", case.move.amount, case.available, "units")


def _venue_read(case: Case) -> Verdict:
    target = case.target
    return count("venue_read", (target.code,) if isinstance(target, Unread) else ())


def _venue_open(case: Case) -> Verdict:
    target = case.target
    if isinstance(target, Unread):
        return unknown("venue_open", "count", f"unread:{target.code}")
    unsupported = () if target.market.deposits else ("deposits_off",)
    return count("venue_open", unsupported + target.closed + target.locked)


def _no_loss(case: Case) -> Verdict:
    target = case.target
    if isinstance(target, Unread):
        return unknown("no_loss", "units", f"unread:{target.code}")
    return _losses(target.evidence)


@lru_cache(maxsize=256)
def _losses(evidence: tuple[tuple[str, Units], ...]) -> Verdict:
    worst = max([amount for _, amount in evidence], default=0)
    names = ",".join([name for name, amount in evidence if amount > 0])
    return Verdict("no_loss", worst <= 0, Decimal(worst), Decimal(0), Decimal(-worst), "units", names)


def _no_danger(case: Case) -> Verdict:
    target = case.target
    if isinstance(target, Unread):
        return unknown("no_danger", "count", f"unread:{target.code}")
    if case.held is None:
        return unknown("no_danger", "count", "position_unread")
    holding, snapshot = case.held + case.move.amount, case.snapshot
    multiple, margin = case.policy.danger_liquidity_multiple, case.policy.price_margin
    verdict = count("no_danger", entry_dangers(target, holding, snapshot, multiple, margin))
    silent = unpriced(target, snapshot, margin) if verdict.passed else ()
    # What nobody prices is neither danger nor safety: it passes, and says so.
    return dataclasses.replace(verdict, detail=f"unpriced:{','.join(silent)}") if silent else verdict


def _rate_sane(case: Case) -> Verdict:
    rate = case.move.target_apy
    if rate is None:
        return unknown("rate_sane", "fraction", "target_rate_unknown")
    if rate < 0:
        return at_least("rate_sane", rate, 0, "fraction")
    return at_most("rate_sane", rate, case.policy.max_apy, "fraction")


def _cap_room(case: Case) -> Verdict:
    target = case.target
    if isinstance(target, Unread):
        return unknown("cap_room", "units", f"unread:{target.code}")
    if target.room is None:
        return Verdict("cap_room", True, Decimal(case.move.amount), None, None, "units", "no_cap")
    return at_most("cap_room", case.move.amount, target.room, "units")


def _exit_liquidity(case: Case) -> Verdict:
    target = case.target
    if isinstance(target, Unread):
        return unknown("exit_liquidity", "ratio", f"unread:{target.code}")
    if case.held is None:
        return unknown("exit_liquidity", "ratio", "position_unread")
    holding = case.held + case.move.amount
    if holding <= 0:
        return unknown("exit_liquidity", "ratio", "nothing_to_move")
    limit = case.policy.exit_liquidity_multiple
    ratio = Decimal(target.withdrawable) / holding
    passed = target.withdrawable >= limit * holding
    return Verdict("exit_liquidity", passed, ratio, limit, ratio - limit, "ratio")


def _pool_share(case: Case) -> Verdict:
    target = case.target
    if isinstance(target, Unread):
        return unknown("pool_share", "fraction", f"unread:{target.code}")
    if case.held is None:
        return unknown("pool_share", "fraction", "position_unread")
    holding = case.held + case.move.amount
    whole = target.supplied + case.move.amount
    if whole <= 0:
        return unknown("pool_share", "fraction", "empty_market")
    return at_most("pool_share", Decimal(holding) / whole, case.policy.max_pool_share, "fraction")


# --- safety: the chain and the account -----------------------------------------------------------


def freshness(snapshot: Snapshot, now: int, most_s: int) -> Verdict:
    """Ask how far in time the block is that was read: clocks are slow by seconds, blocks late by them."""
    age = now - snapshot.block.timestamp
    verdict = at_most("data_fresh", abs(age), most_s, "s")
    if age >= 0 or verdict.passed:
        return verdict
    return dataclasses.replace(verdict, detail="block_from_the_future")


def _data_fresh(case: Case) -> Verdict:
    return freshness(case.snapshot, case.now, case.policy.max_data_age_s)


def _peg(case: Case) -> Verdict:
    price = case.snapshot.asset_usd
    problem = price_problem(price, case.snapshot.block, case.policy.price_margin)
    if problem or not isinstance(price, Price):
        return unknown("peg", "usd", problem)
    low, high, usd = case.policy.min_price_usd, case.policy.max_price_usd, price.usd
    return at_least("peg", usd, low, "usd") if usd - low < high - usd else at_most("peg", usd, high, "usd")


def _sequencer(case: Case) -> Verdict:
    reading, limit = case.snapshot.sequencer, case.policy.sequencer_grace_s
    if reading is None:
        return Verdict("sequencer", True, None, None, None, "s", "no_feed_on_this_chain")
    if not isinstance(reading, Sequencer):
        return unknown("sequencer", "s", f"unread:{reading.code}")
    if not reading.up:
        return unknown("sequencer", "s", "down")
    return at_least("sequencer", case.snapshot.block.timestamp - reading.since, limit, "s")


GATES: tuple[Gate, ...] = (
    Gate("apy_gain", "profit", _apy_gain),
    Gate("annual_gain", "profit", _annual_gain),
    Gate("break_even", "profit", _break_even),
    Gate("cost_share", "profit", _cost_share),
    Gate("risk_gain", "profit", risk_gates.risk_gain),
    Gate("source_funds", "safety", _source_funds),
    Gate("venue_read", "safety", _venue_read),
    Gate("venue_open", "safety", _venue_open),
    Gate("no_loss", "safety", _no_loss),
    Gate("no_danger", "safety", _no_danger),
    Gate("rate_sane", "safety", _rate_sane),
    Gate("bait", "safety", bait),
    Gate("earned", "safety", earned),
    Gate("rate_agrees", "safety", rate_agrees),
    Gate("cap_room", "safety", _cap_room),
    Gate("exit_liquidity", "safety", _exit_liquidity),
    Gate("pool_share", "safety", _pool_share),
    Gate("venue_share", "safety", limit_gates.venue_share),
    Gate("tier_cap", "safety", risk_gates.tier_cap),
    Gate("shared_risk", "safety", risk_gates.shared_risk),
    Gate("concentration", "safety", risk_gates.concentrated),
    Gate("cycle_share", "safety", limit_gates.cycle_share),
    Gate("total_ceiling", "safety", limit_gates.total_ceiling),
    Gate("data_fresh", "safety", _data_fresh, account=True),
    Gate("peg", "safety", _peg, account=True),
    Gate("price_agrees", "safety", price_gates.price_agrees, account=True),
    Gate("price_steady", "safety", price_gates.price_steady, account=True),
    Gate("sequencer", "safety", _sequencer, account=True),
    Gate("gas_ceiling", "safety", limit_gates.gas_ceiling),
    Gate("daily_gas", "safety", limit_gates.daily_gas),
    Gate("cooldown", "safety", limit_gates.cooldown, account=True),
    Gate("daily_moves", "safety", limit_gates.daily_moves, account=True),
    Gate("hourly_transactions", "safety", limit_gates.hourly_transactions),
    Gate("stops", "safety", limit_gates.stops, account=True),
)
"""Every gate, in the order verdicts are listed. Profit first, then the venue, then the account."""

KINDS: dict[str, Kind] = {gate.code: gate.kind for gate in GATES}
