"""Random vaults V2, each as a curve and as the second implementation."""

from __future__ import annotations

import copy
import random
from dataclasses import dataclass

from mammon.core.curves import MetaMorphoCurve, VaultV2Curve
from mammon.core.curves.metamorpho import VaultMarket
from mammon.core.curves.morpho import MAX_RATE_AT_TARGET, MIN_RATE_AT_TARGET, MorphoMarket
from mammon.core.curves.vault_v2 import Cap, Liquidity
from mammon.core.curves.vault_v2_adapters import AdapterMarket, MarketAdapter, VaultAdapter
from tests.core.curves_reference import WAD, Blue, Vault
from tests.core.vault_v2_reference import Markets, Nested, VaultV2

NOW = 10_000_000
DAY = 86_400
YEAR = 365 * DAY
MAX_RATE = 200 * WAD // 100 // YEAR
MAX_MANAGEMENT = 5 * WAD // 100 // YEAR
MILLION = 10**12


@dataclass
class Point:
    """One state in both forms; `at` is the second a transaction is mined at."""

    curve: VaultV2Curve
    contract: VaultV2
    at: int

    def after(self) -> VaultV2:
        """Return a copy of the contract to act on."""
        return copy.deepcopy(self.contract)


def log_uniform(rng: random.Random, low: int, high: int) -> int:
    return min(high, max(low, int(low * (high / low) ** rng.random())))


def point(seed: int) -> Point:
    """Make a vault: up to three adapters, fees, caps near and far, a history it may not have booked."""
    rng = random.Random(f"vault v2:{seed}")
    at = NOW + rng.choice((0, 1, rng.randint(1, DAY), rng.randint(1, 60 * DAY)))
    curves: list[MarketAdapter | VaultAdapter] = []
    adapters: list[Markets | Nested] = []
    for number in range(rng.randint(0, 3)):
        made = _markets(rng, number) if rng.random() < 0.6 else _nested(rng, number)
        curves.append(made[0])
        adapters.append(made[1])
    idle = 0 if rng.random() < 0.3 else log_uniform(rng, 1, 20 * MILLION)
    contract = VaultV2(
        stored=0,
        last_update=NOW,
        max_rate=rng.choice((0, MAX_RATE, rng.randint(0, MAX_RATE))),
        performance_fee=rng.choice((0, WAD // 10, rng.randint(0, WAD // 2))),
        management_fee=rng.choice((0, 0, rng.randint(0, MAX_MANAGEMENT))),
        supply=0,
        offset=rng.choice((12, 12, 0)),
        idle=idle,
        adapters=adapters,
        liquidity=None,
    )
    _book(rng, contract)
    liquidity = _liquidity(rng, contract, curves)
    curve = VaultV2Curve(
        stored_assets=contract.stored,
        updated_at=NOW,
        max_rate=contract.max_rate,
        performance_fee=contract.performance_fee,
        management_fee=contract.management_fee,
        total_shares=contract.supply,
        decimals_offset=contract.offset,
        idle=idle,
        adapters=tuple(
            _counted(made, contract, adapter) for made, adapter in zip(curves, adapters, strict=True)
        ),
        liquidity=liquidity,
    )
    return Point(curve, contract, at)


def _blue(rng: random.Random) -> tuple[MorphoMarket, Blue]:
    assets = log_uniform(rng, 1000, 500 * MILLION)
    shares = int(assets * 10**6 / rng.choice((1, 1.04, rng.uniform(0.9, 1.5))))
    share = rng.choice((0.0, 1.0, 0.9, rng.random(), rng.uniform(0.8, 1.0)))
    borrowed = min(assets, int(assets * share))
    since = NOW - rng.choice((0, rng.randint(0, 7200), rng.randint(0, 30 * DAY)))
    fee = rng.choice((0, rng.randint(0, WAD // 4)))
    rate = log_uniform(rng, MIN_RATE_AT_TARGET, MAX_RATE_AT_TARGET)
    return (
        MorphoMarket(assets, shares, borrowed, since, fee, rate),
        Blue(assets, shares, borrowed, since, fee, rate),
    )


def _markets(rng: random.Random, number: int) -> tuple[MarketAdapter, Markets]:
    entries, blues, shares = [], {}, {}
    for place in range(rng.randint(0, 3)):
        ours, blue = _blue(rng)
        held = 0 if rng.random() < 0.2 else rng.randint(0, ours.supply_shares)
        entries.append(AdapterMarket(ours, held))
        blues[str(place)], shares[str(place)] = blue, held
    penalty = rng.randint(0, WAD // 50)
    collateral = {name: rng.choice(("weth", "cbbtc")) for name in blues}
    return MarketAdapter(tuple(entries), penalty), Markets(str(number), blues, shares, collateral, penalty)


def _nested(rng: random.Random, number: int) -> tuple[VaultAdapter, Nested]:
    made = [_blue(rng) for _ in range(rng.randint(1, 3))]
    held = [rng.randint(0, ours.supply_shares) for ours, _ in made]
    caps = [rng.choice((0, log_uniform(rng, 10, 900 * MILLION))) for _ in made]
    queue = rng.sample(range(len(made)), rng.randint(1, len(made)))
    total = sum(h * (b.assets + 1) // (b.shares + 10**6) for h, (_, b) in zip(held, made, strict=True))
    supply = int(total * 10**12 / rng.choice((1, rng.uniform(1, 1.3)))) + rng.randint(0, 9)
    fee, version = rng.choice((0, rng.randint(0, WAD // 2))), rng.choice(("1.0", "1.1"))
    curve = MetaMorphoCurve(
        version=version,  # type: ignore[arg-type]
        markets=tuple(VaultMarket(ours, h, cap) for (ours, _), h, cap in zip(made, held, caps, strict=True)),
        supply_queue=tuple(queue),
        fee=fee,
        total_shares=supply,
        last_total_assets=total,
        decimals_offset=12,
    )
    inner = Vault(version, [blue for _, blue in made], held, caps, queue, fee, supply, total, 0, 12)
    shares, penalty = rng.randint(0, supply), rng.randint(0, WAD // 50)
    return VaultAdapter(curve, shares, True, penalty), Nested(str(number), inner, shares, penalty)


def _book(rng: random.Random, contract: VaultV2) -> None:
    """Give the vault the allocations it booked, and a total near what its adapters then held."""
    probe = copy.deepcopy(contract)  # looking accrues the markets, which nobody has touched yet
    for adapter in probe.adapters:
        adapter.touch(NOW)
        if isinstance(adapter, Markets):
            for name in adapter.markets:
                booked = int(adapter.expected(name) * rng.choice((1, 1, rng.uniform(0.9, 1.05))))
                for each in adapter.ids(name):
                    contract.allocation[each] = contract.allocation.get(each, 0) + booked
        else:
            booked = int(adapter.worth() * rng.choice((0, 1, 1, rng.uniform(0.9, 1.05))))
            contract.allocation[adapter.ids("")[0]] = booked
    real = contract.idle + sum(adapter.real(contract) for adapter in probe.adapters)
    contract.stored = int(real * rng.choice((1, 1, rng.uniform(0.95, 1.05))))
    contract.supply = int(contract.stored * contract.unit / rng.choice((1, rng.uniform(1, 1.3))))


def _liquidity(
    rng: random.Random, contract: VaultV2, curves: list[MarketAdapter | VaultAdapter]
) -> Liquidity | None:
    ways = [(number, place) for number, made in enumerate(curves) for place in made.places]
    if not ways or rng.random() < 0.1:
        return None
    number, place = rng.choice(ways)
    adapter = contract.adapters[number]
    market = str(place) if isinstance(adapter, Markets) else ""
    contract.liquidity = (number, market)
    for each in adapter.ids(market):
        booked = contract.allocation.get(each, 0)
        contract.absolute[each] = rng.choice(
            (0, 2**100, booked, booked + log_uniform(rng, 1, 50 * MILLION))
            if rng.random() < 0.3
            else (2**100, booked + log_uniform(rng, 1, 50 * MILLION))
        )
        contract.relative[each] = rng.choice((WAD, WAD, rng.randint(WAD // 3, WAD)))
    caps = tuple(
        Cap(contract.allocation.get(each, 0), contract.absolute[each], contract.relative[each])
        for each in adapter.ids(market)
    )
    return Liquidity(number, place, contract.allocation.get(adapter.ids(market)[-1], 0), caps)


def _counted(
    made: MarketAdapter | VaultAdapter, contract: VaultV2, adapter: Markets | Nested
) -> MarketAdapter | VaultAdapter:
    if isinstance(made, MarketAdapter):
        return made
    counted = contract.allocation[adapter.ids("")[0]] > 0
    return VaultAdapter(made.curve, made.shares, counted, made.penalty)
