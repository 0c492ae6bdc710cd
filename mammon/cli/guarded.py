"""The stops, asked about once more immediately before each act, whatever was judged before."""

from __future__ import annotations

from pathlib import Path

from mammon.core.decide import Decision
from mammon.core.numbers import Units
from mammon.core.plan import IDLE, Finished, Outcome, Plan
from mammon.core.stops import Act
from mammon.core.txstate import IntentKind
from mammon.core.types import Snapshot
from mammon.engine.homecoming import Carrier
from mammon.engine.world import Executor
from mammon.ops.stops import require_allowed


class GuardedExecutor:
    """Carry decisions out as another executor does, unless a stop is in force by then."""

    def __init__(self, executor: Executor, home: Path, world: Path) -> None:
        self._executor, self._home, self._world = executor, home, world

    def recover(self) -> tuple[Finished, ...]:
        """Finish what was begun."""
        return self._executor.recover()

    def execute(self, decision: Decision) -> Outcome:
        """Carry a decision out. Raises `PersonNeededError` when a stop is in force."""
        home = decision.plan is not None and decision.plan.target == IDLE
        leaving = home or decision.action == "exit"  # what enters a haven is asked about where it is signed
        require_allowed(self._home, self._world, "exit_home" if leaving else "move")
        return self._executor.execute(decision)


class GuardedCarrier:
    """Carry out what a person commanded as another carrier does, as far as the stops let it."""

    def __init__(self, carrier: Carrier, home: Path, world: Path, overriding: bool) -> None:
        self._carrier, self._home, self._world, self._overriding = carrier, home, world, overriding

    def begin(self) -> None:
        """Put down what was begun."""
        self._carrier.begin()

    def carry(self, kind: IntentKind, plan: Plan, snapshot: Snapshot, shares: int) -> Outcome:
        """Carry a plan out. Raises `PersonNeededError` when a stop in force does not let it."""
        act: Act = "exit_home" if kind == "exit" else "deposit" if plan.source == IDLE else "move"
        require_allowed(self._home, self._world, act, by_command=kind == "exit", overriding=self._overriding)
        return self._carrier.carry(kind, plan, snapshot, shares)

    def end(self) -> None:
        """Take back what is allowed to anybody."""
        self._carrier.end()

    def pending(self) -> bool:
        """Say whether something is on its way."""
        return self._carrier.pending()

    def allowance(self, slug: str) -> Units:
        """Return what a venue may take."""
        return self._carrier.allowance(slug)

    def room(self) -> int:
        """Return how many transactions may be sent in this hour."""
        return self._carrier.room()
