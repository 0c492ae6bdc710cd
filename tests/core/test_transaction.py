"""What is signed and sent is, byte for byte, what another library makes; nothing else is read."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from eth_account import Account
from eth_utils import to_checksum_address
from hypothesis import given, settings
from hypothesis import strategies as st

from mammon.core import rlp
from mammon.core.numbers import Wei
from mammon.core.transaction import (
    CURVE_ORDER,
    Unsigned,
    decode_payload,
    decode_signed,
    signed,
    transaction_hash,
)
from mammon.core.types import Address
from mammon.errors import MalformedError

KEY = "0x" + "4c" * 32
ACCOUNT = Account.from_key(KEY)
PLAIN = Unsigned(
    chain_id=8453, nonce=7, tip=Wei(10**6), max_fee=Wei(3 * 10**9), gas=100_000,
    to=Address("0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913"), value=Wei(0), data=bytes.fromhex("095ea7b3"),
)  # fmt: skip
R, S = 5, CURVE_ORDER // 2

uint64 = st.integers(0, 2**64 - 1)
wei = st.integers(0, 2**256 - 1)
addresses = st.binary(min_size=20, max_size=20).map(to_checksum_address).map(Address)


@st.composite
def transactions(draw: st.DrawFn) -> Unsigned:
    """Draw any transaction a node would parse."""
    tip, fee = sorted((draw(wei), draw(wei)))
    return Unsigned(
        draw(st.integers(1, 2**63)), draw(uint64), Wei(tip), Wei(fee), draw(uint64),
        draw(addresses), Wei(draw(wei)), draw(st.binary(max_size=200)),
    )  # fmt: skip


def _as_dict(unsigned: Unsigned) -> dict[str, Any]:
    return {
        "type": 2, "chainId": unsigned.chain_id, "nonce": unsigned.nonce, "gas": unsigned.gas,
        "maxPriorityFeePerGas": unsigned.tip, "maxFeePerGas": unsigned.max_fee,
        "to": unsigned.to, "value": unsigned.value, "data": unsigned.data,
    }  # fmt: skip


@given(transactions())
@settings(max_examples=60)
def test_bytes_and_hash_equal_another_librarys(unsigned: Unsigned) -> None:
    """Signing the same fields gives the same digest, the same raw bytes and the same hash."""
    theirs = ACCOUNT.sign_transaction(_as_dict(unsigned))
    signature = ACCOUNT.unsafe_sign_hash(unsigned.digest())
    raw = signed(unsigned, signature.v - 27, signature.r, signature.s)
    assert raw == bytes(theirs.raw_transaction)
    assert transaction_hash(raw) == "0x" + bytes(theirs.hash).hex()
    assert Account.recover_transaction(raw) == ACCOUNT.address


@given(transactions(), st.integers(0, 1), st.integers(1, CURVE_ORDER - 1), st.integers(1, CURVE_ORDER // 2))
@settings(max_examples=100)
def test_reading_inverts_writing(unsigned: Unsigned, y_parity: int, r: int, s: int) -> None:
    """Every transaction and signature come back as they were."""
    assert decode_signed(signed(unsigned, y_parity, r, s)) == (unsigned, y_parity, r, s)
    assert decode_payload(unsigned.payload()) == unsigned


@given(transactions(), st.data())
@settings(max_examples=300)
def test_a_damaged_payload_is_refused_or_is_another_transaction(
    unsigned: Unsigned, data: st.DataObject
) -> None:
    """No two payloads read as one transaction: what is accepted is what writing it gives."""
    payload = bytearray(unsigned.payload())
    at = data.draw(st.integers(0, len(payload) - 1))
    payload[at] ^= 1 << data.draw(st.integers(0, 7))
    try:
        found = decode_payload(bytes(payload))
    except MalformedError:
        return
    assert found.payload() == payload
    assert found != unsigned


@pytest.mark.parametrize(
    ("payload", "what"),
    [(signed(PLAIN, 0, R, S), "9 fields"), (PLAIN.payload() + b"\0", "behind"), (b"\4\xc0", "type 0x04")],
)
def test_what_is_no_payload_is_refused(payload: bytes, what: str) -> None:
    """A signed transaction, trailing bytes and another type are not what is asked to be signed."""
    with pytest.raises(MalformedError, match=what):
        decode_payload(payload)


@given(transactions(), st.data())
@settings(max_examples=300)
def test_damaged_bytes_are_refused_or_are_another_transaction(
    unsigned: Unsigned, data: st.DataObject
) -> None:
    """No two byte strings read as one transaction: what is accepted is what writing it gives."""
    raw = bytearray(signed(unsigned, 1, R, S))
    at = data.draw(st.integers(0, len(raw) - 1))
    kind = data.draw(st.sampled_from(["flip", "cut", "add"]))
    if kind == "flip":
        raw[at] ^= 1 << data.draw(st.integers(0, 7))
    elif kind == "cut":
        del raw[at:]
    else:
        raw[at:at] = data.draw(st.binary(min_size=1, max_size=2))
    try:
        found = decode_signed(bytes(raw))
    except MalformedError:
        return
    assert signed(*found) == raw
    assert found != (unsigned, 1, R, S)


def _fields() -> list[Any]:
    fields = rlp.decode(signed(PLAIN, 1, R, S)[1:])
    assert isinstance(fields, list)
    return fields


@pytest.mark.parametrize(
    ("at", "value", "what"),
    [
        (0, b"\0\1", "leading zeros"),
        (1, [], "list where a number"),
        (2, bytes(1), "leading zeros"),
        (2, b"\xff" * 5, "exceeds the fee"),
        (4, b"\1" * 9, "64 bits"),
        (5, b"", "recipient"),
        (5, b"\1" * 19, "recipient"),
        (5, [b""] * 20, "recipient"),
        (6, b"\1" * 33, "256 bits"),
        (7, [], "list where the data"),
        (8, b"", "access list"),
        (8, [[b"\1" * 20, []]], "access list"),
        (9, b"\2", "signature"),
        (9, b"\x1b", "signature"),
        (10, b"", "signature"),
        (10, CURVE_ORDER.to_bytes(32, "big"), "signature"),
        (11, b"", "signature"),
        (11, (CURVE_ORDER // 2 + 1).to_bytes(32, "big"), "signature"),
        (11, bytes(1) + b"\1" * 31, "leading zeros"),
    ],
)
def test_each_field_out_of_its_form_is_refused(at: int, value: Any, what: str) -> None:
    """Leading zeros, another recipient length, an access list, a high s: each is refused by name."""
    fields = _fields()
    fields[at] = value
    with pytest.raises(MalformedError, match=what):
        decode_signed(b"\2" + rlp.encode(fields))


@pytest.mark.parametrize(
    ("raw", "what"),
    [
        (b"", "type 0x,"),
        (signed(PLAIN, 0, R, S)[1:], "type 0xf8"),
        (b"\1" + signed(PLAIN, 0, R, S)[1:], "type 0x01"),
        (b"\2", "nothing where an item"),
        (b"\2\x8c" + b"\1" * 12, "12 fields"),
        (b"\2\xc0", "12 fields"),
        (PLAIN.payload(), "12 fields"),
        (signed(PLAIN, 0, R, S) + b"\0", "behind the item"),
    ],
)
def test_what_is_no_signed_transaction_is_refused(raw: bytes, what: str) -> None:
    """Another type, another shape, an unsigned payload and trailing bytes are refused."""
    with pytest.raises(MalformedError, match=what):
        decode_signed(raw)


@pytest.mark.parametrize(
    "changes",
    [
        {"chain_id": 2**64},
        {"nonce": -1},
        {"nonce": 2**64},
        {"gas": 2**64},
        {"tip": -1},
        {"tip": PLAIN.max_fee + 1},
        {"max_fee": 2**256},
        {"value": -1},
        {"value": 2**256},
        {"to": ""},
        {"to": "0x1234"},
        {"to": PLAIN.to.lower()},
    ],
)
def test_a_transaction_no_node_would_take_cannot_be_made(changes: dict[str, Any]) -> None:
    """Fields out of range, a tip above the fee and a missing recipient are refused when it is built."""
    with pytest.raises(MalformedError):
        dataclasses.replace(PLAIN, **changes)


@pytest.mark.parametrize(
    ("y_parity", "r", "s"),
    [(2, R, S), (27, R, S), (-1, R, S), (0, 0, S), (0, CURVE_ORDER, S), (0, R, 0), (0, R, S + 1), (0, R, -1)],
)
def test_a_signature_out_of_range_is_not_appended(y_parity: int, r: int, s: int) -> None:
    """What nodes refuse is never made: an odd parity, zero, beyond the order, s in the upper half."""
    with pytest.raises(MalformedError, match="signature"):
        signed(PLAIN, y_parity, r, s)
