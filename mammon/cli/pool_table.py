"""Positions in pools as `detect-positions` shows them: apart from the holdings, for they are never moved."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mammon.cli.documents import Amount, ErrorNote, amount
from mammon.cli.pool_ports import holdings, prices
from mammon.core.concentrated.positions import Coin, PoolPosition
from mammon.core.concentrated.worth import PoolWorth, Rates, worth_of
from mammon.core.numbers import Fraction, Rate, Units
from mammon.core.types import Unread
from mammon.engine.observe import Observation
from mammon.reporting.numbers import DASH, coins, counted, percent, token
from mammon.reporting.tables import Table, table


@dataclass(frozen=True, slots=True)
class PoolAmount:
    """So much of one of a pool's tokens."""

    token: str
    """Its address."""
    symbol: str | None
    """None where the chain file does not list it: what such a token calls itself means nothing."""
    raw: Units
    amount: Amount | None
    """None where its decimals are not known."""


@dataclass(frozen=True, slots=True)
class PoolNote:
    """One position in a pool: what leaving would pay now, and what that is worth."""

    slug: str
    pool: str
    parameter: int
    """The pool's fee in hundredths of a basis point, or its tick spacing."""
    lower: int
    upper: int
    tick: int
    in_range: bool
    staked: bool
    liquidity: Units
    holds: tuple[PoolAmount, ...]
    fees: tuple[PoolAmount, ...]
    """Not collected yet; a staked position earns none."""
    emissions: PoolAmount | None
    """Not claimed yet; None where it is not staked."""
    emission_apr: Rate | None
    worth: Amount | None
    """All of it in the account's asset, at prices of feeds, nothing taken off; None: part has no price."""
    problem: str
    """Why part of it has no price: a stable code; empty when all has."""


@dataclass(frozen=True, slots=True)
class PoolsData:
    """Positions in pools. They are no part of the portfolio, and no decision sees them."""

    positions: tuple[PoolNote, ...]
    unread: tuple[str, ...]
    """Names of what could not be read; `errors` says why."""
    worth: Amount | None
    """All of them together; None as long as part is unread or has no price."""


def noted(seen: Observation, margin: Fraction) -> PoolsData:
    """Return a reading in its document form."""
    snapshot = seen.snapshot
    rates = Rates(snapshot.asset, snapshot.asset_usd, prices(seen), snapshot.block, margin)
    held = [one for found in holdings(seen) if not isinstance(found, Unread) for one in found.positions]
    notes = tuple(_note(one, worth_of(one, rates), rates) for one in held if isinstance(one, PoolPosition))
    silent = tuple(one.subject for one in unread(seen))
    known = [note.worth.raw for note in notes if note.worth is not None]
    whole = not silent and len(known) == len(notes)
    return PoolsData(notes, silent, amount(sum(known), snapshot.asset.decimals) if whole else None)


def unread(seen: Observation) -> tuple[Unread, ...]:
    """Return every position, and every manager, that could not be read."""
    found: list[Unread] = []
    for one in holdings(seen):
        if isinstance(one, Unread):
            found.append(one)
        else:
            found += (each for each in one.positions if isinstance(each, Unread))
    return tuple(found)


def error_notes(seen: Observation) -> tuple[ErrorNote, ...]:
    """Return them as errors of the document."""
    return tuple(ErrorNote(one.code, f"{one.subject}: {one.reason}", "") for one in unread(seen))


def unread_lines(seen: Observation) -> Iterator[str]:
    """Yield a line for each of them."""
    for one in unread(seen):
        yield f"unread: {one.subject}: {one.reason} ({one.code})"


def shown(data: PoolsData, asset: str, decimals: int) -> Iterator[Table]:
    """Yield what a person sees; nothing where there is no such position."""
    if not data.positions:
        return
    together = DASH if data.worth is None else token(data.worth.raw, decimals, asset)
    yield table(
        ("where", "holds", "fees", "emissions", "range", f"worth in {asset}"),
        [_row(note, decimals) for note in data.positions],
        title=f"{counted(len(data.positions), 'position')} in pools: shown here, and never moved",
        note=f"together {together} at prices of feeds; no part of the holdings, and of no decision",
    )


def _note(held: PoolPosition, worth: PoolWorth, rates: Rates) -> PoolNote:
    total, paid = worth.total, held.emissions
    return PoolNote(
        slug=held.slug,
        pool=held.pool,
        parameter=held.parameter,
        lower=held.lower,
        upper=held.upper,
        tick=held.tick,
        in_range=held.in_range,
        staked=paid is not None,
        liquidity=Units(held.liquidity),
        holds=tuple(map(_amount, held.coins, held.amounts)),
        fees=tuple(map(_amount, held.coins, held.fees)),
        emissions=None if paid is None else _amount(paid.coin, paid.earned),
        emission_apr=_rate(worth) if paid is not None else None,
        worth=None if isinstance(total, Unread) else amount(total, rates.asset.decimals),
        problem=total.code if isinstance(total, Unread) else "",
    )


def _rate(worth: PoolWorth) -> Rate | None:
    return None if isinstance(worth.emission_apr, Unread) else worth.emission_apr


def _amount(coin: Coin, units: Units) -> PoolAmount:
    known = coin.token
    if known is None:
        return PoolAmount(coin.address, None, units, None)
    return PoolAmount(coin.address, known.symbol, units, amount(units, known.decimals))


def _row(note: PoolNote, decimals: int) -> tuple[str, ...]:
    emissions = DASH
    if note.emissions is not None:
        emissions = f"{_spelled(note.emissions)}, now {percent(note.emission_apr)}"
    return (
        note.slug,
        " + ".join(map(_spelled, note.holds)),
        "staked: none" if note.staked else " + ".join(map(_spelled, note.fees)),
        emissions,
        f"{'in' if note.in_range else 'out of'} range",
        note.problem or token(note.worth.raw if note.worth else None, decimals),
    )


def _spelled(part: PoolAmount) -> str:
    if part.amount is None or part.symbol is None:
        return f"{part.raw} of {part.token}"
    return coins(part.raw, part.amount.decimals, part.symbol)
