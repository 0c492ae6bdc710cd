"""One exchange on a transport of its own."""

from __future__ import annotations

from typing import Any

from mammon.net.deadline import Deadline
from mammon.net.http import HttpTransport
from tests.net.servers import within

SHORT_S = 0.3


def exchange(url: str, body: bytes = b"[]", seconds: float = SHORT_S, **options: Any) -> bytes:
    """One exchange on a transport of its own, closed afterwards."""
    transport = HttpTransport(url, **options)
    try:
        return within(10, lambda: transport.exchange(body, Deadline(seconds)))
    finally:
        transport.close()
