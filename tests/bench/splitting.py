"""P19: how long the optimal split among 50 venues takes, and how far from the optimum it may be.

Each problem is new: curves of every kind mixed, some money held, gas to pay. Pricing the curves counts.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

from mammon.core.allocation import Split, split
from mammon.core.allocation.together import FREE
from tests.bench.measure import Row, cpu_ms, value
from tests.core.allocation_cases import problem, together

VENUES = 50
EACH_ROUND = 9
CLOSE_PARTS = 20_000
"""Half a basis point."""


def splitting(rounds: int) -> Iterator[Row]:
    """Yield the median time of each round's problems, and the widest gap among them; then with limits on
    what venues hold together: three families, and collaterals that overlap them."""
    note = f"median of {EACH_ROUND} problems, median of rounds"
    for what, limited in ((f"{VENUES} venues", False), (f"{VENUES} venues in groups", True)):
        times, gaps = [], []
        for number in range(rounds + 1):
            seeds = range(number * EACH_ROUND, (number + 1) * EACH_ROUND)
            solved = [_solved(seed, limited) for seed in seeds]
            if number:
                times.append(sorted(taken for taken, _ in solved)[EACH_ROUND // 2])
                gaps.append(max(gap for _, gap in solved))
        yield value("P19", what, times, limit=50.0, unit="ms", note=note)
        yield value("P19", f"{what}, gap", gaps, limit=1.0, unit="bps", note="widest of each round")


def _solved(seed: int, limited: bool) -> tuple[float, float]:
    """Return the time that one problem takes, and its gap in basis points."""
    rng = random.Random(seed)
    places, budget = problem(rng, VENUES)
    limits = together(rng, places, budget) if limited else FREE
    found: list[Split] = []
    taken = cpu_ms(lambda: found.append(split(places, budget, close_parts=CLOSE_PARTS, together=limits)))
    return taken, float(found[0].gap_bps or 0)
