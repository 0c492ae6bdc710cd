"""One case for every gate, as a person meets it: what `mammon gates` refuses, and its nearest neighbour.

A new gate needs one line in `CASES`. There are four kinds:

- `Knob`: a limit of the policy. It is set to exactly what the gate measured, which passes, and then one
  step tighter.
- `Sums`: an amount asked about, and one unit more.
- `Reading`: a scan in which one thing is changed by `x`: 0 passes, `most` does not. The last `x` that
  passes is looked for, and the real command is asked about it and about the next one.
- `Switch`: commands after which the gate refuses, and commands after which it passes again.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from mammon.core.curves import AaveCurve
from mammon.core.fixed import RAY, SECONDS_PER_YEAR
from mammon.core.numbers import Ray, Units
from mammon.core.tracks import PriceSample, Sample, Track, Witness
from mammon.core.types import MarketState, Price, Sequencer, Snapshot, Unread, slug_of

TARGET = "aave-fork"
AMOUNT = Units(10_000_000_000)
HALF = {"policy.keep_liquid_usdc": "5000"}
"""Half of the money stays in the wallet, so that there is some to ask about after a move."""
NOW_AND_AGAIN = {"policy.cooldown": "0s"}
MOVED = (("rebalance", "--execute", "--yes"),)
HOUR_S = 3_600


@dataclass(frozen=True)
class Knob:
    """A limit of the policy, set around what was measured."""

    key: str
    tighter: Literal["up", "down"]
    step: str = "0.000000000001"
    settings: dict[str, str] = field(default_factory=dict)
    before: tuple[tuple[str, ...], ...] = ()
    """Commands that come first."""
    meanwhile: dict[str, str] = field(default_factory=dict)
    """Settings for those alone."""
    amount: str = "10000"


@dataclass(frozen=True)
class Sums:
    """An amount that just passes, and one unit more."""

    passing: str
    refused: str
    settings: dict[str, str] = field(default_factory=dict)
    target: str = TARGET


@dataclass(frozen=True)
class Reading:
    """A scan changed by `x`."""

    change: Callable[[Snapshot, int], Snapshot]
    most: int = 1


@dataclass(frozen=True)
class Switch:
    """Commands that make the gate refuse, and those that end it."""

    on: tuple[str, ...]
    off: tuple[str, ...]


Case = Knob | Sums | Reading | Switch


# --- changes of a scan ---------------------------------------------------------------------------


def target_of(snapshot: Snapshot) -> MarketState:
    """Return the reading of the venue asked about."""
    found = next(reading for reading in snapshot.markets if slug_of(reading) == TARGET)
    assert isinstance(found, MarketState)
    return found


def venue(change: Callable[[MarketState, int], MarketState | Unread]) -> Callable[[Snapshot, int], Snapshot]:
    """Return the change of a scan in which the target alone is changed."""

    def changed(snapshot: Snapshot, x: int) -> Snapshot:
        old = target_of(snapshot)
        markets = tuple(change(old, x) if reading is old else reading for reading in snapshot.markets)
        return dataclasses.replace(snapshot, markets=markets)

    return changed


def unread(state: MarketState, x: int) -> MarketState | Unread:
    return Unread(TARGET, "timeout", "no answer") if x else state


def lent(state: MarketState, x: int) -> MarketState:
    """Lend `x` millionths of what is supplied more than 90 %; the curve still says what it said."""
    borrowed = Units(state.supplied * (900_000 + x) // 1_000_000)
    return dataclasses.replace(state, borrowed=borrowed)


def supplied(state: MarketState, x: int) -> MarketState:
    return dataclasses.replace(state, supplied=Units(10**14 - x), borrowed=Units(0))


def history(*readings: tuple[int, int]) -> Callable[[Snapshot], tuple[Track, ...]]:
    """Return what makes a track of (seconds ago, index)."""

    def tracks(snapshot: Snapshot) -> tuple[Track, ...]:
        state, block = target_of(snapshot), snapshot.block
        samples = tuple(
            Sample(
                block.number - ago,
                block.timestamp - ago,
                Ray(index),
                state.supplied,
                state.borrowed,
                state.withdrawable,
                state.room,
                Units(0),
            )
            for ago, index in readings
        )
        return (Track(TARGET, samples, state.withdrawable, len(samples), 0),)

    return tracks


def fallen(snapshot: Snapshot, x: int) -> Snapshot:
    """Let two earlier readings have had an index higher by `x` billionths."""
    index = target_of(snapshot).index * (10**9 + x) // 10**9
    return dataclasses.replace(snapshot, tracks=history((2, index), (1, index))(snapshot))


def slowed(snapshot: Snapshot, x: int) -> Snapshot:
    """Let the index have earned, in the last hour, `x` thousandths less than the rate says."""
    state = target_of(snapshot)
    assert isinstance(state.curve, AaveCurve)
    rate = state.curve.rate_after(0, snapshot.block.timestamp)
    earned = state.index * rate * HOUR_S * (1_000 - x) // (RAY * SECONDS_PER_YEAR * 1_000)
    return dataclasses.replace(snapshot, tracks=history((HOUR_S, state.index - earned))(snapshot))


def foreign_rate(snapshot: Snapshot, x: int) -> Snapshot:
    """Let one outside source put the target's rate at 3 % and `x` thousandths of a percent."""
    word = Witness("defillama", TARGET, Decimal("0.03") + Decimal(x).scaleb(-5), snapshot.block.timestamp)
    return dataclasses.replace(snapshot, witnesses=(word,))


def foreign_price(snapshot: Snapshot, x: int) -> Snapshot:
    """Let one outside source put the asset `x` millionths below the chain's feed."""
    price = snapshot.asset_usd
    assert isinstance(price, Price)
    word = Witness("kraken", "asset_usd", price.usd * (10**6 - x) / 10**6, snapshot.block.timestamp)
    return dataclasses.replace(snapshot, witnesses=(word,))


def earlier_price(snapshot: Snapshot, x: int) -> Snapshot:
    """Let the asset have stood `x` millionths higher a minute ago."""
    price = snapshot.asset_usd
    assert isinstance(price, Price)
    sample = PriceSample("asset_usd", price.usd * (10**6 + x) / 10**6, snapshot.block.timestamp - 60)
    return dataclasses.replace(snapshot, prices=(sample,))


def off_peg(snapshot: Snapshot, x: int) -> Snapshot:
    """Let the feed say `x` hundred-millionths less than a dollar, and nobody else anything."""
    assert isinstance(snapshot.asset_usd, Price)
    price = dataclasses.replace(snapshot.asset_usd, answer=Units(10**8 - x))
    return dataclasses.replace(snapshot, asset_usd=price, witnesses=(), prices=())


def just_up(snapshot: Snapshot, x: int) -> Snapshot:
    """Let the sequencer have come back `x` seconds after two hours ago."""
    since = Sequencer(True, snapshot.block.timestamp - 2 * HOUR_S + x)
    return dataclasses.replace(snapshot, sequencer=since)


def ahead(snapshot: Snapshot, x: int) -> Snapshot:
    """Let the block be `x` seconds ahead of the clock."""
    block = dataclasses.replace(snapshot.block, timestamp=snapshot.block.timestamp + x)
    return dataclasses.replace(snapshot, block=block)


# --- the cases -----------------------------------------------------------------------------------

CASES: dict[str, Case] = {
    "apy_gain": Knob("policy.min_apy_gain", "up"),
    "annual_gain": Knob("policy.min_annual_gain_usd", "up"),
    "break_even": Knob("policy.max_break_even_days", "down"),
    "cost_share": Knob("policy.max_cost_share", "down"),
    "risk_gain": Knob("policy.min_apy_gain", "up", settings={"policy.risk_premium": "0.02"}),
    "source_funds": Sums("10000", "10000.000001"),
    "venue_read": Reading(venue(unread)),
    "venue_open": Reading(venue(lambda state, x: dataclasses.replace(state, closed=("paused",) * x))),
    "no_loss": Reading(
        venue(lambda state, x: dataclasses.replace(state, evidence=(("deficit", Units(x)),))), 10
    ),
    "no_danger": Reading(fallen, 10**6),
    "rate_sane": Knob("policy.max_apy", "down"),
    "bait": Reading(venue(lent), 100_000),
    "earned": Reading(slowed, 1_000),
    "rate_agrees": Reading(foreign_rate, 5_000),
    "cap_room": Reading(
        venue(lambda state, x: dataclasses.replace(state, room=Units(2 * AMOUNT - x))), 2 * AMOUNT
    ),
    "exit_liquidity": Reading(
        venue(lambda state, x: dataclasses.replace(state, withdrawable=Units(10 * AMOUNT - x))), 10 * AMOUNT
    ),
    "pool_share": Reading(venue(supplied), 10**14),
    "venue_share": Sums("5000", "5000.000001", {"policy.max_venue_share": "0.5"}),
    "tier_cap": Sums("6000", "6000.000001", {"capital_usdc": "30000"}, "gauntlet-usdc"),
    "shared_risk": Sums("5000", "5000.000001", {"policy.max_shared_share": "0.5"}),
    "concentration": Sums("5000", "5000.000001", {"policy.max_concentration": "0.25"}),
    "cycle_share": Sums("5000", "5000.000001", {"policy.max_cycle_share": "0.5"}),
    "total_ceiling": Sums("5000", "5000.000001", {"policy.max_total_usd": "5000"}),
    "data_fresh": Reading(ahead, 1_000),
    "peg": Reading(off_peg, 10**8),
    "price_agrees": Reading(foreign_price, 10**6),
    "price_steady": Reading(earlier_price, 10**6),
    "sequencer": Reading(just_up, 2 * HOUR_S),
    "gas_ceiling": Knob("policy.max_gas_usd", "down"),
    "daily_gas": Knob("policy.max_gas_day_usd", "down"),
    "cooldown": Knob("policy.cooldown", "up", "1", {}, MOVED, HALF, "1000"),
    "daily_moves": Knob("policy.max_moves_per_day", "down", "1", NOW_AND_AGAIN, MOVED, HALF, "1000"),
    "hourly_transactions": Knob(
        "policy.max_transactions_per_hour", "down", "1", NOW_AND_AGAIN, MOVED, HALF, "1000"
    ),
    "stops": Switch(("pause",), ("resume",)),
}
