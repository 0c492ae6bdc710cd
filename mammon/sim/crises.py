"""Crises: what befalls a simulated world an hour after it opens, the same in every process that rebuilds it.

`drain`: over ten blocks borrowers take what every lending venue has, and for four hours a little comes
back at the start of each epoch. `loss`: half a percent of what the pools and the plain vault hold, and of
what the markets lend, is gone at once. `bait`: for four hours
all but a thousandth of the smaller pool is lent out, and of the larger one more than before, but less than
its kink. `depeg`: over ten blocks wrapped staked ether comes to cost a fifth less than it is redeemed for,
for four hours; after the first of them a tenth of what is lent against it is gone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Literal

from mammon.core.fixed import RAY, mul_div_up
from mammon.core.numbers import Ray, Units
from mammon.sim import addresses as at
from mammon.sim.chain import Chain, Intervention
from mammon.sim.contracts.aave import Pool
from mammon.sim.contracts.machine import Contract, Frame
from mammon.sim.contracts.morpho import MarketTerms
from mammon.sim.deployment import Deployment
from mammon.sim.processes import BLOCK_S, EPOCH_BLOCKS, OPENING_BLOCK, cbeth_redeems, epoch_of

Crisis = Literal["none", "drain", "loss", "bait", "depeg"]

BEGINS_BLOCK = OPENING_BLOCK + 3_600 // BLOCK_S + 40
"""In the middle of an epoch, so that the crowd has made its own move before."""
DRAIN_BLOCKS = 10
LEFT = 3_000 * 10**6
"""What can still leave a venue after the last of them, base units."""
TRICKLE = 2_000 * 10**6
"""What can leave again at the start of each epoch."""
_EPOCHS = 48
_FORCED = 1 << 65
"""Rounds from here on are none of the feed's own."""
_LOSS_BPS = 50
DEPEG_BLOCKS = 10
UNPAID_BLOCK = BEGINS_BLOCK + 3_600 // BLOCK_S
"""When loans against what lost its peg turn out to be bad."""
_OFF_BPS, _UNPAID_BPS = 2_000, 1_000
_LENT_BPS = {"aave-v3": 8_800, "aave-fork": 9_990}
"""Of what each pool has; the kink of the larger one is at nine tenths."""


def befall(chain: Chain, crisis: Crisis) -> None:
    """Have a crisis come over a chain that has not reached its hour."""
    deployed = chain.deployed
    if crisis == "drain":
        for steps in range(DRAIN_BLOCKS, 0, -1):
            chain.intervene(BEGINS_BLOCK + DRAIN_BLOCKS - steps, _draining(deployed, LEFT, steps))
        first = BEGINS_BLOCK + -(BEGINS_BLOCK - OPENING_BLOCK) % EPOCH_BLOCKS
        for epoch in range(_EPOCHS):
            chain.intervene(first + epoch * EPOCH_BLOCKS, _draining(deployed, TRICKLE, 1))
    elif crisis == "loss":
        chain.intervene(BEGINS_BLOCK, lambda frame: _lose(frame, deployed))
    elif crisis == "depeg":
        _depeg(chain)
    elif crisis == "bait":
        first = BEGINS_BLOCK + -(BEGINS_BLOCK - OPENING_BLOCK) % EPOCH_BLOCKS
        for number in (BEGINS_BLOCK, *(first + epoch * EPOCH_BLOCKS for epoch in range(_EPOCHS))):
            chain.intervene(number, lambda frame: _lend_most(frame, deployed))


def _draining(deployed: Deployment, least: int, steps: int) -> Intervention:
    """Return the first of so many equal steps after which `least` could leave each lending venue."""

    def change(frame: Frame) -> None:
        for pool, _ in deployed.pools.values():
            _lend(frame, pool, (pool.reserve(frame).available - least) // steps)
        for terms in deployed.markets:
            if not terms.idle:
                market = deployed.morpho.accrued(frame, terms)
                liquid = market.supply_assets - market.borrow_assets
                deployed.morpho.borrow(frame, terms, at.CROWD, (liquid - least) // steps)

    return change


def _lend_most(frame: Frame, deployed: Deployment) -> None:
    """Bring what each pool has lent to its share of what was supplied."""
    for name, lent_bps in _LENT_BPS.items():
        pool, _ = deployed.pools[name]
        reserve = pool.reserve(frame).accrued(frame.timestamp)
        debt = reserve.debt_at(frame.timestamp)
        _lend(frame, pool, (reserve.available + debt) * lent_bps // 10_000 - debt)


def _lend(frame: Frame, pool: Pool, amount: int) -> None:
    """Lend an amount out of a pool's cash; a negative one is repaid."""
    reserve = pool.reserve(frame).accrued(frame.timestamp)
    debt = reserve.debt_at(frame.timestamp) + amount
    changed = replace(
        reserve,
        available=Units(reserve.available - amount),
        scaled_debt=Units(mul_div_up(debt, RAY, reserve.borrow_index)),
    )
    pool.settle(frame, changed)
    if amount > 0:
        pool.asset.move(frame, pool.at.a_token, at.CROWD, amount)
    else:
        pool.asset.move(frame, at.CROWD, pool.at.a_token, -amount)


def _depeg(chain: Chain) -> None:
    """Have wrapped staked ether fall below what it is redeemed for, and borrowers leave it behind."""
    feed = chain.deployed.contracts[at.CBETH_ETH]
    first = BEGINS_BLOCK + -(BEGINS_BLOCK - OPENING_BLOCK) % EPOCH_BLOCKS
    for steps in range(1, DEPEG_BLOCKS + 1):
        change = _priced(feed, _OFF_BPS * steps // DEPEG_BLOCKS)
        chain.intervene(BEGINS_BLOCK + steps - 1, change)
    for epoch in range(_EPOCHS):
        chain.intervene(first + epoch * EPOCH_BLOCKS, _priced(feed, _OFF_BPS))
    chain.intervene(first + _EPOCHS * EPOCH_BLOCKS, lambda frame: frame.storage.put(feed.key("round"), None))
    bad = [terms for terms in chain.deployed.markets if terms.collateral == at.CBETH]
    chain.intervene(UNPAID_BLOCK, lambda frame: _unpaid(frame, chain.deployed, bad, _UNPAID_BPS))


def _priced(feed: Contract, off_bps: int) -> Intervention:
    """Return a round of the feed in which the price is so far below the redemption."""

    def change(frame: Frame) -> None:
        number, at_s = frame.environment.number, frame.timestamp
        redeems = cbeth_redeems(frame.environment.seed, epoch_of(number))
        round_id = _FORCED + number
        answer = redeems * (10_000 - off_bps) // 10_000
        frame.storage.put(feed.key("round"), (round_id, answer, at_s, at_s, round_id))

    return change


def _unpaid(frame: Frame, deployed: Deployment, markets: Iterable[MarketTerms], bps: int) -> None:
    """Take from suppliers of the markets a part of what is lent: nobody will pay it back."""
    for terms in markets:
        market = deployed.morpho.accrued(frame, terms)
        gone = market.borrow_assets * bps // 10_000
        supplied, borrowed = Units(market.supply_assets - gone), Units(market.borrow_assets - gone)
        deployed.morpho.store(frame, terms, replace(market, supply_assets=supplied, borrow_assets=borrowed))


def _lose(frame: Frame, deployed: Deployment) -> None:
    """Cut what a claim on the pools and the markets is worth, and the plain vault's holdings."""
    kept = 10_000 - _LOSS_BPS
    for pool, _ in deployed.pools.values():
        reserve = pool.reserve(frame).accrued(frame.timestamp)
        index = Ray(reserve.liquidity_index * kept // 10_000)
        frame.storage.put(pool.key("reserve"), replace(reserve, liquidity_index=index))
    _unpaid(frame, deployed, deployed.markets, _LOSS_BPS)
    lost = deployed.usdc.balance(frame, at.PLAIN) * _LOSS_BPS // 10_000
    deployed.usdc.move(frame, at.PLAIN, at.CROWD, lost)
