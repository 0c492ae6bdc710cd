"""A place: one world opened for one command: its ports, its state, and what both remember."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mammon import __version__
from mammon.cli.ledgers import keep_observation
from mammon.cli.runlog import RunLog
from mammon.core.types import Address, Block, Market, MarketState, Portfolio, Position, Snapshot, Token
from mammon.engine.observe import Observation
from mammon.engine.world import World
from mammon.errors import MalformedError, MammonError, OutsideError, UsageError
from mammon.state.store import Store

if TYPE_CHECKING:  # whoever only looks decides nothing, and carries nothing out
    from mammon.chain.onlooker import Onlooker
    from mammon.chain.rpc import Rpc
    from mammon.cli.programmes import RewardPorts
    from mammon.core.decide import Decision
    from mammon.core.flows import Mark
    from mammon.core.ports import Deadline
    from mammon.engine.homecoming import Carrier
    from mammon.protocols.base import LendingVenue
    from mammon.state.runs import Run


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
    rewards: Callable[[], RewardPorts]
    """What reading rewards needs beside this."""
    observe_pools: Callable[[], Observation]
    """Reads everything, and beside it what the account holds in pools."""
    look: Callable[[Sequence[str]], Snapshot]
    """Reads the venues of these names and the prices, keeps nothing, and asks nobody else."""
    block_s: int
    """The time of a block."""
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
        from mammon.ops.lock import is_running

        return tuple(run for run in self.store.runs.unended() if not is_running(run.process))

    @contextlib.contextmanager
    def running(self, command: str, process: str) -> Iterator[RunLog]:
        """Record a run from its start to its end, however it ends; those killed before are closed."""
        from mammon.state.runs import KILLED

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


def shares_in(portfolio: Portfolio, slug: str) -> int:
    """Return what is held in a venue, in its own share units; 0 for the wallet."""
    held = (p.shares for p in portfolio.positions if isinstance(p, Position) and p.slug == slug)
    return next(held, 0)
