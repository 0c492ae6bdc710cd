"""P1, P2, P3: whole processes of the installed console script against `python -c pass`."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.bench import environments
from tests.bench.measure import Row, Side, interleaved, process_ms, ratio

HELP = ("scan", "run", "config show")
PEER = "python -c pass"


def startup(rounds: int) -> Iterator[Row]:
    """Yield version, help and local commands, all in turns with the empty program."""
    product = environments.product()
    with tempfile.TemporaryDirectory(dir=environments.CACHE) as folder:
        home = Path(folder)
        variables = environments.environment(home)
        script = str(product / "bin" / "mammon")
        document = _decision(script, home, variables)
        local = {
            "config show": ("config", "show"),
            "explain": ("explain", "--mode", "mock"),
            "replay": ("replay", "-i", str(document)),
            "schema scan": ("schema", "scan"),
            "status": ("status", "--mode", "mock"),
        }
        asked = [("P1", "--version", ("--version",), 1.25), ("P2", "--help", ("--help",), 8.0)]
        asked += [("P2", f"{name} --help", (*name.split(), "--help"), 8.0) for name in HELP]
        asked += [("P3", name, words, 16.0) for name, words in local.items()]
        empty = _timed([environments.python(product), "-c", "pass"], variables)
        for budget, name, words, limit in asked:
            # Each command in turns with an empty program of its own: the machine drifts.
            ours, theirs = interleaved([_timed([script, *words], variables), empty], rounds)
            yield ratio(budget, name, ours, theirs, limit=limit, peer=PEER)


def _timed(command: list[str], variables: dict[str, str]) -> Side:
    return lambda: process_ms(command, variables)


def _decision(script: str, home: Path, variables: dict[str, str]) -> Path:
    """Make a decision in the simulated world, so that there is something to read, and keep its document."""
    done = subprocess.run(
        [script, "gates", "--mode", "mock", "--json"], env=variables, capture_output=True, check=True
    )
    path = home / "decision.json"
    path.write_bytes(done.stdout)
    return path
