"""URLs without their secrets: keys travel in paths, queries and user names."""

from __future__ import annotations

import re

from mammon.net.safe_text import safe_text

_ORIGIN = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://(?:[^/?#]*@)?([^/?#@]*)")


def redacted(url: str) -> str:
    """Return scheme, host and eight hexadecimal digits of the whole URL's SHA-256.

    The digits tell two endpoints of one host apart and stay the same between runs; what is not a
    URL is printed as its digits alone.
    """
    import hashlib  # loads the TLS library's hashes: only when an endpoint is named

    digits = hashlib.sha256(url.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    found = _ORIGIN.match(url)
    if found is None:
        return f"url#{digits}"
    scheme, host = found.groups()
    return f"{scheme.lower()}://{safe_text(host.lower())}#{digits}"
