"""P16: an endpoint that takes the request and never answers. The limit is 1.1 times the deadline."""

from __future__ import annotations

import json
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from mammon.core.types import Unread
from mammon.net.deadline import Deadline
from tests.bench import environments
from tests.bench.chains import write_chain_file
from tests.bench.measure import BenchError, Row, value
from tests.bench.served import Served, served
from tests.bench.warm_scan import reader_of, reads_of

DEADLINE_S = 5
READING_S = 1.0
LIMIT = 1.1


def outage(rounds: int) -> Iterator[Row]:
    """Yield what a command and a reading take of their deadlines."""
    rounds = min(rounds, 3)
    with served() as endpoint, tempfile.TemporaryDirectory(dir=environments.CACHE) as folder:
        shares = [_command(endpoint, Path(folder)) for _ in range(rounds)]
        yield value("P16", "command, silent from the start", shares, limit=LIMIT, unit="deadlines")
        shares = [_reading(endpoint) for _ in range(rounds)]
        yield value("P16", "reading, silent after the head", shares, limit=LIMIT, unit="deadlines")


def _command(endpoint: Served, home: Path) -> float:
    """Scan against silence, then without it; return the share of the deadline the first took."""
    product = environments.product()
    chain = write_chain_file(home / "chain.toml", endpoint.url)
    variables = environments.environment(home) | {"MAMMON_CHAIN_FILE": str(chain)}
    scan = [str(product / "bin" / "mammon"), "scan", "--mode", "paper", "--json"]
    endpoint.set(silent=True)
    began = time.perf_counter()
    done = subprocess.run(
        [*scan, "--deadline", f"{DEADLINE_S}s"], env=variables, capture_output=True, check=False
    )
    taken = time.perf_counter() - began
    document = json.loads(done.stdout)
    if done.returncode not in (4, 124) or document["errors"][0]["code"] != "deadline":
        raise BenchError(f"the silence was told as {done.returncode}: {document['errors']}")
    endpoint.set(silent=False)
    again = subprocess.run(scan, env=variables, capture_output=True, check=False)
    if again.returncode != 0:
        raise BenchError(f"the scan after the silence ended with {again.returncode}")
    return taken / DEADLINE_S


def _reading(endpoint: Served) -> float:
    """Read 2,000 views of which the first 500 are answered; return the share of the deadline it took."""
    reader = reader_of(endpoint)
    endpoint.reset()
    endpoint.set(silent_after=1)
    began = time.perf_counter()
    found = reader.read(reads_of(2_000), Deadline(READING_S))
    taken = time.perf_counter() - began
    missing = [item for item in found.values.values() if isinstance(item, Unread)]
    if not 0 < len(missing) < len(found.values) or {item.code for item in missing} != {"deadline"}:
        raise BenchError(f"{len(missing)} of {len(found.values)} unread: {missing[:1]}")
    endpoint.set(silent_after=None)
    again = reader.read(reads_of(2_000), Deadline(10))
    if any(isinstance(item, Unread) for item in again.values.values()):
        raise BenchError("the reading after the silence was not whole")
    return taken / READING_S
