"""The full world: a venue of every protocol that mammon knows, on one chain, kept by the same laws."""

from __future__ import annotations

import dataclasses

import pytest

from mammon.core.numbers import Units
from mammon.core.types import All, Market, MarketState
from mammon.protocols.registry import VENUES
from mammon.sim.chainfile import chain_file
from mammon.sim.genesis import CROWD_FUNDS
from mammon.sim.record import Recording
from mammon.sim.world import SimWorld
from tests.sim.lab import SLUGS, Lab, succeeded

MILLION = 10**12
CAPITAL = Units(20 * MILLION)
AMOUNT = 10_000_000_000
MARKETS = chain_file(full=True).markets
EACH = pytest.mark.parametrize("market", MARKETS, ids=[market.slug for market in MARKETS])


def full(seed: int = 1) -> Lab:
    """Return the full world, its second tier switched on: whoever switches it on must find it whole."""
    lab = Lab(world=SimWorld(seed, CAPITAL, full=True))
    markets = tuple(dataclasses.replace(market, deposits=True) for market in MARKETS)
    lab.file = dataclasses.replace(lab.file, markets=markets)
    return lab


def everything(lab: Lab) -> dict[str, MarketState]:
    return {market.slug: lab.state(market.slug) for market in MARKETS}


def test_every_protocol_has_a_venue() -> None:
    """None is left out, and what the small world has stands here at the same addresses."""
    assert {market.protocol for market in MARKETS} == set(VENUES)
    assert MARKETS[: len(SLUGS)] == chain_file().markets
    priced = {row.protocol for row in chain_file(full=True).gas_units}
    assert priced >= {market.protocol for market in MARKETS}


def test_the_second_tier_is_switched_off() -> None:
    """Fluid, Euler and Sky are read, and never entered, with the reason beside."""
    off = {market.slug: market.note for market in MARKETS if not market.deposits}
    assert set(off) == {"fluid-usdc", "euler-usdc", "sky-savings"}
    assert all(note.startswith("second tier: ") for note in off.values())


@EACH
@pytest.mark.parametrize("seed", [1, 2])
def test_every_venue_is_alive(market: Market, seed: int) -> None:
    """Everybody else is there: supplied, liquid, open, and nothing of it lost, after four days too."""
    lab = full(seed)
    for _ in range(3):
        state = lab.state(market.slug)
        assert (state.closed, state.locked) == ((), ())
        assert MILLION < state.withdrawable <= state.supplied
        assert all(amount == 0 for _, amount in state.evidence)
        lab.clock.sleep(2 * 86_400)


@EACH
def test_money_goes_in_and_all_of_it_comes_back(market: Market) -> None:
    """Held to a few units, grown two days later, and gone with its last share."""
    lab = full()
    assert succeeded(lab.supply(market.slug, AMOUNT))
    held = lab.position(market.slug)
    assert AMOUNT - 2 <= held.assets <= AMOUNT
    lab.clock.sleep(2 * 86_400)
    grown = lab.position(market.slug)
    assert AMOUNT < grown.assets < AMOUNT * 1_001 // 1_000
    assert lab.withdraw(market.slug, All(grown.shares))["status"] == "0x1"
    assert lab.usdc() >= CAPITAL - AMOUNT + grown.assets
    assert lab.position(market.slug).shares == 0


def test_no_unit_of_the_asset_appears_or_vanishes() -> None:
    """Two days of everybody else, and us among them, leave the sum of all balances as it was."""
    lab = full()
    for market in MARKETS:
        assert succeeded(lab.supply(market.slug, AMOUNT))
        lab.clock.sleep(17_280)
    usdc = lab.chain.deployed.usdc
    balances = [value for key, value in lab.chain.slots.items() if key[:2] == (usdc.address, "balance")]
    assert sum(balances) == CROWD_FUNDS + CAPITAL
    assert min(balances) >= 0


def test_our_own_money_lasts_in_the_rate_of_a_market_that_a_v2_lends_in() -> None:
    """The crowd borrows by what the crowd brings: what we bring to the Vault V2 keeps lowering the rate."""
    with_us, without = full(), full()
    assert succeeded(with_us.supply("prime-v2", 15 * MILLION))
    for lab in (with_us, without):
        lab.clock.sleep(3_600)
    ours, theirs = (lab.state("prime-v2") for lab in (with_us, without))
    assert ours.curve is not None
    assert theirs.curve is not None
    at = with_us.clock.now()
    assert ours.curve.rate_after(0, at) < theirs.curve.rate_after(0, at) * 95 // 100


def test_the_same_seed_gives_the_same_world_again() -> None:
    """From its recording, after deposits and time, reading for reading."""
    lab = full(9)
    assert succeeded(lab.supply("compound-v3", AMOUNT))
    assert succeeded(lab.supply("prime-v2", AMOUNT))
    lab.clock.sleep(4_000)
    recording: Recording = lab.world.recording()
    assert recording.full
    again = Lab(world=SimWorld.rebuild(recording))
    again.file = lab.file
    assert everything(again) == everything(lab)
