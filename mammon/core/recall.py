"""Recall: which money comes home, and whether it may.

A way home is judged by what makes it possible, not by what it earns: that the source can give it, that
the reading is fresh, and that no stop in force forbids it. Shares, spacing, counts and profit do not hold
it back, and its gas has a ceiling of its own.
"""

from __future__ import annotations

from decimal import Decimal

from mammon.core import stops
from mammon.core.case import at_most, count, unknown
from mammon.core.costs import Action, Cost, cost_of, token_amount
from mammon.core.desk import Desk
from mammon.core.gates import freshness
from mammon.core.judgement import Judgement
from mammon.core.numbers import Rate, Units, Usd
from mammon.core.plan import IDLE, Move
from mammon.core.sources import DUST_USD, Source
from mammon.core.types import Unread, Verdict


def recalled(desk: Desk, source: Source, amount: Units | None = None) -> Judgement:
    """Return the candidate of bringing `amount` home (default: all that can leave), with its verdicts."""
    size = amount if amount is not None else source.available or Units(0)
    move = _move(desk, source, size)
    held_up = tuple(name for name in desk.portfolio.stops if stops.allowed((name,), "exit_home") != "yes")
    fresh = freshness(desk.snapshot, desk.now, desk.policy.max_data_age_s)
    return Judgement(move, (_funds(source, size), fresh, count("stops", held_up)))


def for_needs(desk: Desk) -> Judgement | None:
    """Return what is to come home for needs that fall due; None when nothing is, or nothing can leave.

    It comes from one place at a time: of those that can give all of it from the one that earns least, else
    from the one that can give most.
    """
    missing = desk.reserve.missing
    if not missing:
        return None
    # A cent more, so that no rounding on the way leaves a need short by a unit.
    wanted = missing + token_amount(DUST_USD, desk.portfolio.asset.decimals)
    giving = [source for source in desk.sources if source.slug != IDLE and source.available]
    if not giving:
        return None
    enough = [source for source in giving if (source.available or 0) >= missing]
    if enough:
        source = min(enough, key=lambda one: (one.apy is not None, one.apy or 0, one.slug))
    else:
        source = min(giving, key=lambda one: (-(one.available or 0), one.slug))
    return recalled(desk, source, Units(min(source.available or 0, wanted)))


def _move(desk: Desk, source: Source, amount: Units) -> Move:
    nothing = Rate(Decimal(0))
    if source.state is None:
        cost: Cost | Unread = Unread("cost", "source_unread", f"{source.slug} was not read")
    else:
        leaving = (Action(source.state.market.protocol, "withdraw"),)
        cost = cost_of(leaving, desk.snapshot, desk.policy.price_margin)
    worth = desk.worth(amount)
    forgone = desk.rewards.gain(source.slug, IDLE, amount, desk.worth)
    lost = None if worth is None or source.apy is None else Usd(forgone - worth * source.apy)
    return Move(source.slug, IDLE, amount, source.apy, nothing, nothing, cost, lost, forgone)


def _funds(source: Source, amount: Units) -> Verdict:
    if source.available is None:
        return unknown("source_funds", "units", "source_unread")
    if amount <= 0:
        return unknown("source_funds", "units", "nothing_to_move")
    return at_most("source_funds", amount, source.available, "units")
