"""A disk that refuses at every write of one full move: nothing is signed or sent after a commit that failed.

The journal is the real one. Its nth write meets a disk that is full, fails or is read-only: when its
transaction begins, at its first statement, at its commit, or right after a commit that is durable all the
same and was reported as failed. Once, or from then on for as long as faults last; afterwards the disk works
again and all must end well. A full disk is SQLite's own (`max_page_count`), and so is a read-only one.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, TypeVar

from mammon.core.ports import Deadline
from mammon.errors import MammonError
from mammon.sim.faults.fault import Fault
from mammon.sim.faults.stage import Endpoint
from tests.reliability.schedule import Schedule
from tests.reliability.truth import fail
from tests.reliability.world import World, quick_hashes

T = TypeVar("T")

ERRORS = {
    "ENOSPC": (sqlite3.SQLITE_FULL, "SQLITE_FULL", "database or disk is full", "disk_full"),
    "EIO": (sqlite3.SQLITE_IOERR_FSYNC, "SQLITE_IOERR_FSYNC", "disk I/O error", "disk"),
    "EROFS": (
        sqlite3.SQLITE_READONLY,
        "SQLITE_READONLY",
        "attempt to write a readonly database",
        "read_only",
    ),
}
"""Result code, its name and words, and the code a person is told."""
PLACES = ("begin", "statement", "commit", "durable")
_WRITES = ("INSERT", "UPDATE", "DELETE", "REPLACE")


@dataclass(frozen=True)
class Refusal:
    """One way in which one write goes wrong."""

    error: str
    place: str
    nth: int
    lasting: bool

    def __str__(self) -> str:
        return f"{self.error} at {self.place} of write {self.nth}{', and on' if self.lasting else ''}"


class _Connection:
    """A connection over a disk that refuses."""

    def __init__(self, real: sqlite3.Connection, refusal: Refusal) -> None:
        self._real, self._refusal = real, refusal

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def execute(self, sql: str, values: Sequence[Any] = ()) -> sqlite3.Cursor:
        self._meet(sql)
        return self._real.execute(sql, values)

    def executemany(self, sql: str, rows: Sequence[Sequence[Any]]) -> sqlite3.Cursor:
        self._meet(sql)
        return self._real.executemany(sql, rows)

    def _meet(self, sql: str) -> None:
        place, error = self._refusal.place, self._refusal.error
        if place == "statement" and sql.startswith(_WRITES):
            if error != "EROFS":
                raise _error(error)
            self._real.execute("PRAGMA query_only=1")  # SQLite's own refusal
        elif place == "begin" and sql.startswith("BEGIN IMMEDIATE"):
            raise _error(error)
        elif sql == "COMMIT" and place in ("commit", "durable"):
            if place == "durable":
                self._real.execute(sql)
            raise _error(error)

    def healed(self) -> None:
        """Let the disk work again."""
        self._real.execute("PRAGMA query_only=0")


def _error(name: str) -> sqlite3.OperationalError:
    code, symbol, words, _ = ERRORS[name]
    found = sqlite3.OperationalError(words)
    found.sqlite_errorcode, found.sqlite_errorname = code, symbol
    return found


class BadDisk(Fault):
    """Refuse one write, or all from one on, and notice what the process does afterwards."""

    name = "bad_disk"

    def __init__(self, world: World, refusal: Refusal) -> None:
        super().__init__(Random(0))
        self.world, self.refusal = world, refusal
        self.writes = 0
        self.refused: list[str] = []
        self.after = 0
        """Signatures and broadcasts after a failed write in the same process."""
        self._failed_in: float | None = None

    def write(self, method: str, proceed: Callable[[], T]) -> T:
        """Meet the disk as it is."""
        self.writes += 1
        hit = self.writes >= self.refusal.nth if self.refusal.lasting else self.writes == self.refusal.nth
        if not hit:
            return proceed()
        assert self.world._store is not None
        database = self.world._store.database
        real, bad = database.connection, _Connection(database.connection, self.refusal)
        database.connection = bad  # type: ignore[assignment]
        try:
            return proceed()
        except MammonError as error:
            self.refused.append(error.code)
            self._failed_in = self._process
            if error.code != ERRORS[self.refusal.error][-1]:
                fail(self.world, "I1", f"{self.refusal} was told as {error}")
            raise
        finally:
            database.connection = real
            bad.healed()

    def sign(self, proceed: Callable[[], T]) -> T:
        """Notice a signature after a failed write."""
        self._require_sound("signed")
        return proceed()

    def exchange(
        self,
        endpoint: Endpoint,
        methods: Sequence[str],
        deadline: Deadline,
        proceed: Callable[[], bytes],
    ) -> bytes:
        """Notice a broadcast after a failed write."""
        if "eth_sendRawTransaction" in methods:
            self._require_sound("sent")
        return proceed()

    @property
    def _process(self) -> float:
        return self.stage.clock._origin

    def _require_sound(self, what: str) -> None:
        if self._failed_in == self._process:
            fail(self.world, "I1", f"{what} after {self.refusal}")


def ran(refusal: Refusal) -> tuple[World, BadDisk]:
    """Run one full move over a disk that refuses so."""
    schedule = Schedule(
        seed=refusal.nth,
        world=3,
        source="aave-v3",
        target="plain-vault",
        part=False,
        idle_percent=0,
        endpoints=2,
        poll_s=12.0,
        stays_out=False,
        stored=True,
        pause_s=60.0,
    )
    with quick_hashes():
        world = World(schedule)
        disk = BadDisk(world, refusal)
        schedule.faults.append(disk)
        return world.run(), disk


def writes() -> int:
    """Return how many writes a move has that no disk refuses."""
    world, disk = ran(Refusal("EIO", "commit", 10**9, lasting=False))
    if world.violations or world.states["done"] != 1:
        raise RuntimeError(f"the sound run ends with {world.violations} {world.ends}")
    return disk.writes


def refusals(count: int) -> Iterator[Refusal]:
    """Yield every error at every place of every write; and those that stay, at the commit."""
    for nth in range(1, count + 1):
        for error in ERRORS:
            for place in PLACES:
                yield Refusal(error, place, nth, lasting=False)
            yield Refusal(error, "commit", nth, lasting=True)
