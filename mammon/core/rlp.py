"""RLP, Ethereum's serialisation of byte strings and lists; reading takes the one canonical form only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias, Union

from mammon.errors import MalformedError

Item: TypeAlias = Union[bytes, "list[Item]"]
Writable: TypeAlias = Union[bytes, int, "Sequence[Writable]"]

MAX_DEPTH = 16
"""Of lists within lists when reading; a transaction has 3."""

_SHORT = 55
_STRING = 0x80
_LIST = 0xC0


def encode(item: Writable) -> bytes:
    """Return the encoding of bytes, of an unsigned integer (no leading zeros, 0 is empty) or of a list."""
    if isinstance(item, int):
        item = _integer_bytes(item)
    if isinstance(item, bytes):
        if len(item) == 1 and item[0] < _STRING:
            return item
        return _prefix(len(item), _STRING) + item
    content = b"".join(encode(entry) for entry in item)
    return _prefix(len(content), _LIST) + content


def decode(data: bytes) -> Item:
    """Read one item that takes up all of the data. Raises `MalformedError` on any second spelling."""
    item, end = _item(data, 0, len(data), 0)
    if end != len(data):
        raise _malformed(f"{len(data) - end} bytes behind the item")
    return item


def integer(item: Item) -> int:
    """Return the unsigned integer a byte string spells; no leading zeros, 0 is empty."""
    if not isinstance(item, bytes):
        raise _malformed("a list where a number is due")
    if item.startswith(b"\0"):
        raise _malformed("a number with leading zeros")
    return int.from_bytes(item, "big")


def _integer_bytes(value: int) -> bytes:
    if value < 0:
        raise ValueError(f"{value} is negative")
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


def _prefix(size: int, base: int) -> bytes:
    if size <= _SHORT:
        return bytes((base + size,))
    length = _integer_bytes(size)
    return bytes((base + _SHORT + len(length),)) + length


def _item(data: bytes, start: int, limit: int, depth: int) -> tuple[Item, int]:
    """Return the item at `start` and where it ends, at most `limit`."""
    if start >= limit:
        raise _malformed("nothing where an item is due")
    first = data[start]
    if first < _STRING:
        return data[start : start + 1], start + 1
    if first < _LIST:
        content, end = _span(data, start, limit, _STRING)
        if end == content + 1 and data[content] < _STRING:
            raise _malformed(f"byte 0x{data[content]:02x} is its own encoding")
        return data[content:end], end
    content, end = _span(data, start, limit, _LIST)
    if depth == MAX_DEPTH:
        raise _malformed(f"lists nested deeper than {MAX_DEPTH}")
    entries: list[Item] = []
    while content < end:
        entry, content = _item(data, content, end, depth + 1)
        entries.append(entry)
    return entries, end


def _span(data: bytes, start: int, limit: int, base: int) -> tuple[int, int]:
    """Return where the content of the item at `start` begins and ends."""
    size = data[start] - base
    content = start + 1
    if size > _SHORT:
        digits = data[content : min(content + size - _SHORT, limit)]
        content += size - _SHORT
        size = integer(digits)
        if size <= _SHORT:
            raise _malformed(f"a length of {size} in the long form")
    if content + size > limit:
        raise _malformed(f"{size} bytes announced at {start}, {max(0, limit - content)} left")
    return content, content + size


def _malformed(what: str) -> MalformedError:
    return MalformedError("rlp", f"RLP: {what}")
