"""Random problems for the split, and plain second opinions on them: a grid, one venue, every venue."""

from __future__ import annotations

import dataclasses
import random
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate, product

from mammon.core.allocation import CurvePays, Group, Place, Together
from mammon.core.curves import AaveCurve, AnyCurve, GrowthCurve, MetaMorphoCurve, MorphoCurve
from mammon.core.curves.morpho import MorphoMarket
from mammon.core.fixed import SECONDS_PER_YEAR, WAD
from mammon.core.numbers import Ray, Units, Wad
from tests.core.build import NOW, RAY, curve
from tests.core.test_curves_metamorpho import NO_LIMIT, lent, vault

AT = NOW + 12
DAY = 86_400
Venue = tuple[AnyCurve, int, int]
"""A curve, what is supplied to it, and what could leave."""


def aave(rng: random.Random) -> Venue:
    """A reserve with a kink, before or after it."""
    supplied, used = int(10 ** rng.uniform(11.5, 14.5)), rng.uniform(0.4, 0.985)
    cash = int(supplied * (1 - used))
    made: AaveCurve = curve(
        cash,
        supplied - cash,
        rng.randint(200, 900),
        optimal_usage=Ray(RAY * rng.choice((80, 90, 92)) // 100),
        slope2=Ray(RAY * rng.randint(20, 100) // 100),
        generation=rng.choice(("3.0", "3.2", "3.4", "3.5")),
    )
    return made, supplied, cash


def metamorpho(rng: random.Random) -> Venue:
    """A vault over up to five markets, some of them full, idle or not queued."""
    entries = []
    for _ in range(rng.randint(1, 5)):
        supplied, part = int(10 ** rng.uniform(11.5, 14)), rng.uniform(0, 0.9)
        held = int(supplied * part)
        entries.append(
            lent(
                supplied,
                int(supplied * rng.uniform(0.5, 0.97)),
                held,
                cap=rng.choice((NO_LIMIT, held + int(10 ** rng.uniform(10, 13)), 0)),
                updated_at=NOW - 600,
                rate_at_target=_per_second(rng.uniform(0.01, 0.12)),
                idle=rng.random() < 0.1,
            )
        )
    queue = rng.sample(range(len(entries)), rng.randint(1, len(entries)))
    version = rng.choice(("1.0", "1.1"))
    made = vault(
        *entries, supply_queue=tuple(queue), fee=rng.choice((0, WAD // 20, WAD // 10)), version=version
    )
    return made, max(1, made.total_assets_at(AT)), made.liquidity_at(AT)


def observed(rng: random.Random) -> Venue:
    """A plain vault whose growth over a week was seen."""
    supplied = int(10 ** rng.uniform(11, 14))
    grown = RAY + int(RAY * rng.uniform(0, 0.12) * 7 / 365)
    return GrowthCurve(Ray(RAY), NOW - 7 * DAY, Ray(grown), NOW, Units(supplied)), supplied, supplied // 2


def adaptive(rng: random.Random) -> Venue:
    """A Morpho Blue market supplied to directly."""
    supplied = int(10 ** rng.uniform(11.5, 14))
    borrowed = int(supplied * rng.uniform(0.5, 0.97))
    target = Wad(_per_second(rng.uniform(0.01, 0.12)))
    market = MorphoMarket(
        Units(supplied), Units(supplied * 10**6), Units(borrowed), NOW - 600, Wad(0), target
    )
    return MorphoCurve(market), supplied, supplied - borrowed


FAMILIES = (aave, aave, metamorpho, metamorpho, observed, adaptive)


def place(slug: str, rng: random.Random, size: int, gas: bool) -> Place:
    """A venue in which something may be held, with caps that may bind."""
    made, supplied, liquid = rng.choice(FAMILIES)(rng)
    held = min(rng.choice((0, 0, rng.randint(0, size), rng.randint(0, supplied // 4))), supplied // 2)
    most = held + rng.choice((supplied // 4, supplied, int(10 ** rng.uniform(8, 13))))
    if isinstance(made, MetaMorphoCurve):
        most = min(most, held + made.max_deposit_at(AT))
    least = max(0, held - rng.choice((liquid, liquid, liquid // 3)))
    pays = CurvePays(made, AT)
    costs = [int(10 ** rng.uniform(4, 6)) * WAD if gas else 0 for _ in range(2)]
    return Place(
        slug, held, least, most, costs[0], costs[1], pays, pays.divisible and pays.priced(least - held)
    )


def problem(rng: random.Random, venues: int, gas: bool = True) -> tuple[list[Place], int]:
    """Venues, and what may be held in all of them together."""
    size = int(10 ** rng.uniform(8, 13))
    places = [place(f"v{number:02}", rng, size, gas) for number in range(venues)]
    idle = rng.choice((0, size, size, rng.randint(0, size)))
    return places, idle + sum(one.held for one in places)


def together(rng: random.Random, places: Sequence[Place], budget: int, squares: bool = False) -> Together:
    """Limits on what places hold together: families, and collaterals that overlap; some are exceeded now."""
    groups = []
    families = [rng.randrange(3) for _ in places]
    for family in range(3):
        parts = tuple((one.slug, 1, 1) for one, of in zip(places, families, strict=True) if of == family)
        if parts:
            groups.append(Group(f"family:{family}", parts, int(budget * rng.uniform(0.1, 0.9))))
    for number in range(rng.randrange(3)):
        backed = [one for one in places if rng.random() < 0.6]
        parts = tuple((one.slug, rng.randint(1, 10**13), 10**13) for one in backed)
        if parts:
            groups.append(Group(f"collateral:{number}", parts, int(budget * rng.uniform(0.05, 0.6))))
    limit = int(budget * budget * rng.uniform(0.1, 0.9)) if squares else None
    least = sum(one.held for one in places) if rng.random() < 0.5 else 0
    return Together(tuple(groups), limit, least)


def allowed(one: Place, holding: int, tranche: int) -> bool:
    """Whether a holding is within the place's range and a tranche away from what is held, or what is held."""
    within = one.least <= holding <= one.most
    whole = one.divisible or holding >= one.held or holding == 0
    stepped = abs(holding - one.held) >= tranche or (not one.divisible and holding == 0)
    return holding == one.held or (within and whole and stepped)


def best_on_grid(places: Sequence[Place], budget: int, tranche: int, cells: int) -> int:
    """The best net yield of every split on an even grid of each range, and of what is held and the bends."""
    axes = [_axis(one, budget, tranche, cells) for one in places]
    last_amounts = [amount for amount, _ in axes[-1]]
    last_best = list(accumulate((net for _, net in axes[-1]), max))
    best = sum(one.net(one.held) for one in places)
    for chosen in product(*axes[:-1]):
        fitting = bisect_right(last_amounts, budget - sum(amount for amount, _ in chosen))
        if fitting:
            best = max(best, sum(net for _, net in chosen) + last_best[fitting - 1])
    return best


def best_together(places: Sequence[Place], budget: int, tranche: int, cells: int, limits: Together) -> int:
    """The best net yield on the same grid of what the limits allow, every split looked at by itself."""
    axes = [_axis(one, budget, tranche, cells) for one in places]
    last = sorted(axes[-1], key=lambda entry: -entry[1])
    best = sum(one.net(one.held) for one in places)
    for chosen in product(*axes[:-1]):
        amounts, net = [amount for amount, _ in chosen], sum(net for _, net in chosen)
        rest = budget - sum(amounts)
        for amount, more in last:
            if net + more <= best:
                break
            if amount <= rest and limits.allows(places, [*amounts, amount]):
                best = net + more
                break
    return best


def naive(places: Sequence[Place], budget: int) -> Iterator[tuple[int, list[int]]]:
    """The splits, with their net yields, of holding still, of each venue alone, and of equal parts."""
    yield _told(places, [one.held for one in places])
    floor = [one.least if one.divisible else one.held for one in places]
    for number, one in enumerate(places):
        spare = budget - sum(floor) + floor[number]
        yield _told(places, [*floor[:number], min(one.most, spare), *floor[number + 1 :]])
    room = [one.most - least for one, least in zip(places, floor, strict=True)]
    spare, total = budget - sum(floor), sum(room)
    if total:
        parts = [least + min(free, spare * free // total) for least, free in zip(floor, room, strict=True)]
        yield _told(places, parts)


def _told(places: Sequence[Place], amounts: list[int]) -> tuple[int, list[int]]:
    return sum(one.net(amount) for one, amount in zip(places, amounts, strict=True)), amounts


@dataclasses.dataclass(frozen=True)
class Rebased:
    """What a place pays, told from another holding."""

    pays: CurvePays
    change: int

    @property
    def bends(self) -> tuple[int, ...]:
        return tuple(bend - self.change for bend in self.pays.bends)

    @property
    def noise(self) -> int:
        return self.pays.noise

    def apy(self, change: int) -> int:
        return self.pays.apy(change + self.change)

    def line(self, low: int, high: int) -> tuple[int, int]:
        return self.pays.line(low + self.change, high + self.change)


def applied(one: Place, holding: int) -> Place:
    """The place once the holding was come to: the same world, seen from there."""
    assert isinstance(one.pays, CurvePays)
    return dataclasses.replace(
        one,
        held=holding,
        least=min(one.least, holding),
        most=max(one.most, holding),
        pays=Rebased(one.pays, holding - one.held),
    )


def _axis(one: Place, budget: int, tranche: int, cells: int) -> list[tuple[int, int]]:
    most = min(one.most, budget)
    even = [one.least + (most - one.least) * number // cells for number in range(cells + 1)]
    amounts = {one.held, *even, *(one.held + bend for bend in one.pays.bends)}
    return [(x, one.net(x)) for x in sorted(amounts) if x <= most and allowed(one, x, tranche)]


def _per_second(yearly: float) -> int:
    return int(WAD * yearly) // SECONDS_PER_YEAR
