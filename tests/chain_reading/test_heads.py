"""The head is believed when everything that speaks of it agrees, and its age is a fact."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mammon.chain import head
from mammon.core.types import Unread
from mammon.errors import (
    DeadlinePassedError,
    MalformedError,
    OutsideError,
    TransientError,
)
from tests.chain_reading.bench import Bench, failing_calls, only_unread, reads_of, views
from tests.chain_reading.node import (
    CHAIN_ID,
    HEIGHT,
    MULTICALL,
    TIP,
    Chain,
    Node,
    View,
    ask,
    block_hash,
    rounds,
    word,
)


@pytest.mark.parametrize(
    ("method", "number"),
    [("eth_getBlockByNumber", HEIGHT - 3), ("eth_call", HEIGHT - 3), ("eth_feeHistory", HEIGHT)],
)
def test_replicas_at_different_heights_are_asked_again_pinned(method: str, number: int) -> None:
    """Answers of different blocks are never mixed: all is asked again at the lower one (A2 19)."""
    (call,) = views(chain := Chain(), 1)
    node = Node(chain, lag={method: 3})

    def watch(_: Any) -> None:
        node.lag = {} if len(node.asked) == 2 else node.lag

    node.fault = watch
    found = Bench(node).read({"read0": ask(call)})
    only_unread(found)
    assert (found.block.number, found.requests, found.tip) == (number, 2, TIP + 2)


def test_an_endpoint_that_never_agrees_with_itself_is_left() -> None:
    """Header and aggregate of two different blocks even when pinned: the next endpoint is asked."""
    (call,) = views(chain := Chain(), 1)

    def edit(items: list[dict[str, Any]]) -> Any:
        for item in items:
            if isinstance(item.get("result"), dict) and "parentHash" in item["result"]:
                item["result"]["parentHash"] = block_hash(5, "x")
        return items

    found = Bench(Node(chain, "split", edit=edit), Node(chain, "whole")).read({"read0": ask(call)})
    only_unread(found)
    with pytest.raises(OutsideError) as caught:
        Bench(Node(chain, edit=edit)).read({"read0": ask(call)})
    assert caught.value.code == "inconsistent"


def test_a_fee_history_of_another_block_is_unread_in_the_end() -> None:
    """Markets are read though the fee history stays behind; fees are not guessed."""
    (call,) = views(chain := Chain(), 1)

    def edit(items: list[dict[str, Any]]) -> Any:
        for item in items:
            if isinstance(item.get("result"), dict) and "oldestBlock" in item["result"]:
                item["result"]["oldestBlock"] = "0x1"
        return items

    found = Bench(Node(chain, edit=edit)).read({"read0": ask(call)})
    only_unread(found)
    assert isinstance(found.next_base_fee, Unread)
    assert found.tip == Unread("fees", "fee_history", "of another block")


@pytest.mark.parametrize(
    "history",
    [
        None,
        [],
        {"oldestBlock": "0x1"},
        {"oldestBlock": "0x1", "baseFeePerGas": ["0x1"], "reward": []},
        {"oldestBlock": "0x1", "baseFeePerGas": ["0x1", "0x2"], "reward": [[]]},
        {"oldestBlock": "0x1", "baseFeePerGas": ["0x1", "0x2"], "reward": ["0x1"]},
        {"oldestBlock": "0x1", "baseFeePerGas": ["0x1", "0x2"], "reward": [["0x1"], ["0x1"]]},
        {"oldestBlock": "0x1", "baseFeePerGas": ["0x1", "0x" + "f" * 33], "reward": [["0x1"]]},
        "error",
    ],
)
def test_a_fee_history_that_makes_no_sense_is_unread(history: Any) -> None:
    """Fees that cannot be read are `Unread`; everything else is read, in the same request."""
    (call,) = views(chain := Chain(), 1)

    def edit(items: list[dict[str, Any]]) -> Any:
        error = {"id": items[1]["id"], "error": {"code": -32601, "message": "no such method"}}
        items[1] = error if history == "error" else {**items[1], "result": history}
        return items

    found = Bench(Node(chain, edit=edit)).read({"read0": ask(call)})
    only_unread(found)
    assert isinstance(found.tip, Unread)
    assert (found.tip.subject, found.tip.code, found.requests) == ("fees", "fee_history", 1)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (None, None),
        ("number", "1000"),
        ("number", "0x8000000000000000"),
        ("hash", "0x12"),
        ("hash", 7),
        ("parentHash", "0x" + "z" * 64),
        ("timestamp", None),
        ("baseFeePerGas", None),
    ],
)
def test_a_header_that_makes_no_sense_is_refused(field: str | None, value: Any) -> None:
    """No header, no round: null and wrong fields are typed errors, and another endpoint is asked first."""
    chain = Chain()

    def edit(items: list[dict[str, Any]]) -> Any:
        items[0]["result"] = {**items[0]["result"], field: value} if field else None
        return items

    with pytest.raises(MalformedError):
        Bench(Node(chain, edit=edit)).read({})
    assert Bench(Node(chain, edit=edit), Node(chain)).read({}).block.number == HEIGHT


def test_a_chain_that_changes_behind_a_balancer_is_noticed() -> None:
    """Every aggregate says its chain: a replica of another one is refused in the round it appears (A2 17)."""
    chain = Chain()
    (call, later) = views(chain, 2)
    bench = Bench(Node(chain))
    bench.read({"read0": ask(call)})
    chain.chain_id = 1
    with pytest.raises(OutsideError) as caught:
        bench.read({"read0": ask(call)})
    assert caught.value.code == "wrong_chain"
    chain.chain_id = CHAIN_ID
    node = bench.nodes[0]

    def switch(calls: list[dict[str, Any]]) -> None:
        chain.chain_id = 1 if len(calls) == 1 else CHAIN_ID

    node.fault = switch
    found = bench.read({"a": rounds([call], [later])})
    assert found.values["a"].code == "wrong_chain"


def test_a_wrong_multicall_address_is_told() -> None:
    """When nothing at Multicall3's address answers, the reader says so, whatever it was asked."""
    chain = Chain()
    node = Node(chain)
    failing_calls(
        node, lambda call: call["method"] == "eth_call", {"code": 3, "message": "execution reverted"}
    )
    with pytest.raises(OutsideError, match="Multicall3 cannot be called"):
        Bench(node).read({})
    empty = "0x" + word(32).hex() + word(0).hex()
    for junk, code in (("0x", "multicall"), (empty, "multicall"), ("0x12", "abi"), (None, "rpc_answer")):

        def edit(items: list[dict[str, Any]], junk: Any = junk) -> Any:
            items[2]["result"] = junk
            return items

        with pytest.raises(MalformedError) as caught:
            Bench(Node(chain, edit=edit)).read({})
        assert caught.value.code == code


def test_a_prelude_that_does_not_answer_is_refused() -> None:
    """An aggregate that cannot say which block it ran in proves nothing."""
    chain = Chain()

    class Mute(Chain):
        def _view(self, target: Any, data: bytes, number: int) -> View:
            return View(b"") if target == MULTICALL else super()._view(target, data, number)

    with pytest.raises(MalformedError, match="does not tell its block"):
        Bench(Node(Mute(chain.views))).read({})


def test_a_stale_endpoint_is_left_for_a_fresh_one() -> None:
    """A head older than 30 s is refused while any endpoint has a fresh one, and remembered (A2 18)."""
    stale = Node(Chain(height=HEIGHT - 20), "stale")
    bench = Bench(stale, Node(Chain(), "fresh"))
    for _ in range(2):
        found = bench.read({})
        assert (found.block.number, found.age_s) == (HEIGHT, 1)
    assert len(stale.asked) == 1


def test_a_stalled_chain_is_reported_not_hidden() -> None:
    """When every head is stale the newest of them is the round's, with its age as a fact."""
    bench = Bench(Node(Chain(height=HEIGHT - 200), "older"), Node(Chain(height=HEIGHT - 100), "newer"))
    found = bench.read({})
    assert (found.block.number, found.age_s, found.requests) == (HEIGHT - 100, 201, 2)


def test_a_head_from_the_future_is_no_head() -> None:
    """A block dated ahead of the machine's clock is left for another endpoint's, or is an error."""
    ahead = Chain(height=HEIGHT + (head.AHEAD_S + 2) // 2)
    assert Bench(Node(ahead, "ahead"), Node(Chain(), "fresh")).read({}).block.number == HEIGHT
    with pytest.raises(OutsideError) as caught:
        Bench(Node(ahead)).read({})
    assert caught.value.code == "future_head"
    hardly = Chain(height=HEIGHT + head.AHEAD_S // 2)
    assert Bench(Node(hardly)).read({}).block.number == hardly.height


def test_how_old_is_stale_can_be_configured() -> None:
    """The bound is a setting; at the bound a head is fresh."""
    behind = Node(Chain(height=HEIGHT - 20), "behind")
    for max_age_s, requests in ((41, 1), (40, 2)):
        bench = Bench(behind, Node(Chain(), "fresh"), max_age_s=max_age_s)
        assert bench.read({}).requests == requests


def test_a_read_after_a_write_is_at_its_block_or_later() -> None:
    """A replica that has not reached the receipt's block is passed over, waited for, or an error (F17)."""
    chain = Chain()
    behind = Chain(height=HEIGHT - 1)
    assert Bench(Node(behind), Node(chain)).read({}, at_least=HEIGHT).block.number == HEIGHT
    with pytest.raises(TransientError) as caught:
        Bench(Node(behind)).read({}, at_least=HEIGHT)
    assert caught.value.code == "behind"
    node = Node(behind)

    def watch(_: Any) -> None:
        behind.height += 1 if len(node.asked) == 2 else 0

    node.fault = watch
    assert Bench(node).read({}, at_least=HEIGHT).block.number == HEIGHT


def test_endpoints_without_batches_are_read_call_by_call() -> None:
    """Without batches a read takes one request for each of header, fee history and aggregate."""
    (call,) = views(chain := Chain(), 1)
    bench = Bench(Node(chain, batches=False))
    bench.read({"read0": ask(call)})
    found = bench.read({"read0": ask(call)})
    only_unread(found)
    assert found.requests == 3


@pytest.mark.parametrize("dead", [1, 3])
def test_dead_endpoints_do_not_slow_a_read_once_known(dead: int) -> None:
    """With endpoints dead, or at their limit, a later read is one request to a live one (P17)."""
    (call,) = views(chain := Chain(), 1)

    def refuse(_: Any) -> bytes:
        raise TransientError("rate_limited", "429", retry_after_s=60.0)

    nodes = [Node(chain, f"dead{index}", fault=refuse) for index in range(dead)]
    bench = Bench(*nodes, *[Node(chain, f"live{index}") for index in range(4 - dead)])
    assert bench.read({"read0": ask(call)}).requests == 1 + dead
    assert bench.read({"read0": ask(call)}).requests == 1
    assert bench.clock.pauses == []


def test_an_endless_answer_from_one_endpoint_is_anothers_turn() -> None:
    """An endpoint whose every answer is too large is told from a view whose answer is."""
    (call,) = views(chain := Chain(), 1)

    def endless(_: Any) -> bytes:
        raise OutsideError("too_large", "longer than 5000000 bytes")

    found = Bench(Node(chain, "endless", fault=endless), Node(chain)).read({"read0": ask(call)})
    only_unread(found)
    with pytest.raises(OutsideError) as caught:
        Bench(Node(chain, fault=endless)).read({"read0": ask(call)})
    assert caught.value.code == "too_large"


def test_nothing_at_all_is_an_error_and_no_round() -> None:
    """Without any head there is nothing to say, and the reader says nothing: it raises."""

    def silent(_: Any) -> bytes:
        bench.clock.time += 60
        raise DeadlinePassedError("deadline", "no answer")

    bench = Bench(Node(Chain(), fault=silent))
    with pytest.raises(DeadlinePassedError):
        bench.read({})


def test_a_reorganised_block_is_not_mixed_with_the_old_one() -> None:
    """When the pinned block is replaced between rounds, what is read of the new one is refused."""
    chain = Chain()
    first, second = views(chain, 2)
    node = Node(chain)

    def watch(calls: list[dict[str, Any]]) -> None:
        chain.salt = "r" if len(calls) == 1 else ""

    node.fault = watch
    found = Bench(node).read({"a": rounds([first], [second]), "read0": ask(first)})
    only_unread(found, "a")
    assert found.values["a"].code == "inconsistent"


def test_the_answer_does_not_depend_on_order() -> None:
    """A batch answered backwards reads the same."""
    chain = Chain()
    calls = views(chain, 5)
    found = Bench(Node(chain, edit=lambda items: items[::-1])).read(reads_of(calls))
    only_unread(found)
    assert json.dumps(found.requests) == "1"
