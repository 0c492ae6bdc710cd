"""The ports of one world, as the engine knows them: worlds differ in what is passed in.

No decision is loaded with them: whoever only looks has no need of one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from mammon.core.decide import Decision
    from mammon.core.plan import Finished, Outcome
    from mammon.core.policy import Policy
    from mammon.core.ports import Clock
    from mammon.core.types import Portfolio, Snapshot
    from mammon.engine.observe import Observation


@dataclass(frozen=True, slots=True)
class View:
    """What a decision is given: the market as it looks with our money in it, and that money."""

    snapshot: Snapshot
    portfolio: Portfolio


class Holdings(Protocol):
    """Say what is held: an account on chain, or the paper book."""

    def view(self, observation: Observation) -> View:
        """Return the market with our money in it, and that money."""
        ...

    def keep(self) -> None:
        """Keep what the last view brought up to date, where this world keeps books of its own."""
        ...


class Executor(Protocol):
    """Carry a decision's plan out in this world, and say what was measured."""

    def execute(self, decision: Decision) -> Outcome: ...

    def recover(self) -> tuple[Finished, ...]:
        """Finish or park what an earlier process left, before anything else is done."""
        ...


class Ledger(Protocol):
    """Keep what was seen and decided, in one transaction, before anything is done about it."""

    def record(self, observation: Observation, decision: Decision) -> None: ...

    def settle(self, finished: Finished) -> None:
        """Keep a move that was made; the same one again changes nothing."""
        ...


@dataclass(frozen=True, slots=True)
class World:
    """The ports of one world."""

    observe: Callable[[], Observation]
    holdings: Holdings
    ledger: Ledger
    executor: Executor | None
    """None: this world cannot act (yet)."""
    clock: Clock
    policy: Policy
