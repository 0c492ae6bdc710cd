"""What may become of an exchange on its way: silence, drips, refusals, and answers that are not ones."""

from __future__ import annotations

import json
import time
from dataclasses import replace

from tests.chain.proxy import Exchange, Fault
from tests.net.servers import bomb

FOREIGN_CHAIN = 1
PAUSE_S = 0.02
"""Between two bytes of a drip."""


def silent(exchange: Exchange) -> None:
    """Take the request and never answer."""
    exchange.peer.wait_for_end()


def promised(exchange: Exchange) -> None:
    """Send a header, and never the body it announces."""
    exchange.peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n")
    exchange.peer.wait_for_end()


def drip_head(exchange: Exchange) -> None:
    """Send the header a byte at a time."""
    exchange.peer.drip(b"HTTP/1.1 200 OK\r\n" + b"X-Pad: 0123456789\r\n" * 500, PAUSE_S)


def drip_body(exchange: Exchange) -> None:
    """Send the true answer behind so much white space, a byte at a time, that it never arrives."""
    body = b" " * 100_000 + exchange.body(exchange.forward())
    exchange.peer.send(f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n".encode())
    exchange.peer.drip(body, PAUSE_S)


def status(line: str, *fields: str) -> Fault:
    """Answer with a status and no body; nothing is forwarded."""
    return lambda exchange: exchange.peer.answer(b"", *fields, status=line)


limited = status("429 Too Many Requests", "Retry-After: 1000000000")
unavailable = status("503 Service Unavailable")


def html(exchange: Exchange) -> None:
    """Answer 200 with a page for people."""
    exchange.peer.answer(b"<html><body>Sign in</body></html>", "Content-Type: text/html")


def truncated(exchange: Exchange) -> None:
    """Send the first half of the true answer as if it were all."""
    body = exchange.body(exchange.forward())
    exchange.peer.answer(body[: len(body) // 2], "Content-Type: application/json")


def wrong_id(exchange: Exchange) -> None:
    """Answer under ids that nobody asked with."""
    exchange.answer([{**answer, "id": answer["id"] + 1_000_000} for answer in exchange.forward()])


def reordered(exchange: Exchange) -> None:
    """Answer a batch from its end, as the protocol allows."""
    exchange.answer(exchange.forward()[::-1])


def both(exchange: Exchange) -> None:
    """Answer each call with a result and with an error."""
    error = {"code": -32000, "message": "no"}
    exchange.answer([{"result": "0x0", **answer, "error": error} for answer in exchange.forward()])


def wrong_chain(exchange: Exchange) -> None:
    """Say that it is a node of another chain."""
    exchange.view = replace(exchange.view, chain_id=FOREIGN_CHAIN)
    exchange.answer(exchange.forward())


def behind(blocks: int) -> Fault:
    """Answer everything as of some blocks ago."""

    def fault(exchange: Exchange) -> None:
        exchange.view = replace(exchange.view, behind=blocks, methods=frozenset())
        exchange.answer(exchange.forward())

    return fault


def lagging(blocks: int) -> Fault:
    """Answer the calls it befalls as of some blocks ago, the others of the batch as of now."""

    def fault(exchange: Exchange) -> None:
        slow = frozenset(exchange.calls[number]["method"] for number in exchange.hit)
        exchange.view = replace(exchange.view, behind=blocks, methods=slow)
        exchange.answer(exchange.forward())

    return fault


def held(block: int) -> Fault:
    """Answer truly, but let no block above be safe or final."""

    def fault(exchange: Exchange) -> None:
        exchange.view = replace(exchange.view, held=block)
        exchange.answer(exchange.forward())

    return fault


def flood(exchange: Exchange) -> None:
    """Answer with a hundred megabytes in less than one."""
    exchange.peer.answer(bomb(), "Content-Encoding: gzip")


def gigabyte(exchange: Exchange) -> None:
    """Announce a gigabyte."""
    exchange.peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
    exchange.peer.wait_for_end()


def dropped(exchange: Exchange) -> None:
    """Forward, and break the connection instead of answering."""
    exchange.forward()
    exchange.peer.sock.close()


def deep(exchange: Exchange) -> None:
    """Answer with JSON nested deeper than any answer is."""
    exchange.peer.answer(b"[" * 5000 + b"]" * 5000)


def digits(exchange: Exchange) -> None:
    """Answer with an integer of a million digits."""
    answers = [{**answer, "result": 0} for answer in exchange.forward()]
    text = json.dumps(answers if exchange.batch else answers[0]).replace(
        '"result": 0', '"result": ' + "9" * 10**6
    )
    exchange.peer.answer(text.encode())


def late(seconds: float) -> Fault:
    """Answer truly, after a while."""

    def fault(exchange: Exchange) -> None:
        time.sleep(seconds)
        exchange.answer(exchange.forward())

    return fault
