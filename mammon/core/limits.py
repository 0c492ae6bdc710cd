"""Limits: what each phase allows at most, as one table, and how configuration may only lower it.

A phase is how much trust an installation has earned. Worlds without real money need none: there the
policy decides alone. In a phase every figure of the policy is held against the phase's own, and the
stricter one counts, so that no configuration, however it came about, reaches beyond the phase.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from mammon.core import canonical
from mammon.core.names import Address
from mammon.core.numbers import Fraction, Seconds, Usd
from mammon.core.policy import Policy

if TYPE_CHECKING:  # types leads to the curves, which settings have no need to load
    from mammon.core.types import Portfolio, Snapshot

Phase = Literal["canary", "limited", "scaled", "production"]

DAY_S = 86_400
HOUR_S = 3_600
FIRST: Phase = "canary"
"""Where every installation begins."""
LOCAL_NODE = 31_337
"""The chain id of a local node, whose money is nobody's."""


@dataclass(frozen=True, slots=True)
class Ceilings:
    """What a phase allows at most. Amounts of money at or below the `_above_usd` have no share limit."""

    total_usd: Usd | None
    """Everything deposited; None: the figure the owner signs off, which must be set."""
    venue_share: Fraction
    venue_share_above_usd: Usd
    cycle_share: Fraction
    cycle_share_above_usd: Usd
    loss_share_day: Fraction
    """A day's loss, as a share of the money, at which everything stops."""
    loss_share_total: Fraction
    moves_per_day: int
    spacing_s: Seconds = Seconds(1800)
    """Least time between two moves."""
    transactions_per_hour: int = 12
    gas_usd: Usd = Usd(Decimal("0.50"))
    """Of any one transaction."""
    gas_day_usd: Usd = Usd(Decimal(2))
    exit_gas_usd: Usd = Usd(Decimal(25))
    """Of one way home, which the other limits do not hold back."""
    venues_at_once: int = 3


def _ceilings(
    total: int | None, venue: str, cycle: str, above: int, day: str, whole: str, moves: int
) -> Ceilings:
    above_usd = Usd(Decimal(above))
    return Ceilings(
        None if total is None else Usd(Decimal(total)),
        Fraction(Decimal(venue)),
        above_usd,
        Fraction(Decimal(cycle)),
        above_usd,
        Fraction(Decimal(day)),
        Fraction(Decimal(whole)),
        moves,
    )


PHASES: Mapping[Phase, Ceilings] = {
    "canary": _ceilings(50, "1", "1", 0, "0.05", "0.10", 10),
    "limited": _ceilings(5_000, "0.60", "0.25", 1_000, "0.005", "0.02", 4),
    "scaled": _ceilings(50_000, "0.40", "0.25", 0, "0.005", "0.02", 4),
    "production": _ceilings(None, "0.40", "0.25", 0, "0.005", "0.02", 4),
}
"""The phases in their order."""

EVIDENCE: Mapping[Phase, str] = {
    "canary": "3 days on paper (7 advised), 500 scored decisions, uptime 99 %, realised as predicted",
    "limited": "3 days as canary, a drill in every enabled venue, `exit-all` once, nothing unresolved",
    "scaled": "14 days as limited, uptime 99.9 %, no stop, realised no less than predicted",
    "production": "14 days as scaled, uptime 99.9 %, no stop, realised no less than predicted",
}
"""What must be shown to enter a phase: at least this much of each, and what was realised within the band."""

LOWERED = (
    "max_total_usd",
    "max_venue_share",
    "venue_share_above_usd",
    "max_cycle_share",
    "cycle_share_above_usd",
    "max_moves_per_day",
    "cooldown_s",
    "max_transactions_per_hour",
    "max_gas_usd",
    "max_gas_day_usd",
)
"""Settings of the policy that a phase holds down."""


def effective(policy: Policy, phase: Phase | None) -> Policy:
    """Return the policy with every limit held down to the phase's: the stricter of the two counts.

    Without a phase the policy decides.
    """
    if phase is None:
        return policy
    ceilings = PHASES[phase]
    totals = [usd for usd in (policy.max_total_usd, ceilings.total_usd) if usd is not None]
    return dataclasses.replace(
        policy,
        max_total_usd=min(totals, default=None),
        max_venue_share=min(policy.max_venue_share, ceilings.venue_share),
        venue_share_above_usd=min(policy.venue_share_above_usd, ceilings.venue_share_above_usd),
        max_cycle_share=min(policy.max_cycle_share, ceilings.cycle_share),
        cycle_share_above_usd=min(policy.cycle_share_above_usd, ceilings.cycle_share_above_usd),
        max_moves_per_day=min(policy.max_moves_per_day, ceilings.moves_per_day),
        cooldown_s=max(policy.cooldown_s, ceilings.spacing_s),
        max_transactions_per_hour=min(policy.max_transactions_per_hour, ceilings.transactions_per_hour),
        max_gas_usd=min(policy.max_gas_usd, ceilings.gas_usd),
        max_gas_day_usd=min(policy.max_gas_day_usd, ceilings.gas_day_usd),
    )


def ledger_time(snapshot: Snapshot, portfolio: Portfolio) -> int:
    """Return the time all windows are measured at: the highest block time this account has come to.

    Neither a clock that is set back nor an endpoint that lags behind reopens a window.
    """
    return max(snapshot.block.timestamp, portfolio.used.seen_at, *portfolio.moved[-1:])


def acknowledgement(account: Address, chain_id: int, phase: Phase, policy: Policy, version: str) -> str:
    """Return what `I_UNDERSTAND_LIVE_RISK` must be: other for another account, chain, phase or limit.

    `policy` is the effective one; of `version` the part before the first dot counts.
    """
    limits = {name: str(getattr(policy, name)) for name in LOWERED}
    major = version.partition(".")[0]
    facts = {"account": account, "chain_id": chain_id, "phase": phase, "limits": limits, "version": major}
    return f"{phase}-{hashlib.sha256(canonical.json_bytes(facts)).hexdigest()[:32]}"


def forbidden(phase: Phase, chain_id: int, policy: Policy, given: str, expected: str) -> str:
    """Return why nothing may be signed in a live world, a stable code; empty when it may.

    `policy` is the effective one, `given` the value of `I_UNDERSTAND_LIVE_RISK`, `expected` what it
    must be (`acknowledgement`).
    """
    if phase != FIRST and chain_id != LOCAL_NODE:
        return "phase_not_earned"
    if policy.max_total_usd is None:
        return "total_not_set"
    if not given:
        return "not_acknowledged"
    return "" if given == expected else "acknowledgement_differs"
