"""Dataclasses <-> canonical JSON bytes: one value, one spelling.

Keys are sorted, there is no white space, text is UTF-8, and every type has one form:
scaled integers (`Units`, `Wei`, `Ray`, `Wad`) and `Decimal` are strings, plain `int` is a number
below 2**53, `bytes` is 0x-hex, tuples are arrays. A field whose type is a union of dataclasses
carries `"kind"`, the class's name in snake case. Reading is strict: an unknown key, a missing key,
a wrong type, NaN or a duplicate key raise `MalformedError` naming the path. `replay` and document
hashes rest on this module.

Writing is in `canonical_writing`, reading in `canonical_reading`; here are the JSON text and the
names everybody uses.
"""

from __future__ import annotations

import itertools
import json
import re
import typing
from collections.abc import Mapping
from typing import Any, AnyStr, TypeVar

from mammon.core.canonical_reading import Refusal, reader
from mammon.core.canonical_writing import (
    MAX_DIGITS,
    field_writers,
    kind_of,
    plain_decimal,
    writer,
)
from mammon.errors import MalformedError

__all__ = [
    "decode",
    "dumps",
    "encode",
    "fields",
    "found_within",
    "joined",
    "json_bytes",
    "kind_of",
    "loads",
    "parse",
    "plain_decimal",
]

T = TypeVar("T")

_MAX_DEPTH = 64
# Possessive, and without need of a closing quote: a match never fails, so the search stays linear.
_STRING = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)
_BRACKET = re.compile(r"[\[\]{}]")
_STEPS = {"[": 1, "{": 1, "]": -1, "}": -1}
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


def dumps(value: Any) -> bytes:
    """Return the canonical bytes of a dataclass instance."""
    return _utf8(_written(value))


def fields(value: Any) -> dict[str, bytes]:
    """Return the canonical bytes of each field of a dataclass instance, by name: `joined` makes it whole."""
    kind: Any = type(value)
    return {name: _utf8(write(getattr(value, name))) for name, write in field_writers(kind)}


def joined(parts: Mapping[str, bytes]) -> bytes:
    """Return the canonical bytes of the dataclass instance whose every field is in `parts`."""
    return b"{" + b",".join(b'"%s":%s' % (name.encode(), parts[name]) for name in sorted(parts)) + b"}"


def json_bytes(plain: Any) -> bytes:
    """Return the canonical bytes of plain JSON values."""
    return _utf8(
        json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    )


def encode(value: Any) -> Any:
    """Return the plain JSON values of a dataclass instance."""
    return json.loads(_written(value))


def loads(kind: type[T], data: bytes | str) -> T:
    """Read canonical JSON (spacing and key order do not matter) into `kind`."""
    return decode(kind, parse(data))


def decode(kind: type[T], plain: Any, path: str = "$") -> T:
    """Read plain JSON values into `kind`; `path` names the place in errors."""
    hint: Any = kind
    try:
        return typing.cast(T, reader(hint)(plain))
    except Refusal as refusal:
        raise MalformedError("document", f"{path}{refusal.path}: {refusal.what}") from None


def parse(data: bytes | str) -> Any:
    """Parse JSON text: UTF-8, no NaN, no floats, no duplicate keys, digits and depth bounded."""
    try:
        text = data if isinstance(data, str) else data.decode()
        check_depth(text)
        plain = json.loads(
            text,
            parse_constant=_refuse_constant,
            parse_float=_refuse_float,
            parse_int=_bounded_int,
            object_pairs_hook=_unique,
        )
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedError("json", f"not a JSON document: {error}", "check that it is whole") from error
    if _SURROGATE.search(text):
        json_bytes(plain)  # half a surrogate pair can be escaped but not written: it must not get in
    return plain


def check_depth(text: str) -> None:
    """Raise `MalformedError` for JSON text nested deeper than any document or request.

    Asked before the parser, whose stack overflows where a library has raised Python's recursion limit.
    """
    if found_within(_MAX_DEPTH, text, "[", "{"):
        return
    outside = _STRING.sub("", text) if "\\" in text else "".join(text.split('"')[::2])
    steps = map(_STEPS.__getitem__, _BRACKET.findall(outside))
    if max(itertools.accumulate(steps), default=0) > _MAX_DEPTH:
        raise MalformedError("json", f"nested deeper than {_MAX_DEPTH}")


def found_within(most: int, text: AnyStr, *marks: AnyStr) -> bool:
    """Say whether single characters stand in a text at most so often, together: far faster than counting."""
    for mark in marks:
        at = text.find(mark)
        while at >= 0:
            most -= 1
            if most < 0:
                return False
            at = text.find(mark, at + 1)
    return True


def _written(value: Any) -> str:
    kind: Any = type(value)
    return writer(kind)(value)


def _utf8(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise MalformedError("json", f"text that is not Unicode: {error.reason}") from error


def _refuse_constant(name: str) -> Any:
    raise MalformedError("json", f"{name} is not a number in a document")


def _refuse_float(text: str) -> Any:
    raise MalformedError("json", f"{text[:40]}: amounts and rates are strings, never floats")


def _bounded_int(text: str) -> int:
    if len(text) > MAX_DIGITS or text == "-0":
        raise MalformedError("json", f"{text[:40]}: an integer of {len(text)} characters")
    return int(text)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise MalformedError("json", "a key stands twice in one object")
    return result
