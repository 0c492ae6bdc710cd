"""Remainders: a document without its parts, exact for any bytes."""

from __future__ import annotations

import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mammon.errors import MalformedError
from mammon.state.remainder import cut, joined

PIECES = st.lists(st.sampled_from([b"a", b"ab", b"b", b"\n", b",", b"{}", b"-1", b""]), max_size=12)
BYTES = PIECES.map(b"".join)


@settings(max_examples=1000)
@given(document=BYTES, parts=st.lists(BYTES, min_size=1, max_size=4))
def test_any_document_comes_back_with_any_parts(document: bytes, parts: list[bytes]) -> None:
    """joined(cut(x, parts), parts) is x, also where parts are missing, empty, alike or overlapping."""
    assert joined(cut(document, parts), parts) == document


def test_a_part_is_not_kept_again() -> None:
    """What is stored beside a document takes no room in it."""
    parts = [bytes(range(256)) * 40, bytes(range(255, -1, -1)) * 40]
    document = b'{"one":' + parts[1] + b',"two":' + parts[0] + b"}"
    assert len(cut(document, parts)) < 60


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\x00",
        zlib.compress(b"0\nrest")[:-1],
        zlib.compress(b"0\nrest") + b"more",
        zlib.compress(b"no line end"),
        zlib.compress(b"x\nrest"),
        zlib.compress(b"0,0\nrest"),
        zlib.compress(b"5\nrest"),
    ],
)
def test_what_was_never_cut_is_refused(body: bytes) -> None:
    """Damage is an error of its own, never another document."""
    with pytest.raises(MalformedError):
        joined(body, [b"part"])


@settings(max_examples=300)
@given(body=st.binary(max_size=40), parts=st.lists(BYTES, min_size=1, max_size=3))
def test_nothing_else_escapes(body: bytes, parts: list[bytes]) -> None:
    """Whatever the bytes are, there is a document or the one error."""
    for each in (body, zlib.compress(body)):
        try:
            joined(each, parts)
        except MalformedError:
            continue
