"""Strict reading of plain JSON values into each type: see `canonical`.

A reader is built once per type hint and kept. It knows no path: a refusal collects it on its way out,
so that what is right costs nothing to place.
"""

from __future__ import annotations

import dataclasses
import functools
import re
import types
import typing
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from mammon.core.canonical_writing import (
    MAX_DECIMAL,
    MAX_DIGITS,
    SAFE_INT,
    SCALED,
    field_hints,
    single_plain,
    tagged,
)

Reader = Callable[[Any], Any]

_DECIMAL = re.compile(r"(?!-0(\.0+)?\Z)-?(0|[1-9][0-9]*)(\.[0-9]+)?\Z", re.ASCII)


class Refusal(Exception):  # noqa: N818 - never leaves `canonical`, which turns it into a MalformedError
    """Carry what is wrong with a value up to where its whole path is known."""

    def __init__(self, what: str, path: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.path = path

    def inside(self, place: str) -> Refusal:
        """Return the refusal as seen from one level further out."""
        self.path = place + self.path
        return self


@functools.cache
def reader(hint: Any) -> Reader:
    """Return the reader of a type. Raises `TypeError` for a type without a canonical form."""
    if dataclasses.is_dataclass(hint):
        return _object_reader(typing.cast(type, hint))
    if hint in _SCALARS:
        return _SCALARS[hint]
    if hasattr(hint, "__supertype__"):
        return reader(hint.__supertype__)
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return _union_reader(args)
    if origin is tuple:
        return _tuple_reader(args)
    if origin is typing.Literal:
        return functools.partial(_literal, args)
    raise TypeError(f"no canonical form for {hint!r}")


def _wrong(expected: str, value: Any) -> Refusal:
    shown = {dict: "an object", list: "an array", type(None): "null"}.get(type(value)) or repr(value)
    return Refusal(f"expected {expected}, found {shown[:60]}")


def _scaled(value: Any) -> int:
    if type(value) is str and len(value) <= MAX_DIGITS:
        try:
            number = int(value)
        except ValueError:
            pass
        else:
            if str(number) == value:  # int() also takes spaces, underscores, leading zeros, other digits
                return number
    raise _wrong("an integer as a string", value)


def _integer(value: Any) -> int:
    if type(value) is not int or not -SAFE_INT < value < SAFE_INT:
        raise _wrong("int", value)
    return value


def _boolean(value: Any) -> bool:
    if type(value) is not bool:
        raise _wrong("bool", value)
    return value


def _text(value: Any) -> str:
    if type(value) is not str:
        raise _wrong("str", value)
    return value


def _decimal(value: Any) -> Decimal:
    if type(value) is not str or len(value) > MAX_DECIMAL or not _DECIMAL.match(value):
        raise _wrong("a decimal as a string", value)
    return Decimal(value)


def _bytes(value: Any) -> bytes:
    if type(value) is str and value.startswith("0x"):
        try:
            data = bytes.fromhex(value[2:])
        except ValueError:
            pass
        else:
            if data.hex() == value[2:]:  # fromhex() also takes spaces and capitals
                return data
    raise _wrong("0x and lower-case hexadecimal digits", value)


def _literal(allowed: tuple[Any, ...], value: Any) -> Any:
    for choice in allowed:
        if type(value) is type(choice) and value == choice:
            return value
    raise _wrong(" or ".join(map(repr, allowed)), value)


_SCALARS: dict[Any, Reader] = {
    **dict.fromkeys(SCALED, _scaled),
    int: _integer,
    bool: _boolean,
    str: _text,
    Decimal: _decimal,
    bytes: _bytes,
}


def _object_reader(cls: type, tag: str = "") -> Reader:
    fields: dict[str, Reader] = {}
    extra = 1 if tag else 0

    def read(value: Any) -> Any:
        if not fields:  # at the first call, so that types may refer to themselves
            fields.update((name, reader(hint)) for name, hint in field_hints(cls).items())
        if type(value) is not dict:
            raise _wrong("an object", value)
        if len(value) != len(fields) + extra or not fields.keys() <= value.keys():
            raise _misfit(fields.keys() | ({"kind"} if tag else set()), value.keys())
        values = []
        name = ""
        try:
            for name, item in fields.items():
                values.append(item(value[name]))
        except Refusal as refusal:
            raise refusal.inside(f".{name}") from None
        try:
            return cls(*values)
        except ValueError as error:
            raise Refusal(str(error)) from error

    return read


def _misfit(due: set[str], found: typing.AbstractSet[str]) -> Refusal:
    unknown, missing = sorted(found - due), sorted(due - found)
    name, what = (unknown[0][:60], "unknown") if unknown else (missing[0], "missing")
    return Refusal(f"{what} field", f".{name}")


def _union_reader(args: tuple[Any, ...]) -> Reader:
    classes = tagged(args)
    several = len(classes) > 1
    by_tag = {tag: _object_reader(cls, tag if several else "") for tag, cls in classes.items()}
    optional, plain = type(None) in args, single_plain(args)
    other = reader(plain) if plain is not None else None

    def read(value: Any) -> Any:
        if value is None and optional:
            return None
        if other is not None and (type(value) is not dict or not by_tag):
            return other(value)
        if type(value) is not dict:
            raise _wrong("an object", value)
        if not several:
            return next(iter(by_tag.values()))(value)
        tag = value.get("kind")
        if type(tag) is not str or tag not in by_tag:
            raise _wrong(" or ".join(sorted(by_tag)), tag).inside(".kind")
        return by_tag[tag](value)

    return read


def _tuple_reader(args: tuple[Any, ...]) -> Reader:
    if len(args) == 2 and args[1] is Ellipsis:
        item = reader(args[0])
        return lambda value: _entries([item] * len(value), value) if type(value) is list else _no_list(value)
    items = [reader(arg) for arg in args]

    def read(value: Any) -> Any:
        if type(value) is not list or len(value) != len(items):
            raise _wrong(f"an array of {len(items)}", value)
        return _entries(items, value)

    return read


def _no_list(value: Any) -> Any:
    raise _wrong("an array", value)


def _entries(items: list[Reader], value: list[Any]) -> tuple[Any, ...]:
    entries: list[Any] = []
    try:
        for item, entry in zip(items, value, strict=True):
            entries.append(item(entry))
    except Refusal as refusal:
        raise refusal.inside(f"[{len(entries)}]") from None
    return tuple(entries)
