"""P9: cycles of `mammon run --execute` that hold, at 50 ms per request, through the real command line.

The command runs in this process with a clock that notes when the loop waits, and returns at once. The
first cycle invests the paper book and is not counted.
"""

from __future__ import annotations

import io
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from mammon.cli import failure
from mammon.cli.process import Process, SystemClock
from tests.bench import environments
from tests.bench.chains import write_chain_file
from tests.bench.measure import BenchError, Row, value
from tests.bench.served import served

LATENCY_MS = 50.0
MOST_REQUESTS = 4
MOST_S = 0.3


class Stopwatch(SystemClock):
    """The machine's clock, but waiting takes no time and ends a lap."""

    def __init__(self, requests: Callable[[], int]) -> None:
        self.laps: list[tuple[float, int]] = []
        """Seconds and HTTP requests from one wait to the next."""
        self._requests = requests
        self._began: tuple[float, int] | None = None

    def sleep(self, seconds: float) -> None:
        """Note how long it was since the last wait."""
        now, requests = time.perf_counter(), self._requests()
        if self._began is not None:
            self.laps.append((now - self._began[0], requests - self._began[1]))
        self._began = time.perf_counter(), requests


def idle_cycle(rounds: int) -> Iterator[Row]:
    """Yield requests and seconds of a cycle."""
    cycles = rounds + 3
    with tempfile.TemporaryDirectory(dir=environments.CACHE) as folder, served(LATENCY_MS) as endpoint:
        home = Path(folder)
        chain = write_chain_file(home / "chain.toml", endpoint.url)
        variables = environments.environment(home) | {
            "MAMMON_CHAIN_FILE": str(chain),
            "MAMMON_RUN__WATCH": "0s",
        }
        clock, out, err = Stopwatch(lambda: endpoint.requests), io.StringIO(), io.StringIO()
        process = Process(variables, home, None, out, err, clock)
        words = ["run", "--mode", "paper", "--execute", "--yes", "--cycles", str(cycles), "--json"]
        if failure.run(words, process) != 0:
            raise BenchError(err.getvalue())
        if out.getvalue().count('"action":"hold"') < rounds:
            raise BenchError(f"the cycles were not idle:\n{out.getvalue()[-1000:]}")
    seconds, requests = zip(*clock.laps, strict=True)
    yield value("P9", "requests of an idle cycle", requests, limit=MOST_REQUESTS, unit="requests")
    yield value("P9", "an idle cycle at 50 ms", seconds, limit=MOST_S, unit="s")
