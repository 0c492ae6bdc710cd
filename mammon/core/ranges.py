"""Ranges: what each venue may hold in a split, and what coming there costs.

A range is cut to what the gates would let in, so that the split proposes nothing they refuse by amount; and
where a gate refuses a venue whatever the amount, nothing more enters it.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import ROUND_CEILING

from mammon.core.allocation import CurvePays, Group, Place, Together
from mammon.core.allocation.rewarded import RewardedPays
from mammon.core.costs import Action, Cost, cost_of
from mammon.core.danger import entry_dangers
from mammon.core.desk import Desk
from mammon.core.fixed import mul_div_up
from mammon.core.gates import DAYS_PER_YEAR
from mammon.core.rates import CONTEXT
from mammon.core.risk.rating import CAPS, cap_of
from mammon.core.risk.shared import UNKNOWN, behind, concentration, parts_of
from mammon.core.room import share_limit
from mammon.core.types import MarketState, Price
from mammon.errors import MalformedError

_WHATEVER_THE_AMOUNT = frozenset({"venue_open", "no_loss", "rate_sane", "bait", "earned", "rate_agrees"})
"""Gates that ask about a venue alone."""


def places_of(desk: Desk, price: Price) -> Iterator[Place]:
    """Yield the venues that could be priced, by slug."""
    for slug in sorted(desk.readings):
        state = desk.readings[slug]
        held, source = desk.held(slug), desk.source(slug)
        if not isinstance(state, MarketState) or held is None or state.curve is None:
            continue
        costs = [_yearly(desk, price, state, actions) for actions in (("approve", "deposit"), ("withdraw",))]
        if costs[0] is None or costs[1] is None:
            continue
        try:
            interest = CurvePays(state.curve, desk.at)
        except (ValueError, MalformedError):
            continue
        counted = desk.rewards.counts(slug)
        pays = RewardedPays(interest, desk.rewards, slug) if counted else interest
        leaving = (source.available or 0) if source else 0
        most = max(held, _most(desk, state, held))
        most = most if pays.priced(most - held) else held
        least = held - min(held, leaving)
        divisible = pays.divisible and pays.priced(least - held)
        premium = int(desk.risk_apy(slug).scaleb(18))
        yield Place(slug, held, least, most, costs[0], costs[1], pays, divisible, premium)


def together_of(desk: Desk, places: dict[str, Place]) -> Together:
    """Return the limits on what the places hold together: those of their gates, less what lies elsewhere.

    Money does not leave them for the wallet: no move of a split does that.
    """
    spread = desk.spread
    fixed = {slug: held for slug, held in spread.holdings.items() if slug not in places}
    squares = None if spread.squares is None else spread.squares - concentration(fixed)
    groups = () if spread.shared is None else tuple(_groups(desk, places, fixed, spread.shared))
    return Together(groups, squares, sum(place.held for place in places.values()))


def _groups(desk: Desk, places: dict[str, Place], fixed: dict[str, int], limit: int) -> Iterator[Group]:
    """Yield what shares a cause, where it could come to more than the limit."""
    elsewhere = behind(fixed, desk.readings)
    parts: dict[str, list[tuple[str, int, int]]] = {}
    for slug in sorted(places):
        for cause, (part, of) in parts_of(desk.readings[slug]).items():
            parts.setdefault(cause, []).append((slug, part, of))
    for cause, members in sorted(parts.items()):
        most = limit - elsewhere.get(cause, elsewhere.get(UNKNOWN, 0))
        if sum(mul_div_up(places[slug].most, part, of) for slug, part, of in members) > most:
            yield Group(cause, tuple(members), most)


def _most(desk: Desk, state: MarketState, held: int) -> int:
    """Return the largest holding that the gates on amounts let in; 0 where nothing may enter."""
    policy = desk.policy
    if not _enterable(desk, state):
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
    return _safe(desk, state, held, min(limits))


def _enterable(desk: Desk, state: MarketState) -> bool:
    """Say whether the gates let any amount in; by what cannot be known they let none in."""
    policy, slug = desk.policy, state.market.slug
    rating = desk.rating(slug)
    if desk.primary is None or rating is None:
        return False
    shares = (policy.max_venue_share, policy.max_shared_share, policy.max_concentration)
    if desk.stake.whole is None and (min(shares) < 1 or CAPS[rating.tier].usd is not None):
        return False
    verdicts = desk.judgement(desk.primary, slug).verdicts
    return all(verdict.passed for verdict in verdicts if verdict.gate in _WHATEVER_THE_AMOUNT)


def _safe(desk: Desk, state: MarketState, held: int, most: int) -> int:
    """Cut a holding to the largest that nothing endangers: what is dangerous for one is so for any larger."""

    multiple, margin = desk.policy.danger_liquidity_multiple, desk.policy.price_margin

    def endangered(holding: int) -> bool:
        return bool(entry_dangers(state, holding, desk.snapshot, multiple, margin))

    if most <= held or not endangered(most):
        return most
    low, high = held, most
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if endangered(middle) else (middle, high)
    return low


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
