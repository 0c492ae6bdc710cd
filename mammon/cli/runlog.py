"""The log of one run: its cycles, each recorded however it ends."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mammon.errors import MammonError

if TYPE_CHECKING:
    from mammon.cli.place import Place
    from mammon.engine.cycle import CycleResult


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
        now = self.place.world.clock.now
        started, entry, code = now(), CycleEntry(), None
        self.place.store.gathering = True
        try:
            yield entry
        except MammonError as error:
            code = error.code
            raise
        finally:
            self.place.store.gathering = False
            self._ended(started, now(), entry.outcome, code)

    def _ended(self, started: int, now: int, outcome: str, code: str | None) -> None:
        """Record a cycle, make the simulated world durable and pack, in one change; else that it failed."""
        store = self.place.store
        try:
            with store.transaction():
                store.cycles.record(self.run, started, now, outcome, code)
                store.pack()
                self.place.settle()
        except MammonError as error:
            with store.transaction():
                store.cycles.record(self.run, started, now, "failed", error.code)
            raise
