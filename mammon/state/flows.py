"""Flows: what explained each difference of the account, and the mark up to which all is explained."""

from __future__ import annotations

from collections.abc import Sequence

from mammon.core import canonical
from mammon.core.flows import Flow, Mark
from mammon.core.names import Address, Hash32
from mammon.core.numbers import Units
from mammon.core.plan import IDLE
from mammon.core.types import Inflow
from mammon.errors import OutsideError
from mammon.state import marks
from mammon.state.audit import Audit
from mammon.state.db import Database, Row
from mammon.state.marks import Marks
from mammon.state.table import Table

_COLUMNS = ("id", "kind", "subject", "amount", "block", "hash", "place", "other", "at")


class Flows:
    """The table of flows, and the mark they lead up to."""

    def __init__(self, database: Database) -> None:
        self._table = Table(database, "flows", _COLUMNS)
        self._marks = Marks(database)
        self._audit = Audit(database)

    def mark(self) -> Mark | None:
        """Return what the account held at the last block that was reconciled; None before the first."""
        text = self._marks.text(marks.RECONCILED)
        return None if text is None else canonical.loads(Mark, text)

    def record(self, since: Mark | None, now: Mark, flows: Sequence[Flow] = ()) -> None:
        """Put `now` in the place of the mark it was explained from, with the flows between, in a transaction.

        Raises `OutsideError` when that mark is not the last one any more: then they are recorded already.
        """
        if self.mark() != since:
            raise OutsideError(
                "reconciled", "another command has reconciled this account meanwhile", "run again"
            )
        for flow in flows:
            where = (flow.block, flow.hash, flow.index, flow.other, flow.at)
            self._table.append(flow.kind, flow.subject, str(flow.amount), *where)
        self._marks.put(marks.RECONCILED, canonical.dumps(now).decode())
        at = self._marks.number(marks.SEEN_AT) or 0
        self._audit.add("reconciled", at, block=now.block, hash=now.hash, nonce=now.nonce, flows=len(flows))

    def correct(self, now: Mark, why: str) -> None:
        """Put `now` in the place of a mark that cannot be explained, inside a transaction: a person looked.

        What lies between is no flow: it stays unexplained, and the audit log says who took it as it is.
        """
        before = self.mark()
        self._marks.put(marks.RECONCILED, canonical.dumps(now).decode())
        at = self._marks.number(marks.SEEN_AT) or 0
        since = None if before is None else before.block
        self._audit.add("mark_corrected", at, since=since, block=now.block, hash=now.hash, why=why)

    def inflows(self, since: int) -> tuple[Inflow, ...]:
        """Return what others sent into the wallet at `since`, unix seconds, or later, oldest first."""
        rows = self._table.rows(
            "WHERE kind = 'inflow' AND subject = ? AND at >= ? ORDER BY at, id", (IDLE, since)
        )
        return tuple(Inflow(flow.at, flow.amount) for flow in map(_flow, rows))

    def page(self, before: int | None = None, limit: int = 100) -> tuple[tuple[int, Flow], ...]:
        """Return flows with their numbers, newest first; `before` is the last number already seen."""
        if before is None:
            rows = self._table.rows("ORDER BY id DESC LIMIT ?", (limit,))
        else:
            rows = self._table.rows("WHERE id < ? ORDER BY id DESC LIMIT ?", (before, limit))
        return tuple((row[0], _flow(row)) for row in rows)


def _flow(row: Row) -> Flow:
    _, kind, subject, amount, block, hash_, place, other, at = row
    known = None if hash_ is None else Hash32(hash_)
    return Flow(kind, subject, Units(int(amount)), block, known, place, other and Address(other), at)
