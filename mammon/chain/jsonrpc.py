"""JSON-RPC 2.0 as bytes: requests written, answers read strictly. No I/O.

An answer may be anything a broken or hostile server can send. Depth, digits and shape are bounded
before anything is used; identifiers must be exactly the ones asked for, in any order.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mammon.core.canonical import found_within
from mammon.errors import MalformedError, TransientError
from mammon.net.safe_text import safe_text

Json = Any
Request = tuple[str, Sequence[Json]]
"""Method and parameters."""

MAX_DEPTH = 64
MAX_BRACKETS = 200_000
MAX_DIGITS = 80

# Possessive, and without need of a closing quote: a match never fails, so the search stays linear.
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.S)
_BRACKET = re.compile(rb"[\[\]{}]")
_QUANTITY = re.compile(r"0x[0-9a-fA-F]{1,64}\Z")
_DATA = re.compile(r"0x(?:[0-9a-fA-F]{2})*\Z")

_LIMITED = frozenset({-32005, -32016, 429})
"""Limit exceeded (EIP-1474), over rate limit (Base's public endpoint), 429 repeated in the body."""
_BEHIND = re.compile(
    r"(header|block|state) (not found|is not available)|unknown block|missing trie node", re.I
)
_NOT_FOUND = frozenset({-32000, -32001})


class Hex(str):
    """Text of hexadecimal digits alone: not searched for what to escape, which takes longer than the rest."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class RpcFailure:
    """Stand in the place of a result: the node's error for one call of a batch."""

    code: int
    message: str
    """Made printable and short."""
    data: str = ""
    """0x-hex of revert data, where the node gave any."""


Result = Json | RpcFailure
"""A result as parsed (None is JSON's null: `not found` for receipts and blocks), or the node's error."""


def written(first_id: int, calls: Sequence[Request]) -> bytes:
    """Return the body of one request: a batch, or a single object for one call. Ids count from `first_id`."""
    items = [
        f'{{"jsonrpc":"2.0","id":{number},"method":{_text(method)},"params":{_text(params)}}}'
        for number, (method, params) in enumerate(calls, first_id)
    ]
    return (f"[{','.join(items)}]" if len(items) > 1 else items[0]).encode()


def read(body: bytes, first_id: int, count: int) -> list[Result] | RpcFailure:
    """Return the results in the order asked, or the one error a server gave for the batch as a whole.

    Raises `MalformedError` for anything else than what was asked, `TransientError` when the node
    limits requests or lacks the block.
    """
    answer = parse(body)
    if type(answer) is dict:
        if count > 1:
            return _refusal(answer)
        # A server that could not read the request knows no id.
        answer = [answer if answer.get("id") is not None else {**answer, "id": first_id}]
    if type(answer) is not list or len(answer) != count:
        raise _wrong("not as many answers as calls")
    found: dict[int, Result] = {}
    for item in answer:
        if type(item) is not dict or type(item.get("id")) is not int:
            raise _wrong("an answer without its id")
        found[item["id"]] = _result(item)
    if sorted(found) != list(range(first_id, first_id + count)):
        raise _wrong("ids that were not asked for")
    return [found[number] for number in range(first_id, first_id + count)]


def parse(body: bytes) -> Json:
    """Return the parsed JSON; floats stay text. Raises `MalformedError`."""
    _check_depth(body)
    try:
        return _DECODER.decode(body.decode())
    except (ValueError, RecursionError) as error:
        raise _wrong(f"not JSON: {body[:24].decode('ascii', 'replace')}") from error


def quantity(value: Json, what: str, bits: int = 256) -> int:
    """Return an integer written as 0x-hex. Raises `MalformedError` naming `what`."""
    if type(value) is not str or not _QUANTITY.match(value):
        raise _wrong(f"{what} is no quantity")
    number = int(value, 16)
    if number >> bits:
        raise _wrong(f"{what} does not fit {bits} bits")
    return number


def data(value: Json, what: str) -> bytes:
    """Return bytes written as 0x-hex. Raises `MalformedError` naming `what`."""
    if type(value) is not str or not value.startswith("0x"):
        raise _wrong(f"{what} is no data")
    try:
        # Twice as fast as a pattern on long answers; spaces, which fromhex would skip, change the length.
        found = bytes.fromhex(value[2:])
    except ValueError as error:
        raise _wrong(f"{what} is no data") from error
    if 2 * len(found) + 2 != len(value):
        raise _wrong(f"{what} is no data")
    return found


def _text(plain: Json) -> str:
    """Return JSON text."""
    if type(plain) is Hex:
        return f'"{plain}"'
    if type(plain) is dict:
        return "{" + ",".join([f"{_text(name)}:{_text(value)}" for name, value in plain.items()]) + "}"
    if isinstance(plain, list | tuple):
        return "[" + ",".join(map(_text, plain)) + "]"
    return json.dumps(plain)


def _result(item: dict[str, Json]) -> Result:
    error = item.get("error")
    if error is None:
        if "result" not in item:
            raise _wrong("an answer without result or error")
        return item["result"]
    if item.get("result") is not None:
        raise _wrong("an answer with result and error")
    return _failure(error)


def _refusal(item: dict[str, Json]) -> RpcFailure:
    if item.get("error") is None or item.get("result") is not None:
        raise _wrong("one answer to many calls")
    return _failure(item["error"])


def _failure(error: Json) -> RpcFailure:
    if type(error) is not dict or type(error.get("code")) is not int:
        raise _wrong("an error without code")
    code, message, extra = error["code"], error.get("message"), error.get("data")
    text = safe_text(message) if type(message) is str else ""
    if code in _LIMITED:
        raise TransientError("rate_limited", f"the endpoint limits requests: {text}")
    if code in _NOT_FOUND and type(message) is str and _BEHIND.search(message[:256]):
        raise TransientError("behind", f"the endpoint lacks the block: {text}")
    revert = extra if type(extra) is str and len(extra) < 10_000 and _DATA.match(extra) else ""
    return RpcFailure(code, text, revert)


def _check_depth(body: bytes) -> None:
    # Finding brackets is all that ordinary answers pay for; only many of them are followed one by one.
    if found_within(MAX_DEPTH, body, b"[", b"{"):
        return
    if body.count(b"[") + body.count(b"{") > MAX_BRACKETS:
        raise _wrong(f"more than {MAX_BRACKETS} brackets")
    depth = 0
    for bracket in _BRACKET.findall(_STRING.sub(b"", body)):
        depth += 1 if bracket in b"[{" else -1
        if depth > MAX_DEPTH:
            raise _wrong(f"nested deeper than {MAX_DEPTH}")


def _bounded_int(text: str) -> int:
    if len(text) > MAX_DIGITS:
        raise ValueError("an integer of too many digits")
    return int(text)


def _refused_constant(name: str) -> Json:
    raise ValueError(f"{name} is not a number")


_DECODER = json.JSONDecoder(parse_int=_bounded_int, parse_float=str, parse_constant=_refused_constant)


def _wrong(what: str) -> MalformedError:
    return MalformedError("rpc_answer", f"malformed answer: {safe_text(what)}")
