"""A JSON-RPC endpoint over HTTP in a process of its own: the simulated chain behind a fixed latency.

`python -m tests.bench.server --ms 80` prints its port. Every request is answered `--ms` after it
came, or later when the node was slower. The simulated world opens at the present time, so that
programs find it fresh by their own clocks, and goes on with them.

GET /stats tells what came since the last POST /reset; POST /set changes `ms`, `status`, `silent`,
`silent_after` (requests that are still answered) and `frozen` (no new blocks) as JSON says.
"""

from __future__ import annotations

import argparse
import json
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

from tests.bench import node as nodes


class State:
    """What the endpoint is told to do, and what it has seen."""

    def __init__(self, node: nodes.TimedNode, ms: float) -> None:
        self.node = node
        self.lock = threading.Lock()
        self.orders: dict[str, Any] = {
            "ms": ms, "status": 200, "silent": False, "silent_after": None, "frozen": False
        }  # fmt: skip
        self.reset()

    def reset(self) -> None:
        """Forget what came so far."""
        self.requests: list[list[str]] = []
        self.bodies: list[tuple[bytes, bytes]] = []
        self.connections = 0

    def silent(self) -> bool:
        """Say whether the request that came just now stays without an answer."""
        after = self.orders["silent_after"]
        return self.orders["silent"] or (after is not None and len(self.requests) > after)

    def stats(self) -> dict[str, Any]:
        """Return what came: HTTP requests with their methods, and the views of the last aggregate."""
        return {
            "requests": self.requests,
            "connections": self.connections,
            "views": nodes.views(self.bodies[-1]) if self.bodies else [],
            "head": self.node.world.chain.head,
        }


class Handler(BaseHTTPRequestHandler):
    """One connection, kept alive."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    state: ClassVar[State]

    def setup(self) -> None:
        """Count the connection."""
        super().setup()
        self.state.connections += 1

    def do_GET(self) -> None:
        """Tell what came."""
        self._answer(json.dumps(self.state.stats()).encode())

    def do_POST(self) -> None:
        """Answer a call or a batch, or take an order."""
        came = time.perf_counter()
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/reset":
            self.state.reset()
            self._answer(b"{}")
        elif self.path == "/set":
            self.state.orders |= json.loads(body)
            self._answer(b"{}")
        else:
            self._exchange(body, came)

    def log_message(self, format: str, *args: Any) -> None:
        """Keep quiet."""

    def _exchange(self, body: bytes, came: float) -> None:
        state, orders = self.state, self.state.orders
        with state.lock:
            state.requests.append(nodes.methods(body))
            if state.silent():
                answer = None
            else:
                answer = state.node.answered(body, frozen=orders["frozen"])
                state.bodies.append((body, answer))
        if answer is None:
            self.rfile.read(1)  # until the other side has gone
            self.close_connection = True
            return
        time.sleep(max(0.0, orders["ms"] / 1e3 - (time.perf_counter() - came)))
        self._answer(answer, orders["status"])

    def _answer(self, body: bytes, status: int = 200) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()


class Server(ThreadingHTTPServer):
    """A thread for each connection; clients may go away at any moment."""

    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Keep quiet about clients that have gone."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


def main() -> None:
    """Serve until the process that started this one closes our standard input."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.server")
    parser.add_argument("--ms", type=float, default=0.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--hold", default="", help="SLUG: the wallet has deposited there")
    asked = parser.parse_args()
    Handler.state = State(nodes.TimedNode(asked.seed, asked.hold), asked.ms)
    server = Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_address[1], flush=True)
    while sys.stdin.readline():
        pass


if __name__ == "__main__":
    main()
