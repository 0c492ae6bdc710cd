"""The answer of an outside source, read as strictly as a node's: it is a stranger's text.

Numbers become `Decimal`, never floats; NaN, infinities, numbers of absurd length and keys that stand
twice are refused, and a figure beyond what its kind can be is malformed, not clipped.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from mammon.core.canonical import check_depth
from mammon.errors import MalformedError

MAX_DIGITS = 40
MAX_RATE = Decimal(2)
"""A yearly base yield beyond 200 % is a broken adapter: what the sources' own users drop, too."""
MAX_PRICE = Decimal(10) ** 7
"""Dollars for one coin."""
_DECIMAL = re.compile(r"-?[0-9]{1,24}(\.[0-9]{1,24})?([eE][-+]?[0-9]{1,2})?\Z")
_TIME = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.\d{1,9})?(?:Z|\+00:00| UTC)\Z", re.ASCII)


def parsed(body: bytes) -> Any:
    """Return the parsed JSON. Raises `MalformedError`."""
    try:
        text = body.decode()
        check_depth(text)
        return json.loads(
            text,
            parse_float=_decimal,
            parse_int=_decimal,
            parse_constant=_refused,
            object_pairs_hook=_unique,
        )
    except (ValueError, RecursionError, MalformedError) as error:
        raise malformed("not JSON") from error


def table(value: Any, what: str) -> Mapping[str, Any]:
    """Return an object. Raises `MalformedError` naming `what`."""
    if type(value) is not dict:
        raise malformed(f"{what} is no object")
    return value


def rows(value: Any, what: str) -> Sequence[Any]:
    """Return an array that is not empty. Raises `MalformedError` naming `what`."""
    if type(value) is not list or not value:
        raise malformed(f"{what} is no array, or is empty")
    return value


def number(value: Any, what: str) -> Decimal:
    """Return a number, also one written as text. Raises `MalformedError` naming `what`."""
    if type(value) is str and _DECIMAL.match(value):
        return Decimal(value)
    if type(value) is not Decimal:
        raise malformed(f"{what} is no number")
    return value


def within(value: Decimal, low: Decimal, high: Decimal, what: str) -> Decimal:
    """Return a number that lies between two bounds. Raises `MalformedError` naming `what`."""
    if not low <= value <= high:
        raise MalformedError("out_of_range", f"{what} is beyond anything it can be")
    return value


def price(value: Any, what: str) -> Decimal:
    """Return dollars for one coin: above zero and below what any coin costs."""
    return within(number(value, what), Decimal("1e-9"), MAX_PRICE, what)


def whole_seconds(value: Any, what: str) -> int:
    """Return unix seconds from a number or from a time as text. Raises `MalformedError` naming `what`."""
    if type(value) is Decimal:
        return int(within(value, Decimal(0), Decimal(2) ** 40, what))
    found = _TIME.match(value) if type(value) is str else None
    if found is None:
        raise malformed(f"{what} is no time")
    try:
        return int(datetime.fromisoformat(f"{found[1]}T{found[2]}").replace(tzinfo=UTC).timestamp())
    except ValueError as error:
        raise malformed(f"{what} is no time") from error


def malformed(what: str) -> MalformedError:
    """Return the error for an answer that is not what was asked for."""
    return MalformedError("malformed", f"malformed answer: {what}")


def _decimal(text: str) -> Decimal:
    if len(text) > MAX_DIGITS or not _DECIMAL.match(text):
        raise ValueError("a number of too many digits")
    return Decimal(text)


def _refused(name: str) -> Any:
    raise ValueError(f"{name} is not a number")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found
