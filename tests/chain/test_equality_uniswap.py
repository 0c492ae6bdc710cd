"""Uniswap V3: what a reading says of a position is what the real position manager then pays."""

from __future__ import annotations

import pytest

from mammon.core.concentrated.positions import PoolHoldings, PoolPosition
from mammon.core.concentrated.ticks import sqrt_price_at
from mammon.core.types import Address, Unread
from mammon.net.deadline import Deadline
from mammon.protocols.pools.reading import read_holdings
from tests.chain.campaigns import UNISWAP
from tests.chain.reading import DEADLINE_S, reader
from tests.chain.scenario import Scenario
from tests.chain.uniswap import Uniswap

pytestmark = pytest.mark.chain

SIZE = 10**15


@pytest.mark.parametrize("seeds", UNISWAP.chunks(), ids=str)
def test_a_reading_foretells_what_is_paid(chain: Scenario, seeds: range) -> None:
    """Fees, amounts, and the tokens that move: to the last unit."""
    assert UNISWAP.mismatches(chain, seeds) == []


def held(chain: Scenario, venue: Uniswap, owner: str) -> tuple[PoolHoldings, int]:
    """Read the owner's positions as the program does; return how many requests that took, too."""
    with reader(chain) as reading:
        name = venue.listed().slug
        round_ = reading.read({name: read_holdings(venue.listed(), Address(owner))}, Deadline(DEADLINE_S))
        first = round_.values[name]
        assert isinstance(first, PoolHoldings), first
        again = reading.read(
            {name: read_holdings(venue.listed(), Address(owner), first.hint)}, Deadline(DEADLINE_S)
        )
        assert again.values[name] == first
        return first, again.requests


def test_a_steady_reading_is_one_request(chain: Scenario) -> None:
    """Over HTTP, through Multicall3, at one block."""
    owner = chain.account("alice")
    venue = Uniswap(chain, 3000, sqrt_price_at(0), (owner,))
    for width in (60, 600, 6000):
        venue.mint(owner, -width, width, SIZE, SIZE)
    found, requests = held(chain, venue, owner)
    assert requests == 1
    assert [type(one) for one in found.positions] == [PoolPosition] * 3


@pytest.mark.parametrize("misdeed", ["flood", "burn", "garbage", "revert", "empty"])
def test_a_pool_that_turned_hostile_is_unread_by_itself(chain: Scenario, misdeed: str) -> None:
    """A megabyte, all gas, noise, a revert, nothing: the position in the sound pool beside it is read."""
    owner = chain.account("alice")
    venue = Uniswap(chain, 3000, sqrt_price_at(0), (owner,))
    venue.mint(owner, -600, 600, SIZE, SIZE)
    sound = venue.pool.address
    venue.fee = 500
    venue.manager.send(
        "createAndInitializePoolIfNecessary", *venue.addresses, 500, sqrt_price_at(0), sender=owner
    )
    venue.mint(owner, -600, 600, SIZE, SIZE)
    hostile = venue.factory.call("getPool", *venue.addresses, 500)
    code = chain.rpc("eth_getCode", chain[f"evil.{misdeed}"].address, "latest")
    chain.rpc("anvil_setCode", hostile, code)
    with reader(chain) as reading:
        read = read_holdings(venue.listed(), Address(owner))
        found = reading.read({"uniswap-v3": read}, Deadline(DEADLINE_S)).values["uniswap-v3"]
    assert isinstance(found, PoolHoldings)
    first, second = found.positions
    assert isinstance(first, PoolPosition)
    assert isinstance(second, Unread)
    assert (first.pool, second.subject) == (sound, "uniswap-v3#2")
