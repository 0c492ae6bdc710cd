"""`mammon scan`: every market at one block: rate now, rate after our deposit, what stands in the way."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

import typer

from mammon.cli.documents import Amount, ErrorNote, amount
from mammon.cli.invocation import Invocation
from mammon.cli.options import BASE, WORLD, command
from mammon.cli.readings import error_notes, require_some, token_units, unread_note, worth_judging
from mammon.cli.scan_wish import Order, ScanWish
from mammon.core.numbers import Fraction, Rate, Units
from mammon.core.types import Market, MarketState, Portfolio, Snapshot, slug_of
from mammon.engine.observe import Observation
from mammon.errors import UsageError
from mammon.reporting.figures import MarketFigures, market_figures
from mammon.reporting.rate_curve import RateCurve, rate_curves

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mammon.cli.place import Place
    from mammon.core.rewards import RewardRate
    from mammon.reporting.tables import Table


@dataclass(frozen=True, slots=True)
class ScanData:
    """Every market's figures, and the whole reading they were computed from."""

    amount: Amount
    """The deposit that `apy_after` and `exit` are about."""
    markets: tuple[MarketFigures, ...]
    """Those asked for, in the order asked for."""
    left_out: int
    """How many were read, or tried, that were not asked for."""
    curves: tuple[RateCurve, ...]
    """With --curve: of the markets above that were read, in their order."""
    requests: int
    """HTTP requests this scan took."""
    snapshot: Snapshot
    portfolio: Portfolio | None
    reward_share: Fraction = Fraction(Decimal(0))
    """How much of rewards the policy counts in decisions; 0: none."""


@command(BASE, WORLD)
def scan(
    call: Invocation,
    slug: Annotated[list[str] | None, typer.Argument(help="These venues alone.", metavar="[SLUG]...")] = None,
    sum_: Annotated[str | None, typer.Option("--amount", metavar="USDC", help="Deposit to judge by.")] = None,
    protocol: Annotated[
        list[str] | None, typer.Option("--protocol", metavar="NAME", help="Its venues; may be repeated.")
    ] = None,
    tier: Annotated[
        int | None, typer.Option("--tier", metavar="1-5", help="Of this tier or a better one.")
    ] = None,
    open_: Annotated[bool, typer.Option("--open", help="Those that may be entered.")] = False,
    sort: Annotated[Order, typer.Option("--sort", help="By what they are put in order.")] = "after",
    curve: Annotated[bool, typer.Option("--curve", help="Draw rate against deposit.")] = False,
    out: Annotated[
        str | None, typer.Option("--out", metavar="FILE.svg", help="Draw the curves into a file.")
    ] = None,
    rewards: Annotated[
        bool, typer.Option("--rewards", help="Look for rewards, too: it asks for more, and Merkl.")
    ] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Exit 4 when any venue is unread.")] = False,
) -> None:
    """Read every market at one block: rate now, rate after our deposit, room, liquidity, way out, state."""
    from mammon.cli.wiring import opened  # what only wants this document's schema opens no world

    wish = ScanWish(tuple(slug or ()), tuple(protocol or ()), tier, open_, sort)
    target = _target(call, out, curve)
    with opened(call) as place:
        wish.check(place.markets)
        asked = None if sum_ is None else token_units(sum_, place.asset, "--amount")
        seen = place.world.observe()
        require_some(seen)
        place.remember(seen)
        if rewards:
            seen = _with_rewards(place, seen)
        paid, silent = _rewards(call, seen) if seen.snapshot.paid is not None else ({}, ())
        data = scanned(call, seen, asked, wish, place.markets, curve=curve, rewards=paid)
        errors = (*error_notes(seen), *silent)
        if target is not None:
            _draw(data, target)
        call.result("scan", data, lambda: shown(call, data, target), block=seen.snapshot.block, errors=errors)
        if strict and errors:
            raise typer.Exit(4)


def scanned(
    call: Invocation,
    seen: Observation,
    asked: Units | None = None,
    wish: ScanWish | None = None,
    markets: Mapping[str, Market] | None = None,
    *,
    curve: bool = False,
    rewards: Mapping[str, RewardRate] | None = None,
) -> ScanData:
    """Return an observation as the document's data."""
    asset = seen.snapshot.asset
    asked = worth_judging(call, seen) if asked is None else asked
    policy = call.settings.policy
    every = market_figures(
        seen.snapshot,
        asked,
        policy.execution_delay_s,
        policy.risk_premium,
        policy.max_rate_gap,
        rewards or {},
        _counted(call, seen, asked),
    )
    rows = every if wish is None else wish.applied(every, markets or {})
    slugs = tuple(row.slug for row in rows) if curve else ()
    curves = rate_curves(seen.snapshot, slugs, policy.execution_delay_s)
    left_out = len(every) - len(rows)
    found = amount(asked, asset.decimals)
    share = policy.reward_share
    return ScanData(found, rows, left_out, curves, seen.requests, seen.snapshot, seen.portfolio, share)


def _counted(call: Invocation, seen: Observation, amount: int) -> dict[str, Rate]:
    """Return what counts of rewards once so much is deposited, by slug; nothing where nothing ever does."""
    policy, snapshot = call.settings.policy, seen.snapshot
    if not policy.reward_share or snapshot.paid is None:
        return {}
    from mammon.core.counted import Rewards  # by default no reward counts

    rewards = Rewards(snapshot, policy)
    slugs = [state.market.slug for state in snapshot.markets if isinstance(state, MarketState)]
    return {slug: Rate(rewards.apr(slug, amount)) for slug in slugs}


def _with_rewards(place: Place, seen: Observation) -> Observation:
    """Return a reading with what programmes pay in its snapshot."""
    from mammon.cli.payday import with_programmes  # few scans look for rewards

    return with_programmes(place, place.rewards(), seen)


def _rewards(call: Invocation, seen: Observation) -> tuple[Mapping[str, RewardRate], tuple[ErrorNote, ...]]:
    """Return what programmes pay by slug, and what of it was not told."""
    from mammon.cli.payday import rates_of
    from mammon.core.rewards import RewardRate

    found, silent = rates_of(seen.snapshot, call.settings.policy)
    notes = (
        () if silent is None else (ErrorNote(silent.code, f"{silent.subject}: {silent.reason}", "try again"),)
    )
    nothing = RewardRate(Rate(Decimal(0)), ())
    read = {state.market.slug: nothing for state in seen.snapshot.markets if isinstance(state, MarketState)}
    # Where Merkl is silent, a market without any other programme is not known to have none.
    return {**({} if notes else read), **dict(found)}, notes


def shown(call: Invocation, data: ScanData, target: Path | None) -> Iterator[Table | str]:
    """Yield what a person sees: the table, or with --curve the curves."""
    from mammon.cli.scan_table import legend, market_table
    from mammon.reporting.sentences import rate_notes, source_notes  # loads the decision: for a person only

    if data.curves:
        yield from _pictures(call, data, target)
    else:
        yield market_table(data)
        yield from legend(data)
    yield from _told_of_rewards(call, data)
    yield from unread_note(data.snapshot, data.portfolio)
    asked = {row.slug for row in data.markets}
    of_those = tuple(reading for reading in data.snapshot.markets if slug_of(reading) in asked)
    yield from rate_notes(dataclasses.replace(data.snapshot, markets=of_those))
    yield from source_notes(data.snapshot)


def _told_of_rewards(call: Invocation, data: ScanData) -> Iterator[str]:
    """Say what the columns of rewards are about, and what counts of them in decisions."""
    if any(row.reward is not None for row in data.markets):
        where = (
            "`counts`: of that, in decisions"
            if data.reward_share
            else "in no other column, and in no decision"
        )
        yield f"reward: paid beside interest, after the haircut; {where}"
    elif not data.reward_share:
        yield "rewards were not looked for (--rewards); they count nothing in decisions"
    if data.reward_share:
        from mammon.reporting.rewarding import reward_notes

        yield from reward_notes(data.snapshot, call.settings.policy)


def _pictures(call: Invocation, data: ScanData, target: Path | None) -> Iterator[str]:
    from mammon.cli.streams import is_terminal
    from mammon.reporting.plot import plots

    if target is not None:
        yield f"drawn into {target}"
        return
    plain = not is_terminal(call.process.stdout)
    yield from plots(data.curves, data.amount.raw, data.amount.decimals, plain=plain)


def _target(call: Invocation, out: str | None, curve: bool) -> Path | None:
    """Return the file to draw into. Raises `UsageError` where there is nothing to draw, or no picture."""
    from mammon.cli import outfile

    if out is None:
        return None
    if not curve:
        raise UsageError("bad_value", "--out: nothing is drawn without --curve", "give --curve too")
    target = outfile.named(call.process.directory, out, "--out")
    if target.suffix.lower() != ".svg":
        raise UsageError("bad_value", f"--out: {out[:60]!r} is no .svg", "name a file that ends in .svg")
    return target


def _draw(data: ScanData, target: Path) -> None:
    from mammon.cli import outfile
    from mammon.reporting.svg import svg

    asset, block = data.snapshot.asset, data.snapshot.block
    title = f"{asset.symbol} on chain {data.snapshot.chain_id}, block {block.number}: yield after a deposit"
    outfile.write(target, svg(data.curves, data.amount.raw, data.amount.decimals, title), "output")
