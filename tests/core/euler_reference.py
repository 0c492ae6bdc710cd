"""An Euler vault a second time: storage that operations change, fractions where the contract divides.

Written from `Cache.initVaultCache`, `Vault.deposit`, `RiskManager.checkVaultStatus` and `IRMLinearKink`
(euler-vault-kit@5b98b420), sharing no code with `core.curves`.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from fractions import Fraction

from tests.core.test_curves_power import RAY, reference

DEBT = 2**31
HIGHEST = 291867278914945094175
VIRTUAL = 10**6


@dataclass
class EulerVault:
    """What the vault and its rate model store."""

    cash: int
    owed: int
    shares: int
    rate: int
    accumulator: int
    time: int
    fee: int
    base: int
    slope1: int
    slope2: int
    kink: int

    @property
    def borrows(self) -> int:
        """Debt in whole units, rounded up."""
        return math.ceil(Fraction(self.owed, DEBT))

    @property
    def assets(self) -> int:
        """`totalAssets`."""
        return self.cash + self.borrows

    def touch(self, at: int) -> None:
        """`updateVault`: interest, and the fee's shares."""
        if at == self.time:
            return
        power = reference(self.rate + RAY, at - self.time, RAY)
        accumulator = self.accumulator
        if power is not None and accumulator * power < 2**256:
            accumulator = math.floor(Fraction(accumulator * power, RAY))
        owed = self.owed
        if owed * accumulator < 2**256:
            owed = math.floor(Fraction(owed * accumulator, self.accumulator))
        fee = math.floor(Fraction((owed - self.owed) * self.fee, 10_000 * DEBT))
        if owed > (2**112 - 1) * DEBT:
            return
        self.owed, self.accumulator, self.time = owed, accumulator, at
        if fee:
            self.shares = math.floor(Fraction(self.assets * self.shares, self.assets - fee))

    def deposit(self, amount: int, at: int) -> int:
        """Deposit and check the vault's status, which sets the rate; return the shares."""
        self.touch(at)
        shares = math.floor(Fraction(amount * (self.shares + VIRTUAL), self.assets + VIRTUAL))
        self.cash, self.shares = self.cash + amount, self.shares + shares
        self.rate = self.model()
        return shares

    def model(self) -> int:
        """`computeInterestRate`, cut to what is allowed."""
        used = math.floor(Fraction(self.borrows * (2**32 - 1), self.assets)) if self.assets else 0
        low, high = min(used, self.kink), max(0, used - self.kink)
        return min(self.base + low * self.slope1 + high * self.slope2, HIGHEST)

    def earned(self) -> int:
        """What the lens shows as the supply rate of a second."""
        if not self.assets:
            return 0
        return math.floor(Fraction(self.rate * self.borrows * (10_000 - self.fee), self.assets * 10_000))


def some_vault(seed: int, now: int) -> EulerVault:
    """A vault in some state, touched at `now`."""
    dice = random.Random(seed)
    kink = dice.randrange(2**31, 2**32 - 1)
    at_kink, full = dice.randrange(0, 10**19), dice.randrange(0, 10**20)
    total = 10 ** dice.randrange(6, 16)
    lent = dice.choice((0, total, dice.randrange(0, total + 1)))
    vault = EulerVault(
        cash=total - lent, owed=lent * DEBT - dice.randrange(0, DEBT) * (lent > 0), shares=total * 9 // 10,
        rate=0, accumulator=RAY + dice.randrange(0, RAY), time=now,
        fee=dice.choice((0, 1_000, dice.randrange(0, 10_001))),
        base=dice.choice((0, dice.randrange(0, 10**18))), slope1=at_kink // kink,
        slope2=full // (2**32 - kink), kink=kink,
    )  # fmt: skip
    vault.rate = dice.choice((vault.model(), dice.randrange(0, HIGHEST + 1), vault.model() * 2 % HIGHEST))
    return vault
