"""Sixteen faults, nine methods, one provider or all of them: 288 cells, each with the verdict that is due.

`python -m tests.reliability.rpc_matrix` runs them all and prints the table; the suite runs 48.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from mammon.errors import MammonError
from tests.chain import proxy_faults as faults
from tests.chain.campaigns import running
from tests.chain.proxy import Fault
from tests.reliability.rpc_operations import OPERATIONS, TYPED, Verdict, watching
from tests.reliability.rpc_world import BUDGET_S, LAGGING, STALE, RpcWorld, rpc_world

GRACE_S = 5.0
"""What an operation may take beyond its budget."""

FAULTS: dict[str, Fault] = {
    "silent": faults.silent,
    "promised": faults.promised,
    "drip_head": faults.drip_head,
    "drip_body": faults.drip_body,
    "limited": faults.limited,
    "unavailable": faults.unavailable,
    "html": faults.html,
    "truncated": faults.truncated,
    "wrong_id": faults.wrong_id,
    "reordered": faults.reordered,
    "both": faults.both,
    "wrong_chain": faults.wrong_chain,
    "stale": faults.behind(STALE),
    "lagging": faults.lagging(LAGGING),
    "flood": faults.flood,
    "dropped": faults.dropped,
}
METHODS = tuple(OPERATIONS)
_READING = frozenset({"eth_chainId", "eth_getBlockByNumber", "eth_feeHistory", "eth_call"})


@dataclass(frozen=True)
class Cell:
    """One fault, the method whose exchanges it befalls, and at whom."""

    fault: str
    method: str
    everywhere: bool

    def __str__(self) -> str:
        return f"{self.fault}-{self.method}-{'all' if self.everywhere else 'one'}"

    @property
    def due(self) -> frozenset[Verdict]:
        """The verdicts that are right."""
        special = _SPECIAL.get(self.fault)
        found = special(self) if special else None
        if found is not None:
            return found
        if not self.everywhere:
            return frozenset({"answer"})
        if OPERATIONS[self.method] is watching:
            return frozenset({"undecided"})
        return frozenset({"told"})


def _reordered(_: Cell) -> frozenset[Verdict]:
    return frozenset({"answer"})


def _stale(cell: Cell) -> frozenset[Verdict] | None:
    """Say what is due of endpoints that all stand still: an old answer is no answer to act on."""
    if cell.method == "eth_sendRawTransaction":
        return frozenset({"answer"})
    if OPERATIONS[cell.method] is watching:
        return frozenset({"undecided"}) if cell.everywhere else frozenset({"answer", "undecided"})
    return frozenset({"old", "told"}) if cell.everywhere else None


def _lagging(cell: Cell) -> frozenset[Verdict] | None:
    """Say what is due of one slow replica behind a balancer: one block for everything, or no answer."""
    if cell.method in ("eth_sendRawTransaction", "eth_chainId"):
        return frozenset({"answer"})
    if cell.method in _READING:
        return frozenset({"answer", "earlier"})
    if OPERATIONS[cell.method] is watching:
        return frozenset({"answer", "undecided"})
    return frozenset({"answer", "told"}) if cell.everywhere else None


_SPECIAL: dict[str, Callable[[Cell], frozenset[Verdict] | None]] = {
    "reordered": _reordered,
    "stale": _stale,
    "lagging": _lagging,
}

CELLS = tuple(
    Cell(fault, method, everywhere) for fault in FAULTS for method in METHODS for everywhere in (False, True)
)
SAMPLE = tuple(
    Cell(fault, METHODS[(row + 3 * step) % len(METHODS)], (row + step) % 2 == 1)
    for row, fault in enumerate(FAULTS)
    for step in range(3)
)
"""Each fault three times, at one and at all; each method five or six times."""


@dataclass(frozen=True)
class Judged:
    """What a cell came to."""

    cell: Cell
    verdict: Verdict
    said: str
    seconds: float

    @property
    def right(self) -> bool:
        """Whether the verdict is due, and in time."""
        return self.verdict in self.cell.due and self.seconds <= BUDGET_S + GRACE_S


def judged(world: RpcWorld, cell: Cell) -> Judged:
    """Run one cell on a world whose providers are sound before and after."""
    for provider in world.providers if cell.everywhere else world.providers[:1]:
        provider.fault(FAULTS[cell.fault], cell.method)
    began = time.monotonic()
    try:
        with world.chain.undone(), world.rpc() as rpc:
            try:
                verdict, said = OPERATIONS[cell.method](world, rpc)
            except MammonError as error:
                verdict, said = ("told" if isinstance(error, TYPED) and error.code else "wrong"), str(error)
            took = time.monotonic() - began
    finally:
        for provider in world.providers:
            provider.heal()
    return Judged(cell, verdict, said, took)


def main() -> int:
    """Run all cells; return 1 when a verdict is not due."""
    with running() as chain, rpc_world(chain) as world:
        found = [judged(world, cell) for cell in CELLS]
    for method in METHODS:
        rows = [one for one in found if one.cell.method == method]
        print(f"{method}: {dict(Counter(one.verdict for one in rows))}")
    wrong = [one for one in found if not one.right]
    for one in wrong:
        print(
            f"WRONG {one.cell}: {one.verdict}, due {sorted(one.cell.due)}: {one.said} ({one.seconds:.2f} s)"
        )
    slowest = max(one.seconds for one in found)
    print(f"{len(found) - len(wrong)} of {len(found)} cells right, the slowest {slowest:.2f} s")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
