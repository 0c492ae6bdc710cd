"""The five factors of a score: protocol age, size, audits, incidents, complexity.

Each is worth 0 to 10,000 points, and what is not documented 0. The weights are those of the public
systems this program unites; the scales are its own:

| factor     | weight | points |
|------------|--------|--------|
| age        | 30 %   | in proportion up to four years |
| tvl        | 20 %   | 2,000 for each of $1M, $3M, $10M, $30M, $100M supplied to the market at the block |
| audits     | 25 %   | 3,000, 5,000, 7,000, 8,000 for one to four firms; 2,000 more for a bounty |
| exploits   | 15 %   | all without incident; else by the years since the worst: more if nobody lost |
| complexity | 10 %   | 2,500 less for each part beyond one fixed contract with one collateral |

The size is of the market itself, read from the chain: a deposit can raise it, so it weighs little and
lifts no venue by more than one tier.
"""

from __future__ import annotations

from bisect import bisect_right
from functools import cache

from mammon.core.fixed import SECONDS_PER_YEAR
from mammon.core.risk.dossier import Dossier, Incident

FULL = 10_000
"""Points of a factor, and of a score, that nothing is to be said against."""
WEIGHTS: dict[str, int] = {"age": 30, "tvl": 20, "audits": 25, "exploits": 15, "complexity": 10}
"""Hundredths of the score."""

_FULL_AGE_S = 4 * SECONDS_PER_YEAR
_SIZES = (10**6, 3 * 10**6, 10**7, 3 * 10**7, 10**8)
_SIZE_POINTS = 2_000
_FIRM_POINTS = (0, 3_000, 5_000, 7_000, 8_000)
_BOUNTY_POINTS = 2_000
_MADE_WHOLE_POINTS = (2_500, 5_000, 7_500, 9_000)
_LOST_POINTS = (0, 2_500, 4_000, 5_000)
_PART_POINTS = 2_500

Factors = tuple[tuple[str, int | None], ...]
"""Points by name, in the order of `WEIGHTS`; None where nothing is documented."""


def factors_of(dossier: Dossier | None, supplied: int, decimals: int, at: int) -> Factors:
    """Return the points of each factor at a time; `supplied` is in base units of a dollar token."""
    size = _SIZE_POINTS * bisect_right(_SIZES, supplied // 10**decimals)
    if dossier is None:
        return _undocumented(size)
    return (
        ("age", None if dossier.live_since is None else _age(at - dossier.live_since)),
        ("tvl", size),
        ("audits", None if dossier.audit_firms is None else _audits(dossier.audit_firms, dossier.bounty)),
        ("exploits", None if dossier.incidents is None else _exploits(dossier.incidents, at)),
        ("complexity", None if dossier.parts is None else _complexity(dossier.parts)),
    )


@cache
def _undocumented(size: int) -> Factors:
    return tuple((name, size if name == "tvl" else None) for name in WEIGHTS)


def score_of(factors: Factors) -> int:
    """Return the weighted score, 0 to 10,000, rounded down; what is not known counts nothing."""
    return sum(WEIGHTS[name] * (points or 0) for name, points in factors) // 100


def _age(lived_s: int) -> int:
    return min(FULL, max(0, lived_s) * FULL // _FULL_AGE_S)


def _audits(firms: int, bounty: bool | None) -> int:
    reviewed = _FIRM_POINTS[min(max(0, firms), len(_FIRM_POINTS) - 1)]
    return reviewed + (_BOUNTY_POINTS if bounty else 0)


def _exploits(incidents: tuple[Incident, ...], at: int) -> int:
    return min([FULL, *(_aftermath(incident, at) for incident in incidents)])


def _aftermath(incident: Incident, at: int) -> int:
    # An incident after the block asked about has just happened, as far as anybody can tell.
    years = max(0, at - incident.at) // SECONDS_PER_YEAR
    points = _MADE_WHOLE_POINTS if incident.made_whole else _LOST_POINTS
    return points[min(years, len(points) - 1)]


def _complexity(parts: tuple[str, ...]) -> int:
    return max(0, FULL - _PART_POINTS * len(set(parts)))
