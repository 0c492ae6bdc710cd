"""Tokens, feeds, Multicall3, the gas-price oracle stub, plain vaults and hostile contracts."""

from __future__ import annotations

from dataclasses import dataclass

from tests.chain import compiled
from tests.chain.artifacts import Artifact, from_constant, from_json
from tests.chain.contract import Contract
from tests.chain.deploy.book import Book
from tests.chain.packages import packages, unpacked

MULTICALL3 = "0xcA11bde05977b3631167028862bE2a173976CA11"
GAS_PRICE_ORACLE = "0x420000000000000000000000000000000000000F"
GWEI = 10**9

ETH_USD = 3000 * 10**8
BTC_USD = 60_000 * 10**8
USDC_USD = 10**8

MISDEEDS = {"burn": 1, "flood": 2, "garbage": 3, "revert": 4, "empty": 5, "short": 6, "bomb": 7}
"""The modes of `Evil.sol` by name."""


def own(name: str) -> Artifact:
    """Return one of this directory's contracts."""
    return from_json(compiled.own() / f"{name}.json")


@dataclass(frozen=True, slots=True)
class Tokens:
    """The asset, two kinds of collateral, and their dollar feeds."""

    usdc: Contract
    weth: Contract
    wbtc: Contract
    eth_usd: Contract
    btc_usd: Contract
    usdc_usd: Contract


def tokens(book: Book) -> Tokens:
    """Deploy tokens and feeds."""
    token, feed = own("TestToken"), own("Feed")
    book.deploy("usdc18", token, "USD Coin", "USDC", 18)
    book.deploy("sequencer", feed, "L2 Sequencer Uptime Status Feed", 0, 0)
    return Tokens(
        book.deploy("usdc", token, "USD Coin", "USDC", 6),
        book.deploy("weth", token, "Wrapped Ether", "WETH", 18),
        book.deploy("wbtc", token, "Wrapped Bitcoin", "WBTC", 8),
        book.deploy("eth_usd", feed, "ETH / USD", 8, ETH_USD),
        book.deploy("btc_usd", feed, "BTC / USD", 8, BTC_USD),
        book.deploy("usdc_usd", feed, "USDC / USD", 8, USDC_USD),
    )


def predeploys(book: Book) -> None:
    """Place Multicall3 and the gas-price oracle stub at the addresses they have on real chains."""
    multicall = from_constant(unpacked(packages()["viem"]) / "constants/contracts.ts", "multicall3Bytecode")
    _place(book, "multicall3", multicall, MULTICALL3)
    oracle = _place(book, "gas_price_oracle", own("GasPriceOracleStub"), GAS_PRICE_ORACLE)
    book.send(oracle, "set", 5 * GWEI, 2269, GWEI, 1_055_762, 0, 0)


def vaults(book: Book, asset: Contract) -> None:
    """Deploy ERC-4626 vaults: a sound one, one over the wrong asset's decimals, one that can turn bad."""
    book.deploy("vault", own("TestVault"), asset.address)
    book.deploy("vault18", own("TestVault"), book.addresses["usdc18"])
    book.deploy("turncoat", own("TurncoatVault"), asset.address)
    for name, mode in MISDEEDS.items():
        book.deploy(f"evil.{name}", own("Evil"), mode)
        book.deploy(f"evil_pool.{name}", own("Evil"), mode)


def _place(book: Book, name: str, artifact: Artifact, address: str) -> Contract:
    first = book.deploy(f"{name}.deployed", artifact)
    book.rpc("anvil_setCode", address, book.rpc("eth_getCode", first.address, "latest"))
    return book.note(name, artifact, address)
