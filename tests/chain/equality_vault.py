"""Random points of a plain ERC-4626 vault: any size, any gain or loss between two readings.

Such a vault tells no rate. What is compared: its totals, the worth of a share and the growth between two
blocks, worked out here from the vault's totals alone; what a deposit mints and is then worth; and what
leaves when everything is asked for.
"""

from __future__ import annotations

import random
from fractions import Fraction
from typing import TYPE_CHECKING

from mammon.core.curves import GrowthCurve
from mammon.core.types import Address, All, Hint, MarketState
from mammon.protocols.registry import VENUES
from tests.chain.chainfile import market
from tests.chain.driver import drive, read_position
from tests.chain.points import Comparison, log_uniform

if TYPE_CHECKING:
    from tests.chain.contract import Contract
    from tests.chain.scenario import Scenario

USD = 10**6
RAY = 10**27
WAD = 10**18
MONTH = 30 * 86_400
SLUG = "vault"
FINE = 10**36
"""So many of the smallest shares are worth more digits of the price than a ray has."""


def plain_vault(chain: Scenario, rng: random.Random) -> list[Comparison]:
    """Try a point: the vault is read twice, used, left, and read by its own views."""
    vault, whale = chain["vault"], chain.account("whale")
    vault.send("deposit", log_uniform(rng, 1, 10**8 * USD), whale, sender=whale)
    _earn(chain, vault, rng)
    earlier, before = _read(chain, None), _worth(vault)
    began = chain.now
    chain.warp(rng.randint(600, MONTH))
    _earn(chain, vault, rng)
    state, after = _read(chain, earlier.hint), _worth(vault)
    curve = state.curve
    assert isinstance(curve, GrowthCurve), state
    grown = (after - before) * WAD // (before * (chain.now - began))
    found = [
        Comparison("supplied", state.supplied, vault.call("totalAssets")),
        Comparison("liquidity", state.withdrawable, chain.balance(vault.address)),
        Comparison("room", (state.room, state.closed, state.locked), (None, (), ())),
        Comparison("index", state.index, after),
        Comparison("growth", curve.rate_now(), grown),
    ]
    return found + _there_and_back(chain, vault, rng)


def _earn(chain: Scenario, vault: Contract, rng: random.Random) -> None:
    """Let the vault gain, lose, or neither."""
    assets = int(vault.call("totalAssets"))
    kind = rng.random()
    if kind < 0.6:
        chain.fund(vault.address, usdc=rng.randint(1, assets // 20 + 1))
    elif kind < 0.8:
        chain.rpc("anvil_impersonateAccount", vault.address)
        chain.fund(vault.address, wei=10**18)
        lost = rng.randint(0, assets // 20)
        chain["usdc"].send("transfer", chain.account("admin"), lost, sender=vault.address)


def _read(chain: Scenario, hint: Hint | None) -> MarketState:
    listed = market(chain.lab, SLUG)
    return drive(chain.rpc, VENUES[listed.protocol].read_market(listed, hint), chain.block)


def _worth(vault: Contract) -> int:
    """Return what a share is worth, in rays, by the vault's totals: the vault counts one more of each."""
    price = Fraction(int(vault.call("totalAssets")) + 1, int(vault.call("totalSupply")) + 1)
    return int(FINE * price) * RAY // FINE


def _there_and_back(chain: Scenario, vault: Contract, rng: random.Random) -> list[Comparison]:
    """Deposit, take a part, then everything: each time what was foretold, to the last unit."""
    listed, owner = market(chain.lab, SLUG), Address(chain.account("alice"))
    amount = log_uniform(rng, 10, 10**7 * USD)
    chain.fund(owner, usdc=amount)
    due = vault.call("previewDeposit", amount)
    had = int(vault.call("totalAssets"))
    for call in VENUES[listed.protocol].supply(listed, amount, owner):
        chain.rpc.send(owner, call.target, call.data)
    held = read_position(chain.rpc, listed, owner, chain.block)
    found = [
        Comparison("shares", held.shares, due),
        Comparison("holding", held.assets, vault.call("convertToAssets", held.shares)),
        Comparison("supplied after", _read(chain, None).supplied, had + amount),
    ]
    part = rng.randint(0, held.assets)
    if part:
        for call in VENUES[listed.protocol].withdraw(listed, part, owner):
            chain.rpc.send(owner, call.target, call.data)
    found.append(Comparison("a part", chain.balance(owner), part))
    rest = read_position(chain.rpc, listed, owner, chain.block)
    if rest.shares:
        for call in VENUES[listed.protocol].withdraw(listed, All(rest.shares), owner):
            chain.rpc.send(owner, call.target, call.data)
    found.append(Comparison("all", chain.balance(owner), part + rest.assets))
    left = read_position(chain.rpc, listed, owner, chain.block)
    return [*found, Comparison("left", (left.shares, left.assets), (0, 0))]
