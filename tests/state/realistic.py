"""Snapshots as a holding loop sees them: every five minutes every market's numbers have moved a little.

Half of the markets are Aave reserves; the others are MetaMorpho vaults of six Morpho markets each, all
of which somebody used in the meantime, which is more than a real quarter of an hour brings.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterator
from random import Random

from mammon.core import canonical
from mammon.core.curves import AaveCurve, MetaMorphoCurve
from mammon.core.curves.metamorpho import VaultMarket
from mammon.core.curves.morpho import MorphoMarket
from mammon.core.numbers import Ray, Units, Wad, Wei
from mammon.core.risk.dossier import Dossier
from mammon.core.types import (
    Address,
    Block,
    Fees,
    GasUnits,
    Hash32,
    Hint,
    Market,
    MarketId,
    MarketState,
    Portfolio,
    Position,
    Price,
    Sequencer,
    Snapshot,
    Token,
)

USDC = Token(8453, Address("0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913"), "USDC", 6)
OWNER = Address("0x" + "Aa" * 20)
START = 1_767_225_600
INTERVAL = 300
YEAR = 31_536_000
RAY = 10**27
TRADERS = 3


def snapshots(markets: int, cycles: int, seed: int = 1) -> Iterator[Snapshot]:
    """Yield what consecutive cycles read."""
    chance = Random(seed)
    states = tuple(
        _aave(f"reserve-{index}", chance) if index % 2 == 0 else _vault(f"vault-{index}", chance)
        for index in range(markets)
    )
    for number in range(cycles):
        at = START + number * INTERVAL
        yield _snapshot(states, number, at, chance)
        states = tuple(_moved(state, at + INTERVAL, chance) for state in states)


def portfolio(snapshot: Snapshot, held: int = 1) -> Portfolio:
    """Return an account whose money lies in the first `held` markets and grows with them."""
    states = [state for state in snapshot.markets if isinstance(state, MarketState)]
    positions = tuple(
        Position(
            s.market.id, s.market.slug, OWNER, Units(9_876_543_210), Units(9_876_543_210 * s.index // RAY)
        )
        for s in states[:held]
    )
    return Portfolio(OWNER, USDC, Units(123_456), Wei(10**16), positions, (START - 7200,))


def payload(snapshot: Snapshot) -> tuple[bytes, int, int]:
    """Return a snapshot's canonical bytes, its block and the block's time."""
    return canonical.dumps(snapshot), snapshot.block.number, snapshot.block.timestamp


def address(name: str) -> Address:
    """Return an address that follows from a name."""
    return Address("0x" + hashlib.sha256(name.encode()).hexdigest()[:40])


def _hash(name: str) -> Hash32:
    return Hash32("0x" + hashlib.sha256(name.encode()).hexdigest())


_FACTS = Dossier("family", 1_546_300_800, 5, True, (), ("vault",))
"""Of venues good enough that their tier limits nothing."""


def _market(slug: str, protocol: str) -> Market:
    where = address(slug)
    roles = tuple((role, address(slug + role)) for role in ("a_token", "debt_token", "oracle", "strategy"))
    return Market(MarketId(8453, where, USDC.address), slug, protocol, USDC, where, roles, risk=_FACTS)


def _aave(slug: str, chance: Random) -> MarketState:
    supply = chance.randrange(10**13, 4 * 10**14)
    curve = AaveCurve(
        generation="3.5",
        available=Units(supply * 12 // 100),
        scaled_debt=Units(supply * 88 // 112),
        unbacked=Units(0),
        scaled_supply=Units(supply * 100 // 112),
        accrued_to_treasury=Units(31_415_926_535),
        liquidity_index=Ray(1_123_456_789_012_345_678_901_234_567),
        borrow_index=Ray(1_187_654_321_098_765_432_109_876_543),
        liquidity_rate=Ray(38_765_432_109_876_543_210_987_654),
        borrow_rate=Ray(49_765_432_109_876_543_210_987_654),
        updated_at=START - 7,
        reserve_factor_bps=1000,
        optimal_usage=Ray(9 * RAY // 10),
        base_rate=Ray(0),
        slope1=Ray(55 * 10**24),
        slope2=Ray(4 * RAY // 10),
    )
    return MarketState(
        _market(slug, "aave_v3"),
        curve,
        supplied=Units(supply),
        borrowed=Units(supply * 88 // 100),
        withdrawable=curve.available,
        room=Units(4 * 10**14 - supply),
        index=curve.liquidity_index,
        evidence=(("deficit", Units(0)),),
    )


def _vault(slug: str, chance: Random) -> MarketState:
    entries = tuple(_entry(chance) for _ in range(6))
    total = sum(entry.shares for entry in entries) // 10**6
    curve = MetaMorphoCurve(
        version="1.1",
        markets=entries,
        supply_queue=(0, 1, 2),
        fee=Wad(10**17),
        total_shares=Units(total * 10**12 * 19 // 20),
        last_total_assets=Units(total),
        decimals_offset=12,
    )
    queue = tuple(_hash(f"{slug}{index}") for index in range(6))
    return MarketState(
        _market(slug, "metamorpho"),
        curve,
        supplied=Units(total),
        borrowed=None,
        withdrawable=Units(total // 9),
        room=Units(5 * 10**14 - total),
        index=Ray(1_052_345_678_901_234_567_890_123_456),
        evidence=(("lost_assets", Units(0)),),
        hint=Hint(queue),
    )


def _entry(chance: Random) -> VaultMarket:
    supply = chance.randrange(10**12, 10**14)
    market = MorphoMarket(
        supply_assets=Units(supply),
        supply_shares=Units(supply * 10**6 * 19 // 20),
        borrow_assets=Units(supply * 9 // 10),
        updated_at=START - chance.randrange(300),
        fee=Wad(0),
        rate_at_target=Wad(chance.randrange(10**9, 2 * 10**9)),
    )
    return VaultMarket(market, Units(market.supply_shares // 3), Units(10**14))


def _moved(state: MarketState, at: int, chance: Random) -> MarketState:
    curve = state.curve
    flow = sum(chance.randrange(-(10**10), 10**10) for _ in range(TRADERS))
    if isinstance(curve, AaveCurve):
        moved = _moved_reserve(curve, flow, at, chance)
        return dataclasses.replace(
            state,
            curve=moved,
            supplied=Units(state.supplied + flow),
            borrowed=Units(state.supplied + flow - moved.available),
            withdrawable=moved.available,
            room=Units((state.room or 0) - flow),
            index=moved.liquidity_index,
        )
    assert isinstance(curve, MetaMorphoCurve)
    entries = tuple(_moved_entry(entry, at, chance) for entry in curve.markets)
    total = Units(curve.last_total_assets + flow)
    shares = Units(curve.total_shares + flow * 10**12 * 19 // 20 + chance.randrange(10**11))
    return dataclasses.replace(
        state,
        curve=dataclasses.replace(curve, markets=entries, total_shares=shares, last_total_assets=total),
        supplied=total,
        withdrawable=Units(state.withdrawable + flow),
        room=Units((state.room or 0) - flow),
        index=_grown(state.index, chance),
    )


def _moved_reserve(curve: AaveCurve, flow: int, at: int, chance: Random) -> AaveCurve:
    drift = chance.randrange(-(10**22), 10**22)
    return dataclasses.replace(
        curve,
        available=Units(curve.available + flow),
        scaled_debt=Units(curve.scaled_debt + chance.randrange(-(10**10), 10**10)),
        scaled_supply=Units(curve.scaled_supply + flow * 9 // 10),
        accrued_to_treasury=Units(curve.accrued_to_treasury + chance.randrange(10**6)),
        liquidity_index=_grown(curve.liquidity_index, chance),
        borrow_index=_grown(curve.borrow_index, chance),
        liquidity_rate=Ray(curve.liquidity_rate + drift),
        borrow_rate=Ray(curve.borrow_rate + drift * 11 // 10),
        updated_at=at - 2 * chance.randrange(20),
    )


def _moved_entry(entry: VaultMarket, at: int, chance: Random) -> VaultMarket:
    market = entry.market
    interest = market.borrow_assets * 5 * INTERVAL // (100 * YEAR)
    flow = chance.randrange(-(10**9), 10**9)
    moved = dataclasses.replace(
        market,
        supply_assets=Units(market.supply_assets + interest + flow),
        supply_shares=Units(market.supply_shares + flow * 950_000 + chance.randrange(10**6)),
        borrow_assets=Units(market.borrow_assets + interest + chance.randrange(-(10**9), 10**9)),
        updated_at=at - 2 * chance.randrange(150),
        rate_at_target=Wad(market.rate_at_target + chance.randrange(-(10**4), 10**4)),
    )
    return dataclasses.replace(entry, market=moved)


def _grown(index: int, chance: Random) -> Ray:
    return Ray(index + index * 4 * INTERVAL // (100 * YEAR) + chance.randrange(10**18))


def _snapshot(states: tuple[MarketState, ...], number: int, at: int, chance: Random) -> Snapshot:
    height = 40_000_000 + number * INTERVAL // 2
    eth = Price(
        "eth_usd", Units(300_000_000_000 + chance.randrange(10**9)), 8, at - chance.randrange(1200), 1200
    )
    usd = Price("usdc_usd", Units(99_990_000 + chance.randrange(9999)), 8, START - 3600, 86_400)
    base_fee = Wei(5_000_000 + chance.randrange(10**6))
    fees = Fees(
        base_fee,
        Wei(1_000_000),
        Wei(chance.randrange(10**9)),
        2269,
        Wei(chance.randrange(10**8)),
        1_055_762,
        Wei(0),
        Wei(0),
    )
    return Snapshot(
        8453,
        USDC,
        Block(height, _hash(f"b{height}"), _hash(f"b{height - 1}"), at, base_fee),
        states,
        eth,
        usd,
        Sequencer(True, START - 10**7),
        fees,
        _GAS,
    )


_GAS = tuple(
    GasUnits(protocol, action, 200_000, 200)
    for protocol in ("aave_v3", "erc20", "metamorpho")
    for action in ("approve", "deposit", "withdraw", "withdraw_all")
)
