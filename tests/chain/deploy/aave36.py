"""Aave 3.6 compiled from the published sources: a pool with USDC, WETH and WBTC."""

from __future__ import annotations

from eth_abi import encode

from tests.chain import compiled
from tests.chain.artifacts import Artifact, from_json
from tests.chain.contract import NOBODY, Contract
from tests.chain.deploy.aave30 import configure, grant_roles, oracle_arguments
from tests.chain.deploy.book import Book
from tests.chain.deploy.common import Tokens

RATES_BPS = (9000, 0, 550, 4000)
"""Optimal usage, base rate, slope 1, slope 2."""

_LOGIC = ("Borrow", "Liquidation", "Supply", "Pool", "Configurator", "FlashLoan")


def artifact(name: str) -> Artifact:
    """Return an artifact by its contract's name."""
    return from_json(compiled.aave36() / f"{name}.json")


def deploy(book: Book, tokens: Tokens, treasury: str) -> None:
    """Deploy and configure everything under `aave36.*`."""
    libraries: dict[str, str] = {}
    for name in (f"{part}Logic" for part in _LOGIC):
        libraries[name] = book.deploy(f"aave36.{name}", artifact(name), libraries=libraries).address
    provider = _provider(book, tokens)
    strategy = book.deploy(
        "aave36.strategy", artifact("DefaultReserveInterestRateStrategyV2"), provider.address
    )
    pool_art, conf_art = artifact("L2PoolInstance"), artifact("PoolConfiguratorInstance")
    pool_impl = book.deploy(
        "aave36.pool_impl", pool_art, provider.address, strategy.address, libraries=libraries
    )
    conf_impl = book.deploy("aave36.conf_impl", conf_art, libraries=libraries)
    book.send(provider, "setPoolImpl", pool_impl.address)
    book.send(provider, "setPoolConfiguratorImpl", conf_impl.address)
    pool = book.note("aave36.pool", pool_art, provider.call("getPool"))
    conf = book.note("aave36.conf", conf_art, provider.call("getPoolConfigurator"))
    data = book.deploy("aave36.data", artifact("AaveProtocolDataProvider"), provider.address)
    book.send(provider, "setPoolDataProvider", data.address)
    _reserves(book, tokens, pool, conf, treasury)
    configure(book, conf, tokens)
    for name in ("usdc", "weth"):
        reserve = pool.call("getReserveData", getattr(tokens, name).address)
        book.note(f"aave36.a_{name}", artifact("ATokenInstance"), reserve[8])
        book.note(f"aave36.debt_{name}", artifact("VariableDebtTokenInstance"), reserve[10])


def _provider(book: Book, tokens: Tokens) -> Contract:
    provider = book.deploy("aave36.provider", artifact("PoolAddressesProvider"), "Test 3.6", book.admin)
    book.send(provider, "setACLAdmin", book.admin)
    acl = book.deploy("aave36.acl", artifact("ACLManager"), provider.address)
    book.send(provider, "setACLManager", acl.address)
    grant_roles(book, acl)
    oracle = book.deploy("aave36.oracle", artifact("AaveOracle"), *oracle_arguments(provider, tokens))
    book.send(provider, "setPriceOracle", oracle.address)
    return provider


def _reserves(book: Book, tokens: Tokens, pool: Contract, conf: Contract, treasury: str) -> None:
    supply = book.deploy("aave36.a_impl", artifact("ATokenInstance"), pool.address, NOBODY, treasury)
    debt = book.deploy("aave36.debt_impl", artifact("VariableDebtTokenInstance"), pool.address, NOBODY)
    rates = encode(["(uint16,uint32,uint32,uint32)"], [RATES_BPS])
    rows = []
    for name in ("usdc", "weth", "wbtc"):
        symbol = name.upper()
        rows.append((
            supply.address, debt.address, getattr(tokens, name).address,
            f"Aave {symbol}", f"a{symbol}", f"Variable debt {symbol}", f"vd{symbol}", b"", rates,
        ))  # fmt: skip
    book.send(conf, "initReserves", rows)
