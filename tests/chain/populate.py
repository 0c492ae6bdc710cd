"""The world the lab starts with: funded accounts, approvals, and venues in everyday use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.chain.contract import MAX

if TYPE_CHECKING:
    from tests.chain.scenario import Scenario

USD = 10**6
MILLION = 10**6 * USD
PLENTY = {"usdc": 10**6 * MILLION, "weth": 10**6 * 10**18, "wbtc": 10**5 * 10**8}


def populate(scenario: Scenario) -> None:
    """Fund, approve, supply and borrow."""
    _fund(scenario)
    for pool, supplied, borrowed in ((scenario.aave30, 40, 30), (scenario.aave36, 60, 45)):
        for token in ("weth", "wbtc"):
            address, amount = scenario[token].address, PLENTY[token] // 10
            pool.pool.send("supply", address, amount, pool.borrower, 0, sender=pool.borrower)
        pool.utilise(supplied * MILLION, borrowed * MILLION)
    _morpho(scenario)
    scenario.moonwell.utilise(30 * MILLION, 24 * MILLION)
    scenario["vault"].send(
        "deposit", 5 * MILLION, scenario.account("whale"), sender=scenario.account("whale")
    )


def _fund(scenario: Scenario) -> None:
    spenders = {
        "whale": (
            *("aave30.pool", "aave36.pool", "vault_main", "vault_small", "vault", "turncoat"),
            "moonwell.market",
        ),
        "borrower": ("aave30.pool", "aave36.pool", "morpho", "moonwell.market"),
        "lender": ("morpho",),
    }
    for role, names in spenders.items():
        owner = scenario.account(role)
        for token, amount in PLENTY.items():
            scenario.mint(token, owner, amount)
            for name in names:
                scenario[token].send("approve", scenario[name].address, MAX, sender=owner)


def _morpho(scenario: Scenario) -> None:
    morpho = scenario.morpho
    for market, token in (("weth", "weth"), ("weth_low", "weth"), ("wbtc", "wbtc")):
        amount = PLENTY[token] // 10
        morpho.blue.send(
            "supplyCollateral", morpho.params[market], amount, morpho.borrower, b"", sender=morpho.borrower
        )
    morpho.supply("weth", 20 * MILLION)
    morpho.supply("wbtc", 10 * MILLION)
    morpho.supply("weth_low", 1 * MILLION)
    morpho.deposit("main", 25 * MILLION)
    morpho.deposit("small", 2 * MILLION)
    for market, share in (("weth", 90), ("wbtc", 85), ("weth_low", 60)):
        morpho.borrow(market, morpho.liquidity(market) * share // 100)
