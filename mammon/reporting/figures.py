"""Figures: the one source of the numbers that tables, reports and documents show.

Everything here is computed from a snapshot and a portfolio by the core's own formulas; a figure
whose inputs were not read is None, and the reason is in the row.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from mammon.core import rates
from mammon.core.costs import asset_usd
from mammon.core.history import track_of
from mammon.core.numbers import Fraction, Rate, Units, Usd
from mammon.core.policy import Policy
from mammon.core.rewards import RewardRate
from mammon.core.risk.rating import after_risk, rated
from mammon.core.types import MarketState, Portfolio, Position, Price, Snapshot, Unread, slug_of
from mammon.errors import MalformedError
from mammon.reporting.outlook import Outlook, outlook, utilisation

_NO_PREMIUM = Decimal(0)
_NO_REWARDS: Mapping[str, RewardRate] = {}
_NOTHING_COUNTED: Mapping[str, Rate] = {}
_AS_TOLERANT_AS_THE_POLICY = Policy().max_rate_gap


@dataclass(frozen=True, slots=True)
class Standing:
    """How a venue is rated (`core.risk`): what it may hold follows from its tier."""

    tier: int
    """1, the best, to 5, danger."""
    score: int
    """0 to 10,000."""
    factors: tuple[tuple[str, int | None], ...]
    """Points of each; None where nothing is documented, which counts nothing."""
    signs: tuple[str, ...]
    apy_after_risk: Rate | None
    """The yield after the deposit, less the policy's premium for what the score is short of."""


@dataclass(frozen=True, slots=True)
class MarketFigures:
    """One market as a person compares it. Amounts are base units.

    APYs are of interest alone and compound as the venue does.
    """

    slug: str
    apy: Rate | None
    apy_after: Rate | None
    """Once the amount asked about is deposited; None when it would not be accepted."""
    utilisation: Fraction | None
    supplied: Units | None
    withdrawable: Units | None
    room: Units | None
    """None with `capped` false: nothing caps it."""
    capped: bool
    state: str
    """`open`, `closed`, `withdraw only` or `unread`."""
    reasons: tuple[str, ...]
    standing: Standing | None = None
    """Of the venue at the block; None where it was not read."""
    outlook: Outlook | None = None
    """What earlier readings and other sources add; None where it was not read."""
    reward: RewardRate | None = None
    """What is paid beside interest, never part of the rates above; None: nobody looked for it."""
    counted: Rate | None = None
    """What of that counts in a decision as yield gained by depositing the amount asked about; None: the
    policy counts nothing, or nobody looked."""


@dataclass(frozen=True, slots=True)
class HoldingFigures:
    """One place where money is: the wallet or a market."""

    slug: str
    assets: Units | None
    apy: Rate | None
    usd: Usd | None
    share: Fraction | None
    """Of everything held; None as long as part of it is unread."""


def market_figures(
    snapshot: Snapshot,
    amount: int,
    delay_s: int,
    premium: Decimal = _NO_PREMIUM,
    tolerance: Decimal = _AS_TOLERANT_AS_THE_POLICY,
    rewards: Mapping[str, RewardRate] = _NO_REWARDS,
    counted: Mapping[str, Rate] = _NOTHING_COUNTED,
) -> tuple[MarketFigures, ...]:
    """Return every market's figures, best rate after a deposit of `amount` first, unread last.

    Rates are those of a deposit mined `delay_s` after the block, as in a decision. `tolerance`: the gap to
    an outside source's rate that still agrees. `rewards` by slug, where they were looked for; `counted`
    where the policy counts any.
    """
    at = snapshot.block.timestamp + delay_s
    rows = [_market(reading, amount, at) for reading in snapshot.markets]
    by_slug = {slug_of(reading): reading for reading in snapshot.markets}
    rows = [replace(row, standing=_standing(by_slug[row.slug], row, snapshot, premium)) for row in rows]
    rows = [replace(row, outlook=_outlook(by_slug[row.slug], snapshot, amount, tolerance)) for row in rows]
    rows = [replace(row, reward=rewards.get(row.slug), counted=counted.get(row.slug)) for row in rows]
    return tuple(
        sorted(rows, key=lambda row: (row.apy_after is None, -(row.apy_after or Decimal(0)), row.slug))
    )


def holding_figures(snapshot: Snapshot, portfolio: Portfolio, delay_s: int) -> tuple[HoldingFigures, ...]:
    """Return every holding's figures, the wallet first: idle cash is a position at a rate of zero."""
    at = snapshot.block.timestamp + delay_s
    states = {slug_of(reading): reading for reading in snapshot.markets}
    total = worth(portfolio)
    idle = None if isinstance(portfolio.idle, Unread) else portfolio.idle
    rows = [_holding("idle", idle, Rate(Decimal(0)), snapshot, portfolio, total)]
    for position in portfolio.positions:
        assets = position.assets if isinstance(position, Position) else None
        reading = states.get(slug_of(position))
        apy = apy_of(reading, 0, at) if isinstance(reading, MarketState) else None
        rows.append(_holding(slug_of(position), assets, apy, snapshot, portfolio, total))
    return tuple(rows)


def worth(portfolio: Portfolio) -> Units | None:
    """Return everything held in base units, or None when part of it could not be read (F18)."""
    parts: list[int] = []
    for item in (portfolio.idle, *portfolio.positions):
        if isinstance(item, Unread):
            return None
        parts.append(item.assets if isinstance(item, Position) else item)
    return Units(sum(parts))


def apy_of(state: MarketState, amount: int, at: int) -> Rate | None:
    """Return what a market pays after a deposit of `amount` at `at`, or None when it cannot be told."""
    if state.curve is None:
        return None
    try:
        return Rate(rates.apy(state.curve.rate_after(amount, at), state.curve.scale))
    except (ValueError, MalformedError):
        return None


def _market(reading: MarketState | Unread, amount: int, at: int) -> MarketFigures:
    if isinstance(reading, Unread):
        return MarketFigures(
            reading.subject, None, None, None, None, None, None, False, "unread", (reading.code,)
        )
    losses = tuple(name for name, units in reading.evidence if units > 0)
    return MarketFigures(
        reading.market.slug,
        apy_of(reading, 0, at),
        apy_of(reading, amount, at),
        utilisation(reading.borrowed, reading.supplied),
        reading.supplied,
        reading.withdrawable,
        reading.room,
        reading.room is not None,
        _state(reading),
        reading.closed + reading.locked + losses + (() if reading.curve else ("rate_unknown",)),
    )


def _standing(
    reading: MarketState | Unread, row: MarketFigures, snapshot: Snapshot, premium: Decimal
) -> Standing | None:
    if isinstance(reading, Unread):
        return None
    found = rated(reading, snapshot.block.timestamp, track_of(snapshot, reading.market.slug))
    after = None if row.apy_after is None else after_risk(row.apy_after, found.score, premium)
    return Standing(found.tier, found.score, found.factors, found.signs, after)


def _outlook(
    reading: MarketState | Unread, snapshot: Snapshot, amount: int, tolerance: Decimal
) -> Outlook | None:
    return None if isinstance(reading, Unread) else outlook(reading, snapshot, Units(amount), tolerance)


def _state(reading: MarketState) -> str:
    if not reading.market.deposits:
        return "withdraw only"
    return "closed" if reading.closed or reading.locked else "open"


def _holding(
    slug: str,
    assets: Units | None,
    apy: Rate | None,
    snapshot: Snapshot,
    portfolio: Portfolio,
    total: Units | None,
) -> HoldingFigures:
    price, decimals = snapshot.asset_usd, portfolio.asset.decimals
    usd = asset_usd(assets, decimals, price) if assets is not None and isinstance(price, Price) else None
    share = None
    if assets is not None and total:
        exact = rates.CONTEXT.divide(Decimal(assets), Decimal(total))
        share = Fraction(exact.quantize(Decimal("1e-18"), context=rates.CONTEXT))
    return HoldingFigures(slug, assets, apy, usd, share)
