"""Run the reliability campaigns in their long form and keep what they came to.

`python -m tests.reliability.record` runs every figure, `python -m tests.reliability.record E1 E7` some. Each
is a command of its own, which also replays a single failure; rows of other figures are kept as they are.
"""

from __future__ import annotations

import json
import platform
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parents[1] / "bench" / "results" / "reliability.json"
MODULE = [sys.executable, "-m"]
PYTEST = [*MODULE, "pytest", "-q", "-p", "no:cacheprovider"]

FIGURES: dict[str, tuple[str, list[list[str]]]] = {
    "E1": (
        "seeded fault schedules on the simulated chain: double sends, unaccounted units, stuck",
        [[*MODULE, "tests.reliability.campaign", "--seeds", "20000", "--start", "200000"]],
    ),
    "E2": (
        "SIGKILL on the real node through the fault proxy, every exchange and random seeds",
        [
            [*MODULE, "tests.reliability.kills"],
            [*MODULE, "tests.reliability.kills", "--seeds", "400", "--first", "2000"],
        ],
    ),
    "E3": (
        "SIGKILL at every system call of one rebalance that writes or sends",
        [[*MODULE, "tests.reliability.kill_syscalls", "1"]],
    ),
    "E4": (
        "SIGKILL of the installed `mammon run --execute` at random times",
        [[*MODULE, "tests.reliability.kill_run", "60", "1"]],
    ),
    "E5": ("RPC faults x methods x providers", [[*MODULE, "tests.reliability.rpc_matrix"]]),
    "E6": (
        "bad inputs: answers, documents, configuration, names, bytes of the state",
        [[*MODULE, "tests.reliability.bad_inputs", "200000", "1"]],
    ),
    "E7": (
        "the signing gate on changed transactions",
        [[*MODULE, "tests.reliability.gate_campaign", "50000", "11"]],
    ),
    "E11": ("concurrent starts", [[*PYTEST, "tests/flows/test_concurrency.py"]]),
    "E12": (
        "disks that refuse at every write of a move; damaged databases: named, or harmless, and restored",
        [[*MODULE, "tests.reliability.disk"]],
    ),
    "E13": ("clocks that go wrong, 24 scripts", [[*MODULE, "tests.reliability.clocks"]]),
    "E14": (
        "canary sweep: secrets in any output, connections elsewhere; every command under every fault",
        [[*MODULE, "tests.reliability.canaries"], [*PYTEST, "tests/flows/test_secrets.py"]],
    ),
    "E15": (
        "planted bugs, each caught by the suite's own size",
        [[*PYTEST, "tests/reliability/test_schedules.py"]],
    ),
    "E16": (
        "mutants of gate, journal and recovery, each judged by its module's own tests",
        [[*MODULE, "tests.reliability.mutants"]],
    ),
}
_LINES = 40


def ran(command: list[str]) -> dict[str, Any]:
    """Run one campaign; return its command, time, and the end of what it printed."""
    began = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    text = done.stdout.strip()
    try:
        end = text.rindex("}") + 1
        told: Any = {**json.loads(text[:end]), "failures": text[end:].split("\n")[1:]}
    except ValueError:
        told = text.splitlines()[-_LINES:]
    words = ["python", *command[1:]]
    return {
        "command": " ".join(words),
        "passed": done.returncode == 0,
        "seconds": round(time.monotonic() - began, 1),
        "told": told,
    }


def main(wanted: list[str]) -> int:
    """Run what is wanted, write the table, and say whether everything passed.

    The table is read anew before each row: two of these may run side by side.
    """
    passed = True
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    )
    for name in wanted or FIGURES:
        what, commands = FIGURES[name]
        runs = [ran(command) for command in commands]
        rows = json.loads(RESULTS.read_text("utf-8"))["figures"] if RESULTS.exists() else {}
        rows[name] = {"what": what, "commit": commit.stdout.strip(), "runs": runs}
        right = all(run["passed"] for run in runs)
        passed &= right
        seconds = sum(run["seconds"] for run in runs)
        print(f"{name}: {'passed' if right else 'FAILED'} in {seconds:.0f} s: {what}", flush=True)
        table = {"python": platform.python_version(), "figures": {key: rows[key] for key in sorted(rows)}}
        RESULTS.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
