"""The table on the terminal and the same rows as JSON, with what they were measured on."""

from __future__ import annotations

import json
import os
import platform
import sqlite3
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from mammon import __version__
from tests.bench.measure import Row

ROOT = Path(__file__).resolve().parents[2]
RESULTS = Path(__file__).resolve().parent / "results" / "performance.json"
_SHOWN = ("coincurve", "eth_abi", "rich", "sqlite-utils", "tenacity", "typer")
_HEADINGS = ("budget", "what", "ours", "theirs", "figure", "range", "limit", "", "against")


def table(rows: Iterable[Row]) -> str:
    """Return the rows as aligned text."""
    lines = [_HEADINGS, *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(_HEADINGS))]
    shown = ("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in lines)
    return "\n".join(line.rstrip() for line in shown)


def versions(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the versions that took part."""
    found = {"python": platform.python_version(), "mammon": __version__, "sqlite": sqlite3.sqlite_version}
    for name in _SHOWN:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found | dict(more or {})


def write(path: Path, rows: Sequence[Row], rounds: int, more: Mapping[str, str]) -> None:
    """Write the rows with the commit, the versions and the number of cores."""
    document: dict[str, Any] = {
        "measured": datetime.now(UTC).strftime("%Y-%m-%d"),
        "commit": commit(),
        "rounds": rounds,
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "versions": versions(more),
        "rows": [_plain(row) for row in rows],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=1) + "\n", "utf-8")


def commit() -> str:
    """Return the commit measured, with `+` when the program differs from it."""
    found = _git("rev-parse", "--verify", "-q", "HEAD")
    return (found or "none") + ("+" if _git("status", "--porcelain", "--", "mammon") else "")


def _git(*words: str) -> str:
    done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip()


def _plain(row: Row) -> dict[str, Any]:
    rounded = {k: float(f"{v:.4g}") if isinstance(v, float) else v for k, v in asdict(row).items()}
    return rounded | {"holds": row.holds}


def _cells(row: Row) -> tuple[str, ...]:
    sign = "x" if row.kind == "ratio" else f" {row.unit}"
    return (
        row.budget,
        row.what,
        f"{_number(row.ours)} {row.unit}",
        "" if row.theirs is None else f"{_number(row.theirs)} {row.unit}",
        f"{_number(row.figure)}{sign}",
        f"{_number(row.low)}-{_number(row.high)}",
        "" if row.limit is None else f"{_number(row.limit)}{sign}",
        {True: "ok", False: "MISSED", None: ""}[row.holds],
        ", ".join(part for part in (row.peer, row.note) if part),
    )


def _number(value: float) -> str:
    return f"{value:.0f}" if value == int(value) or value >= 100 else f"{value:.3g}"
