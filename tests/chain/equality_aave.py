"""Random points of an Aave reserve: both releases, with everything that moves their rates."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import TYPE_CHECKING

from mammon.core.curves import AaveCurve
from mammon.core.numbers import Units
from tests.chain.chainfile import market
from tests.chain.driver import read_position, read_state
from tests.chain.points import Comparison, log_uniform
from tests.chain.rpc import RevertedError

if TYPE_CHECKING:
    from tests.chain.aave import Aave
    from tests.chain.scenario import Scenario

USD = 10**6
MONTH = 30 * 86_400
SLUGS = {"aave30": "aave-30", "aave36": "aave-36"}
INVALID_AMOUNT = bytes.fromhex("2c5211c6")
SUPPLY_CAP_EXCEEDED = {"aave30": b"51", "aave36": bytes.fromhex("f58f733a")}


def aave30(chain: Scenario, rng: random.Random) -> list[Comparison]:
    """Try a point of release 3.0: donations count as available, stable debt has its own rate."""
    pool = chain.aave30
    _unsettle(chain, pool, rng)
    if rng.random() < 0.3:
        chain.mint("usdc", pool.a_token.address, log_uniform(rng, 1, 10**6 * USD))
    if rng.random() < 0.3 and pool.liquidity() > 100 * USD:
        _borrow_stable(chain, pool, rng)
    return _compare(chain, pool, rng)


def aave36(chain: Scenario, rng: random.Random) -> list[Comparison]:
    """Try a point of release 3.6: deficits weigh on the rate, donations do not count."""
    pool = chain.aave36
    _unsettle(chain, pool, rng)
    if rng.random() < 0.2:
        chain.mint("usdc", pool.a_token.address, log_uniform(rng, 1, 10**6 * USD))
    if rng.random() < 0.25 and pool.liquidity() > 10_000 * USD:
        pool.bad_debt(log_uniform(rng, 5_000 * USD, pool.liquidity() // 2))
    if rng.random() < 0.3:
        rates = (rng.randint(100, 9900), rng.choice((0, 0, rng.randint(1, 500))), rng.randint(0, 1000))
        pool.rates(*rates, rng.randint(1000, 9000))
    return _compare(chain, pool, rng)


def _unsettle(chain: Scenario, pool: Aave, rng: random.Random) -> None:
    """Bring the reserve to a random size, use and history."""
    if rng.random() < 0.5:
        pool.reserve_factor(rng.choice((0, 1, 500, 2000, 9999, 10_000, rng.randint(0, 10_000))))
    supplied = log_uniform(rng, 1000 * USD, 150 * 10**6 * USD)
    share = rng.choice((0.0, 1.0, 0.9, rng.random(), rng.random(), rng.uniform(0.85, 1.0)))
    pool.utilise(supplied, min(int(supplied * share), 200 * 10**6 * USD))
    for _ in range(rng.randint(0, 2)):
        chain.warp(rng.randint(1, MONTH))
        if rng.random() < 0.7:
            pool.supply(log_uniform(rng, 10 * USD, supplied))
        elif pool.debt():
            pool.repay(log_uniform(rng, 10, max(11, pool.debt() // 2)))


def _borrow_stable(chain: Scenario, pool: Aave, rng: random.Random) -> None:
    carol = chain.account("carol")
    pool.collateral("weth", 10**5 * 10**18, carol)
    try:
        pool.lend_out_stable(pool.liquidity() // rng.randint(5, 100), carol)
    except RevertedError:
        return  # the release admits stable debt only while variable rates are low
    chain.warp(rng.randint(1, MONTH))


def _compare(chain: Scenario, pool: Aave, rng: random.Random) -> list[Comparison]:
    if rng.random() < 0.35:
        pool.supply_cap(
            pool.a_token.call("totalSupply") // USD + rng.choice((0, 2, log_uniform(rng, 1, 10**6)))
        )
    if rng.random() < 0.8:
        chain.warp(rng.choice((1, rng.randint(1, 3600), rng.randint(1, MONTH))))
    whale, owner = chain.account("whale"), chain.account("alice")
    chain.fund(owner, usdc=20 * 10**6 * USD)
    chain.approve("usdc", owner, pool.pool.address)
    block, now = chain.block, chain.now
    listed = market(chain.lab, SLUGS[pool.name])
    state = read_state(chain.rpc, listed, block)
    held = read_position(chain.rpc, listed, whale, block)
    found = [
        Comparison("open", (state.closed, state.locked), (() if state.room else ("cap_full",), ())),
        Comparison("index now", state.index, pool.pool.call("getReserveNormalizedIncome", pool.usdc)),
        Comparison("debt now", state.borrowed, _all_debt(chain, pool)),
        Comparison("liquidity now", state.withdrawable, min(pool.liquidity(), pool.cash())),
        Comparison("position", held.assets, pool.a_token.call("balanceOf", whale)),
        Comparison("position in shares", held.shares, pool.a_token.call("scaledBalanceOf", whale)),
        *_room(pool, state.room or 0),
    ]
    assert isinstance(state.curve, AaveCurve)
    at = now + rng.choice((1, 2, rng.randint(1, 7200), rng.randint(1, MONTH)))
    room = state.curve.room_at(pool.cap(), at) or 0
    if rng.random() < 0.3:
        found += _room_at(chain, pool, room, at)
    amount = min(room, log_uniform(rng, 1, 20 * 10**6 * USD))
    return found + (_deposit(chain, pool, state.curve, amount, at, owner) if amount else [])


def _deposit(
    chain: Scenario, pool: Aave, curve: AaveCurve, amount: int, at: int, owner: str
) -> list[Comparison]:
    chain.next_at(at)
    try:
        pool.supply(amount, owner)
    except RevertedError as error:
        dust = amount * 10**27 < curve.index_at(at)  # buys no share, which 3.6 refuses
        return [Comparison("dust refused", error.data[:4] if dust else error, INVALID_AMOUNT)]
    after = pool.reserve()
    part = amount // 3
    shifted = replace(curve, shift=Units(part))
    again = read_state(chain.rpc, market(chain.lab, SLUGS[pool.name]), chain.block).curve
    assert isinstance(again, AaveCurve)
    return [
        Comparison("rate after", curve.rate_after(amount, at), after[2]),
        Comparison("rate after, part held", shifted.rate_after(amount - part, at), after[2]),
        Comparison("rate of no time", (again.rate_now(), again.rate_after(0, at)), (after[2], after[2])),
        Comparison("index at", curve.index_at(at), after[1]),
        Comparison("debt at", curve.debt_at(at), _all_debt(chain, pool)),
    ]


def _all_debt(chain: Scenario, pool: Aave) -> int:
    stable = chain["aave30.stable_debt_usdc"].call("totalSupply") if pool.name == "aave30" else 0
    return pool.debt() + int(stable)


def _room(pool: Aave, room: int) -> list[Comparison]:
    """Try what one more supply may be, exactly, in the block that was read."""

    def refused(amount: int) -> bytes | None:
        return _named(pool.pool.refusal("supply", pool.usdc, amount, pool.whale, 0, sender=pool.whale))

    fits = [Comparison("room fits", refused(room), None)] if room else []
    # Two units always buy a share; one may not, and is then refused for that.
    return [
        *fits,
        Comparison("more does not", refused(room + 1 if room else 2), SUPPLY_CAP_EXCEEDED[pool.name]),
    ]


def _room_at(chain: Scenario, pool: Aave, room: int, at: int) -> list[Comparison]:
    """Try the room foretold for a later block, in the block that is to be mined then."""

    def outcome(amount: int) -> bytes | None:
        arguments = (pool.usdc, amount, pool.whale, 0)
        return _named(pool.pool.refusal("supply", *arguments, sender=pool.whale, block="pending"))

    chain.next_at(at)
    fits = [Comparison("room at fits", outcome(room), None)] if room > 1 else []
    more = outcome(room + 1 if room else 2)
    return [*fits, Comparison("more at does not", more, SUPPLY_CAP_EXCEEDED[pool.name])]


def _named(data: bytes | None) -> bytes | None:
    """Return a custom error's selector, or the text of an old-style reason."""
    if data is None or not data.startswith(bytes.fromhex("08c379a0")):
        return data
    return data[68 : 68 + int.from_bytes(data[36:68], "big")]
