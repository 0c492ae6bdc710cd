"""Addresses: one spelling (EIP-55), checked wherever text or a word becomes one."""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, cast

from mammon.core.keccak import keccak256
from mammon.errors import MalformedError, UsageError

if TYPE_CHECKING:  # types leads to the curves, which codecs have no need to load
    from mammon.core.types import Address

_FORM = re.compile(r"0x[0-9a-fA-F]{40}\Z")
_PREFIX = bytes(12)


def checksummed(address: str) -> Address:
    """Spell 0x and 40 hexadecimal digits of any case as EIP-55 asks.

    For addresses the program itself made or decoded; what a person typed goes through `parse_address`,
    which looks at the checksum. Raises `MalformedError`.
    """
    if not _FORM.match(address):
        raise MalformedError("address", f"{address[:60]!r} is not 0x and 40 hexadecimal digits")
    return _spelled(address[2:].lower())


def parse_address(text: str) -> Address:
    """Read an address a person wrote: EIP-55, or all lower or all upper case, which carry no checksum.

    Raises `UsageError`.
    """
    if not _FORM.match(text):
        raise UsageError("address", f"{text[:60]!r} is not an address", "write 0x and 40 hexadecimal digits")
    digits, address = text[2:], _spelled(text[2:].lower())
    if text != address and digits not in (digits.lower(), digits.upper()):
        raise UsageError(
            "address", f"{text}: the checksum is wrong", "a digit or its case was changed: copy it again"
        )
    return address


def address_from_word(word: bytes | memoryview) -> Address:
    """Read an address from a 32-byte word whose upper 12 bytes are zero. Raises `MalformedError`."""
    return _from_word(bytes(word))


def address_bytes(address: str) -> bytes:
    """Return the 20 bytes of an address. Raises `MalformedError` when it is not one."""
    return _raw(address)


@functools.lru_cache(maxsize=4096)
def _from_word(word: bytes) -> Address:
    if len(word) != 32 or not word.startswith(_PREFIX):
        raise MalformedError("abi_address", f"0x{word[:32].hex()} is not an address in a 32-byte word")
    return _spelled(word[12:].hex())


@functools.lru_cache(maxsize=4096)
def _raw(address: str) -> bytes:
    if not _FORM.match(address):
        raise MalformedError("address", f"{address[:60]!r} is not 0x and 40 hexadecimal digits")
    return bytes.fromhex(address[2:])


@functools.lru_cache(maxsize=4096)
def _spelled(digits: str) -> Address:
    marks = keccak256(digits.encode()).hex()
    spelled = "".join(
        digit.upper() if mark > "7" else digit for digit, mark in zip(digits, marks, strict=False)
    )
    return cast("Address", "0x" + spelled)
