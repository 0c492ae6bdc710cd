"""Start the endpoint of `tests.bench.server`, and talk to it."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.chain.places import ENVIRONMENT

ROOT = Path(__file__).resolve().parents[2]


class Served:
    """A running endpoint."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        # No proxy of the environment, and no handler that would look one up.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def reset(self) -> None:
        """Forget what came so far."""
        self._post("/reset", {})

    def set(self, **orders: Any) -> None:
        """Change how it behaves: `ms`, `status`, `silent`, `silent_after`, `frozen`."""
        self._post("/set", orders)

    @property
    def stats(self) -> dict[str, Any]:
        """What came since the last reset."""
        with self._opener.open(f"{self.url}/stats", timeout=10) as answer:
            found: dict[str, Any] = json.load(answer)
        return found

    @property
    def requests(self) -> int:
        """How many HTTP requests came."""
        return len(self.stats["requests"])

    def _post(self, path: str, document: dict[str, Any]) -> None:
        body = json.dumps(document).encode()
        request = urllib.request.Request(f"{self.url}{path}", body, {"Content-Type": "application/json"})
        with self._opener.open(request, timeout=10) as answer:
            answer.read()


@contextmanager
def served(ms: float = 0.0, *, hold: str = "", seed: int = 1) -> Iterator[Served]:
    """Run an endpoint in a process of its own; it ends with the block, or with this process."""
    options = ["--ms", str(ms), "--seed", str(seed), "--hold", hold]
    command = [sys.executable, "-m", "tests.bench.server", *options]
    process = subprocess.Popen(
        command, cwd=ROOT, env=ENVIRONMENT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        port = process.stdout.readline().strip()
        if not port:
            raise RuntimeError("the endpoint did not start")
        yield Served(int(port))
    finally:
        process.stdin.close()
        process.stdout.close()
        process.wait(10)
