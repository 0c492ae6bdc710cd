"""Compound V2 by the second, as Moonwell runs it: the package's market and jump rate model.

The comptroller is our own (`TestComptroller.sol`): it keeps the rules a lender meets and allows every
loan, so that a borrower needs no collateral.
"""

from __future__ import annotations

from tests.chain import compiled
from tests.chain.artifacts import Artifact, from_json
from tests.chain.contract import Contract
from tests.chain.deploy.book import Book
from tests.chain.deploy.common import Tokens, own

WAD = 10**18
YEAR_S = 31_536_000
INITIAL_RATE = 2 * 10**14
"""0.02 USDC for one mToken of 8 decimals."""
RESERVE_FACTOR = WAD // 10
MODEL = (0, 615 * 10**14 // YEAR_S, 9 * WAD // YEAR_S, 9 * WAD // 10)
"""Base, multiplier and jump multiplier by the second, and the kink."""


def artifact(name: str) -> Artifact:
    """Return one of the compiled contracts."""
    return from_json(compiled.compound2() / f"{name}.json")


def deploy(book: Book, tokens: Tokens) -> Contract:
    """Deploy everything under `moonwell.*`; return the market."""
    comptroller = book.deploy("moonwell.comptroller", own("TestComptroller"))
    model = book.deploy("moonwell.model", artifact("JumpRateTimestamp"), *MODEL)
    arguments = (tokens.usdc.address, comptroller.address, model.address, INITIAL_RATE)
    names = ("Moonwell-like USDC", "mUSDC", book.admin)
    market = book.deploy("moonwell.market", artifact("MTokenTimestamp"), *arguments, *names)
    book.send(market, "become", model.address, RESERVE_FACTOR)
    return market
