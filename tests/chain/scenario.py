"""A running test chain and the small things tests do to it: time, money, feeds, gas prices.

Time moves only by `warp`, `mine_at` and `next_at`: each further block is one second later.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property

from tests.chain.aave import Aave
from tests.chain.contract import MAX, Contract
from tests.chain.lab import Lab
from tests.chain.moonwell import Moonwell
from tests.chain.morpho import Morpho
from tests.chain.node import BASE_FEE
from tests.chain.rpc import Rpc

USD = 10**6
ETHER = 10**18
_SETTLE_TRIES = 200


class Scenario:
    """One test's view of the chain; everything it does is undone when the test ends."""

    def __init__(self, lab: Lab, rpc: Rpc) -> None:
        self.lab = lab
        self.rpc = rpc
        self._contracts: dict[str, Contract] = {}

    def __getitem__(self, name: str) -> Contract:
        """Return a deployed contract by its name in the manifest."""
        if name not in self._contracts:
            self._contracts[name] = self.lab.contract(self.rpc, name)
        return self._contracts[name]

    def account(self, role: str) -> str:
        """Return the address of one of `lab.ACCOUNTS`, unlocked on the node."""
        return self.lab.accounts[role]

    # --- time ----------------------------------------------------------------------------------

    @property
    def block(self) -> int:
        """Return the latest block's number."""
        return int(self.rpc("eth_blockNumber"), 16)

    @property
    def now(self) -> int:
        """Return the latest block's timestamp."""
        return int(self.rpc("eth_getBlockByNumber", "latest", False)["timestamp"], 16)

    def next_at(self, timestamp: int) -> None:
        """Let the next block, whatever mines it, have this timestamp."""
        self.rpc("evm_setNextBlockTimestamp", timestamp)

    def mine_at(self, timestamp: int) -> None:
        """Mine an empty block with this timestamp."""
        self.next_at(timestamp)
        self.rpc("evm_mine")

    def warp(self, seconds: int) -> None:
        """Mine an empty block this much later."""
        self.mine_at(self.now + seconds)

    def follow(self, now: int) -> None:
        """Bring the chain to the wall clock's time and let it run from there, for the real command line.

        Rates at target are set back to 4 %: the months in between would have worn them down.
        """
        self.mine_at(now)
        for market in ("weth", "wbtc", "weth_low"):
            self.morpho.accrue(market)
            self.morpho.rate_at_target(market, 4 * 10**16 // 31_536_000)
        self.rpc("anvil_removeBlockTimestampInterval")

    def unfollow(self) -> None:
        """Make each block one second later than the last again."""
        self.rpc("anvil_setBlockTimestampInterval", 1)

    @contextmanager
    def one_block(self, timestamp: int) -> Iterator[None]:
        """Mine what is sent inside with `queue` as one block with this timestamp."""
        self.rpc("evm_setAutomine", False)
        try:
            yield
            self.mine_at(timestamp)
        finally:
            self.rpc("evm_setAutomine", True)

    def queue(self, contract: Contract, name: str, *arguments: object, sender: str) -> str:
        """Send without waiting; return the transaction's hash. For `one_block`."""
        data = "0x" + contract.data(name, *arguments).hex()
        call = {"from": sender, "to": contract.address, "data": data, "gas": hex(3_000_000)}
        return str(self.rpc("eth_sendTransaction", call))

    def require(self, transaction: str) -> None:
        """Raise unless a queued transaction was mined and succeeded."""
        receipt = self.rpc("eth_getTransactionReceipt", transaction)
        if receipt is None or receipt["status"] != "0x1":
            raise RuntimeError(f"{transaction} did not succeed: {receipt}")

    @contextmanager
    def undone(self) -> Iterator[None]:
        """Undo everything done inside."""
        snapshot = self.rpc("evm_snapshot")
        try:
            yield
        finally:
            self._settle()
            self.rpc("evm_revert", snapshot)
            self.rpc("anvil_setNextBlockBaseFeePerGas", hex(BASE_FEE))  # the one thing not reverted

    def _settle(self) -> None:
        """Wait until the node has taken mined transactions out of its pool.

        It answers with receipts a moment before; reverting in between makes it throw away the next
        transaction that uses the same nonce.
        """
        for _ in range(_SETTLE_TRIES):
            status = self.rpc("txpool_status")
            if status == {"pending": "0x0", "queued": "0x0"}:
                return
        self.rpc("anvil_dropAllTransactions")

    # --- money ---------------------------------------------------------------------------------

    def fund(self, address: str, usdc: int = 0, wei: int = 0) -> None:
        """Give an address, any address, USDC units and at least so much native coin."""
        if usdc:
            self.mint("usdc", address, usdc)
        if wei:
            self.rpc("anvil_setBalance", address, hex(wei))

    def mint(self, token: str, address: str, amount: int) -> None:
        """Create tokens."""
        self[token].send("mint", address, amount, sender=self.account("admin"))

    def approve(self, token: str, owner: str, spender: str, amount: int = MAX) -> None:
        """Approve from an unlocked account."""
        self[token].send("approve", spender, amount, sender=owner)

    def balance(self, address: str, token: str = "usdc") -> int:
        """Return a token balance."""
        return int(self[token].call("balanceOf", address))

    # --- prices and fees -----------------------------------------------------------------------

    def feed(self, name: str, answer: int, *, updated: int = 0, started: int | None = None) -> None:
        """Set a feed (`eth_usd`, `btc_usd`, `usdc_usd`: 8 decimals; `sequencer`: 0 is up).

        `updated` 0: the feed always says it was updated just now. `started` is now unless given.
        """
        since = self.now if started is None else started
        self[name].send("set", answer, since, updated, sender=self.account("admin"))

    def fees(
        self,
        l1_base_fee: int,
        base_scalar: int,
        blob_base_fee: int,
        blob_scalar: int,
        operator_scalar: int = 0,
        operator_constant: int = 0,
    ) -> None:
        """Set what the gas-price oracle answers."""
        self["gas_price_oracle"].send(
            "set", l1_base_fee, base_scalar, blob_base_fee, blob_scalar, operator_scalar, operator_constant,
            sender=self.account("admin"),
        )  # fmt: skip

    # --- venues --------------------------------------------------------------------------------

    @cached_property
    def aave30(self) -> Aave:
        """The pool of release 3.0."""
        return Aave(self, "aave30")

    @cached_property
    def aave36(self) -> Aave:
        """The pool of release 3.6."""
        return Aave(self, "aave36")

    @cached_property
    def moonwell(self) -> Moonwell:
        """The Compound V2 market by the second."""
        return Moonwell(self)

    @cached_property
    def morpho(self) -> Morpho:
        """Morpho Blue and its vaults."""
        return Morpho(self)
