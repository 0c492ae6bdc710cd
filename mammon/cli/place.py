"""A place: one world opened for one command: its ports, its state, and what both remember."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from mammon import __version__
from mammon.chain.legs import planned_calls
from mammon.core import canonical
from mammon.core.decide import Decision
from mammon.core.fills import Book
from mammon.core.plan import Outcome
from mammon.core.types import Address, Market, MarketState, Position, Token
from mammon.engine.cycle import CycleResult, World
from mammon.engine.observe import Observation
from mammon.errors import MammonError, UsageError
from mammon.ops.lock import is_running
from mammon.protocols.base import LendingVenue
from mammon.state.moves import MoveMade
from mammon.state.runs import KILLED, Run
from mammon.state.store import Store


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

    def remember(self, seen: Observation) -> None:
        """Keep what was read: the snapshot, the positions, the hints."""
        with self.store.transaction():
            keep_observation(self.store, seen)

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
        plan, portfolio = decision.plan, decision.portfolio
        if plan is None:
            return ()
        held = [p for p in portfolio.positions if isinstance(p, Position) and p.slug == plan.source]
        shares = held[0].shares if held else 0
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
        self._last = ""

    def record(self, observation: Observation, decision: Decision) -> None:
        """Keep a decision with everything it was made from."""
        store, document = self._store, canonical.dumps(decision)
        block = decision.snapshot.block
        with store.transaction():
            keep_observation(store, observation, snapshot=False)
            snapshot = store.snapshots.add(canonical.dumps(decision.snapshot), block.number, block.timestamp)
            policy = store.policies.add(canonical.dumps(decision.policy))
            self._last = store.decisions.record(
                document,
                decision.action,
                summary(decision),
                snapshot_id=snapshot,
                portfolio=canonical.dumps(decision.portfolio),
                policy_hash=policy,
                now=decision.now,
                ask=canonical.dumps(decision.ask) if decision.ask else None,
            )

    def settle(self, decision: Decision, outcome: Outcome) -> None:
        """Keep a move that was made, under the decision it carried out."""
        made = MoveMade(
            self._last,
            decision.snapshot.block.timestamp,
            outcome.source,
            outcome.target,
            outcome.left,
            outcome.entered,
            outcome.gas,
            outcome.transactions,
        )
        with self._store.transaction():
            self._store.moves.record(made)


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
