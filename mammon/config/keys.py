"""Keys: the settings' dataclasses walked into dotted names, `rpc.request_timeout` and the like."""

from __future__ import annotations

import dataclasses
import difflib
import functools
import types
import typing
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from mammon.config.settings import Settings, Timeout, Url
from mammon.core.numbers import Seconds

_TOP = {"policy.needs": "needs"}
"""Settings that stand at the top of a file although they belong to a section."""


@dataclass(frozen=True, slots=True)
class Key:
    """One setting."""

    name: str
    """Dotted, as in the file: `section.key`, or `key` at its top."""
    path: tuple[str, ...]
    """Field names from `Settings` down."""
    hint: Any
    """The declared type, without `None`."""
    optional: bool
    default: Any

    @property
    def variable(self) -> str:
        """The environment variable that sets it: MAMMON_SECTION__KEY."""
        return "MAMMON_" + self.name.replace(".", "__").upper()


@functools.cache
def keys() -> dict[str, Key]:
    """Return every setting by name, in the order of their declaration."""
    return {key.name: key for key in _walk(Settings, Settings(), ())}


def urls(settings: Settings) -> list[str]:
    """Return every URL that is set."""
    chosen = [key for key in keys().values() if key.hint in (Url, tuple[Url, ...])]
    found = [functools.reduce(getattr, key.path, typing.cast("Any", settings)) for key in chosen]
    return [url for value in found if value for url in ((value,) if isinstance(value, str) else value)]


@functools.cache
def sections() -> frozenset[str]:
    """Return the names of the tables a file may hold."""
    return frozenset(name.rpartition(".")[0] for name in keys() if "." in name)


def nearest(word: str, known: Iterable[str]) -> str:
    """Return a hint that names the closest known word, or nothing."""
    match = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"did you mean {match[0]!r}?" if match else ""


def _walk(cls: type, instance: Any, above: tuple[str, ...]) -> Iterator[Key]:
    hints = typing.get_type_hints(cls)
    for field in dataclasses.fields(cls):
        hint, optional = _without_none(hints[field.name])
        path, value = (*above, field.name), getattr(instance, field.name)
        if dataclasses.is_dataclass(hint):
            yield from _walk(typing.cast(type, hint), value, path)
        else:
            last = field.name.removesuffix("_s") if hint in (Seconds, Timeout) else field.name
            name = ".".join((*above, last))
            yield Key(_TOP.get(name, name), path, hint, optional, value)


def _without_none(hint: Any) -> tuple[Any, bool]:
    if typing.get_origin(hint) not in (typing.Union, types.UnionType):
        return hint, False
    (inner,) = [arg for arg in typing.get_args(hint) if arg is not type(None)]
    return inner, True
