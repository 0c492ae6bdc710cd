"""Small builders of markets, snapshots and portfolios: every field has a value that passes every gate."""

from __future__ import annotations

import dataclasses
from typing import Any

from mammon.core.curves import AaveCurve
from mammon.core.numbers import Ray, Units, Wei
from mammon.core.risk.dossier import Dossier
from mammon.core.types import (
    Address,
    Block,
    Fees,
    GasUnits,
    Hash32,
    Market,
    MarketId,
    MarketState,
    Portfolio,
    Position,
    Price,
    Sequencer,
    Snapshot,
    Token,
    Unread,
)

NOW = 1_767_225_600
CHAIN = 8453
USDC = Token(CHAIN, Address("0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913"), "USDC", 6)
OWNER = Address("0x00000000000000000000000000000000000000AA")
RAY = 10**27
MILLION = 10**12
"""A million USDC in base units."""
SOUND = Dossier("sound", live_since=0, audit_firms=4, bounty=True, incidents=(), parts=())
"""Documented, and nothing to be said against it."""


def market(slug: str, protocol: str = "aave_v3", **changes: Any) -> Market:
    """Return a market whose address follows from its name."""
    number = int.from_bytes(slug.encode().rjust(20, b"\0")[-20:], "big")
    where = Address(f"0x{number:040x}")
    base = Market(MarketId(CHAIN, where, USDC.address), slug, protocol, USDC, where, risk=SOUND)
    return dataclasses.replace(base, **changes)


def curve(
    cash: int = 30 * MILLION, debt: int = 70 * MILLION, slope1_bps: int = 550, **changes: Any
) -> AaveCurve:
    """Return a reserve: at 70 % utilisation, 90 % optimal, the supply rate is about 2.7 % a year."""
    base = AaveCurve(
        generation="3.5",
        available=Units(cash),
        scaled_debt=Units(debt),
        unbacked=Units(0),
        scaled_supply=Units(cash + debt),
        accrued_to_treasury=Units(0),
        liquidity_index=Ray(RAY),
        borrow_index=Ray(RAY),
        liquidity_rate=Ray(27 * 10**24),
        borrow_rate=Ray(43 * 10**24),
        updated_at=NOW - 60,
        reserve_factor_bps=1000,
        optimal_usage=Ray(9 * RAY // 10),
        base_rate=Ray(0),
        slope1=Ray(slope1_bps * 10**23),
        slope2=Ray(4 * RAY // 10),
    )
    return dataclasses.replace(base, **changes)


def state(
    slug: str, cash: int = 30 * MILLION, debt: int = 70 * MILLION, slope1_bps: int = 550, **changes: Any
) -> MarketState:
    """Return an open market without a cap."""
    base = MarketState(
        market=market(slug),
        curve=curve(cash, debt, slope1_bps),
        supplied=Units(cash + debt),
        borrowed=Units(debt),
        withdrawable=Units(cash),
        room=None,
        index=Ray(RAY),
    )
    return dataclasses.replace(base, **changes)


def snapshot(*markets: MarketState | Unread, **changes: Any) -> Snapshot:
    """Return a snapshot one block old, with every reading fresh and gas at a cent or so."""
    word = Hash32("0x" + "11" * 32)
    base = Snapshot(
        chain_id=CHAIN,
        asset=USDC,
        block=Block(1000, word, word, NOW, Wei(5_000_000)),
        markets=markets,
        eth_usd=Price("ETH/USD", Units(3000 * 10**8), 8, NOW - 100, 1200),
        asset_usd=Price("USDC/USD", Units(10**8), 8, NOW - 3600, 86_400),
        sequencer=Sequencer(True, NOW - 10**6),
        fees=Fees(
            Wei(5_000_000), Wei(1_000_000), Wei(5 * 10**9), 2269, Wei(10**9), 1_055_762, Wei(0), Wei(0)
        ),
        gas_units=gas_table(),
    )
    return dataclasses.replace(base, **changes)


def gas_table() -> tuple[GasUnits, ...]:
    """Return gas figures for every action the builders' markets need."""
    return (
        GasUnits("erc20", "approve", 60_000, 130),
        GasUnits("aave_v3", "deposit", 200_000, 200),
        GasUnits("aave_v3", "withdraw", 220_000, 170),
    )


def position(at: MarketState, assets: int) -> Position:
    """Return a holding in a market."""
    return Position(at.market.id, at.market.slug, OWNER, Units(assets), Units(assets))


def portfolio(
    idle: int | Unread = 10_000 * 10**6, *positions: Position | Unread, **changes: Any
) -> Portfolio:
    """Return an account with some cash, gas money and nothing in the way."""
    cash = idle if isinstance(idle, Unread) else Units(idle)
    return dataclasses.replace(Portfolio(OWNER, USDC, cash, Wei(10**16), positions), **changes)
