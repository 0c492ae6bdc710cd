"""The simulated chain between processes: its seed, its height, and every raw transaction it accepted.

Each process rebuilds the chain from these; they are only ever added to.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mammon.errors import OutsideError, UsageError
from mammon.state.db import Database
from mammon.state.table import Table


@dataclass(frozen=True, slots=True)
class SimHead:
    """Where the simulated chain stands."""

    seed: int
    height: int
    accepted: int
    """How many transactions it has accepted."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """A raw transaction, and the height at which the node took it."""

    height: int
    raw: bytes


class SimChain:
    """The tables of the simulated chain."""

    def __init__(self, database: Database) -> None:
        self._table = Table(database, "sim_chain", ("id", "seed", "height", "accepted"))
        self._transactions = Table(database, "sim_transactions", ("id", "height", "raw"))

    def head(self) -> SimHead | None:
        """Return where the chain stands, None when it was never begun."""
        row = self._table.row("")
        return SimHead(int(row[1]), row[2], row[3]) if row else None

    def begin(self, seed: int, height: int) -> SimHead:
        """Begin the chain, inside a transaction, or return where it stands.

        Raises `UsageError` when it was begun with another seed: that is another world.
        """
        found = self.head()
        if found is None:
            found = SimHead(seed, height, 0)
            self._put(found)
        if found.seed != seed:
            raise UsageError(
                "other_seed",
                f"this simulated world was begun with seed {found.seed}, not {seed}",
                f"use --seed {found.seed}, or another MAMMON_HOME",
            )
        return found

    def advance(self, expected: SimHead, height: int, accepted: Sequence[Accepted] = ()) -> SimHead:
        """Move the chain from `expected` to a height, inside a transaction; return where it stands then.

        Raises `OutsideError` when another process moved it meanwhile, `ValueError` when it would go back.
        """
        if self.head() != expected:
            raise OutsideError("simulation_moved", "another command moved the simulated chain", "run again")
        if height < expected.height:
            raise ValueError("the simulated chain does not go back")
        for transaction in accepted:
            self._transactions.append(transaction.height, transaction.raw)
        moved = SimHead(expected.seed, height, expected.accepted + len(accepted))
        self._put(moved)
        return moved

    def accepted(self) -> tuple[Accepted, ...]:
        """Return every accepted transaction, in order. Raises `PersonNeededError` when one is missing."""
        head = self.head()
        rows = self._transactions.rows("ORDER BY id LIMIT ?", (head.accepted if head else 0,))
        if head is not None and [row[0] for row in rows] != list(range(1, head.accepted + 1)):
            raise self._transactions.damaged("a transaction is missing")
        return tuple(Accepted(row[1], row[2]) for row in rows)

    def _put(self, head: SimHead) -> None:
        self._table.put([(1, str(head.seed), head.height, head.accepted)])
