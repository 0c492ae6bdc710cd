"""Keccak-256 is what every selector, address and transaction hash rests on."""

from __future__ import annotations

import pytest
from Crypto.Hash import keccak as oracle
from hypothesis import given, settings
from hypothesis import strategies as st

from mammon.core.keccak import keccak256

RATE = 136
TRANSFER = b"Transfer(address,address,uint256)"  # its digest is the topic of every token transfer


def _expected(data: bytes) -> bytes:
    return oracle.new(digest_bits=256, data=data).digest()


@pytest.mark.parametrize(
    ("data", "digest"),
    [
        (b"", "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"),
        (b"abc", "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45"),
        (TRANSFER, "ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"),
    ],
)
def test_published_digests(data: bytes, digest: str) -> None:
    """Digests that stand in specifications and on every block explorer come out."""
    assert keccak256(data).hex() == digest


def test_every_length_around_the_block_borders() -> None:
    """Padding is right for each length of the last block: empty, one short of full, full."""
    for size in range(3 * RATE + 2):
        data = bytes(index * 7 % 256 for index in range(size))
        assert keccak256(data) == _expected(data), size


@given(st.binary(max_size=600))
@settings(max_examples=200)
def test_equals_an_independent_implementation(data: bytes) -> None:
    """Any data has the digest another library gives it."""
    assert keccak256(data) == _expected(data)
