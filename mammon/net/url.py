"""The URL of an endpoint, read strictly."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mammon.errors import UsageError
from mammon.net.redact import redacted

_URL = re.compile(
    r"(https?)://(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::([0-9]{1,5}))?(/[!-~]*|\?[!-~]*)?\Z", re.I
)
_LOOPBACK = re.compile(r"localhost\Z|::1\Z|127(\.[0-9]{1,3}){3}\Z")


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an endpoint is."""

    secure: bool
    host: str
    port: int
    path: str


def parse_url(url: str, *, plain_http: bool = False) -> Origin:
    """Return the parts of an endpoint's URL, or raise `UsageError` (the message never shows the URL)."""
    parts = _URL.match(url)
    if parts is None or int(parts[3] or 1) not in range(1, 65_536):
        raise UsageError("url", f"{redacted(url)} is not an http(s) URL", "write https://host[:port]/path")
    secure, host = parts[1].lower() == "https", parts[2].strip("[]").lower()
    if not (secure or plain_http or _LOOPBACK.match(host)):
        raise UsageError(
            "url", f"{redacted(url)}: plain http is for this machine only", "use https, or allow plain http"
        )
    path = parts[4] or "/"
    return Origin(
        secure, host, int(parts[3] or (443 if secure else 80)), path if path[0] == "/" else "/" + path
    )
