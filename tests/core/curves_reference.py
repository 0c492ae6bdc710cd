"""Second implementations of the curves' contracts: fractions and stored state instead of formulas.

Written from the contracts' sources, step by step as they run, and sharing no code with `core.curves`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from fractions import Fraction

Y = 31_536_000
RAY = 10**27
WAD = 10**18


def half_up(value: Fraction) -> int:
    return math.floor(value + Fraction(1, 2))


def truncated(value: Fraction) -> int:
    return math.trunc(value)


# --- Aave ----------------------------------------------------------------------------------------


@dataclass
class Reserve:
    """A reserve with its tokens' supplies, updated in place as `Pool.supply` does."""

    release: tuple[int, int]
    available: int
    scaled_debt: int
    unbacked: int
    scaled_supply: int
    treasury: int
    supply_index: int
    debt_index: int
    supply_rate: int
    debt_rate: int
    time: int
    factor: int
    optimal: int
    base: int
    slope1: int
    slope2: int
    stable: tuple[int, int, int] = (0, 0, 0)

    def growth(self, rate: int, seconds: int) -> int:
        if seconds == 0:
            return RAY
        if self.release >= (3, 4):
            x = rate * seconds // Y
            third = half_up(Fraction(x * (x // 6), RAY))
            return RAY + x + half_up(Fraction(x * (x // 2 + third), RAY))
        two = half_up(Fraction(rate * rate, RAY)) // Y**2
        three = half_up(Fraction(two * rate, RAY)) // Y
        second = math.comb(seconds, 2) * 2 * two // 2
        third = math.comb(seconds, 3) * 6 * three // 6
        return RAY + rate * seconds // Y + second + third

    def debt(self, index: int) -> int:
        exact = Fraction(self.scaled_debt * index, RAY)
        return math.ceil(exact) if self.release >= (3, 5) else half_up(exact)

    def stable_debt(self, now: int) -> int:
        principal, rate, since = self.stable
        return half_up(Fraction(principal * self.growth(rate, now - since), RAY))

    def touch(self, now: int) -> None:
        if now == self.time:
            return
        before = self.debt_index
        if self.supply_rate:
            linear = RAY + self.supply_rate * (now - self.time) // Y
            self.supply_index = half_up(Fraction(linear * self.supply_index, RAY))
        if self.scaled_debt:
            self.debt_index = half_up(Fraction(self.growth(self.debt_rate, now - self.time) * before, RAY))
        if self.release >= (3, 5):
            earned = self.scaled_debt * (self.debt_index - before) // RAY
            fee = half_up(Fraction(earned * self.factor, 10**4))
            self.treasury += math.floor(Fraction(fee * RAY, self.supply_index))
        else:
            earned = self.debt(self.debt_index) - self.debt(before)
            earned += self.stable_debt(now) - self.stable_debt(self.time)
            fee = half_up(Fraction(earned * self.factor, 10**4))
            self.treasury += half_up(Fraction(fee * RAY, self.supply_index))
        self.time = now

    def supply(self, amount: int, now: int, cap: int = 0) -> None:
        """Raise `OverflowError` where the cap check reverts."""
        self.touch(now)
        exact = Fraction(amount * RAY, self.supply_index)
        scaled = math.floor(exact) if self.release >= (3, 5) else half_up(exact)
        if cap and self.counted(amount, scaled) > cap:
            raise OverflowError("supply cap")
        self.supply_rate, self.debt_rate = self.rates(amount, now)
        self.available += amount
        self.scaled_supply += scaled

    def counted(self, amount: int, scaled: int) -> int:
        if self.release >= (3, 5):
            return math.floor(
                Fraction((self.scaled_supply + scaled + self.treasury) * self.supply_index, RAY)
            )
        return half_up(Fraction((self.scaled_supply + self.treasury) * self.supply_index, RAY)) + amount

    def rates(self, added: int, now: int) -> tuple[int, int]:
        variable, stable = self.debt(self.debt_index), self.stable_debt(now)
        debt = variable + stable
        if debt == 0:
            return 0, self.base
        total = self.available + added + debt
        usage = half_up(Fraction(debt * RAY, total))
        share = half_up(Fraction(debt * RAY, total + self.unbacked))
        if usage > self.optimal:
            excess = half_up(Fraction((usage - self.optimal) * RAY, RAY - self.optimal))
            rate = self.base + self.slope1 + half_up(Fraction(self.slope2 * excess, RAY))
        else:
            rate = half_up(Fraction(self.slope1 * usage, RAY))
            rate = self.base + half_up(Fraction(rate * RAY, self.optimal))
        paid = rate
        if self.release < (3, 2):
            weighted = half_up(Fraction(variable * 10**9 * rate, RAY))
            weighted += half_up(Fraction(stable * 10**9 * self.stable[1], RAY))
            paid = half_up(Fraction(weighted * RAY, debt * 10**9))
        gross = half_up(Fraction(paid * share, RAY))
        return half_up(Fraction(gross * (10**4 - self.factor), 10**4)), rate


# --- Morpho Blue and its rate model --------------------------------------------------------------

LN2 = 693147180559945309


def exponential(x: int) -> int:
    if x < -41446531673892822312:
        return 0
    if x >= 93859467695000404319:
        return 57716089161558943949701069502944508345128422502756744429568
    q = truncated(Fraction(x + (LN2 // 2 if x >= 0 else -(LN2 // 2)), LN2))
    r = x - q * LN2
    return math.floor((WAD + r + r * r // WAD // 2) * Fraction(2) ** q)


def irm(used: int, start: int, seconds: int) -> tuple[int, int]:
    """Return `borrowRateView` and the end rate at target, with truncation as Solidity's signed division."""
    target = 9 * 10**17
    error = truncated(Fraction((used - target) * WAD, WAD - target if used > target else target))
    if start == 0:
        mean = end = int(Fraction(4, 100) * WAD // Y)
    else:
        speed = truncated(Fraction((50 * WAD // Y) * error, WAD))
        drift = speed * seconds
        low, high = 10**15 // Y, 2 * WAD // Y
        end = min(max(truncated(Fraction(start * exponential(drift), WAD)), low), high)
        middle = truncated(Fraction(start * exponential(truncated(Fraction(drift, 2))), WAD))
        middle = min(max(middle, low), high)
        mean = (start + end + 2 * middle) // 4
        if drift == 0:
            mean = end = start
    steep = 3 * WAD if error >= 0 else 3 * WAD // 4
    return truncated(Fraction((truncated(Fraction(steep * error, WAD)) + WAD) * mean, WAD)), end


@dataclass
class Blue:
    """One market of the singleton, updated in place."""

    assets: int
    shares: int
    borrowed: int
    time: int
    fee: int
    rate: int
    has_irm: bool = True

    def used(self) -> int:
        return math.floor(Fraction(self.borrowed * WAD, self.assets)) if self.assets else 0

    def touch(self, now: int) -> None:
        seconds = now - self.time
        if seconds and self.has_irm:
            mean, self.rate = irm(self.used(), self.rate, seconds)
            x = mean * seconds
            compounded = x + x * x // (2 * WAD)
            compounded += (x * x // (2 * WAD)) * x // (3 * WAD)
            interest = self.borrowed * compounded // WAD
            self.borrowed += interest
            self.assets += interest
            fee = interest * self.fee // WAD
            self.shares += fee * (self.shares + 10**6) // (self.assets - fee + 1)
        self.time = now

    def supply(self, amount: int) -> int:
        minted = amount * (self.shares + 10**6) // (self.assets + 1)
        self.assets += amount
        self.shares += minted
        return minted

    def withdraw(self, amount: int) -> int:
        """Return the shares burnt; raise `OverflowError` for more than is not lent."""
        burnt = math.ceil(Fraction(amount * (self.shares + 10**6), self.assets + 1))
        if amount > self.assets - self.borrowed:
            raise OverflowError("insufficient liquidity")
        self.assets -= amount
        self.shares -= burnt
        return burnt

    def earning(self) -> int:
        if not self.has_irm or not self.assets:
            return 0
        borrow = irm(self.used(), self.rate, 0)[0]
        return borrow * self.used() // WAD * (WAD - self.fee) // WAD


# --- MetaMorpho ----------------------------------------------------------------------------------


@dataclass
class Vault:
    """The vault's storage; `enter` is `deposit`, in the order of `_accrueFee`, mint, `_supplyMorpho`, and
    `leave` is `withdraw`, in the order of `_accrueFee`, burn, `_withdrawMorpho`."""

    version: str
    markets: list[Blue]
    held: list[int]
    caps: list[int]
    queue: list[int]
    fee: int
    supply: int
    last: int
    lost: int
    offset: int
    recipient: int = field(default=0)

    def worth(self, i: int) -> int:
        market = self.markets[i]
        return math.floor(Fraction(self.held[i] * (market.assets + 1), market.shares + 10**6))

    def used_cap(self, i: int) -> int:
        market = self.markets[i]
        return math.ceil(Fraction(self.held[i] * (market.assets + 1), market.shares + 10**6))

    def touch(self, now: int) -> None:
        for market in self.markets:
            market.touch(now)

    def accrued(self) -> tuple[int, int, int]:
        """Return fee shares, total assets and lost assets, all markets touched."""
        real = sum(self.worth(i) for i in range(len(self.markets)))
        lost = 0
        if self.version == "1.1":
            lost = self.last - real if real < self.last - self.lost else self.lost
        total = real + lost
        fee = max(total - self.last, 0) * self.fee // WAD
        return fee * (self.supply + 10**self.offset) // (total - fee + 1), total, lost

    def enter(self, amount: int, now: int) -> int:
        """Return the shares minted; raise `OverflowError` for `AllCapsReached`."""
        self.touch(now)
        minted, total, self.lost = self.accrued()
        self.supply += minted
        self.last = total
        bought = amount * (self.supply + 10**self.offset) // (total + 1)
        self.supply += bought
        left = amount
        for i in self.queue:
            if self.caps[i] == 0:
                continue
            taken = min(max(self.caps[i] - self.used_cap(i), 0), left)
            if taken > 0:
                self.held[i] += self.markets[i].supply(taken)
                left -= taken
            if left == 0:
                break
        if left:
            raise OverflowError("AllCapsReached")
        self.last += amount
        return bought

    def leave(self, amount: int, now: int) -> int:
        """Return the shares burnt; raise `OverflowError` for `NotEnoughLiquidity`."""
        self.touch(now)
        minted, total, self.lost = self.accrued()
        self.supply += minted
        burnt = math.ceil(Fraction(amount * (self.supply + 10**self.offset), total + 1))
        self.supply -= burnt
        self.last = max(total - amount, 0)
        left = amount
        for i, market in enumerate(self.markets):
            taken = min(self.worth(i), market.assets - market.borrowed, left)
            if taken > 0:
                self.held[i] -= market.withdraw(taken)
                left -= taken
            if left == 0:
                break
        if left:
            raise OverflowError("NotEnoughLiquidity")
        return burnt

    def price(self) -> int:
        minted, total, _ = self.accrued()
        return 10 ** (27 + self.offset) * (total + 1) // (self.supply + minted + 10**self.offset)

    def net(self) -> int:
        worth = [self.worth(i) for i in range(len(self.markets))]
        total = self.accrued()[1]
        if total == 0:
            return 0
        gross = sum(a * market.earning() for a, market in zip(worth, self.markets, strict=True)) // total
        return gross * (WAD - self.fee) // WAD
