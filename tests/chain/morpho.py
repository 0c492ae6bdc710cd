"""What tests do to Morpho Blue and the MetaMorpho vaults over it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from eth_utils import keccak

from tests.chain.contract import Contract
from tests.chain.deploy.morpho import Params, market_id

if TYPE_CHECKING:
    from tests.chain.scenario import Scenario


class Totals(NamedTuple):
    """`Morpho.market(id)`, as stored."""

    supply_assets: int
    supply_shares: int
    borrow_assets: int
    borrow_shares: int
    updated_at: int
    fee: int


class Morpho:
    """Markets by name (`weth`, `wbtc`, `weth_low`, `idle`) and the vaults `main` and `small`.

    `lender` supplies to markets directly, `whale` to vaults, `borrower` borrows.
    """

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self.blue = scenario["morpho"]
        self.irm = scenario["morpho.irm"]
        self.params: dict[str, Params] = scenario.lab.morpho_markets
        self.ids = {name: market_id(params) for name, params in self.params.items()}
        self.vaults = {name: scenario[f"vault_{name}"] for name in ("main", "small")}
        self._admin = scenario.account("admin")
        self.whale = scenario.account("whale")
        self.borrower = scenario.account("borrower")
        self.lender = scenario.account("lender")

    def totals(self, market: str, block: str | int = "latest") -> Totals:
        """Return a market's stored totals."""
        return Totals(*self.blue.call("market", self.ids[market], block=block))

    def borrow_rate(self, market: str, block: str | int = "latest") -> int:
        """Return the rate model's own view of the borrow rate, wad per second; 0 for the idle market."""
        params = self.params[market]
        if int(params[3], 16) == 0:
            return 0
        return int(self.irm.call("borrowRateView", params, self.totals(market, block), block=block))

    def position(self, market: str, owner: str, block: str | int = "latest") -> Any:
        """Return (supply shares, borrow shares, collateral)."""
        return self.blue.call("position", self.ids[market], owner, block=block)

    # --- markets --------------------------------------------------------------------------------

    def supply(self, market: str, amount: int, behalf: str | None = None) -> None:
        """Supply from the lender, for himself or as a gift to another."""
        self.blue.send(
            "supply", self.params[market], amount, 0, behalf or self.lender, b"", sender=self.lender
        )

    def withdraw(self, market: str, amount: int) -> None:
        """Withdraw the lender's supply."""
        self.blue.send(
            "withdraw", self.params[market], amount, 0, self.lender, self.lender, sender=self.lender
        )

    def borrow(self, market: str, amount: int) -> None:
        """Borrow; the borrower's collateral suffices for hundreds of millions."""
        self.blue.send(
            "borrow", self.params[market], amount, 0, self.borrower, self.borrower, sender=self.borrower
        )

    def repay(self, market: str, amount: int | None = None) -> None:
        """Repay an amount, or all."""
        shares = 0 if amount else self.position(market, self.borrower)[1]
        self.blue.send(
            "repay", self.params[market], amount or 0, shares, self.borrower, b"", sender=self.borrower
        )

    def accrue(self, market: str) -> None:
        """Accrue a market's interest."""
        self.blue.send("accrueInterest", self.params[market], sender=self._admin)

    def liquidity(self, market: str) -> int:
        """Return what can be withdrawn or borrowed, without interest since the last touch."""
        totals = self.totals(market)
        return totals.supply_assets - totals.borrow_assets

    def utilise(self, market: str, borrowed: int) -> None:
        """Bring the borrower's debt in a market to about this amount."""
        if self.position(market, self.borrower)[1]:
            self.repay(market)
        if borrowed:
            self.borrow(market, borrowed)

    def drain(self, market: str, left: int = 0) -> None:
        """Borrow until only `left` can be withdrawn."""
        self.accrue(market)
        if (spare := self.liquidity(market) - left) > 0:
            self.borrow(market, spare)

    def bad_debt(self, market: str, amount: int) -> None:
        """Let suppliers lose about this much: `eve` borrows, `bob` seizes her worthless collateral."""
        scenario, eve, bob = self._scenario, self._scenario.account("eve"), self._scenario.account("bob")
        token, oracle = ("wbtc", "morpho.oracle_wbtc") if market == "wbtc" else ("weth", "morpho.oracle_weth")
        price = scenario[oracle].call("price")
        held = amount * 3 * 10**36 // price
        scenario.mint(token, eve, held)
        scenario.approve(token, eve, self.blue.address)
        self.blue.send("supplyCollateral", self.params[market], held, eve, b"", sender=eve)
        self.blue.send("borrow", self.params[market], amount, 0, eve, eve, sender=eve)
        scenario.mint("usdc", bob, amount)
        scenario.approve("usdc", bob, self.blue.address)
        scenario[oracle].send("setPrice", price // 10_000, sender=self._admin)
        self.blue.send("liquidate", self.params[market], eve, held, 0, b"", sender=bob)
        scenario[oracle].send("setPrice", price, sender=self._admin)

    def fee(self, market: str, wad: int) -> None:
        """Set a market's fee."""
        self.blue.send("setFee", self.params[market], wad, sender=self._admin)

    def rate_at_target(self, market: str, wad_per_second: int) -> None:
        """Write the rate model's stored rate at target."""
        slot = _mapping_slot(self.ids[market], 0)
        self._scenario.rpc("anvil_setStorageAt", self.irm.address, slot, f"0x{wad_per_second:064x}")

    # --- vaults ---------------------------------------------------------------------------------

    def vault(self, name: str) -> Contract:
        """Return a vault."""
        return self.vaults[name]

    def deposit(self, vault: str, amount: int, owner: str | None = None) -> None:
        """Deposit into a vault (from the whale)."""
        owner = owner or self.whale
        self.vaults[vault].send("deposit", amount, owner, sender=owner)

    def redeem(self, vault: str, amount: int, owner: str | None = None) -> None:
        """Withdraw an amount from a vault (the whale's)."""
        owner = owner or self.whale
        self.vaults[vault].send("withdraw", amount, owner, owner, sender=owner)

    def cap(self, vault: str, market: str, amount: int) -> None:
        """Lower a cap (no timelock); raising one goes through the timelock and warps a day."""
        contract, params = self.vaults[vault], self.params[market]
        current = contract.call("config", self.ids[market])[0]
        contract.send("submitCap", params, amount, sender=self._admin)
        if amount > current:
            self._scenario.warp(86_401)
            contract.send("acceptCap", params, sender=self._admin)

    def supply_queue(self, vault: str, *markets: str) -> None:
        """Set the order in which a vault fills its markets."""
        self.vaults[vault].send("setSupplyQueue", [self.ids[name] for name in markets], sender=self._admin)

    def withdraw_queue(self, vault: str, *places: int) -> None:
        """Reorder a vault's withdraw queue: the present places in their new order."""
        self.vaults[vault].send("updateWithdrawQueue", list(places), sender=self._admin)

    def vault_fee(self, vault: str, wad: int) -> None:
        """Set a vault's performance fee."""
        self.vaults[vault].send("setFee", wad, sender=self._admin)


def _mapping_slot(key: bytes, slot: int) -> str:
    return "0x" + keccak(key + slot.to_bytes(32, "big")).hex()
