"""Chain files: what is shipped, what a user may add, and which key an error names."""

from __future__ import annotations

import copy
import tomllib
from dataclasses import replace
from importlib import resources
from typing import Any

import pytest
import tomli_w

from mammon.core import canonical
from mammon.core.address import checksummed
from mammon.core.numbers import Wei
from mammon.core.transaction import Unsigned
from mammon.core.types import All, GasUnits, Market
from mammon.errors import UsageError
from mammon.protocols import chains
from mammon.protocols.chains import ChainFile, chain, market_from_table, with_markets
from mammon.protocols.registry import VENUES
from tests.protocols.fakes import OWNER, account

BASE = chain("base")
TEXT = resources.files(chains).joinpath("base.toml").read_text("utf-8")
PLAIN = tomllib.loads(TEXT)
VAULT = account(0x5EED)
TABLE: dict[str, Any] = {
    "slug": "my-vault",
    "protocol": "erc4626",
    "token": "USDC",
    "address": VAULT,
    "source": "its own documentation",
}


def edited(path: str, value: Any = None) -> str:
    """Return the shipped file with one key changed, or dropped when no value is given."""
    plain: Any = copy.deepcopy(PLAIN)
    table = plain
    *parents, last = path.split(".")
    for key in parents:
        table = table[int(key)] if isinstance(table, list) else table[key]
    if value is None:
        del table[last]
    else:
        table[last] = value
    return tomli_w.dumps(plain)


def refusal(text: str) -> UsageError:
    with pytest.raises(UsageError) as caught:
        chain("mine", text)
    assert caught.value.code == "chain_file"
    return caught.value


# --- what is shipped -----------------------------------------------------------------------------


def test_the_shipped_chain_is_base() -> None:
    """Its identity and its infrastructure, as every part of the program reads them."""
    assert (BASE.chain_id, BASE.name, BASE.native, BASE.block_time_s) == (8453, "base", "ETH", 2)
    assert BASE.token("USDC").decimals == 6
    assert BASE.sequencer is not None
    assert BASE.gas_price_oracle is not None
    assert {feed.pair for feed in BASE.feeds} >= {"eth_usd", "usdc_usd", "well_usd", "morpho_usd"}
    assert BASE.rpc


def test_every_shipped_market_can_be_read_and_left() -> None:
    """Each has an adapter that reads and withdraws, and calls can be built for each."""
    for market in BASE.markets:
        venue = VENUES[market.protocol]
        assert venue.can.read
        assert venue.can.withdraw
        assert venue.withdraw(market, All(1), OWNER)
        assert market.spender == market.id.address


def test_a_market_without_deposits_says_why() -> None:
    """And those with deposits have none that is known to be closed."""
    off = {market.slug for market in BASE.markets if not market.deposits}
    assert off >= {"seamless-usdc", "moonwell-flagship-usdc", "stata-usdc", "re7-usdc"}
    assert all(market.note for market in BASE.markets if not market.deposits)
    on = {market.slug for market in BASE.markets if market.deposits}
    assert on >= {"aave-v3", "steakhouse-usdc", "spark-usdc", "gauntlet-usdc-prime"}


def addresses_in(plain: Any) -> list[str]:
    """Return every address in the file, with its source beside it."""
    if isinstance(plain, list):
        return [found for entry in plain for found in addresses_in(entry)]
    if not isinstance(plain, dict):
        return []
    here = [plain["address"]] if "address" in plain else []
    assert not here or plain["source"].strip()
    return here + [found for entry in plain.values() for found in addresses_in(entry)]


def test_every_address_has_its_checksum_and_its_source() -> None:
    """Counted in the text, so that none is overlooked by the reader of the file."""
    found = addresses_in(PLAIN)
    assert found == [checksummed(address) for address in found]
    assert sorted(found) == sorted(address for address, _ in BASE.sources)
    keys = sum("key" in table for table in PLAIN["markets"])
    assert TEXT.count('"0x') == len(found) + keys


def test_every_action_of_a_move_has_a_gas_figure() -> None:
    """The cost of a move is the sum of its legs': a missing figure would stop every decision."""
    table = {(row.protocol, row.action): row for row in BASE.gas_units}
    assert ("erc20", "approve") in table
    for protocol in VENUES:
        for action in ("deposit", "withdraw", "withdraw_all"):
            assert (protocol, action) in table
    assert all(row.samples == 0 for row in BASE.gas_units)


def market_of(protocol: str) -> Market:
    listed = [market for market in BASE.markets if market.protocol == protocol]
    return replace(listed[0], deposits=True)


@pytest.mark.parametrize(
    "protocol", ["aave_v3", "compound_v3", "metamorpho", "moonwell", "morpho_blue", "vault_v2"]
)
def test_transaction_lengths_are_those_of_the_calls(protocol: str) -> None:
    """The L1 data fee is charged by length: each figure bounds a real transaction, closely."""
    venue, market = VENUES[protocol], market_of(protocol)
    approve, deposit = venue.supply(market, 10**12, OWNER)
    calls = {
        ("erc20", "approve"): approve,
        (protocol, "deposit"): deposit,
        (protocol, "withdraw"): venue.withdraw(market, 10**12, OWNER)[0],
        (protocol, "withdraw_all"): venue.withdraw(market, All(10**30), OWNER)[0],
    }
    for row in BASE.gas_units:
        if (row.protocol, row.action) in calls:
            call = calls[row.protocol, row.action]
            fees = Wei(10**9), Wei(10**11)
            unsigned = Unsigned(8453, 1000, *fees, row.units, call.target, Wei(0), call.data)
            assert 0 <= row.tx_bytes - len(unsigned.payload()) <= 2


def test_a_market_travels_through_canonical_json() -> None:
    """What a decision records can be read back equal."""
    for market in BASE.markets:
        assert canonical.loads(Market, canonical.dumps(market)) == market


def test_what_is_not_listed_is_an_error_that_names_it() -> None:
    """And a chain that is not shipped names those that are."""
    for look_up in (BASE.token, BASE.market):
        with pytest.raises(UsageError, match="WETH-x"):
            look_up("WETH-x")
    assert BASE.feed("doge_usd") is None
    assert BASE.market("aave-v3").protocol == "aave_v3"
    with pytest.raises(UsageError, match="ropsten") as caught:
        chain("ropsten")
    assert "base" in caught.value.hint


# --- a file of one's own -------------------------------------------------------------------------


def test_a_file_may_leave_out_what_its_chain_has_not() -> None:
    """No L1 fee, no sequencer, no shared roles, no markets: absent, not empty addresses."""
    plain = copy.deepcopy(PLAIN)
    for key in ("gas_price_oracle", "sequencer", "roles", "markets"):
        del plain[key]
    found = chain("mine", tomli_w.dumps(plain))
    assert (found.gas_price_oracle, found.sequencer, found.roles, found.markets) == (None, None, (), ())


def test_the_given_text_wins_over_the_shipped_file() -> None:
    """A name with a text is that text's name."""
    found = chain("base", edited("block_time_s", 12))
    assert found.block_time_s == 12
    assert isinstance(found, ChainFile)
    assert found.sequencer == BASE.sequencer


def test_a_chain_settles_at_a_depth_of_its_own_or_the_usual_one() -> None:
    """Left out it is thirty blocks; a local node may do with less."""
    assert chain("base", edited("settle_depth")).settle_depth == 30
    assert chain("base", edited("settle_depth", 2)).settle_depth == 2


def test_gas_figures_are_read_as_planning_figures() -> None:
    """No receipts stand behind them yet."""
    assert GasUnits("erc20", "approve", 60_000, 117, 0) in BASE.gas_units


@pytest.mark.parametrize(
    ("path", "value", "named"),
    [
        ("chain_id", None, "mine.chain_id is missing"),
        ("chain_id", "8453", "mine.chain_id is not an integer"),
        ("chain_id", True, "mine.chain_id is not an integer"),
        ("chain_id", 0, "between 1"),
        ("name", 5, "mine.name is not a text"),
        ("name", " ", "mine.name is not a text"),
        ("multicall3", "0x", "mine.multicall3 is not a table"),
        ("multicall3.source", None, "mine.multicall3.source is missing"),
        ("multicall3.surce", "x", "mine.multicall3.surce is not known"),
        ("tokens.USDC.decimals", 37, "mine.tokens.USDC.decimals"),
        ("tokens.USDC.address", PLAIN["tokens"]["USDC"]["address"].lower(), "is not in EIP-55 form"),
        ("tokens.USDC.address", PLAIN["tokens"]["USDC"]["address"].swapcase(), "mine.tokens.USDC.address"),
        ("tokens.USDC.address", "0x123", "is not an address"),
        ("feeds.eth_usd.heartbeat_s", 0, "mine.feeds.eth_usd.heartbeat_s"),
        ("sequencer.grace_s", -1, "mine.sequencer.grace_s"),
        ("roles.metamorpho.irm.address", None, "mine.roles.metamorpho.irm.address is missing"),
        ("rpc.0.url", "ftp://x", "mine.rpc[0].url"),
        ("rpc.0.url", "http://example.org", "mine.rpc[0].url"),
        ("rpc.0.key", "x", "mine.rpc[0].key is not known"),
        ("rpc", {}, "mine.rpc is not an array"),
        ("markets.0.slug", "Aave V3", "mine.markets[0].slug"),
        ("markets.1.slug", "aave-v3", "taken by another market"),
        ("markets.3.address", PLAIN["markets"][2]["address"], "is the market 'gauntlet-usdc-prime' already"),
        ("markets.0.protocol", "aave_v9", "mine.markets[0].protocol"),
        ("markets.0.token", "DAI", "mine.markets[0].token"),
        ("markets.0.deposits", "no", "mine.markets[0].deposits is neither true nor false"),
        ("markets.0.deposits", False, "mine.markets[0].note is missing"),
        ("markets.0.roles.atoken", {}, "mine.markets[0].roles.atoken is not known"),
        ("markets.0.roles.a_token.source", None, "mine.markets[0].roles.a_token.source is missing"),
        ("markets.0.depsits", True, "mine.markets[0].depsits is not known"),
        ("gas_units.aave_v3.deposit.units", 20_999, "mine.gas_units.aave_v3.deposit.units"),
        ("gas_units.aave_v3.deposit.tx_bytes", 0, "mine.gas_units.aave_v3.deposit.tx_bytes"),
        ("gas_units.aave_v3.borrow", {}, "mine.gas_units.aave_v3.borrow is not known"),
        ("gas_units.aave_v3.source", None, "mine.gas_units.aave_v3.source is missing"),
        ("chainid", 8453, "mine.chainid is not known"),
        ("payers.0.protocol", "airdrop", "mine.payers[0].protocol 'airdrop' is not one of comet_rewards"),
        ("payers.0.slug", "aave-v3", "mine.payers[0].slug 'aave-v3' is taken"),
        ("payers.3.slug", "merkl-well", "mine.payers[3].slug 'merkl-well' is taken"),
        ("payers.0.token", "UNI", "mine.payers[0].token"),
        ("payers.1.roles.distributor", None, "mine.payers[1].roles.distributor is missing: moonwell_rewards"),
        ("payers.2.roles", {"venue": {}}, "mine.payers[2].roles.venue is not known"),
        ("payers.0.deposits", True, "mine.payers[0].deposits is not known"),
    ],
)
def test_a_wrong_key_is_named(path: str, value: Any, named: str) -> None:
    """The whole path of the key, and what is wrong with it."""
    assert named in refusal(edited(path, value)).message


def test_a_misspelt_key_names_its_neighbour() -> None:
    """The most frequent mistake has its answer beside it."""
    assert refusal(edited("markets.0.depsits", True)).hint == "did you mean deposits?"
    assert refusal(edited("markets.0.zzz", True)).hint == ""


def test_text_that_is_not_toml_is_refused() -> None:
    """With the parser's own words."""
    assert "mine" in refusal("chain_id = ").message


def test_a_role_that_nobody_gives_is_named() -> None:
    """An adapter that needs an address says so when the market is loaded, not when it is read."""
    message = refusal(edited("roles.metamorpho.irm")).message
    assert message == "mine.markets[2].roles.irm is missing: metamorpho needs this address"


def test_no_added_market_takes_the_name_of_a_payer() -> None:
    """A leg of the journal names one thing."""
    with pytest.raises(UsageError, match="pays rewards"):
        with_markets(BASE, [{**TABLE, "slug": BASE.payers[0].slug}], "mine")


def test_a_market_s_own_role_comes_before_the_shared_one() -> None:
    """A vault on another Morpho says so in its table."""
    entry = {"address": VAULT, "source": "test"}
    found = chain("mine", edited("markets.2.roles", {"irm": entry}))
    assert dict(found.markets[2].addresses)["irm"] == VAULT
    assert dict(found.markets[3].addresses)["irm"] != VAULT


# --- markets by configuration alone --------------------------------------------------------------


def test_a_user_adds_a_market_with_a_table() -> None:
    """Complete after one table: identity, spender, the chain's own Multicall3."""
    found = market_from_table(TABLE, BASE)
    assert found.id.address == found.spender == VAULT
    assert found.id.asset == BASE.token("USDC").address
    assert found.addresses == (("multicall3", BASE.multicall3),)
    assert found.deposits
    assert VENUES["erc4626"].supply(found, 1, OWNER)


def test_a_user_s_metamorpho_vault_needs_no_more_than_its_address() -> None:
    """The addresses all of them share stand in the chain file."""
    found = market_from_table({**TABLE, "protocol": "metamorpho"}, BASE)
    assert {name for name, _ in found.addresses} == {"irm", "morpho", "multicall3"}


def test_added_markets_stand_behind_the_shipped_ones() -> None:
    """With their sources."""
    longer = with_markets(BASE, [TABLE], "mammon.toml")
    assert longer.markets[:-1] == BASE.markets
    assert longer.market("my-vault").id.address == VAULT
    assert longer.sources[-1] == (VAULT, "its own documentation")


def test_a_user_switches_a_shipped_market_on_or_off_by_repeating_it() -> None:
    """Same slug and same address: the user's table counts, in the same place."""
    shipped = BASE.market("re7-usdc")
    table = {**TABLE, "slug": shipped.slug, "address": shipped.id.address, "protocol": "metamorpho"}
    found = with_markets(BASE, [table], "mammon.toml")
    assert found.market("re7-usdc").deposits
    assert [market.slug for market in found.markets] == [market.slug for market in BASE.markets]


def test_a_configuration_lists_a_market_once() -> None:
    """Two tables of one user never silently replace one another."""
    with pytest.raises(UsageError, match=r"markets\[1\]\.slug"):
        with_markets(BASE, [TABLE, TABLE], "mammon.toml")


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"slug": "aave-v3"}, "mammon.toml.markets[0].slug"),
        ({"address": BASE.markets[0].id.address}, "mammon.toml.markets[0].address"),
        ({"source": ""}, "mammon.toml.markets[0].source"),
        ({"protocol": "compound_v2"}, "not one of aave_v3, compound_v3, "),
    ],
)
def test_an_added_market_is_checked_against_the_chain(change: dict[str, Any], named: str) -> None:
    """A slug or a market that is there already, and everything the file itself is checked for."""
    with pytest.raises(UsageError) as caught:
        with_markets(BASE, [{**TABLE, **change}], "mammon.toml")
    assert named in caught.value.message


# --- markets that share a contract ---------------------------------------------------------------


def keyed() -> dict[str, Any]:
    """Return the table of a shipped market of Morpho Blue."""
    return next(dict(table) for table in PLAIN["markets"] if table["protocol"] == "morpho_blue")


def test_a_market_of_many_is_named_by_its_key() -> None:
    """The same contract and token with another key are another market."""
    table = keyed()
    other = {**table, "slug": "another", "key": "0x" + "12" * 32}
    found = with_markets(BASE, [other], "mammon.toml")
    market, shipped = found.market("another"), found.market(table["slug"])
    assert (market.id.key, shipped.id.key) == (other["key"], table["key"])
    assert market.id.address == shipped.id.address
    again = with_markets(BASE, [{**table, "deposits": True}], "mammon.toml")
    assert again.market(table["slug"]).deposits


@pytest.mark.parametrize(
    ("table", "named"),
    [
        ({**keyed(), "key": ""}, "key is not a text"),
        ({name: value for name, value in keyed().items() if name != "key"}, "key is missing"),
        ({**keyed(), "slug": "another"}, "is the market 'morpho-"),
        ({**TABLE, "key": "0x12"}, "key is not for erc4626"),
    ],
)
def test_a_key_stands_where_a_contract_has_many_markets_and_nowhere_else(
    table: dict[str, Any], named: str
) -> None:
    """Without one nothing says which is meant; and one market is not listed twice."""
    with pytest.raises(UsageError, match=named):
        with_markets(BASE, [table], "mammon.toml")
