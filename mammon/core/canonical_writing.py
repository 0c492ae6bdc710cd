"""The canonical text of each type, written straight from the dataclass: see `canonical`.

A writer is built once per type hint and kept. That of a dataclass is a `%` template with the sorted
keys in it, its own and those of the dataclasses it always holds: one `attrgetter` fetches every leaf,
and those whose text is their value's own (`Units` and the like) cost no call.
"""

from __future__ import annotations

import dataclasses
import functools
import re
import types
import typing
from collections.abc import Callable
from decimal import Decimal
from json.encoder import encode_basestring
from operator import attrgetter
from typing import Any

from mammon.core.numbers import Ray, Units, Wad, Wei
from mammon.errors import MalformedError

Writer = Callable[[Any], str]

_REMEMBERED = 256
"""How many values of a type are remembered with their text."""
_SHORT = 4_096
"""Longer texts are not remembered."""

SCALED = (Units, Wei, Ray, Wad)
"""Integers that are written as strings."""

SAFE_INT = 2**53
"""JSON numbers stay below it, either side of zero: JavaScript and others lose digits from here on."""

MAX_DIGITS = 80
"""Longest integer; 2**256 has 78 digits."""

MAX_DECIMAL = 2 * MAX_DIGITS
"""Longest text of a decimal."""


def kind_of(cls: type) -> str:
    """Return the tag a dataclass has in unions: its name in snake case."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()


def field_hints(cls: type) -> dict[str, Any]:
    """Return the type hint of each field, in the order of the constructor."""
    hints = typing.get_type_hints(cls)
    fields = dataclasses.fields(cls)
    if not all(field.init and not field.kw_only for field in fields):
        raise TypeError(f"{cls.__name__}: every field must be a positional parameter")
    return {field.name: hints[field.name] for field in fields}


def tagged(args: tuple[Any, ...]) -> dict[str, type]:
    """Return the dataclasses of a union by their tag."""
    classes = [typing.cast(type, arg) for arg in args if dataclasses.is_dataclass(arg)]
    found = {kind_of(cls): cls for cls in classes}
    if len(found) < len(classes) or (len(classes) > 1 and any("kind" in _names(cls) for cls in classes)):
        raise TypeError(f"the tags of {args!r} collide")
    return found


def single_plain(args: tuple[Any, ...]) -> Any:
    """Return the one member of a union that is neither a dataclass nor None; None when there is none."""
    plain = [arg for arg in args if arg is not type(None) and not dataclasses.is_dataclass(arg)]
    if len(plain) > 1:
        raise TypeError(f"nothing tells the members of {args!r} apart")
    return plain[0] if plain else None


def plain_decimal(value: Decimal) -> str:
    """Spell a finite decimal without exponent and without trailing zeros; exact, in any context."""
    if not value.is_finite():
        raise MalformedError("json", f"{value} is not a finite number")
    if not value:
        return "0"
    if abs(value.adjusted()) < MAX_DECIMAL:
        text = str(value)
        if "E" in text:
            text = format(value, "f")
        if "." in text:
            text = text.rstrip("0").rstrip(".")
        if len(text) <= MAX_DECIMAL:
            return text
    raise MalformedError("json", f"a decimal of more than {MAX_DECIMAL} characters")


@functools.cache
def writer(hint: Any) -> Writer:
    """Return the writer of a type. Raises `TypeError` for a type without a canonical form."""
    if dataclasses.is_dataclass(hint):
        return _object_writer(typing.cast(type, hint))
    if hint in _SCALARS:
        return _SCALARS[hint]
    if hasattr(hint, "__supertype__"):
        return writer(hint.__supertype__)
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return _union_writer(args)
    if origin is tuple:
        return _tuple_writer(args)
    if origin is typing.Literal:
        return _literal_writer(args)
    raise TypeError(f"no canonical form for {hint!r}")


@functools.cache
def field_writers(cls: type) -> tuple[tuple[str, Writer], ...]:
    """Return the writer of each field of a dataclass, by name."""
    return tuple((name, writer(hint)) for name, hint in field_hints(cls).items())


def _names(cls: type) -> set[str]:
    return {field.name for field in dataclasses.fields(cls)}


def _scaled(value: int) -> str:
    return f'"{value}"'


def _integer(value: int) -> str:
    # The exact type, because True is an int: it would be written as a number and be read as one.
    if type(value) is not int:
        raise TypeError(f"{value!r} is not an int")
    if not -SAFE_INT < value < SAFE_INT:
        raise MalformedError("json", f"{value} does not fit a JSON number")
    return str(value)


def _boolean(value: bool) -> str:
    if type(value) is not bool:
        raise TypeError(f"{value!r} is not a bool")
    return "true" if value else "false"


@functools.lru_cache(maxsize=4096, typed=True)  # limits stand in every verdict, and equal ones spell alike
def _decimal(value: Decimal) -> str:
    return f'"{plain_decimal(value)}"'


def _bytes(value: bytes) -> str:
    return f'"0x{value.hex()}"'


_SCALARS: dict[Any, Writer] = {
    **dict.fromkeys(SCALED, _scaled),
    int: _integer,
    bool: _boolean,
    str: encode_basestring,
    Decimal: _decimal,
    bytes: _bytes,
}


def _object_writer(cls: Any, tag: str = "") -> Writer:
    # Built at the first call, so that types may refer to themselves.
    built: list[Writer] = []
    # By identity, which a value kept here holds for itself: most of a decision's small values are the very
    # objects that were in the one before.
    known: dict[int, tuple[Any, str]] = {}
    steady = cls.__dataclass_params__.frozen

    def write(value: Any) -> str:
        found = known.get(id(value))
        if found is not None:
            return found[1]
        if not built:
            built.append(_template_writer(cls, tag))
        text = built[0](value)
        if steady and len(text) <= _SHORT:
            if len(known) >= _REMEMBERED:
                known.clear()
            known[id(value)] = value, text
        return text

    return write


def _template_writer(cls: type, tag: str) -> Writer:
    template, leaves = _template(cls, tag, "")
    called = [(at, writer(hint)) for at, (_, hint) in enumerate(leaves) if hint not in SCALED]
    names = [name for name, _ in leaves]
    # attrgetter returns a tuple for two names and more only, so the last one stands twice.
    values = attrgetter(*names, *names[-1:]) if names else None

    def write(value: Any) -> str:
        texts = list(values(value))[:-1] if values else []
        for at, item in called:
            texts[at] = item(texts[at])
        return template % tuple(texts)

    return write


def _template(cls: type, tag: str, prefix: str) -> tuple[str, list[tuple[str, Any]]]:
    """Return the template of a dataclass, nested ones in place, and its (dotted name, hint) leaves."""
    hints = field_hints(cls)
    texts = {"kind": f'"kind":"{tag}"'} if tag else {}
    leaves: list[tuple[str, Any]] = []
    for name in sorted(hints):
        hint, path = hints[name], prefix + name
        if dataclasses.is_dataclass(hint):
            inner, below = _template(typing.cast(type, hint), "", path + ".")
            leaves += below
        else:
            inner = '"%s"' if hint in SCALED else "%s"
            leaves.append((path, hint))
        texts[name] = f'"{name}":{inner}'
    return "{" + ",".join(texts[name] for name in sorted(texts)) + "}", leaves


def _union_writer(args: tuple[Any, ...]) -> Writer:
    classes = tagged(args)
    by_type = {cls: _object_writer(cls, tag if len(classes) > 1 else "") for tag, cls in classes.items()}
    optional, plain = type(None) in args, single_plain(args)
    other = writer(plain) if plain is not None else None
    if optional and other is not None and not by_type:
        return lambda value: "null" if value is None else other(value)

    def write(value: Any) -> str:
        if value is None and optional:
            return "null"
        found = by_type.get(type(value), other)
        if found is None:
            raise TypeError(f"{type(value).__name__} is no member of {args!r}")
        return found(value)

    return write


def _literal_writer(args: tuple[Any, ...]) -> Writer:
    kinds: list[Any] = [type(value) for value in args]
    texts = {(kind, value): writer(kind)(value) for kind, value in zip(kinds, args, strict=True)}

    def write(value: Any) -> str:
        text = texts.get((type(value), value))
        if text is None:
            raise TypeError(f"{value!r} is none of {args!r}")
        return text

    return write


def _tuple_writer(args: tuple[Any, ...]) -> Writer:
    if len(args) == 2 and args[1] is Ellipsis:
        item = writer(args[0])
        return lambda value: "[" + ",".join(map(item, value)) + "]"
    items = [writer(arg) for arg in args]
    return lambda value: (
        "[" + ",".join([write(entry) for write, entry in zip(items, value, strict=True)]) + "]"
    )
