"""The state of one world: its database opened, and one repository for each table."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Self

from mammon.state import meta
from mammon.state.audit import Audit
from mammon.state.book import PaperBook
from mammon.state.cycles import Cycles
from mammon.state.db import Database
from mammon.state.decisions import Decisions
from mammon.state.flows import Flows
from mammon.state.gas import MeasuredGas
from mammon.state.hints import Hints
from mammon.state.journal import Journal
from mammon.state.moves import Moves
from mammon.state.opening import Identity, open_reader, open_writer
from mammon.state.pins import Pins
from mammon.state.policies import Policies
from mammon.state.positions import Positions
from mammon.state.resting import Resting
from mammon.state.runs import Runs
from mammon.state.simchain import SimChain
from mammon.state.snapshots import Snapshots


class Store:
    """Everything remembered about one world. Use `open` or `readonly`."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.snapshots = Snapshots(database)
        self.policies = Policies(database)
        self.decisions = Decisions(database, self.snapshots, self.policies)
        self.runs = Runs(database)
        self.cycles = Cycles(database)
        self.positions = Positions(database)
        self.book = PaperBook(database)
        self.hints = Hints(database)
        self.resting = Resting(database)
        self.moves = Moves(database)
        self.simchain = SimChain(database)
        self.gas = MeasuredGas(database)
        self.journal = Journal(database)
        self.audit = Audit(database)
        self.pins = Pins(database)
        self.flows = Flows(database)

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

    def check(self) -> None:
        """Have the whole file checked: for commands that act. Raises `PersonNeededError` on damage."""
        self.database.check()

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

    def pack(self) -> None:
        """Pack what was recorded in haste, in a transaction of its own: when nothing waits for it."""
        every = (self.snapshots.series, self.decisions.portfolios, self.policies.series)
        waiting = [series for series in every if series.pending()]
        if waiting:
            with self.transaction():
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
