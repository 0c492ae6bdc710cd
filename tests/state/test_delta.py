"""Differences: small for documents of one shape, and exact for any bytes."""

from __future__ import annotations

import contextlib
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mammon.core import canonical
from mammon.errors import MalformedError
from mammon.state import bits
from mammon.state.delta import Base, packed, restored
from tests.state.realistic import snapshots

PIECES = [
    b'"a":"1"',
    b",",
    b'"',
    b":",
    b"[",
    b"]",
    b"0",
    b"007",
    b"12",
    b"13",
    b"9" * 76,
    b"{}",
    b"\n",
    b"-5",
]
PIECES += [b"0xab", b"abc", b"\x00\xff", b'"b":[1,2]', b'{"kind":"unread"}']
DOCUMENTS = st.lists(st.sampled_from(PIECES), max_size=40).map(b"".join) | st.binary(max_size=60)


@settings(max_examples=1500)
@given(old=DOCUMENTS, new=DOCUMENTS)
def test_any_document_comes_back_from_any_other(old: bytes, new: bytes) -> None:
    """restored(packed(x, base), base) is x, whatever both are."""
    assert restored(packed(new, Base(old)), Base(old)) == new


@settings(max_examples=200)
@given(st.lists(st.tuples(st.integers(0, 10**30), st.integers(-(10**12), 10**12)), min_size=1, max_size=30))
def test_numbers_that_moved_come_back(changes: list[tuple[int, int]]) -> None:
    """A document that differs in its numbers alone comes back exact."""
    old = canonical.json_bytes([{"index": str(value), "at": value % 2**53} for value, _ in changes])
    new = canonical.json_bytes([{"index": str(max(0, v + d)), "at": (v + d) % 2**53} for v, d in changes])
    assert restored(packed(new, Base(old)), Base(old)) == new


@settings(max_examples=300)
@given(st.lists(st.integers(-(2**250) + 1, 2**250 - 1), max_size=60))
def test_any_numbers_come_back_from_their_bits(numbers: list[int]) -> None:
    """decoded(coded(numbers)) is numbers, repeated magnitudes included."""
    repeated = [*numbers, *numbers[::-2], *(-number for number in numbers)]
    codes, data = bits.coded(repeated)
    assert bits.decoded(codes, data) == repeated
    assert len(data) <= sum(abs(n).bit_length() + 8 for n in repeated) // 8 + 1


def test_a_number_that_came_before_is_cheap() -> None:
    """A deposit shows in several totals: the second time it costs a few bits, whatever its size."""
    _, once = bits.coded([10**30])
    _, often = bits.coded([10**30, -(10**30)] * 50)
    assert len(often) < len(once) + 100 * 3 // 8


def test_a_snapshot_is_small_against_the_one_before() -> None:
    """Every number of eight markets moved, and the difference is a twentieth of the document."""
    first, second = [canonical.dumps(snapshot) for snapshot in snapshots(8, 2)]
    body = packed(second, Base(first))
    assert restored(body, Base(first)) == second
    assert len(body) * 15 < len(second)
    assert len(body) * 3 < 2 * len(zlib.compress(second, 9))


def test_an_unread_market_does_not_spoil_the_rest() -> None:
    """When one market has another shape, the others are still kept as numbers."""
    first, second = [canonical.dumps(snapshot) for snapshot in snapshots(8, 2)]
    market = second.index(b'{"backing"', 1000)
    end = second.index(b'{"backing"', market + 10)
    unread = second[:market] + b'{"code":"timeout","kind":"unread","reason":"","subject":"x"},' + second[end:]
    for old, new in ((first, unread), (unread, first)):
        body = packed(new, Base(old))
        assert restored(body, Base(old)) == new
        assert len(body) * 8 < len(new)


@settings(max_examples=400)
@given(data=st.data())
def test_damage_gives_an_error_or_some_bytes_but_no_crash(data: st.DataObject) -> None:
    """A damaged difference is a `MalformedError`, or bytes that the stored hash will refuse."""
    first, second = [canonical.dumps(snapshot) for snapshot in snapshots(2, 2)]
    body = bytearray(packed(second, Base(first)))
    for _ in range(data.draw(st.integers(1, 3))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(MalformedError):
        assert isinstance(restored(bytes(body), Base(first)), bytes)


@pytest.mark.parametrize("body", [b"", b"\x01", b"\x02\x03\x00", packed(b"1,2", Base(b"1,2,3"))[:-3]])
def test_a_cut_difference_is_malformed(body: bytes) -> None:
    """Bytes that end too early are refused."""
    with pytest.raises(MalformedError):
        restored(body, Base(b"1,2,3"))


def test_a_difference_against_another_document_is_malformed() -> None:
    """Undoing a difference against a document with fewer fields than it names is refused."""
    body = packed(b"1,2,3,4,5,6", Base(b"1,2,3,4,5,7"))
    with pytest.raises(MalformedError):
        restored(body, Base(b"1,2"))
