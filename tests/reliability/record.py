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
        [[*MODULE, "tests.reliability.campaign", "--seeds", "1200", "--start", "102000"]],
    ),
    "E2": (
        "SIGKILL on the real node through the fault proxy, every exchange and random seeds",
        [
            [*MODULE, "tests.reliability.kills"],
            [*MODULE, "tests.reliability.kills", "--seeds", "60", "--first", "1000"],
        ],
    ),
    "E3": (
        "SIGKILL at system calls of one rebalance, every 20th point",
        [[*MODULE, "tests.reliability.kill_syscalls", "20"]],
    ),
    "E5": ("RPC faults x methods x providers", [[*MODULE, "tests.reliability.rpc_matrix"]]),
    "E7": (
        "the signing gate on changed transactions",
        [[*MODULE, "tests.reliability.gate_campaign", "50000", "11"]],
    ),
    "E11": ("concurrent starts", [[*PYTEST, "tests/flows/test_concurrency.py"]]),
    "E12": (
        "disk faults, byte flips, restore",
        [[*PYTEST, "tests/state/test_damage.py", "tests/state/test_crash.py", "tests/state/test_copies.py"]],
    ),
    "E14": ("canary sweep: secrets in any output", [[*PYTEST, "tests/flows/test_secrets.py"]]),
    "E15": (
        "planted bugs, each caught by the suite's own size",
        [[*PYTEST, "tests/reliability/test_schedules.py"]],
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
    """Run what is wanted, write the table, and say whether everything passed."""
    kept = json.loads(RESULTS.read_text("utf-8")) if RESULTS.exists() else {}
    rows = kept.get("figures", {})
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    )
    for name in wanted or FIGURES:
        what, commands = FIGURES[name]
        runs = [ran(command) for command in commands]
        rows[name] = {"what": what, "commit": commit.stdout.strip(), "runs": runs}
        verdict = "passed" if all(run["passed"] for run in runs) else "FAILED"
        print(f"{name}: {verdict} in {sum(run['seconds'] for run in runs):.0f} s: {what}", flush=True)
        table = {"python": platform.python_version(), "figures": {key: rows[key] for key in sorted(rows)}}
        RESULTS.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")
    return 0 if all(run["passed"] for name in wanted or FIGURES for run in rows[name]["runs"]) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
