"""The state with which a simulated chain begins."""

from __future__ import annotations

from mammon.core.numbers import Units, Wei
from mammon.core.types import Address
from mammon.sim import addresses as at
from mammon.sim.contracts.erc20 import UNLIMITED, Usdc
from mammon.sim.contracts.machine import Slots
from mammon.sim.deployment import MILLION, Deployment
from mammon.sim.further import SAVINGS_SHARES, Further
from mammon.sim.processes import FIRST_TIMESTAMP

CAPITAL = Units(10_000_000_000)
"""10,000 USDC."""
NATIVE = Wei(5 * 10**16)
"""0.05 ether, for fees."""
CROWD_FUNDS = 10_000 * MILLION


def genesis(deployed: Deployment, wallet: Address, capital: Units) -> Slots:
    """Return the slots before the first block: empty venues, a rich crowd, and the wallet's capital."""
    usdc = deployed.usdc
    slots: Slots = {
        usdc.key("supply"): CROWD_FUNDS + capital,
        usdc.key("balance", at.CROWD): CROWD_FUNDS,
        usdc.key("balance", wallet): int(capital),
        ("native", wallet): int(NATIVE),
    }
    for pool, _ in deployed.pools.values():
        slots[pool.key("reserve")] = pool.opening(FIRST_TIMESTAMP)
    for terms in deployed.markets:
        slots[deployed.morpho.key("market", terms.slot)] = deployed.morpho.opening(terms, FIRST_TIMESTAMP)
    for vault in (*(vault for vault, _ in deployed.vaults.values()), deployed.plain):
        slots[usdc.key("allowance", at.CROWD, vault.address)] = UNLIMITED
    if deployed.further is not None:
        _open_further(slots, usdc, deployed.further)
    held = deployed.pooling.slots(wallet) if deployed.pooling else {}
    return slots | deployed.paying.slots(wallet) | held


def _open_further(slots: Slots, usdc: Usdc, more: Further) -> None:
    slots[more.comet.key("market")] = more.comet.opening(FIRST_TIMESTAMP)
    slots[more.token.key("market")] = more.token.opening(FIRST_TIMESTAMP)
    pool = more.sky.pool
    slots[pool.savings.key("balance", pool.address)] = SAVINGS_SHARES
    slots[pool.savings.key("supply")] = SAVINGS_SHARES
    slots[usdc.key("allowance", pool.pocket, pool.address)] = UNLIMITED
    for vault in more.vaults:
        slots[usdc.key("allowance", at.CROWD, vault.address)] = UNLIMITED
