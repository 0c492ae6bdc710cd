"""Sentry: looks at the venues that hold money while the loop waits, and ends the wait when it must.

A look is one request, decides nothing and keeps nothing: what it sees that the last decision did not know
makes the next cycle come now, and the looks after it come with every block for a while. A look that fails is
told once; the cycle comes in its time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mammon.core.lookout import Watched, alarms
from mammon.core.ports import Clock
from mammon.core.types import Snapshot
from mammon.errors import MalformedError, OutsideError

CLOSE_LOOKS = 30
"""So many looks after an alarm come with every block."""


@dataclass(frozen=True, slots=True)
class Beat:
    """How often to look. Seconds."""

    every_s: int
    """0: never."""
    block_s: int


class Sentry:
    """Waits for the loop. `look` reads the venues of these names; `told` hears what was seen."""

    def __init__(
        self,
        look: Callable[[Sequence[str]], Snapshot],
        clock: Clock,
        beat: Beat,
        told: Callable[[str], None],
    ) -> None:
        self._look, self._clock, self._beat, self._told = look, clock, beat, told
        self._last: Watched | None = None
        self._close = 0
        self._blind = False

    def watch(self, watched: Watched | None) -> None:
        """Take note of what the next looks are held against; None: nothing, as after a cycle that failed."""
        self._last = watched

    def rest(self, wait_s: float) -> None:
        """Wait so long, or until a look shows what should not wait."""
        ends = self._clock.monotonic() + wait_s
        held = tuple(sorted(self._last.amounts)) if self._last is not None and self._beat.every_s else ()
        while True:
            left = max(0.0, ends - self._clock.monotonic())
            step = min(self._beat.block_s, self._beat.every_s) if self._close else self._beat.every_s
            if not held or left <= step:
                self._clock.sleep(left)
                return
            self._clock.sleep(step)
            if self._alarmed(held):
                return

    def _alarmed(self, held: Sequence[str]) -> bool:
        assert self._last is not None
        self._close = max(0, self._close - 1)
        try:
            seen = self._look(held)
        except (OutsideError, MalformedError) as error:
            if not self._blind:
                self._told(f"between cycles nothing could be seen: {error.message}")
            self._blind = True
            return False
        self._blind = False
        found = alarms(self._last, seen)
        if found:
            self._close = CLOSE_LOOKS
            self._told(f"seen between cycles, decided now: {', '.join(found)}")
        return bool(found)
