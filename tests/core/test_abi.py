"""The codec: equal to an independent one on valid data, and never laxer on any other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import eth_abi
import pytest
from eth_utils import to_checksum_address
from hypothesis import given, settings
from hypothesis import strategies as st

from mammon.core import abi
from mammon.core.keccak import keccak256
from mammon.core.types import Address
from mammon.errors import MalformedError

WORD = 32
USDC = Address("0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913")
uints = st.integers(0, 2**256 - 1)
addresses = st.binary(min_size=20, max_size=20).map(to_checksum_address).map(Address)
hashes = st.binary(min_size=32, max_size=32)
blobs = st.binary(max_size=100)
answers = st.lists(st.tuples(st.booleans(), blobs), max_size=5)


# --- writing -------------------------------------------------------------------------------------


@given(uints, addresses, st.booleans(), hashes)
def test_static_words_equal_the_oracle(number: int, address: Address, flag: bool, digest: bytes) -> None:
    """Numbers, addresses, bools and bytes32 are the words another library writes."""
    expected = eth_abi.encode(["uint256", "address", "bool", "bytes32"], [number, address, flag, digest])
    assert abi.encode(number, address, flag, digest) == expected
    assert abi.encode_call(b"\1\2\3\4", number, address, flag, digest) == b"\1\2\3\4" + expected


@given(uints, st.tuples(uints, addresses), blobs, st.lists(uints, max_size=4), st.lists(blobs, max_size=3))
def test_dynamic_arguments_equal_the_oracle(
    number: int, static: tuple[int, Address], blob: bytes, numbers: list[int], blobs: list[bytes]
) -> None:
    """Offsets, lengths and padding are the ones another library writes, nested ones included."""
    types = ["uint256", "(uint256,address)", "bytes", "uint256[]", "bytes[]", "(uint256,bytes)"]
    expected = eth_abi.encode(types, [number, static, blob, numbers, blobs, (number, blob)])
    ours = abi.encode(
        number,
        static,
        abi.byte_string(blob),
        abi.array(numbers),
        abi.array([abi.byte_string(entry) for entry in blobs]),
        abi.struct(number, abi.byte_string(blob)),
    )
    assert ours == expected


@given(
    st.lists(st.tuples(uints, st.tuples(addresses, uints)), max_size=4),
    st.lists(st.lists(hashes), max_size=3),
)
def test_arrays_of_structs_and_of_arrays_equal_the_oracle(
    rows: list[tuple[int, tuple[Address, int]]], proofs: list[list[bytes]]
) -> None:
    """Static structs stand in place within their array, inner arrays behind offsets of their own."""
    expected = eth_abi.encode(["(uint256,(address,uint256))[]", "bytes32[][]"], [rows, proofs])
    assert abi.encode(abi.array(rows), abi.array([abi.array(proof) for proof in proofs])) == expected


@given(st.integers(-(2**255), 2**255 - 1))
def test_signed_words_equal_the_oracle(value: int) -> None:
    """A signed word is two's complement, written and read."""
    assert abi.signed_word(value) == eth_abi.encode(["int256"], [value])
    assert abi.signed(abi.signed_word(value)) == value


@pytest.mark.parametrize(
    "write",
    [
        lambda: abi.word(-1),
        lambda: abi.word(2**256),
        lambda: abi.word(b"short"),
        lambda: abi.word(bytes(20)),
        lambda: abi.signed_word(2**255),
        lambda: abi.signed_word(-(2**255) - 1),
        lambda: abi.encode((1, abi.byte_string(b""))),
        lambda: abi.encode_call(b"123", 1),
    ],
)
def test_what_does_not_fit_is_not_written(write: Callable[[], bytes]) -> None:
    """Numbers beyond a word, bytes that are no whole word, half a selector: refused, never cut or padded."""
    with pytest.raises(ValueError):
        write()


def test_a_string_that_is_no_address_is_not_written() -> None:
    """Text is an address or nothing."""
    with pytest.raises(MalformedError):
        abi.word("0x1234")


def test_a_selector_is_the_head_of_its_signatures_hash() -> None:
    """Selectors follow from signatures; Multicall3's, a literal here, does."""
    assert abi.selector("balanceOf(address)").hex() == "70a08231"
    assert abi.selector("aggregate3((address,bool,bytes)[])") == abi.AGGREGATE3
    assert keccak256(b"balanceOf(address)").startswith(abi.selector("balanceOf(address)"))


# --- reading: single words -----------------------------------------------------------------------


@given(st.lists(uints, max_size=6), st.binary(min_size=1, max_size=40))
def test_words_are_exact_and_leading_words_are_at_least(numbers: list[int], rest: bytes) -> None:
    """Exactly so many words, or the first of them; one byte less is refused, one more only when exact."""
    data = b"".join(number.to_bytes(WORD, "big") for number in numbers)
    count = len(numbers)
    assert abi.words(data, count) == abi.leading_words(data + rest, count) == tuple(numbers)
    assert abi.leading_words(data, count) == tuple(numbers)
    for wrong in (data + rest, data[:-1] if data else b"\0"):
        with pytest.raises(MalformedError):
            abi.words(wrong, count)
    with pytest.raises(MalformedError):
        abi.leading_words(data, count + 1)


@given(st.one_of(uints, st.integers(0, 2**17)), st.sampled_from([8, 16, 40, 64, 96, 128, 248, 256]))
@settings(max_examples=300)
def test_widths_are_checked_as_the_oracle_checks_them(value: int, bits: int) -> None:
    """An integer wider than its type is refused, signed and unsigned, from an int and from a word."""
    word = value.to_bytes(WORD, "big")
    _same(lambda: abi.uint(word, bits), lambda: abi.uint(value, bits), f"uint{bits}", word)
    _same(lambda: abi.signed(word, bits), lambda: abi.signed(value, bits), f"int{bits}", word)


@given(st.one_of(st.integers(0, 3), st.integers(0, 2**161), uints))
@settings(max_examples=200)
def test_bools_and_addresses_are_checked_as_the_oracle_checks_them(value: int) -> None:
    """A bool is 0 or 1, an address has 160 bits; anything above is refused."""
    word = value.to_bytes(WORD, "big")
    _same(lambda: abi.boolean(word), lambda: abi.boolean(value), "bool", word)
    _same(lambda: abi.address(word).lower(), lambda: abi.address(value).lower(), "address", word)


def _same(from_word: Callable[[], Any], from_int: Callable[[], Any], kind: str, word: bytes) -> None:
    try:
        (expected,) = eth_abi.decode([kind], word)
    except eth_abi.exceptions.DecodingError:
        for read in (from_word, from_int):
            with pytest.raises(MalformedError):
                read()
        return
    assert from_word() == from_int() == expected


@pytest.mark.parametrize("read", [abi.uint, abi.signed, abi.boolean, abi.address])
@pytest.mark.parametrize("word", [b"", bytes(31), bytes(33), -1, 2**256])
def test_what_is_no_word_is_refused(read: Callable[[int | bytes], Any], word: int | bytes) -> None:
    """Bytes that are not 32 and integers outside a word are refused by every reader."""
    with pytest.raises(MalformedError):
        read(word)


# --- reading: behind offsets ---------------------------------------------------------------------

READERS: dict[str, tuple[Callable[[bytes], Any], st.SearchStrategy[Any]]] = {
    "bytes": (abi.bytes_at, blobs),
    "string": (abi.text_at, st.text(max_size=40)),
    "uint256[]": (abi.words_at, st.lists(uints, max_size=5).map(tuple)),
    "(uint256,uint256)[]": (
        lambda data: abi.rows_at(data, 0, 2),
        st.lists(st.tuples(uints, uints), max_size=4).map(tuple),
    ),
    "(bool,bytes)[]": (lambda data: tuple(abi.decode_aggregate3(data)), answers.map(tuple)),
}


def _mutated(data: bytes, draw: Callable[..., Any]) -> bytes:
    """Return the data with one thing wrong: a bit, a word, its end, or something put in."""
    kind = draw(st.sampled_from(["flip", "word", "cut", "add"]))
    at = draw(st.integers(0, len(data) - 1))
    if kind == "flip":
        return data[:at] + bytes((data[at] ^ 1 << draw(st.integers(0, 7)),)) + data[at + 1 :]
    if kind == "word":
        start = at - at % WORD
        small = draw(st.one_of(st.integers(0, len(data) + 64), st.integers(2**255 - 9, 2**256 - 1)))
        return data[:start] + small.to_bytes(WORD, "big") + data[start + WORD :]
    if kind == "cut":
        return data[:at]
    return data[:at] + draw(st.binary(min_size=1, max_size=40)) + data[at:]


@pytest.mark.parametrize("kind", READERS)
@given(data=st.data())
@settings(max_examples=60)
def test_valid_data_reads_as_written(kind: str, data: st.DataObject) -> None:
    """What another library wrote comes back."""
    read, values = READERS[kind]
    value = data.draw(values)
    assert read(eth_abi.encode([kind], [value])) == value


@pytest.mark.parametrize("kind", READERS)
@given(data=st.data())
@settings(max_examples=250)
def test_damaged_data_is_refused_or_read_as_the_oracle_reads_it(kind: str, data: st.DataObject) -> None:
    """Whatever is accepted after damage, the oracle accepts with the same value."""
    read, values = READERS[kind]
    raw = _mutated(eth_abi.encode([kind], [data.draw(values)]), data.draw)
    try:
        value = read(raw)
    except MalformedError:
        return
    assert eth_abi.decode([kind], raw) == (value,)


@given(answers, st.data())
@settings(max_examples=300)
def test_an_aggregate_has_one_layout(value: list[tuple[bool, bytes]], data: st.DataObject) -> None:
    """A damaged aggregate is refused, or is exactly what writing its answers gives: no slack anywhere."""
    raw = _mutated(eth_abi.encode(["(bool,bytes)[]"], [value]), data.draw)
    try:
        found = abi.decode_aggregate3(raw)
    except MalformedError:
        return
    assert eth_abi.encode(["(bool,bytes)[]"], [found]) == raw


@given(st.lists(st.tuples(addresses, blobs, st.booleans()), max_size=6))
@settings(max_examples=100)
def test_aggregate3_calls_equal_the_oracle(calls: list[tuple[Address, bytes, bool]]) -> None:
    """The calls are written as another library writes them."""
    rows = [(target, allowed, data) for target, data, allowed in calls]
    expected = abi.AGGREGATE3 + eth_abi.encode(["(address,bool,bytes)[]"], [rows])
    assert abi.encode_aggregate3(calls) == expected


def test_a_dynamic_struct_is_read_from_where_its_offset_points() -> None:
    """Inside a struct, slots and offsets count from its own start."""
    data = eth_abi.encode(["uint256", "(uint256,string,uint256[])"], [7, (8, "fUSDC", [1, 2])])
    inner = abi.struct_at(data, 1)
    assert abi.leading_words(inner, 1) == (8,)
    assert abi.text_at(inner, 1) == "fUSDC"
    assert abi.words_at(inner, 2) == (1, 2)
    assert abi.struct_at(_words(WORD)) == b""


def _words(*values: int) -> bytes:
    return b"".join(value.to_bytes(WORD, "big") for value in values)


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"", "at least 32"),
        (_words(0, 0), "offset 0x0"),
        (_words(33, 0), "offset 0x21"),
        (_words(96, 0), "offset 0x60"),
        (_words(2**255, 0), "offset"),
        (_words(64, 0), "no length"),
        (_words(32, 1), "1 bytes at 64 of 64"),
        (_words(32, 2**256 - 1), "bytes at 64 of 64"),
        (_words(32, 1) + b"x", "1 bytes at 64 of 65"),
        (_words(32, 1) + b"x" * 32, "padding"),
    ],
)
def test_each_way_out_of_the_data_is_named(data: bytes, what: str) -> None:
    """Short data, offsets that lead nowhere, lengths beyond the data and dirty padding are refused."""
    with pytest.raises(MalformedError, match=what) as error:
        abi.bytes_at(data)
    assert error.value.code == "abi"


def test_an_array_longer_than_its_data_is_refused_before_it_is_read() -> None:
    """A count of 2**255 costs nothing."""
    for read in (abi.words_at, lambda data: abi.rows_at(data, 0, 3)):
        with pytest.raises(MalformedError, match="items"):
            read(_words(32, 2**255))
    with pytest.raises(MalformedError, match="items"):
        abi.rows_at(_words(32, 1, 1, 1), 0, 3)


def test_a_string_must_be_utf8() -> None:
    """Bytes that are no text are refused, not replaced."""
    with pytest.raises(MalformedError, match="UTF-8"):
        abi.text_at(_words(32, 1) + b"\xff".ljust(32, b"\0"))


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"", "0 answers in 0 bytes"),
        (_words(32), "0 answers in 32 bytes"),
        (_words(64, 0), "0 answers"),
        (_words(32, 2**256 - 1), "answers in 64 bytes"),
        (_words(32, 1, 32, 2, 64, 0), "answer 0 of 1 is not in its place"),
        (_words(32, 1, 32, 1, 96, 0), "answer 0 of 1 is not in its place"),
        (_words(32, 1, 64, 1, 64, 0), "answer 0 of 1 is not in its place"),
        (_words(32, 1, 32, 1, 64, 33, 0), "answer 0 of 1 is not in its place"),
        (_words(32, 1, 32, 1, 64, 1) + b"x" * 32, "padded"),
        (_words(32, 1, 32, 1, 64, 0, 0), "32 bytes behind"),
        (_words(32, 0) + b"\0", "1 bytes behind"),
    ],
)
def test_each_fault_of_an_aggregate_is_named(data: bytes, what: str) -> None:
    """Short heads, absurd counts, flags, offsets, lengths, padding and rests each have their refusal."""
    with pytest.raises(MalformedError, match=what):
        abi.decode_aggregate3(data)
