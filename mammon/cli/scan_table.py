"""A scan as a table: everything where there is room for it, on 80 columns what matters most."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING

from mammon.core.exit_time import MONTH_S, ExitTime, Wait
from mammon.reporting.figures import MarketFigures
from mammon.reporting.numbers import DASH, counted, duration, percent, rounded, short, token
from mammon.reporting.tables import Table, table

if TYPE_CHECKING:
    from mammon.cli.scan import ScanData
    from mammon.reporting.outlook import Past

_HEADS = (
    "venue",
    "now",
    "reward",
    "counts",
    "after",
    "used",
    "liquid",
    "exit",
    "room",
    "tier",
    "vs 1d",
    "vs 7d",
    "others",
    "state",
)
_FEWER = frozenset({"vs 1d", "vs 7d", "others"})
_FEWEST = _FEWER | {"tier"}
_UNITS = ((86_400, "d"), (3_600, "h"), (60, "m"), (1, "s"))


def market_table(data: ScanData) -> Table:
    """Return the markets as a table, with as many columns as a terminal has room for."""
    asset, block = data.snapshot.asset, data.snapshot.block
    asked = token(data.amount.raw, asset.decimals, asset.symbol)
    title = f"{asset.symbol} on chain {data.snapshot.chain_id}, block {block.number}"
    note = f"after: once {asked} is deposited; {counted(data.requests, 'request')}"
    if data.left_out:
        note += f"; {counted(data.left_out, 'venue')} left out"
    cells = [dict(zip(_HEADS, _row(row, asset.decimals), strict=True)) for row in data.markets]
    silent = _silent(data)
    narrow = None
    for hidden in (_FEWEST, _FEWER, silent):
        heads = tuple(head for head in _HEADS if head not in hidden | silent)
        rows = [tuple(row[head] for head in heads) for row in cells]
        narrow = table(heads, rows, title=title, note=note, narrow=narrow)
    assert narrow is not None
    return narrow


def _silent(data: ScanData) -> frozenset[str]:
    """Return the columns that nobody was asked about."""
    found = set() if data.snapshot.witnesses else {"others"}
    if all(row.reward is None for row in data.markets):
        found.add("reward")
    if all(row.counted is None for row in data.markets):
        found.add("counts")
    return frozenset(found)


def legend(data: ScanData) -> Iterator[str]:
    """Yield what the columns of the past are about, and how far back it was read."""
    reach = [row.outlook.exit.read_s for row in data.markets if row.outlook is not None]
    if not reach:
        return
    asset = data.snapshot.asset
    asked = token(data.amount.raw, asset.decimals, asset.symbol)
    read = duration(min(reach)) if min(reach) < MONTH_S else "30d"
    since = f"read for {read}" if min(reach) else "not read before"
    yield f"exit: wait until {asked} could leave: now/in 24h/in 30d; {since}"
    if any(row.outlook.day or row.outlook.week for row in data.markets if row.outlook is not None):
        yield "vs 1d, vs 7d: the rate now less what was earned since then, in percentage points"


def tier_and_score(row: MarketFigures) -> str:
    """Return how a venue is rated: its tier, and its score in hundredths; `?` where facts are missing."""
    found = row.standing
    if found is None:
        return DASH
    unknown = "?" if any(points is None for _, points in found.factors) else ""
    return f"{found.tier} ({found.score // 100}{unknown})"


def exit_cell(found: ExitTime) -> str:
    """Return the waits of this block, of 24 hours and of 30 days: 0, at most, at least, or unknown."""
    waits = (found.now, found.day, found.month)
    if all(wait is not None and wait.bound == "exact" for wait in waits):
        return "at once"
    return "/".join(map(_wait, waits))


def _row(row: MarketFigures, decimals: int) -> tuple[str, ...]:
    room = short(row.room, decimals) if row.capped else ("no cap" if row.supplied is not None else DASH)
    state = row.state + (f": {', '.join(row.reasons)}" if row.reasons else "")
    found = row.outlook
    return (
        row.slug,
        percent(row.apy),
        DASH if row.reward is None else percent(row.reward.apr),
        percent(row.counted),
        percent(row.apy_after),
        percent(row.utilisation, 1),
        short(row.withdrawable, decimals),
        DASH if found is None else exit_cell(found.exit),
        room,
        tier_and_score(row),
        DASH if found is None else _change(row.apy, found.day),
        DASH if found is None else _change(row.apy, found.week),
        _others(row),
        state,
    )


def _wait(wait: Wait | None) -> str:
    """Return a wait by its largest unit, rounded to the safe side of its bound."""
    if wait is None:
        return "?"
    if wait.bound == "exact":
        return "0"
    size, letter = next((unit for unit in _UNITS if wait.seconds >= unit[0]), _UNITS[-1])
    if wait.bound == "most":
        return f"<{-(-wait.seconds // size)}{letter}"
    return f">{wait.seconds // size}{letter}"


def _change(apy: Decimal | None, past: Past | None) -> str:
    if apy is None or past is None or past.apy_earned is None:
        return DASH
    return f"{rounded((apy - past.apy_earned) * 100, 2):+}"


def _others(row: MarketFigures) -> str:
    """Return what outside sources say: nothing to say, agreement, or who differs and by how much."""
    if row.outlook is None:
        return DASH
    found = row.outlook.agreement
    if found.state == "agrees":
        return "agree"
    if found.state == "disagrees":
        return f"{percent(found.theirs)} ({found.source})"
    return DASH if found.code == "no_witness" else f"? {found.code}"
