"""A question to an outside source: where it is asked, and how its answer is read. No I/O."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from mammon.errors import MalformedError

Word = tuple[Decimal, int]
"""A figure, and the unix second it was so by the source's own account."""


@dataclass(frozen=True, slots=True)
class Question:
    """One request, about one or more subjects."""

    source: str
    subjects: tuple[str, ...]
    url: str
    byte_cap: int
    read: Callable[[bytes, int], Mapping[str, Word | MalformedError]]
    """The answer by subject, given the time it came: the word, or the `MalformedError` in its place.
    Raises `MalformedError` where the answer as a whole is not what was asked for."""
    body: bytes = b""
    """Sent by a POST; empty: a GET."""


def joined(base: str, path: str) -> str:
    """Return the URL of a path below a base, whatever slash the base ends in."""
    return f"{base.rstrip('/')}/{path}"
