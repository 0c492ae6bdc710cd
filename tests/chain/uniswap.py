"""A real Uniswap V3 on the local node: factory, position manager, router, and one pool of USDC and WETH."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mammon.core.concentrated.managers import PositionManager
from mammon.core.types import Address, Token
from tests.chain.artifacts import Artifact, from_json
from tests.chain.contract import NOBODY, Contract
from tests.chain.deploy.book import Book
from tests.chain.node import CHAIN_ID
from tests.chain.packages import packages, unpacked

if TYPE_CHECKING:
    from tests.chain.scenario import Scenario

NEVER = 2**40
"""A deadline no block comes to."""
EVERYTHING = 2**128 - 1
PLENTY = 10**32


def artifact(package: str, name: str) -> Artifact:
    """Return a contract of one of the two packages."""
    folder = unpacked(packages()[f"@uniswap/{package}"]) / "artifacts/contracts"
    return from_json(folder / f"{name}.sol" / f"{name}.json")


class Uniswap:
    """Deployed for one test. `traders` hold plenty of both tokens and have approved everybody."""

    def __init__(self, chain: Scenario, fee: int, price: int, traders: tuple[str, ...]) -> None:
        self.chain, self.fee, self.traders = chain, fee, traders
        book = Book(chain.rpc, chain.account("admin"))
        weth = chain["weth"].address
        self.factory = book.deploy("factory", artifact("v3-core", "UniswapV3Factory"))
        manager = artifact("v3-periphery", "NonfungiblePositionManager")
        self.manager = book.deploy("manager", manager, self.factory.address, weth, NOBODY)
        router = artifact("v3-periphery", "SwapRouter")
        self.router = book.deploy("router", router, self.factory.address, weth)
        tokens = ("usdc", "weth")
        self.tokens = tuple(sorted(tokens, key=lambda name: int(chain[name].address, 16)))
        self.addresses = tuple(chain[name].address for name in self.tokens)
        self.manager.send(
            "createAndInitializePoolIfNecessary", *self.addresses, fee, price, sender=chain.account("admin")
        )
        found = self.factory.call("getPool", *self.addresses, fee)
        pool = artifact("v3-core", "UniswapV3Pool")
        self.pool: Contract = book.note("pool", pool, found)
        for trader in traders:
            for token in tokens:
                chain.mint(token, trader, PLENTY)
                for spender in (self.manager, self.router):
                    chain.approve(token, trader, spender.address)

    def listed(self) -> PositionManager:
        """Return the position manager as a chain file would list it."""
        decimals = {"usdc": 6, "weth": 18}
        tokens = tuple(
            Token(CHAIN_ID, Address(address), name.upper(), decimals[name])
            for name, address in zip(self.tokens, self.addresses, strict=True)
        )
        manager, factory, multicall3 = (
            Address(contract.address) for contract in (self.manager, self.factory, self.chain["multicall3"])
        )
        return PositionManager(
            CHAIN_ID, "uniswap-v3", "uniswap_v3", manager, factory, multicall3, tokens=tokens
        )

    # --- trading ---------------------------------------------------------------------------------

    def mint(self, owner: str, lower: int, upper: int, amount0: int, amount1: int) -> int:
        """Open a position of at most these amounts; return its number."""
        number = int(self.manager.call("totalSupply")) + 1
        self.manager.send(
            "mint",
            (*self.addresses, self.fee, lower, upper, amount0, amount1, 0, 0, owner, NEVER),
            sender=owner,
        )
        return number

    def increase(self, owner: str, number: int, amount0: int, amount1: int) -> None:
        """Add to a position."""
        self.manager.send("increaseLiquidity", (number, amount0, amount1, 0, 0, NEVER), sender=owner)

    def decrease(self, owner: str, number: int, liquidity: int) -> None:
        """Take liquidity out, and leave the tokens with the pool."""
        self.manager.send("decreaseLiquidity", (number, liquidity, 0, 0, NEVER), sender=owner)

    def collect(self, owner: str, number: int) -> None:
        """Collect everything that is owed."""
        self.manager.send("collect", (number, owner, EVERYTHING, EVERYTHING), sender=owner)

    def swap(self, trader: str, zero_for_one: bool, amount: int) -> None:
        """Sell so much of one token."""
        given, taken = self.addresses if zero_for_one else reversed(self.addresses)
        limit = 4295128740 if zero_for_one else 1461446703485210103287273052203988822378723970341
        self.router.send(
            "exactInputSingle", (given, taken, self.fee, trader, NEVER, amount, 0, limit), sender=trader
        )

    # --- what is paid ----------------------------------------------------------------------------

    def liquidity(self, number: int) -> int:
        """Return a position's liquidity."""
        return int(self.manager.call("positions", number)[7])

    def paid(self, owner: str, number: int, *, leaving: bool, execute: bool = False) -> tuple[Any, ...]:
        """Return what `collect` pays, after taking all liquidity out where `leaving`; by the contracts."""
        liquidity = self.liquidity(number)
        calls = [self.manager.data("collect", (number, owner, EVERYTHING, EVERYTHING))]
        if leaving and liquidity:
            calls.insert(0, self.manager.data("decreaseLiquidity", (number, liquidity, 0, 0, NEVER)))
        if not execute:
            answers = self.manager.call("multicall", calls, sender=owner)
            return self._pair(answers[-1])
        before = [self.chain.balance(owner, name) for name in self.tokens]
        self.manager.send("multicall", calls, sender=owner)
        after = [self.chain.balance(owner, name) for name in self.tokens]
        return after[0] - before[0], after[1] - before[1]

    @staticmethod
    def _pair(data: bytes) -> tuple[int, int]:
        return int.from_bytes(data[:32], "big"), int.from_bytes(data[32:64], "big")
