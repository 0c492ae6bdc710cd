"""A TCP server on 127.0.0.1 that misbehaves as told: one behaviour per connection, real sockets."""

from __future__ import annotations

import contextlib
import functools
import gzip
import signal
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from typing import TypeVar

T = TypeVar("T")
Behaviour = Callable[["Peer"], None]


class Peer:
    """The server's end of one connection."""

    def __init__(self, sock: socket.socket, stopped: threading.Event) -> None:
        self.sock = sock
        self.stopped = stopped
        self.head = b""
        self._buffer = b""

    def request(self) -> bytes | None:
        """Read one request and return its body; None at the end of the connection."""
        while b"\r\n\r\n" not in self._buffer:
            if not self._more():
                return None
        self.head, _, rest = self._buffer.partition(b"\r\n\r\n")
        length = int(self.head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        self._buffer = rest
        while len(self._buffer) < length:
            if not self._more():
                return None
        body, self._buffer = self._buffer[:length], self._buffer[length:]
        return body

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def answer(self, body: bytes, *fields: str, status: str = "200 OK") -> None:
        lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *fields]
        self.send(("\r\n".join(lines) + "\r\n\r\n").encode() + body)

    def drip(self, data: bytes, pause_s: float = 0.02) -> None:
        """Send a byte at a time until the client has gone."""
        for index in range(len(data)):
            if self.stopped.wait(pause_s):
                return
            self.send(data[index : index + 1])

    def wait_for_end(self) -> None:
        """Stay silent until the client or the test ends it."""
        while not self.stopped.is_set() and self._more():
            pass

    def _more(self) -> bool:
        data = self.sock.recv(65_536)
        self._buffer += data
        return bool(data)


class Server:
    """Accept on a free port; count connections; run `behave` for each in a thread."""

    def __init__(self, behave: Behaviour, tls: ssl.SSLContext | None = None) -> None:
        self._behave = behave
        self._tls = tls
        self._stopped = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._socks: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept)]
        self.connections = 0
        self.port: int = self._listener.getsockname()[1]
        self._threads[0].start()

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}/"

    def close(self) -> None:
        self._stopped.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for sock in self._socks:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(10)
            assert not thread.is_alive()

    def _accept(self) -> None:
        while not self._stopped.is_set():
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._socks.append(sock)
            thread = threading.Thread(target=self._serve, args=(sock,))
            self._threads.append(thread)
            thread.start()

    def _serve(self, sock: socket.socket) -> None:
        with contextlib.suppress(OSError, ValueError):
            if self._tls:
                sock = self._tls.wrap_socket(sock, server_side=True)
                self._socks.append(sock)
            self._behave(Peer(sock, self._stopped))
        sock.close()


@contextlib.contextmanager
def serving(behave: Behaviour, tls: ssl.SSLContext | None = None) -> Iterator[Server]:
    """Run a server for the length of a test."""
    server = Server(behave, tls)
    try:
        yield server
    finally:
        server.close()


def refused_port() -> int:
    """Return a port where nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port: int = sock.getsockname()[1]
    return port


@contextlib.contextmanager
def black_hole() -> Iterator[int]:
    """Yield a port where connections are neither accepted nor refused."""
    with socket.socket() as full, contextlib.ExitStack() as waiting:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for _ in range(3):  # fill the queue of connections nobody accepts
            filler = waiting.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(full.getsockname())
        yield full.getsockname()[1]


def within(seconds: float, work: Callable[[], T]) -> T:
    """Return what `work` returns; fail when it is still running after `seconds`, instead of hanging."""

    def too_long(*_: object) -> None:
        raise AssertionError(f"still running after {seconds} s")

    before = signal.signal(signal.SIGALRM, too_long)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        return work()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


# --- behaviours ----------------------------------------------------------------------------------


def echo(peer: Peer) -> None:
    """Answer every request with its own body."""
    while (body := peer.request()) is not None:
        peer.answer(body)


def silence(peer: Peer) -> None:
    """Take the request and never answer."""
    peer.wait_for_end()


def drip_head(peer: Peer) -> None:
    peer.request()
    peer.drip(b"HTTP/1.1 200 OK\r\n" + b"X-Pad: 0123456789\r\n" * 500)


def drip_body(peer: Peer) -> None:
    peer.request()
    peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    peer.drip(b"0" * 100_000)


def drip_chunks(peer: Peer) -> None:
    peer.request()
    peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    peer.drip(b"1\r\n0\r\n" * 10_000)


def endless(peer: Peer) -> None:
    """A body without a length, without an end."""
    peer.request()
    peer.send(b"HTTP/1.1 200 OK\r\n\r\n")
    while not peer.stopped.is_set():
        peer.send(b"0" * 65_536)


def endless_chunks(peer: Peer) -> None:
    peer.request()
    peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while not peer.stopped.is_set():
        peer.send(b"10000\r\n" + b"0" * 65_536 + b"\r\n")


def endless_head(peer: Peer) -> None:
    peer.request()
    peer.send(b"HTTP/1.1 200 OK\r\n")
    while not peer.stopped.is_set():
        peer.send(b"X-Pad: 0123456789\r\n" * 100)


def promised_gigabyte(peer: Peer) -> None:
    peer.request()
    peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
    peer.wait_for_end()


def promised_hang(peer: Peer) -> None:
    """Promise a small body, and never send it."""
    peer.request()
    peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n")
    peer.wait_for_end()


def gzip_bomb(peer: Peer) -> None:
    """100 MB of zeros in less than 1 MB."""
    peer.request()
    peer.answer(bomb(), "Content-Encoding: gzip")


@functools.cache
def bomb() -> bytes:
    """A hundred megabytes of zeros, compressed."""
    return gzip.compress(bytes(100_000_000), 1)


def cut_short(peer: Peer) -> None:
    """Promise more than is sent, then close."""
    peer.request()
    peer.send(b'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{"jsonrpc"')


def replying(data: bytes) -> Behaviour:
    """Answer the first request with these very bytes, then close."""

    def behave(peer: Peer) -> None:
        peer.request()
        peer.send(data)

    return behave


def status(line: str, *fields: str) -> Behaviour:
    """Answer every request with this status and an empty body."""

    def behave(peer: Peer) -> None:
        while peer.request() is not None:
            peer.answer(b"", *fields, status=line)

    return behave


def scripted(reply: Callable[[bytes], bytes]) -> Behaviour:
    """Answer every request with what `reply` makes of its body."""

    def behave(peer: Peer) -> None:
        while (body := peer.request()) is not None:
            peer.answer(reply(body))

    return behave
