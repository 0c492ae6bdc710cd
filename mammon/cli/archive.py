"""The archive: what a world's state remembers, for commands that look back. No network."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

from mammon.cli import worlds
from mammon.cli.invocation import Invocation
from mammon.core import canonical
from mammon.core.decide import Ask, Decision, decide
from mammon.core.policy import Policy
from mammon.core.ports import Clock
from mammon.core.types import Portfolio, Snapshot
from mammon.errors import UsageError
from mammon.state.decisions import Recorded
from mammon.state.store import Store


@contextlib.contextmanager
def archive(call: Invocation) -> Iterator[Archive]:
    """Open what a world's state remembers, for reading alone. No network, no chain.

    The time is the world's own: a simulated one stands where the last command left it.
    """
    identity = worlds.identity(call)
    call.enter(identity.chain_id, identity.account)
    with Store.readonly(worlds.directory(call, identity), identity) as store:
        call.enter(identity.chain_id, identity.account, _standing(store))
        yield Archive(store)


def _standing(store: Store) -> Clock | None:
    head = store.simchain.head()
    if head is None:
        return None  # a real chain: its time is the machine's
    from mammon.sim.processes import timestamp_of  # no other world has it loaded

    return StandingClock(timestamp_of(head.height))


@dataclass(frozen=True, slots=True)
class StandingClock:
    """The clock of a simulated world that nobody moves."""

    at: int

    def now(self) -> int:
        """Return the time of its latest block in unix seconds."""
        return self.at

    def monotonic(self) -> float:
        """Return a moment; there is no other."""
        return 0.0

    def sleep(self, seconds: float) -> None:
        """Refuse: looking back takes no time."""
        raise UsageError("no_time", f"nothing may wait {seconds} s here")


@dataclass(frozen=True, slots=True)
class Archive:
    """The state of one world, opened for reading."""

    store: Store

    def decision(self, prefix: str | None) -> Decision:
        """Return a recorded decision by the beginning of its id, by default the latest, to the byte.

        One that was not kept whole is decided again from its inputs and held against its hash.
        """
        recorded = self.latest() if prefix is None else self.store.decisions.find(prefix)
        document = self.store.decisions.document(recorded)
        if document is not None:
            return canonical.loads(Decision, document)
        inputs = self.store.decisions.inputs(recorded)
        again = decide(
            canonical.loads(Snapshot, inputs.snapshot),
            canonical.loads(Portfolio, inputs.portfolio),
            canonical.loads(Policy, inputs.policy),
            inputs.now,
            canonical.loads(Ask, inputs.ask) if inputs.ask else None,
        )
        recorded.require(canonical.dumps(again))
        return again

    def latest(self) -> Recorded:
        """Return the latest decision's record. Raises `UsageError` when there is none."""
        found = self.store.decisions.page(limit=1)
        if not found:
            raise UsageError(
                "no_decision", "nothing was decided in this world yet", "run `mammon gates` first"
            )
        return found[0]
