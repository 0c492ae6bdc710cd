"""Aave 3.0 from the published artifacts of core-v3: a pool with USDC, WETH and WBTC."""

from __future__ import annotations

from tests.chain.artifacts import Artifact, from_json
from tests.chain.contract import NOBODY, Contract
from tests.chain.deploy.book import Book
from tests.chain.deploy.common import Tokens
from tests.chain.packages import packages, unpacked

RAY = 10**27
SUPPLY_CAP = 250_000_000
BORROW_CAP = 225_000_000
RESERVE_FACTOR_BPS = 1000
COLLATERAL = {"usdc": (7500, 7800, 10500), "weth": (8000, 8300, 10500), "wbtc": (7300, 7800, 10500)}
"""Loan to value, liquidation threshold and bonus, basis points."""

_LOGIC = ("Borrow", "Bridge", "EMode", "Liquidation", "Supply", "Pool", "Configurator", "FlashLoan")


def artifact(path: str) -> Artifact:
    """Return an artifact by its source's path, without its ending."""
    root = unpacked(packages()["@aave/core-v3"]) / "artifacts/contracts"
    return from_json(root / f"{path}.sol" / f"{path.rpartition('/')[2]}.json")


def deploy(book: Book, tokens: Tokens) -> None:
    """Deploy and configure everything under `aave30.*`."""
    libraries: dict[str, str] = {}
    for name in (f"{part}Logic" for part in _LOGIC):
        path = f"protocol/libraries/logic/{name}"
        made = book.deploy(f"aave30.{name}", artifact(path), libraries=libraries)
        libraries[name] = made.address
    provider = _provider(book, tokens)
    pool_art, conf_art = artifact("protocol/pool/L2Pool"), artifact("protocol/pool/PoolConfigurator")
    pool_impl = book.deploy("aave30.pool_impl", pool_art, provider.address, libraries=libraries)
    conf_impl = book.deploy("aave30.conf_impl", conf_art, libraries=libraries)
    book.send(provider, "setPoolImpl", pool_impl.address)
    book.send(provider, "setPoolConfiguratorImpl", conf_impl.address)
    pool = book.note("aave30.pool", pool_art, provider.call("getPool"))
    conf = book.note("aave30.conf", conf_art, provider.call("getPoolConfigurator"))
    data = book.deploy("aave30.data", artifact("misc/AaveProtocolDataProvider"), provider.address)
    book.send(provider, "setPoolDataProvider", data.address)
    _reserves(book, tokens, provider, pool, conf)
    configure(book, conf, tokens)
    book.send(conf, "setReserveStableRateBorrowing", tokens.usdc.address, True)
    for token, name in (("usdc", "usdc"), ("weth", "weth")):
        address = getattr(tokens, token).address
        reserve = pool.call("getReserveData", address)
        book.note(f"aave30.a_{name}", artifact("protocol/tokenization/AToken"), reserve[8])
        book.note(f"aave30.stable_debt_{name}", artifact("protocol/tokenization/StableDebtToken"), reserve[9])
        book.note(f"aave30.debt_{name}", artifact("protocol/tokenization/VariableDebtToken"), reserve[10])


def _provider(book: Book, tokens: Tokens) -> Contract:
    provider = book.deploy(
        "aave30.provider", artifact("protocol/configuration/PoolAddressesProvider"), "Test 3.0", book.admin
    )
    book.send(provider, "setACLAdmin", book.admin)
    acl = book.deploy("aave30.acl", artifact("protocol/configuration/ACLManager"), provider.address)
    book.send(provider, "setACLManager", acl.address)
    grant_roles(book, acl)
    oracle = book.deploy("aave30.oracle", artifact("misc/AaveOracle"), *oracle_arguments(provider, tokens))
    book.send(provider, "setPriceOracle", oracle.address)
    return provider


def grant_roles(book: Book, acl: Contract) -> None:
    """Make the deployer every kind of admin."""
    for role in ("addPoolAdmin", "addAssetListingAdmin", "addEmergencyAdmin"):
        book.send(acl, role, book.admin)


def oracle_arguments(provider: Contract, tokens: Tokens) -> tuple[object, ...]:
    """Return the constructor's arguments of an Aave oracle over the test feeds."""
    assets = [tokens.usdc.address, tokens.weth.address, tokens.wbtc.address]
    feeds = [tokens.usdc_usd.address, tokens.eth_usd.address, tokens.btc_usd.address]
    return provider.address, assets, feeds, NOBODY, NOBODY, 10**8


def _reserves(book: Book, tokens: Tokens, provider: Contract, pool: Contract, conf: Contract) -> None:
    parts = {
        kind: book.deploy(
            f"aave30.{kind}_impl", artifact(f"protocol/tokenization/{kind}"), pool.address
        ).address
        for kind in ("AToken", "StableDebtToken", "VariableDebtToken")
    }
    strategy = book.deploy(
        "aave30.strategy",
        artifact("protocol/pool/DefaultReserveInterestRateStrategy"),
        provider.address,
        RAY * 90 // 100, 0, RAY * 55 // 1000, RAY * 40 // 100,  # optimal, base, slope 1, slope 2
        RAY * 55 // 10000, RAY * 40 // 100, RAY // 100, RAY * 8 // 100, RAY * 20 // 100,  # stable debt
    )  # fmt: skip
    rows = []
    for name in ("usdc", "weth", "wbtc"):
        token, symbol = getattr(tokens, name), name.upper()
        rows.append((
            parts["AToken"], parts["StableDebtToken"], parts["VariableDebtToken"],
            token.call("decimals"), strategy.address, token.address, book.admin, NOBODY,
            f"Aave {symbol}", f"a{symbol}", f"Variable debt {symbol}", f"vd{symbol}",
            f"Stable debt {symbol}", f"sd{symbol}", b"\x10",
        ))  # fmt: skip
    book.send(conf, "initReserves", rows)


def configure(book: Book, conf: Contract, tokens: Tokens) -> None:
    """Set what both releases call the same: collateral, borrowing, reserve factor, caps."""
    for name, (loan, threshold, bonus) in COLLATERAL.items():
        address = getattr(tokens, name).address
        book.send(conf, "configureReserveAsCollateral", address, loan, threshold, bonus)
        book.send(conf, "setReserveBorrowing", address, True)
        book.send(conf, "setReserveFactor", address, RESERVE_FACTOR_BPS)
    book.send(conf, "setSupplyCap", tokens.usdc.address, SUPPLY_CAP)
    book.send(conf, "setBorrowCap", tokens.usdc.address, BORROW_CAP)
