"""Another chain is a file: OP Mainnet's is loaded, checked, and read by the adapters there are."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from mammon.core.address import checksummed
from mammon.core.curves import AaveCurve
from mammon.core.fixed import RAY
from mammon.core.numbers import Ray, Units
from mammon.core.types import All, MarketState
from mammon.errors import RefusedError
from mammon.protocols import chains
from mammon.protocols.chains import SHIPPED, chain, with_markets
from mammon.protocols.registry import VENUES
from mammon.sim.contracts.aave import Pool, PoolAddresses, PoolTerms
from mammon.sim.contracts.encoding import ZERO_ADDRESS
from mammon.sim.contracts.erc20 import Usdc
from tests.protocols.fakes import OWNER
from tests.protocols.test_chains import addresses_in
from tests.sim.bench import START, Bench

OPTIMISM, BASE = chain("optimism"), chain("base")
TEXT = (Path(chains.__file__).parent / "optimism.toml").read_text("utf-8")


def test_every_chain_file_is_shipped_and_every_shipped_chain_has_one() -> None:
    """No file lies there unused; the file's own name is the chain's."""
    there = Path(chains.__file__).parent.glob("*.toml")
    files = {path.stem for path in there if "chain_id" in tomllib.loads(path.read_text("utf-8"))}
    assert files == set(SHIPPED)
    assert {chain(name).name for name in SHIPPED} == files
    assert len({chain(name).chain_id for name in SHIPPED}) == len(SHIPPED)


def test_it_is_a_chain_of_its_own() -> None:
    """Its id, its USDC, its feeds; what the OP Stack puts at one place everywhere is there."""
    assert (OPTIMISM.chain_id, OPTIMISM.native, OPTIMISM.block_time_s) == (10, "ETH", 2)
    assert OPTIMISM.token("USDC").address != BASE.token("USDC").address
    assert OPTIMISM.gas_price_oracle == BASE.gas_price_oracle
    assert OPTIMISM.sequencer != BASE.sequencer
    assert {feed.pair for feed in OPTIMISM.feeds} == {"eth_usd", "usdc_usd"}
    assert not {market.id for market in OPTIMISM.markets} & {market.id for market in BASE.markets}


def test_every_address_has_its_checksum_and_its_source() -> None:
    """As for Base, counted in the text."""
    found = addresses_in(tomllib.loads(TEXT))
    assert found == [checksummed(address) for address in found]
    assert sorted(found) == sorted(address for address, _ in OPTIMISM.sources)
    assert TEXT.count('"0x') == len(found)


def test_every_market_has_its_adapter_and_its_gas() -> None:
    """It can be left; it is not entered, and says why."""
    table = {(row.protocol, row.action) for row in OPTIMISM.gas_units}
    for market in OPTIMISM.markets:
        venue = VENUES[market.protocol]
        assert venue.withdraw(market, All(1), OWNER)
        assert {(market.protocol, action) for action in ("deposit", "withdraw", "withdraw_all")} <= table
        with pytest.raises(RefusedError, match="not checked yet"):
            venue.supply(market, 1, OWNER)


def test_a_user_who_has_looked_switches_a_market_on() -> None:
    """By repeating its table, as on every chain."""
    shipped = OPTIMISM.market("compound-v3")
    table = {
        "slug": shipped.slug, "protocol": shipped.protocol, "token": "USDC",
        "address": shipped.id.address, "source": "looked at",
    }  # fmt: skip
    market = with_markets(OPTIMISM, [table], "mammon.toml").market("compound-v3")
    assert VENUES[market.protocol].supply(market, 1, OWNER)


def test_the_adapter_reads_the_chain_at_its_own_addresses() -> None:
    """A simulated pool where the file says Aave is: one round, and the rate of that pool."""
    market = OPTIMISM.market("aave-v3")
    roles = dict(market.addresses)
    places = PoolAddresses(
        market.id.address, roles["a_token"], roles["debt_token"], ZERO_ADDRESS, roles["strategy"]
    )
    terms = PoolTerms("3.5", 1_000, 9_000, 0, 550, 4_000, 0, Ray(RAY), Ray(RAY))
    usdc = Usdc(market.token.address, "USD Coin", "USDC", 6)
    pool = Pool(places, terms, usdc)
    bench = Bench(usdc, pool.contracts())
    opened: AaveCurve = replace(
        pool.opening(START), available=Units(25 * 10**12), scaled_debt=Units(75 * 10**12)
    )
    bench.slots[pool.key("reserve")] = replace(opened, scaled_supply=Units(100 * 10**12))
    bench.slots[usdc.key("balance", roles["a_token"])] = 25 * 10**12
    found = bench.read(VENUES[market.protocol].read_market(market, None))
    assert isinstance(found, MarketState)
    assert bench.rounds == 1
    assert found.market.id.chain_id == 10
    assert found.withdrawable == 25 * 10**12
    assert found.curve is not None
    assert found.curve.rate_after(0, START) == 30_937_500_000_000_000_000_000_000  # vector A1
