"""P15: many cycles: 288 on the virtual clock as a whole process, and memory over 6,000 on the real path.

Memory is read in a process of its own (`python -m tests.bench.endurance CHAIN_FILE HOME`) that runs the
command line against an endpoint, with a clock whose waits take no time.
"""

from __future__ import annotations

import io
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from mammon.cli import failure
from mammon.cli.process import Process, SystemClock
from tests.bench import environments
from tests.bench.chains import write_chain_file
from tests.bench.measure import BenchError, Row, interleaved, process_ms, ratio, value
from tests.bench.served import ROOT, served

DAY = 288
CYCLES = 6_000
_EVERY = 50


class Observer(SystemClock):
    """The machine's clock, but waiting takes no time and memory is noted every so often."""

    def __init__(self) -> None:
        self.resident_kb: list[int] = []
        self._waits = 0

    def sleep(self, seconds: float) -> None:
        """Note the resident memory at every fiftieth wait."""
        self._waits += 1
        if self._waits % _EVERY == 0:
            pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
            self.resident_kb.append(pages * os.sysconf("SC_PAGE_SIZE") // 1024)


def endurance(rounds: int) -> Iterator[Row]:
    """Yield the time of a day's cycles, the peak of memory, and its growth per 1,000 views read."""
    product = environments.product()
    with tempfile.TemporaryDirectory(dir=environments.CACHE) as folder, served() as endpoint:
        home = Path(folder)
        number = 0

        def day() -> float:
            nonlocal number
            number += 1
            words = ["run", "--mode", "mock", "--execute", "--yes", "--cycles", str(DAY), "--json"]
            variables = environments.environment(home / str(number))
            return process_ms([str(product / "bin" / "mammon"), *words], variables)

        empty = [environments.python(product), "-c", "pass"]
        ours, theirs = interleaved(
            [day, lambda: process_ms(empty, environments.environment(home))], min(rounds, 5)
        )
        yield ratio("P15", f"{DAY} simulated cycles", ours, theirs, limit=300, peer="python -c pass")
        chain = write_chain_file(home / "chain.toml", endpoint.url)
        command = [sys.executable, "-m", "tests.bench.endurance", str(chain), str(home / "long")]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise BenchError(done.stderr[-2000:])
        resident = json.loads(done.stdout)
        views = len(endpoint.stats["views"])
    later = resident[len(resident) // 2 :]  # SQLite's cache has filled by then
    slope = statistics.linear_regression(range(len(later)), later).slope / (_EVERY * views / 1_000)
    note = f"{CYCLES} cycles of {views} views"
    yield value("P15", "peak of memory", [max(resident) / 1024], limit=80, unit="MB", note=note)
    yield value("P15", "growth per 1,000 views", [slope], limit=1, unit="kB", note=note)


def main() -> None:
    """Run the cycles and print the resident memory as it went, in kB."""
    chain, home = sys.argv[1:]
    variables = environments.environment(Path(home)) | {"MAMMON_CHAIN_FILE": chain}
    variables |= {"MAMMON_RUN__WATCH": "0s"}  # cycles are counted here, not the looks between them
    clock, err = Observer(), io.StringIO()
    Path(home).mkdir(parents=True)
    process = Process(variables, Path(home), None, None, err, clock)
    words = ["run", "--mode", "paper", "--execute", "--yes", "--cycles", str(CYCLES), "--json"]
    code = failure.run(words, process)
    if code != 0 or f"{CYCLES} useful" not in err.getvalue():
        raise SystemExit(err.getvalue()[-2000:])
    print(json.dumps(clock.resident_kb))


if __name__ == "__main__":
    main()
