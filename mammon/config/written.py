"""How a setting's value is written for people: as configuration spells it, URLs redacted."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from mammon.config import needs
from mammon.config.keys import Key
from mammon.config.settings import Timeout, Url
from mammon.config.values import duration_text
from mammon.core.canonical import plain_decimal
from mammon.core.numbers import Seconds
from mammon.core.policy import Need
from mammon.net.redact import redacted


def spelled(key: Key, value: Any) -> str | None:
    """Return a value as configuration writes it; None where it is unset."""
    if value is None:
        return None
    if key.hint in (Seconds, Timeout):
        return duration_text(value)
    if key.hint is Url:
        return redacted(value)
    if isinstance(value, tuple):
        return ", ".join(_item(key, item) for item in value)
    if isinstance(value, bool):
        return str(value).lower()
    return plain_decimal(value) if isinstance(value, Decimal) else str(value)


def _item(key: Key, item: Any) -> str:
    if isinstance(item, dict):
        return str(item.get("slug", "table"))
    if isinstance(item, Need):
        return needs.shown(item)
    return redacted(item) if key.hint == tuple[Url, ...] else str(item)
