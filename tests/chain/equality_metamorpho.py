"""Random points of a MetaMorpho vault over three lending markets and an idle one.

A vault has no rate on chain. What is compared is recomputed from the contracts' own views after the
deposit: `market(id)`, `borrowRateView`, `position(id, vault)`, `fee`, with every market accrued in the
deposit's block.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from mammon.core.curves import MetaMorphoCurve
from tests.chain.chainfile import market
from tests.chain.contract import Contract
from tests.chain.driver import read_position, read_state
from tests.chain.points import Comparison, log_uniform

if TYPE_CHECKING:
    from mammon.core.types import Market, MarketState
    from tests.chain.scenario import Scenario

USD = 10**6
WAD = 10**18
MONTH = 30 * 86_400
LENDING = ("weth", "wbtc", "weth_low")
ALL_CAPS_REACHED = bytes.fromhex("ded0652d")
NOT_ENOUGH_LIQUIDITY = bytes.fromhex("4323a555")
MOST = 10**15
"""More than this nobody on the test chain has."""


def main_vault(chain: Scenario, rng: random.Random) -> list[Comparison]:
    """Try a point of the vault with four markets, fees, caps and queues in any order."""
    morpho = chain.morpho
    _unsettle(chain, rng, "main")
    if rng.random() < 0.4:
        morpho.withdraw_queue("main", *rng.sample(range(4), 4))
    if rng.random() < 0.6:
        queue = rng.sample(LENDING, rng.randint(1, 3))
        morpho.supply_queue("main", *queue, *(["idle"] if rng.random() < 0.3 else []))
    for name in LENDING:
        if rng.random() < 0.4:
            held = _held(chain, morpho.vault("main"), name, chain.block)
            cap = held + log_uniform(rng, 1, 10**6 * USD) if rng.random() < 0.8 else held // 2
            morpho.cap("main", name, cap)
    if rng.random() < 0.5:
        morpho.vault_fee("main", rng.randint(0, WAD // 2 - 1))
    return _compare(chain, "main", rng)


def small_vault(chain: Scenario, rng: random.Random) -> list[Comparison]:
    """Try a point of the vault with one market, no fee and a cap that deposits often pass."""
    _unsettle(chain, rng, "small")
    return _compare(chain, "small", rng)


def _unsettle(chain: Scenario, rng: random.Random, vault: str) -> None:
    """Bring the markets and the vault to random sizes, uses and histories."""
    morpho = chain.morpho
    for name in LENDING:
        if rng.random() < 0.3:
            morpho.fee(name, rng.randint(1, WAD // 4))
        if rng.random() < 0.5:
            morpho.supply(name, log_uniform(rng, 1, 50 * 10**6 * USD))
        if rng.random() < 0.7:
            morpho.repay(name)
            share = rng.choice((0.0, 1.0, 0.9, rng.random(), rng.uniform(0.85, 1.0)))
            morpho.utilise(name, int(morpho.liquidity(name) * share))
    for _ in range(rng.randint(0, 3)):
        chain.warp(rng.randint(1, MONTH))
        _touch(chain, rng, vault)


def _touch(chain: Scenario, rng: random.Random, vault: str) -> None:
    morpho, name = chain.morpho, rng.choice(LENDING)
    kind = rng.choice(("deposit", "redeem", "gift", "accrue", "bad debt"))
    if kind == "deposit":
        room = morpho.vault(vault).call("maxDeposit", morpho.whale)
        if room:
            morpho.deposit(vault, log_uniform(rng, 1, min(room, 10**7 * USD)))
    elif kind == "redeem":
        most = morpho.vault(vault).call("maxWithdraw", morpho.whale)
        if most > 1:
            morpho.redeem(vault, log_uniform(rng, 1, most // 2 + 1))
    elif kind == "gift":
        morpho.supply(name, log_uniform(rng, 1, 10**5 * USD), morpho.vault(vault).address)
    elif kind == "accrue":
        morpho.accrue(name)
    elif morpho.liquidity(name) > 100 * USD:
        morpho.bad_debt(name, log_uniform(rng, 10 * USD, morpho.liquidity(name) // 4))


def _compare(chain: Scenario, name: str, rng: random.Random) -> list[Comparison]:
    if rng.random() < 0.8:
        chain.warp(rng.choice((1, rng.randint(1, 3600), rng.randint(1, MONTH))))
    vault, owner = chain.morpho.vault(name), chain.account("alice")
    amount = log_uniform(rng, 1, 20 * 10**6 * USD)
    chain.fund(owner, usdc=amount)
    chain.approve("usdc", owner, vault.address)
    block, now = chain.block, chain.now
    listed = market(chain.lab, f"mm-{name}")
    state = read_state(chain.rpc, listed, block)
    curve = state.curve
    assert isinstance(curve, MetaMorphoCurve), state
    found = [*_position(chain, name, block), *_limits(chain, vault, state)]
    at = now + rng.choice((1, 2, rng.randint(1, 7200), rng.randint(1, MONTH)))
    with chain.undone():
        _accrue_all(chain, at)
        found += _accrued(chain, vault, curve, at)
    with chain.undone():
        found += _withdrawal(chain, vault, curve, rng, at)
    return found + _deposit(chain, listed, curve, amount, at)


def _withdrawal(
    chain: Scenario, vault: Contract, curve: MetaMorphoCurve, rng: random.Random, at: int
) -> list[Comparison]:
    """Withdraw some of the whale's: from one market after another, or there is not so much."""
    whale = chain.account("whale")
    held = vault.call("convertToAssets", vault.call("balanceOf", whale))
    if held < 2:
        return []
    arguments = log_uniform(rng, 1, held - 1), whale, whale
    try:
        ours = curve.rate_after(-arguments[0], at)
    except ValueError:
        chain.next_at(at)
        refused = vault.refusal("withdraw", *arguments, sender=whale, block="pending")
        return [Comparison("not so much", refused, NOT_ENOUGH_LIQUIDITY)]
    admin = chain.account("admin")
    with chain.one_block(at):
        sent = chain.queue(vault, "withdraw", *arguments, sender=whale)
        for params in chain.morpho.params.values():
            chain.queue(chain.morpho.blue, "accrueInterest", params, sender=admin)
    chain.require(sent)
    return [Comparison("rate after less", ours, _net_rate(chain, vault, chain.block))]


def _position(chain: Scenario, name: str, block: int) -> list[Comparison]:
    vault, whale = chain.morpho.vault(name), chain.account("whale")
    held = read_position(chain.rpc, market(chain.lab, f"mm-{name}"), whale, block)
    shares = vault.call("balanceOf", whale)
    return [
        Comparison("position in shares", held.shares, shares),
        Comparison("position", held.assets, vault.call("convertToAssets", shares)),
    ]


def _limits(chain: Scenario, vault: Contract, state: MarketState) -> list[Comparison]:
    """Room and liquidity, tried on the vault in the block that was read."""
    whale = chain.account("whale")

    def refused(name: str, amount: int) -> bytes | None:
        arguments = (amount, whale) if name == "deposit" else (amount, whale, whale)
        return vault.refusal(name, *arguments, sender=whale)

    found = [
        Comparison("index now", state.index, vault.call("convertToAssets", 10**39)),
        Comparison("assets now", state.supplied, vault.call("totalAssets")),
        Comparison("room", state.room, vault.call("maxDeposit", whale)),
        Comparison("open", state.closed, () if state.room else ("cap_full",)),
    ]
    if state.room is not None and state.room < MOST:
        if state.room:
            found.append(Comparison("room fits", refused("deposit", state.room), None))
        found.append(Comparison("one more does not", refused("deposit", state.room + 1), ALL_CAPS_REACHED))
    if vault.call("convertToAssets", vault.call("balanceOf", whale)) > state.withdrawable:
        most = vault.call("maxWithdraw", whale)
        found.append(Comparison("liquidity now", state.withdrawable, most))
        found.append(
            Comparison("nor can one more leave", refused("withdraw", most + 1), NOT_ENOUGH_LIQUIDITY)
        )
    return found


def _accrue_all(chain: Scenario, at: int, *deposit: object) -> None:
    """Mine one block in which every market is accrued, after the deposit if there is one."""
    admin = chain.account("admin")
    with chain.one_block(at):
        if deposit:
            vault, amount, owner = deposit
            assert isinstance(vault, Contract)
            sent = chain.queue(vault, "deposit", amount, owner, sender=str(owner))
        for params in chain.morpho.params.values():
            chain.queue(chain.morpho.blue, "accrueInterest", params, sender=admin)
    if deposit:
        chain.require(sent)


def _accrued(chain: Scenario, vault: Contract, curve: MetaMorphoCurve, at: int) -> list[Comparison]:
    """Compare what time alone does, market by market and for the vault."""
    morpho, block = chain.morpho, chain.block
    found = []
    for name, entry in zip(_enabled(chain, vault), curve.markets, strict=True):
        totals, ours = morpho.totals(name), entry.market.accrued(at)
        drift = 0 if name == "idle" else morpho.irm.call("rateAtTarget", morpho.ids[name])
        mine = ours.supply_assets, ours.supply_shares, ours.borrow_assets, ours.rate_at_target
        found.append(Comparison("market at", mine, (*totals[:3], drift)))
    return [
        *found,
        Comparison("assets at", curve.total_assets_at(at), vault.call("totalAssets")),
        Comparison("index at", curve.share_price_at(at), vault.call("convertToAssets", 10**39)),
        Comparison("room at", curve.max_deposit_at(at), vault.call("maxDeposit", morpho.whale)),
        Comparison("rate of a touch", curve.rate_after(0, at), _net_rate(chain, vault, block)),
    ]


def _deposit(
    chain: Scenario, listed: Market, curve: MetaMorphoCurve, amount: int, at: int
) -> list[Comparison]:
    vault = chain.morpho.vault(listed.slug.removeprefix("mm-"))
    owner = chain.account("alice")
    try:
        ours = curve.rate_after(amount, at)
    except ValueError:
        chain.next_at(at)
        refused = vault.refusal("deposit", amount, owner, sender=owner, block="pending")
        return [Comparison("too much", refused, ALL_CAPS_REACHED)]
    _accrue_all(chain, at, vault, amount, owner)
    found = _net_rate(chain, vault, chain.block)
    again = read_state(chain.rpc, listed, chain.block).curve
    assert isinstance(again, MetaMorphoCurve)
    return [
        Comparison("rate after", ours, found),
        Comparison("rate of no time", again.rate_after(0, at), found),
    ]


def _net_rate(chain: Scenario, vault: Contract, block: int) -> int:
    """Recompute the holders' rate from the contracts' views alone."""
    morpho, earned = chain.morpho, 0
    for name in _enabled(chain, vault):
        totals, rate = morpho.totals(name, block), morpho.borrow_rate(name, block)
        if totals.supply_assets == 0:
            continue
        used = totals.borrow_assets * WAD // totals.supply_assets
        earned += _held(chain, vault, name, block) * (rate * used // WAD * (WAD - totals.fee) // WAD)
    total = vault.call("totalAssets", block=block)
    return earned // total * (WAD - vault.call("fee", block=block)) // WAD if total else 0


def _enabled(chain: Scenario, vault: Contract) -> list[str]:
    """Return the names of the vault's markets in the order of its withdraw queue."""
    names = {identity: name for name, identity in chain.morpho.ids.items()}
    return [names[vault.call("withdrawQueue", place)] for place in range(vault.call("withdrawQueueLength"))]


def _held(chain: Scenario, vault: Contract, name: str, block: int) -> int:
    totals = chain.morpho.totals(name, block)
    shares = chain.morpho.position(name, vault.address, block)[0]
    return int(shares) * (totals.supply_assets + 1) // (totals.supply_shares + 10**6)
