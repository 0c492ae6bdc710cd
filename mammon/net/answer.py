"""A strict reader of one HTTP/1.1 answer: bounded in time, in header and in body.

Each read from the socket is given what is left of the deadline, so a server that drips single bytes
is cut off on time. The body's length comes from `Content-Length` or from chunks, never from both;
without either it ends with the connection.
"""

from __future__ import annotations

import re
import socket
from dataclasses import dataclass

from mammon.errors import DeadlinePassedError, OutsideError, TransientError
from mammon.net.deadline import TimeLeft
from mammon.net.safe_text import safe_text

HEADER_CAP = 16_384
_CHUNK_LINE_CAP = 256
_INTERIM_CAP = 8
_STATUS = re.compile(rb"HTTP/1\.([01]) ([1-9][0-9]{2})(?: [^\r\n]*)?\Z")
# Possessive throughout: a peer's header of spaces must not cost more than its length.
_FIELD = re.compile(
    rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*+((?:[^\x00-\x20\x7f]++(?:[ \t]++(?!\Z))?)*+)[ \t]*+\Z"
)
_LENGTH = re.compile(rb"[0-9]{1,12}\Z")
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\r\n]*)?\Z")


@dataclass(frozen=True, slots=True)
class Head:
    """Status and header fields of an answer; names in lower case."""

    status: int
    fields: dict[bytes, bytes]
    reusable: bool
    """The connection may carry another request once the body has been read."""


class Stream:
    """Bytes from one socket under one deadline."""

    def __init__(self, sock: socket.socket, deadline: TimeLeft) -> None:
        self._sock = sock
        self._deadline = deadline
        self._buffer = bytearray()
        self.started = False
        """Whether any byte of an answer has arrived."""

    @property
    def exhausted(self) -> bool:
        """Whether nothing is left over."""
        return not self._buffer

    def line(self, cap: int) -> bytes:
        """Return the bytes up to the next CRLF, without it. Raises `OutsideError` past `cap` bytes."""
        seen = 0
        while (end := self._buffer.find(b"\r\n", seen)) < 0:
            seen = max(0, len(self._buffer) - 1)
            if len(self._buffer) > cap:
                raise malformed("a line without end")
            self._more()
        if end > cap:
            raise malformed("a line too long")
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 2]
        return line

    def exactly(self, count: int) -> bytes:
        """Return the next `count` bytes."""
        while len(self._buffer) < count:
            self._more()
        data = bytes(self._buffer[:count])
        del self._buffer[:count]
        return data

    def rest(self, cap: int) -> bytes:
        """Return everything up to the end of the connection; raise `OutsideError` past `cap` bytes."""
        while len(self._buffer) <= cap and self._receive():
            pass
        if len(self._buffer) > cap:
            raise too_large(cap)
        data = bytes(self._buffer)
        self._buffer.clear()
        return data

    def _more(self) -> None:
        if not self._receive():
            raise TransientError("closed", "the connection was closed before the answer was complete")

    def _receive(self) -> bool:
        self._sock.settimeout(self._deadline.require("waiting for an answer"))
        try:
            data = self._sock.recv(65_536)
        except TimeoutError as error:
            raise DeadlinePassedError("deadline", "no complete answer in the time allowed") from error
        except OSError as error:
            raise TransientError("closed", f"the connection broke: {safe_text(str(error))}") from error
        self._buffer += data
        self.started = self.started or bool(data)
        return bool(data)


def read_head(stream: Stream) -> Head:
    """Read status line and header, passing over interim answers."""
    for _ in range(_INTERIM_CAP):
        head = _one_head(stream)
        if head.status >= 200:
            return head
        if head.status == 101:
            break
    raise malformed("interim answers only")


def read_body(stream: Stream, head: Head, cap: int) -> bytes:
    """Read and decompress the body: at most `cap` bytes before and after. Raises `OutsideError`."""
    chunked, length = head.fields.get(b"transfer-encoding"), head.fields.get(b"content-length")
    if chunked is not None:
        if length is not None or chunked.lower() != b"chunked":
            raise malformed("two lengths, or an unknown transfer encoding")
        body = _chunks(stream, cap)
    elif length is not None:
        if not _LENGTH.match(length):
            raise malformed("a length that is no number")
        if int(length) > cap:
            raise too_large(cap)
        body = stream.exactly(int(length))
    else:
        body = stream.rest(cap)
    return _plain(body, head.fields.get(b"content-encoding", b"identity").lower(), cap)


def malformed(what: str) -> OutsideError:
    """Return the error for an answer that is not HTTP/1.1."""
    return OutsideError("http", f"malformed answer: {what}")


def too_large(cap: int) -> OutsideError:
    """Return the error for an answer past the byte cap; its code is `too_large`."""
    return OutsideError("too_large", f"the answer is longer than {cap} bytes")


def _one_head(stream: Stream) -> Head:
    left = HEADER_CAP
    status = _STATUS.match(stream.line(left))
    if status is None:
        raise malformed("no HTTP/1.1 status line")
    fields: dict[bytes, bytes] = {}
    while line := stream.line(left):
        left -= len(line) + 2
        field = _FIELD.match(line)
        if field is None:
            raise malformed("a header field")
        name, value = field[1].lower(), field[2]
        if name in (b"content-length", b"transfer-encoding") and fields.get(name, value) != value:
            raise malformed("two different lengths")
        fields[name] = value
    keeps = status[1] == b"1" and fields.get(b"connection", b"").lower() != b"close"
    framed = b"content-length" in fields or b"transfer-encoding" in fields
    return Head(int(status[2]), fields, keeps and framed)


def _chunks(stream: Stream, cap: int) -> bytes:
    body = bytearray()
    while True:
        size = _CHUNK.match(stream.line(_CHUNK_LINE_CAP))
        if size is None:
            raise malformed("a chunk's length")
        length = int(size[1], 16)
        if len(body) + length > cap:
            raise too_large(cap)
        if length == 0:
            break
        body += stream.exactly(length)
        if stream.exactly(2) != b"\r\n":
            raise malformed("a chunk without end")
    left = HEADER_CAP
    while trailer := stream.line(left):
        left -= len(trailer) + 2
    return bytes(body)


def _plain(body: bytes, encoding: bytes, cap: int) -> bytes:
    if encoding == b"identity":
        return body
    if encoding != b"gzip":
        raise malformed("an encoding that was not asked for")
    import zlib  # only for answers that are compressed

    inflater = zlib.decompressobj(wbits=31)
    try:
        plain = inflater.decompress(body, cap + 1)
    except zlib.error as error:
        raise malformed("broken compression") from error
    if len(plain) > cap:
        raise too_large(cap)
    if not inflater.eof or inflater.unused_data:
        raise malformed("compressed data cut short or followed by more")
    return plain
