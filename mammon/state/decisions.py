"""Decisions: their inputs to the byte, their hash, and the whole document where that is worth its room.

A decision follows from its inputs, so for most cycles the inputs and the sha256 of the decision are
enough: whoever explains one decides again and holds the result against the hash. Kept whole are the
kinds named in `WHOLE` and the first decision of each summary, so that a new kind of refusal can be read even
where it cannot be computed any more; of these the inputs are cut out, which are kept beside them.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from mammon.errors import MalformedError, UsageError
from mammon.state.db import Database, Row
from mammon.state.policies import Policies
from mammon.state.remainder import cut, joined
from mammon.state.series import Series
from mammon.state.snapshots import Snapshots
from mammon.state.table import Table

WHOLE = frozenset({"move", "exit"})
_COLUMNS = (
    "id",
    "sha256",
    "cycle",
    "snapshot",
    "portfolio",
    "policy",
    "ask",
    "at",
    "kind",
    "summary",
    "document",
)
_SHORTEST_PREFIX = 4


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a decision was made from, as canonical bytes; `ask` is None unless a move was asked for."""

    snapshot: bytes
    portfolio: bytes
    policy: bytes
    now: int
    ask: bytes | None


@dataclass(frozen=True, slots=True)
class Recorded:
    """One recorded decision. `id` is the sha256 of its canonical bytes, in hexadecimal."""

    number: int
    """Counts decisions of this world in the order recorded."""
    id: str
    cycle: int | None
    snapshot_id: str
    policy_hash: str
    now: int
    kind: str
    summary: str
    whole: bool
    """The document itself was kept."""

    def require(self, rebuilt: bytes) -> bytes:
        """Return `rebuilt` if these are the decision's bytes. Raises `MalformedError` when they are not."""
        if hashlib.sha256(rebuilt).hexdigest() != self.id:
            raise MalformedError(
                "decision_differs",
                f"deciding again on what was recorded does not give decision {self.id[:12]}",
                "it was made by another version of mammon: explain it with that one",
            )
        return rebuilt


class Decisions:
    """The tables of decisions, of the portfolios they were made for, and of their summaries."""

    def __init__(self, database: Database, snapshots: Snapshots, policies: Policies) -> None:
        self._table = Table(database, "decisions", _COLUMNS)
        self._summaries = Table(database, "summaries", ("id", "text"))
        self.portfolios = Series(database, "portfolios")
        self._snapshots = snapshots
        self._policies = policies

    def record(
        self,
        document: bytes,
        kind: str,
        summary: str,
        *,
        snapshot_id: str,
        portfolio: bytes,
        policy_hash: str,
        now: int,
        ask: bytes | None = None,
        cycle: int | None = None,
    ) -> str:
        """Record a decision inside a transaction; return its id.

        `document` is its canonical bytes, `kind` its action, `summary` its verdict codes without
        numbers. The snapshot and the policy must have been added before. Raises `UsageError` else.
        """
        snapshot = self._snapshots.series.find(snapshot_id)
        policy = self._policies.series.find(policy_hash)
        if snapshot is None or policy is None:
            raise UsageError("unknown_input", "a decision's snapshot and policy are recorded before it")
        digest = hashlib.sha256(document).digest()
        portfolio_row = self.portfolios.add(portfolio)[0]
        reason, is_new = self._summary(summary)
        whole = None
        if is_new or kind in WHOLE:
            read, rules = self._snapshots.series.data(snapshot[0]), self._policies.series.data(policy[0])
            whole = cut(document, (read, portfolio, rules))
        self._table.append(
            digest, cycle, snapshot[0], portfolio_row, policy[0], ask, now, kind, reason, whole
        )
        return digest.hex()

    def find(self, prefix: str) -> Recorded:
        """Return the decision whose id begins with `prefix`. Raises `UsageError` unless it is one."""
        low, high = _bounds(prefix)
        rows = self._table.rows("WHERE sha256 >= ? AND sha256 <= ? ORDER BY id DESC LIMIT 9", (low, high))
        if not rows:
            raise UsageError("unknown_decision", f"no decision begins with {prefix}")
        if len({row[1] for row in rows}) > 1:
            raise UsageError(
                "ambiguous_decision", f"several decisions begin with {prefix}", "give more digits"
            )
        return self._recorded(rows[0])

    def page(self, before: int | None = None, limit: int = 100) -> tuple[Recorded, ...]:
        """Return decisions, newest first; `before` is the number of the last one already seen."""
        if before is None:
            rows = self._table.rows("ORDER BY id DESC LIMIT ?", (limit,))
        else:
            rows = self._table.rows("WHERE id < ? ORDER BY id DESC LIMIT ?", (before, limit))
        return tuple(map(self._recorded, rows))

    def inputs(self, recorded: Recorded) -> Inputs:
        """Return what a decision was made from, to the byte."""
        row = self._row(recorded.number)
        return Inputs(*self._parts(*row[3:6]), now=row[7], ask=row[6])

    def document(self, recorded: Recorded) -> bytes | None:
        """Return the decision's bytes where they were kept whole, None where they must be rebuilt."""
        row = self._row(recorded.number)
        if row[-1] is None:
            return None
        try:
            return recorded.require(joined(row[-1], self._parts(*row[3:6])))
        except MalformedError as error:
            raise self._table.damaged(f"decision {recorded.id[:12]} cannot be unpacked") from error

    def _parts(self, snapshot: int, portfolio: int, policy: int) -> tuple[bytes, bytes, bytes]:
        return (
            self._snapshots.series.data(snapshot),
            self.portfolios.data(portfolio),
            self._policies.series.data(policy),
        )

    def _row(self, number: int) -> Row:
        row = self._table.row("WHERE id = ?", (number,))
        if row is None:
            raise self._table.damaged(f"decision {number} is gone")
        return row

    def _summary(self, text: str) -> tuple[int, bool]:
        known = self._summaries.row("WHERE text = ?", (text,))
        return (known[0], False) if known else (self._summaries.append(text), True)

    def _recorded(self, row: Row) -> Recorded:
        summary = self._summaries.row("WHERE id = ?", (row[9],))
        if summary is None:
            raise self._table.damaged(f"the summary of decision {row[0]} is gone")
        return Recorded(
            number=row[0],
            id=row[1].hex(),
            cycle=row[2],
            snapshot_id=self._snapshots.series.row(row[3])[1].hex(),
            policy_hash=self._policies.series.row(row[5])[1].hex(),
            now=row[7],
            kind=row[8],
            summary=summary[1],
            whole=row[10] is not None,
        )


def _bounds(prefix: str) -> tuple[bytes, bytes]:
    digits = prefix.lower().removeprefix("0x")
    if not _SHORTEST_PREFIX <= len(digits) <= 64 or set(digits) - set("0123456789abcdef"):
        raise UsageError("unknown_decision", f"{prefix!r} is not the beginning of a decision's id")
    return bytes.fromhex(digits.ljust(64, "0")), bytes.fromhex(digits.ljust(64, "f"))
