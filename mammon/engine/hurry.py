"""Hurry: how soon to look again while money is in a danger that it should leave."""

from __future__ import annotations

from mammon.core.decide import Decision

LOOKS = 30
"""After so many looks in which nothing could leave, the time between them doubles."""
_MOST_DOUBLED = 20


class Hurry:
    """Count the looks at a danger. It begins with every block, and slows down while nothing can leave."""

    def __init__(self, block_s: int) -> None:
        self._block_s = block_s
        self._urgent = False
        self._looks = 0

    def decided(self, decision: Decision) -> None:
        """Take note of a decision; where something leaves, or nothing is in danger, it begins anew."""
        self._urgent = decision.urgent
        if decision.escaped or not decision.urgent:
            self._looks = 0

    def within_s(self) -> int | None:
        """Return within how many seconds of the last look the next one should come; None: at its time.

        Each time it is asked counts as a look, also where nothing could be read at all.
        """
        if not self._urgent:
            return None
        doubled = min(self._looks // LOOKS, _MOST_DOUBLED)
        self._looks += 1
        return self._block_s << doubled
