"""The target of a decision: the split its moves work towards, one move at a time.

Each venue's range is cut to what its gates would let in, so that the split proposes nothing they refuse by
amount. A cost is weighed against the days within which a move must pay for itself. What is proposed is
never the whole way at once: one move, judged by every gate like any other, and at the next decision the
split is sought again from where the money then is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import TYPE_CHECKING

from mammon.core.candidates import Desk, Judgement
from mammon.core.costs import Action, Cost, cost_of, token_amount
from mammon.core.fixed import WAD
from mammon.core.gates import DAYS_PER_YEAR
from mammon.core.numbers import Rate, Units
from mammon.core.plan import IDLE
from mammon.core.rates import CONTEXT
from mammon.core.risk.rating import cap_of
from mammon.core.room import share_limit
from mammon.core.types import MarketState, Price
from mammon.errors import MalformedError

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
    """What it would pay then."""


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
    """How much more the optimum may earn at most, in basis points of its yield; None where nothing earns."""


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

    price = desk.snapshot.asset_usd
    if not isinstance(price, Price) or price.answer <= 0:
        return None
    places = {place.slug: place for place in _places(desk, price)}
    if not places:
        return None
    spare = _spare(desk)
    held = sum(place.held for place in places.values())
    tranche = token_amount(desk.policy.split_tranche_usd, desk.portfolio.asset.decimals)
    found = split(list(places.values()), held + spare, tranche, CLOSE_PARTS)
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


def _places(desk: Desk, price: Price) -> Iterator[Place]:
    from mammon.core.allocation import CurvePays, Place

    for slug in sorted(desk.readings):
        state = desk.readings[slug]
        held, source = desk.held(slug), desk.source(slug)
        if not isinstance(state, MarketState) or held is None or state.curve is None:
            continue
        costs = [_yearly(desk, price, state, actions) for actions in (("approve", "deposit"), ("withdraw",))]
        if costs[0] is None or costs[1] is None:
            continue
        try:
            pays = CurvePays(state.curve, desk.at)
        except (ValueError, MalformedError):
            continue
        leaving = (source.available or 0) if source else 0
        most = max(held, _most(desk, state, held))
        most = most if pays.priced(most - held) else held
        least = held - min(held, leaving)
        yield Place(
            slug, held, least, most, costs[0], costs[1], pays, pays.divisible and pays.priced(least - held)
        )


def _most(desk: Desk, state: MarketState, held: int) -> int:
    """Return the largest holding that the gates on amounts let in; 0 where nothing may enter."""
    policy, rate = desk.policy, desk.apys[state.market.slug]
    losing = any(amount > 0 for _, amount in state.evidence)
    if not state.market.deposits or state.closed or state.locked or losing:
        return 0
    if rate is None or not 0 <= rate <= policy.max_apy:
        return 0
    limits = [held + sum(source.available or 0 for source in desk.sources)]
    if state.room is not None:
        limits.append(held + state.room)
    if policy.exit_liquidity_multiple > 0:
        # Our own money is no liquidity for us: else the ceiling would rise with every deposit.
        limits.append(int(max(0, state.withdrawable - held) / policy.exit_liquidity_multiple))
    if policy.max_pool_share < 1:
        limits.append(int(policy.max_pool_share * (state.supplied - held) / (1 - policy.max_pool_share)))
    if desk.stake.whole is not None:
        limits += _shares(desk, state, desk.stake.whole)
    return min(limits)


def _shares(desk: Desk, state: MarketState, whole: int) -> list[int]:
    """Return what shares of the account's money a venue may hold: by the policy, and by its tier."""
    policy, decimals = desk.policy, desk.portfolio.asset.decimals
    rating = desk.rating(state.market.slug)
    assert rating is not None  # of what was read
    limits = (
        share_limit(whole, policy.max_venue_share, policy.venue_share_above_usd, decimals),
        cap_of(rating.tier, whole, policy.tier_share_above_usd, decimals),
    )
    return [limit for limit in limits if limit is not None]


def _yearly(desk: Desk, price: Price, state: MarketState, actions: tuple[str, ...]) -> int | None:
    """Return a cost over the days it must be earned back in, as a sum of a year: base units times 1e18."""
    steps = [Action("erc20" if one == "approve" else state.market.protocol, one) for one in actions]
    cost = cost_of(steps, desk.snapshot, desk.policy.price_margin)
    if not isinstance(cost, Cost) or desk.policy.max_break_even_days <= 0:
        return None
    units = CONTEXT.divide(cost.usd, price.usd).scaleb(desk.portfolio.asset.decimals + 18)
    yearly = CONTEXT.divide(units * DAYS_PER_YEAR, desk.policy.max_break_even_days)
    return int(yearly.to_integral_value(ROUND_CEILING))


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
    now, then = [_fraction(CONTEXT.divide(Decimal(net), money)) for net in (found.unmoved, found.net)]
    gap = None if found.gap_bps is None else found.gap_bps.quantize(_GAP_QUANTUM, ROUND_CEILING)
    return Target(shares, Units(left), now, then, gap)


def _fraction(value: Decimal) -> Rate:
    return Rate(value.quantize(_QUANTUM, ROUND_FLOOR, CONTEXT))
