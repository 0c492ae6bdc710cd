"""Dated needs as configuration writes them: a [[needs]] table each."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

from mammon.config.refusal import BadValueError
from mammon.core.numbers import Usd
from mammon.core.policy import Need

FIELDS = ("at", "amount_usdc", "note")
_WHEN = 'write a day, 2027-01-31, which begins at 00:00 UTC, or a time with its zone, "2027-01-31T09:00:00Z"'


def need(raw: Any, textual: bool, value: Callable[[Any, Any], Any]) -> Need:
    """Return one table as a need; `value` reads a plain setting of a type. Raises `BadValueError`."""
    if textual or type(raw) is not dict:
        raise BadValueError("expected a table", "write it in the file, as [[needs]]")
    unknown = sorted(raw.keys() - set(FIELDS))
    if unknown:
        raise BadValueError(f"unknown field {unknown[0][:60]!r}", f"a need has {', '.join(FIELDS)}")
    missing = [name for name in FIELDS[:2] if name not in raw]
    if missing:
        raise BadValueError(f"{missing[0]} is missing", "a need has a time and an amount")
    amount = value(Usd, raw["amount_usdc"])
    if amount == 0:
        raise BadValueError("amount_usdc: nothing is needed", "write how much, or leave the table out")
    return Need(when(raw["at"]), amount, value(str, raw["note"]) if "note" in raw else "")


def when(raw: Any) -> int:
    """Return the unix seconds of a day or of a time with its zone. Raises `BadValueError`."""
    if isinstance(raw, str):
        raw = _parsed(raw)
    if isinstance(raw, datetime.datetime):
        if raw.tzinfo is None:
            raise BadValueError(f"at: {raw.isoformat()} has no zone", _WHEN)
        return _seconds(raw)
    if isinstance(raw, datetime.date):
        return _seconds(datetime.datetime(raw.year, raw.month, raw.day, tzinfo=datetime.UTC))
    raise BadValueError(f"at: expected a day or a time, found {str(raw)[:60]}", _WHEN)


def shown(found: Need) -> str:
    """Return a need as people read it."""
    note = f" ({found.note})" if found.note else ""
    moment = datetime.datetime.fromtimestamp(found.at, datetime.UTC)
    return f"{found.amount_usdc:f} at {moment.strftime('%Y-%m-%dT%H:%M:%SZ')}{note}"


def _parsed(text: str) -> datetime.date:
    try:
        if len(text) == len("2027-01-31"):
            return datetime.date.fromisoformat(text)
        return datetime.datetime.fromisoformat(text)
    except ValueError as error:
        raise BadValueError(f"at: {text[:60]!r} is no day and no time", _WHEN) from error


def _seconds(moment: datetime.datetime) -> int:
    try:
        seconds = int(moment.timestamp())
        again = datetime.datetime.fromtimestamp(seconds, datetime.UTC)
    except (OverflowError, ValueError) as error:
        raise BadValueError(f"at: {moment.isoformat()} is in no calendar", _WHEN) from error
    if again.year < 2000:
        raise BadValueError(f"at: {moment.isoformat()} is long past", _WHEN)
    return seconds
