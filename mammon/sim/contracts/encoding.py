"""What contracts say and hear: values in 32-byte words, and the data of reverts."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any

from mammon.core.abi import byte_string, encode, signed_word, word
from mammon.core.address import address_from_word
from mammon.core.types import Address
from mammon.errors import MalformedError

ZERO_ADDRESS = Address("0x" + "0" * 40)
ARITHMETIC = 0x11
"""Panic code of an overflow or underflow."""


class Reverted(Exception):  # noqa: N818 - the chain's own word
    """Undo a call; `data` is what the caller gets to see."""

    def __init__(self, data: bytes = b"") -> None:
        super().__init__(data.hex())
        self.data = data


def failure(text: str) -> Reverted:
    """Return a revert with a reason, as `require(…, "text")` gives."""
    return Reverted(bytes.fromhex("08c379a0") + encoded_text(text))


def panic(code: int) -> Reverted:
    """Return a revert with a panic code, as a failed check of the compiler gives."""
    return Reverted(bytes.fromhex("4e487b71") + word(code))


def custom(selector: str, *values: Any) -> Reverted:
    """Return a revert with a custom error: its selector in hex and its static arguments."""
    return Reverted(bytes.fromhex(selector) + b"".join(map(encoded, values)))


def encoded(value: Any) -> bytes:
    """Encode a static value: an integer, a truth value, an address, 32 bytes, or nothing."""
    if value is None:
        return b""
    return signed_word(value) if isinstance(value, int) and value < 0 else bytes(word(value))


def encoded_text(text: str) -> bytes:
    """Encode text as the only value of a list: offset, length, the bytes padded to words."""
    return encode(byte_string(text.encode()))


def arguments(signature: str, data: bytes) -> list[Any]:
    """Decode a call's arguments; those of a signature that is not flat stay bytes. Raises `Reverted`."""
    decoders = _decoders(signature)
    if decoders is None:
        return [data]
    if len(data) < 32 * len(decoders):
        raise Reverted
    return [decode(data[32 * i : 32 * i + 32]) for i, decode in enumerate(decoders)]


@lru_cache(maxsize=256)
def _decoders(signature: str) -> tuple[Callable[[bytes], Any], ...] | None:
    """Return what decodes each argument; None for a signature that is not flat."""
    inner = signature[signature.index("(") + 1 : -1]
    if "(" in inner or "[" in inner or "bytes" in inner.split(","):
        return None
    return tuple(map(_decoder, inner.split(","))) if inner else ()


@lru_cache(maxsize=64)
def _decoder(kind: str) -> Callable[[bytes], Any]:
    if kind == "address":
        return _address
    if kind == "bytes32":
        return bytes
    if kind == "bool":
        return lambda raw: bool(_unsigned(raw, 1))
    if kind.startswith("int"):
        return partial(_signed, bits=int(kind.removeprefix("int")))
    return partial(_unsigned, bits=int(kind.removeprefix("uint") or 256))


def _address(raw: bytes) -> Address:
    try:
        return address_from_word(raw)
    except MalformedError as error:
        raise Reverted from error


def _unsigned(raw: bytes, bits: int) -> int:
    value = int.from_bytes(raw, "big")
    if value >> bits:
        raise Reverted
    return value


def _signed(raw: bytes, bits: int) -> int:
    value = int.from_bytes(raw, "big", signed=True)
    if not -1 << (bits - 1) <= value < 1 << (bits - 1):
        raise Reverted
    return value


def returned(value: Any) -> bytes:
    """Encode what a method returns: one value, several, or bytes that are encoded already."""
    if isinstance(value, tuple):
        return b"".join(map(encoded, value))
    return value if isinstance(value, bytes) else encoded(value)
