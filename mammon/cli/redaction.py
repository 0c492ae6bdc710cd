"""Redaction of whole texts: what a log line or a traceback may not carry."""

from __future__ import annotations

import re
from collections.abc import Iterable

from mammon.net.redact import redacted

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s'\"<>\\]*[^\s'\"<>\\.,:;)\]}]")
"""What ends a clause behind a URL is not part of it: its digits are those of the endpoint."""
_NAME = re.compile(r"[a-z][a-z0-9+.-]*://[^/?#@]*#[0-9a-f]{8}\Z")
"""A URL that was redacted before."""
_LEAST = 6
"""A shorter value is no secret, and replacing it would garble the text."""


_KEY = re.compile(r"(?:0x)?[0-9a-fA-F]{64}|[a-z]{3,8}(?: [a-z]{3,8}){11,}")
"""A private key, or a seed phrase. Hashes look the same: only where none has to be shown."""


def keyless(text: str) -> str:
    """Return what a person typed without what looks like a private key or a seed phrase."""
    return _KEY.sub("[secret]", text)


def clean(text: str, secrets: Iterable[str] = ()) -> str:
    """Return the text with URLs as scheme, host and digits, and the given secrets replaced.

    Cleaning a text again changes nothing: an endpoint has one name, however many hands it went through.
    """
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= _LEAST:
            text = text.replace(secret, "[secret]")
    return _URL.sub(lambda match: match[0] if _NAME.match(match[0]) else redacted(match[0]), text)
