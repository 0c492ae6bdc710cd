"""The target of a decision: the split its moves work towards, one move at a time.

Each venue's range is cut to what its gates would let in, so that the split proposes nothing they refuse by
amount. A cost is weighed against the days within which a move must pay for itself. What is proposed is
never the whole way at once: one move, judged by every gate like any other, and at the next decision the
split is sought again from where the money then is.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import TYPE_CHECKING

from mammon.core.costs import token_amount
from mammon.core.desk import Desk
from mammon.core.fixed import WAD
from mammon.core.judgement import Judgement
from mammon.core.numbers import Rate, Units
from mammon.core.plan import IDLE
from mammon.core.rates import CONTEXT
from mammon.core.types import Price

if TYPE_CHECKING:  # loaded where something is split
    from mammon.core.allocation import Place, Split

CLOSE_PARTS = 10**6
"""Splits that differ by one part in so many of the yield are equal: a hundredth of a basis point."""

_QUANTUM = Decimal("1e-18")
_GAP_QUANTUM = Decimal("1e-9")


@dataclass(frozen=True, slots=True)
class Share:
    """What one venue holds now, and what it would hold."""

    slug: str
    held: Units
    target: Units
    apy: Rate
    """What it would pay then, with the rewards that count."""


@dataclass(frozen=True, slots=True)
class Target:
    """The best split found, and how far from the optimum it may be."""

    shares: tuple[Share, ...]
    """Of every venue that could be priced and holds something now or then, by slug."""
    idle: Units
    """What of the money that may be deposited would be left in the wallet."""
    apy_now: Rate
    """What all of the money that was split earns now, what may be deposited counted in."""
    apy: Rate
    """What it would earn then, the cost of coming there deducted."""
    gap_bps: Decimal | None
    """How much more the optimum may earn at most, in basis points of its yield, the premiums on risk taken
    off both; None where nothing earns."""


@dataclass(frozen=True, slots=True)
class Aim:
    """A target, with the places it was sought among."""

    target: Target
    places: dict[str, Place]
    changes: dict[str, int]
    """Of what each place holds, and of what is left in the wallet, in base units; those of 0 left out."""


def aim_of(desk: Desk) -> Aim | None:
    """Return what the account's money should be split into; None where cost or price is not known."""
    from mammon.core.allocation import split
    from mammon.core.ranges import places_of, together_of

    price = desk.snapshot.asset_usd
    if not isinstance(price, Price) or price.answer <= 0:
        return None
    places = {place.slug: place for place in places_of(desk, price)}
    if not places:
        return None
    spare = _spare(desk)
    held = sum(place.held for place in places.values())
    tranche = token_amount(desk.policy.split_tranche_usd, desk.portfolio.asset.decimals)
    together = together_of(desk, places)
    found = split(list(places.values()), held + spare, tranche, CLOSE_PARTS, together=together)
    changes = {slug: holding - places[slug].held for slug, holding in found.holdings}
    left = held + spare - sum(holding for _, holding in found.holdings)
    changes[IDLE] = left - spare
    kept = {slug: change for slug, change in changes.items() if change}
    return Aim(_target(found, places, held + spare, left), places, kept)


def towards(desk: Desk, aim: Aim) -> list[Judgement]:
    """Return the moves that lead towards the target, judged: from where there is too much to where less."""
    found = []
    for source in desk.sources:
        surplus = -aim.changes.get(source.slug, 0)
        for slug in sorted(aim.places):
            amount = min(surplus, aim.changes.get(slug, 0), source.available or 0)
            if amount > 0:
                found.append(desk.judgement(source, slug, desk.fitting(source, slug, Units(amount))))
    return found


def _spare(desk: Desk) -> int:
    """Return what of the wallet may be deposited."""
    wallet = desk.source(IDLE)
    spare = 0 if wallet is None else wallet.available or 0
    stake = desk.stake
    if stake.ceiling is None:
        return spare
    return min(spare, 0 if stake.deposited is None else max(0, stake.ceiling - stake.deposited))


def _target(found: Split, places: dict[str, Place], whole: int, left: int) -> Target:
    shares = tuple(
        Share(
            slug,
            Units(places[slug].held),
            Units(holding),
            Rate(Decimal(places[slug].pays.apy(holding - places[slug].held)).scaleb(-18)),
        )
        for slug, holding in found.holdings
        if holding or places[slug].held
    )
    money = Decimal(WAD * max(1, whole))
    # What risk is worth decides what is held where; it is not paid.
    paid = sum(place.premium * place.held for place in places.values())
    then_paid = sum(places[slug].premium * holding for slug, holding in found.holdings)
    now, then = (
        _fraction(CONTEXT.divide(Decimal(net), money))
        for net in (found.unmoved + paid, found.net + then_paid)
    )
    gap = None if found.gap_bps is None else found.gap_bps.quantize(_GAP_QUANTUM, ROUND_CEILING)
    return Target(shares, Units(left), now, then, gap)


def _fraction(value: Decimal) -> Rate:
    return Rate(value.quantize(_QUANTUM, ROUND_FLOOR, CONTEXT))
