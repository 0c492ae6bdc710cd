"""Random points of a Uniswap V3 pool: positions of any range and size, traded through and half left.

What is compared: every position of one owner as our reading has it, and what the real position manager
then pays: for collecting alone, for leaving altogether, and in tokens that really moved.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from mammon.core.concentrated.positions import PoolPosition
from mammon.core.concentrated.ticks import sqrt_price_at
from mammon.core.types import Address
from mammon.protocols.pools.reading import read_holdings
from tests.chain.driver import drive
from tests.chain.points import Comparison, log_uniform
from tests.chain.rpc import RevertedError
from tests.chain.uniswap import Uniswap

if TYPE_CHECKING:
    from tests.chain.scenario import Scenario

SPACING = {500: 10, 3000: 60, 10_000: 200}
LARGEST = 10**24


def uniswap(chain: Scenario, rng: random.Random) -> list[Comparison]:
    """Try a point: a pool at a random price, traded in for a while, then read and left."""
    owner, other = chain.account("alice"), chain.account("bob")
    fee = rng.choice(tuple(SPACING))
    start = rng.choice((0, rng.randint(-200_000, 200_000), rng.randint(-600_000, 600_000)))
    venue = Uniswap(chain, fee, sqrt_price_at(start) + rng.choice((0, rng.randint(0, 10**6))), (owner, other))
    numbers: dict[int, str] = {}
    ranges: list[tuple[int, int]] = []
    for who in (owner, other, owner, *rng.choices((owner, other), k=rng.randint(0, 2))):
        ends = rng.choice(ranges) if ranges and rng.random() < 0.4 else _range(rng, start, SPACING[fee])
        try:
            number = venue.mint(who, *ends, log_uniform(rng, 1, LARGEST), log_uniform(rng, 1, LARGEST))
        except RevertedError:  # too little of the token that this range asks for
            continue
        ranges.append(ends)
        numbers[number] = who
    for _ in range(rng.randint(1, 6)):
        _trade(venue, numbers, rng)
    if rng.random() < 0.4:
        _crowd(venue, numbers, rng, start)
    return _compare(chain, venue, {n for n, who in numbers.items() if who == owner}, owner, rng)


def _range(rng: random.Random, around: int, spacing: int) -> tuple[int, int]:
    """Return two ticks, mostly near the price, on either side of it or around it."""
    width = log_uniform(rng, 1, 80_000 // spacing)
    centre = around // spacing + rng.randint(-2 * width, width)
    most = 887_272 // spacing
    if rng.random() < 0.1:
        return -most * spacing, most * spacing
    low = max(-most, min(most - 1, centre))
    return low * spacing, max(low + 1, min(most, low + width)) * spacing


def _trade(venue: Uniswap, numbers: dict[int, str], rng: random.Random) -> None:
    """Let somebody trade, add, take a part out, or collect."""
    kind = rng.random()
    number = rng.choice(tuple(numbers)) if numbers else 0
    try:
        if kind < 0.6 or not number:
            venue.swap(venue.chain.account("bob"), rng.random() < 0.5, log_uniform(rng, 1, LARGEST))
        elif kind < 0.7:
            amounts = log_uniform(rng, 1, LARGEST), log_uniform(rng, 1, LARGEST)
            venue.increase(numbers[number], number, *amounts)
        elif kind < 0.9:
            held = venue.liquidity(number)
            part = rng.choice((held, rng.randint(1, held))) if held else 0
            venue.decrease(numbers[number], number, part)
        else:
            venue.collect(numbers[number], number)
    except RevertedError:  # nothing to take, or too little to add: a point like any other
        return


def _crowd(venue: Uniswap, numbers: dict[int, str], rng: random.Random, around: int) -> None:
    """Let both share a range, which the pool counts as one, and the other collect after each trade."""
    spacing, (owner, other) = SPACING[venue.fee], venue.traders
    low = around // spacing * spacing
    ends = low - spacing * rng.randint(1, 400), low + spacing * rng.randint(1, 400)
    size = log_uniform(rng, 10**8, 10**18)
    try:
        for who in (owner, other):
            numbers[venue.mint(who, *ends, size, size)] = who
        for _ in range(rng.randint(1, 4)):
            venue.swap(other, rng.random() < 0.5, log_uniform(rng, 10**4, size))
            venue.collect(other, max(numbers))
        venue.swap(other, rng.random() < 0.5, log_uniform(rng, 10**4, size))
    except RevertedError:  # too little for that range, or nothing collected
        return


def _compare(
    chain: Scenario, venue: Uniswap, numbers: set[int], owner: str, rng: random.Random
) -> list[Comparison]:
    block = chain.block
    found = drive(chain.rpc, read_holdings(venue.listed(), Address(owner)), block)
    again = drive(chain.rpc, read_holdings(venue.listed(), Address(owner), found.hint), block)
    held = {int(one.slug.partition("#")[2]): one for one in found.positions if isinstance(one, PoolPosition)}
    results = [
        Comparison("none unread", [one for one in found.positions if not isinstance(one, PoolPosition)], []),
        Comparison("read again by its hint", again, found),
    ]
    for number in sorted(numbers):
        if number in held:
            results += _paid(venue, number, held[number], owner)
        else:  # what is not shown holds nothing
            told = venue.manager.call("positions", number)
            results.append(Comparison("empty", (0, 0, 0), (told[7], told[10], told[11])))
    if held:
        number = rng.choice(sorted(held))
        one = held[number]
        due = tuple(a + b for a, b in zip(one.amounts, one.fees, strict=True))
        if any(due):
            moved = venue.paid(owner, number, leaving=True, execute=True)
            results.append(Comparison("tokens moved", due, moved))
    return results


def _paid(venue: Uniswap, number: int, one: PoolPosition, owner: str) -> list[Comparison]:
    slot0 = venue.pool.call("slot0")
    everything = tuple(a + b for a, b in zip(one.amounts, one.fees, strict=True))
    return [
        Comparison("fees", one.fees, venue.paid(owner, number, leaving=False)),
        Comparison("everything", everything, venue.paid(owner, number, leaving=True)),
        Comparison("in range", one.in_range, one.lower <= slot0[1] < one.upper),
        Comparison("parameter", one.parameter, venue.fee),
    ]
