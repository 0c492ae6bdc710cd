"""Name resolution that cannot outlive a deadline.

`getaddrinfo` takes no time-out, so it runs in a daemon thread that is left behind when the deadline
passes; what it finds later still fills the cache. One look-up per host is under way at a time. When
a look-up fails, addresses known from before are used, however old.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from typing import Any

from mammon.errors import DeadlinePassedError, TransientError
from mammon.net.deadline import TimeLeft
from mammon.net.safe_text import safe_text

SocketAddress = tuple[int, Any]
"""Address family, and what `connect` takes."""

CACHE_S = 300.0
REFRESH_WAIT_S = 1.0
"""How long to wait for fresh addresses when older ones are known."""


class Resolver:
    """Find the addresses of one host and port, and remember them for five minutes."""

    def __init__(
        self,
        host: str,
        port: int,
        *,
        lookup: Callable[..., Any] = socket.getaddrinfo,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._host = host
        self._port = port
        self._lookup = lookup
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._pending: _Pending | None = None
        self._found: list[SocketAddress] = _literal(host, port)
        self._expires = float("inf") if self._found else float("-inf")

    def addresses(self, deadline: TimeLeft) -> list[SocketAddress]:
        """Return the addresses in the order to try them.

        Raises `TransientError` (`dns`) or `DeadlinePassedError`, unless older addresses are known.
        """
        if self._monotonic() < self._expires:
            return self._found
        pending = self._under_way()
        left = deadline.require("name resolution")
        if not pending.done.wait(min(REFRESH_WAIT_S, left / 2) if self._found else left):
            if self._found:
                return self._found
            raise DeadlinePassedError("deadline", "the name was not resolved in the time allowed")
        if not pending.found and not self._found:
            raise TransientError(
                "dns",
                f"the name was not resolved: {safe_text(pending.reason)}",
                "check the network, and how the name is spelled",
            )
        return self._found

    def prefer(self, address: SocketAddress) -> None:
        """Try `address` first from now on: it answered."""
        if self._found and self._found[0] != address:
            self._found = [address, *(other for other in self._found if other != address)]

    def _under_way(self) -> _Pending:
        with self._lock:
            if self._pending is None:
                self._pending = _Pending()
                threading.Thread(target=self._resolve, args=(self._pending,), daemon=True).start()
            return self._pending

    def _resolve(self, pending: _Pending) -> None:
        try:
            rows = self._lookup(self._host, self._port, type=socket.SOCK_STREAM)
            pending.found = list(dict.fromkeys((row[0], row[4]) for row in rows))
        except (OSError, UnicodeError) as error:
            pending.reason = getattr(error, "strerror", None) or str(error)
        with self._lock:
            if pending.found:
                self._found, self._expires = pending.found, self._monotonic() + CACHE_S
            self._pending = None
        pending.done.set()


class _Pending:
    """One look-up under way."""

    def __init__(self) -> None:
        self.done = threading.Event()
        self.found: list[SocketAddress] = []
        self.reason = "nothing found"


def _literal(host: str, port: int) -> list[SocketAddress]:
    for family, address in ((socket.AF_INET, (host, port)), (socket.AF_INET6, (host, port, 0, 0))):
        try:
            socket.inet_pton(family, host)
        except OSError:
            continue
        return [(int(family), address)]
    return []
