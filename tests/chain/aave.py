"""What tests do to an Aave pool."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eth_abi import encode

from tests.chain.contract import MAX

if TYPE_CHECKING:
    from tests.chain.scenario import Scenario

VARIABLE = 2
STABLE = 1


class Aave:
    """One pool's USDC reserve. `whale` supplies, `borrower` borrows against plenty of collateral."""

    def __init__(self, scenario: Scenario, name: str) -> None:
        self._scenario = scenario
        self.name = name
        self.usdc = scenario["usdc"].address
        self.pool = scenario[f"{name}.pool"]
        self.conf = scenario[f"{name}.conf"]
        self.a_token = scenario[f"{name}.a_usdc"]
        self.debt_token = scenario[f"{name}.debt_usdc"]
        self._admin = scenario.account("admin")
        self.whale = scenario.account("whale")
        self.borrower = scenario.account("borrower")

    def reserve(self, block: str | int = "latest") -> Any:
        """Return `getReserveData`: [2] is the liquidity rate, [1] the index, [6] the last update."""
        return self.pool.call("getReserveData", self.usdc, block=block)

    def rate(self, block: str | int = "latest") -> int:
        """Return `currentLiquidityRate`, ray per year."""
        return int(self.reserve(block)[2])

    def supply(self, amount: int, owner: str | None = None) -> None:
        """Supply USDC from an account that holds and approved it (the whale)."""
        owner = owner or self.whale
        self.pool.send("supply", self.usdc, amount, owner, 0, sender=owner)

    def withdraw(self, amount: int = MAX, owner: str | None = None) -> None:
        """Withdraw USDC."""
        owner = owner or self.whale
        self.pool.send("withdraw", self.usdc, amount, owner, sender=owner)

    def borrow(self, amount: int, owner: str | None = None, mode: int = VARIABLE) -> None:
        """Borrow USDC."""
        owner = owner or self.borrower
        self.pool.send("borrow", self.usdc, amount, mode, 0, owner, sender=owner)

    def repay(self, amount: int = MAX, owner: str | None = None, mode: int = VARIABLE) -> None:
        """Repay USDC debt."""
        owner = owner or self.borrower
        self.pool.send("repay", self.usdc, amount, mode, owner, sender=owner)

    def debt(self) -> int:
        """Return all variable debt now."""
        return int(self.debt_token.call("totalSupply"))

    def liquidity(self) -> int:
        """Return what can be withdrawn or borrowed now."""
        if self.name == "aave30":
            return self.cash()
        return int(self.pool.call("getVirtualUnderlyingBalance", self.usdc))

    def cash(self) -> int:
        """Return the USDC that the reserve's aToken holds, gifts included."""
        return self._scenario.balance(self.a_token.address)

    def lendable(self) -> int:
        """Return the most that can be borrowed: less than suppliers own by what the debt rounds up."""
        return max(0, min(self.liquidity(), int(self.a_token.call("totalSupply")) - 2))

    def utilise(self, supplied: int, borrowed: int) -> None:
        """Bring the whale's supply and the borrower's debt to about these amounts."""
        if self.debt():
            self.repay()
        held = int(self.a_token.call("balanceOf", self.whale))
        if supplied > held:
            self.supply(supplied - held)
        elif supplied < held:
            self.withdraw(held - supplied)
        if borrowed:
            self.borrow(min(borrowed, self.lendable()))

    def drain(self, left: int = 0) -> None:
        """Borrow until only `left` can be withdrawn."""
        if (spare := self.lendable() - left) > 0:
            self.borrow(spare)

    def lend_out_stable(self, amount: int, owner: str) -> None:
        """Borrow at the stable rate (release 3.0 only); the owner needs WETH collateral here."""
        self.borrow(amount, owner, STABLE)

    def collateral(self, token: str, amount: int, owner: str) -> None:
        """Mint, approve and supply collateral for an account."""
        self._scenario.mint(token, owner, amount)
        self._scenario.approve(token, owner, self.pool.address)
        self.pool.send("supply", self._scenario[token].address, amount, owner, 0, sender=owner)

    def bad_debt(self, amount: int) -> None:
        """Leave the pool with about this much debt that nobody will pay (3.6: a deficit).

        `eve` borrows, her collateral becomes almost worthless, `bob` liquidates all of it.
        """
        scenario, eve, bob = self._scenario, self._scenario.account("eve"), self._scenario.account("bob")
        price = 60_000 * 10**8
        self.collateral("wbtc", amount * 10**8 * 2 // (60_000 * 10**6), eve)
        self.borrow(amount, eve)
        scenario.feed("btc_usd", price // 10_000)
        scenario.mint("usdc", bob, amount)
        scenario.approve("usdc", bob, self.pool.address)
        wbtc = scenario["wbtc"].address
        self.pool.send("liquidationCall", wbtc, self.usdc, eve, MAX, False, sender=bob)
        scenario.feed("btc_usd", price)

    # --- administration -------------------------------------------------------------------------

    def freeze(self, frozen: bool = True) -> None:
        """Freeze the reserve: no supplies, no borrows; withdrawals go on."""
        self.conf.send("setReserveFreeze", self.usdc, frozen, sender=self._admin)

    def pause(self, paused: bool = True) -> None:
        """Pause the reserve: nothing goes."""
        self.conf.send("setReservePause", self.usdc, paused, sender=self._admin)

    def supply_cap(self, whole_tokens: int) -> None:
        """Set the supply cap; 0 is none."""
        self.conf.send("setSupplyCap", self.usdc, whole_tokens, sender=self._admin)

    def cap(self) -> int:
        """Return the supply cap in units, 0 if there is none."""
        return int(self._scenario[f"{self.name}.data"].call("getReserveCaps", self.usdc)[1]) * 10**6

    def reserve_factor(self, bps: int) -> None:
        """Set the reserve factor."""
        self.conf.send("setReserveFactor", self.usdc, bps, sender=self._admin)

    def rates(self, optimal_bps: int, base_bps: int, slope1_bps: int, slope2_bps: int) -> None:
        """Set the rate strategy's parameters (3.6 only: there one strategy serves every reserve)."""
        data = (optimal_bps, base_bps, slope1_bps, slope2_bps)
        encoded = encode(["(uint16,uint32,uint32,uint32)"], [data])
        self.conf.send("setReserveInterestRateData", self.usdc, encoded, sender=self._admin)
