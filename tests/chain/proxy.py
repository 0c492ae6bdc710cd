"""A provider in front of the local node: passes requests on, and goes wrong where it was told to.

Several providers may stand in front of one node; they share its pool (`Pool`) and each shows the chain
in its own way (`View`). What it is asked is kept in `seen`, so that a test can say what reached a wire.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.chain.proxy_sends import Pool
from tests.chain.proxy_views import View
from tests.net.servers import Peer, Server

Json = dict[str, Any]
EVERY = 10**9
UPSTREAM_S = 30.0


class Exchange:
    """One request at a provider, and the ways to answer it."""

    def __init__(self, peer: Peer, calls: list[Json], batch: bool, provider: Provider) -> None:
        self.peer, self.calls, self.batch, self.provider = peer, calls, batch, provider
        self.view = provider.view
        """How the chain is shown in this exchange; a fault may put another one in its place."""
        self.hit: tuple[int, ...] = ()
        """Which of the calls the rule is about."""

    def forward(self, given: Mapping[int, Json] | None = None) -> list[Json]:
        """Return the answers, in order: those `given`, by number of the call, and the node's for the others.

        All are of one height, whatever is mined meanwhile.
        """
        known = given or {}
        head = self.provider.head()
        return [
            known.get(number) or self.provider.answered(call, self.view, head)
            for number, call in enumerate(self.calls)
        ]

    def body(self, answers: list[Json]) -> bytes:
        """Return the answers as they go on the wire."""
        return json.dumps(answers if self.batch else answers[0], separators=(",", ":")).encode()

    def answer(self, answers: list[Json]) -> None:
        """Send the answers."""
        self.peer.answer(self.body(answers), "Content-Type: application/json")


Fault = Callable[[Exchange], None]
"""Deals with an exchange instead of the provider; sends an answer, or none."""


def sound(exchange: Exchange) -> None:
    """Pass an exchange on, and answer truly."""
    exchange.answer(exchange.forward())


@dataclass
class Rule:
    """Which exchanges a fault befalls: those with a call of `methods`, from the `first` on, `times` over."""

    fault: Fault
    methods: frozenset[str]
    first: int = 1
    times: int = EVERY
    met: int = 0
    """How many exchanges it was about so far."""

    def due(self, exchange: Exchange) -> bool:
        """Count the exchange, and say whether the fault befalls it."""
        hit = [
            n for n, call in enumerate(exchange.calls) if not self.methods or call["method"] in self.methods
        ]
        if not hit:
            return False
        self.met += 1
        exchange.hit = tuple(hit)
        return self.first <= self.met < self.first + self.times


@dataclass
class Provider:
    """One endpoint: its node, what it shows of it, and what befalls it."""

    port: int
    """The node's."""
    pool: Pool = field(default_factory=Pool)
    view: View = field(default_factory=View)
    rules: list[Rule] = field(default_factory=list)
    around: Callable[[Exchange, Fault], None] = lambda exchange, fault: fault(exchange)
    """Called with every exchange and what is to become of it."""
    seen: list[Json] = field(default_factory=list)
    """Every call that arrived, in order, also of exchanges that went wrong."""
    server: Server = field(init=False)

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._local = threading.local()
        self._upstream: list[http.client.HTTPConnection] = []

    @property
    def url(self) -> str:
        """Where it listens."""
        return self.server.url

    def fault(self, fault: Fault, *methods: str, first: int = 1, times: int = EVERY) -> Rule:
        """Let a fault befall exchanges that hold one of the methods, or all exchanges."""
        rule = Rule(fault, frozenset(methods), first, times)
        self.rules.append(rule)
        return rule

    def heal(self) -> None:
        """Forget every fault, and show the chain as it is."""
        self.rules.clear()
        self.view = View()

    def asked(self, method: str) -> list[Json]:
        """Return the calls of one method that arrived so far."""
        with self._lock:
            return [call for call in self.seen if call["method"] == method]

    def close(self) -> None:
        """Stop listening, and leave the node."""
        self.server.close()
        for connection in self._upstream:
            connection.close()

    def serve(self, peer: Peer) -> None:
        """Answer the requests of one connection."""
        while (body := peer.request()) is not None:
            asked = json.loads(body)
            batch = isinstance(asked, list)
            exchange = Exchange(peer, asked if batch else [asked], batch, self)
            with self._lock:
                self.seen += exchange.calls
                due = [rule for rule in list(self.rules) if rule.due(exchange)]
            self.around(exchange, due[0].fault if due else sound)

    def answered(self, call: Json, view: View, head: int) -> Json:
        """Return the answer to one call, seen through the view and let through by the pool."""
        asked = view.asked(call, head)
        if asked is None:
            return {"jsonrpc": "2.0", "id": call["id"], "result": None}
        refused = view.unknown(call, head, self.node) or self.pool.refusal(asked, self.node)
        if refused is not None:
            return {"jsonrpc": "2.0", "id": call["id"], "error": refused}
        return view.shown(asked, self.post(asked), head)

    def head(self) -> int:
        """Return the number of the node's newest block."""
        return int(self.node("eth_blockNumber"), 16)

    def node(self, method: str, *params: Any) -> Any:
        """Ask the node itself; return the result, None for an error."""
        return self.post({"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)}).get("result")

    def post(self, call: Json) -> Json:
        """Hand one call to the node; each thread has a connection of its own."""
        if not hasattr(self._local, "http"):
            self._local.http = http.client.HTTPConnection("127.0.0.1", self.port, timeout=UPSTREAM_S)
            self._upstream.append(self._local.http)
        self._local.http.request("POST", "/", json.dumps(call), {"Content-Type": "application/json"})
        answer: Json = json.loads(self._local.http.getresponse().read())
        return answer


@contextlib.contextmanager
def providers(port: int, count: int = 2) -> Iterator[list[Provider]]:
    """Run providers in front of the node at a port, with one pool between them."""
    pool = Pool()
    made = [Provider(port, pool) for _ in range(count)]
    with contextlib.ExitStack() as stack:
        for provider in made:
            provider.server = Server(provider.serve)
            stack.callback(provider.close)
        yield made


def raw_sent(made: Iterable[Provider]) -> list[str]:
    """Return the raw transactions that reached any of the providers, in their order at each."""
    return [call["params"][0] for one in made for call in one.asked("eth_sendRawTransaction")]
