"""Markets and holdings for measuring decisions: each world yields situations that differ in their numbers.

Half the venues are Aave reserves, the others MetaMorpho vaults of six Morpho markets each.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator

from mammon.core.numbers import Units
from mammon.core.types import GasUnits, Portfolio, Snapshot
from tests.core import build
from tests.state import realistic

World = Callable[[int, int], Iterator[tuple[Snapshot, Portfolio]]]
"""Takes how many venues there are and how many situations are wanted."""

CASH = Units(10_000 * 10**6)
HOLDING = Units(50_000 * 10**6)
_GAS = (
    GasUnits("erc20", "approve", 57_000, 117),
    *(GasUnits(p, a, 300_000, 180) for p in ("aave_v3", "metamorpho") for a in ("deposit", "withdraw")),
)


def cash(venues: int, count: int) -> Iterator[tuple[Snapshot, Portfolio]]:
    """Cash in the wallet and as many small positions as venues: the cash moves."""
    for snapshot in _snapshots(venues, count):
        held = realistic.portfolio(snapshot, venues)
        yield snapshot, dataclasses.replace(held, idle=CASH, moved=())


def positions(venues: int, count: int) -> Iterator[tuple[Snapshot, Portfolio]]:
    """A large position in every venue and no cash: the worst placed one moves."""
    for snapshot in _snapshots(venues, count):
        held = realistic.portfolio(snapshot, venues)
        large = tuple(
            dataclasses.replace(position, assets=Units(HOLDING + number))
            for number, position in enumerate(held.positions)
        )
        yield snapshot, dataclasses.replace(held, idle=Units(0), moved=(), positions=large)


def calm(venues: int, count: int) -> Iterator[tuple[Snapshot, Portfolio]]:
    """Rates close to one another and a large position in every venue: nothing is worth a move."""
    for number in range(count):
        states = [
            build.state(f"venue-{place:04}", debt=70 * build.MILLION + number, slope1_bps=540 + place % 20)
            for place in range(venues)
        ]
        held = [build.position(state, HOLDING) for state in states]
        yield build.snapshot(*states, gas_units=_GAS), build.portfolio(0, *held)


WORLDS: dict[str, World] = {"cash": cash, "positions": positions, "calm": calm}


def _snapshots(venues: int, count: int) -> Iterator[Snapshot]:
    for snapshot in realistic.snapshots(venues, count):
        at = snapshot.block.timestamp
        fresh = dataclasses.replace(snapshot.asset_usd, updated=at - 3600)
        ether = dataclasses.replace(snapshot.eth_usd, updated=at - 100)
        yield dataclasses.replace(snapshot, gas_units=_GAS, asset_usd=fresh, eth_usd=ether)
