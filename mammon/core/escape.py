"""Escape: which money in danger leaves first, how much of it, and where to.

What can leave now leaves now; the next decision goes on with the rest. It goes to the first haven that
takes all of it and passes every gate of safety that matters for entering, else to the wallet, which asks
for nothing. Profit, shares, spacing and counts do not hold it back; a stop in force does, and so does a
block that is not fresh. What is worth less than its gas stays.

A way that failed is tried again with a little less, as one unit too much makes a whole withdrawal fail,
and no longer to a haven, which may be what failed. When all of these failed it waits, longer each time,
so that one venue that gives nothing keeps no other money from leaving.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mammon.core.costs import Cost
from mammon.core.danger import ASSET, CODES, Danger
from mammon.core.desk import Desk
from mammon.core.gates import KINDS
from mammon.core.judgement import Judgement
from mammon.core.limits import ledger_time
from mammon.core.numbers import Units
from mammon.core.plan import IDLE
from mammon.core.recall import recalled
from mammon.core.sources import Source
from mammon.core.types import MarketState

TRIES = (100, 99, 90)
"""Hundredths of what can leave that are asked for, each after the one before failed."""
FIRST_WAIT_S = 60
LONGEST_WAIT_S = 1_800
"""How long a venue that refused all of these is left alone: twice as long each time, up to the longest."""
EXEMPT = frozenset(
    {
        "venue_share",
        "shared_risk",
        "concentration",
        "cycle_share",
        "gas_ceiling",
        "daily_gas",
        "cooldown",
        "daily_moves",
        "hourly_transactions",
    }
)
"""Gates of safety that do not hold back what flees: its gas has a ceiling of its own, at the signature."""


def escape(desk: Desk, dangers: Iterable[Danger]) -> Judgement | None:
    """Return the way out of the greatest danger that can be gone now; None when there is none."""
    if desk.policy.on_danger != "exit":
        return None
    acting = [danger for danger in dangers if danger.acts]
    if not acting:
        return None
    ways = sorted(_ways(desk, acting), key=lambda way: way[:-1])
    return None if not ways else _way_out(desk, ways[0][-1], ways[0][0])


_Way = tuple[int, int, int, str, Source]
"""Times it failed, urgency, what can leave (negative, so that most comes first), name; and the source."""


def _ways(desk: Desk, acting: list[Danger]) -> Iterator[_Way]:
    failed = {one.slug: one for one in desk.portfolio.used.failed_exits}
    now = ledger_time(desk.snapshot, desk.portfolio)
    for source in desk.sources:
        urgent = [CODES.index(danger.code) for danger in acting if danger.subject in (source.slug, ASSET)]
        if source.slug == IDLE or not source.available or not urgent or not _worth_it(desk, source):
            continue
        before = failed.get(source.slug)
        times = before.times if before is not None else 0
        if before is not None and now - before.at < wait_s(times):
            continue
        yield times, min(urgent), -source.available, source.slug, source


def wait_s(times: int) -> int:
    """Return how long after so many failures in a row a way is tried again, seconds."""
    waits = times - len(TRIES)
    return 0 if waits < 0 else min(LONGEST_WAIT_S, FIRST_WAIT_S << min(waits, 16))


def _worth_it(desk: Desk, source: Source) -> bool:
    """Say whether what can leave is worth more than its gas, as far as both are known."""
    cost = recalled(desk, source).move.cost
    return not isinstance(cost, Cost) or source.usd is None or source.usd > cost.usd


def _way_out(desk: Desk, source: Source, times: int) -> Judgement:
    available = source.available or Units(0)
    amount = Units(max(1, available * TRIES[times % len(TRIES)] // 100))
    if not times:
        for slug in desk.policy.haven:
            judged = _into(desk, source, slug, amount)
            if judged is not None:
                return judged
    return recalled(desk, source, amount)


def entering_asks(gate: str) -> bool:
    """Say whether a gate is asked before money that flees goes into a haven."""
    return KINDS[gate] == "safety" and gate not in EXEMPT


def _into(desk: Desk, source: Source, slug: str, amount: Units) -> Judgement | None:
    """Return the way into a haven when it is open to all of it; None when it is not."""
    if slug == source.slug or not isinstance(desk.readings.get(slug), MarketState):
        return None
    judged = desk.judgement(source, slug, amount)
    asked = tuple(v for v in judged.verdicts if entering_asks(v.gate))
    entering = Judgement(judged.move, asked)
    return entering if entering.passed else None
