"""Measure storing by hand: `python -m tests.state.measure [MARKETS]`. Nothing here is asserted.

Both sides write the same bytes durably with the same pragmas, in turn: ours one transaction of cycle,
snapshot, portfolio and decision; the bare one 50 rows (or MARKETS) by `executemany`.
"""

from __future__ import annotations

import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from mammon.core import canonical
from tests.state.realistic import portfolio, snapshots
from tests.state.worlds import POLICY, opened

ROUNDS = 9
REPEATS = 12


def storing(markets: int) -> dict[str, float]:
    """Return medians in milliseconds and their ratio."""
    read = list(snapshots(markets, ROUNDS * REPEATS))
    ready = [(canonical.dumps(each), canonical.dumps(portfolio(each)), each.block) for each in read]
    rows = [[(m.market.slug, canonical.dumps(m)) for m in each.markets] for each in read]  # type: ignore[union-attr]
    with tempfile.TemporaryDirectory() as folder, opened(Path(folder) / "world") as store:
        bare = sqlite3.connect(Path(folder) / "bare.db", isolation_level=None)
        bare.execute("PRAGMA journal_mode=PERSIST")
        bare.execute("PRAGMA synchronous=EXTRA")
        bare.execute("CREATE TABLE scan (id INTEGER PRIMARY KEY, slug TEXT, state BLOB) STRICT")
        with store.transaction():
            policy = store.policies.add(POLICY)

        def ours(number: int) -> None:
            data, held, block = ready[number]
            with store.transaction():
                cycle = store.cycles.record(None, block.timestamp, block.timestamp + 2, "hold")
                snapshot = store.snapshots.add(data, block.number, block.timestamp)
                store.decisions.record(
                    b"%d" % number,
                    "hold",
                    "hold",
                    snapshot_id=snapshot,
                    portfolio=held,
                    policy_hash=policy,
                    now=block.timestamp,
                    cycle=cycle,
                )

        def theirs(number: int) -> None:
            bare.execute("BEGIN IMMEDIATE")
            bare.executemany("INSERT INTO scan (slug, state) VALUES (?, ?)", rows[number])
            bare.execute("COMMIT")

        taken: dict[str, list[float]] = {"ours": [], "bare": [], "pack": []}
        for number in range(len(read)):
            taken["bare"].append(_timed(lambda number=number: theirs(number)))  # type: ignore[misc]
            taken["ours"].append(_timed(lambda number=number: ours(number)))  # type: ignore[misc]
            taken["pack"].append(_timed(store.pack))
        bare.close()
    medians = {name: statistics.median(each) * 1000 for name, each in taken.items()}
    return {**medians, "ratio": medians["ours"] / medians["bare"]}


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


if __name__ == "__main__":
    for name, value in storing(int(sys.argv[1]) if len(sys.argv) > 1 else 50).items():
        print(f"{name:>6} {value:8.3f}")
