"""What tests do to the Compound V2 market by the second."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eth_abi import encode
from eth_utils import to_checksum_address

from tests.chain.contract import MAX, Contract
from tests.chain.deploy.moonwell import artifact

if TYPE_CHECKING:
    from tests.chain.scenario import Scenario


class Moonwell:
    """The market, its comptroller, and the rate model it has now."""

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self.market = scenario["moonwell.market"]
        self.comptroller = scenario["moonwell.comptroller"]
        self.whale = scenario.account("whale")
        self.borrower = scenario.account("borrower")

    # --- lending --------------------------------------------------------------------------------

    def supply(self, amount: int, owner: str | None = None) -> None:
        """Mint mTokens; raise where the market answers a code."""
        self.sure("mint", amount, sender=owner or self.whale)

    def utilise(self, supplied: int, borrowed: int) -> None:
        """Supply and lend so much."""
        self.supply(supplied)
        if borrowed:
            self.borrow(borrowed)

    def borrow(self, amount: int) -> None:
        """Lend out; the comptroller asks for no collateral."""
        self.sure("borrow", amount, sender=self.borrower)

    def repay(self, amount: int) -> None:
        """Pay back, out of the borrower's own pocket."""
        self.sure("repayBorrow", amount, sender=self.borrower)

    def drain(self, left: int) -> None:
        """Lend out all cash but so much."""
        self.borrow(self.cash() - left)

    def sure(self, name: str, *arguments: Any, sender: str) -> None:
        """Send a call that must return no error code."""
        code = self.market.call(name, *arguments, sender=sender)
        if code != 0:
            raise RuntimeError(f"{name} would return the error code {code}")
        self.market.send(name, *arguments, sender=sender)

    # --- reading --------------------------------------------------------------------------------

    def cash(self) -> int:
        """Return what could leave now."""
        return int(self.market.call("getCash"))

    def debt(self) -> int:
        """Return what is owed, interest up to the last accrual."""
        return int(self.market.call("totalBorrows"))

    def supplied(self, block: str | int = "latest") -> int:
        """Return what suppliers own by the stored figures."""
        names = ("getCash", "totalBorrows", "totalReserves")
        cash, borrows, reserves = (int(self.market.call(name, block=block)) for name in names)
        return cash + borrows - reserves

    # --- administration -------------------------------------------------------------------------

    def rules(self, cap: int = 0, paused: bool = False, delisted: bool = False) -> None:
        """Set what the comptroller allows."""
        self.comptroller.send("set", self.market.address, cap, paused, delisted, sender=self.whale)

    def become(self, model: tuple[int, int, int, int], reserve_factor: int) -> None:
        """Give the market a new rate model, deployed for it, and a reserve factor."""
        made = artifact("JumpRateTimestamp")
        data = bytes.fromhex(made.bytecode[2:]) + encode(["uint256"] * 4, model)
        receipt = self._scenario.rpc.send(self.whale, None, data)
        address = to_checksum_address(receipt["contractAddress"])
        self.market.send("become", address, reserve_factor, sender=self.whale)

    def model(self) -> Contract:
        """Return the rate model the market has now."""
        known = self._scenario["moonwell.model"]
        return Contract(known.rpc, self.market.call("interestRateModel"), known.abi)

    def repay_all(self) -> None:
        """Pay everything back."""
        self.sure("repayBorrow", MAX, sender=self.borrower)
