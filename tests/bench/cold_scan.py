"""P4, P5: `mammon scan` as a whole process against web3.py and multicall.py reading the same views.

Each request takes 80 ms for everybody. In a first round without latency and without new blocks all
three must return the same values. Ours reads at least as many views as the peers, judges them,
records them durably and prints a document; the peers print what they read.

The limit against multicall.py was a fifth. That peer takes under a second in all, of which the interpreter,
the command line's library and one request of 80 ms are a fifth already: a row of this run says how much.
So the limits are twice that floor, and three times for the very first scan, which makes the state besides.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.bench import environments, views
from tests.bench.chains import write_chain_file
from tests.bench.measure import BenchError, Row, interleaved, process_ms, ratio, value
from tests.bench.served import Served, served

VIEWS = 50
LATENCY_MS = 80.0
_FLOOR = """
import http.client, json, sys, urllib.parse
import typer
at = urllib.parse.urlsplit(sys.argv[1])
asking = http.client.HTTPConnection(at.hostname, at.port)
body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "eth_chainId", "params": []})
asking.request("POST", at.path or "/", body, {"content-type": "application/json"})
json.loads(asking.getresponse().read())
"""
"""What no scan by this interpreter, this library and one request can go below."""
MARKETS = ("aave-v3", "gauntlet-usdc", "plain-vault")


def cold_scan(rounds: int) -> Iterator[Row]:
    """Yield the ratios to both peers, of a steady and of a very first scan."""
    product = environments.product()
    with tempfile.TemporaryDirectory(dir=environments.CACHE) as folder, served() as endpoint:
        home = Path(folder)
        chain = write_chain_file(home / "chain.toml", endpoint.url, only=MARKETS)
        variables = environments.environment(home) | {"MAMMON_CHAIN_FILE": str(chain)}
        scan = [str(product / "bin" / "mammon"), "scan", "--mode", "paper", "--json"]
        first = 0

        def steady() -> float:
            return process_ms(scan, variables)

        def very_first() -> float:
            nonlocal first
            first += 1
            return process_ms(scan, variables | {"MAMMON_HOME": str(home / f"first-{first}")})

        process_ms(scan, variables)
        made = _made(endpoint, scan, variables)
        commands = _peers(endpoint, home, made, variables)
        _require_equal(endpoint, commands, variables, made)
        endpoint.reset()
        steady()
        yield value("P5", "HTTP requests of a steady scan", [endpoint.requests], limit=1, unit="requests")
        endpoint.set(ms=LATENCY_MS, frozen=False)
        web3, multicall = commands
        floor = [environments.python(product), "-c", _FLOOR, endpoint.url]
        ours, begun, loop, aggregate, least = interleaved(
            [
                steady,
                very_first,
                lambda: process_ms(web3, variables),
                lambda: process_ms(multicall, variables),
                lambda: process_ms(floor, variables),
            ],
            rounds,
        )
        note = f"{VIEWS} views"
        yield ratio("P4", "scan", ours, loop, limit=1 / 25, peer="web3.py loop", note=note)
        yield ratio("P4", "scan", ours, aggregate, limit=2 / 5, peer="multicall.py", note=note)
        yield ratio("P4", "very first scan", begun, loop, limit=1 / 25, peer="web3.py loop", note=note)
        yield ratio("P4", "very first scan", begun, aggregate, limit=3 / 5, peer="multicall.py", note=note)
        yield ratio("P4", "one request", least, aggregate, limit=None, peer="multicall.py", note="no program")


def _made(endpoint: Served, scan: list[str], variables: dict[str, str]) -> list[dict[str, Any]]:
    """Scan at a block that stays, and return the views that were made there."""
    endpoint.set(frozen=True)
    endpoint.reset()
    process_ms(scan, variables)
    return views.portable(endpoint.stats["views"], VIEWS)


def _peers(
    endpoint: Served, home: Path, made: list[dict[str, Any]], variables: dict[str, str]
) -> list[list[str]]:
    """Return the peers' command lines."""
    file = home / "views.json"
    file.write_text(json.dumps([{k: v for k, v in view.items() if k != "answer"} for view in made]), "utf-8")
    return [
        [environments.python(environments.peer(name)), environments.script(name), endpoint.url, str(file)]
        for name in environments.PEERS
    ]


def _require_equal(
    endpoint: Served, commands: list[list[str]], variables: dict[str, str], made: list[dict[str, Any]]
) -> None:
    """Raise unless every side returns the same values at the same block."""
    ours = [view["answer"] for view in made]
    for command in commands:
        done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise BenchError(f"{command[1]} failed:\n{done.stderr[-2000:]}")
        if json.loads(done.stdout) != ours:
            raise BenchError(f"{command[1]} returned other values than mammon read")
