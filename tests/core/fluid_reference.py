"""Fluid's Liquidity layer a second time: packed words in, packed words out, step by step as it runs.

Written from `UserModule.operate`, `LiquidityCalcs` and `BigMathMinified` (fluid-contracts-public@a9949b48),
sharing no code with `core.curves` or `protocols`. A layer holds one token and one supplier, an fToken.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

YEAR = 365 * 86_400
ONE = 10**4
PRICE = 10**12


def field(word: int, low: int, size: int) -> int:
    return (word >> low) % (1 << size)


def filled(word: int, low: int, size: int, value: int) -> int:
    assert 0 <= value < 1 << size, (low, size, value)
    return word - (field(word, low, size) << low) + (value << low)


def big(number: int, size: int = 56, up: bool = False) -> int:
    """`toBigNumber`: the highest bits, and by how many they were shifted."""
    exponent = max(0, number.bit_length() - size)
    coefficient = number >> exponent
    if up and exponent:
        coefficient += 1
        if coefficient == 1 << size:
            coefficient, exponent = 1 << (size - 1), exponent + 1
    return coefficient * 256 + exponent


def small(packed: int) -> int:
    """`fromBigNumber`."""
    return (packed // 256) * 2 ** (packed % 256)


@dataclass
class Layer:
    """The words of one token, and of its supplier."""

    prices: int
    rates: int
    totals: int
    own: int

    def grown(self, at: int) -> tuple[int, int]:
        """`calcExchangePrices`."""
        supply, borrow = field(self.prices, 91, 64), field(self.prices, 155, 64)
        rate, seconds = field(self.prices, 0, 16), at - field(self.prices, 58, 33)
        supply_part, borrow_part = field(self.prices, 219, 15), field(self.prices, 234, 15)
        if seconds == 0 or rate == 0 or borrow_part == 1:
            return supply, borrow
        new_borrow = borrow + borrow * rate * seconds // (YEAR * ONE)
        if supply_part == 1:
            return supply, new_borrow
        used = field(self.prices, 30, 14)
        inverse, size = supply_part % 2, supply_part // 2
        if inverse:
            reach = used * (10**27 + 10**31 // size) // ONE
        else:
            reach = 10**27 * used * (ONE + size) // (ONE * ONE)
        inverse, size = borrow_part % 2, borrow_part // 2
        share = size * 10**27 // (ONE + size)
        paying = share if inverse else 10**27 - share
        ratio = ONE * reach * paying // 10**54
        earned = rate * ratio * (ONE - field(self.prices, 16, 14))
        return supply + supply * earned * seconds // (YEAR * ONE * ONE * ONE), new_borrow

    def borrow_rate(self, used: int) -> int:
        """`calcBorrowRateFromUtilization`, both versions; signed division truncates."""
        word = self.rates
        kink = field(word, 20, 16)
        if word % 16 == 1:
            low = (0, field(word, 4, 16), kink, field(word, 36, 16))
            high = (kink, field(word, 36, 16), ONE, field(word, 52, 16))
            x1, y1, x2, y2 = low if used < kink else high
        else:
            second = field(word, 52, 16)
            if used < kink:
                x1, y1, x2, y2 = 0, field(word, 4, 16), kink, field(word, 36, 16)
            elif used < second:
                x1, y1, x2, y2 = kink, field(word, 36, 16), second, field(word, 68, 16)
            else:
                x1, y1, x2, y2 = second, field(word, 68, 16), ONE, field(word, 84, 16)
        rise = (y2 - y1) * PRICE
        slope = rise // (x2 - x1) if rise >= 0 else -(-rise // (x2 - x1))
        constant = y1 * PRICE - slope * x1
        return min((slope * used + constant) // PRICE, 65_535)

    def floor(self, at: int) -> int:
        """`calcWithdrawalLimitBeforeOperate`."""
        last, held = small(field(self.own, 65, 64)), small(field(self.own, 1, 64))
        if last == 0:
            return 0
        widest = field(self.own, 162, 14) * held // ONE
        fallen = widest * (at - field(self.own, 129, 33)) // field(self.own, 176, 24)
        lowest = held - widest
        return max(last - fallen if last > fallen else 0, lowest)

    def operate(self, amount: int, at: int) -> None:
        """A deposit (or, negative, a withdrawal) by the supplier, with interest, mined at `at`."""
        supply, borrow = self.grown(at)
        raw, free = small(field(self.totals, 0, 64)), small(field(self.totals, 64, 64))
        owed, owed_free = small(field(self.totals, 128, 64)), small(field(self.totals, 192, 64))
        moved = amount * PRICE // supply
        if amount < 0:
            moved = -((-amount * PRICE + supply - 1) // supply)
        floor, held = self.floor(at), small(field(self.own, 1, 64)) + moved
        if amount < 0 and held < floor:
            raise OverflowError("UserModule__WithdrawalLimitReached")
        raw = max(0, raw + moved)
        self.totals = filled(self.totals, 0, 64, big(raw))
        base = small(field(self.own, 200, 18))
        lowest = held - field(self.own, 162, 14) * held // ONE
        after = 0 if held < base else max(lowest, floor)
        self.own = filled(filled(self.own, 1, 64, big(held)), 65, 64, big(after))
        self.own = filled(self.own, 129, 33, at)
        self._store(raw * supply // PRICE, free, owed * borrow // PRICE, owed_free, (supply, borrow), at)

    def _store(self, bears: int, free: int, pays: int, idle: int, grown: tuple[int, int], at: int) -> None:
        parts = [self._part(bears, free), self._part(pays, idle)]
        used = (pays + idle) * ONE // (bears + free) if bears + free else 0
        old = [field(self.prices, 219, 15), field(self.prices, 234, 15)]
        threshold = field(self.prices, 44, 14)
        due = at > field(self.prices, 58, 33) + 86_400
        due = due or abs(used - field(self.prices, 30, 14)) > threshold
        for before, now in zip(old, parts, strict=True):
            due = due or before % 2 != now % 2 or abs(before // 2 - now // 2) > threshold
        if not due:
            return
        for low, size, value in (
            (0, 16, self.borrow_rate(used)), (30, 14, used), (58, 33, at),
            (91, 64, grown[0]), (155, 64, grown[1]), (219, 15, parts[0]), (234, 15, parts[1]),
        ):  # fmt: skip
            self.prices = filled(self.prices, low, size, value)

    @staticmethod
    def _part(bearing: int, free: int) -> int:
        if bearing > free:
            return free * ONE // bearing * 2
        if bearing < free:
            return bearing * ONE // free * 2 + 1
        return 2 * ONE if bearing + free else 0


def rate_data(points: list[tuple[int, int]]) -> int:
    """Pack points (utilisation, rate): three are version 1, four version 2."""
    (_, zero), *kinks, (_, full) = points
    word, low = len(points) - 2 + (zero << 4), 20
    for used, rate in kinks:
        word |= used << low | rate << (low + 16)
        low += 32
    return word | full << low


def some_layer(seed: int, now: int) -> Layer:
    """A layer in some state that operations could have left, last touched within days before `now`."""
    dice = random.Random(seed)
    kinks = sorted(dice.sample(range(1_000, 9_900, 7), dice.choice((1, 2))))
    rates = sorted(dice.randrange(0, 3_000) for _ in range(len(kinks) + 2))
    if dice.random() < 0.2:
        rates[0], rates[1] = rates[1], rates[0]
    rates[-1] = min(65_535, rates[-1] + dice.randrange(0, 40_000))
    used = [0, *kinks, ONE]
    layer = Layer(0, rate_data(list(zip(used, rates, strict=True))), 0, 0)
    supply_price = PRICE + dice.randrange(0, PRICE // 4)
    borrow_price = supply_price + dice.randrange(0, PRICE // 8)
    touched = now - dice.choice((0, 1, dice.randrange(0, 86_400), dice.randrange(0, 400_000)))
    bears = dice.randrange(10**6, 10 ** dice.randrange(8, 17))
    free = dice.choice((0, 0, bears, dice.randrange(0, 10 ** dice.randrange(4, 17))))
    lent = dice.randrange(0, (bears + free) * 11 // 10)
    idle = dice.choice((0, 0, lent // 2, dice.randrange(0, lent + 1), lent))
    held = dice.randrange(1, bears + 1)
    totals = (bears * PRICE // supply_price, free, (lent - idle) * PRICE // borrow_price, idle)
    for place, amount in enumerate(totals):
        layer.totals = filled(layer.totals, 64 * place, 64, big(amount, up=place > 1))
    expand, expand_s = dice.choice((2_000, 2_500, 3_500)), dice.choice((43_200, 86_400, 21_600))
    mine = held * PRICE // supply_price
    stored = dice.choice((0, mine - mine * expand // ONE, mine * dice.randrange(70, 101) // 100))
    layer.own = 1
    for low, size, value in (
        (1, 64, big(mine)), (65, 64, big(stored)), (129, 33, now - dice.randrange(0, 100_000)),
        (162, 14, expand), (176, 24, expand_s), (200, 18, big(dice.randrange(0, 10**12), 10)),
    ):  # fmt: skip
        layer.own = filled(layer.own, low, size, value)
    layer.prices = filled(layer.prices, 16, 14, dice.choice((0, 1_000, dice.randrange(0, ONE + 1))))
    layer.prices = filled(filled(layer.prices, 91, 64, supply_price), 155, 64, borrow_price)
    layer._store(
        small(field(layer.totals, 0, 64)) * supply_price // PRICE, free,
        small(field(layer.totals, 128, 64)) * borrow_price // PRICE, small(field(layer.totals, 192, 64)),
        (supply_price, borrow_price), touched,
    )  # fmt: skip
    layer.prices = filled(layer.prices, 44, 14, dice.choice((0, 10, 30, 100)))
    return layer
