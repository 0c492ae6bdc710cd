"""The HTTP edge: whatever a server does, one exchange ends on time, in bounds and with a typed error."""

from __future__ import annotations

import gzip
import subprocess
import sys
import tracemalloc

import pytest

from mammon.errors import DeadlinePassedError, OutsideError, TransientError, UsageError
from mammon.net.http import HttpTransport
from tests.net import servers
from tests.net.client import exchange
from tests.net.servers import Behaviour, Peer, serving


@pytest.mark.parametrize(
    "behave",
    [servers.silence, servers.drip_head, servers.drip_body, servers.drip_chunks, servers.promised_hang],
    ids=lambda behave: behave.__name__,
)
def test_no_server_outlives_the_deadline(behave: Behaviour) -> None:
    """Silence and drips end with the deadline, which is total and not per read (field notes, row 9)."""
    with serving(behave) as server, pytest.raises(DeadlinePassedError) as caught:
        exchange(server.url)
    assert caught.value.code == "deadline"


@pytest.mark.parametrize(
    ("behave", "code"),
    [
        (servers.endless, "too_large"),
        (servers.endless_chunks, "too_large"),
        (servers.promised_gigabyte, "too_large"),
        (servers.gzip_bomb, "too_large"),
        (servers.endless_head, "http"),
    ],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_no_answer_is_larger_than_its_cap(behave: Behaviour, code: str) -> None:
    """Endless bodies and heads, promised gigabytes and compressed bombs are cut off at the cap."""
    with serving(behave) as server, pytest.raises(OutsideError) as caught:
        exchange(server.url, seconds=5)
    assert caught.value.code == code


def test_a_compressed_bomb_is_never_unpacked() -> None:
    """Decompression stops at the cap: the hundred megabytes are never in memory."""
    bomb = servers.bomb()
    with serving(servers.gzip_bomb) as server:
        tracemalloc.start()
        try:
            with pytest.raises(OutsideError):
                exchange(server.url, seconds=5, byte_cap=len(bomb))
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert peak < 10 * len(bomb) < 50_000_000


def test_an_answer_at_the_cap_is_taken() -> None:
    """The cap is the last size that passes: plain, chunked and compressed."""
    body = b"x" * 1000
    compressed = gzip.compress(body)
    replies = [
        b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + body,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3e8;a=b\r\n" + body + b"\r\n0\r\nT: 1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n" + body,
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(compressed)
        + compressed,
    ]
    for reply in replies:
        with serving(servers.replying(reply)) as server:
            assert exchange(server.url, byte_cap=1000) == body
        with serving(servers.replying(reply)) as server, pytest.raises(OutsideError) as caught:
            exchange(server.url, byte_cap=999)
        assert caught.value.code == "too_large"


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("429 Too Many Requests", "rate_limited"),
        ("500 Internal Server Error", "http_500"),
        ("503 Service Unavailable", "http_503"),
        ("408 Request Timeout", "http_408"),
    ],
)
def test_a_status_that_may_pass_is_transient(line: str, code: str) -> None:
    """429 and 5xx may be tried again."""
    with serving(servers.status(line)) as server, pytest.raises(TransientError) as caught:
        exchange(server.url)
    assert (caught.value.code, caught.value.retry_after_s) == (code, 0.0)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7.0),
        ("0", 0.0),
        ("61", 60.0),
        ("999999999", 60.0),
        ("1000000000", 60.0),
        ("9" * 400, 60.0),
        ("Wed, 21 Oct 2026 07:28:00 GMT", 60.0),
    ],
)
def test_retry_after_is_clamped(value: str, seconds: float) -> None:
    """A server cannot ask for more than a minute; a date counts as one."""
    behave = servers.status("429 Too Many Requests", f"Retry-After: {value}")
    with serving(behave) as server, pytest.raises(TransientError) as caught:
        exchange(server.url)
    assert caught.value.retry_after_s == seconds


@pytest.mark.parametrize(
    ("line", "fields", "code"),
    [
        ("301 Moved", ["Location: http://127.0.0.1:1/"], "redirect"),
        ("307 Moved", ["Location: file:///etc/passwd"], "redirect"),
        ("401 Unauthorized", [], "http_401"),
        ("404 Not Found", [], "http_404"),
        ("204 No Content", [], "http_204"),
    ],
)
def test_a_status_that_will_not_pass_is_final(line: str, fields: list[str], code: str) -> None:
    """Redirects are refused, and a refusal is not retried."""
    with serving(servers.status(line, *fields)) as server, pytest.raises(OutsideError) as caught:
        exchange(server.url)
    assert caught.value.code == code
    assert not isinstance(caught.value, TransientError)


@pytest.mark.parametrize(
    "reply",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        b"HTTP/2 200 OK\r\nContent-Length: 2\r\n\r\n[]",
        b"x" * 40_000,
        b"HTTP/1.1 20x OK\r\nContent-Length: 2\r\n\r\n[]",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n[]",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n[]",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\n[]",
        b"HTTP/1.1 200 OK\r\nContent-Length: 0x2\r\n\r\n[]",
        b"HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\n[]",
        b"HTTP/1.1 200 OK\r\nX: a\r\n folded\r\nContent-Length: 2\r\n\r\n[]",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 2\r\n\r\n[]",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n[]",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n[]xx0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;" + b"a" * 300 + b"\r\n[]\r\n0\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" * 9,
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * 20_000 + b"\r\nContent-Length: 2\r\n\r\n[]",
    ],
)
def test_what_is_not_http_is_refused(reply: bytes) -> None:
    """Anything a strict reader cannot frame in one way is an error, never a guess."""
    with serving(servers.replying(reply)) as server, pytest.raises(OutsideError) as caught:
        exchange(server.url)
    assert caught.value.code == "http"


def test_compressed_data_cut_short_or_followed_by_more_is_refused() -> None:
    """A compressed body must be whole and nothing else."""
    whole = gzip.compress(b"[]")
    for body in (whole[:-4], whole + b"x", whole + whole):
        head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(body)
        with serving(servers.replying(head + body)) as server, pytest.raises(OutsideError) as caught:
            exchange(server.url)
        assert caught.value.code == "http"


@pytest.mark.parametrize(
    "behave",
    [servers.cut_short, servers.replying(b""), servers.replying(b"HTTP/1.1 200 OK\r\nContent-Le")],
    ids=["mid-body", "before the answer", "mid-head"],
)
def test_a_connection_closed_too_early_is_transient(behave: Behaviour) -> None:
    """A body that ends before its length is a broken connection, not a short answer."""
    with serving(behave) as server, pytest.raises(TransientError) as caught:
        exchange(server.url)
    assert caught.value.code == "closed"


def test_interim_answers_are_passed_over() -> None:
    """A 100 before the real answer is not the answer."""
    reply = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]"
    with serving(servers.replying(reply)) as server:
        assert exchange(server.url) == b"[]"


def test_nothing_listening_is_transient() -> None:
    """A refused connection is a transient failure, told without the URL."""
    with pytest.raises(TransientError) as caught:
        exchange(f"http://127.0.0.1:{servers.refused_port()}/v2/SECRETKEY")
    assert caught.value.code == "connect"
    assert "SECRETKEY" not in str(caught.value)


def test_a_deadline_already_passed_asks_nobody() -> None:
    """With no time left nothing is sent."""
    with serving(servers.echo) as server, pytest.raises(DeadlinePassedError):
        exchange(server.url, seconds=0)


def test_a_connection_that_hangs_ends_on_time() -> None:
    """An address that never completes the connection is given up with the deadline."""
    with servers.black_hole() as port, pytest.raises(DeadlinePassedError):
        exchange(f"http://127.0.0.1:{port}/")


def test_a_request_that_cannot_be_sent_ends_on_time() -> None:
    """A server that accepts and never reads cannot hold the sender."""

    def deaf(peer: Peer) -> None:
        peer.stopped.wait(20)

    with serving(deaf) as server, pytest.raises(DeadlinePassedError):
        exchange(server.url, body=b"0" * 50_000_000)


def test_the_request_says_what_it_must_and_proxies_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    """Host, length, type, agent and our own headers are sent; proxies of the environment are not used."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{servers.refused_port()}")
    heads: list[bytes] = []

    def listening(peer: Peer) -> None:
        body = peer.request()
        heads.append(peer.head)
        peer.answer(body or b"")

    with serving(listening) as server:
        url = f"http://localhost:{server.port}/v2/100%25?key=a%d"
        assert exchange(url, b"[7]", seconds=2, headers=["X-Key: 5%"]) == b"[7]"
        lines = heads[0].decode().split("\r\n")
    assert lines[0] == "POST /v2/100%25?key=a%d HTTP/1.1"
    assert {
        f"Host: localhost:{server.port}",
        "Content-Length: 3",
        "Content-Type: application/json",
        "User-Agent: mammon",
        "Accept-Encoding: gzip",
        "X-Key: 5%",
    } <= set(lines)


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://127.0.0.1/",
        "ws://127.0.0.1/",
        "127.0.0.1:8545",
        "http://",
        "https://exa mple.org/",
        "https://example.org/a\r\nX: y",
        "https://user:password@example.org/",
        "https://example.org:0/",
        "https://example.org:65536/",
        "https://ex\N{CYRILLIC SMALL LETTER A}mple.org/",
        "http://example.org/",
        "http://127.evil.example/",
        "http://10.0.0.1/",
    ],
)
def test_only_web_urls_are_taken_and_plain_http_stays_home(url: str) -> None:
    """Other schemes, credentials, controls and plain HTTP to another machine are refused, unshown."""
    with pytest.raises(UsageError) as caught:
        HttpTransport(url)
    assert "password" not in str(caught.value)


def test_plain_http_elsewhere_must_be_asked_for() -> None:
    """The owner of a private network may allow it."""
    assert HttpTransport("http://10.0.0.1/", plain_http=True).name.startswith("http://10.0.0.1#")


@pytest.mark.parametrize("header", ["X-Key: a\r\nX-Other: b", "no colon", "X-Key: \N{SNOWMAN}"])
def test_headers_cannot_smuggle(header: str) -> None:
    """A header is one line of printable ASCII."""
    with pytest.raises(UsageError):
        HttpTransport("http://127.0.0.1/", headers=[header])


def test_plain_http_imports_no_tls() -> None:
    """Reading from a local endpoint never loads the TLS library, nor any HTTP library."""
    script = (
        "import sys; from mammon.net.http import HttpTransport; HttpTransport('http://127.0.0.1:1/').name; "
        "heavy = {'ssl', 'http.client', 'httpx', 'requests', 'tenacity', 'asyncio', 'email', 'zlib'}; "
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_get_sends_no_body_and_says_so() -> None:
    """Its line names the path with its query, its length is nothing, and no type is claimed for no body."""
    heads: list[bytes] = []

    def behave(peer: Peer) -> None:
        assert peer.request() == b""
        heads.append(peer.head)
        peer.answer(b"{}")

    with serving(behave) as server:
        url = f"{server.url}prices/current/coingecko:usd-coin,x?searchWidth=1h%25"
        assert exchange(url, body=b"", seconds=5, method="GET") == b"{}"
    line, *fields = heads[0].split(b"\r\n")
    assert line == b"GET /prices/current/coingecko:usd-coin,x?searchWidth=1h%25 HTTP/1.1"
    assert b"Content-Length: 0" in fields
    assert not any(field.startswith(b"Content-Type") for field in fields)
