"""The reserve: what stays in the wallet at a time, and what is missing there for needs that fall due.

Kept liquid are the policy's own sum and every need from its notice on. A need that fell due is held one
day more, so that whoever comes for it finds it, but no money is fetched for it any longer: it may have
been paid. What came in from outside a moment ago stays too; it counts towards the rest of the reserve,
for money that is not deposited serves both. A need is met by what is in the wallet alone: what a venue
shows as withdrawable may be gone by then, so it is fetched when the notice begins.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING

from mammon.core.costs import token_amount
from mammon.core.fixed import SECONDS_PER_DAY
from mammon.core.numbers import Units
from mammon.core.policy import Need, Policy
from mammon.core.types import Portfolio, Unread


@dataclass(frozen=True, slots=True)
class Reserve:
    """What stays in the wallet at one time, in base units."""

    kept: Units
    """The policy's own sum."""
    needs: tuple[Need, ...]
    """Those that count now, the first due first."""
    due: Units
    """What these come to."""
    fresh: Units
    """What came in too short a time ago."""
    missing: Units | None
    """What has to be brought home for needs to come; None where the wallet was not read."""

    @property
    def held(self) -> int:
        """What is not deposited."""
        return max(self.kept + self.due, self.fresh)


def reserve_of(portfolio: Portfolio, policy: Policy, at: int) -> Reserve:
    """Return what stays in the wallet `at`, unix seconds of the ledger."""
    decimals = portfolio.asset.decimals
    counting = [need for need in policy.needs if -policy.needs_notice_s <= at - need.at < SECONDS_PER_DAY]
    needs = tuple(sorted(counting, key=lambda need: (need.at, need.note, need.amount_usdc)))
    kept = token_amount(policy.keep_liquid_usdc, decimals)
    coming = _sum([need for need in needs if need.at >= at], decimals)
    fresh = sum(inflow.amount for inflow in portfolio.inflows if at - inflow.at < policy.deploy_after_s)
    missing = None
    if not isinstance(portfolio.idle, Unread):
        missing = Units(max(0, kept + coming - portfolio.idle) if coming else 0)
    return Reserve(kept, needs, _sum(needs, decimals), Units(fresh), missing)


def _sum(needs: tuple[Need, ...] | list[Need], decimals: int) -> Units:
    """Return what needs come to in base units, each rounded up."""
    return Units(
        sum(int(need.amount_usdc.scaleb(decimals).to_integral_value(ROUND_CEILING)) for need in needs)
    )
