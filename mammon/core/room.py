"""Room: how much the limits on amounts let a move carry.

Candidates are cut to this room, and the gates hold what a move carries against the same figures. A plan
that is larger is carried out in parts: each cycle moves what that cycle may.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from mammon.core.costs import token_amount
from mammon.core.plan import IDLE
from mammon.core.policy import Policy
from mammon.core.types import Portfolio, Position, Unread

INTEREST_ROOM = 10
"""Interest may carry deposits past the money ceiling by one part in so many before money that is already
in a venue may no longer go to another."""


@dataclass(frozen=True, slots=True)
class Stake:
    """What an account has, in base units; None where part of it could not be read."""

    deposited: int | None
    """In all venues together."""
    whole: int | None
    """Wallet and venues, or the money ceiling where that is less: what shares are shares of."""
    ceiling: int | None
    """The money ceiling; None when there is none."""


def stake_of(portfolio: Portfolio, policy: Policy) -> Stake:
    """Return what an account has."""
    limit = policy.max_total_usd
    ceiling = None if limit is None else token_amount(limit, portfolio.asset.decimals)
    held = [position.assets for position in portfolio.positions if isinstance(position, Position)]
    deposited = sum(held) if len(held) == len(portfolio.positions) else None
    if deposited is None or isinstance(portfolio.idle, Unread):
        return Stake(deposited, None, ceiling)
    whole = portfolio.idle + deposited
    return Stake(deposited, whole if ceiling is None else min(whole, ceiling), ceiling)


@lru_cache(maxsize=64)
def share_limit(whole: int, share: Decimal, above_usd: Decimal, decimals: int) -> int | None:
    """Return `share` of the whole, rounded down; None where no share limit applies."""
    if share >= 1 or whole <= token_amount(above_usd, decimals):
        return None
    return int(share * whole)


def clipped(amount: int, source: str, held: int | None, stake: Stake, policy: Policy, decimals: int) -> int:
    """Cut an amount to what the limits leave; a limit that leaves nothing is for its gate to tell.

    `held` is what the target holds already. What is not known cuts nothing: its gate refuses.
    """
    return min([amount, *(room for room in _rooms(source, held, stake, policy, decimals) if room > 0)])


def transactions_of(source: str) -> int:
    """Return how many transactions a move from a place takes: (withdraw,) approve, deposit."""
    return 2 if source == IDLE else 3


def _rooms(source: str, held: int | None, stake: Stake, policy: Policy, decimals: int) -> Iterator[int]:
    if stake.ceiling is not None and stake.deposited is not None:
        yield stake.ceiling - stake.deposited if source == IDLE else stake.ceiling
    if stake.whole is None:
        return
    most = share_limit(stake.whole, policy.max_cycle_share, policy.cycle_share_above_usd, decimals)
    if most is not None:
        yield most
    most = share_limit(stake.whole, policy.max_venue_share, policy.venue_share_above_usd, decimals)
    if most is not None and held is not None:
        yield most - held
