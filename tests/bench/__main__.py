"""`python -m tests.bench NAME… | --all | --list | --peers`: measure, print the table, keep the rows."""

from __future__ import annotations

import argparse
import compileall
import sys
from pathlib import Path

from tests.bench import environments, report
from tests.bench.catalogue import BENCHES, bench, names
from tests.bench.measure import BenchError, Row


def main() -> int:
    """Run what the command line names; 1 when a budget is missed, 2 when a bench could not run."""
    asked = _arguments()
    if asked.list:
        width = max(map(len, BENCHES))
        for name, entry in BENCHES.items():
            print(f"{name:<{width}}  {'/'.join(entry.budgets):<8}  {entry.about}")
        return 0
    if asked.peers:
        for name in environments.PEERS:
            environments.peer(name)
        print("\n".join(environments.versions().values()))
        return 0
    try:
        chosen = list(BENCHES) if asked.all else names(asked.names)
        left_out = names(asked.skip)
    except BenchError as error:
        print(error, file=sys.stderr)
        return 2
    return _run([name for name in chosen if name not in left_out], asked.rounds, asked.json)


def _run(chosen: list[str], rounds: int, path: Path | None) -> int:
    compileall.compile_dir(report.ROOT / "mammon", quiet=1)
    rows: list[Row] = []
    failed = 0
    for name in chosen:
        print(f"{name} …", file=sys.stderr, flush=True)
        found: list[Row] = []
        try:
            found += bench(name)(rounds)
        except BenchError as error:
            failed += 1
            print(f"{name}: {error}", file=sys.stderr)
        rows += found
        if found:
            print(report.table(found), "\n", flush=True)
    if path is not None and rows:
        report.write(path, rows, rounds, environments.versions())
    missed = [f"{row.budget} {row.what}" for row in rows if row.holds is False]
    if missed:
        print("missed: " + "; ".join(missed))
    return 2 if failed else int(bool(missed))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="a bench, or a budget such as P4")
    parser.add_argument("--all", action="store_true", help="every bench; keeps the rows in results/")
    parser.add_argument("--list", action="store_true", help="list the benches")
    parser.add_argument("--peers", action="store_true", help="build the peers' environment")
    parser.add_argument("--skip", action="append", default=[], metavar="NAME", help="leave one out")
    parser.add_argument("--rounds", type=int, default=9, metavar="N", help="rounds of each comparison (9)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the rows as JSON")
    asked = parser.parse_args()
    if not (asked.names or asked.all or asked.list or asked.peers):
        parser.error("name a bench, or give --all, --list or --peers")
    if asked.all and asked.json is None:
        asked.json = report.RESULTS
    return asked


if __name__ == "__main__":
    sys.exit(main())
