"""Documents as an attacker, a broken pipe or another version would hand them over."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

Path = tuple[str | int, ...]

HOSTILE_TEXTS = (
    "\x1b[2J\x1b[31mred",
    "\x1b]52;c;ZXZpbA==\x07",
    "\x9b31m",
    "\u202egpj.exe\u2066",
    "one\r\ntwo",
    "[red]markup[/red] [link=https://evil.invalid]x[/link]",
    "\u2028\u2029\u200b\ufeff",
    "x" * 100_000,
    "",
    "../../etc",
    "\x00",
)
"""Names that must come out as text that a terminal can only print."""

_INTEGERS = ("0", "1", "-1", str(2**128), str(2**256 - 1), "9" * 80, "-" + "9" * 79)
_DECIMALS = ("0", "1", "-1", "0." + "0" * 17 + "1", "9" * 150, "-" + "9" * 150, "0." + "9" * 150)
_NUMBERS = (0, 1, -1, 18, 77, 255, 256, 10**9, 2**53 - 1, -(2**53 - 1))
_OTHERS: tuple[Any, ...] = (None, True, [], {}, "x", 0, -1, "0", "NaN", [[]])


def paths(value: Any, above: Path = ()) -> Iterator[Path]:
    """Yield the path of every value in plain JSON, containers before what they hold."""
    yield above
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from paths(inner, (*above, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from paths(inner, (*above, index))


def put(document: Any, path: Path, value: Any) -> Any:
    """Return a copy with one value replaced."""
    changed = copy.deepcopy(document)
    holder = changed
    for step in path[:-1]:
        holder = holder[step]
    holder[path[-1]] = value
    return changed


def at(document: Any, path: Path) -> Any:
    """Return the value at a path."""
    for step in path:
        document = document[step]
    return document


@st.composite
def mutated(draw: st.DrawFn, documents: list[dict[str, Any]]) -> dict[str, Any]:
    """Return a document with one to three values of its data replaced, most often by one of the same kind."""
    document = draw(st.sampled_from(documents))
    for _ in range(draw(st.integers(1, 3))):
        leaves = [path for path in paths(document["data"], ("data",)) if len(path) > 1]
        path = draw(st.sampled_from(leaves))
        document = put(document, path, draw(_replacement(at(document, path))))
    return document


def _replacement(value: Any) -> st.SearchStrategy[Any]:
    other = st.sampled_from(_OTHERS)
    if isinstance(value, bool):
        return st.just(not value) | other
    if isinstance(value, int):
        return st.sampled_from(_NUMBERS) | st.integers(0, 2**53 - 1) | other
    if isinstance(value, str):
        return _text(value) | other
    if isinstance(value, list):
        return st.sampled_from([[], value + value, value[::-1], value[1:]]) | other
    if isinstance(value, dict):
        return st.sampled_from([{**value, "extra": 1}, dict(list(value.items())[1:])]) | other
    return other


def _text(value: str) -> st.SearchStrategy[Any]:
    if value.lstrip("-").isdigit():
        return st.sampled_from(_INTEGERS) | st.integers(-(2**80), 2**256).map(str)
    if value.replace(".", "", 1).lstrip("-").isdigit():
        return st.sampled_from(_DECIMALS)
    return st.sampled_from(HOSTILE_TEXTS) | st.text(max_size=20)
