"""P14: a scan of 50 markets made durable, against bare sqlite3 writing the same in one transaction.

Both sides start from the objects a scan leaves behind and end with a commit under the same pragmas on
the same disk. The peer writes a row per market with the market's canonical bytes: no hash, no seal,
nothing that would find a damaged row, and nothing that keeps equal or similar readings small.
"""

from __future__ import annotations

import contextlib
import sqlite3
import statistics
import tempfile
from collections.abc import Iterator
from pathlib import Path

from mammon.cli.ledgers import keep_observation
from mammon.core import canonical
from mammon.core.types import MarketState, Snapshot
from mammon.engine.observe import Observation
from mammon.state.opening import Identity
from mammon.state.store import Store
from tests.bench import environments
from tests.bench.measure import Row, interleaved, ratio, wall_ms
from tests.state import realistic

MARKETS = 50
EACH_ROUND = 20
_PRAGMAS = ("journal_mode=PERSIST", "synchronous=EXTRA", "temp_store=MEMORY", "secure_delete=OFF")
_TABLE = "CREATE TABLE scan (block INTEGER, at INTEGER, slug TEXT, document BLOB, PRIMARY KEY (block, slug))"


def storing(rounds: int) -> Iterator[Row]:
    """Yield the ratio."""
    seen = [
        Observation(snapshot, None, _hints(snapshot), 1)
        for snapshot in realistic.snapshots(MARKETS, (rounds + 1) * EACH_ROUND)
    ]
    with (
        tempfile.TemporaryDirectory(dir=environments.CACHE) as folder,
        Store.open(Path(folder) / "state", Identity("paper", 8453, str(realistic.OWNER))) as store,
        contextlib.closing(sqlite3.connect(Path(folder) / "bare.db", isolation_level=None)) as bare,
    ):
        for pragma in _PRAGMAS:
            bare.execute(f"PRAGMA {pragma}").fetchall()
        bare.execute(_TABLE)
        ours, theirs = iter(seen), iter(seen)
        samples = interleaved(
            [
                lambda: _median(wall_ms(lambda: _kept(store, next(ours))) for _ in range(EACH_ROUND)),
                lambda: _median(wall_ms(lambda: _written(bare, next(theirs))) for _ in range(EACH_ROUND)),
            ],
            rounds,
        )
    note = f"median of {EACH_ROUND} scans a round"
    yield ratio("P14", "50-row scan", *samples, limit=1.5, peer="bare sqlite3", note=note)


def _kept(store: Store, seen: Observation) -> None:
    with store.transaction():
        keep_observation(store, seen)


def _written(bare: sqlite3.Connection, seen: Observation) -> None:
    block = seen.snapshot.block
    rows = [
        (block.number, block.timestamp, state.market.slug, canonical.dumps(state))
        for state in seen.snapshot.markets
        if isinstance(state, MarketState)
    ]
    bare.execute("BEGIN IMMEDIATE")
    bare.executemany("INSERT INTO scan VALUES (?, ?, ?, ?)", rows)
    bare.execute("COMMIT")


def _hints(snapshot: Snapshot) -> dict[str, object]:
    return {s.market.slug: s.hint for s in snapshot.markets if isinstance(s, MarketState) and s.hint}


def _median(samples: Iterator[float]) -> float:
    return statistics.median(samples)
