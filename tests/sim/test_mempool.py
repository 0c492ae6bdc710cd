"""The pool's rules: nonces, fees, replacements, signatures, money."""

from __future__ import annotations

from typing import Any

import pytest

from mammon.core.numbers import Wei
from mammon.core.types import Address, Call
from mammon.sim import processes
from tests.sim.lab import MAX_FEE, TIP, Lab, RpcRefusalError

FRIEND = Address("0x000000000000000000000000000000000000dEaD")
NOTHING = Call(FRIEND, b"")


def count(lab: Lab, tag: str) -> int:
    """Return the wallet's transaction count at a tag."""
    return int(lab.ask("eth_getTransactionCount", lab.owner, tag), 16)


def refused(lab: Lab, reason: str, raw: bytes) -> None:
    """Assert that the node refuses a raw transaction for a reason."""
    with pytest.raises(RpcRefusalError, match=reason) as caught:
        lab.ask("eth_sendRawTransaction", "0x" + raw.hex())
    assert caught.value.code == -32000


def test_nonces_are_mined_in_order_and_gaps_wait() -> None:
    """What follows a gap waits until the gap is filled; then all are mined in one block, in order."""
    lab = Lab()
    late = lab.send(NOTHING, 1)
    lab.clock.sleep(10)
    assert lab.ask("eth_getTransactionReceipt", late) is None
    assert (count(lab, "latest"), count(lab, "pending")) == (0, 0)
    first = lab.send(NOTHING, 0)
    assert (count(lab, "latest"), count(lab, "pending")) == (0, 2)
    lab.clock.sleep(2)
    receipts = [lab.ask("eth_getTransactionReceipt", entry) for entry in (first, late)]
    assert [receipt["transactionIndex"] for receipt in receipts] == ["0x0", "0x1"]
    assert len({receipt["blockHash"] for receipt in receipts}) == 1
    assert (count(lab, "latest"), count(lab, "pending"), count(lab, "safe")) == (2, 2, 0)
    lab.clock.sleep(120)
    assert count(lab, "safe") == 2
    assert count(lab, "finalized") == 0


def test_used_nonces_and_known_transactions_are_refused() -> None:
    """A nonce below the next one is too low; the same bytes twice are already known."""
    lab = Lab()
    raw = lab.raw(NOTHING, 0)
    lab.send(NOTHING, 0)
    refused(lab, "already known", raw)
    lab.clock.sleep(2)
    refused(lab, "nonce too low: next nonce 1, tx nonce 0", raw)


@pytest.mark.parametrize(
    ("tip", "max_fee", "taken"),
    [
        (110, 110, True),
        (109, 110, False),
        (110, 109, False),
        (200, 100, False),
        (100, 200, False),
    ],
)
def test_a_replacement_raises_both_fees_by_a_tenth(tip: int, max_fee: int, taken: bool) -> None:
    """Ten per cent on tip and cap together replace; less on either does not."""
    lab = Lab()
    first = lab.send(NOTHING, 0)
    fees: dict[str, Any] = {"tip": Wei(TIP * tip // 100), "max_fee": Wei(MAX_FEE * max_fee // 100)}
    raw = lab.raw(NOTHING, 0, **fees)
    if not taken:
        refused(lab, "replacement transaction underpriced", raw)
        return
    second = lab.ask("eth_sendRawTransaction", "0x" + raw.hex())
    assert lab.ask("eth_getTransactionByHash", first) is None
    lab.clock.sleep(2)
    assert lab.ask("eth_getTransactionReceipt", first) is None
    assert lab.ask("eth_getTransactionReceipt", second)["status"] == "0x1"


def test_an_underpriced_transaction_waits_for_a_cheaper_block() -> None:
    """A cap below the base fee is no error: the transaction is mined once the fee has fallen to it."""
    lab = Lab()
    fees = [processes.base_fee(42, lab.chain.head + offset) for offset in range(1, 4_000)]
    cap = min(fees)
    entry = lab.send(NOTHING, 0, tip=Wei(0), max_fee=Wei(cap))
    lab.clock.sleep(2 * fees.index(cap))
    assert lab.ask("eth_getTransactionReceipt", entry) is None
    assert lab.ask("eth_getTransactionByHash", entry)["blockNumber"] is None
    lab.clock.sleep(2)
    receipt = lab.ask("eth_getTransactionReceipt", entry)
    assert int(receipt["effectiveGasPrice"], 16) == cap


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"chain_id": 1}, "invalid chain id for signer: have 1 want 8453"),
        ({"gas": 20_999}, "intrinsic gas too low"),
        ({"gas": 16_777_217}, "transaction gas limit too high"),
        ({"value": Wei(5 * 10**16)}, "insufficient funds for gas \\* price \\+ value"),
        ({"max_fee": Wei(5 * 10**10)}, "insufficient funds"),
    ],
)
def test_what_the_common_client_refuses_is_refused(fields: dict[str, Any], reason: str) -> None:
    """Wrong chain, too little or too much gas, more than the wallet has: refused in the client's words."""
    lab = Lab()
    refused(lab, reason, lab.raw(NOTHING, 0, **fields))
    assert count(lab, "pending") == 0


def test_bytes_that_are_no_transaction_are_refused() -> None:
    """Other types, broken RLP and impossible signatures never get in."""
    lab = Lab()
    raw = lab.raw(NOTHING, 0)
    for broken in (b"", b"\x01" + raw[1:], raw[:-1], raw + b"\0"):
        refused(lab, "rlp", broken)


def test_an_altered_signature_is_somebody_elses() -> None:
    """A flipped bit recovers to another account, which has no money."""
    lab = Lab()
    raw = bytearray(lab.raw(NOTHING, 0))
    raw[-40] ^= 1
    with pytest.raises(RpcRefusalError, match=r"insufficient funds|rlp|invalid sender"):
        lab.ask("eth_sendRawTransaction", "0x" + raw.hex())
    assert count(lab, "pending") == 0


def test_ether_is_sent_and_fees_are_exact() -> None:
    """The balance falls by the value, the gas at the price paid, the data fee and the operator fee."""
    lab = Lab()
    before = lab.ether()
    receipt = lab.mined([NOTHING], value=Wei(12_345), gas=21_000)[0]
    gas, price = int(receipt["gasUsed"], 16), int(receipt["effectiveGasPrice"], 16)
    operator = gas * int(receipt["operatorFeeScalar"], 16) * 100 + int(receipt["operatorFeeConstant"], 16)
    assert gas == 21_000
    assert price == processes.base_fee(42, lab.chain.head) + TIP
    assert before - lab.ether() == 12_345 + gas * price + int(receipt["l1Fee"], 16) + operator
    assert lab.ether(FRIEND) == 12_345


def test_a_dropped_transaction_is_gone_and_can_come_back() -> None:
    """Who drops a transaction from the pool leaves its nonce free; the same bytes are taken again."""
    lab = Lab()
    raw = lab.raw(NOTHING, 0)
    entry = lab.send(NOTHING, 0)
    assert lab.chain.mempool.drop(entry)
    assert not lab.chain.mempool.drop(entry)
    assert count(lab, "pending") == 0
    lab.clock.sleep(4)
    assert lab.ask("eth_getTransactionByHash", entry) is None
    assert lab.ask("eth_sendRawTransaction", "0x" + raw.hex()) == entry
