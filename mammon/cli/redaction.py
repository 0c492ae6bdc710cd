"""Redaction of whole texts: what a log line or a traceback may not carry."""

from __future__ import annotations

import re
from collections.abc import Iterable

from mammon.net.redact import redacted

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s'\"<>\\]+")
_LEAST = 6
"""A shorter value is no secret, and replacing it would garble the text."""


def clean(text: str, secrets: Iterable[str] = ()) -> str:
    """Return the text with URLs as scheme, host and digits, and the given secrets replaced."""
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= _LEAST:
            text = text.replace(secret, "[secret]")
    return _URL.sub(lambda match: redacted(match[0]), text)
