"""Faults of the process and its machine: death at every point, a full disk, a clock that steps, stops."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import ClassVar, TypeVar

from mammon.core.ports import Deadline
from mammon.errors import PersonNeededError
from mammon.sim.faults.fault import Counted, Fault, Timed
from mammon.sim.faults.stage import Endpoint

T = TypeVar("T")

WRITES = (
    "begin",
    "sign_slot",
    "sign_slot",
    "sign_again",
    "told",
    "mined",
    "unmined",
    "close_slot",
    "close_slot",
    "fail_leg",
    "close_intent",
    "seal",
    "saw",
    "",
)
"""Where to strike; empty is at every write."""


class DiesWriting(Counted):
    """The process dies around a write to the journal."""

    name = "crash_at_write"
    often: ClassVar[tuple[int, ...]] = (1, 1, 1, 5)
    most = 9

    def __init__(self, draw: Random) -> None:
        super().__init__(draw)
        self.method = draw.choice(WRITES)
        self.after = draw.random() < 0.5

    def write(self, method: str, proceed: Callable[[], T]) -> T:
        """Die before it, or after it is durable."""
        if (self.method and method != self.method) or not self.strikes():
            return proceed()
        if self.after:
            proceed()
        raise self.stage.crash(f"{'after' if self.after else 'before'} journal.{method}")


class DiesAsking(Counted):
    """The process dies around an exchange with an endpoint."""

    name = "crash_at_exchange"
    often: ClassVar[tuple[int, ...]] = (1, 1, 1, 5)
    most = 120

    def __init__(self, draw: Random) -> None:
        super().__init__(draw)
        self.method = draw.choice(("", "eth_sendRawTransaction", "eth_sendRawTransaction"))
        if self.method:
            self.nth = draw.randrange(1, 5)
        self.after = draw.random() < 0.5

    def exchange(
        self,
        endpoint: Endpoint,
        methods: Sequence[str],
        deadline: Deadline,
        proceed: Callable[[], bytes],
    ) -> bytes:
        """Die before the request goes out, or before its answer is read."""
        if (self.method and self.method not in methods) or not self.strikes():
            return proceed()
        if self.after:
            proceed()
        raise self.stage.crash(f"{'after' if self.after else 'before'} {' '.join(methods)}")


class DiesSigning(Counted):
    """The process dies around a signature."""

    name = "crash_at_signature"
    often: ClassVar[tuple[int, ...]] = (1, 2)
    most = 4

    def __init__(self, draw: Random) -> None:
        super().__init__(draw)
        self.after = draw.random() < 0.5

    def sign(self, proceed: Callable[[], T]) -> T:
        """Die before it is made, or before anybody has it."""
        if not self.strikes():
            return proceed()
        if self.after:
            proceed()
        raise self.stage.crash(f"{'after' if self.after else 'before'} signing")


class DiesLater(Timed):
    """The process dies at a moment, whatever it does."""

    name = "crash_at_time"
    lasts = (1,)

    def __init__(self, draw: Random) -> None:
        super().__init__(draw)
        self._done = False

    def tick(self) -> None:
        """Die."""
        if not self._done and self.stage.elapsed_s >= self.from_s and not self.stage.dead:
            self._done = True
            raise self.stage.crash(f"at {self.from_s} s")


class DiskFull(Counted):
    """The disk refuses writes: nothing of them happens."""

    name = "disk_full"
    often: ClassVar[tuple[int, ...]] = (1, 3, 10)

    def write(self, method: str, proceed: Callable[[], T]) -> T:
        """Refuse before anything is durable."""
        if self.strikes():
            self.stage.trace(f"  {self.name}: journal.{method}")
            raise PersonNeededError("disk_full", "the disk refuses to write", "make room")
        return proceed()


class SignerGone(Counted):
    """Whoever holds the key does not answer."""

    name = "signer_gone"
    most = 4

    def sign(self, proceed: Callable[[], T]) -> T:
        """Refuse."""
        if self.strikes():
            raise PersonNeededError("signer", "the signer does not answer", "start it")
        return proceed()


class ClockStep(Timed):
    """The machine's clock is wrong by an hour, or by a day, for a while."""

    name = "clock_step"
    lasts = (20, 200, 10_000)

    def __init__(self, draw: Random) -> None:
        super().__init__(draw)
        self.by_s = draw.choice((3_600, -3_600, 86_400, -86_400))

    def now(self, time: int) -> int:
        """Return the wrong time."""
        return time + self.by_s if self.on() else time


class Stop(Timed):
    """Somebody sets a stop, and lifts it later."""

    name = "stop_set"
    lasts = (20, 200, 700, 10_000)

    def __init__(self, draw: Random) -> None:
        super().__init__(draw)
        self.stop = draw.choice(self.stops())

    def stops(self) -> tuple[str, ...]:
        """Return the stops to choose from."""
        return ("pause", "reduce", "halt")

    def tick(self) -> None:
        """Set it or lift it."""
        (self.stage.stop if self.on() else self.stage.lift)(self.stop)

    def end(self) -> None:
        """Lift it."""
        self.stage.lift(self.stop)


class KillSwitch(Stop):
    """The kill switch appears."""

    name = "kill_switch"

    def stops(self) -> tuple[str, ...]:
        """Return the one there is."""
        return ("kill_switch",)


class KillSwitchBetween(Fault):
    """The kill switch appears after the signature and before the broadcast."""

    name = "kill_switch_after_signing"

    def __init__(self, draw: Random) -> None:
        super().__init__(draw)
        self.nth = draw.randrange(1, 4)
        self.for_s = draw.choice((30, 300))
        self._seen = 0
        self._until: float | None = None

    def write(self, method: str, proceed: Callable[[], T]) -> T:
        """Appear as soon as the nth signature is durable."""
        found = proceed()
        if method in ("sign_slot", "sign_again"):
            self._seen += 1
            if self._seen == self.nth:
                self.stage.stop("kill_switch")
                self._until = self.stage.elapsed_s + self.for_s
        return found

    def tick(self) -> None:
        """Go again."""
        if self._until is not None and self.stage.elapsed_s >= self._until:
            self.end()

    def end(self) -> None:
        """Go again."""
        self.stage.lift("kill_switch")
