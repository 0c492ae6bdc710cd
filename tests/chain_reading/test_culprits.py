"""What fails is narrowed down until the culprit stands alone, and nobody else suffers."""

from __future__ import annotations

from typing import Any

from mammon.core.types import Call, CallFailed, Read
from mammon.errors import (
    MalformedError,
)
from tests.chain_reading.bench import Bench, failing_calls, only_unread, reads_of, views
from tests.chain_reading.node import (
    Chain,
    Node,
    View,
    address,
    ask,
    word,
)


def test_a_gas_burner_is_found_and_harms_nobody() -> None:
    """A view that burns all gas starves those behind it; each of them is asked for again (63/64 rule)."""
    chain = Chain()
    calls = views(chain, 40)
    chain.views[calls[36].target, calls[36].data] = View(burns=True)
    chain.views[calls[38].target, calls[38].data] = View(word(39), gas=900_000)
    found = Bench(Node(chain)).read(reads_of(calls))
    only_unread(found, "read36")
    assert (found.values["read36"].code, found.requests) == ("reverted", 2)


def test_a_gas_burner_that_leaves_nothing_is_found_by_halving() -> None:
    """With too little left even to return, the whole aggregate fails; halves tell who it was."""
    chain = Chain()
    calls = views(chain, 40)
    for call in calls:
        chain.views[call.target, call.data] = View(chain.views[call.target, call.data].returns, gas=100_000)
    chain.views[calls[17].target, calls[17].data] = View(burns=True)
    found = Bench(Node(chain)).read(reads_of(calls))
    only_unread(found, "read17")
    assert found.requests <= 12


def test_answers_given_with_little_gas_are_not_believed() -> None:
    """A view that answers otherwise when short of gas is asked again with all of it."""
    chain = Chain()
    burner, victim = views(chain, 2)
    chain.views[burner.target, burner.data] = View(burns=True)

    class Starved(Chain):
        def aggregate(self, payload: bytes, number: int) -> bytes | None:
            alone = burner.target[2:].lower() not in payload.hex()
            self.views[victim.target, victim.data] = View(word(2 if alone else 0))
            return super().aggregate(payload, number)

    starved = Starved(chain.views)
    found = Bench(Node(starved)).read({"burner": ask(burner), "read1": ask(victim)})
    only_unread(found, "burner")


def test_a_dead_view_costs_one_more_request_once() -> None:
    """A silent failure is asked for alone; known to fail alone, it costs nothing in later reads."""
    chain = Chain()
    calls = views(chain, 10)
    del chain.views[calls[3].target, calls[3].data]
    bench = Bench(Node(chain))
    first, second = bench.read(reads_of(calls)), bench.read(reads_of(calls))
    only_unread(first, "read3")
    only_unread(second, "read3")
    assert first.values["read3"].code == "reverted"
    assert (first.requests, second.requests) == (2, 1)


def test_an_absent_optional_view_costs_nothing() -> None:
    """Versions differ in what they offer: an optional view that is missing is no reason to ask again."""
    chain = Chain()
    (good,) = views(chain, 1)
    missing = [Call(address(50 + index), b"view", optional=True) for index in range(5)]
    found = Bench(Node(chain)).read({"a": ask(good, *missing)})
    assert found.values["a"][1:] == (CallFailed("reverted", "without a reason"),) * 5
    assert found.requests == 1


def test_many_dead_views_are_asked_in_portions() -> None:
    """However many fail, each is judged by itself, thirty-two to a request."""
    chain = Chain()
    calls = views(chain, 70)
    for call in calls[:40]:
        del chain.views[call.target, call.data]
    found = Bench(Node(chain)).read(reads_of(calls))
    only_unread(found, *[f"read{index}" for index in range(40)])
    assert found.requests == 3


def test_an_aggregate_that_fails_is_halved_until_the_culprit_is_alone() -> None:
    """A view that kills the whole call is found by halving; everybody else is read."""
    chain = Chain()
    calls = views(chain, 50)
    chain.views[calls[33].target, calls[33].data] = View(word(0), gas=10)
    node = Node(chain)
    poison = calls[33].target[2:].lower()

    def killed(call: dict[str, Any]) -> bool:
        return call["method"] == "eth_call" and poison in call["params"][0]["data"]

    failing_calls(node, killed, {"code": -32015, "message": "VM execution error"})
    found = Bench(node).read(reads_of(calls))
    only_unread(found, "read33")
    assert found.values["read33"].code == "aggregate"
    assert "VM execution error" in found.values["read33"].reason
    assert max(node.sizes[1:]) == 25
    assert found.requests <= 16


def test_a_megabyte_of_return_data_is_found_by_its_size() -> None:
    """An answer past the cap is asked for in halves; the one that is too large stands alone."""
    chain = Chain()
    calls = views(chain, 20)
    chain.views[calls[5].target, calls[5].data] = View(bytes(100_000))
    found = Bench(Node(chain, byte_cap=50_000)).read(reads_of(calls))
    only_unread(found, "read5")
    assert found.values["read5"].code == "aggregate"


def test_garbage_data_is_its_readers_trouble() -> None:
    """Return data that makes no sense is handed to the read that asked, which refuses it alone."""
    chain = Chain()
    calls = views(chain, 3)
    chain.views[calls[1].target, calls[1].data] = View(b"\xff" * 33)

    def strict(call: Call) -> Read[Any]:
        (data,) = yield [call]
        if len(data) != 32:  # type: ignore[arg-type]
            raise MalformedError("abi", "33 bytes")
        return (data,)

    found = Bench(Node(chain)).read({f"read{index}": strict(call) for index, call in enumerate(calls)})
    only_unread(found, "read1")


def test_a_call_that_fails_at_the_node_can_be_optional() -> None:
    """The culprit of a failed aggregate stands as `CallFailed` where it is optional."""
    chain = Chain()
    (good,) = views(chain, 1)
    chain.add(9, b"view", View(bytes(100_000)))
    large = Call(address(9), b"view", optional=True)
    found = Bench(Node(chain, byte_cap=50_000)).read({"a": ask(good, large)})
    assert found.values["a"] == (word(1), CallFailed("aggregate", "the answer is too long"))


def test_a_node_that_fails_every_call_is_not_asked_for_each() -> None:
    """When Multicall3 alone fails too, halving cannot help: the failure is the node's, told once."""
    chain = Chain()
    calls = views(chain, 100)
    node = Node(chain)
    failing_calls(node, lambda call: call["method"] == "eth_call", {"code": -32603, "message": "internal"})
    found = Bench(node).read(reads_of(calls))
    assert {value.code for value in found.values.values()} == {"multicall"}
    assert found.requests == 4


def test_halving_gives_up_when_nearly_everything_fails() -> None:
    """Requests are bounded: past 64 failing groups nobody is blamed by name."""
    chain = Chain()
    calls = views(chain, 200)
    node = Node(chain)
    failing_calls(node, lambda call: _views_in(call) > 0, {"code": -32015, "message": "VM execution error"})
    found = Bench(node).read(reads_of(calls))
    assert {value.code for value in found.values.values()} == {"aggregate"}
    assert found.requests < 140


def _views_in(call: dict[str, Any]) -> int:
    return call["method"] == "eth_call" and int(call["params"][0]["data"][74:138], 16) - 4
