"""A second Comet: accounts, storage and the steps of each call, in fractions floored where Solidity does.

Written from the contract's sources (compound-finance/comet d5a30b0), sharing no code with `core.curves`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from fractions import Fraction

ONE = Fraction(10**18)
PAR = Fraction(10**15)


def present(index: int, principal: int) -> int:
    return math.floor(principal * index / PAR)


@dataclass
class Line:
    """One side's parameters, as the constructor stores them."""

    kink: int
    base: int
    low: int
    high: int

    def rate(self, used: int) -> int:
        rate = self.base + math.floor(self.low * min(used, self.kink) / ONE)
        return rate + (math.floor(self.high * (used - self.kink) / ONE) if used > self.kink else 0)


@dataclass
class Comet:
    """The market; `accounts` holds signed principals, negative for debt."""

    supply_line: Line
    borrow_line: Line
    time: int
    cash: int = 0
    supply_index: int = 10**15
    borrow_index: int = 10**15
    total_supply: int = 0
    total_borrow: int = 0
    accounts: dict[str, int] = field(default_factory=dict)

    def utilisation(self) -> int:
        supplied = present(self.supply_index, self.total_supply)
        if supplied == 0:
            return 0
        return math.floor(present(self.borrow_index, self.total_borrow) * ONE / supplied)

    def indices(self, now: int) -> tuple[int, int]:
        used, seconds = self.utilisation(), now - self.time
        earned, owed = self.supply_line.rate(used) * seconds, self.borrow_line.rate(used) * seconds
        return (
            self.supply_index + math.floor(self.supply_index * earned / ONE),
            self.borrow_index + math.floor(self.borrow_index * owed / ONE),
        )

    def accrue(self, now: int) -> None:
        if now > self.time:
            self.supply_index, self.borrow_index = self.indices(now)
            self.time = now

    def value(self, who: str) -> int:
        held = self.accounts.get(who, 0)
        return present(self.supply_index, held) if held >= 0 else -present(self.borrow_index, -held)

    def principal(self, value: int) -> int:
        if value >= 0:
            return math.floor(value * PAR / self.supply_index)
        return -math.ceil(-value * PAR / self.borrow_index)

    def settle(self, who: str, value: int) -> None:
        """Write an account's new value and move the totals by what changed on each side of zero."""
        old, new = self.accounts.get(who, 0), self.principal(value)
        self.total_supply += max(new, 0) - max(old, 0)
        self.total_borrow += max(-new, 0) - max(-old, 0)
        self.accounts[who] = new

    def supply(self, who: str, amount: int, now: int) -> None:
        self.accrue(now)
        self.cash += amount
        self.settle(who, self.value(who) + amount)

    def withdraw(self, who: str, amount: int, now: int) -> None:
        self.accrue(now)
        self.cash -= amount
        self.settle(who, self.value(who) - amount)

    def balance(self, who: str, now: int) -> int:
        return present(self.indices(now)[0], max(self.accounts.get(who, 0), 0))
