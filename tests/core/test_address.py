"""One spelling of an address: equality of addresses is equality of text."""

from __future__ import annotations

import pytest
from eth_utils import is_checksum_address, to_checksum_address
from hypothesis import given, settings
from hypothesis import strategies as st

from mammon.core.address import address_bytes, address_from_word, checksummed, parse_address
from mammon.errors import MalformedError, UsageError

# The examples of EIP-55.
PUBLISHED = (
    "0x52908400098527886E0F7030069857D2E4169EE7",
    "0x8617E340B3D01FA5F11F306F4090FD50E238070D",
    "0xde709f2102306220921060314715629080e2fb77",
    "0x27b1fdb04752bbc536007a920d24acb045561c26",
    "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
    "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
    "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
    "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
)
USDC = "0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913"
NOT_ADDRESSES = (
    "", "0x", USDC[2:], USDC[:-1], USDC + "0", "0X" + USDC[2:], USDC + "\n", " " + USDC,
    USDC[:-1] + "g", USDC[:-1] + "\u0663", "vitalik.eth",
)  # fmt: skip
twenty = st.binary(min_size=20, max_size=20)


@pytest.mark.parametrize("address", PUBLISHED)
def test_published_checksums(address: str) -> None:
    """The examples of EIP-55 come out of any case."""
    assert checksummed(address) == address
    assert checksummed(address.lower()) == address
    assert checksummed("0x" + address[2:].upper()) == address


@given(twenty)
@settings(max_examples=200)
def test_spelling_equals_an_independent_implementation(raw: bytes) -> None:
    """Any 20 bytes are spelled as another library spells them, and read back."""
    address = checksummed("0x" + raw.hex())
    assert address == to_checksum_address(raw)
    assert address_bytes(address) == raw
    assert address_from_word(bytes(12) + raw) == address


@pytest.mark.parametrize("text", NOT_ADDRESSES)
def test_what_is_no_address_is_refused_everywhere(text: str) -> None:
    """A wrong length, prefix or digit is refused as malformed, and as the caller's error when typed."""
    with pytest.raises(MalformedError) as malformed:
        checksummed(text)
    with pytest.raises(MalformedError):
        address_bytes(text)
    with pytest.raises(UsageError) as usage:
        parse_address(text)
    assert malformed.value.code == usage.value.code == "address"


def test_a_typed_address_may_lack_a_checksum_but_not_have_a_wrong_one() -> None:
    """All lower and all upper case carry no checksum; any mixed case is one and must be right."""
    assert parse_address(USDC) == USDC
    assert parse_address(USDC.lower()) == USDC
    assert parse_address("0x" + USDC[2:].upper()) == USDC
    with pytest.raises(UsageError, match="checksum"):
        parse_address(USDC[:2] + USDC[2:].swapcase())


@given(twenty, st.integers(0, 39))
@settings(max_examples=200)
def test_a_changed_case_is_noticed(raw: bytes, at: int) -> None:
    """Changing the case of any one letter of a mixed-case address is refused."""
    address = checksummed("0x" + raw.hex())
    changed = address[: at + 2] + address[at + 2].swapcase() + address[at + 3 :]
    digits = changed[2:]
    if changed == address or digits in (digits.lower(), digits.upper()):
        assert parse_address(changed) == address
        return
    assert not is_checksum_address(changed)
    with pytest.raises(UsageError):
        parse_address(changed)


@pytest.mark.parametrize(
    "word", [b"", bytes(31), bytes(33), bytes(20), b"\1" + bytes(31), bytes(11) + b"\1" * 21]
)
def test_a_word_with_dirty_upper_bytes_is_no_address(word: bytes) -> None:
    """A word of another length or with anything in its upper 12 bytes is refused, never cut."""
    with pytest.raises(MalformedError) as error:
        address_from_word(word)
    assert error.value.code == "abi_address"


def test_a_word_may_be_a_view() -> None:
    """A slice of a larger answer is read without a copy by the caller."""
    data = memoryview(bytes(44) + bytes.fromhex(USDC[2:]))
    assert address_from_word(data[32:]) == USDC
