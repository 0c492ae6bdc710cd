"""What the engine remembers, in the state database: decisions, moves, windows, inflows, the paper book."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING

from mammon.core import canonical
from mammon.core.costs import native_usd
from mammon.core.limits import DAY_S, HOUR_S
from mammon.core.numbers import Units, Usd, Wei
from mammon.core.types import Inflow, MarketState, Portfolio, Position, Snapshot, Unread, Used
from mammon.engine.observe import Observation
from mammon.state.store import Store

if TYPE_CHECKING:  # whoever only looks decides nothing, and carries nothing out
    from mammon.core.decide import Decision
    from mammon.core.fills import Book
    from mammon.core.plan import Finished


class StateLedger:
    """The engine's ledger in the state database: one transaction for each thing recorded.

    In a run what is held is recorded with the end of its cycle: nothing is done about it, and nobody is told
    of it before.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def record(self, observation: Observation, decision: Decision) -> None:
        """Keep a decision with everything it was made from."""
        parts = canonical.fields(decision)
        if self._store.gathering and decision.plan is None:
            self._store.database.ride(
                "decision", lambda: self._write(observation, decision, parts, haste=False)
            )
            return
        with self._store.transaction():
            self._write(observation, decision, parts)

    def settle(self, finished: Finished) -> None:
        """Keep a move that was made, under the decision it carried out; the same one once."""
        from mammon.state.moves import MoveMade

        outcome = finished.outcome
        made = MoveMade(
            finished.decision,
            finished.at,
            outcome.source,
            outcome.target,
            outcome.left,
            outcome.entered,
            outcome.gas,
            outcome.transactions,
        )
        with self._store.transaction():
            self._store.moves.record(made)

    def _write(
        self, observation: Observation, decision: Decision, parts: Mapping[str, bytes], *, haste: bool = True
    ) -> None:
        store, block = self._store, decision.snapshot.block
        keep_observation(store, observation, snapshot=False)
        snapshot = store.snapshots.add(parts["snapshot"], block.number, block.timestamp, haste=haste)
        policy = store.policies.add(parts["policy"])
        store.decisions.record(
            canonical.joined(parts),
            decision.action,
            summary(decision),
            snapshot_id=snapshot,
            portfolio=parts["portfolio"],
            policy_hash=policy,
            now=decision.now,
            ask=parts["ask"] if decision.ask else None,
        )


class StateWindows:
    """What the limits' windows hold: from the journal where transactions are signed, else from fills."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def __call__(self, snapshot: Snapshot) -> Used:
        """Return what was used up at the snapshot's block; gas at the price of that block."""
        from mammon.core.breaker import failed_exits  # whoever only scans has no need of plans

        journal = self._store.journal
        with self._store.database.one_state():
            seen_at = journal.seen_at()
            at = max(snapshot.block.timestamp, seen_at)
            filled = [move for move in self._store.moves.since(at - DAY_S) if not move.transactions]
            sent = journal.slots_since(at - HOUR_S)
            failed = failed_exits(journal.exits_since(at - DAY_S))
            paid = Wei(journal.spent(at - DAY_S) + sum(move.gas_wei for move in filled))
        price = snapshot.eth_usd
        if isinstance(price, Unread):
            gas = Unread("gas", price.code, price.reason) if paid else Usd(Decimal(0))
            return Used(gas, sent, seen_at, failed)
        return Used(native_usd(paid, price), sent, seen_at, failed)


class StateInflows:
    """What came into the wallet of late: what is explained, and what is there beyond it."""

    def __init__(self, store: Store, within_s: int) -> None:
        self._store, self._within_s = store, within_s

    def __call__(self, snapshot: Snapshot, portfolio: Portfolio) -> tuple[Inflow, ...]:
        """Return the inflows up to the snapshot's block.

        What the wallet has beyond the last mark, and beyond what our own legs brought since, came in from
        outside and is not explained yet: it counts from this block on. Before the first mark nothing is
        known of what came when, and what is there was there.
        """
        from mammon.core.flows import DUST

        flows, journal, at = self._store.flows, self._store.journal, snapshot.block.timestamp
        with self._store.database.one_state():
            mark = flows.mark()
            found = flows.inflows(max(at, journal.seen_at()) - self._within_s)
            if mark is None or mark.idle is None or isinstance(portfolio.idle, Unread):
                return found
            more = Units(portfolio.idle - mark.idle - journal.moved_since(mark.block))
        return found if more < DUST else (*found, Inflow(at, more))


class StateBooks:
    """The paper book in the state database."""

    def __init__(self, store: Store, now: Callable[[], int]) -> None:
        self._store, self._now = store, now

    def load(self) -> tuple[Book, int] | None:
        """Return the book and its version, None when none was opened."""
        from mammon.core.fills import Book

        current = self._store.book.current()
        return None if current is None else (canonical.loads(Book, current.document), current.version)

    def save(self, book: Book, version: int) -> int:
        """Replace the book of that version; return the new version."""
        document = canonical.dumps(book)
        current = self._store.book.current()
        if current is not None and current.version == version and current.document == document:
            return version
        with self._store.transaction():
            return self._store.book.replace(version, document, self._now())


def keep_observation(store: Store, seen: Observation, snapshot: bool = True) -> None:
    """Keep what one observation showed, inside a transaction."""
    block = seen.snapshot.block
    if snapshot:
        store.snapshots.add(canonical.dumps(seen.snapshot), block.number, block.timestamp)
    store.hints.put(seen.hints)
    store.readings.keep(seen.snapshot)
    store.outside.keep_heard(seen.heard)
    if seen.prices is not None:
        store.outside.keep_prices(seen.prices)
    if seen.portfolio is not None:
        held = seen.portfolio.positions
        found = {position.market for position in held if isinstance(position, Position)}
        unread = {item.subject for item in held if not isinstance(item, Position)}
        read = {
            s.market.id
            for s in seen.snapshot.markets
            if isinstance(s, MarketState) and s.market.slug not in unread
        }
        store.positions.observe(seen.portfolio.owner, block.number, block.timestamp, held, read - found)


def summary(decision: Decision) -> str:
    """Return what kind of decision this is, without numbers: action, and who refused what."""
    failed = (
        [v.gate for v in decision.chosen.verdicts if not v.passed] if decision.chosen else ["nothing_to_move"]
    )
    stood = (f"{one.standing}:{one.subject}:{one.code}" for one in decision.dangers)
    return " ".join((decision.action, *failed, *stood))
