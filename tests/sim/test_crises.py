"""Crises: the same in every process, an hour after the world opens, and nothing before."""

from __future__ import annotations

import typing
from decimal import Decimal

import pytest

from mammon.chain import oracle
from mammon.core import canonical
from mammon.core.types import MarketState
from mammon.sim.chainfile import chain_file
from mammon.sim.crises import (
    BEGINS_BLOCK,
    DEPEG_BLOCKS,
    DRAIN_BLOCKS,
    LEFT,
    TRICKLE,
    UNPAID_BLOCK,
    Crisis,
)
from mammon.sim.processes import BLOCK_S, EPOCH_S, OPENING_BLOCK
from mammon.sim.world import SimWorld
from tests.sim.lab import SLUGS, Lab

BEFORE_S = (BEGINS_BLOCK - OPENING_BLOCK - 1) * BLOCK_S
LENDING = ("aave-v3", "aave-fork", "gauntlet-usdc")
"""Steakhouse keeps a part of its money where nobody borrows it."""


def lab(crisis: Crisis) -> Lab:
    return Lab(world=SimWorld(42, crisis=crisis))


def states(found: Lab) -> dict[str, MarketState]:
    return {slug: found.state(slug) for slug in SLUGS}


@pytest.mark.parametrize("crisis", ["drain", "loss", "depeg"])
def test_nothing_happens_before_its_hour(crisis: Crisis) -> None:
    """Up to its first block the world is the one without it, to the byte."""
    calm, other = lab("none"), lab(crisis)
    for found in (calm, other):
        found.clock.sleep(BEFORE_S)
    assert [canonical.dumps(each) for each in states(calm).values()] == [
        canonical.dumps(each) for each in states(other).values()
    ]
    for found in (calm, other):
        found.clock.sleep(BLOCK_S)
    changed = any(states(calm)[slug] != states(other)[slug] for slug in SLUGS)
    assert changed or worth(calm) != worth(other)


def test_a_drain_takes_ten_blocks_and_little_comes_back() -> None:
    """What can leave falls in each of them; then a little can leave again at each epoch, for four hours."""
    found = lab("drain")
    found.clock.sleep(BEFORE_S)
    before = {slug: state.withdrawable for slug, state in states(found).items()}
    for _ in range(DRAIN_BLOCKS):
        found.clock.sleep(BLOCK_S)
        now = {slug: state.withdrawable for slug, state in states(found).items()}
        assert all(now[slug] < before[slug] for slug in LENDING)
        before = now
    assert all(LEFT - 2 <= now[slug] <= 3 * LEFT for slug in LENDING)
    assert now["plain-vault"] > 10**12
    found.clock.sleep(EPOCH_S)
    assert states(found)["aave-v3"].withdrawable == TRICKLE
    found.clock.sleep(4 * 3_600 + EPOCH_S)
    assert all(state.withdrawable > 10**12 for state in states(found).values())


def test_a_loss_is_half_a_percent_at_once() -> None:
    """Every venue that lends or holds is worth less than a block ago, none by more than that."""
    found = lab("loss")
    found.clock.sleep(BEFORE_S)
    before = {slug: state.index for slug, state in states(found).items()}
    found.clock.sleep(BLOCK_S)
    for slug, state in states(found).items():
        fell = (before[slug] - state.index) * 10_000 / before[slug]
        assert 35 < fell <= 50.1, slug


def worth(found: Lab) -> Decimal:
    """Return what the chain's feeds make of wrapped staked ether over what it is redeemed for."""
    pairs = {feed.pair: feed for feed in chain_file(pegs=True).feeds}
    reads = {
        pair: oracle.price(pair, pairs[pair].address, 1, found.file.multicall3)
        for pair in ("cbeth_eth", "cbeth_redeems_eth")
    }
    price, par = found.read(reads).values.values()
    return round(Decimal(price.answer) / Decimal(par.answer), 4)


def test_a_collateral_loses_its_peg_before_its_loans_are_bad() -> None:
    """A fifth over ten blocks, for four hours; an hour in, suppliers to what lends against it lose."""
    found = lab("depeg")
    found.clock.sleep(BEFORE_S)
    before, last = states(found), worth(found)
    assert Decimal("0.997") < last < 1
    for _ in range(DEPEG_BLOCKS):
        found.clock.sleep(BLOCK_S)
        assert worth(found) < last
        last = worth(found)
    assert last == Decimal("0.8")
    assert all(before[slug].index <= state.index for slug, state in states(found).items())
    found.clock.sleep((UNPAID_BLOCK - BEGINS_BLOCK - DEPEG_BLOCKS) * BLOCK_S)
    before = states(found)
    found.clock.sleep(BLOCK_S)
    after = states(found)
    fell = {slug: 1 - Decimal(after[slug].index) / before[slug].index for slug in SLUGS}
    assert {slug for slug in SLUGS if fell[slug] > 0} == {"gauntlet-usdc"}
    assert fell["gauntlet-usdc"] > Decimal("0.01")
    assert worth(found) == Decimal("0.8")
    found.clock.sleep(4 * 3_600)
    assert Decimal("0.997") < worth(found) < 1


def test_a_world_is_rebuilt_with_its_crisis() -> None:
    """The recording names it; a world that does not is another one."""
    world = SimWorld(7, crisis="drain")
    world.advance(2 * 3_600)
    again, other = SimWorld.rebuild(world.recording()), SimWorld(7)
    other.advance(2 * 3_600)
    key = world.chain.deployed.pools["aave-v3"][0].key("reserve")
    assert again.chain.slots[key] == world.chain.slots[key] != other.chain.slots[key]


def test_the_setting_has_every_crisis() -> None:
    """What the configuration takes is what a world knows."""
    from mammon.config.settings import Settings

    hints = typing.get_type_hints(Settings)
    assert typing.get_args(hints["sim_crisis"]) == typing.get_args(Crisis)
