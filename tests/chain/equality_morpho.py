"""Random points of one Morpho Blue market, supplied to and withdrawn from directly.

Everything is the singleton's and its rate model's own: the totals it stores when it is touched, the rate
the model then tells, the shares it gives and the assets it pays.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from mammon.core.curves import MorphoCurve
from mammon.core.types import Address, All
from mammon.protocols.morpho_blue import MorphoBlue
from tests.chain.chainfile import BLUE, market
from tests.chain.driver import read_position, read_state
from tests.chain.equality_metamorpho import MONTH, USD, WAD
from tests.chain.points import Comparison, log_uniform

if TYPE_CHECKING:
    from mammon.core.types import Market
    from tests.chain.scenario import Scenario

VENUE = MorphoBlue()
LOWEST, HIGHEST = 31_709_791, 63_419_583_967
"""The bounds of a rate at target, wad per second."""


def direct(chain: Scenario, rng: random.Random) -> list[Comparison]:
    """Try a point: a state, a holding, time, a deposit or a withdrawal, and at last everything out."""
    slug = rng.choice(tuple(BLUE))
    name, listed = BLUE[slug], market(chain.lab, slug)
    _unsettle(chain, rng, name)
    owner = Address(chain.account("alice"))
    _enter(chain, listed, owner, log_uniform(rng, 1, 10**6 * USD))
    if rng.random() < 0.8:
        chain.warp(rng.choice((1, rng.randint(1, 3600), rng.randint(1, MONTH))))
    state = read_state(chain.rpc, listed, chain.block)
    curve = state.curve
    assert isinstance(curve, MorphoCurve), state
    at = chain.now + rng.choice((3, 4, rng.randint(3, 7200), rng.randint(3, MONTH)))
    found = _limits(chain, listed, name)
    with chain.undone():
        found += _touched(chain, listed, curve, name, at)
    with chain.undone():
        found += _supplied(chain, listed, curve, name, log_uniform(rng, 1, 20 * 10**6 * USD), at)
    with chain.undone():
        found += _withdrawn(chain, listed, curve, name, rng, at)
    return found + _emptied(chain, listed, name, at)


def _unsettle(chain: Scenario, rng: random.Random, name: str) -> None:
    morpho = chain.morpho
    if rng.random() < 0.3:
        morpho.fee(name, rng.randint(1, WAD // 4))
    if rng.random() < 0.5:
        morpho.supply(name, log_uniform(rng, 1, 50 * 10**6 * USD))
    if rng.random() < 0.7:
        morpho.repay(name)
        share = rng.choice((0.0, 1.0, 0.9, rng.random(), rng.uniform(0.85, 1.0)))
        morpho.utilise(name, int(morpho.liquidity(name) * share))
    if rng.random() < 0.3:
        morpho.rate_at_target(name, log_uniform(rng, LOWEST, HIGHEST))
    for _ in range(rng.randint(0, 3)):
        chain.warp(rng.randint(1, MONTH))
        if rng.random() < 0.3 and morpho.liquidity(name) > 100 * USD:
            morpho.bad_debt(name, log_uniform(rng, 10 * USD, morpho.liquidity(name) // 4))
        else:
            morpho.accrue(name)


def _enter(chain: Scenario, listed: Market, owner: Address, amount: int) -> None:
    chain.fund(owner, usdc=amount)
    for call in VENUE.supply(listed, amount, owner):
        chain.rpc.send(owner, call.target, call.data)


def _limits(chain: Scenario, listed: Market, name: str) -> list[Comparison]:
    """Liquidity and the holding's worth, tried on the singleton in the block that was read."""
    morpho, owner = chain.morpho, Address(chain.account("alice"))
    state = read_state(chain.rpc, listed, chain.block)
    held = read_position(chain.rpc, listed, owner, chain.block)
    (call,) = VENUE.withdraw(listed, All(held.shares), owner)
    found = [Comparison("position in shares", held.shares, morpho.position(name, owner)[0])]
    if held.assets <= state.withdrawable:
        paid = int.from_bytes(chain.rpc.call(call.target, call.data, sender=owner)[:32], "big")
        found.append(Comparison("position", held.assets, paid))
    lender = chain.account("lender")
    whole = read_position(chain.rpc, listed, lender, chain.block)
    if whole.assets > state.withdrawable:
        for more, due in ((0, None), (1, b"insufficient liquidity")):
            asked = morpho.params[name], state.withdrawable + more, 0, lender, lender
            refusal = morpho.blue.refusal("withdraw", *asked, sender=lender)
            told = refusal is not None and b"insufficient liquidity" in refusal
            what = "one more cannot" if more else "what can leave"
            if state.withdrawable + more:
                found.append(Comparison(what, due is not None, told))
    return found


def _touched(chain: Scenario, listed: Market, curve: MorphoCurve, name: str, at: int) -> list[Comparison]:
    """Compare what time alone does."""
    admin, morpho = chain.account("admin"), chain.morpho
    with chain.one_block(at):
        chain.queue(morpho.blue, "accrueInterest", morpho.params[name], sender=admin)
    totals, ours = morpho.totals(name), curve.market.accrued(at)
    drift = morpho.irm.call("rateAtTarget", morpho.ids[name])
    mine = ours.supply_assets, ours.supply_shares, ours.borrow_assets, ours.rate_at_target
    state = read_state(chain.rpc, listed, chain.block)
    index = 10**33 * (totals.supply_assets + 1) // (totals.supply_shares + 10**6)
    return [
        Comparison("market at", mine, (*totals[:3], drift)),
        Comparison("liquidity at", curve.liquidity_at(at), totals.supply_assets - totals.borrow_assets),
        Comparison("index at", curve.index_at(at), index),
        Comparison("index read", state.index, index),
        Comparison("rate of a touch", curve.rate_after(0, at), _rate(chain, name)),
    ]


def _supplied(
    chain: Scenario, listed: Market, curve: MorphoCurve, name: str, amount: int, at: int
) -> list[Comparison]:
    owner = Address(chain.account("alice"))
    before = chain.morpho.position(name, owner)[0]
    chain.fund(owner, usdc=amount)
    approve, supply = VENUE.supply(listed, amount, owner)
    chain.rpc.send(owner, approve.target, approve.data)
    after = curve.market.supplied(amount, at)
    minted = after.supply_shares - curve.market.accrued(at).supply_shares
    chain.next_at(at)
    chain.rpc.send(owner, supply.target, supply.data)
    return [
        Comparison("shares given", minted, chain.morpho.position(name, owner)[0] - before),
        Comparison("rate after", curve.rate_after(amount, at), _rate(chain, name)),
        Comparison("allowance", 0, chain["usdc"].call("allowance", owner, listed.spender)),
    ]


def _withdrawn(
    chain: Scenario, listed: Market, curve: MorphoCurve, name: str, rng: random.Random, at: int
) -> list[Comparison]:
    """Withdraw some of what the lender has: the rate goes up, or there is not so much."""
    lender = Address(chain.account("lender"))
    held = curve.assets_at(chain.morpho.position(name, lender)[0], at)
    if held < 2:
        return []
    amount = log_uniform(rng, 1, held - 1)
    (call,) = VENUE.withdraw(listed, amount, lender)
    try:
        ours = curve.rate_after(-amount, at)
    except ValueError:
        chain.next_at(at)
        params = chain.morpho.params[name]
        refusal = chain.morpho.blue.refusal(
            "withdraw", params, amount, 0, lender, lender, sender=lender, block="pending"
        )
        return [Comparison("too much", b"insufficient liquidity" in (refusal or b""), True)]
    chain.next_at(at)
    chain.rpc.send(lender, call.target, call.data)
    return [Comparison("rate after less", ours, _rate(chain, name))]


def _emptied(chain: Scenario, listed: Market, name: str, at: int) -> list[Comparison]:
    """Take everything out by shares: no share is left, and what was foretold is paid."""
    owner = Address(chain.account("alice"))
    state = read_state(chain.rpc, listed, chain.block)
    assert isinstance(state.curve, MorphoCurve)
    shares = chain.morpho.position(name, owner)[0]
    worth = state.curve.assets_at(shares, at)
    if worth > state.curve.liquidity_at(at):
        return []
    before = chain.balance(owner)
    (call,) = VENUE.withdraw(listed, All(shares), owner)
    chain.next_at(at)
    chain.rpc.send(owner, call.target, call.data)
    left = read_position(chain.rpc, listed, owner, chain.block)
    return [
        Comparison("all of it", worth, chain.balance(owner) - before),
        Comparison("no dust", (0, 0), (left.shares, left.assets)),
    ]


def _rate(chain: Scenario, name: str) -> int:
    """Recompute the supply rate from the contracts' views alone, in the block just mined."""
    totals, rate = chain.morpho.totals(name), chain.morpho.borrow_rate(name)
    if totals.supply_assets == 0:
        return 0
    used = totals.borrow_assets * WAD // totals.supply_assets
    return int(rate * used // WAD * (WAD - totals.fee) // WAD)
