"""One HTTP endpoint for JSON bodies: kept-alive connections, one total deadline per exchange.

The deadline covers name resolution, connection, TLS, header and body. Redirects are refused,
proxies in the environment are ignored, plain HTTP is for this machine alone. The TLS library is
imported for `https` only.
"""

from __future__ import annotations

import functools
import re
import socket
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from mammon.errors import DeadlinePassedError, OutsideError, TransientError, UsageError
from mammon.net.answer import Head, Stream, read_body, read_head
from mammon.net.deadline import Slice, TimeLeft
from mammon.net.dns import Resolver, SocketAddress
from mammon.net.redact import redacted
from mammon.net.safe_text import safe_text
from mammon.net.url import Origin, parse_url

if TYPE_CHECKING:
    import ssl

BYTE_CAP = 5_000_000
RETRY_AFTER_CAP_S = 60.0
IDLE_CAP_S = 30.0
"""A connection unused for longer is not trusted: middle boxes forget it without a word."""
_IDLE_CONNECTIONS = 16
_USER_AGENT = "mammon"

_HEADER = re.compile(r"[A-Za-z0-9-]+: [ -~]+\Z")
_SECONDS = re.compile(rb"[0-9]{1,9}\Z")


@dataclass(slots=True)
class _Connection:
    sock: socket.socket
    used: float
    """When the last exchange on it ended."""
    kept: bool = False
    """It has carried an exchange before, so the other side may have closed it since."""


class HttpTransport:
    """Exchange JSON bodies with one URL. Threads may share it; each exchange has its own connection."""

    def __init__(
        self,
        url: str,
        *,
        plain_http: bool = False,
        method: Literal["POST", "GET"] = "POST",
        headers: Iterable[str] = (),
        byte_cap: int = BYTE_CAP,
        monotonic: Callable[[], float] = time.monotonic,
        resolver: Resolver | None = None,
        tls: Callable[[], ssl.SSLContext] | None = None,
    ) -> None:
        self._url = url
        self._origin = parse_url(url, plain_http=plain_http)
        self._byte_cap = byte_cap
        self._monotonic = monotonic
        self._resolver = resolver or Resolver(self._origin.host, self._origin.port, monotonic=monotonic)
        self._tls = tls or _system_tls
        self._head = _request_head(method, self._origin, headers)
        self._idle: list[_Connection] = []

    @functools.cached_property
    def name(self) -> str:
        """A printable name of the endpoint: scheme, host and a short hash of the URL."""
        return redacted(self._url)

    def exchange(self, body: bytes, deadline: TimeLeft) -> bytes:
        """Send `body` (empty for a GET) and return the whole answer, at most the byte cap, in time.

        Raises `TransientError` (`dns`, `connect`, `closed`, `rate_limited`, `http_5xx`), `OutsideError`
        (`tls`, `redirect`, `too_large`, `http`, `http_4xx`) or `DeadlinePassedError`. A request on a
        kept-alive connection that turns out to be dead before any byte of an answer is sent once
        more on a new one: callers must be content with a body that arrives twice.
        """
        kept = self._kept()
        if kept is not None:
            try:
                return self._on(kept, body, deadline)
            except _StaleError:
                pass
        return self._on(self._connected(deadline), body, deadline)

    def close(self) -> None:
        """Close the connections kept alive."""
        while self._idle:
            self._idle.pop().sock.close()

    def _kept(self) -> _Connection | None:
        while self._idle:
            connection = self._idle.pop()
            if self._monotonic() - connection.used < IDLE_CAP_S:
                return connection
            connection.sock.close()
        return None

    def _on(self, connection: _Connection, body: bytes, deadline: TimeLeft) -> bytes:
        stream = Stream(connection.sock, deadline)
        reusable = False
        try:
            self._send(connection.sock, body, deadline)
            head = read_head(stream)
            _check_status(head)
            answer = read_body(stream, head, self._byte_cap)
            reusable = head.reusable and stream.exhausted and len(self._idle) < _IDLE_CONNECTIONS
        except TransientError as error:
            if error.code == "closed" and connection.kept and not stream.started:
                raise _StaleError from error
            raise
        finally:
            if not reusable:
                connection.sock.close()
        if reusable:
            connection.used, connection.kept = self._monotonic(), True
            self._idle.append(connection)
        return answer

    def _send(self, sock: socket.socket, body: bytes, deadline: TimeLeft) -> None:
        left = memoryview(self._head % len(body) + body)
        try:
            while left:
                sock.settimeout(deadline.require("sending a request"))
                left = left[sock.send(left) :]
        except TimeoutError as error:
            raise DeadlinePassedError(
                "deadline", "the request could not be sent in the time allowed"
            ) from error
        except OSError as error:
            raise TransientError("closed", f"the connection broke: {safe_text(str(error))}") from error

    def _connected(self, deadline: TimeLeft) -> _Connection:
        addresses = self._resolver.addresses(deadline)
        for left, address in zip(range(len(addresses), 0, -1), list(addresses), strict=True):
            share = Slice(deadline, deadline.require("connecting") / left)
            try:
                sock = _connect(address, share)
            except (TransientError, DeadlinePassedError):
                if left == 1:
                    raise
                continue
            self._resolver.prefer(address)
            return _Connection(self._secured(sock, deadline) if self._origin.secure else sock, 0.0)
        raise TransientError("dns", "no address to connect to")  # pragma: no cover - never an empty list

    def _secured(self, sock: socket.socket, deadline: TimeLeft) -> ssl.SSLSocket:
        import ssl  # not needed for plain HTTP, and slow to import

        try:
            sock.settimeout(deadline.require("TLS"))
            # The handshake as a whole runs under this time-out, not each of its reads.
            return self._tls().wrap_socket(sock, server_hostname=self._origin.host)
        except TimeoutError as error:
            raise DeadlinePassedError("deadline", "no TLS handshake in the time allowed") from error
        except ssl.SSLCertVerificationError as error:
            raise OutsideError("tls", f"certificate refused: {safe_text(error.verify_message)}") from error
        except OSError as error:
            raise TransientError("tls", f"no TLS handshake: {safe_text(str(error))}") from error
        finally:
            sock.close()  # does nothing once the wrapped socket has taken over


class _StaleError(Exception):
    """The other side had closed a kept-alive connection before the request reached it."""


def _request_head(method: str, origin: Origin, headers: Iterable[str]) -> bytes:
    host = f"[{origin.host}]" if ":" in origin.host else origin.host
    port = "" if origin.port == (443 if origin.secure else 80) else f":{origin.port}"
    lines = [
        f"{method} {origin.path.replace('%', '%%')} HTTP/1.1",
        f"Host: {host}{port}",
        f"User-Agent: {_USER_AGENT}",
        "Accept: application/json",
        "Accept-Encoding: gzip",
    ]
    if method == "POST":
        lines.append("Content-Type: application/json")
    for header in headers:
        if not _HEADER.match(header):
            raise UsageError("header", "a header is written 'Name: value', in printable ASCII")
        lines.append(header.replace("%", "%%"))
    return ("\r\n".join([*lines, "Content-Length: %d"]) + "\r\n\r\n").encode("ascii")


def _check_status(head: Head) -> None:
    status = head.status
    if status == 200:
        return
    if status == 429:
        raise TransientError(
            "rate_limited", "the endpoint limits requests (429)", retry_after_s=_pause_s(head)
        )
    if status >= 500 or status in (408, 425):
        raise TransientError(
            f"http_{status}", f"the endpoint answered {status}", retry_after_s=_pause_s(head)
        )
    if 300 <= status < 400:
        raise OutsideError("redirect", f"the endpoint answered {status}: redirects are refused")
    raise OutsideError(f"http_{status}", f"the endpoint answered {status}", "check the URL and its key")


def _pause_s(head: Head) -> float:
    """Return `Retry-After` in seconds, at most 60; a date counts as 60, absence as 0."""
    value = head.fields.get(b"retry-after")
    if value is None:
        return 0.0
    return min(RETRY_AFTER_CAP_S, float(value)) if _SECONDS.match(value) else RETRY_AFTER_CAP_S


def _connect(address: SocketAddress, deadline: TimeLeft) -> socket.socket:
    family, where = address
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.settimeout(deadline.require("connecting"))
        sock.connect(where)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except OSError as error:
        sock.close()
        if isinstance(error, TimeoutError):
            raise DeadlinePassedError("deadline", "no connection in the time allowed") from error
        raise TransientError(
            "connect",
            f"no connection: {safe_text(error.strerror or str(error))}",
            "check the network and the URL",
        ) from error
    return sock


@functools.cache
def _system_tls() -> ssl.SSLContext:
    import ssl

    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    return context
