"""`mammon scan`: every market at one block: rate now, rate after our deposit, what stands in the way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from mammon.cli.documents import Amount, amount
from mammon.cli.invocation import Invocation
from mammon.cli.options import BASE, WORLD, command
from mammon.cli.readings import error_notes, require_some, token_units, unread_note, worth_judging
from mammon.core.numbers import Units
from mammon.core.types import Portfolio, Snapshot
from mammon.engine.observe import Observation
from mammon.reporting.figures import MarketFigures, market_figures
from mammon.reporting.numbers import DASH, counted, percent, short, token

if TYPE_CHECKING:
    from mammon.reporting.tables import Table


@dataclass(frozen=True, slots=True)
class ScanData:
    """Every market's figures, and the whole reading they were computed from."""

    amount: Amount
    """The deposit that `apy_after` is about."""
    markets: tuple[MarketFigures, ...]
    requests: int
    """HTTP requests this scan took."""
    snapshot: Snapshot
    portfolio: Portfolio | None


@command(BASE, WORLD)
def scan(
    call: Invocation,
    sum_: Annotated[str | None, typer.Option("--amount", metavar="USDC", help="Deposit to judge by.")] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit 4 when any venue is unread.")] = False,
) -> None:
    """Read every market at one block: rate now, rate after our deposit, room, liquidity, state."""
    from mammon.cli.wiring import opened  # what only wants this document's schema opens no world

    with opened(call) as place:
        asked = None if sum_ is None else token_units(sum_, place.asset, "--amount")
        seen = place.world.observe()
        require_some(seen)
        place.remember(seen)
        data = scanned(call, seen, asked)
        errors = error_notes(seen)
        call.result("scan", data, lambda: shown(data), block=seen.snapshot.block, errors=errors)
        if strict and errors:
            raise typer.Exit(4)


def scanned(call: Invocation, seen: Observation, asked: Units | None = None) -> ScanData:
    """Return an observation as the document's data."""
    asset = seen.snapshot.asset
    asked = worth_judging(call, seen) if asked is None else asked
    policy = call.settings.policy
    rows = market_figures(seen.snapshot, asked, policy.execution_delay_s, policy.risk_premium)
    return ScanData(amount(asked, asset.decimals), rows, seen.requests, seen.snapshot, seen.portfolio)


def shown(data: ScanData) -> Iterator[Table | str]:
    """Yield what a person sees."""
    from mammon.reporting.sentences import rate_notes  # loads the decision: for a person only

    yield market_table(data)
    yield from unread_note(data.snapshot, data.portfolio)
    yield from rate_notes(data.snapshot)


def market_table(data: ScanData) -> Table:
    """Return the markets as a table, best rate after the deposit first; tiers only where they fit."""
    from mammon.reporting.tables import table

    asset, block = data.snapshot.asset, data.snapshot.block
    asked = token(data.amount.raw, asset.decimals, asset.symbol)
    title = f"{asset.symbol} on chain {data.snapshot.chain_id}, block {block.number}"
    note = f"after: once {asked} is deposited; {counted(data.requests, 'request')}"
    heads = ("venue", "now", "after", "used", "liquid", "room", "tier", "state")
    rows = [_row(row, asset.decimals) for row in data.markets]
    tier = heads.index("tier")
    fewer = [(*row[:tier], *row[tier + 1 :]) for row in (heads, *rows)]
    narrow = table(fewer[0], fewer[1:], title=title, note=note)
    return table(heads, rows, title=title, note=note, narrow=narrow)


def _row(row: MarketFigures, decimals: int) -> tuple[str, ...]:
    room = short(row.room, decimals) if row.capped else ("no cap" if row.supplied is not None else DASH)
    state = row.state + (f": {', '.join(row.reasons)}" if row.reasons else "")
    return (
        row.slug,
        percent(row.apy),
        percent(row.apy_after),
        percent(row.utilisation, 1),
        short(row.withdrawable, decimals),
        room,
        tier_and_score(row),
        state,
    )


def tier_and_score(row: MarketFigures) -> str:
    """Return how a venue is rated: its tier, and its score in hundredths; `?` where facts are missing."""
    found = row.standing
    if found is None:
        return DASH
    unknown = "?" if any(points is None for _, points in found.factors) else ""
    return f"{found.tier} ({found.score // 100}{unknown})"
