"""One block, as few requests as can be, and every failure kept to the read it belongs to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from mammon.core.types import Block, Call, CallFailed, Hash32, Read, Unread
from mammon.errors import (
    CallFailedError,
    MalformedError,
)
from tests.chain_reading.bench import Bench, only_unread, reads_of, views
from tests.chain_reading.node import (
    BASE_FEE,
    GENESIS_S,
    HEIGHT,
    TIP,
    Chain,
    Node,
    View,
    address,
    ask,
    block_hash,
    rounds,
    word,
)


def requests_of(bench: Bench) -> list[list[str]]:
    return [methods for node in bench.nodes for methods in node.asked]


def test_a_steady_read_is_exactly_one_request() -> None:
    """Header, fee history and all calls travel in one batch: one request, at one block (P5)."""
    chain = Chain()
    calls = views(chain, 50)
    bench = Bench(Node(chain))
    for _ in range(3):
        found = bench.read(reads_of(calls))
        assert found.requests == 1
        assert found.values == {f"read{index}": (word(index + 1),) for index in range(50)}
    assert len(requests_of(bench)) == 3


def test_a_round_says_which_block_it_is_of() -> None:
    """The block is the header's; next base fee and tip are the fee history's, the age the clock's."""
    found = Bench(Node(Chain())).read({})
    assert found.block == Block(
        HEIGHT,
        Hash32(block_hash(HEIGHT)),
        Hash32(block_hash(HEIGHT - 1)),
        GENESIS_S + 2 * HEIGHT,
        BASE_FEE,  # type: ignore[arg-type]
    )
    assert (found.next_base_fee, found.tip) == (BASE_FEE + 7, TIP + 2)
    assert (found.values, found.requests, found.age_s) == ({}, 1, 1)


def test_watched_contracts_are_asked_in_the_same_request() -> None:
    """What code they run comes with the reading; what was not told is left out, never zero (P5)."""
    proxy, silent = address(0xA1), address(0xA2)
    chain = Chain(slots={proxy: {"result": "0x" + "12" * 20}})
    calls, watched = views(chain, 3), [proxy, silent]
    bench = Bench(Node(chain), watched=lambda: watched)
    found = bench.read(reads_of(calls))
    assert found.requests == 1
    assert found.implementations == {proxy: "0x" + "00" * 12 + "12" * 20}
    assert found.values["read0"] == (word(1),)
    watched.clear()
    assert bench.read(reads_of(calls)).implementations == {}


def test_a_word_that_is_no_data_moves_on_to_the_next_endpoint() -> None:
    """An endpoint that answers nonsense to one question is not believed in the others."""
    broken, sound = (Chain(slots={address(1): {"result": told}}) for told in (7, "0x01"))
    bench = Bench(Node(broken), Node(sound, "other"), watched=lambda: [address(1)])
    assert bench.read({}).implementations == {address(1): "0x" + "00" * 31 + "01"}


def test_equal_calls_are_asked_once() -> None:
    """Reads that want the same view share one call, also with one another's rounds."""
    chain = Chain()
    same, other = views(chain, 2)
    bench = Bench(Node(chain))
    reads = {"a": ask(same, same), "b": ask(same), "c": rounds([other], [same])}
    found = bench.read(reads)
    assert found.values["a"] == (word(1), word(1))
    assert found.values["c"] == [(word(2),), (word(1),)]
    assert (bench.nodes[0].sizes, found.requests) == ([2], 1)


def test_later_rounds_are_pinned_to_the_block_of_the_first() -> None:
    """What a read asks next, it asks at the same block, though the chain has moved on."""
    chain = Chain()
    first, second = views(chain, 2)
    node = Node(chain)
    tags: list[str] = []

    def watch(calls: list[dict[str, Any]]) -> None:
        tags.extend(call["params"][1] for call in calls if call["method"] == "eth_call")
        chain.height += 5

    node.fault = watch
    found = Bench(node).read({"a": rounds([first], [second])})
    assert found.values["a"] == [(word(1),), (word(2),)]
    assert tags == ["latest", hex(HEIGHT + 5)]
    assert found.requests == 2


def test_a_read_may_ask_nothing() -> None:
    """A read without calls has its value at once; empty rounds cost no request."""
    (call,) = views(chain := Chain(), 1)
    found = Bench(Node(chain)).read({"none": rounds(), "empty": rounds([], [call], [])})
    assert found.values == {"none": [], "empty": [(), (word(1),), ()]}
    assert found.requests == 1


def failing(error: Exception) -> Read[Any]:
    yield ()
    raise error


def test_one_source_failing_leaves_the_others_whole() -> None:
    """An adapter's error is that read's `Unread`: the scan goes on (F4)."""
    (call,) = views(chain := Chain(), 1)

    def late() -> Read[Any]:
        yield [call]
        raise MalformedError("abi", "no\x1b[2J sense")

    found = Bench(Node(chain)).read(
        {
            "good": ask(call),
            "late": late(),
            "zero": failing(ZeroDivisionError("integer division or modulo by zero")),
            "value": failing(ValueError("negative")),
            "index": failing(IndexError("list index out of range")),
            "typed": failing(CallFailedError("reverted", "why")),
        }
    )
    assert found.values["good"] == (word(1),)
    assert found.values["late"] == Unread("late", "abi", "no\\x1b[2J sense")
    assert found.values["zero"] == Unread(
        "zero", "unusable", "ZeroDivisionError: integer division or modulo by zero"
    )
    assert found.values["value"].code == found.values["index"].code == "unusable"
    assert found.values["typed"] == Unread("typed", "reverted", "why")


def test_a_failed_call_is_raised_when_required_and_answered_when_optional() -> None:
    """A required call's failure is thrown into its read, an optional one's stands in its place."""
    chain = Chain()
    (good,) = views(chain, 1)
    reason = bytes.fromhex("08c379a0") + word(32) + word(6) + b"paused".ljust(32, b"\0")
    paused = chain.add(8, b"view", View(reverts=reason))
    optional = Call(paused.target, paused.data, optional=True)
    caught: list[CallFailedError] = []

    def copes() -> Read[Any]:
        try:
            yield [good, paused]
        except CallFailedError as error:
            caught.append(error)
        return (yield [good])

    found = Bench(Node(chain)).read({"a": ask(good, paused), "b": ask(good, optional), "c": copes()})
    assert found.values["a"].code == "reverted"
    assert found.values["b"] == (word(1), CallFailed("reverted", "paused"))
    assert found.values["c"] == [word(1)]
    assert caught[0].message == f"call 0x76696577 to {address(8)} failed: paused"
    assert found.requests == 1


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (bytes.fromhex("4e487b71") + word(0x11), "panic 0x11"),
        (bytes.fromhex("14c5f7b6"), "error 0x14c5f7b6"),
        (bytes.fromhex("08c379a0") + b"junk", "with a reason that cannot be read"),
        (bytes.fromhex("08c379a0") + word(32) + word(3) + b"\x1b[2".ljust(32, b"\0"), "\\x1b[2"),
    ],
)
def test_revert_reasons_are_told_in_print(data: bytes, reason: str) -> None:
    """Panics, custom errors and texts are told; a text cannot carry escapes."""
    chain = Chain()
    call = chain.add(8, b"view", View(reverts=data))
    found = Bench(Node(chain)).read({"a": ask(Call(call.target, call.data, optional=True))})
    assert found.values["a"] == (CallFailed("reverted", reason),)


def test_a_read_that_never_ends_fails_alone() -> None:
    """Eight rounds are enough for any read; the ninth ends it, calls or none."""
    chain = Chain()
    calls = views(chain, 9)

    def endless() -> Iterator[Any]:
        while True:
            yield ()

    bench = Bench(Node(chain))
    found = bench.read(
        {
            "eight": rounds(*[[call] for call in calls[:8]]),
            "nine": rounds(*[[call] for call in calls]),
            "endless": endless(),  # type: ignore[dict-item]
        }
    )
    assert len(found.values["eight"]) == 8
    assert found.values["nine"] == Unread("nine", "rounds", "more than 8 rounds of calls")
    assert found.values["endless"].code == "rounds"
    assert found.requests == 8


@pytest.mark.parametrize("parallel", [1, 10])
def test_large_reads_are_chunked_at_one_block(parallel: int) -> None:
    """More than 500 views take several aggregates, pinned to the first one's block."""
    chain = Chain()
    calls = views(chain, 1_234)
    node = Node(chain)
    bench = Bench(node, parallel=parallel)
    found = bench.read(reads_of(calls))
    only_unread(found)
    assert (sorted(node.sizes), found.requests) == ([234, 500, 500], 3)


def test_a_chunk_nobody_can_answer_is_unread_and_the_rest_is_not() -> None:
    """When the deadline passes between chunks, what was read stays read and the rest says why (P16)."""
    chain = Chain()
    calls = views(chain, 30)
    node = Node(chain)
    bench = Bench(node, chunk=10)

    def watch(_: Any) -> None:
        bench.clock.time += 3

    node.fault = watch
    found = bench.read(reads_of(calls), seconds=5)
    only_unread(found, *[f"read{index}" for index in range(20, 30)])
    assert found.values["read25"].code == "deadline"


def test_a_call_nobody_could_ask_is_unread_even_when_optional() -> None:
    """No answer is not absence: an optional call that was never asked is not taken for a missing view."""
    chain = Chain()
    first, second = views(chain, 2)
    node = Node(chain)
    bench = Bench(node)
    node.fault = lambda calls: b"<html>" if len(calls) == 1 else None
    found = bench.read({"a": rounds([first], [Call(second.target, second.data, optional=True)])})
    assert found.values["a"] == Unread("a", "rpc_answer", found.values["a"].reason)
