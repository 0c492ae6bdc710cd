"""The project's reader and adapters on real contracts: one block, few requests, and nobody's victim."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from mammon.chain import oracle
from mammon.core.types import Address, Market, MarketState, Price, Sequencer, Unread
from mammon.net.deadline import Deadline
from mammon.protocols import chains
from tests.chain.chainfile import HOSTILE, SLUGS, chain_file, market, with_decimals, write_chain_file
from tests.chain.deploy.common import MISDEEDS
from tests.chain.driver import read_state
from tests.chain.reading import DEADLINE_S, market_reads, read_all, reader
from tests.chain.scenario import Scenario

pytestmark = pytest.mark.chain

EACH = pytest.mark.parametrize("slug", SLUGS)


def _sound(chain: Scenario) -> list[Market]:
    return [market(chain.lab, slug) for slug in SLUGS]


def _hostile(chain: Scenario) -> list[Market]:
    return [market(chain.lab, slug) for slug in HOSTILE if slug != "turncoat"]


def test_one_reading_is_of_one_block_and_equals_single_calls(chain: Scenario) -> None:
    """Batched through Multicall3 or called one by one, an adapter sees the same chain."""
    found = read_all(chain, _sound(chain))
    assert found.block.number == chain.block
    for listed in _sound(chain):
        assert found.values[listed.slug] == read_state(chain.rpc, listed, chain.block)


def test_a_steady_reading_is_one_request(chain: Scenario) -> None:
    """With the hints of the last reading everything is asked at once, and found the same."""
    first = read_all(chain, _sound(chain))
    hints = {slug: state.hint for slug, state in first.values.items() if state.hint}
    again = read_all(chain, _sound(chain), hints)
    assert first.requests > again.requests == 1
    assert {slug: replace(state, hint=None) for slug, state in again.values.items()} == {
        slug: replace(state, hint=None) for slug, state in first.values.items()
    }


def test_hints_of_another_chain_state_are_found_out(chain: Scenario) -> None:
    """A vault whose queues changed since the hint was made is read as it is now."""
    before = read_all(chain, _sound(chain))
    hints = {slug: state.hint for slug, state in before.values.items() if state.hint}
    chain.morpho.supply_queue("main", "wbtc", "idle")
    chain.morpho.withdraw_queue("main", 3, 2, 1, 0)
    after = read_all(chain, _sound(chain), hints)
    listed = market(chain.lab, "mm-main")
    assert after.values["mm-main"] == read_state(chain.rpc, listed, chain.block)
    assert after.values["mm-main"] != before.values["mm-main"]


def test_prices_sequencer_and_fees_are_read_with_the_markets(chain: Scenario) -> None:
    """What a decision needs beside markets comes in the same request, from feeds set by the test."""
    chain.feed("usdc_usd", 99_950_000, updated=chain.now - 50)
    chain.fees(7 * 10**9, 1101, 3 * 10**8, 659_851, 5, 1000)
    lab, clock = chain.lab.addresses, Address(chain["multicall3"].address)
    reads = {
        "usdc_usd": oracle.price("usdc_usd", Address(lab["usdc_usd"]), 86_400, clock),
        "sequencer": oracle.sequencer(Address(lab["sequencer"]), clock),
        "fees": oracle.data_fees(Address(lab["gas_price_oracle"])),
        **market_reads([market(chain.lab, "vault")]),
    }
    with reader(chain) as reading:
        found = reading.read(reads, Deadline(DEADLINE_S))
    assert found.requests == 1
    price, sequencer, fees = (found.values[name] for name in ("usdc_usd", "sequencer", "fees"))
    assert isinstance(price, Price)
    assert (price.answer, price.decimals) == (99_950_000, 8)
    assert found.block.timestamp - price.updated > 50
    assert isinstance(sequencer, Sequencer)
    assert sequencer.up
    assert (fees.l1_base_fee, fees.l1_base_fee_scalar) == (7 * 10**9, 1101)
    assert (fees.operator_constant, fees.operator_per_megagas) == (1000, 5 * 100 * 10**6)


def test_hostile_markets_are_unread_alone(chain: Scenario) -> None:
    """Views that burn all gas, flood, lie or revert cost their own market and no other."""
    alone = read_all(chain, _sound(chain))
    found = read_all(chain, [*_hostile(chain), *_sound(chain)])
    for listed in _hostile(chain):
        assert isinstance(found.values[listed.slug], Unread), listed.slug
    for listed in _sound(chain):
        assert found.values[listed.slug] == alone.values[listed.slug]


@pytest.mark.parametrize("misdeed", MISDEEDS)
def test_a_vault_that_turns_bad_is_unread_from_then_on(chain: Scenario, misdeed: str) -> None:
    """Honest yesterday, hostile today: the others are read as if it were not there."""
    listed = [market(chain.lab, "turncoat"), market(chain.lab, "aave-30")]
    assert isinstance(read_all(chain, listed).values["turncoat"], MarketState)
    chain["turncoat"].send("turn", MISDEEDS[misdeed], sender=chain.account("admin"))
    values = read_all(chain, listed).values
    assert isinstance(values["turncoat"], Unread)
    assert isinstance(values["aave-30"], MarketState)


@EACH
def test_wrong_decimals_are_noticed(chain: Scenario, slug: str) -> None:
    """A token configured with other decimals than it has makes every amount wrong: unread."""
    found = read_all(chain, [with_decimals(market(chain.lab, slug), 18)]).values[slug]
    assert isinstance(found, Unread)
    assert found.code == "decimals"


@EACH
def test_another_token_at_the_configured_address_is_noticed(chain: Scenario, slug: str) -> None:
    """A market of USDC that is configured over another 6-decimal-looking token is unread."""
    listed = market(chain.lab, slug)
    other = replace(listed.token, address=Address(chain.lab.addresses["usdc18"]), decimals=18)
    wrong = replace(listed, token=other, id=replace(listed.id, asset=other.address))
    assert isinstance(read_all(chain, [wrong]).values[slug], Unread)


@EACH
def test_an_address_without_code_is_unread(chain: Scenario, slug: str) -> None:
    """A typing error in an address is not an empty market."""
    listed = market(chain.lab, slug)
    nobody = Address(chain.account("eve"))
    wrong = replace(listed, id=replace(listed.id, address=nobody), addresses=listed.addresses)
    assert isinstance(read_all(chain, [wrong]).values[slug], Unread)


def test_the_chain_file_written_for_the_command_line_is_the_same(chain: Scenario, tmp_path: Path) -> None:
    """The file on disk and the object in memory describe one chain."""
    path = write_chain_file(tmp_path / "chain.toml", chain.lab, chain.rpc.url)
    read = chains.chain("test", path.read_text())
    assert [listed.slug for listed in read.markets] == list(SLUGS)
    assert read.markets == chain_file(chain.lab, chain.rpc.url).markets
    assert read.rpc == (chain.rpc.url,)
