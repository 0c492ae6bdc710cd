"""One batch, one answer: chain ids, ids, batches and what an endpoint may refuse."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mammon.chain.jsonrpc import RpcFailure
from mammon.errors import DeadlinePassedError, MalformedError, OutsideError, TransientError
from mammon.net.deadline import Deadline
from tests.chain_reading.endpoints import HEIGHT_CALL, TWO, Bad, ask, make, refused
from tests.chain_reading.node import HEIGHT, Chain, Clock, Node


def test_the_chain_is_verified_in_the_first_batch() -> None:
    """The first use of an endpoint carries `eth_chainId` along: one request, and none later."""
    clock, node = Clock(), Node(Chain())
    rpc = make(node, clock=clock)
    assert ask(rpc, clock) == [hex(HEIGHT)]
    assert ask(rpc, clock) == [hex(HEIGHT)]
    assert node.asked == [["eth_blockNumber", "eth_chainId"], ["eth_blockNumber"]]
    assert rpc.requests == 2


def test_no_calls_ask_nobody() -> None:
    """An empty batch is answered by nobody."""
    clock, node = Clock(), Node(Chain())
    assert make(node, clock=clock).batch([], Deadline(1, clock.monotonic)) == []
    assert node.asked == []


def test_an_rpc_needs_an_endpoint() -> None:
    """No endpoint at all is a mistake of the wiring."""
    with pytest.raises(ValueError):
        make(clock=Clock())


def test_an_endpoint_of_another_chain_is_never_used() -> None:
    """A wrong chain id opens the circuit at once and the next endpoint answers (safety, row 17)."""
    clock = Clock()
    other, right = Node(Chain(chain_id=1), "other"), Node(Chain(), "right")
    rpc = make(other, right, clock=clock)
    for _ in range(3):
        assert ask(rpc, clock) == [hex(HEIGHT)]
    assert (len(other.asked), len(right.asked)) == (1, 3)
    with pytest.raises(OutsideError) as caught:
        ask(make(other, clock=clock), clock)
    assert caught.value.code == "wrong_chain"
    assert "serves chain 1, not 8453" in caught.value.message


def test_an_endpoint_that_hides_its_chain_is_not_used() -> None:
    """An error in place of the chain id is not taken for the right chain."""
    clock = Clock()
    node = Node(
        Chain(),
        edit=lambda items: [*items[:-1], {"id": items[-1]["id"], "error": {"code": 1, "message": ""}}],
    )
    with pytest.raises(OutsideError, match="does not tell its chain"):
        ask(make(node, clock=clock), clock)


def test_a_changed_chain_is_verified_again() -> None:
    """When a caller finds another chain behind an endpoint, its next use asks for the id again."""
    clock, node = Clock(), Node(Chain())
    rpc = make(node, clock=clock)
    ask(rpc, clock)

    def accept(_: list[Any]) -> None:
        raise OutsideError("wrong_chain", "changed")

    with pytest.raises(OutsideError):
        ask(rpc, clock, accept=accept)
    ask(rpc, clock)
    assert node.asked[-1] == ["eth_blockNumber", "eth_chainId"]


def test_endpoints_without_batches_are_asked_one_by_one_and_remembered() -> None:
    """A refused batch is repeated as single requests; the next one begins with them."""
    clock, node = Clock(), Node(Chain(), batches=False)
    rpc = make(node, clock=clock)
    for _ in range(2):
        assert ask(rpc, clock, calls=TWO)[0] == hex(HEIGHT)
    assert [len(methods) for methods in node.asked] == [3, 1, 1, 1, 1, 1]
    assert rpc.requests == 6


@pytest.mark.parametrize("code", ["http_400", "http_413", "http_501"])
def test_a_batch_refused_by_status_is_repeated_too(code: str) -> None:
    """Some endpoints refuse batches with a status instead of an error object."""
    clock, node = Clock(), Node(Chain())

    def fault(calls: list[Any]) -> bytes | None:
        if len(calls) > 1:
            raise OutsideError(code, "refused")
        return None

    node.fault = fault
    rpc = make(node, clock=clock)
    assert ask(rpc, clock, calls=TWO)[0] == hex(HEIGHT)
    assert rpc.endpoints[0].batches is False


def test_an_endpoint_that_took_batches_is_not_degraded() -> None:
    """Once batches worked, a refused one is a failure of the endpoint, not the end of batches."""
    clock, node = Clock(), Node(Chain())
    rpc = make(node, clock=clock, attempts=1)
    ask(rpc, clock)
    node.batches = False
    with pytest.raises(OutsideError, match="refused the batch"):
        ask(rpc, clock, calls=TWO)
    node.batches = True

    def fault(calls: list[Any]) -> bytes | None:
        if len(calls) > 1:
            raise OutsideError("http_400", "refused")
        return None

    node.fault = fault
    with pytest.raises(OutsideError, match="refused"):
        ask(rpc, clock, calls=TWO)
    assert rpc.endpoints[0].batches is True


def test_a_refused_single_call_is_an_outcome() -> None:
    """The node's error for one call is returned, not raised: in a batch, and alone."""
    clock, node = Clock(), Node(Chain())

    def edit(items: list[dict[str, Any]]) -> Any:
        changed = [
            {**item, "result": None, "error": {"code": 3, "message": "reverted"}} for item in items[:1]
        ]
        return [*changed, *items[1:]] if len(items) > 1 else changed[0]

    rpc = make(node, clock=clock)
    ask(rpc, clock)
    node.edit = edit
    assert ask(rpc, clock) == [RpcFailure(3, "reverted")]
    assert ask(rpc, clock, calls=[HEIGHT_CALL, HEIGHT_CALL]) == [RpcFailure(3, "reverted"), hex(HEIGHT)]


@pytest.mark.parametrize(
    "reply",
    [
        b"<html>captive portal</html>",
        b'[{"jsonrpc":"2.0","id":1,"resu',
        json.dumps([{"id": 999, "result": "0x1"}, {"id": 998, "result": "0x1"}]).encode(),
        json.dumps([{"id": 1, "result": "0x1"}]).encode(),
        b"[" * 1_000_000,
    ],
    ids=["html", "truncated", "wrong ids", "missing id", "deep"],
)
def test_garbage_from_one_endpoint_is_another_ones_turn(reply: bytes) -> None:
    """An answer that is not one is a failure of that endpoint; alone, it is a typed error."""
    clock = Clock()
    rpc = make(Node(Chain(), fault=lambda _: reply), Node(Chain()), clock=clock)
    assert ask(rpc, clock) == [hex(HEIGHT)]
    with pytest.raises(MalformedError):
        ask(make(Node(Chain(), fault=lambda _: reply), clock=clock), clock)


def test_an_answer_the_caller_refuses_is_another_endpoints_turn() -> None:
    """The caller may judge the results; a refused endpoint is passed over from then on."""
    clock = Clock()
    low, high = Node(Chain(height=10), "low"), Node(Chain(height=20), "high")
    rpc = make(low, high, clock=clock)

    def accept(results: list[Any]) -> None:
        if int(results[0], 16) < 15:
            raise OutsideError("behind", "too low")

    for _ in range(2):
        assert ask(rpc, clock, accept=accept) == ["0x14"]
    assert (len(low.asked), len(high.asked)) == (1, 2)


def test_an_answer_too_large_is_another_endpoints_turn_unless_it_can_be_split() -> None:
    """Size is the endpoint's fault, unless the caller says that it may be its own."""
    clock = Clock()
    rpc = make(Bad(clock, OutsideError("too_large", "5 MB")), Node(Chain()), clock=clock)
    assert ask(rpc, clock) == [hex(HEIGHT)]
    rpc = make(Bad(clock, OutsideError("too_large", "5 MB")), Node(Chain()), clock=clock)
    with pytest.raises(OutsideError, match="5 MB"):
        ask(rpc, clock, splittable=True)
    assert rpc.endpoints[0].failures == 0


def test_each_endpoint_can_be_asked_for_itself() -> None:
    """What needs several witnesses asks all of them, once each; one that fails says why."""
    clock = Clock()
    rpc = make(Node(Chain(), "a"), Bad(clock, refused(), name="b"), Node(Chain(height=7), "c"), clock=clock)
    found = rpc.each([HEIGHT_CALL], Deadline(4, clock.monotonic))
    assert (found["a"], found["c"]) == ([hex(HEIGHT)], ["0x7"])
    assert isinstance(found["b"], TransientError)
    late = rpc.each([HEIGHT_CALL], Deadline(0, clock.monotonic))
    assert all(isinstance(outcome, DeadlinePassedError) for outcome in late.values())
    assert [endpoint.failures for endpoint in rpc.endpoints] == [0, 1, 0]


def test_ids_are_never_used_twice() -> None:
    """An answer that belongs to an earlier request cannot be taken for this one's."""
    clock, node = Clock(), Node(Chain())
    rpc = make(node, clock=clock)
    ask(rpc, clock, calls=TWO)
    kept: list[bytes] = []
    seen: list[int] = []

    def fault(calls: list[Any]) -> bytes | None:
        seen.extend(call["id"] for call in calls)
        if kept:
            return kept[0]
        kept.append(json.dumps([{"id": call["id"], "result": "0x1"} for call in calls]).encode())
        return kept[0]

    node.fault = fault
    assert ask(rpc, clock, calls=TWO) == ["0x1", "0x1"]
    with pytest.raises(MalformedError, match="not asked for"):
        ask(rpc, clock, calls=TWO)
    assert len(seen) == len(set(seen))
