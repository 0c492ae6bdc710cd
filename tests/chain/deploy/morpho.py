"""Morpho Blue, its adaptive rate model, and two MetaMorpho vaults over four markets."""

from __future__ import annotations

from eth_abi import encode
from eth_utils import keccak

from tests.chain.artifacts import Artifact, from_typechain
from tests.chain.contract import NOBODY, Contract
from tests.chain.deploy.book import Book
from tests.chain.deploy.common import Tokens
from tests.chain.packages import packages, unpacked

USD = 10**6
DAY = 86_400
Params = tuple[str, str, str, str, int]

LLTV = {"weth": 86 * 10**16, "wbtc": 77 * 10**16, "weth_low": 50 * 10**16, "idle": 0}
CAPS = {"weth": 30_000_000 * USD, "wbtc": 12_000_000 * USD, "weth_low": 3_000_000 * USD, "idle": 2**184 - 1}
SUPPLY_QUEUE = ("weth", "wbtc", "weth_low", "idle")
MARKET_FEE = {"wbtc": 5 * 10**16}
VAULT_FEE = 10**17
SMALL_CAP = 5_000_000 * USD

_FACTORIES = "types/factories"
_BLUE = "lib/morpho-blue/src/Morpho"
_MODEL = "lib/morpho-blue-irm/src/adaptive-curve-irm/AdaptiveCurveIrm"
_VAULT = "lib/metamorpho/src/MetaMorpho"
_ORACLE = "src/mocks/OracleMock"


def artifact(path: str) -> Artifact:
    """Return an artifact by its source's path, without its ending."""
    root = unpacked(packages()["@morpho-org/morpho-blue-bundlers"])
    return from_typechain(root / _FACTORIES / f"{path}__factory.js")


def market_id(params: Params) -> bytes:
    """Return a market's id: the hash of its parameters."""
    return bytes(keccak(encode(["address", "address", "address", "address", "uint256"], params)))


def deploy(book: Book, tokens: Tokens, fee_recipient: str) -> dict[str, Params]:
    """Deploy everything; return the markets' parameters by name."""
    blue = book.deploy("morpho", artifact(_BLUE), book.admin)
    model = book.deploy("morpho.irm", artifact(_MODEL), blue.address)
    markets = _markets(book, tokens, blue, model)
    vault = artifact(_VAULT)
    main = book.deploy(
        "vault_main", vault, book.admin, blue.address, DAY, tokens.usdc.address, "Main USDC", "mainUSDC"
    )
    small = book.deploy(
        "vault_small", vault, book.admin, blue.address, DAY, tokens.usdc.address, "Small USDC", "smallUSDC"
    )
    for name, params in markets.items():
        book.send(main, "submitCap", params, CAPS[name])
    book.send(small, "submitCap", markets["weth"], SMALL_CAP)
    _wait(book, DAY + 1)
    for params in markets.values():
        book.send(main, "acceptCap", params)
    book.send(small, "acceptCap", markets["weth"])
    book.send(main, "setSupplyQueue", [market_id(markets[name]) for name in SUPPLY_QUEUE])
    book.send(small, "setSupplyQueue", [market_id(markets["weth"])])
    book.send(main, "setFeeRecipient", fee_recipient)
    book.send(main, "setFee", VAULT_FEE)
    return markets


def _markets(book: Book, tokens: Tokens, blue: Contract, model: Contract) -> dict[str, Params]:
    usdc = tokens.usdc.address
    oracles = {}
    for name, price, decimals in (("weth", 3000, 18), ("wbtc", 60_000, 8)):
        oracles[name] = book.deploy(f"morpho.oracle_{name}", artifact(_ORACLE))
        book.send(oracles[name], "setPrice", price * 10 ** (36 + 6 - decimals))
    for lltv in sorted(set(LLTV.values())):
        book.send(blue, "enableLltv", lltv)
    for address in (model.address, NOBODY):
        book.send(blue, "enableIrm", address)
    markets: dict[str, Params] = {"idle": (usdc, NOBODY, NOBODY, NOBODY, 0)}
    for name, collateral in (("weth", "weth"), ("wbtc", "wbtc"), ("weth_low", "weth")):
        token = getattr(tokens, collateral).address
        markets[name] = (usdc, token, oracles[collateral].address, model.address, LLTV[name])
    book.send(blue, "setFeeRecipient", book.admin)
    for name, params in markets.items():
        book.send(blue, "createMarket", params)
        if name in MARKET_FEE:
            book.send(blue, "setFee", params, MARKET_FEE[name])
    return markets


def _wait(book: Book, seconds: int) -> None:
    latest = int(book.rpc("eth_getBlockByNumber", "latest", False)["timestamp"], 16)
    book.rpc("evm_setNextBlockTimestamp", latest + seconds)
    book.rpc("evm_mine")
