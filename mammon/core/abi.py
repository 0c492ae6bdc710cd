"""A strict codec for contract calls and their return data: Ethereum's ABI in 32-byte words.

Writing takes Python values: `int` and `bool` for numbers, an `Address`, `bytes` for a bytes32, a tuple
for a static struct, and `Dynamic` for what lies behind an offset. Reading is
stricter than the ABI asks: a word that does not fit its type, an offset or a length that leads out of
the data, and padding that is not zero raise `MalformedError`; nothing is cut off or filled up.
Multicall3's `aggregate3` has its own pair, which takes the one layout compilers write.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias, Union

from mammon.core.address import address_bytes, address_from_word
from mammon.core.keccak import keccak256
from mammon.errors import MalformedError

if TYPE_CHECKING:  # types leads to the curves, which the codec has no need to load
    from mammon.core.types import Address

WORD = 32
AGGREGATE3 = bytes.fromhex("82ad56cb")  # aggregate3((address,bool,bytes)[])

_ONE = (1).to_bytes(WORD, "big")
_ZERO = bytes(WORD)
_OUTER = (WORD).to_bytes(WORD, "big")
_CALL_INNER = (3 * WORD).to_bytes(WORD, "big")
_ANSWER_INNER = (2 * WORD).to_bytes(WORD, "big")
_ANSWER_HEADS = {_ONE + _ANSWER_INNER: True, _ZERO + _ANSWER_INNER: False}


@dataclass(frozen=True, slots=True)
class Dynamic:
    """An encoded value that stands behind an offset: made by `byte_string`, `array` or `struct`."""

    tail: bytes


Value: TypeAlias = Union[int, bool, str, bytes, Dynamic, "tuple[Value, ...]"]


# --- writing -------------------------------------------------------------------------------------


def selector(signature: str) -> bytes:
    """Return the 4-byte selector of a canonical signature, such as `balanceOf(address)`."""
    return keccak256(signature.encode())[:4]


def word(value: int | str | bytes) -> bytes:
    """Return one 32-byte word: an unsigned integer or bool, an address, or a bytes32.

    Raises `ValueError` for what does not fit, `MalformedError` for a string that is no address.
    """
    if isinstance(value, int):
        if not 0 <= value < 1 << 256:
            raise ValueError(f"{value} does not fit an unsigned word")
        return value.to_bytes(WORD, "big")
    if isinstance(value, str):
        return address_bytes(value).rjust(WORD, b"\0")
    if len(value) != WORD:
        raise ValueError(f"{len(value)} bytes are not one word: write bytes of any length as byte_string()")
    return value


def signed_word(value: int) -> bytes:
    """Return one word in two's complement. Raises `ValueError` for what does not fit 256 bits."""
    if not -1 << 255 <= value < 1 << 255:
        raise ValueError(f"{value} does not fit a signed word")
    return value.to_bytes(WORD, "big", signed=True)


def encode(*values: Value) -> bytes:
    """Return the values as one argument list: static parts in place, dynamic ones behind offsets."""
    flat = tuple(_flattened(values))
    heads: list[bytes] = []
    tails: list[bytes] = []
    position = WORD * len(flat)
    for value in flat:
        if isinstance(value, Dynamic):
            heads.append(word(position))
            tails.append(value.tail)
            position += len(value.tail)
        else:
            heads.append(word(value))
    return b"".join(heads + tails)


def encode_call(selector: bytes, *values: Value) -> bytes:
    """Return a call's data: the selector and its arguments."""
    return _call_data(selector, *values)


def byte_string(data: bytes) -> Dynamic:
    """Return `bytes` (or a `string`'s UTF-8) of any length: its length, itself, zeros to a whole word."""
    return Dynamic(word(len(data)) + data + bytes(-len(data) % WORD))


def array(items: Sequence[Value]) -> Dynamic:
    """Return `T[]`: its length, then its items, which are all dynamic or all static."""
    return Dynamic(word(len(items)) + encode(*items))


def struct(*values: Value) -> Dynamic:
    """Return a struct that holds something dynamic; a static one is a plain tuple."""
    return Dynamic(encode(*values))


def encode_aggregate3(calls: Sequence[tuple[Address, bytes, bool]]) -> bytes:
    """Return the data of Multicall3's `aggregate3` for (target, data, allow_failure)."""
    heads: list[bytes] = []
    tails: list[bytes] = []
    position = WORD * len(calls)
    for target, data, allow_failure in calls:
        heads.append(position.to_bytes(WORD, "big"))
        size = len(data)
        tail = b"".join(
            (
                bytes(12),
                address_bytes(target),
                _ONE if allow_failure else _ZERO,
                _CALL_INNER,
                size.to_bytes(WORD, "big"),
                data,
                bytes(-size % WORD),
            )
        )
        tails.append(tail)
        position += len(tail)
    return b"".join((AGGREGATE3, _OUTER, len(calls).to_bytes(WORD, "big"), *heads, *tails))


@lru_cache(maxsize=4096, typed=True)  # a market is asked the same questions at every reading
def _call_data(selector: bytes, *values: Value) -> bytes:
    if len(selector) != 4:
        raise ValueError("a selector has 4 bytes")
    return selector + encode(*values)


def _flattened(values: Sequence[Value]) -> Iterator[int | str | bytes | Dynamic]:
    for value in values:
        if isinstance(value, tuple):
            yield from _static(value)
        else:
            yield value


def _static(values: tuple[Value, ...]) -> Iterator[int | str | bytes]:
    for value in values:
        if isinstance(value, Dynamic):
            raise ValueError("a struct that holds something dynamic is written with struct()")
        if isinstance(value, tuple):
            yield from _static(value)
        else:
            yield value


# --- reading -------------------------------------------------------------------------------------


def words(data: bytes, count: int) -> tuple[int, ...]:
    """Return the data as exactly so many unsigned words."""
    if len(data) != WORD * count:
        raise _malformed(f"{len(data)} bytes, where {WORD * count} are due")
    return (int.from_bytes(data, "big"),) if count == 1 else _words(data, 0, count)


def leading_words(data: bytes, count: int) -> tuple[int, ...]:
    """Return the first words of data that may be longer (versions append fields)."""
    if len(data) < WORD * count:
        raise _malformed(f"{len(data)} bytes, where at least {WORD * count} are due")
    return _words(data, 0, count)


def uint(word: int | bytes, bits: int = 256) -> int:
    """Return an unsigned integer of so many bits; higher bits must be clear."""
    if not isinstance(word, int):
        if len(word) != WORD:
            raise _malformed(f"a word of {len(word)} bytes")
        word = int.from_bytes(word, "big")
    if word >> bits:
        raise _malformed(f"0x{word:x} does not fit uint{bits}")
    return word


def signed(word: int | bytes, bits: int = 256) -> int:
    """Return a signed integer of so many bits in two's complement, extended to the whole word."""
    value = uint(word)
    if value >> 255:
        value -= 1 << 256
    if not -1 << (bits - 1) <= value < 1 << (bits - 1):
        raise _malformed(f"{value} does not fit int{bits}")
    return value


def boolean(word: int | bytes) -> bool:
    """Return a bool, written as 0 or 1 and nothing else."""
    value = uint(word)
    if value > 1:
        raise _malformed(f"0x{value:x} is not a bool")
    return value == 1


def address(word: int | bytes) -> Address:
    """Return an address; the upper 12 bytes must be zero."""
    return address_from_word(uint(word, 160).to_bytes(WORD, "big"))


def bytes_at(data: bytes, slot: int = 0) -> bytes:
    """Return the `bytes` whose offset is the slot-th word of the data."""
    start, size = _counted(data, slot)
    end = start + size
    padded = end + -size % WORD
    if padded > len(data):
        raise _malformed(f"{size} bytes at {start} of {len(data)}")
    if any(data[end:padded]):
        raise _malformed("padding is not zero")
    return bytes(data[start:end])


def text_at(data: bytes, slot: int = 0) -> str:
    """Return the `string` whose offset is the slot-th word of the data; it must be UTF-8."""
    try:
        return bytes_at(data, slot).decode()
    except UnicodeDecodeError as error:
        raise _malformed("a string that is not UTF-8") from error


def words_at(data: bytes, slot: int = 0) -> tuple[int, ...]:
    """Return the array of one-word items whose offset is the slot-th word of the data."""
    return _array_at(data, slot, 1)


def rows_at(data: bytes, slot: int, width: int) -> tuple[tuple[int, ...], ...]:
    """Return the array of static structs of `width` words whose offset is the slot-th word."""
    flat = _array_at(data, slot, width)
    return tuple(flat[start : start + width] for start in range(0, len(flat), width))


def struct_at(data: bytes, slot: int = 0) -> bytes:
    """Return the data from where the slot-th word points: a dynamic struct, its own slots from 0."""
    return bytes(data[_offset(data, slot) :])


def decode_aggregate3(data: bytes) -> list[tuple[bool, bytes]]:
    """Return (success, return data) of each call of an `aggregate3`.

    Takes the layout compilers write and no other: answers in order, without gaps or overlaps, nothing
    behind the last one.
    """
    size, read = len(data), int.from_bytes
    count = read(data[WORD : 2 * WORD], "big")
    # An answer takes its offset and three words at least, so that a false count costs no loop.
    if data[:WORD] != _OUTER or 4 * WORD * count > size - 2 * WORD:
        raise _malformed(f"an aggregate of {count} answers in {size} bytes")
    answers: list[tuple[bool, bytes]] = []
    origin = 2 * WORD
    position = origin + WORD * count
    for head in range(origin, position, WORD):
        success = _ANSWER_HEADS.get(data[position : position + 2 * WORD])
        start = position + 3 * WORD
        length = read(data[start - WORD : start], "big")
        end = start + length
        after = end + -length % WORD
        if success is None or after > size or read(data[head : head + WORD], "big") != position - origin:
            raise _malformed(f"answer {len(answers)} of {count} is not in its place")
        if after != end and any(data[end:after]):
            raise _malformed(f"answer {len(answers)} of {count} is padded with something else than zeros")
        answers.append((success, data[start:end]))
        position = after
    if position != size:
        raise _malformed(f"{size - position} bytes behind the last answer")
    return answers


def _malformed(what: str) -> MalformedError:
    return MalformedError("abi", f"return data: {what}")


def _words(data: bytes, start: int, count: int) -> tuple[int, ...]:
    read = int.from_bytes
    return tuple([read(data[at : at + WORD], "big") for at in range(start, start + WORD * count, WORD)])


def _offset(data: bytes, slot: int) -> int:
    head = WORD * (slot + 1)
    if len(data) < head:
        raise _malformed(f"{len(data)} bytes, where at least {head} are due")
    offset = int.from_bytes(data[head - WORD : head], "big")
    if offset % WORD or not head <= offset <= len(data):
        raise _malformed(f"offset 0x{offset:x} in {len(data)} bytes")
    return offset


def _counted(data: bytes, slot: int) -> tuple[int, int]:
    """Return where the counted value's content starts, and its count."""
    start = _offset(data, slot) + WORD
    if start > len(data):
        raise _malformed(f"no length at {start - WORD} of {len(data)}")
    return start, int.from_bytes(data[start - WORD : start], "big")


def _array_at(data: bytes, slot: int, width: int) -> tuple[int, ...]:
    start, count = _counted(data, slot)
    if WORD * width * count > len(data) - start:
        raise _malformed(f"{count} items at {start} of {len(data)}")
    return _words(data, start, width * count)
