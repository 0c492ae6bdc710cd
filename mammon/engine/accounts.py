"""Who holds the money: an account on chain; `engine.paper` has the book that lives in the state.

Both give a decision the same thing, a `View`; neither knows which world it serves.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from mammon.core.types import Inflow, Portfolio, Snapshot, Used
from mammon.engine.observe import Observation
from mammon.engine.world import View
from mammon.errors import UsageError

Stops = Callable[[], tuple[str, ...]]
"""Names of the stops in force, asked anew at each view."""
Inflows = Callable[[Snapshot, Portfolio], tuple[Inflow, ...]]
"""What came into the wallet of late, as the state knows it."""
Windows = Callable[[Snapshot], Used]
"""What the limits' windows hold at a snapshot's block, as the state remembers it."""


class ChainAccount:
    """Holdings as the chain shows them, with the moves the state remembers."""

    def __init__(
        self, moved: Callable[[int], tuple[int, ...]], stops: Stops, windows: Windows, inflows: Inflows
    ) -> None:
        self._moved, self._stops, self._windows, self._inflows = moved, stops, windows, inflows

    def view(self, observation: Observation) -> View:
        """Return the observation as read, with the account's recent moves and the stops in force."""
        held = observation.portfolio
        if held is None:
            raise UsageError("no_account", "no account is set", "give --account ADDRESS, or set `account`")
        seen = observation.snapshot
        moved, used = self._moved(seen.block.timestamp), self._windows(seen)
        inflows = self._inflows(seen, held)
        return View(
            seen, dataclasses.replace(held, moved=moved, stops=self._stops(), used=used, inflows=inflows)
        )

    def keep(self) -> None:
        """Keep nothing: the chain is the book."""
