"""`mammon detect-positions`: what an account holds in every venue, idle cash included."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

import typer

from mammon.cli import pool_table, worlds
from mammon.cli.documents import Amount, ErrorNote, amount
from mammon.cli.invocation import Invocation
from mammon.cli.options import BASE, WORLD, command
from mammon.cli.pool_table import PoolsData
from mammon.cli.readings import error_notes, require_some, unread_note
from mammon.cli.reward_notes import RewardNote, noted, owed_table, unread_notes
from mammon.cli.verifying import Verification, told, verified
from mammon.cli.wiring import Place, opened
from mammon.core.numbers import Fraction, Rate, Units, Usd
from mammon.core.types import Portfolio, Unread
from mammon.engine.observe import Observation
from mammon.errors import UsageError
from mammon.reporting.figures import HoldingFigures, holding_figures, worth
from mammon.reporting.numbers import percent, token, usd
from mammon.reporting.tables import Table, table


@dataclass(frozen=True, slots=True)
class PositionNote:
    """One place where money is; None where it could not be read."""

    slug: str
    assets: Amount | None
    apy: Rate | None
    usd: Usd | None
    share: Fraction | None


@dataclass(frozen=True, slots=True)
class PositionsData:
    """Everything held, and the portfolio that decisions are made on."""

    positions: tuple[PositionNote, ...]
    worth: Amount | None
    """All of it; None as long as part of it is unread."""
    native: Amount | None
    portfolio: Portfolio
    verification: Verification | None = None
    """With `--verify`: what became of every difference from the books."""
    pools: PoolsData | None = None
    """Concentrated-liquidity positions, which this version never moves; None on paper, which has none."""
    rewards: tuple[RewardNote, ...] | None = None
    """With `--rewards`: what is owed beside interest, in no total; None: nobody asked."""


@command(BASE, WORLD)
def detect_positions(
    call: Invocation,
    strict: Annotated[bool, typer.Option("--strict", help="Exit 4 when anything is unread.")] = False,
    verify: Annotated[
        bool,
        typer.Option("--verify", help="Explain every difference from the books; exit 5 on an emergency."),
    ] = False,
    rewards: Annotated[
        bool, typer.Option("--rewards", help="Tell unclaimed rewards, too: it asks for more, and Merkl.")
    ] = False,
) -> None:
    """Read what the account holds at one block: idle cash (a position at 0 %) and every venue.

    Positions in pools are shown beside it: they are never moved, and count in no total and no decision.
    """
    if verify and worlds.on_paper(call):
        raise UsageError("verify_paper", "a paper book is on no chain to verify it by", "use --mode live")
    if rewards and worlds.on_paper(call):
        raise UsageError("rewards_paper", "a paper book is owed no rewards", "see `mammon rewards list`")
    with opened(call, holdings=True) as place:
        on_paper = worlds.on_paper(call)
        seen = place.world.observe() if on_paper else place.observe_pools()
        require_some(seen)
        verification = _verified(place, seen) if verify else None
        owed, silent = _owed(call, place, seen) if rewards else (None, ())
        place.remember(seen)
        view = place.world.holdings.view(seen)
        portfolio, decimals = view.portfolio, view.portfolio.asset.decimals
        total = worth(portfolio)
        rows = holding_figures(view.snapshot, portfolio, call.settings.policy.execution_delay_s)
        native = None if isinstance(portfolio.native, Unread) else amount(portfolio.native, 18)
        data = PositionsData(
            tuple(_note(row, decimals) for row in rows),
            _amount(total, decimals),
            native,
            portfolio,
            verification,
            None if on_paper else pool_table.noted(seen, call.settings.policy.price_margin),
            owed,
        )
        errors = (*error_notes(seen), *pool_table.error_notes(seen), *silent)
        call.result(
            "positions",
            data,
            lambda: [*shown(data), *unread_note(view.snapshot, portfolio), *pool_table.unread_lines(seen)],
            block=seen.snapshot.block,
            errors=errors,
        )
        if verification is not None and verification.alarming:
            raise typer.Exit(5)
        if strict and (errors or (verification is not None and verification.unread)):
            raise typer.Exit(4)


def _verified(place: Place, seen: Observation) -> Verification:
    if seen.portfolio is None:
        raise UsageError("no_account", "no account is set: nothing to verify", "give --account ADDRESS")
    return verified(place, seen)


def _owed(
    call: Invocation, place: Place, seen: Observation
) -> tuple[tuple[RewardNote, ...], tuple[ErrorNote, ...]]:
    """Return what is owed beside interest, and what of it was not told."""
    from mammon.cli.payday import due  # few look for rewards

    if place.owner is None:
        raise UsageError("no_account", "no account is set: nobody is owed anything", "give --account ADDRESS")
    found = due(place, place.rewards(), call.settings.policy, seen)
    return tuple(map(noted, found.owing)), tuple(unread_notes(found))


def shown(data: PositionsData) -> Iterator[Table | str]:
    """Yield what a person sees."""
    asset = data.portfolio.asset
    total = data.worth.raw if data.worth else None
    yield table(
        ("where", asset.symbol, "rate", "worth", "share"),
        [
            (
                row.slug,
                token(row.assets.raw if row.assets else None, asset.decimals),
                percent(row.apy),
                usd(row.usd),
                percent(row.share, 1),
            )
            for row in data.positions
        ],
        title=f"Holdings of {data.portfolio.owner}",
        note=f"together {token(total, asset.decimals, asset.symbol)}",
    )
    if data.pools is not None:
        yield from pool_table.shown(data.pools, asset.symbol, asset.decimals)
    if data.rewards is not None:
        yield (
            owed_table(data.rewards)
            if data.rewards
            else "nobody on this chain pays rewards that can be claimed"
        )
    if data.verification is not None:
        yield from told(data.verification, data.portfolio)


def _note(row: HoldingFigures, decimals: int) -> PositionNote:
    return PositionNote(row.slug, _amount(row.assets, decimals), row.apy, row.usd, row.share)


def _amount(units: Units | None, decimals: int) -> Amount | None:
    return None if units is None else amount(units, decimals)
