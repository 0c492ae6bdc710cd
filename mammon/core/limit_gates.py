"""The gates of the limits: how much, how often, at what price for gas, and whether anything stands still.

Windows are rolling ones, on the ledger's time. The figures are the policy's, already held down to the
phase's (`limits.effective`).
"""

from __future__ import annotations

from decimal import Decimal

from mammon.core.case import Case, at_least, at_most, count, unknown, unlimited
from mammon.core.costs import Cost
from mammon.core.fixed import SECONDS_PER_DAY
from mammon.core.limits import ledger_time
from mammon.core.numbers import Fraction, Usd
from mammon.core.plan import IDLE
from mammon.core.room import INTEREST_ROOM, share_limit, transactions_of
from mammon.core.types import Unread, Verdict


def venue_share(case: Case) -> Verdict:
    """Ask how much we would hold in the target."""
    holding = None if case.held is None else case.held + case.move.amount
    policy = case.policy
    return _of_whole("venue_share", case, holding, policy.max_venue_share, policy.venue_share_above_usd)


def cycle_share(case: Case) -> Verdict:
    """Ask how much is moved at once."""
    policy = case.policy
    return _of_whole(
        "cycle_share", case, case.move.amount, policy.max_cycle_share, policy.cycle_share_above_usd
    )


def total_ceiling(case: Case) -> Verdict:
    """Ask how much would be deposited after the move.

    A move between venues adds nothing, also once its money is out of the first: then what it carries
    must be within the ceiling, and what is deposited within the ceiling and the interest it may have earned.
    """
    ceiling, deposited, amount = case.stake.ceiling, case.stake.deposited, case.move.amount
    if case.policy.max_total_usd is None or ceiling is None:
        return unlimited("total_ceiling", "units", "no_ceiling")
    if deposited is None:
        return unknown("total_ceiling", "units", "position_unread")
    after = deposited + amount if case.move.source == IDLE else deposited
    if case.move.source == IDLE and not case.returning:
        return at_most("total_ceiling", after, ceiling, "units")
    carried = at_most("total_ceiling", amount, ceiling, "units")
    grown = at_most("total_ceiling", after, ceiling + ceiling // INTEREST_ROOM, "units")
    return carried if not carried.passed else grown


def gas_ceiling(case: Case) -> Verdict:
    """Ask what the dearest transaction costs."""
    cost = case.move.cost
    if not isinstance(cost, Cost):
        return unknown("gas_ceiling", "usd", f"cost:{cost.code}")
    return at_most("gas_ceiling", cost.dearest_usd, case.policy.max_gas_usd, "usd")


def daily_gas(case: Case) -> Verdict:
    """Ask what 24 hours of gas come to with this move."""
    cost, used = case.move.cost, case.portfolio.used.gas_usd
    if not isinstance(cost, Cost):
        return unknown("daily_gas", "usd", f"cost:{cost.code}")
    if isinstance(used, Unread):
        return unknown("daily_gas", "usd", f"unread:{used.code}")
    return at_most("daily_gas", used + cost.usd, case.policy.max_gas_day_usd, "usd")


def cooldown(case: Case) -> Verdict:
    """Ask how long ago the last move was."""
    limit, moved = case.policy.cooldown_s, case.portfolio.moved
    if not moved:
        return Verdict("cooldown", True, None, Decimal(limit), None, "s", "no_move_yet")
    return at_least("cooldown", ledger_time(case.snapshot, case.portfolio) - moved[-1], limit, "s")


def daily_moves(case: Case) -> Verdict:
    """Ask how many moves 24 hours would hold."""
    since = ledger_time(case.snapshot, case.portfolio) - SECONDS_PER_DAY
    today = sum(1 for at in case.portfolio.moved if at > since)
    return at_most("daily_moves", today + 1, case.policy.max_moves_per_day, "count")


def hourly_transactions(case: Case) -> Verdict:
    """Ask how many transactions an hour would hold."""
    sent = case.portfolio.used.transactions + transactions_of(case.move.source)
    return at_most("hourly_transactions", sent, case.policy.max_transactions_per_hour, "count")


def stops(case: Case) -> Verdict:
    """Ask whether anything stands still."""
    return count("stops", case.portfolio.stops)


def _of_whole(gate: str, case: Case, amount: int | None, share: Fraction, above_usd: Usd) -> Verdict:
    whole = case.stake.whole
    if share >= 1:
        return unlimited(gate, "units", "no_limit")
    if amount is None or whole is None:
        return unknown(gate, "units", "position_unread")
    limit = share_limit(whole, share, above_usd, case.portfolio.asset.decimals)
    return unlimited(gate, "units", "small") if limit is None else at_most(gate, amount, limit, "units")
