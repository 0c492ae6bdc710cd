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


_TOKEN_LEAST = 16
"""A shorter piece of a URL is a version or a network, and stands in any text."""


def tokens(url: str) -> list[str]:
    """Return the pieces of a URL that are secrets wherever they stand: long ones behind its host."""
    behind = re.sub(r"^[^:]*://[^/?#]*/?", "", url)
    return [piece for piece in {behind, *re.split(r"[/?&#=]", behind)} if len(piece) >= _TOKEN_LEAST]


def clean(text: str, secrets: Iterable[str] = (), pieces: Iterable[str] = ()) -> str:
    """Return the text with URLs as scheme, host and digits, and the given secrets replaced.

    `pieces` are secrets too, once URLs are out of the text: what is left of them has lost its host.

    Cleaning a text again changes nothing: an endpoint has one name, however many hands it went through.
    """
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= _LEAST:
            text = text.replace(secret, "[secret]")
    text = _URL.sub(lambda match: match[0] if _NAME.match(match[0]) else redacted(match[0]), text)
    for piece in sorted(pieces, key=len, reverse=True):
        text = text.replace(piece, "[secret]")
    return text
