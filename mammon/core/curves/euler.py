"""One vault of the Euler Vault Kit, under the linear kinked rate model or under none.

Sources: `Cache.initVaultCache`, `BorrowUtils.computeInterestRate`, `RiskManager.checkVaultStatus`,
`Owed`, `AmountCap`, `IRMLinearKink` (euler-vault-kit@5b98b420). Rates are rays per second. Debt is
counted in units of 2**-31 and compounds each second at the rate stored by the last touch; what suppliers
earn is not stored anywhere: `borrow rate * borrows * (1 - fee) / (cash + borrows)`, floored once.

The contract accrues from its last touch, whose time no view tells; here accrual begins at the block that
was read, with that block's own figures. Both are the same in that block and when it was a touch;
otherwise debt may differ by a rounding, and the rate by one step of utilisation (2**-32).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from mammon.core.curves.power import rpow
from mammon.core.curves.quotes import Plain, Quotes
from mammon.core.fixed import BPS, RAY, UINT256_MAX
from mammon.core.numbers import Ray, Units
from mammon.core.rates import Scale
from mammon.errors import MalformedError

MAX_BORROW_RATE = 291867278914945094175
"""`MAX_ALLOWED_INTEREST_RATE`: 1,000,000 % a year; more is cut to this."""
UTILISATION_ONE = 2**32 - 1
_DEBT_SHIFT = 31
_MAX_DEBT = (2**112 - 1) << _DEBT_SHIFT
_NOTHING = Units(0)


@dataclass(frozen=True, slots=True)
class LinearKink:
    """`IRMLinearKink`: rays per second; utilisation and kink are counted in 1 / (2**32 - 1)."""

    base_rate: Ray
    slope1: Ray
    slope2: Ray
    kink: int

    def rate(self, cash: int, borrows: int) -> int:
        """Return `computeInterestRateView`; an empty vault is not used at all."""
        total = cash + borrows
        used = borrows * UTILISATION_ONE // total if total else 0
        if used <= self.kink:
            return self.base_rate + used * self.slope1
        return self.base_rate + self.kink * self.slope1 + (used - self.kink) * self.slope2


@dataclass(frozen=True, slots=True)
class EulerCurve:
    """A vault as its views show it in one block, interest up to then included.

    Raises `MalformedError` for an accumulator of nothing or a fee above everything.
    """

    scale: ClassVar[Scale] = Scale.RAY_EACH_SECOND

    cash: Units
    owed: Units
    """`totalBorrowsExact`: debt in units of 2**-31."""
    borrow_rate: Ray
    """Stored by the last touch: what debt grows by until the next."""
    accumulator: Ray
    """`interestAccumulator`."""
    updated_at: int
    """The time of the block."""
    fee_bps: int
    model: LinearKink | None
    """None: the vault has no rate model, and its rate stays as it is."""
    shift: Units = _NOTHING

    def __post_init__(self) -> None:
        """Refuse what no vault can have: it would be divided by later."""
        if self.accumulator <= 0 or not 0 <= self.fee_bps <= BPS:
            raise MalformedError(
                "curve", f"an accumulator of {self.accumulator}, a fee of {self.fee_bps} bps"
            )

    def rate_after(self, amount: int, at: int) -> int:
        """Return what suppliers earn after a deposit of `amount` mined at `at`, ray per second.

        A negative amount is withdrawn. Raises `ValueError` for more than the vault has in cash.
        """
        borrows, cash = assets_up(self.owed_at(at)), self._cash_after(amount)
        return self._supply_rate(self._borrow_rate(cash, borrows), cash, borrows)

    def borrow_rate_after(self, amount: int, at: int) -> int:
        """Return `interestRate()` after the same, ray per second. Raises as `rate_after`."""
        return self._borrow_rate(self._cash_after(amount), assets_up(self.owed_at(at)))

    def quotes(self, at: int) -> Quotes:
        """Return what the curve pays at `at`, to be asked about many amounts."""
        return Plain(self, at)

    def rate_ceiling(self, at: int) -> int:
        """Return a rate that no deposit at `at` exceeds: supply lowers utilisation, slopes are no debts."""
        return self.rate_after(0, at)

    def rate_now(self) -> int:
        """Return what suppliers earn at the stored rate, in the block that was read."""
        return self._supply_rate(self.borrow_rate, self.cash, assets_up(self.owed))

    def owed_at(self, at: int) -> int:
        """Return `totalBorrowsExact` at `at`; what would overflow does not accrue, as in the contract."""
        return self.accrued(at)[0]

    def accrued(self, at: int) -> tuple[int, int]:
        """Return debt in units of 2**-31 and the accumulator, both at `at`."""
        elapsed = self._elapsed(at)
        owed, before = int(self.owed), int(self.accumulator)
        multiplier = rpow(self.borrow_rate + RAY, elapsed, RAY)
        if multiplier is None or before * multiplier > UINT256_MAX:
            return owed, before
        after = before * multiplier // RAY
        grown = owed * after // before if owed * after <= UINT256_MAX else owed
        return (grown, after) if grown <= _MAX_DEBT else (owed, before)

    def total_assets_at(self, at: int) -> int:
        """Return `totalAssets()` at `at`."""
        return self.cash + assets_up(self.owed_at(at))

    def room_at(self, supply_cap: int | None, at: int) -> int | None:
        """Return the largest deposit that passes the cap check at `at`; None without a cap."""
        if supply_cap is None:
            return None
        return max(0, supply_cap - self.cash - self.shift - (self.owed_at(at) >> _DEBT_SHIFT))

    def _cash_after(self, amount: int) -> int:
        cash = self.cash + self.shift + amount
        if cash < 0:
            raise ValueError("more is withdrawn than the vault has in cash")
        return cash

    def _borrow_rate(self, cash: int, borrows: int) -> int:
        if self.model is None:
            return self.borrow_rate
        return min(self.model.rate(cash, borrows), MAX_BORROW_RATE)

    def _supply_rate(self, borrow_rate: int, cash: int, borrows: int) -> int:
        total = cash + borrows
        return borrow_rate * borrows * (BPS - self.fee_bps) // (total * BPS) if total else 0

    def _elapsed(self, at: int) -> int:
        if at < self.updated_at:
            raise ValueError("the time lies before the block that was read")
        return at - self.updated_at


def assets_up(owed: int) -> int:
    """Return debt in base units, rounded up."""
    return -(-owed >> _DEBT_SHIFT)


def resolved_cap(packed: int) -> int | None:
    """Return the amount a packed cap stands for; None for none, which is written as 0.

    The low 6 bits are a power of ten, the 10 above them a hundredfold factor (`AmountCapLib.resolve`).
    """
    amount: int = 10 ** (packed & 63) * (packed >> 6) // 100
    return amount if packed else None
