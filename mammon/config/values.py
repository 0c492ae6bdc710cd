"""Values: one written value (TOML, variable, flag) to the one type its key declares, or the fix.

Strict on purpose: nothing is guessed. What a person writes naturally and wrongly ("5%" for 0.05, 30
for "30s", nan, a mistyped address) is refused with what to write instead.
"""

from __future__ import annotations

import re
import typing
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from mammon.config.needs import need
from mammon.config.refusal import BadValueError
from mammon.config.settings import Count, Table, Timeout, Url
from mammon.core.names import Address
from mammon.core.numbers import Fraction, Seconds, Usd
from mammon.core.policy import Need
from mammon.errors import MammonError

__all__ = ["BadValueError", "duration_s", "duration_text", "value"]

_UNIT_S = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_DURATION = re.compile(r"(?:([0-9]{1,6})d)?(?:([0-9]{1,6})h)?(?:([0-9]{1,6})m)?(?:([0-9]{1,9})s)?\Z")
_INTEGER = re.compile(r"-?[0-9]{1,18}\Z")
_DECIMAL = re.compile(r"-?[0-9]{1,30}(\.[0-9]{1,30})?\Z")
_PERCENT = re.compile(r"\s*(-?[0-9]{1,9}(?:\.[0-9]{1,9})?)\s*%\s*\Z")
_SECRET = re.compile(r"\s*(?:(?:0x)?[0-9a-fA-F]{64}|[a-z]{3,8}(?:\s+[a-z]{3,8}){11,23})\s*\Z")
"""What a private key or a seed phrase looks like. No setting is written so."""
_BOOLEAN = {"true": True, "false": False}


def value(hint: Any, raw: Any, *, textual: bool = False) -> Any:
    """Return `raw` as the declared type `hint`; `textual` when it came as text (variable, flag)."""
    if isinstance(raw, str) and _SECRET.match(raw):
        raise BadValueError(
            "this looks like a private key or a seed phrase, which is no setting (it is not shown)",
            "treat it as known to others, move what it holds, and give a new key by `mammon keys import`",
        )
    origin = typing.get_origin(hint)
    if origin is tuple:
        return _tuple(typing.get_args(hint)[0], raw, textual)
    if origin is Literal:
        return _choice(typing.get_args(hint), raw)
    reader = _READERS.get(hint)
    if reader is None:
        raise TypeError(f"no way to write {hint!r} in a configuration")
    return reader(raw, textual)


def duration_s(text: Any) -> int:
    """Return the seconds of "90s", "5m", "1h30m" or "2d"."""
    if isinstance(text, str) and text and (match := _DURATION.match(text)):
        days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
        return days * 86400 + hours * 3600 + minutes * 60 + seconds
    if isinstance(text, int | Decimal) or (isinstance(text, str) and _DECIMAL.match(text)):
        raise BadValueError(f"{_shown(text)} has no unit", f'write the unit: "{text}s", or with m, h, d')
    raise BadValueError(f"{_shown(text)} is not a duration", 'write "30s", "5m", "1h30m" or "2d"')


def duration_text(seconds: int) -> str:
    """Spell seconds the way configuration writes them."""
    parts = []
    for unit in ("d", "h", "m", "s"):
        count, seconds = divmod(seconds, _UNIT_S[unit])
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


def _shown(raw: Any) -> str:
    text = repr(raw) if isinstance(raw, str) else str(raw)
    return text if len(text) <= 60 else text[:57] + "..."


def _wrong(expected: str, raw: Any) -> BadValueError:
    return BadValueError(f"expected {expected}, found {_shown(raw)}")


def _text(raw: Any, _textual: bool) -> str:
    if type(raw) is not str or not raw.strip() or not raw.isprintable() or len(raw) > 2000:
        raise _wrong("a line of text", raw)
    return raw


def _boolean(raw: Any, textual: bool) -> bool:
    if textual and raw in _BOOLEAN:
        return _BOOLEAN[raw]
    if type(raw) is not bool:
        raise _wrong("true or false", raw)
    return raw


def _integer(raw: Any, textual: bool) -> int:
    if textual and isinstance(raw, str) and _INTEGER.match(raw):
        raw = int(raw)
    if type(raw) is not int or abs(raw) >= 10**18:
        raise _wrong("a whole number", raw)
    if raw < 0:
        raise BadValueError(f"{raw} is below zero")
    return raw


def _count(raw: Any, textual: bool) -> int:
    number = _integer(raw, textual)
    if number < 1:
        raise BadValueError("must be at least 1")
    return number


def _seconds(raw: Any, _textual: bool) -> int:
    return duration_s(raw)


def _timeout(raw: Any, _textual: bool) -> int:
    seconds = duration_s(raw)
    if seconds < 1:
        raise BadValueError("must be at least 1 second")
    return seconds


def _decimal(raw: Any, _textual: bool) -> Decimal:
    if isinstance(raw, str) and (match := _PERCENT.match(raw)):
        raise BadValueError(
            f"{_shown(raw)} is a percentage",
            f"write the plain fraction: {Decimal(match[1]).scaleb(-2):f}",
        )
    if type(raw) is int or (isinstance(raw, Decimal) and raw.is_finite()):
        raw = f"{raw:f}" if isinstance(raw, Decimal) else str(raw)
    if type(raw) is not str or not _DECIMAL.match(raw):
        raise _wrong("a plain decimal number", raw)
    number = Decimal(raw)
    if number < 0:
        raise BadValueError(f"{raw} is below zero")
    return number


def _fraction(raw: Any, textual: bool) -> Decimal:
    number = _decimal(raw, textual)
    if number > 1:
        hint = f"for {number} % write {number.scaleb(-2).normalize():f}" if number <= 100 else ""
        raise BadValueError(f"{number} is above 1, and this is a fraction", hint)
    return number


def _address(raw: Any, textual: bool) -> Address:
    from mammon.core.address import parse_address

    try:
        return parse_address(_text(raw, textual))
    except MammonError as error:
        raise BadValueError(error.message, error.hint) from error


def _path(raw: Any, textual: bool) -> Path:
    text = _text(raw, textual)
    if "\0" in text:
        raise _wrong("a path", raw)
    return Path(text)


def _url(raw: Any, _textual: bool) -> str:
    from mammon.net.url import parse_url

    text = raw if isinstance(raw, str) else ""
    try:
        parse_url(text)
    except MammonError as error:
        # The text itself is not shown: it may hold a key.
        raise BadValueError(error.message, error.hint) from error
    return text


def _table(raw: Any, textual: bool) -> dict[str, Any]:
    if textual or type(raw) is not dict:
        raise BadValueError("expected a table", "write it in the file, as [[markets.extra]]")
    return raw


def _need(raw: Any, textual: bool) -> Need:
    return need(raw, textual, value)


def _tuple(item: Any, raw: Any, textual: bool) -> tuple[Any, ...]:
    if textual and isinstance(raw, str):
        raw = [part.strip() for part in raw.split(",") if part.strip()]
    if not isinstance(raw, list | tuple):
        raise _wrong("a list", raw)
    return tuple(value(item, entry, textual=textual) for entry in raw)


def _choice(allowed: tuple[Any, ...], raw: Any) -> Any:
    if type(raw) is not str or raw not in allowed:
        raise _wrong(" or ".join(allowed), raw)
    return raw


_READERS: dict[Any, Callable[[Any, bool], Any]] = {
    str: _text,
    bool: _boolean,
    int: _integer,
    Decimal: _decimal,
    Seconds: _seconds,
    Timeout: _timeout,
    Count: _count,
    Fraction: _fraction,
    Usd: _decimal,
    Address: _address,
    Path: _path,
    Url: _url,
    Table: _table,
    Need: _need,
}
