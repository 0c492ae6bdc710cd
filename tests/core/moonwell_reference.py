"""A second mToken: its storage and the steps of each call, in fractions floored where Solidity does.

Written from the sources (moonwell-fi/moonwell-contracts-v2 45866f4), sharing no code with `core.curves`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from fractions import Fraction

ONE = Fraction(10**18)


@dataclass
class JumpModel:
    """The rate model, its parameters already by the second."""

    base: int
    multiplier: int
    jump: int
    kink: int

    def used(self, cash: int, borrows: int, reserves: int) -> int:
        return math.floor(borrows * ONE / (cash + borrows - reserves)) if borrows else 0

    def borrow(self, cash: int, borrows: int, reserves: int) -> int:
        used = self.used(cash, borrows, reserves)
        below = math.floor(min(used, self.kink) * self.multiplier / ONE) + self.base
        return below + (math.floor((used - self.kink) * self.jump / ONE) if used > self.kink else 0)

    def supply(self, cash: int, borrows: int, reserves: int, factor: int) -> int:
        pool = math.floor(self.borrow(cash, borrows, reserves) * (ONE - factor) / ONE)
        return math.floor(self.used(cash, borrows, reserves) * pool / ONE)


@dataclass
class MToken:
    """The market; a call that is refused raises `ArithmeticError`, whatever the contract would say."""

    model: JumpModel
    factor: int
    time: int
    cash: int = 0
    borrows: int = 0
    reserves: int = 0
    borrow_index: int = 10**18
    supply: int = 0
    initial: int = 2 * 10**14
    accounts: dict[str, int] = field(default_factory=dict)

    def accrue(self, now: int) -> None:
        if now == self.time:
            return
        rate = self.model.borrow(self.cash, self.borrows, self.reserves)
        if rate > 5 * 10**12:
            raise ArithmeticError("borrow rate is absurdly high")
        factor = rate * (now - self.time)
        interest = math.floor(factor * self.borrows / ONE)
        self.borrows += interest
        self.reserves += math.floor(self.factor * interest / ONE)
        self.borrow_index += math.floor(factor * self.borrow_index / ONE)
        self.time = now

    def exchange(self) -> int:
        if self.supply == 0:
            return self.initial
        return math.floor((self.cash + self.borrows - self.reserves) * ONE / self.supply)

    def mint(self, who: str, amount: int, now: int) -> int:
        self.accrue(now)
        tokens = math.floor(amount * ONE / self.exchange())
        self.cash += amount
        self.supply += tokens
        self.accounts[who] = self.accounts.get(who, 0) + tokens
        return tokens

    def redeem(self, who: str, tokens: int, now: int) -> int:
        self.accrue(now)
        amount = math.floor(tokens * self.exchange() / ONE)
        if amount > self.cash or tokens > self.accounts.get(who, 0):
            raise ArithmeticError("an error code")
        self.cash -= amount
        self.supply -= tokens
        self.accounts[who] -= tokens
        return amount

    def lend(self, amount: int, now: int) -> None:
        self.accrue(now)
        self.cash -= amount
        self.borrows += amount

    def supply_rate(self) -> int:
        return self.model.supply(self.cash, self.borrows, self.reserves, self.factor)
