"""Real sockets: each way an endpoint can fail is a typed error on time, and another endpoint's turn."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable
from typing import Any

import pytest

from mammon.chain.reader import Reader, Round
from mammon.chain.rpc import Rpc
from mammon.core.types import Unread
from mammon.errors import DeadlinePassedError, MalformedError, MammonError, OutsideError, TransientError
from mammon.net.deadline import Deadline
from mammon.net.dns import Resolver
from mammon.net.http import HttpTransport
from tests.chain_reading.node import CHAIN_ID, HEIGHT, MULTICALL, Chain, Node, View, ask, word
from tests.chain_reading.node import Clock as StillClock
from tests.net import servers
from tests.net.servers import Behaviour, Peer, serving, within


class RealClock(StillClock):
    """Real seconds, at the simulated chain's date."""

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


def chain_of(count: int) -> tuple[Chain, list[Any]]:
    chain = Chain()
    return chain, [chain.add(1 + index, b"view", View(word(1 + index))) for index in range(count)]


def node_at(node: Node) -> Behaviour:
    """Serve a node over HTTP."""
    return servers.scripted(lambda body: node.exchange(body, Deadline(60)))


def spoiling(node: Node, spoil: Callable[[list[dict[str, Any]]], bytes]) -> Behaviour:
    """Serve a node whose answers are spoilt on their way."""

    def reply(body: bytes) -> bytes:
        return spoil(json.loads(node.exchange(body, Deadline(60))))

    return servers.scripted(reply)


def read(urls: list[str], count: int = 10, seconds: float = 0.3, **options: Any) -> Round:
    """Read `count` views with everything real but the chain."""
    transports = [HttpTransport(url) for url in urls]
    _, calls = chain_of(count)
    reader = Reader(Rpc(transports, CHAIN_ID, clock=RealClock()), CHAIN_ID, MULTICALL, **options)
    reads = {f"read{index}": ask(call) for index, call in enumerate(calls)}
    try:
        return within(10, lambda: reader.read(reads, Deadline(seconds)))
    finally:
        for transport in transports:
            transport.close()


def changed(**fields: Any) -> Callable[[list[dict[str, Any]]], bytes]:
    """Change the last answer of a batch."""
    return lambda items: json.dumps([*items[:-1], {**items[-1], **fields}]).encode()


NODE = Node(chain_of(10)[0])
FAULTS: dict[str, tuple[Behaviour, type[MammonError], str]] = {
    "accepts and is silent": (servers.silence, DeadlinePassedError, "deadline"),
    "drips its header": (servers.drip_head, DeadlinePassedError, "deadline"),
    "drips its body": (servers.drip_body, DeadlinePassedError, "deadline"),
    "drips chunks": (servers.drip_chunks, DeadlinePassedError, "deadline"),
    "sends without end": (servers.endless, OutsideError, "too_large"),
    "sends a gzip bomb": (servers.gzip_bomb, OutsideError, "too_large"),
    "429 for 10^9 s": (
        servers.status("429 Too Many Requests", "Retry-After: 1000000000"),
        TransientError,
        "rate_limited",
    ),
    "503": (servers.status("503 Service Unavailable"), TransientError, "http_503"),
    "redirects": (servers.status("302 Found", "Location: http://127.0.0.1/"), OutsideError, "redirect"),
    "closes mid-body": (servers.cut_short, TransientError, "closed"),
    "HTML with 200": (
        servers.scripted(lambda _: b"<html><body>Bad gateway</body></html>"),
        MalformedError,
        "rpc_answer",
    ),
    "truncated JSON": (
        spoiling(NODE, lambda items: json.dumps(items).encode()[:-5]),
        MalformedError,
        "rpc_answer",
    ),
    "a wrong id": (spoiling(NODE, changed(id=10**6)), MalformedError, "rpc_answer"),
    "a missing id": (
        spoiling(NODE, lambda items: json.dumps(items[:-1]).encode()),
        MalformedError,
        "rpc_answer",
    ),
    "result and error": (
        spoiling(NODE, changed(error={"code": 1, "message": ""})),
        MalformedError,
        "rpc_answer",
    ),
    "deep JSON": (
        spoiling(NODE, lambda items: json.dumps(items).encode()[:-1] + b"," + b"[" * 1_000_000),
        MalformedError,
        "rpc_answer",
    ),
    "a million digits": (
        spoiling(NODE, lambda items: b'[{"id":1,"result":' + b"9" * 1_000_000 + b"}]"),
        MalformedError,
        "rpc_answer",
    ),
    "another chain": (node_at(Node(Chain(chain_id=1))), OutsideError, "wrong_chain"),
    "another block in the aggregate": (
        spoiling(NODE, lambda items: json.dumps([{**items[0], "result": None}, *items[1:]]).encode()),
        MalformedError,
        "header",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_is_a_typed_error_on_time(fault: str) -> None:
    """One faulty endpoint alone: its own error, no later than the deadline (A2 13-19)."""
    behave, kind, code = FAULTS[fault]
    seconds = 0.3 if kind is DeadlinePassedError else 5.0
    with serving(behave) as server, pytest.raises(kind) as caught:
        read([server.url], seconds=seconds)
    assert caught.value.code == code


@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_is_another_endpoints_turn(fault: str) -> None:
    """The same fault beside a healthy endpoint: the round is whole, within one deadline."""
    with serving(FAULTS[fault][0]) as bad, serving(node_at(NODE)) as good:
        found = read([bad.url, good.url], seconds=2)
    assert found.values == {f"read{index}": (word(index + 1),) for index in range(10)}
    assert found.block.number == HEIGHT


def test_a_dead_port_is_another_endpoints_turn() -> None:
    """A refused connection costs the round nothing."""
    with serving(node_at(NODE)) as good:
        found = read([f"http://127.0.0.1:{servers.refused_port()}/", good.url])
    assert found.requests == 2


def test_without_any_network_the_error_is_typed_and_on_time() -> None:
    """No name service and no route: a transient failure, never a hang or a traceback."""

    def no_names(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    resolver = Resolver("node.example", 443, lookup=no_names)
    transport = HttpTransport("https://node.example/", resolver=resolver)
    reader = Reader(Rpc([transport], CHAIN_ID, clock=RealClock()), CHAIN_ID, MULTICALL)
    with pytest.raises(TransientError) as caught:
        within(10, lambda: reader.read({}, Deadline(0.3)))
    assert caught.value.code == "dns"


def test_an_endpoint_that_falls_silent_leaves_a_labelled_partial_result() -> None:
    """Rounds that are done stay; what was waited for says so, on time; the next read is served (P16)."""
    chain, calls = chain_of(40)
    node = Node(chain)
    quiet = [True]

    def sleepy(peer: Peer) -> None:
        while (body := peer.request()) is not None:
            if quiet[0] and body.count(b'"method"') == 1:
                peer.wait_for_end()
                return
            peer.answer(node.exchange(body, Deadline(60)))

    reads = {f"read{index}": ask(call) for index, call in enumerate(calls)}
    with serving(sleepy) as server:
        transport = HttpTransport(server.url)
        rpc = Rpc([transport], CHAIN_ID, clock=RealClock())
        reader = Reader(rpc, CHAIN_ID, MULTICALL, chunk=20)
        found = within(10, lambda: reader.read(reads, Deadline(0.4)))
        unread = {name for name, value in found.values.items() if isinstance(value, Unread)}
        assert unread == {f"read{index}" for index in range(20, 40)}
        assert {found.values[name].code for name in unread} == {"deadline"}
        quiet[0] = False
        again = {f"read{index}": ask(call) for index, call in enumerate(calls)}
        assert not any(isinstance(value, Unread) for value in reader.read(again, Deadline(5)).values.values())
        transport.close()


def test_chunks_travel_side_by_side_each_on_a_connection_of_its_own() -> None:
    """5,000 views are ten aggregates: one opens the round, nine follow together (P6)."""
    chain, calls = chain_of(5_000)
    node = Node(chain)
    together = 0
    most = 0

    def counting(peer: Peer) -> None:
        nonlocal together, most
        while (body := peer.request()) is not None:
            together += 1
            most = max(most, together)
            answer = node.exchange(body, Deadline(60))
            time.sleep(0.05)
            together -= 1
            peer.answer(answer)

    reads = {f"read{index}": ask(call) for index, call in enumerate(calls)}
    with serving(counting) as server:
        transport = HttpTransport(server.url)
        reader = Reader(Rpc([transport], CHAIN_ID, clock=RealClock()), CHAIN_ID, MULTICALL)
        found = reader.read(reads, Deadline(30))
        transport.close()
    assert found.values == {f"read{index}": (word(index + 1),) for index in range(5_000)}
    assert found.requests == 10
    assert 1 < most <= 9
    assert server.connections <= 10
