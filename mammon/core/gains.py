"""Gains: what a move is worth in a year, by interest and by the rewards that count, before its cost."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from mammon.core.numbers import Rate, Units, Usd
from mammon.core.sources import Source

if TYPE_CHECKING:
    from mammon.core.desk import Desk


def gain_of(desk: Desk, source: Source, target: str, amount: Units, after: Rate | None) -> Usd | None:
    """Return what a move gains by interest; None where a rate, the price or, in a split, an end is unknown.

    `after`: what the target pays once the amount is in.
    """
    usd = desk.worth(amount)
    if after is None or source.apy is None or usd is None:
        return None
    gain = usd * (after - source.apy)
    rest = _of_rest(desk, source, target, amount, after) if desk.policy.split else Decimal(0)
    return None if rest is None else Usd(gain + rest)


def reward_of(desk: Desk, source: Source, target: str, amount: Units) -> Usd:
    """Return what a move gains by rewards, as far as the policy counts them."""
    rest = (0, 0)
    if desk.policy.split:
        rest = ((desk.held(source.slug) or 0) - amount, desk.held(target) or 0)
    return desk.rewards.gain(source.slug, target, amount, desk.worth, rest)


def _of_rest(desk: Desk, source: Source, target: str, amount: Units, after: Rate) -> Decimal | None:
    """Return what a move changes in the yield of what stays at its two ends: dollars a year.

    What was in the target already is thinned, what stays in the source is thickened. Where the
    rate after a withdrawal cannot be told, it counts as unchanged. None where what an end holds
    was not read.
    """
    left = desk.offers.apy_after(source.slug, Units(-amount)) if source.state else None
    ends = ((target, 0, after), (source.slug, amount, left))
    gain = Decimal(0)
    for slug, leaving, then in ends:
        held, now = desk.held(slug), desk.apys.get(slug)
        if held is None:
            return None
        rest = desk.worth(Units(held - leaving))
        if now is not None and then is not None and rest is not None:
            gain += rest * (then - now)
    return gain
