"""Laws of a cycle that acts: what an earlier process left comes first, and what it finished is kept."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from mammon.core.decide import Decision
from mammon.core.numbers import Units, Wei
from mammon.core.plan import Finished, Outcome
from mammon.engine.cycle import cycle, recover
from mammon.engine.world import World
from mammon.errors import OutsideError

LEFT = Finished("d" * 64, 7, Outcome("idle", "high", Units(5), Units(5), Wei(1), ("0xab",)))


@dataclasses.dataclass
class Acting:
    """An executor that finished a move an earlier process began, and a ledger."""

    kept: list[Finished] = dataclasses.field(default_factory=list)

    def recover(self) -> tuple[Finished, ...]:
        return (LEFT,)

    def execute(self, decision: Decision) -> Outcome:
        raise AssertionError("nothing was decided")

    def record(self, observation: Any, decision: Decision) -> None:
        raise AssertionError("nothing was seen")

    def settle(self, finished: Finished) -> None:
        self.kept.append(finished)


def world(acting: Acting | None, ledger: Acting) -> World:
    """Return a world that cannot be seen."""

    def unseen() -> Any:
        raise OutsideError("dark", "nothing answers")

    nothing: Any = None
    return World(unseen, nothing, ledger, acting, nothing, nothing)


def test_what_was_finished_is_kept() -> None:
    """A move that an earlier process began counts as made, once it is finished."""
    acting = Acting()
    assert recover(world(acting, acting)) == (LEFT,)
    assert acting.kept == [LEFT]


def test_a_world_that_cannot_act_has_nothing_to_recover() -> None:
    """Looking finishes nothing."""
    ledger = Acting()
    assert recover(world(None, ledger)) == ()
    assert ledger.kept == []


@pytest.mark.parametrize("execute", [True, False])
def test_recovery_comes_before_anything_is_looked_at(execute: bool) -> None:
    """What is on the wire is settled first, also when the market cannot be seen; never by who only looks."""
    acting = Acting()
    with pytest.raises(OutsideError):
        cycle(world(acting, acting), execute)
    assert acting.kept == ([LEFT] if execute else [])
