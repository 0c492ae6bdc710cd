"""Shared risk: venues that would fail together, and how much of the money stands behind one cause.

Two venues share a cause when they are of one family (code, governance, the contract with the money),
when one curator chooses for both, or when they lend against the same collateral. A vault's money
counts towards each collateral by what it lends against it, rounded up.
"""

from __future__ import annotations

from collections.abc import Mapping

from mammon.core.fixed import mul_div_up
from mammon.core.types import MarketState, Unread

UNKNOWN = "unknown"
"""The cause of money in a venue that could not be read: it may share any other."""


def parts_of(reading: MarketState | Unread | None) -> dict[str, tuple[int, int]]:
    """Return of how many parts of what is held in a venue how many stand behind each cause."""
    if not isinstance(reading, MarketState):
        return {UNKNOWN: (1, 1)}
    market = reading.market
    dossier = market.risk
    found = {f"family:{dossier.family if dossier else market.protocol}": (1, 1)}
    if dossier is not None and dossier.curator:
        found[f"curator:{dossier.curator}"] = (1, 1)
    backing = [(address, lent) for address, lent in reading.backing or () if lent > 0]
    whole = max(reading.supplied, sum(lent for _, lent in backing))
    for address, lent in backing:
        name = f"collateral:{address}"
        found[name] = (found.get(name, (0, whole))[0] + lent, whole)
    return found


def causes_of(reading: MarketState | Unread | None, amount: int) -> dict[str, int]:
    """Return what of an amount held in a venue stands behind each cause, base units."""
    return {cause: mul_div_up(amount, part, of) for cause, (part, of) in parts_of(reading).items()}


def behind(holdings: Mapping[str, int], readings: Mapping[str, MarketState | Unread]) -> dict[str, int]:
    """Return what of all holdings stands behind each cause; the unread count towards every one."""
    total: dict[str, int] = {}
    for slug, amount in holdings.items():
        for cause, part in causes_of(readings.get(slug), amount).items():
            total[cause] = total.get(cause, 0) + part
    unread = total.pop(UNKNOWN, 0)
    found = {cause: part + unread for cause, part in total.items()}
    return found | ({UNKNOWN: unread} if unread else {})


def concentration(holdings: Mapping[str, int]) -> int:
    """Return the sum of the holdings' squares; over the square of the whole it is Herfindahl's index."""
    return sum(amount * amount for amount in holdings.values())
