"""What a fault is: an object that draws its place and its size, and bends what passes by it.

Each hook of `Fault` lets things be; a fault replaces those it needs. `proceed` does what would have
been done without the fault, and may be called never, once, or several times.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from mammon.core.ports import Deadline
from mammon.sim.contracts.machine import Storage

if TYPE_CHECKING:
    from mammon.sim.faults.stage import Endpoint, Stage

T = TypeVar("T")
Json = Any


class Crash(BaseException):
    """End the process here. Not an `Exception`: no handler of the program may survive its own death."""


class Fault:
    """One thing that goes wrong, once or for a while."""

    name: ClassVar[str] = ""
    halts: ClassVar[frozenset[str]] = frozenset()
    """Codes of the halts that are a right answer to it, where it exceeds what the program can mend."""
    stage: Stage

    def __init__(self, draw: Random) -> None:
        """Draw where, when and how much."""

    def __str__(self) -> str:
        """Return the name with what was drawn."""
        drawn = {key: value for key, value in vars(self).items() if key != "stage" and key[0] != "_"}
        return " ".join((self.name, *(f"{key}={value}" for key, value in drawn.items())))

    def begin(self, stage: Stage) -> None:
        """Be put on the stage."""
        self.stage = stage

    def end(self) -> None:
        """Undo what would otherwise last."""

    def tick(self) -> None:
        """Hear that time passed."""

    def exchange(
        self,
        endpoint: Endpoint,
        methods: Sequence[str],
        deadline: Deadline,
        proceed: Callable[[], bytes],
    ) -> bytes:
        """Answer one request body. `methods` are those of its calls."""
        return proceed()

    def answer(
        self, endpoint: Endpoint, method: str, params: Sequence[Json], proceed: Callable[[], Json]
    ) -> Json:
        """Answer one call."""
        return proceed()

    def head(self, endpoint: Endpoint, number: int) -> int:
        """Say which block the endpoint takes for the latest."""
        return number

    def safe(self, endpoint: Endpoint, number: int) -> int:
        """Say which block the endpoint takes for safe."""
        return number

    def view(self, endpoint: Endpoint, storage: Storage) -> None:
        """Change what the endpoint reads from the state."""

    def write(self, method: str, proceed: Callable[[], T]) -> T:
        """Write to the journal."""
        return proceed()

    def sign(self, proceed: Callable[[], T]) -> T:
        """Sign."""
        return proceed()

    def now(self, time: int) -> int:
        """Say what the machine's own clock shows."""
        return time


class Placed(Fault):
    """A fault at one endpoint, or at all of them."""

    def __init__(self, draw: Random) -> None:
        super().__init__(draw)
        self.at = draw.choice((0, 0, 1, 1, 2, -1))
        """-1: all of them."""

    def here(self, endpoint: Endpoint) -> bool:
        """Say whether it is at this endpoint."""
        return self.at < 0 or endpoint.place == self.at % len(self.stage.endpoints)


class Timed(Placed):
    """A fault that lasts for some seconds of chain time."""

    begins: tuple[int, int] = (0, 420)
    lasts: tuple[int, ...] = (4, 20, 60, 180, 400)

    def __init__(self, draw: Random) -> None:
        super().__init__(draw)
        self.from_s = draw.randrange(*self.begins)
        self.for_s = draw.choice(self.lasts)

    def on(self) -> bool:
        """Say whether its time is now."""
        return 0 <= self.stage.elapsed_s - self.from_s < self.for_s


class Counted(Placed):
    """A fault that strikes the nth time something happens, and a few times more."""

    most: ClassVar[int] = 60
    """Up to the how manieth time it waits."""
    often: ClassVar[tuple[int, ...]] = (1, 1, 2, 5)

    def __init__(self, draw: Random) -> None:
        super().__init__(draw)
        self.nth = _early(draw, self.most)
        self.times = draw.choice(self.often)
        self._seen = 0

    def strikes(self) -> bool:
        """Count one more, and say whether it is one to strike."""
        self._seen += 1
        return self.nth <= self._seen < self.nth + self.times


def _early(draw: Random, most: int) -> int:
    """Draw from 1 to `most`, small numbers as likely as large ones."""
    return draw.randrange(1, draw.choice((3, 9, most)) + 1)
