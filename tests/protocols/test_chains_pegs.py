"""Pegs in chain files: which collateral is meant to be worth something else, each with feeds and a source."""

from __future__ import annotations

from typing import Any

import pytest

from mammon.errors import UsageError
from mammon.protocols.chains import chain
from tests.protocols.test_chains_pools import parsed

BASE = chain("base")
STANDS = {
    "symbol": "cbBTC",
    "address": "0xcbB7C0000aB88B473b1f5aFd9ef808440eed33Bf",
    "price": "cbbtc_usd",
    "coin": "btc_usd",
    "most_off_bps": 300,
    "source": "somewhere",
}


def refusal(*tables: dict[str, Any]) -> str:
    with pytest.raises(UsageError) as caught:
        parsed(lambda plain: plain.update(pegs=list(tables)))
    return caught.value.message


def test_base_lists_what_its_venues_lend_against_and_has_a_peg() -> None:
    """One stands for bitcoin, two wrap staked ether; ether itself has none."""
    assert [(peg.symbol, peg.wrapped, peg.most_off_bps) for peg in BASE.pegs] == [
        ("cbBTC", False, 300),
        ("cbETH", True, 500),
        ("wstETH", True, 500),
    ]
    assert BASE.token("WETH").address not in {peg.token for peg in BASE.pegs}
    assert BASE.token("cbBTC").address == BASE.pegs[0].token


def test_every_peg_has_its_feeds_and_its_source() -> None:
    """Two different feeds of the chain, none of them a feed of what others are held against."""
    sourced = {address for address, _ in BASE.sources}
    for peg in BASE.pegs:
        feeds = [BASE.feed(pair) for pair in (peg.price, peg.par)]
        assert all(feed is not None and feed.address in sourced for feed in feeds)
        assert feeds[0] != feeds[1]
        assert peg.token in sourced
    prices = [peg.price for peg in BASE.pegs]
    assert len(set(prices)) == len(prices)
    assert not set(prices) & {peg.par for peg in BASE.pegs}


def test_a_chain_file_without_any_has_none() -> None:
    """Nothing is watched where nothing is listed."""
    assert parsed(lambda plain: plain.pop("pegs")).pegs == ()
    assert chain("optimism").pegs == ()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"symbol": "cb:BTC"}, "pegs[0].symbol is not up to 20 letters"),
        ({"symbol": ""}, "pegs[0].symbol is not a text"),
        ({"address": "0x00"}, "pegs[0].address"),
        ({"price": "nothing_usd"}, "pegs[0].price 'nothing_usd' is not among the chain's feeds"),
        ({"coin": "nothing_usd"}, "pegs[0].coin 'nothing_usd' is not among the chain's feeds"),
        ({"redeems": "cbeth_redeems_eth"}, "pegs[0].redeems is not known"),
        ({"most_off_bps": 49}, "pegs[0].most_off_bps is not an integer between 50 and 5000"),
        ({"most_off_bps": 5_001}, "pegs[0].most_off_bps"),
        ({"most": 1}, "pegs[0].most is not known"),
    ],
)
def test_a_wrong_key_is_refused_by_its_name(change: dict[str, Any], message: str) -> None:
    """Each error names the key; what it is held against is one of two, never both."""
    assert message in refusal(STANDS | change)


@pytest.mark.parametrize("key", ["symbol", "address", "price", "most_off_bps", "source"])
def test_nothing_may_be_missing(key: str) -> None:
    """A peg without a feed, a bound or a source is none."""
    assert f"pegs[0].{key}" in refusal({name: value for name, value in STANDS.items() if name != key})


def test_without_a_coin_it_must_say_what_it_is_redeemed_for() -> None:
    """Else it would be held against nothing."""
    bare = {name: value for name, value in STANDS.items() if name != "coin"}
    assert "pegs[0].redeems is missing" in refusal(bare)
    with_rate = parsed(lambda plain: plain.update(pegs=[bare | {"redeems": "cbeth_redeems_eth"}])).pegs
    assert [(peg.par, peg.wrapped) for peg in with_rate] == [("cbeth_redeems_eth", True)]


def test_a_token_has_one_peg() -> None:
    """And a symbol names one token: sources are asked by it."""
    other = STANDS | {"symbol": "other"}
    assert "'other' has a peg already" in refusal(STANDS, other)
    twin = STANDS | {"address": BASE.pegs[1].token}
    assert "'cbBTC' has a peg already" in refusal(STANDS, twin)
