"""Connections are kept alive, replaced when dead, and encrypted with a verified certificate."""

from __future__ import annotations

import shutil
import socket
import ssl
import struct
import subprocess
import threading
from pathlib import Path

import pytest

from mammon.errors import DeadlinePassedError, OutsideError, TransientError
from mammon.net.deadline import Deadline
from mammon.net.http import HttpTransport
from tests.net import servers
from tests.net.client import exchange
from tests.net.servers import Peer, serving


def reset(peer: Peer) -> None:
    """End the connection with a reset, not with a farewell."""
    peer.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    peer.sock.close()


def test_a_reset_connection_is_transient() -> None:
    """A reset in place of an answer is a broken connection."""

    def behave(peer: Peer) -> None:
        peer.request()
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n")
        reset(peer)

    with serving(behave) as server, pytest.raises(TransientError) as caught:
        exchange(server.url)
    assert caught.value.code == "closed"


def test_a_kept_connection_that_was_reset_is_replaced() -> None:
    """A reset between two exchanges is met while sending; the caller does not see it."""
    received = threading.Semaphore(0)
    done = threading.Semaphore(0)

    def behave(peer: Peer) -> None:
        peer.answer(peer.request() or b"")
        received.acquire()
        reset(peer)
        done.release()

    with serving(behave) as server:
        transport = HttpTransport(server.url)
        for _ in range(3):
            assert transport.exchange(b"[]", Deadline(5))
            received.release()
            done.acquire()
        transport.close()
    assert server.connections == 3


def test_one_connection_carries_many_exchanges() -> None:
    """The connection is kept alive: a second exchange costs no handshake."""
    with serving(servers.echo) as server:
        transport = HttpTransport(server.url)
        for number in range(20):
            body = b"%d" % number
            assert transport.exchange(body, Deadline(2)) == body
        transport.close()
    assert server.connections == 1


@pytest.mark.parametrize("field", ["Connection: close", "X-Last: yes"], ids=["announced", "silent"])
def test_a_connection_the_server_closed_is_replaced_once(field: str) -> None:
    """A kept-alive connection found dead before any byte of an answer is replaced, unseen by the caller."""

    def one_each(peer: Peer) -> None:
        peer.answer(peer.request() or b"", field)

    with serving(one_each) as server:
        transport = HttpTransport(server.url)
        for _ in range(5):
            assert transport.exchange(b"[]", Deadline(2)) == b"[]"
        transport.close()
    assert server.connections == 5


def test_a_dead_server_is_not_asked_over_and_over() -> None:
    """Only a kept-alive connection is replaced: a new one that dies is an error at once."""
    with serving(servers.replying(b"")) as server, pytest.raises(TransientError):
        exchange(server.url)
    assert server.connections == 1


def test_a_connection_broken_mid_answer_is_not_replaced() -> None:
    """Once a byte of the answer has come, the exchange has failed and is not repeated silently."""

    def once_whole_then_half(peer: Peer) -> None:
        peer.answer(peer.request() or b"")
        peer.request()
        peer.send(b"HTTP/1.1 200")

    with serving(once_whole_then_half) as server:
        transport = HttpTransport(server.url)
        transport.exchange(b"[]", Deadline(2))
        with pytest.raises(TransientError) as caught:
            transport.exchange(b"[]", Deadline(2))
        transport.close()
    assert (caught.value.code, server.connections) == ("closed", 1)


def test_a_connection_idle_for_long_is_not_trusted() -> None:
    """After half a minute unused the connection is made anew: middle boxes drop it without a word."""
    now = [0.0]
    with serving(servers.echo) as server:
        transport = HttpTransport(server.url, monotonic=lambda: now[0])
        for _ in range(3):
            transport.exchange(b"[]", Deadline(2))
            now[0] += 31
        transport.close()
    assert server.connections == 3


def test_bytes_behind_an_answer_end_the_connection() -> None:
    """What a server sends unasked is never read as the next answer."""

    def chatty(peer: Peer) -> None:
        while (body := peer.request()) is not None:
            peer.send(
                b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body + b"HTTP/1.1 200 OK\r\n"
            )

    with serving(chatty) as server:
        transport = HttpTransport(server.url)
        assert transport.exchange(b"[1]", Deadline(2)) == b"[1]"
        assert transport.exchange(b"[2]", Deadline(2)) == b"[2]"
        transport.close()
    assert server.connections == 2


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1, made for this run, with its key in one file."""
    program = shutil.which("openssl")
    if program is None:
        pytest.skip("openssl is not installed")
    folder = tmp_path_factory.mktemp("tls")
    both = folder / "both.pem"
    command = [program, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=test"]
    command += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(both), "-out", str(folder / "c.pem")]
    subprocess.run(command, check=True, capture_output=True)
    both.write_bytes(both.read_bytes() + (folder / "c.pem").read_bytes())
    return both


@pytest.fixture
def server_tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def test_tls_is_verified_and_kept_alive(certificate: Path, server_tls: ssl.SSLContext) -> None:
    """A trusted certificate works, on one connection for many exchanges."""
    with serving(servers.echo, server_tls) as server:
        trusted = ssl.create_default_context(cafile=str(certificate))
        transport = HttpTransport(server.url, tls=lambda: trusted)
        for _ in range(3):
            assert transport.exchange(b"[1]", Deadline(5)) == b"[1]"
        transport.close()
    assert server.connections == 1


def test_an_unknown_certificate_is_refused(server_tls: ssl.SSLContext) -> None:
    """A certificate the system does not trust ends the exchange for good."""
    with serving(servers.echo, server_tls) as server, pytest.raises(OutsideError) as caught:
        exchange(server.url, seconds=5)
    assert caught.value.code == "tls"
    assert not isinstance(caught.value, TransientError)


def test_a_handshake_that_hangs_ends_on_time() -> None:
    """A server that accepts and never speaks TLS is cut off by the deadline."""
    with serving(servers.silence) as server, pytest.raises(DeadlinePassedError):
        exchange(server.url.replace("http:", "https:"))


def test_a_server_that_does_not_speak_tls_is_transient() -> None:
    """Plain text in place of a handshake is a failed connection."""

    def plain(peer: Peer) -> None:
        peer.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with serving(plain) as server, pytest.raises(TransientError) as caught:
        exchange(server.url.replace("http:", "https:"), seconds=5)
    assert caught.value.code == "tls"
