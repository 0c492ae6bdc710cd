"""RLP: one spelling of each value, and nothing else is read."""

from __future__ import annotations

from typing import Any

import pytest
import rlp as oracle
from hypothesis import given, settings
from hypothesis import strategies as st

from mammon.core import rlp
from mammon.errors import MalformedError

items = st.recursive(st.binary(max_size=70), lambda inner: st.lists(inner, max_size=5), max_leaves=12)


def _lists(item: Any) -> Any:
    return item if isinstance(item, bytes) else [_lists(entry) for entry in item]


def _oracle(data: bytes) -> Any:
    return _lists(oracle.decode(data, strict=True))


@given(items)
@settings(max_examples=200)
def test_writing_equals_an_independent_implementation_and_reads_back(item: Any) -> None:
    """Any nesting of byte strings has the bytes another library gives it, and comes back from them."""
    data = rlp.encode(item)
    assert data == oracle.encode(item)
    assert rlp.decode(data) == item


@given(st.integers(0, 2**300))
@settings(max_examples=200)
def test_integers_have_no_leading_zeros(value: int) -> None:
    """An integer is its shortest bytes, zero is empty, and it comes back."""
    data = rlp.encode(value)
    assert data == oracle.encode(value)
    assert rlp.integer(rlp.decode(data)) == value


def test_each_single_byte() -> None:
    """Bytes below 0x80 are their own encoding, all others carry a prefix."""
    for byte in range(256):
        data = bytes((byte,))
        assert rlp.encode(data) == oracle.encode(data)
        assert rlp.decode(oracle.encode(data)) == data


@given(items, st.data())
@settings(max_examples=300)
def test_damaged_data_is_refused_or_is_the_spelling_of_another_value(item: Any, data: st.DataObject) -> None:
    """After any cut, flip or addition: refused, or exactly what writing the result would give."""
    raw = bytearray(rlp.encode(item))
    kind = data.draw(st.sampled_from(["flip", "cut", "add"]))
    at = data.draw(st.integers(0, len(raw) - 1))
    if kind == "flip":
        raw[at] ^= 1 << data.draw(st.integers(0, 7))
    elif kind == "cut":
        del raw[at:]
    else:
        raw[at:at] = data.draw(st.binary(min_size=1, max_size=3))
    try:
        found = rlp.decode(bytes(raw))
    except MalformedError:
        return
    assert rlp.encode(found) == raw
    assert found == _oracle(bytes(raw))


@given(st.binary(max_size=80))
@settings(max_examples=300)
def test_any_bytes_are_refused_or_canonical(raw: bytes) -> None:
    """Whatever is accepted is the one spelling of what was read."""
    try:
        found = rlp.decode(raw)
    except MalformedError:
        return
    assert rlp.encode(found) == raw


@pytest.mark.parametrize(
    ("raw", "what"),
    [
        ("", "nothing where an item is due"),
        ("0000", "behind the item"),
        ("8100", "its own encoding"),
        ("817f", "its own encoding"),
        ("83aabb", "announced"),
        ("c3aabb", "announced"),
        ("c281", "announced"),
        ("b8", "long form"),
        ("b801aa", "long form"),
        ("b837" + "aa" * 55, "long form"),
        ("b90038" + "aa" * 56, "leading zeros"),
        ("b838" + "aa" * 55, "announced"),
        ("f838" + "80" * 55, "announced"),
        ("f80180", "long form"),
        ("c483aabb", "announced"),
        ("bfffffffffffffffff", "announced"),
        ("c28180c0", "behind the item"),
        ("c1c280", "announced"),
    ],
)
def test_each_second_spelling_and_each_overrun_is_named(raw: str, what: str) -> None:
    """Every way to be wrong has its sentence: overruns, long forms, leading zeros, rests."""
    with pytest.raises(MalformedError, match=what):
        rlp.decode(bytes.fromhex(raw))


def test_nesting_is_bounded() -> None:
    """A tower of lists is refused before it can exhaust the stack; the deepest allowed one is read."""

    def tower(depth: int) -> bytes:
        item: Any = []
        for _ in range(depth - 1):
            item = [item]
        return rlp.encode(item)

    assert rlp.encode(rlp.decode(tower(rlp.MAX_DEPTH))) == tower(rlp.MAX_DEPTH)
    with pytest.raises(MalformedError, match="deeper"):
        rlp.decode(tower(rlp.MAX_DEPTH + 1))


def test_what_is_no_number_is_refused() -> None:
    """A list or leading zeros where a number is due are refused, a negative number is not written."""
    with pytest.raises(MalformedError, match="list"):
        rlp.integer([])
    with pytest.raises(MalformedError, match="leading zeros"):
        rlp.integer(b"\0\1")
    with pytest.raises(ValueError, match="negative"):
        rlp.encode(-1)
