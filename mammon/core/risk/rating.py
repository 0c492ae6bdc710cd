"""Ratings: one score, one tier, one rate after risk.

The score is of the documented factors, and where signs leave a lower tier, the highest of that tier.
Tier and premium follow from the score alone: whatever worsens the one never betters the others.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from mammon.core.numbers import Fraction, Rate, Usd
from mammon.core.rates import CONTEXT
from mammon.core.risk.factors import FULL, Factors, factors_of, score_of
from mammon.core.risk.signs import DANGER, best_left, signs_of
from mammon.core.tracks import Track
from mammon.core.types import MarketState

LEAST_SCORE = {1: 7_500, 2: 6_000, 3: 4_000, 4: 0}
"""The score from which on a venue is of a tier; danger is no matter of score."""


@dataclass(frozen=True, slots=True)
class TierCap:
    """The most that a venue of a tier may hold of ours: the lower of the two."""

    share: Fraction
    """Of the account's money."""
    usd: Usd | None


def _cap(share: str, usd: int | None) -> TierCap:
    return TierCap(Fraction(Decimal(share)), None if usd is None else Usd(Decimal(usd)))


CAPS: dict[int, TierCap] = {
    1: _cap("1", None),
    2: _cap("0.40", 1_000_000),
    3: _cap("0.20", 100_000),
    4: _cap("0.05", 5_000),
    DANGER: _cap("0", 0),
}
"""What each tier may hold. The policy and the phase only lower it."""


@dataclass(frozen=True, slots=True)
class Rating:
    """How a venue stands at one block."""

    score: int
    """0 to 10,000, what the signs leave of it."""
    tier: int
    """1, the best, to 5, danger."""
    factors: Factors
    signs: tuple[str, ...]

    @property
    def undocumented(self) -> tuple[str, ...]:
        """The factors that count nothing because nobody documented them."""
        return tuple(name for name, points in self.factors if points is None)


def rated(state: MarketState, at: int, track: Track | None = None) -> Rating:
    """Rate a venue at a block's time; `track` is what earlier readings of it tell."""
    market = state.market
    factors = factors_of(market.risk, state.supplied, market.token.decimals, at)
    signs = signs_of(state, track)
    score, tier = _graded(factors, best_left(signs) if signs else 1)
    return Rating(score, tier, factors, signs)


@lru_cache(maxsize=1024)
def _graded(factors: Factors, left: int) -> tuple[int, int]:
    """Return the score and the tier of factors, of which the signs leave no better tier than `left`."""
    if left == DANGER:
        return 0, DANGER
    score = score_of(factors)
    if left > 1:
        score = min(score, LEAST_SCORE[left - 1] - 1)
    return score, tier_of(score)


def tier_of(score: int) -> int:
    """Return the tier of a score."""
    return next(tier for tier, least in LEAST_SCORE.items() if score >= least)


@lru_cache(maxsize=64)
def cap_of(tier: int, whole: int, above_usd: Usd, decimals: int) -> int | None:
    """Return the most that a venue of a tier may hold, base units; None where nothing limits it.

    Up to `above_usd` of money in all no share applies, but dollars do.
    """
    cap = CAPS[tier]
    limits = []
    if cap.share < 1 and whole > int(above_usd.scaleb(decimals)):
        limits.append(int(cap.share * whole))
    if cap.usd is not None:
        limits.append(int(cap.usd.scaleb(decimals)))
    return min(limits, default=None)


def after_risk(apy: Decimal, score: int, premium: Decimal) -> Rate:
    """Return a yield less what its venue's risk is worth: `apy - premium * (1 - score / 10,000)`. Exact.

    `premium` is what a venue of score 0 must pay beyond one of full score, a fraction a year.
    """
    short = Decimal(FULL - score).scaleb(-4)
    return Rate(CONTEXT.subtract(apy, CONTEXT.multiply(premium, short)))
