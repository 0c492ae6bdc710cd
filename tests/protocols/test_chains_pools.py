"""Position managers in chain files: where positions are looked for, each address with its source."""

from __future__ import annotations

import copy
import tomllib
from importlib import resources
from typing import Any

import pytest
import tomli_w

from mammon.errors import UsageError
from mammon.protocols import chains
from mammon.protocols.chains import chain, parse_chain

BASE = chain("base")
PLAIN = tomllib.loads(resources.files(chains).joinpath("base.toml").read_text("utf-8"))
UNISWAP, AERODROME, CAPS = 0, 1, 2


def parsed(change: Any) -> Any:
    """Read Base's own file with one change made to it."""
    plain = copy.deepcopy(PLAIN)
    change(plain)
    return parse_chain(tomli_w.dumps(plain), "mine")


def refusal(change: Any) -> str:
    """Return why a changed file is refused."""
    with pytest.raises(UsageError) as caught:
        parsed(change)
    return caught.value.message


def test_base_lists_uniswap_and_both_deployments_of_slipstream() -> None:
    """Each with a factory of its own: a position manager issues positions of one factory's pools."""
    listed = [(one.slug, one.protocol, len(one.pools)) for one in BASE.position_managers]
    assert listed == [
        ("uniswap-v3", "uniswap_v3", 0),
        ("aerodrome", "slipstream", 3),
        ("aerodrome-gauge-caps", "slipstream", 0),
    ]
    assert len({one.address for one in BASE.position_managers}) == 3
    assert len({one.factory for one in BASE.position_managers}) == 3
    assert all(one.tokens == BASE.tokens for one in BASE.position_managers)
    assert all(one.multicall3 == BASE.multicall3 for one in BASE.position_managers)


def test_every_address_has_its_source() -> None:
    """Managers, factories, the voter, the pools whose gauges are asked."""
    sourced = {address for address, _ in BASE.sources}
    for one in BASE.position_managers:
        assert {one.address, one.factory, *one.pools, *([one.voter] if one.voter else [])} <= sourced


def test_every_feed_that_prices_a_pool_s_token_is_of_a_listed_token() -> None:
    """`weth_usd` is ether's, which one WETH is by its contract; the others but those of pegs are its own."""
    symbols = {token.symbol.lower() for token in BASE.tokens}
    assert {"weth", "aero", "eurc", "cbbtc", "usdc"} <= symbols
    pairs = {feed.pair: feed.address for feed in BASE.feeds}
    assert pairs["weth_usd"] == pairs["eth_usd"]
    assert pairs["cbbtc_usd"] != pairs["btc_usd"]
    of_pegs = {pair for peg in BASE.pegs for pair in (peg.price, peg.par)}
    assert {pair.removesuffix("_usd") for pair in pairs.keys() - of_pegs} <= symbols | {"eth"}


def test_a_chain_file_without_any_has_none() -> None:
    """They are looked for only where a chain lists them."""
    assert parsed(lambda plain: plain.pop("position_managers")).position_managers == ()
    assert chain("optimism").position_managers == ()


@pytest.mark.parametrize(
    ("which", "key", "value", "message"),
    [
        (UNISWAP, "protocol", "uniswap_v4", "protocol 'uniswap_v4' is not one of slipstream, uniswap_v3"),
        (UNISWAP, "slug", "aave-v3", "slug 'aave-v3' is taken"),
        (UNISWAP, "slug", "compound-v3-comp", "slug 'compound-v3-comp' is taken"),
        (CAPS, "slug", "aerodrome", "slug 'aerodrome' is taken"),
        (UNISWAP, "slug", "Uniswap", "slug is not up to 48 lower-case letters"),
        (CAPS, "address", PLAIN["position_managers"][AERODROME]["address"], "another position manager's"),
        (
            UNISWAP,
            "voter",
            PLAIN["position_managers"][AERODROME]["voter"],
            "whose positions cannot be staked",
        ),
        (CAPS, "staked", PLAIN["position_managers"][AERODROME]["staked"], "voter is missing"),
        (UNISWAP, "fee", 500, "fee is not known"),
        (UNISWAP, "address", "0x123", "is not an address"),
    ],
)
def test_a_wrong_key_is_refused_by_its_name(which: int, key: str, value: object, message: str) -> None:
    """Before anything is read by it."""

    def change(plain: dict[str, Any]) -> None:
        plain["position_managers"][which][key] = value

    found = refusal(change)
    assert f"mine.position_managers[{which}]" in found
    assert message in found


@pytest.mark.parametrize("key", ["slug", "protocol", "address", "source", "factory"])
def test_nothing_may_be_missing(key: str) -> None:
    """Neither a name nor an address nor where it was taken from."""
    assert "is missing" in refusal(lambda plain: plain["position_managers"][UNISWAP].pop(key))


@pytest.mark.parametrize("key", ["name", "address", "source"])
def test_nothing_of_a_pool_may_be_missing(key: str) -> None:
    """Its name is for the reader of the file."""
    found = refusal(lambda plain: plain["position_managers"][AERODROME]["staked"][0].pop(key))
    assert f"position_managers[1].staked[0].{key} is missing" in found
