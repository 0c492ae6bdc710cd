"""A world's content, and processes that share it."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

from mammon.core import canonical
from mammon.core.numbers import Units, Wei
from mammon.core.tracks import PriceSample, Track
from mammon.core.types import Address, Hint, MarketState, Snapshot, Unread
from mammon.core.witnesses import Heard
from mammon.state.moves import MoveMade
from mammon.state.opening import Identity
from mammon.state.simchain import Accepted
from mammon.state.store import Store
from tests.state import journals
from tests.state.realistic import OWNER, portfolio

IDENTITY = Identity("paper", 8453, str(OWNER))
HEARD = (
    Heard("kraken", "asset_usd", 1_767_225_600, Decimal("0.99985"), 1_767_225_590),
    Heard("kraken", "reserve-0", 1_767_225_600, code="deadline", reason="kraken: late"),
)
PRICES = (
    PriceSample("asset_usd", Decimal("0.99998112"), 1_767_225_600),
    PriceSample("eth_usd", Decimal("2964.8"), 1_767_225_900),
)
POLICY = b'{"max_moves_per_day":4,"min_apy_gain":"0.005"}'


def record(store: Store, snapshot: Snapshot, kind: str = "hold", summary: str = "hold profit") -> str:
    """Record one cycle as a loop does, in one transaction; return the decision's id."""
    data, at = canonical.dumps(snapshot), snapshot.block.timestamp
    held = portfolio(snapshot)
    document = b'{"action":"%s","snapshot":%s,"now":%d}' % (kind.encode(), data, at)
    with store.transaction():
        cycle = store.cycles.record(1, at, at + 2, kind)
        snapshot_id = store.snapshots.add(data, snapshot.block.number, at)
        store.positions.observe(Address(OWNER), snapshot.block.number, at, held.positions)
        store.readings.keep(snapshot)
        return store.decisions.record(
            document,
            kind,
            summary,
            snapshot_id=snapshot_id,
            portfolio=canonical.dumps(held),
            policy_hash=store.policies.add(POLICY),
            now=at,
            cycle=cycle,
        )


def furnish(store: Store, snapshots: list[Snapshot]) -> None:
    """Put something into every table."""
    for number, snapshot in enumerate(snapshots):
        record(store, snapshot, *(("move", "move") if number == 1 else ()))
        if number == 2:
            store.pack()
    with store.transaction():
        run = store.runs.begin(1000, "run --execute", "0.1.0", "12:34:boot")
        store.runs.end(run, 1300, "done")
        store.runs.begin(1400, "run", "0.1.0", "13:35:boot")
        store.positions.observe(OWNER, 10**9, 2 * 10**9, [Unread("reserve-0", "timeout", "no answer")])
        store.book.replace(0, b'{"idle":"10000000000"}', 1500, [b'{"amount":"5"}', b'{"amount":"6"}'])
        store.hints.put({"vault-1": Hint(("0x" + "ab" * 32, "0x" + "cd" * 32))})
        store.outside.keep_heard(HEARD)
        store.outside.keep_prices(PRICES)
        store.resting.keep({"https://node #12ab": 60.0}, 1500)
        for index in range(3):
            store.moves.record(made(index))
        head = store.simchain.begin(7, 100)
        store.simchain.advance(head, 103, [Accepted(101, b"\x02" + b"\xf0" * 90), Accepted(102, b"\x02\x01")])
        store.gas.observe("aave_v3", "deposit", 200_001, 180)
    journals.write(store)


def made(index: int, at: int | None = None) -> MoveMade:
    """Return a move: the index makes its key and, without `at`, its time."""
    when = 1_767_225_600 + 600 * index if at is None else at
    amounts = Units(5 * 10**9 + index), Units(5 * 10**9 + index - 1), Wei(10**13)
    return MoveMade(f"key-{index}", when, "reserve-0", "vault-1", *amounts, ("0x" + "12" * 32,))


def contents(store: Store) -> dict[str, Any]:
    """Return everything that can be read from a world."""
    decisions = store.decisions.page(limit=1000)
    snapshots = store.snapshots.latest(1000)
    return {
        "decisions": decisions,
        "inputs": [store.decisions.inputs(each) for each in decisions],
        "documents": [store.decisions.document(each) for each in decisions],
        "snapshots": [(row, store.snapshots.bytes_of(row.id)) for row in snapshots],
        "runs": store.runs.latest(1000),
        "cycles": store.cycles.page(limit=1000),
        "positions": store.positions.of(OWNER),
        "book": (store.book.current(), store.book.fills()),
        "hints": store.hints.all(),
        "tracks": tracks(store),
        "outside": (store.outside.heard(), store.outside.prices()),
        "resting": store.resting.left(1500),
        "moves": (store.moves.since(0), store.moves.last_day(1_767_225_600)),
        "simulation": (store.simchain.head(), store.simchain.accepted()),
        "gas": store.gas.all(),
        "journal": journals.journal_contents(store),
    }


def tracks(store: Store) -> tuple[Track, ...]:
    """Return what earlier readings tell at the newest snapshot that is recorded."""
    newest = canonical.loads(Snapshot, store.snapshots.bytes_of(store.snapshots.latest()[0].id))
    markets = [state.market for state in newest.markets if isinstance(state, MarketState)]
    return store.readings.tracks(markets, newest.block)


def forked(work: Callable[[], None]) -> int:
    """Start a process that does `work` and ends; return its number."""
    process = os.fork()
    if process:
        return process
    status = 1
    try:
        work()
        status = 0
    finally:
        os._exit(status)


def ended_well(process: int) -> bool:
    """Wait for a process; say whether its work was done."""
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == 0


def together(work: Callable[[], None], count: int) -> bool:
    """Do the same work in many processes at once; say whether it was done in all of them."""
    processes = [forked(work) for _ in range(count)]
    return all([ended_well(process) for process in processes])  # noqa: C419 - each is waited for


def kill(process: int) -> None:
    """Kill a process as a loss of power would, and wait until it is gone."""
    os.kill(process, signal.SIGKILL)
    os.waitpid(process, 0)


def opened(directory: Path) -> Store:
    """Open the world as a writer."""
    return Store.open(directory, IDENTITY)
