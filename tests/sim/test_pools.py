"""Simulated pools: what they answer is consistent with the mathematics that real ones are held against."""

from __future__ import annotations

import pytest

from mammon.core import abi
from mammon.core.concentrated.positions import PoolHoldings, PoolPosition
from mammon.core.concentrated.ticks import MAX_TICK, sqrt_price_at
from mammon.core.types import Call, Unread
from mammon.protocols.abi import pools
from mammon.protocols.pools.reading import read_holdings
from mammon.sim import addresses as at
from mammon.sim.chainfile import chain_file
from mammon.sim.contracts.pools import tick_at
from mammon.sim.processes import EPOCH_BLOCKS
from mammon.sim.world import SimWorld
from tests.sim.lab import Lab, RpcRefusalError

MANAGERS = chain_file(full=True).position_managers
DAY_S = 86_400


def full(seed: int = 1) -> Lab:
    return Lab(world=SimWorld(seed, full=True))


def held(lab: Lab) -> dict[str, PoolPosition]:
    """Read the wallet's positions with the program's own reader."""
    reads = {one.slug: read_holdings(one, lab.owner) for one in MANAGERS}
    found: dict[str, PoolPosition] = {}
    for holdings in lab.read(reads).values.values():
        assert isinstance(holdings, PoolHoldings), holdings
        assert not any(isinstance(one, Unread) for one in holdings.positions)
        found.update({one.slug: one for one in holdings.positions})  # type: ignore[union-attr,misc]
    return found


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_fees_and_emissions_grow_by_the_second_where_they_are_paid(seed: int) -> None:
    """In range and unstaked: fees. Staked: emissions. Out of range: neither; so for a week and its end."""
    lab = full(seed)
    before = held(lab)
    for _ in range(8):
        lab.clock.sleep(DAY_S)
        after = held(lab)
        for slug, position in after.items():
            grown = [now > then for now, then in zip(position.fees, before[slug].fees, strict=True)]
            earns = position.in_range and position.emissions is None
            assert grown == [earns, earns], slug
            if position.emissions is not None:
                then = before[slug].emissions
                assert then is not None
                assert position.emissions.earned > then.earned
                assert position.emissions.per_year > 0
        before = after


def test_the_pools_follow_the_price_of_ether() -> None:
    """As the feed has it, to a tick; and stay in the ranges that the world begins with."""
    lab = full()
    ticks = set()
    for _ in range(5):
        lab.clock.sleep(EPOCH_BLOCKS * 2 * 40)
        found = held(lab)
        ticks |= {position.tick for position in found.values()}
        assert [one.in_range for one in found.values()] == [True, False, True]
    assert len(ticks) > 1
    assert all(-210_000 < tick < -182_000 for tick in ticks)


@pytest.mark.parametrize("tick", [-MAX_TICK, -196_000, 0, 1, 500_000])
def test_a_price_belongs_to_the_tick_below_it(tick: int) -> None:
    """Up to just before the next one's."""
    assert tick_at(sqrt_price_at(tick)) == tick
    assert tick_at(sqrt_price_at(tick + 1) - 1) == tick


def test_nobody_else_has_any() -> None:
    """They are the wallet's; a stranger's question for one of them is refused as real contracts refuse it."""
    lab = full()
    found = lab.read({one.slug: read_holdings(one, at.CROWD) for one in MANAGERS}).values
    assert all(one.positions == () for one in found.values())
    for target, data in (
        (at.UNISWAP_MANAGER, abi.encode_call(pools.TOKEN_BY_INDEX, at.CROWD, 0)),
        (at.UNISWAP_MANAGER, abi.encode_call(pools.TOKEN_BY_INDEX, lab.owner, 2)),
        (at.UNISWAP_MANAGER, abi.encode_call(pools.POSITION, 1)),
        (at.AERODROME_GAUGE, abi.encode_call(pools.EARNED, at.CROWD, 902_114)),
        (at.AERODROME_GAUGE, abi.encode_call(pools.EARNED, lab.owner, 1)),
    ):
        with pytest.raises(RpcRefusalError):
            lab.view(Call(target, data))


def test_what_is_not_there_is_said_to_be_nowhere() -> None:
    """Another fee, another token, another pool's gauge: no address; a range nobody is in: nothing kept."""
    lab = full()
    strange = abi.encode_call(pools.POOL_BY_FEE, at.WETH, at.USDC, 3000)
    assert lab.view(Call(at.UNISWAP_FACTORY, strange)) == 0
    assert lab.view(Call(at.AERODROME_VOTER, abi.encode_call(pools.GAUGE_OF, at.UNISWAP_POOL))) == 0
    asked = {"to": at.UNISWAP_POOL, "data": "0x" + abi.encode_call(pools.IN_POOL, bytes(32)).hex()}
    assert int(lab.ask("eth_call", asked, "latest"), 16) == 0
