"""A place: one world opened for one command: its ports, its state, and what both remember."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from mammon import __version__
from mammon.chain.rpc import Rpc
from mammon.core import canonical
from mammon.core.costs import native_usd
from mammon.core.decide import Decision
from mammon.core.fills import Book
from mammon.core.flows import Mark
from mammon.core.limits import DAY_S, HOUR_S
from mammon.core.numbers import Usd, Wei
from mammon.core.plan import Finished
from mammon.core.ports import Deadline
from mammon.core.types import (
    Address,
    Block,
    Market,
    MarketState,
    Portfolio,
    Position,
    Snapshot,
    Token,
    Unread,
    Used,
)
from mammon.engine.cycle import CycleResult, World
from mammon.engine.homecoming import Carrier
from mammon.engine.observe import Observation
from mammon.errors import MalformedError, MammonError, OutsideError, UsageError
from mammon.ops.lock import is_running
from mammon.protocols.base import LendingVenue
from mammon.state.moves import MoveMade
from mammon.state.runs import KILLED, Run
from mammon.state.store import Store

if TYPE_CHECKING:
    from mammon.chain.onlooker import Onlooker


@dataclass(frozen=True, slots=True)
class PlannedCall:
    """One call of a plan, ready to be put into a transaction with no value attached."""

    action: str
    slug: str
    to: Address
    data: bytes


@dataclass(slots=True)
class Place:
    """What a command works with."""

    world: World
    store: Store
    owner: Address | None
    asset: Token
    chain_id: int
    markets: Mapping[str, Market]
    venues: Mapping[str, LendingVenue]
    settle: Callable[[], None]
    """Makes what the simulated world went through durable; does nothing elsewhere."""
    rpc: Rpc
    deadline: Callable[[], Deadline]
    """The time one reading may take."""
    onlooker: Callable[[], Onlooker]
    """The account on the chain, for who tries calls out; raises `UsageError` where there is none."""
    settled_mark: Callable[[Block], Mark]
    """Reads the whole account at a settled block below a head."""
    carrier: Carrier | None = None
    """Carries out what a person commands; None: this world was not opened to act in."""
    rehearsable: bool = True
    """What is held is on the chain, so that a node can try a withdrawal out."""

    def remember(self, seen: Observation) -> None:
        """Keep what was read: the snapshot, the positions, the hints."""
        with self.store.transaction():
            keep_observation(self.store, seen)

    def look_again(self) -> None:
        """Keep where the money is after an act; when that cannot be read now, the next command does."""
        with contextlib.suppress(OutsideError, MalformedError):
            self.remember(self.world.observe())

    def require_own(self, seen: Observation) -> None:
        """Raise `UsageError` unless a document's reading is of this world, and something was read."""
        if seen.snapshot.chain_id != self.chain_id or seen.snapshot.asset != self.asset:
            raise UsageError("other_world", "$.data.snapshot: another chain or asset", "scan again")
        held = seen.portfolio
        if held is not None and (held.owner, held.asset) != (self.owner, self.asset):
            raise UsageError("other_world", "$.data.portfolio: another account or asset", "scan again")
        if not any(isinstance(reading, MarketState) for reading in seen.snapshot.markets):
            raise UsageError("document", "$.data.snapshot.markets: not one was read", "scan again")

    def calls(self, decision: Decision) -> tuple[PlannedCall, ...]:
        """Return the calls of a decision's plan, in order."""
        from mammon.chain.calls import planned_calls  # whoever only looks has no need of transactions

        plan, portfolio = decision.plan, decision.portfolio
        if plan is None:
            return ()
        shares = shares_in(portfolio, plan.source)
        made = planned_calls(plan, portfolio.owner, self.venues, self.markets, shares)
        return tuple(
            PlannedCall(step.action, step.slug, call.target, call.data)
            for step, call in zip(plan.steps, made, strict=True)
        )

    def killed(self) -> tuple[Run, ...]:
        """Return the runs that began, recorded no end, and whose process is gone."""
        return tuple(run for run in self.store.runs.unended() if not is_running(run.process))

    @contextlib.contextmanager
    def running(self, command: str, process: str) -> Iterator[RunLog]:
        """Record a run from its start to its end, however it ends; those killed before are closed."""
        now = self.world.clock.now
        with self.store.transaction():
            for run in self.killed():
                self.store.runs.end(run.id, now(), KILLED)
            number = self.store.runs.begin(now(), command, __version__, process)
        outcome = "interrupted"
        try:
            yield RunLog(self, number)
            outcome = "done"
        except MammonError as error:
            outcome = error.code
            raise
        finally:
            with self.store.transaction():
                self.store.runs.end(number, now(), outcome)


@dataclass(slots=True)
class CycleEntry:
    """What one cycle will be recorded as."""

    outcome: str = "failed"

    def done(self, result: CycleResult) -> None:
        """Note how the cycle went."""
        refused = "refused" if result.decision.refused_by else result.decision.action
        self.outcome = "moved" if result.outcome is not None else refused


@dataclass(slots=True)
class RunLog:
    """The cycles of one run."""

    place: Place
    run: int

    @contextlib.contextmanager
    def cycle(self) -> Iterator[CycleEntry]:
        """Record one cycle, also one that fails; the simulated world is made durable with it."""
        now, store = self.place.world.clock.now, self.place.store
        started, entry, code = now(), CycleEntry(), None
        try:
            yield entry
        except MammonError as error:
            code = error.code
            raise
        finally:
            with store.transaction():
                store.cycles.record(self.run, started, now(), entry.outcome, code)
            self.place.settle()
            store.pack()


class StateLedger:
    """The engine's ledger in the state database: one transaction for each thing recorded."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def record(self, observation: Observation, decision: Decision) -> None:
        """Keep a decision with everything it was made from."""
        store, document = self._store, canonical.dumps(decision)
        block = decision.snapshot.block
        with store.transaction():
            keep_observation(store, observation, snapshot=False)
            snapshot = store.snapshots.add(canonical.dumps(decision.snapshot), block.number, block.timestamp)
            policy = store.policies.add(canonical.dumps(decision.policy))
            store.decisions.record(
                document,
                decision.action,
                summary(decision),
                snapshot_id=snapshot,
                portfolio=canonical.dumps(decision.portfolio),
                policy_hash=policy,
                now=decision.now,
                ask=canonical.dumps(decision.ask) if decision.ask else None,
            )

    def settle(self, finished: Finished) -> None:
        """Keep a move that was made, under the decision it carried out; the same one once."""
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


class StateWindows:
    """What the limits' windows hold: from the journal where transactions are signed, else from fills."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def __call__(self, snapshot: Snapshot) -> Used:
        """Return what was used up at the snapshot's block; gas at the price of that block."""
        journal, seen_at = self._store.journal, self._store.journal.seen_at()
        at = max(snapshot.block.timestamp, seen_at)
        filled = [move for move in self._store.moves.since(at - DAY_S) if not move.transactions]
        sent = journal.slots_since(at - HOUR_S)
        paid = Wei(journal.spent(at - DAY_S) + sum(move.gas_wei for move in filled))
        price = snapshot.eth_usd
        if isinstance(price, Unread):
            return Used(Unread("gas", price.code, price.reason) if paid else Usd(Decimal(0)), sent, seen_at)
        return Used(native_usd(paid, price), sent, seen_at)


class StateBooks:
    """The paper book in the state database."""

    def __init__(self, store: Store, now: Callable[[], int]) -> None:
        self._store, self._now = store, now

    def load(self) -> tuple[Book, int] | None:
        """Return the book and its version, None when none was opened."""
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


def shares_in(portfolio: Portfolio, slug: str) -> int:
    """Return what is held in a venue, in its own share units; 0 for the wallet."""
    held = (p.shares for p in portfolio.positions if isinstance(p, Position) and p.slug == slug)
    return next(held, 0)


def keep_observation(store: Store, seen: Observation, snapshot: bool = True) -> None:
    """Keep what one observation showed, inside a transaction."""
    block = seen.snapshot.block
    if snapshot:
        store.snapshots.add(canonical.dumps(seen.snapshot), block.number, block.timestamp)
    store.hints.put(seen.hints)
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
    return " ".join((decision.action, *failed))
