"""The crowd's move at the start of each epoch: real deposits, withdrawals, loans and repayments.

Suppliers bring what they have in a venue to what the epoch asks of them; borrowers bring their debt
to the epoch's utilisation of what the crowd supplies. Our own money is left out of that, so that what
we do to a rate lasts, except in a squeeze, when the borrowers take our cash as well.
"""

from __future__ import annotations

from dataclasses import replace

from mammon.core.curves.morpho import MorphoMarket, assets_down
from mammon.core.fixed import RAY, mul_div_up
from mammon.core.numbers import Units
from mammon.core.types import Address
from mammon.sim import crowd_further, processes
from mammon.sim.addresses import CROWD, FEE_RECIPIENT
from mammon.sim.chance import PPM
from mammon.sim.contracts.aave import Pool
from mammon.sim.contracts.erc4626 import PlainVault, Vault
from mammon.sim.contracts.machine import Frame
from mammon.sim.contracts.morpho import MarketTerms, Morpho
from mammon.sim.crowd_further import flow
from mammon.sim.deployment import MARKET_CROWDS, PLAIN_CROWD, Deployment
from mammon.sim.processes import SQUEEZE_PPM, Crowd

_RATE_AVERSION_PPM = 250_000
"""How far utilisation falls when a market's rate at target has doubled."""
_FOUNDERS_SHARE = 21
"""One share in so many is burnt when the world begins: shares are worth more than at their birth."""


def step(frame: Frame, deployed: Deployment, epoch: int) -> None:
    """Move the crowd at every venue; `frame` runs in the epoch's first block."""
    seed = frame.environment.seed
    for name, (pool, crowd) in deployed.pools.items():
        target = processes.supply(seed, name, crowd, epoch)
        move_reserve(frame, pool, target, processes.level(seed, name, crowd, epoch))
    for terms in deployed.markets:
        deployed.morpho.touch(frame, terms)
    _flows(frame, deployed, epoch)
    for terms in deployed.markets:
        if not terms.idle:
            _market(frame, deployed, terms, epoch)
    if deployed.further is not None:
        crowd_further.step(frame, deployed.further, epoch)
    plain = deployed.plain
    plain.earn(frame, CROWD, processes.level(seed, "plain-vault", PLAIN_CROWD, epoch))
    if epoch == 0:
        _season(frame, deployed)


def move_reserve(frame: Frame, pool: Pool, target: int, level: int) -> None:
    """Bring the crowd's supply in a pool to `target` and its utilisation to `level`, in millionths."""
    reserve = pool.reserve(frame).accrued(frame.timestamp)
    index, claim = reserve.liquidity_index, pool.scaled(frame, CROWD)
    owned = pool.worth(claim, index)
    others = pool.worth(reserve.scaled_supply - claim, index)
    debt = reserve.debt_at(frame.timestamp)
    wanted = (target + (others if level >= SQUEEZE_PPM else 0)) * level // PPM
    wanted = min(wanted, reserve.available + target - owned + debt)
    cash = (target - owned) - (wanted - debt)
    claimed = target * RAY // index
    changed = replace(
        reserve,
        available=Units(reserve.available + cash),
        scaled_supply=Units(reserve.scaled_supply - claim + claimed),
        scaled_debt=Units(mul_div_up(wanted, RAY, reserve.borrow_index)),
    )
    frame.storage.put(pool.key("scaled", CROWD), claimed)
    pool.settle(frame, changed)
    if cash > 0:
        pool.asset.move(frame, CROWD, pool.at.a_token, cash)
    else:
        pool.asset.move(frame, pool.at.a_token, CROWD, -cash)


def _flows(frame: Frame, deployed: Deployment, epoch: int) -> None:
    """Let money flow into and out of the vaults, which take turns; all have one in the first epoch."""
    vaults: list[tuple[str, Vault, Crowd]] = [
        *((name, vault, crowd) for name, (vault, crowd) in deployed.vaults.items()),
        ("plain-vault", deployed.plain, PLAIN_CROWD),
    ]
    for turn, (name, vault, crowd) in enumerate(vaults):
        if epoch == 0 or epoch % len(vaults) == turn:
            flow(frame, vault, processes.supply(frame.environment.seed, name, crowd, epoch))


def _market(frame: Frame, deployed: Deployment, terms: MarketTerms, epoch: int) -> None:
    morpho, crowd = deployed.morpho, MARKET_CROWDS[terms.name]
    seed = frame.environment.seed
    target = processes.supply(seed, terms.name, crowd, epoch)
    market = morpho.stored(frame, terms)
    owned = morpho.held(frame, terms, CROWD, market)
    if target > owned:
        morpho.supply(frame, terms, CROWD, target - owned)
    else:
        amount = min(owned - target, market.supply_assets - market.borrow_assets)
        morpho.withdraw(frame, terms, CROWD, amount, CROWD)
    market = morpho.stored(frame, terms)
    level = processes.level(seed, terms.name, crowd, epoch)
    # Borrowers leave a market whose rate has drifted far up, and come back when it has fallen.
    dearer = (market.rate_at_target - terms.rate_at_target) * PPM // terms.rate_at_target
    level = max(0, level - dearer * _RATE_AVERSION_PPM // PPM)
    base: int = market.supply_assets
    if level < SQUEEZE_PPM:
        base -= sum(_ours(frame, *lender, terms, morpho) for lender in _lenders(deployed))
        base -= _direct(frame, deployed, terms, market)
    wanted = min(base * level // PPM, market.supply_assets)
    morpho.borrow(frame, terms, CROWD, wanted - market.borrow_assets)


def _lenders(deployed: Deployment) -> list[tuple[Vault, Address]]:
    """Return the vaults that lend in markets, each with the account that supplies for it."""
    found: list[tuple[Vault, Address]] = [(vault, vault.address) for vault, _ in deployed.vaults.values()]
    if deployed.further is not None:
        found.append((deployed.further.vault, deployed.further.lender.address))
    return found


def _ours(frame: Frame, vault: Vault, lender: Address, terms: MarketTerms, morpho: Morpho) -> int:
    """Return what the vault has in a market on account of holders outside the crowd."""
    minted = vault.minted(frame)
    outside = minted - vault.balance(frame, CROWD) - vault.balance(frame, FEE_RECIPIENT)
    if not outside:
        return 0
    return morpho.held(frame, terms, lender, morpho.stored(frame, terms)) * outside // minted


def _direct(frame: Frame, deployed: Deployment, terms: MarketTerms, market: MorphoMarket) -> int:
    """Return what neither the crowd nor a vault has supplied to a market."""
    morpho = deployed.morpho
    known = (CROWD, *(lender for _, lender in _lenders(deployed)))
    shares = market.supply_shares - sum(morpho.shares(frame, terms, holder) for holder in known)
    return assets_down(shares, market.supply_assets, market.supply_shares)


def _season(frame: Frame, deployed: Deployment) -> None:
    vaults: tuple[Vault | PlainVault, ...] = tuple(vault for vault, _ in deployed.vaults.values())
    for vault in (*vaults, deployed.plain):
        vault.burn(frame, CROWD, vault.balance(frame, CROWD) // _FOUNDERS_SHARE)
