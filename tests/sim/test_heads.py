"""Heads, tags and old state: what a node without an archive knows."""

from __future__ import annotations

from itertools import pairwise

import pytest

from mammon.core import abi
from mammon.core.types import Call
from mammon.protocols.abi import erc20, multicall3
from mammon.sim import processes
from mammon.sim.chain import STATE_WINDOW
from mammon.sim.node import FINALIZED_LAG, SAFE_LAG
from mammon.sim.processes import FIRST_BLOCK, OPENING, OPENING_BLOCK
from tests.sim.lab import Lab, RpcRefusalError, succeeded


def number(lab: Lab, tag: str) -> int:
    """Return the number of the block a tag names."""
    return int(lab.ask("eth_getBlockByNumber", tag, False)["number"], 16)


def test_safe_and_finalized_lag_from_the_first_moment() -> None:
    """Two minutes and twenty minutes of blocks behind the head, at the opening and later."""
    lab = Lab()
    for _ in range(3):
        head = number(lab, "latest")
        assert number(lab, "safe") == head - SAFE_LAG
        assert number(lab, "finalized") == head - FINALIZED_LAG
        lab.clock.sleep(777)
    assert number(lab, "earliest") == FIRST_BLOCK


def test_blocks_come_every_two_seconds_and_are_linked() -> None:
    """Numbers, times and parents are those of a chain, without a gap, over an epoch's start."""
    lab = Lab()
    assert number(lab, "latest") == OPENING_BLOCK
    lab.clock.sleep(700)
    headers = [
        lab.ask("eth_getBlockByNumber", hex(one), False) for one in range(OPENING_BLOCK, lab.chain.head + 1)
    ]
    assert len(headers) == 351
    for here, following in pairwise(headers):
        assert following["parentHash"] == here["hash"]
        assert int(following["timestamp"], 16) == int(here["timestamp"], 16) + 2
    assert int(headers[0]["timestamp"], 16) == OPENING == 1_767_225_600
    assert len({header["hash"] for header in headers}) == len(headers)


def test_a_transaction_changes_later_hashes_and_no_earlier_one() -> None:
    """What was sealed stays sealed: only blocks from the transaction's own on differ."""
    quiet, busy = Lab(), Lab()
    for lab in (quiet, busy):
        lab.clock.sleep(20)
    assert succeeded(busy.supply("aave-v3", 10))
    quiet.clock.sleep(2)
    head = quiet.chain.head
    assert busy.chain.head == head
    hashes = [[lab.chain.block_hash(head - back) for back in range(30)] for lab in (quiet, busy)]
    assert hashes[0][1:] == hashes[1][1:]
    assert hashes[0][0] != hashes[1][0]


def test_state_can_be_asked_for_at_a_block_that_is_not_too_old() -> None:
    """By number, tag, hash or EIP-1898 object, a view sees the state and the time of that block."""
    lab = Lab()
    assert succeeded(lab.supply("aave-v3", 4_000_000_000))
    mined = lab.chain.head
    lab.clock.sleep(1_400)
    balance = Call(lab.file.token("USDC").address, abi.encode_call(erc20.BALANCE_OF, lab.owner))
    block_hash = "0x" + lab.chain.block_hash(mined - 1).hex()
    assert lab.view(balance) == 6_000_000_000
    assert lab.view(balance, hex(mined)) == 6_000_000_000
    for tag in (hex(mined - 1), block_hash, {"blockHash": block_hash}, {"blockNumber": hex(mined - 1)}):
        assert lab.view(balance, tag) == 10_000_000_000
    lab.clock.sleep(600)
    assert lab.view(balance, "finalized") == 6_000_000_000
    clock = Call(lab.file.multicall3, multicall3.BLOCK_TIMESTAMP)
    assert lab.view(clock, "safe") == processes.timestamp_of(lab.node.safe())
    assert lab.view(clock, "pending") == processes.timestamp_of(lab.chain.head + 1)


def test_older_state_and_unknown_blocks_are_typed_errors() -> None:
    """Too old, not there yet, or another chain's: an error the reader can tell from an answer."""
    lab = Lab()
    lab.clock.sleep(4_000)
    balance = {"to": lab.file.token("USDC").address, "data": "0x18160ddd"}
    head = lab.chain.head
    assert lab.ask("eth_call", balance, hex(head - STATE_WINDOW))
    cases = {
        hex(head - STATE_WINDOW - 1): "missing trie node",
        hex(head + 1): "header not found",
        "0x" + "11" * 32: "header for hash not found",
        hex(FIRST_BLOCK - 1): "header not found",
    }
    for tag, reason in cases.items():
        with pytest.raises(RpcRefusalError, match=reason) as caught:
            lab.ask("eth_call", balance, tag)
        assert caught.value.code == -32000
    for tag in (hex(head + 1), hex(FIRST_BLOCK - 1)):
        assert lab.ask("eth_getBlockByNumber", tag, False) is None


def test_the_fee_history_ends_with_the_next_base_fee() -> None:
    """One fee more than blocks: the last is what the next block will charge."""
    lab = Lab()
    history = lab.ask("eth_feeHistory", "0x5", "latest", [25, 75])
    lab.clock.sleep(2)
    header = lab.ask("eth_getBlockByNumber", "latest", False)
    assert history["baseFeePerGas"][-1] == header["baseFeePerGas"]
    assert int(history["oldestBlock"], 16) == lab.chain.head - 5
    assert [len(row) for row in history["reward"]] == [2] * 5
    assert len(history["gasUsedRatio"]) == 5


def test_pinned_reads_stay_at_their_block_while_time_moves() -> None:
    """What was read at a block is read there again later, whatever happened since."""
    lab = Lab()
    pool = lab.market("aave-v3").id.address
    call = Call(pool, abi.encode_call(bytes.fromhex("d15e0053"), lab.file.token("USDC").address))
    pinned = hex(lab.chain.head)
    before = lab.view(call)
    lab.clock.sleep(1_500)
    assert succeeded(lab.supply("aave-v3", 1_000_000_000))
    assert lab.view(call, pinned) == before < lab.view(call)
