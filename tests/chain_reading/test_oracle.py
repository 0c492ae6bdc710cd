"""Prices, sequencer, gas prices and balances: sound answers become values, everything else `Unread`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mammon.chain import oracle
from mammon.chain.fees import fees
from mammon.chain.oracle import NO_DATA_FEES, DataFees
from mammon.core import abi
from mammon.core.numbers import Units, Wei
from mammon.core.types import CallFailed, Fees, Price, Read, Sequencer, Token, Unread
from mammon.errors import CallFailedError
from tests.chain_reading.bench import Bench
from tests.chain_reading.node import (
    BASE_FEE,
    CHAIN_ID,
    GENESIS_S,
    HEIGHT,
    MULTICALL,
    TIP,
    Chain,
    Node,
    View,
    address,
    word,
)

FEED, ORACLE, TOKEN, OWNER = 1, 2, 3, address(4)
NOW = GENESIS_S + 2 * HEIGHT
PHASE = 1 << 64


def read_one(chain: Chain, read: Read[Any]) -> Any:
    found = Bench(Node(chain)).read({"one": read})
    assert found.requests <= 2
    return found.values["one"]


def feed(
    answer: int, started: int, updated: int, number: int = PHASE + 5, answered: int = PHASE + 5
) -> Chain:
    chain = Chain()
    chain.add(
        FEED,
        oracle.LATEST_ROUND_DATA,
        View(b"".join(map(word, (number, answer, started, updated, answered)))),
    )
    chain.add(FEED, bytes.fromhex("313ce567"), View(word(8)))
    return chain


def price(chain: Chain) -> Any:
    return read_one(chain, oracle.price("eth_usd", address(FEED), 1200, MULTICALL))


def sequencer(chain: Chain) -> Any:
    return read_one(chain, oracle.sequencer(address(FEED), MULTICALL))


def test_a_sound_price_is_read_as_it_is() -> None:
    """Answer, decimals and time are the feed's own; its age is not judged here."""
    for updated in (NOW, NOW - 10_000_000):
        assert price(feed(300_012_345_678, NOW + 3, updated)) == Price(
            "eth_usd", Units(300_012_345_678), 8, updated, 1200
        )


@pytest.mark.parametrize(
    ("chain", "code"),
    [
        (feed(0, NOW, NOW), "feed_answer"),
        (feed(-1, NOW, NOW), "feed_answer"),
        (feed(1, NOW, 0), "feed_round"),
        (feed(1, NOW, NOW + 1), "feed_round"),
        (feed(1, NOW, NOW, number=0, answered=0), "feed_round"),
        (feed(1, NOW, NOW, number=PHASE + 6), "feed_round"),
        (feed(1, NOW, NOW, answered=1 << 80), "abi"),
    ],
)
def test_a_price_that_makes_no_sense_is_unread(chain: Chain, code: str) -> None:
    """Zero, negative, never updated, from the future, or of an unanswered round: no price at all."""
    assert price(chain).code == code


def test_return_data_of_another_shape_is_unread() -> None:
    """A feed whose data is short, long or of absurd decimals is not a feed."""
    for data in (b"", b"\0" * 159, b"\0" * 192):
        chain = feed(1, NOW, NOW)
        chain.add(FEED, oracle.LATEST_ROUND_DATA, View(data))
        assert price(chain).code == "abi"
    chain = feed(1, NOW, NOW)
    chain.add(FEED, bytes.fromhex("313ce567"), View(word(37)))
    assert price(chain).code == "feed_answer"
    chain.add(FEED, bytes.fromhex("313ce567"), View(reverts=b""))
    assert price(chain).code == "reverted"


@pytest.mark.parametrize(("answer", "up"), [(0, True), (1, False)])
def test_the_sequencer_is_up_at_zero_and_down_at_one(answer: int, up: bool) -> None:
    """Its state and since when are the feed's own."""
    assert sequencer(feed(answer, NOW - 5000, NOW - 100)) == Sequencer(up, NOW - 5000)


@pytest.mark.parametrize(
    "chain",
    [feed(2, NOW, NOW), feed(-1, NOW, NOW), feed(0, 0, NOW), feed(0, NOW + 1, NOW), feed(0, NOW, NOW, 0, 0)],
)
def test_a_sequencer_feed_that_makes_no_sense_is_unread(chain: Chain) -> None:
    """Any other answer, or none yet, is neither up nor down."""
    assert sequencer(chain).code in ("feed_answer", "feed_round")


def gas_oracle(constant: int = 1_000, at_megagas: int = 301_000) -> Chain:
    chain = Chain()
    figures = [
        (oracle.L1_BASE_FEE, 5_000_000_000),
        (oracle.BASE_FEE_SCALAR, 2_269),
        (oracle.BLOB_BASE_FEE, 1_000_000_000),
        (oracle.BLOB_BASE_FEE_SCALAR, 1_055_762),
        (oracle.OPERATOR_FEE + word(0), constant),
        (oracle.OPERATOR_FEE + word(1_000_000), at_megagas),
    ]
    for payload, value in figures:
        chain.add(ORACLE, payload, View(word(value)))
    return chain


def data_fees(chain: Chain) -> Any:
    return read_one(chain, oracle.data_fees(address(ORACLE)))


@given(st.integers(0, 2**64), st.integers(0, 2**32))
def test_the_operator_fee_is_told_by_two_points(constant: int, scalar: int) -> None:
    """Isthmus' gas * s / 1e6 + c and Jovian's gas * s * 100 + c both read back exactly."""
    for slope in (scalar, scalar * 100 * 1_000_000):
        found = data_fees(gas_oracle(constant, constant + slope))
        assert (found.operator_constant, found.operator_per_megagas) == (constant, slope)


def test_the_data_fees_parts_are_read_each_in_its_place() -> None:
    """Base fees, scalars and the operator fee are not mixed up."""
    assert data_fees(gas_oracle()) == DataFees(
        Wei(5_000_000_000), 2_269, Wei(1_000_000_000), 1_055_762, Wei(1_000), Wei(300_000)
    )


def test_data_fees_are_whole_or_unread() -> None:
    """A view that is missing, a scalar too wide or a falling operator fee leave no fees at all."""
    for key in list(gas_oracle().views):
        chain = gas_oracle()
        del chain.views[key]
        assert isinstance(data_fees(chain), Unread)
    wide = gas_oracle()
    wide.add(ORACLE, oracle.BASE_FEE_SCALAR, View(word(1 << 32)))
    assert data_fees(wide).code == "abi"
    assert data_fees(gas_oracle(1_000, 999)).code == "operator_fee"


def test_fees_are_put_together_or_unread() -> None:
    """Next base fee, tip and data fees make `Fees`; one missing part makes `Unread` with its reason."""
    found = Bench(Node(gas_oracle())).read({"data": oracle.data_fees(address(ORACLE))})
    assert fees(found, found.values["data"]) == Fees(
        Wei(BASE_FEE + 7),
        Wei(TIP + 2),
        Wei(5_000_000_000),
        2_269,
        Wei(1_000_000_000),
        1_055_762,
        Wei(1_000),
        Wei(300_000),
    )
    bare = fees(found, NO_DATA_FEES)
    assert isinstance(bare, Fees)
    assert (bare.l1_base_fee, bare.operator_constant, bare.operator_per_megagas) == (0, 0, 0)
    assert fees(found, Unread("data", "reverted", "why")) == Unread("fees", "reverted", "why")

    def without_history(items: list[dict[str, Any]]) -> Any:
        items[1]["result"] = None
        return items

    blind = Bench(Node(Chain(), edit=without_history)).read({})
    assert fees(blind, NO_DATA_FEES) == Unread("fees", "fee_history", "no fee history")


class HalfKnown:
    """A round whose base fee is known and whose tip is not."""

    next_base_fee: Wei | Unread = Wei(1)
    tip: Wei | Unread = Unread("fees", "fee_history", "no rewards")


def test_a_missing_tip_is_not_zero() -> None:
    """Nothing stands in for a tip that was not read."""
    assert fees(HalfKnown(), NO_DATA_FEES) == Unread("fees", "fee_history", "no rewards")


def test_balances_are_read_in_the_tokens_own_decimals() -> None:
    """A token whose decimals differ from the configured ones has no balance here (field notes, row 17)."""
    chain = Chain()
    chain.add(TOKEN, bytes.fromhex("70a08231") + abi.word(OWNER), View(word(200_073_624)))
    chain.add(TOKEN, bytes.fromhex("313ce567"), View(word(6)))
    usdc = Token(CHAIN_ID, address(TOKEN), "USDC", 6)
    assert read_one(chain, oracle.token_balance(usdc, OWNER)) == 200_073_624
    wrong = Token(CHAIN_ID, address(TOKEN), "USDC", 18)
    assert read_one(chain, oracle.token_balance(wrong, OWNER)).code == "decimals"


def test_the_native_balance_is_read_in_the_same_aggregate() -> None:
    """Multicall3 tells native balances, so that they are of the same block."""
    chain = Chain()
    chain.views[MULTICALL, oracle.ETH_BALANCE + abi.word(OWNER)] = View(word(7 * 10**18))
    assert read_one(chain, oracle.native_balance(MULTICALL, OWNER)) == 7 * 10**18


def test_a_failure_sent_in_place_of_an_answer_is_raised() -> None:
    """No read takes a failure for data, whoever drives it."""
    read = oracle.native_balance(MULTICALL, OWNER)
    next(read)
    with pytest.raises(CallFailedError):
        read.send([CallFailed("reverted", "why")])


def test_selectors_are_their_signatures() -> None:
    """Every literal selector is derived again from the signature beside it."""
    source = Path(oracle.__file__).read_text()
    found = re.findall(r'bytes\.fromhex\("([0-9a-f]{8})"\)  # (\S+)', source)
    assert len(found) == 7
    for selector, signature in found:
        assert abi.selector(signature).hex() == selector
