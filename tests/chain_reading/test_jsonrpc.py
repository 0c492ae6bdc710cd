"""JSON-RPC answers are taken strictly: what was asked, in bounds, or a typed error."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mammon.chain import jsonrpc
from mammon.chain.jsonrpc import RpcFailure
from mammon.errors import MalformedError, MammonError, TransientError


def body(*items: Any) -> bytes:
    return json.dumps(list(items)).encode()


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.lists(st.tuples(st.text(max_size=10), st.lists(PLAIN, max_size=3)), min_size=1, max_size=3))
def test_a_request_is_what_json_says_it_is(calls: list[tuple[str, list[Any]]]) -> None:
    """The text is written by hand, for speed, and is byte for byte what the library writes."""
    items = [
        {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
        for number, (method, params) in enumerate(calls, 5)
    ]
    plain = json.dumps(items if len(items) > 1 else items[0], separators=(",", ":"))
    assert jsonrpc.written(5, calls) == plain.encode()


def test_hexadecimal_digits_are_written_as_they_stand() -> None:
    """They need no escape, so nobody looks for one."""
    text = "0x" + bytes(range(256)).hex()
    assert jsonrpc.written(1, [("a", (jsonrpc.Hex(text),))]) == jsonrpc.written(1, [("a", (text,))])


def item(number: Any, **fields: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": number, **fields}


def refused(data: bytes, count: int = 1) -> str:
    with pytest.raises(MalformedError) as caught:
        jsonrpc.read(data, 1, count)
    assert caught.value.code == "rpc_answer"
    return caught.value.message


def test_one_call_is_an_object_and_many_are_a_batch() -> None:
    """A single call is sent plain, for endpoints without batches; ids count upwards."""
    assert json.loads(jsonrpc.written(7, [("a", (1,))])) == item(7, method="a", params=[1])
    both = json.loads(jsonrpc.written(7, [("a", ()), ("b", ({"to": "0x"}, "latest"))]))
    assert both == [item(7, method="a", params=[]), item(8, method="b", params=[{"to": "0x"}, "latest"])]


@given(st.permutations(range(5)))
def test_order_does_not_matter(order: list[int]) -> None:
    """A server may answer a batch in any order."""
    answers = [item(1 + index, result=f"r{index}") for index in order]
    assert jsonrpc.read(body(*answers), 1, 5) == ["r0", "r1", "r2", "r3", "r4"]


@pytest.mark.parametrize(
    "items",
    [
        [item(1, result="a")],
        [item(1, result="a"), item(2, result="b"), item(3, result="c")],
        [item(1, result="a"), item(1, result="b")],
        [item(1, result="a"), item(3, result="b")],
        [item(1, result="a"), item("2", result="b")],
        [item(1, result="a"), item(2.0, result="b")],
        [item(1, result="a"), item(True, result="b")],
        [item(1, result="a"), {"jsonrpc": "2.0", "result": "b"}],
        [item(1, result="a"), item(2)],
        [item(1, result="a"), item(2, result="b", error={"code": 1, "message": ""})],
        [item(1, result="a"), item(2, error="no")],
        [item(1, result="a"), item(2, error={"message": "no code"})],
        [item(1, result="a"), "b"],
        [],
    ],
)
def test_answers_that_are_not_what_was_asked_are_refused(items: list[Any]) -> None:
    """Missing, doubled, foreign and mistyped ids, and answers with both or neither outcome."""
    refused(body(*items), 2)


def test_null_is_a_result_and_an_error_is_an_outcome() -> None:
    """`null` means not found; an error is the outcome of one call, its text made printable."""
    answers = body(
        item(1, result=None),
        item(2, result=None, error={"code": 3, "message": "execution\x1b[2J reverted", "data": "0x08c379a0"}),
        item(3, error={"code": -32601, "message": None, "data": {"deep": 1}}),
    )
    assert jsonrpc.read(answers, 1, 3) == [
        None,
        RpcFailure(3, "execution\\x1b[2J reverted", "0x08c379a0"),
        RpcFailure(-32601, ""),
    ]


def test_a_single_call_takes_an_error_without_id() -> None:
    """A server that could not read the request knows no id, and refuses a batch with one object."""
    no_id = json.dumps({"jsonrpc": "2.0", "id": None, "error": {"code": -32700, "message": "parse"}}).encode()
    assert jsonrpc.read(no_id, 9, 1) == [RpcFailure(-32700, "parse")]
    assert jsonrpc.read(no_id, 9, 3) == RpcFailure(-32700, "parse")
    refused(json.dumps(item(1, result="one for all")).encode(), 2)
    refused(json.dumps(item(2, result="another's")).encode())


@pytest.mark.parametrize(
    ("error", "code"),
    [
        ({"code": -32005, "message": "limit exceeded"}, "rate_limited"),
        ({"code": -32016, "message": "over rate limit"}, "rate_limited"),
        ({"code": 429, "message": "slow down"}, "rate_limited"),
        ({"code": -32000, "message": "header not found"}, "behind"),
        ({"code": -32000, "message": "missing trie node 12ab"}, "behind"),
        ({"code": -32001, "message": "Unknown block"}, "behind"),
    ],
)
def test_limits_and_lagging_replicas_are_transient(error: dict[str, Any], code: str) -> None:
    """Another endpoint, or a moment, may help: in a batch, alone, and for the whole batch."""
    for data, count in (
        (body(item(1, result="a"), item(2, error=error)), 2),
        (json.dumps(item(1, error=error)).encode(), 1),
        (json.dumps(item(None, error=error)).encode(), 2),
    ):
        with pytest.raises(TransientError) as caught:
            jsonrpc.read(data, 1, count)
        assert caught.value.code == code


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<html><body>502 Bad Gateway</body></html>",
        b'[{"jsonrpc":"2.0","id":1,"result":"0x',
        b'{"id":1,"result":NaN}',
        b'{"id":1,"result":-Infinity}',
        b'{"id":1,"result":"\xff"}',
        b'{"id":1,"result":' + b"9" * 81 + b"}",
        b'{"id":1,"result":' + b"9" * 1_000_000 + b"}",
        b'{"id":1,"result":' + b"[" * 64 + b"]" * 64 + b"}",
        b'{"id":1,"result":' + b"[" * 1_000_000,
        b'{"id":1,"result":' + b'{"a":' * 100_000 + b"1" + b"}" * 100_000 + b"}",
        b'{"id":1,"result":[' + b"[]," * 200_000 + b"[]]}",
        b'{"id":1,"result":"' + b"[" * 70,
    ],
    ids=lambda data: data[:24].decode("ascii", "replace"),
)
def test_what_is_not_bounded_json_is_refused(data: bytes) -> None:
    """HTML, cut-off text, NaN, bad UTF-8, a million digits, deep nesting: one typed error."""
    assert len(refused(data)) < 120


def test_bounds_are_the_last_values_that_pass() -> None:
    """Depth 64 and 80 digits are taken; brackets inside text are text; floats stay text."""
    deep: Any = "end"
    for _ in range(63):
        deep = [deep]
    assert jsonrpc.read(json.dumps(item(1, result=deep)).encode(), 1, 1) == [deep]
    many = ["[{" * 100, '\\"[', [], {}] * 40
    assert jsonrpc.read(json.dumps(item(1, result=many)).encode(), 1, 1) == [many]
    digits = int("9" * 80)
    assert jsonrpc.read(json.dumps(item(1, result=digits)).encode(), 1, 1) == [digits]
    assert jsonrpc.read(b'{"id":1,"result":1e999}', 1, 1) == ["1e999"]


@given(
    st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=20) | st.binary()
)
def test_no_answer_escapes_the_types(junk: Any) -> None:
    """Whatever a server sends, the outcome is results or one of our errors."""
    data = junk if isinstance(junk, bytes) else json.dumps([junk, item(2, result=junk)]).encode()
    with contextlib.suppress(MammonError):
        jsonrpc.read(data, 1, 2)


@pytest.mark.parametrize("value", [None, 7, "7", "0x", "0xg", "0x 7", "0x_7", "-0x7", "0x" + "1" * 65, True])
def test_quantities_are_strict(value: Any) -> None:
    """A number is 0x and hexadecimal digits, at most 64 of them, and nothing Python would also take."""
    with pytest.raises(MalformedError, match="height"):
        jsonrpc.quantity(value, "height")


def test_quantities_fit_their_width() -> None:
    """A quantity wider than asked is refused, not cut."""
    assert jsonrpc.quantity("0x0f", "height", 4) == 15
    with pytest.raises(MalformedError):
        jsonrpc.quantity("0x10", "height", 4)


@pytest.mark.parametrize("value", [None, "ab", "0x1", "0xzz", "0x12 34", "0x 1", 12])
def test_data_is_strict(value: Any) -> None:
    """Data is 0x and whole bytes."""
    with pytest.raises(MalformedError):
        jsonrpc.data(value, "answer")


@given(st.binary(max_size=200))
def test_data_reads_back(value: bytes) -> None:
    """Every byte string has one spelling that is read."""
    assert jsonrpc.data("0x" + value.hex(), "answer") == value
