"""One cycle: observe, see what is held, decide, record, and carry it out when asked to.

Every world runs this function; worlds differ in the ports they pass in.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mammon.core.decide import Ask, Decision, decide, identity
from mammon.core.limits import ledger_time
from mammon.core.plan import Finished, Outcome
from mammon.engine.observe import Observation
from mammon.engine.world import World
from mammon.errors import UsageError


@dataclass(frozen=True, slots=True)
class CycleResult:
    """What one cycle saw, decided and did."""

    observation: Observation
    decision: Decision
    outcome: Outcome | None
    recovered: tuple[Finished, ...] = ()
    """What an earlier process had begun and was finished first."""


def consider(world: World, observation: Observation, ask: Ask | None = None) -> Decision:
    """Decide on an observation from anywhere, and keep nothing of it."""
    view = world.holdings.view(observation)
    return decide(view.snapshot, view.portfolio, world.policy, world.clock.now(), ask)


def judge(world: World, observation: Observation, ask: Ask | None = None) -> Decision:
    """Decide on an observation made by this world, and record both."""
    decision = consider(world, observation, ask)
    world.ledger.record(observation, decision)
    world.holdings.keep()
    return decision


def act(world: World, decision: Decision) -> Outcome:
    """Carry a decided move out. Raises `UsageError` when there is nothing to do or nobody to do it."""
    if decision.plan is None:
        raise UsageError("no_plan", "the decision is to hold: there is nothing to carry out")
    if world.executor is None:
        raise UsageError("cannot_execute", "this world cannot carry moves out")
    outcome = world.executor.execute(decision)
    world.ledger.settle(
        Finished(identity(decision), ledger_time(decision.snapshot, decision.portfolio), outcome)
    )
    return outcome


def recover(world: World) -> tuple[Finished, ...]:
    """Finish or park what an earlier process left; keep and return what was finished."""
    finished = world.executor.recover() if world.executor is not None else ()
    for one in finished:
        world.ledger.settle(one)
    return finished


def cycle(
    world: World, execute: bool, decided: Callable[[Decision], None] = lambda _decision: None
) -> CycleResult:
    """Run one whole cycle. A move is carried out only when `execute` is set and every gate passed.

    `decided` is told of the decision before anything is done about it.
    """
    recovered = recover(world) if execute else ()
    observation = world.observe()
    decision = judge(world, observation)
    decided(decision)
    outcome = act(world, decision) if execute and decision.plan is not None else None
    return CycleResult(observation, decision, outcome, recovered)
