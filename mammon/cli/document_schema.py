"""JSON Schemas of the canonical forms: the same walk over the types that `core.canonical` makes."""

from __future__ import annotations

import dataclasses
import types
import typing
from decimal import Decimal
from typing import Any

from mammon.cli.documents import BlockNote, ErrorNote, kind
from mammon.core import canonical
from mammon.core.names import Address, Hash32
from mammon.core.numbers import Ray, Units, Wad, Wei

Json = dict[str, Any]

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_SAFE = 2**53 - 1
_INTEGER: Json = {"type": "string", "pattern": "^-?(0|[1-9][0-9]*)$"}
_DECIMAL: Json = {"type": "string", "pattern": r"^-?(0|[1-9][0-9]*)(\.[0-9]+)?$"}


def schema_of(name: str) -> Json:
    """Return the JSON Schema of a registered document, envelope included."""
    schema, cls = kind(name)
    definitions: dict[str, Json] = {}
    nullable_text: Json = {"type": ["string", "null"]}
    properties: Json = {
        "schema": {"const": schema},
        "mode": {"enum": ["mock", "paper", "live", None]},
        "chain_id": {"type": ["integer", "null"]},
        "account": nullable_text,
        "policy_hash": nullable_text,
        "created_at": {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"},
        "mammon": {"type": "string"},
        "block": {"anyOf": [form(BlockNote, definitions), {"type": "null"}]},
        "data": form(cls, definitions),
        "errors": {"type": "array", "items": form(ErrorNote, definitions)},
    }
    return {
        "$schema": _DIALECT,
        "$id": f"urn:{schema}",
        "title": schema,
        **_object(properties),
        "$defs": definitions,
    }


def form(hint: Any, definitions: dict[str, Json]) -> Json:
    """Return the schema of one type; dataclasses are put into `definitions` and referred to."""
    if dataclasses.is_dataclass(hint):
        return _reference(typing.cast(type, hint), definitions)
    simple = _simple(hint)
    if simple is not None:
        return simple
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return _union(args, definitions)
    if origin is tuple and len(args) == 2 and args[1] is Ellipsis:
        return {"type": "array", "items": form(args[0], definitions)}
    if origin is tuple:
        items = [form(arg, definitions) for arg in args]
        return {"type": "array", "prefixItems": items, "minItems": len(items), "maxItems": len(items)}
    if origin is typing.Literal:
        return {"enum": list(args)}
    raise TypeError(f"no canonical form for {hint!r}")


def _simple(hint: Any) -> Json | None:
    if hint in (Units, Wei, Ray, Wad):
        return dict(_INTEGER)
    if hint is Address:
        return {"type": "string", "pattern": "^0x[0-9a-fA-F]{40}$"}
    if hint is Hash32:
        return {"type": "string", "pattern": "^0x[0-9a-f]{64}$"}
    while hasattr(hint, "__supertype__"):
        hint = hint.__supertype__
    return {
        Decimal: dict(_DECIMAL),
        int: {"type": "integer", "minimum": -_SAFE, "maximum": _SAFE},
        bool: {"type": "boolean"},
        str: {"type": "string"},
        bytes: {"type": "string", "pattern": "^0x([0-9a-fA-F]{2})*$"},
    }.get(hint)


def _object(properties: Json) -> Json:
    return {
        "type": "object",
        "properties": properties,
        "required": sorted(properties),
        "additionalProperties": False,
    }


def _reference(cls: type, definitions: dict[str, Json], tag: str | None = None) -> Json:
    name = f"{cls.__name__}.tagged" if tag else cls.__name__
    if name not in definitions:
        definitions[name] = {}  # taken before its fields are walked: types may refer to themselves
        hints = typing.get_type_hints(cls)
        properties = {field.name: form(hints[field.name], definitions) for field in dataclasses.fields(cls)}
        if tag:
            properties["kind"] = {"const": tag}
        definitions[name] = _object(properties)
    return {"$ref": f"#/$defs/{name}"}


def _union(args: tuple[Any, ...], definitions: dict[str, Json]) -> Json:
    classes = [arg for arg in args if dataclasses.is_dataclass(arg)]
    others = [arg for arg in args if arg is not type(None) and arg not in classes]
    tagged = len(classes) > 1
    choices = [
        _reference(
            typing.cast(type, cls), definitions, canonical.kind_of(typing.cast(type, cls)) if tagged else None
        )
        for cls in classes
    ]
    choices += [form(other, definitions) for other in others]
    if type(None) in args:
        choices.append({"type": "null"})
    return {"anyOf": choices}
