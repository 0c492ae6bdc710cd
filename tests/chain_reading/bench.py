"""A reader over nodes in process, with the clock they share, and what its tests have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mammon.chain.reader import Reader, Round
from mammon.chain.rpc import Rpc
from mammon.core.types import Call, Read, Unread
from mammon.net.deadline import Deadline
from tests.chain_reading.node import CHAIN_ID, MULTICALL, Chain, Clock, Node, View, ask, word


class Bench:
    """A reader over nodes, with its clock."""

    def __init__(self, *nodes: Any, **options: Any) -> None:
        self.clock = Clock()
        self.nodes = nodes
        self.rpc = Rpc(nodes, CHAIN_ID, clock=self.clock, jitter=lambda: 0.0)
        self.reader = Reader(self.rpc, CHAIN_ID, MULTICALL, **{"parallel": 1, **options})

    def read(self, reads: dict[str, Read[Any]], seconds: float = 10.0, **options: Any) -> Round:
        return self.reader.read(reads, Deadline(seconds, self.clock.monotonic), **options)


def views(chain: Chain, count: int, start: int = 1) -> list[Call]:
    """Add views that return their own number."""
    return [chain.add(start + index, b"view", View(word(start + index))) for index in range(count)]


def reads_of(calls: list[Call]) -> dict[str, Read[Any]]:
    return {f"read{index}": ask(call) for index, call in enumerate(calls)}


def only_unread(found: Round, *names: str) -> None:
    """Every read but these has its value."""
    assert {name for name, value in found.values.items() if isinstance(value, Unread)} == set(names)
    for name, value in found.values.items():
        if name not in names:
            assert value == (word(int(name.removeprefix("read")) + 1),)


def failing_calls(node: Node, fails: Callable[[dict[str, Any]], bool], error: dict[str, Any]) -> None:
    """Make the node answer some calls with an error."""
    doomed: set[int] = set()

    def watch(calls: list[dict[str, Any]]) -> None:
        doomed.update(call["id"] for call in calls if fails(call))
        single[0] = len(calls) == 1

    def edit(items: list[dict[str, Any]]) -> Any:
        changed = [{"id": item["id"], "error": error} if item["id"] in doomed else item for item in items]
        return changed[0] if single[0] else changed

    single = [False]
    node.fault, node.edit = watch, edit
