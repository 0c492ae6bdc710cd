"""The gates: every question a move must answer, each judged, none skipped.

A gate is a pure function from a `Case` to a `Verdict`; a refusal is data. Profit gates ask whether
the move pays, safety gates whether it may be made at all: a plan that profits but is unsafe is a
different outcome (exit 3) from one that does not pay (hold). What could not be known does not pass.
Rule for reading the numbers: `margin` is positive when the gate passes, in the unit of both sides.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Literal

from mammon.core.costs import Cost, asset_usd, price_problem
from mammon.core.fixed import SECONDS_PER_DAY
from mammon.core.plan import Move
from mammon.core.policy import Policy
from mammon.core.types import MarketState, Portfolio, Price, Sequencer, Snapshot, Unread, Verdict

Kind = Literal["profit", "safety"]
DAYS_PER_YEAR = 365


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
    available: int | None
    """What could leave the source in this block, base units; None when that is not known."""
    held: int | None
    """What the account already has in the target, base units; None when that is not known."""
    snapshot: Snapshot
    portfolio: Portfolio
    policy: Policy
    now: int


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
    verdicts: list[Verdict] = []
    for gate in GATES:
        verdict = settled.get(gate.code)
        if verdict is None:
            verdict = gate.judge(case)
            if gate.account:
                settled[gate.code] = verdict
        verdicts.append(verdict)
    return tuple(verdicts)


def refusals(verdicts: tuple[Verdict, ...], kind: Kind) -> tuple[str, ...]:
    """Return the codes of the gates of one kind that refused."""
    return tuple(v.gate for v in verdicts if not v.passed and KINDS[v.gate] == kind)


# --- verdicts ------------------------------------------------------------------------------------


def _at_least(gate: str, measured: Decimal | int, limit: Decimal | int, unit: str) -> Verdict:
    have, floor = Decimal(measured), Decimal(limit)
    return Verdict(gate, have >= floor, have, floor, have - floor, unit)


def _at_most(gate: str, measured: Decimal | int, limit: Decimal | int, unit: str) -> Verdict:
    have, ceiling = Decimal(measured), Decimal(limit)
    return Verdict(gate, have <= ceiling, have, ceiling, ceiling - have, unit)


def _unknown(gate: str, unit: str, detail: str) -> Verdict:
    return Verdict(gate, False, None, None, None, unit, detail)


@lru_cache(maxsize=256)
def _count(gate: str, problems: tuple[str, ...]) -> Verdict:
    found = Decimal(len(problems))
    return Verdict(gate, not problems, found, Decimal(0), -found, "count", ",".join(problems))


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
        return _unknown("apy_gain", "fraction", money)
    return _at_least(
        "apy_gain", (money.gain - money.cost) / money.amount, case.policy.min_apy_gain, "fraction"
    )


def _annual_gain(case: Case) -> Verdict:
    money = case.money
    if isinstance(money, str):
        return _unknown("annual_gain", "usd", money)
    return _at_least("annual_gain", money.gain - money.cost, case.policy.min_annual_gain_usd, "usd")


def _break_even(case: Case) -> Verdict:
    money, limit = case.money, case.policy.max_break_even_days
    if isinstance(money, str):
        return _unknown("break_even", "days", money)
    if money.gain <= 0:
        return _unknown("break_even", "days", "never")
    days = money.cost * DAYS_PER_YEAR / money.gain
    # The verdict compares products, so that no quotient's rounding can move it across the limit.
    passed = money.cost * DAYS_PER_YEAR <= limit * money.gain
    return Verdict("break_even", passed, days, limit, limit - days, "days")


def _cost_share(case: Case) -> Verdict:
    money = case.money
    if isinstance(money, str):
        return _unknown("cost_share", "fraction", money)
    return _at_most("cost_share", money.cost / money.amount, case.policy.max_cost_share, "fraction")


# --- safety: the venue and what we would hold there ----------------------------------------------


def _source_funds(case: Case) -> Verdict:
    if case.available is None:
        return _unknown("source_funds", "units", "source_unread")
    return _at_most("source_funds", case.move.amount, case.available, "units")


def _venue_read(case: Case) -> Verdict:
    target = case.target
    return _count("venue_read", (target.code,) if isinstance(target, Unread) else ())


def _venue_open(case: Case) -> Verdict:
    target = case.target
    if isinstance(target, Unread):
        return _unknown("venue_open", "count", f"unread:{target.code}")
    unsupported = () if target.market.deposits else ("deposits_off",)
    return _count("venue_open", unsupported + target.closed + target.locked)


def _no_loss(case: Case) -> Verdict:
    target = case.target
    if isinstance(target, Unread):
        return _unknown("no_loss", "units", f"unread:{target.code}")
    worst = max([amount for _, amount in target.evidence], default=0)
    names = ",".join([name for name, amount in target.evidence if amount > 0])
    return Verdict("no_loss", worst <= 0, Decimal(worst), Decimal(0), Decimal(-worst), "units", names)


def _rate_sane(case: Case) -> Verdict:
    rate = case.move.target_apy
    if rate is None:
        return _unknown("rate_sane", "fraction", "target_rate_unknown")
    if rate < 0:
        return _at_least("rate_sane", rate, 0, "fraction")
    return _at_most("rate_sane", rate, case.policy.max_apy, "fraction")


def _cap_room(case: Case) -> Verdict:
    target = case.target
    if isinstance(target, Unread):
        return _unknown("cap_room", "units", f"unread:{target.code}")
    if target.room is None:
        return Verdict("cap_room", True, Decimal(case.move.amount), None, None, "units", "no_cap")
    return _at_most("cap_room", case.move.amount, target.room, "units")


def _exit_liquidity(case: Case) -> Verdict:
    target = case.target
    if isinstance(target, Unread):
        return _unknown("exit_liquidity", "ratio", f"unread:{target.code}")
    if case.held is None:
        return _unknown("exit_liquidity", "ratio", "position_unread")
    holding = case.held + case.move.amount
    if holding <= 0:
        return _unknown("exit_liquidity", "ratio", "nothing_to_move")
    limit = case.policy.exit_liquidity_multiple
    ratio = Decimal(target.withdrawable) / holding
    passed = target.withdrawable >= limit * holding
    return Verdict("exit_liquidity", passed, ratio, limit, ratio - limit, "ratio")


def _pool_share(case: Case) -> Verdict:
    target = case.target
    if isinstance(target, Unread):
        return _unknown("pool_share", "fraction", f"unread:{target.code}")
    if case.held is None:
        return _unknown("pool_share", "fraction", "position_unread")
    holding = case.held + case.move.amount
    whole = target.supplied + case.move.amount
    if whole <= 0:
        return _unknown("pool_share", "fraction", "empty_market")
    return _at_most("pool_share", Decimal(holding) / whole, case.policy.max_pool_share, "fraction")


# --- safety: the chain and the account -----------------------------------------------------------


def _data_fresh(case: Case) -> Verdict:
    age = case.now - case.snapshot.block.timestamp
    verdict = _at_most("data_fresh", abs(age), case.policy.max_data_age_s, "s")
    return verdict if age >= 0 else Verdict(*_fields(verdict), "block_from_the_future")


def _peg(case: Case) -> Verdict:
    price = case.snapshot.asset_usd
    problem = price_problem(price, case.snapshot.block, case.policy.price_margin)
    if problem or not isinstance(price, Price):
        return _unknown("peg", "usd", problem)
    low, high, usd = case.policy.min_price_usd, case.policy.max_price_usd, price.usd
    return _at_least("peg", usd, low, "usd") if usd - low < high - usd else _at_most("peg", usd, high, "usd")


def _sequencer(case: Case) -> Verdict:
    reading, limit = case.snapshot.sequencer, case.policy.sequencer_grace_s
    if reading is None:
        return Verdict("sequencer", True, None, None, None, "s", "no_feed_on_this_chain")
    if not isinstance(reading, Sequencer):
        return _unknown("sequencer", "s", f"unread:{reading.code}")
    if not reading.up:
        return _unknown("sequencer", "s", "down")
    return _at_least("sequencer", case.snapshot.block.timestamp - reading.since, limit, "s")


def _gas_ceiling(case: Case) -> Verdict:
    cost = case.move.cost
    if not isinstance(cost, Cost):
        return _unknown("gas_ceiling", "usd", f"cost:{cost.code}")
    return _at_most("gas_ceiling", cost.dearest_usd, case.policy.max_gas_usd, "usd")


def _cooldown(case: Case) -> Verdict:
    limit, moved = case.policy.cooldown_s, case.portfolio.moved
    if not moved:
        return Verdict("cooldown", True, None, Decimal(limit), None, "s", "no_move_yet")
    return _at_least("cooldown", _ledger_time(case) - moved[-1], limit, "s")


def _daily_moves(case: Case) -> Verdict:
    since = _ledger_time(case) - SECONDS_PER_DAY
    today = sum(1 for at in case.portfolio.moved if at > since)
    return _at_most("daily_moves", today + 1, case.policy.max_moves_per_day, "count")


def _stops(case: Case) -> Verdict:
    return _count("stops", case.portfolio.stops)


def _ledger_time(case: Case) -> int:
    """Return block time: a stepped wall clock cannot reopen a window."""
    return case.snapshot.block.timestamp


def _fields(v: Verdict) -> tuple[str, bool, Decimal | None, Decimal | None, Decimal | None, str]:
    return v.gate, False, v.measured, v.limit, v.margin, v.unit


GATES: tuple[Gate, ...] = (
    Gate("apy_gain", "profit", _apy_gain),
    Gate("annual_gain", "profit", _annual_gain),
    Gate("break_even", "profit", _break_even),
    Gate("cost_share", "profit", _cost_share),
    Gate("source_funds", "safety", _source_funds),
    Gate("venue_read", "safety", _venue_read),
    Gate("venue_open", "safety", _venue_open),
    Gate("no_loss", "safety", _no_loss),
    Gate("rate_sane", "safety", _rate_sane),
    Gate("cap_room", "safety", _cap_room),
    Gate("exit_liquidity", "safety", _exit_liquidity),
    Gate("pool_share", "safety", _pool_share),
    Gate("data_fresh", "safety", _data_fresh, account=True),
    Gate("peg", "safety", _peg, account=True),
    Gate("sequencer", "safety", _sequencer, account=True),
    Gate("gas_ceiling", "safety", _gas_ceiling),
    Gate("cooldown", "safety", _cooldown, account=True),
    Gate("daily_moves", "safety", _daily_moves, account=True),
    Gate("stops", "safety", _stops, account=True),
)
"""Every gate, in the order verdicts are listed. Profit first, then the venue, then the account."""

KINDS: dict[str, Kind] = {gate.code: gate.kind for gate in GATES}
