"""P17: some of four endpoints gone: refusing connections, answering 429, or silent.

Whole processes of `mammon scan`; the endpoints that are gone come first. An earlier scan's state tells
the next ones for a minute who failed: both are measured, scans that know and scans that find out. To
find out costs a round trip, and from a silent endpoint its patience, which has no limit here.
"""

from __future__ import annotations

import contextlib
import shutil
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.bench import environments
from tests.bench.chains import write_chain_file
from tests.bench.measure import Row, Side, interleaved, process_ms, ratio
from tests.bench.served import Served, served

LATENCY_MS = 80.0
ENDPOINTS = 4
LIMITS: dict[str, dict[int, float | None]] = {
    "refusing": {1: 1.3, 3: 2.5},
    "at 429": {1: 1.3, 3: 2.5},
    "silent": {1: None},
}


def failover(rounds: int) -> Iterator[Row]:
    """Yield the ratios to a scan with four healthy endpoints."""
    with contextlib.ExitStack() as stack:
        well = stack.enter_context(served(LATENCY_MS))
        ways = {"refusing": _dead(), "at 429": _set(stack, status=429), "silent": _set(stack, silent=True)}
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=environments.CACHE)))
        # The same process answers both sides; paths make its one address four endpoints.
        healthy = _scan(home, "healthy", [f"{well.url}/{number}" for number in range(ENDPOINTS)])
        for way, limits in LIMITS.items():
            for count, limit in limits.items():
                gone = [f"{ways[way]}/{number}" for number in range(count)]
                rest = [f"{well.url}/{number}" for number in range(ENDPOINTS - count)]
                what = f"{count} of {ENDPOINTS} {way}"
                for knows, note in ((True, "known"), (False, "found out")):
                    side = _scan(home, what.replace(" ", "-") + note[:1], gone + rest, knows=knows)
                    ours, theirs = interleaved([side, healthy], rounds)
                    yield ratio("P17", what, ours, theirs, limit=limit, peer="all four healthy", note=note)


def _scan(home: Path, name: str, urls: list[str], *, knows: bool = True) -> Side:
    """Return a scan of those endpoints; one that does not know how they are begins with a healthy home."""
    chain = write_chain_file(home / f"{name}.toml", *urls)
    variables = environments.environment(home / name) | {"MAMMON_CHAIN_FILE": str(chain)}
    command = [str(environments.product() / "bin" / "mammon"), "scan", "--mode", "paper", "--json"]
    process_ms(command, variables)  # what the first scan learns is not the subject

    def scan() -> float:
        if not knows:
            shutil.rmtree(home / name)
            shutil.copytree(home / "healthy", home / name)
        return process_ms(command, variables)

    return scan


def _set(stack: contextlib.ExitStack, **orders: object) -> str:
    endpoint: Served = stack.enter_context(served(LATENCY_MS))
    endpoint.set(**orders)
    return endpoint.url


def _dead() -> str:
    """Return an address where nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return f"http://127.0.0.1:{free.getsockname()[1]}"
