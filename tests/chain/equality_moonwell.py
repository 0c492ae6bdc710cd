"""Random points of the Compound V2 market by the second: any model, reserve factor, use and history."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import TYPE_CHECKING

from mammon.core.curves import MoonwellCurve
from mammon.core.numbers import Units
from tests.chain.chainfile import market
from tests.chain.driver import read_position, read_state
from tests.chain.points import Comparison, log_uniform

if TYPE_CHECKING:
    from tests.chain.moonwell import Moonwell
    from tests.chain.scenario import Scenario

USD = 10**6
WAD = 10**18
MONTH = 30 * 86_400
SLUG = "moonwell"


def moonwell(chain: Scenario, rng: random.Random) -> list[Comparison]:
    """Try a point: the market is read, used at a random time, and read by its own views."""
    venue = chain.moonwell
    _unsettle(chain, venue, rng)
    if rng.random() < 0.8:
        chain.warp(rng.choice((1, rng.randint(1, 3600), rng.randint(1, MONTH))))
    if rng.random() < 0.4:
        venue.rules(cap=venue.supplied() * rng.choice((1, 2)) + rng.choice((0, 1, log_uniform(rng, 1, USD))))
    return _compare(chain, venue, rng)


def _unsettle(chain: Scenario, venue: Moonwell, rng: random.Random) -> None:
    """Bring the market to a random model, size, use and history."""
    if rng.random() < 0.6:
        kink = rng.choice((WAD, 9 * WAD // 10, rng.randint(1, WAD)))
        slopes = rng.choice((0, rng.randint(1, 10**8))), rng.randint(1, 5 * 10**9), rng.randint(1, 3 * 10**11)
        venue.become((*slopes, kink), rng.choice((0, WAD // 10, WAD, rng.randint(0, WAD))))
    supplied = log_uniform(rng, 1000 * USD, 150 * 10**6 * USD)
    share = rng.choice((0.0, 1.0, 0.9, rng.random(), rng.uniform(0.85, 1.0)))
    venue.utilise(supplied, int(supplied * share))
    for _ in range(rng.randint(0, 2)):
        chain.warp(rng.randint(1, MONTH))
        if rng.random() < 0.6:
            venue.supply(log_uniform(rng, 10 * USD, supplied))
        elif rng.random() < 0.5:
            chain.fund(venue.market.address, usdc=log_uniform(rng, 1, 10**4 * USD))
        else:
            venue.repay(log_uniform(rng, 1, max(2, venue.debt() // 2)))


def _compare(chain: Scenario, venue: Moonwell, rng: random.Random) -> list[Comparison]:
    owner = chain.account("alice")
    chain.fund(owner, usdc=20 * 10**6 * USD)
    chain.approve("usdc", owner, venue.market.address)
    block, now = chain.block, chain.now
    listed = market(chain.lab, SLUG)
    state = read_state(chain.rpc, listed, block)
    held = read_position(chain.rpc, listed, venue.whale, block)
    curve = state.curve
    assert isinstance(curve, MoonwellCurve), state
    accruing = venue.market.call("exchangeRateCurrent", block=block)  # as if mined in the block that was read
    shares = venue.market.call("balanceOf", venue.whale)
    found = [
        Comparison("open", (state.closed, state.locked), (() if state.room != 0 else ("cap_full",), ())),
        Comparison("rate now", curve.rate_now(), venue.market.call("supplyRatePerTimestamp")),
        Comparison("borrow rate now", curve.borrow_rate_now(), venue.market.call("borrowRatePerTimestamp")),
        Comparison("index now", state.index, accruing * 10**11),
        Comparison("liquidity now", state.withdrawable, min(venue.cash(), state.supplied)),
        Comparison("position", (held.shares, held.assets), (shares, shares * accruing // WAD)),
    ]
    at = now + rng.choice((1, 2, rng.randint(1, 7200), rng.randint(1, MONTH)))
    cap = venue.comptroller.call("supplyCaps", venue.market.address)
    room = curve.room_at(cap, at)
    if room is not None and rng.random() < 0.5:
        found += _room_at(chain, venue, room, at)
    amount = log_uniform(rng, 1, 20 * 10**6 * USD)
    if room is not None:
        amount = min(amount, room)
    return found + (_deposit(chain, venue, curve, amount, at, owner) if amount else [])


def _deposit(
    chain: Scenario, venue: Moonwell, curve: MoonwellCurve, amount: int, at: int, owner: str
) -> list[Comparison]:
    chain.next_at(at)
    venue.market.send("mint", amount, sender=owner)
    after = venue.market.call("supplyRatePerTimestamp")
    part = amount // 3
    shifted = replace(curve, shift=Units(part))
    then = curve.accrued(at)
    stored = tuple(venue.market.call(name) for name in ("totalBorrows", "totalReserves", "borrowIndex"))
    minted = venue.market.call("balanceOf", owner)
    held = read_position(chain.rpc, market(chain.lab, SLUG), owner, chain.block)
    taken = amount // 2
    found = [
        Comparison("rate after", curve.rate_after(amount, at), after),
        Comparison("rate after, part held", shifted.rate_after(amount - part, at), after),
        Comparison("accrued at", (then.borrows, then.reserves, then.borrow_index), stored),
        Comparison("shares", held.shares, minted),
        Comparison("supplied at", curve.supplied_at(at) + amount, venue.supplied()),
    ]
    if 0 < taken <= venue.cash() and taken <= held.assets:
        later = at + rng_gap(amount)
        chain.next_at(later)
        venue.market.send("redeemUnderlying", taken, sender=owner)
        left = replace(then, cash=Units(curve.cash + amount))
        rate = venue.market.call("supplyRatePerTimestamp")
        found.append(Comparison("rate after leaving", left.rate_after(-taken, later), rate))
    return found


def rng_gap(amount: int) -> int:
    """Return some seconds that follow from the amount, a minute at most."""
    return 1 + amount % 60


def _room_at(chain: Scenario, venue: Moonwell, room: int, at: int) -> list[Comparison]:
    """Try the room foretold for a later block, in the block that is to be mined then."""

    def refused(amount: int) -> bool:
        return venue.market.refusal("mint", amount, sender=venue.whale, block="pending") is not None

    chain.next_at(at)
    fits = [Comparison("room at fits", refused(room), False)] if room else []
    return [*fits, Comparison("more at does not", refused(room + 1), True)]
