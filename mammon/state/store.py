"""The state of one world: its database opened, and one repository for each table.

A repository that few commands need is loaded when it is asked for; `repositories` has them all.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from mammon.core.names import Address, Hash32
from mammon.state import meta
from mammon.state.db import Database
from mammon.state.failures import corrupt
from mammon.state.gas import MeasuredGas
from mammon.state.hints import Hints
from mammon.state.opening import Identity, open_reader, open_writer
from mammon.state.outside import Outside
from mammon.state.policies import Policies
from mammon.state.positions import Positions
from mammon.state.readings import Readings
from mammon.state.resting import Resting
from mammon.state.snapshots import Snapshots

if TYPE_CHECKING:
    from mammon.state.audit import Audit
    from mammon.state.book import PaperBook
    from mammon.state.cycles import Cycles
    from mammon.state.decisions import Decisions
    from mammon.state.flows import Flows
    from mammon.state.journal import Journal
    from mammon.state.moves import Moves
    from mammon.state.pins import Pins
    from mammon.state.runs import Runs
    from mammon.state.simchain import SimChain


class Store:
    """Everything remembered about one world. Use `open` or `readonly`."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.snapshots = Snapshots(database)
        self.policies = Policies(database)
        self.positions = Positions(database)
        self.hints = Hints(database)
        self.readings = Readings(database)
        self.outside = Outside(database)
        self.resting = Resting(database)
        self.gas = MeasuredGas(database)
        self.gathering = False
        """Whether a cycle is under way at whose end everything is committed that nothing was done about."""

    # --- loaded when asked for -------------------------------------------------------------------

    @cached_property
    def audit(self) -> Audit:
        """The chain of audit rows."""
        from mammon.state.audit import Audit

        return Audit(self.database)

    @cached_property
    def book(self) -> PaperBook:
        """The paper book."""
        from mammon.state.book import PaperBook

        return PaperBook(self.database)

    @cached_property
    def cycles(self) -> Cycles:
        """The cycles of every run."""
        from mammon.state.cycles import Cycles

        return Cycles(self.database)

    @cached_property
    def decisions(self) -> Decisions:
        """Every decision that was made."""
        from mammon.state.decisions import Decisions

        return Decisions(self.database, self.snapshots, self.policies)

    @cached_property
    def flows(self) -> Flows:
        """The mark up to which the account is explained, and the flows that led there."""
        from mammon.state.flows import Flows

        return Flows(self.database)

    @cached_property
    def journal(self) -> Journal:
        """The journal of transactions."""
        from mammon.state.journal import Journal

        return Journal(self.database)

    @cached_property
    def moves(self) -> Moves:
        """The moves that were made."""
        from mammon.state.moves import Moves

        return Moves(self.database)

    @cached_property
    def pins(self) -> Pins:
        """What is pinned of each contract that money goes to."""
        from mammon.state.pins import Pins

        return Pins(self.database)

    @cached_property
    def runs(self) -> Runs:
        """The runs of the loop."""
        from mammon.state.runs import Runs

        return Runs(self.database)

    @cached_property
    def simchain(self) -> SimChain:
        """The simulated chain between processes."""
        from mammon.state.simchain import SimChain

        return SimChain(self.database)

    def repositories(self) -> tuple[object, ...]:
        """Return every repository: whoever looks the whole state over leaves no table out."""
        return (
            self.snapshots,
            self.policies,
            self.positions,
            self.hints,
            self.readings,
            self.outside,
            self.resting,
            self.gas,
            self.audit,
            self.book,
            self.cycles,
            self.decisions,
            self.flows,
            self.journal,
            self.moves,
            self.pins,
            self.runs,
            self.simchain,
        )

    # --- the database ----------------------------------------------------------------------------

    @classmethod
    def open(cls, directory: Path, identity: Identity) -> Self:
        """Open a world for reading and writing; make it or migrate it where needed (`open_writer`)."""
        return cls(open_writer(directory, identity))

    @classmethod
    def readonly(cls, directory: Path, identity: Identity) -> Self:
        """Open a world for reading: makes no file, takes no lock that outlasts a query (`open_reader`)."""
        return cls(open_reader(directory, identity))

    def transaction(self) -> AbstractContextManager[None]:
        """Make all writes of a block one durable change, or none of them (`Database.transaction`)."""
        return self.database.transaction()

    def change(self) -> AbstractContextManager[None]:
        """Make all writes of a block part of the open transaction, else of one of their own."""
        return self.database.change()

    def check(self) -> None:
        """Have the whole file checked: for commands that act. Raises `PersonNeededError` on damage."""
        from mammon.state.completeness import missing

        self.database.check()
        for why in missing(self.database):
            raise corrupt(self.database.path, why)

    def restored(self) -> str:
        """Return which copy this state was restored from, empty when it has met the chain since.

        A restored state may not know of transactions that were sent after its copy was made: nothing is
        signed on a real chain before it was reconciled with it.
        """
        return meta.facts(self.database).get(meta.RESTORED, "")

    def forget_restored(self) -> None:
        """Note that a restored state was reconciled with the chain. Does nothing where none was restored."""
        source = self.restored()
        if source:
            with self.transaction():
                meta.put(self.database, {meta.RESTORED: ""})
                self.audit.add("reconciled_after_restore", self.journal.seen_at(), source=source)

    def pinned(self) -> dict[Address, tuple[Hash32, Hash32]]:
        """Return code hash and implementation of every contract that is pinned; mostly there is none."""
        with self.database.one_state():
            return self.pins.latest() if self.database.rows("SELECT 1 FROM pins LIMIT 1") else {}

    def pack(self) -> None:
        """Pack what was recorded in haste: when nothing waits for it."""
        every = (self.snapshots.series, self.decisions.portfolios, self.policies.series)
        waiting = [series for series in every if series.pending()]
        if waiting:
            with self.change():
                for series in waiting:
                    series.pack()

    def close(self) -> None:
        """Let go of the database."""
        self.database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
