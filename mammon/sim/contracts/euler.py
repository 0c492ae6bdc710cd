"""A vault of the Euler Vault Kit with its rate model, its factory and a perspective that vouches for it.

The vault is stored as an `EulerCurve`: cash, debt, accumulator and rate as of its last touch. A call
accrues it, with the fee's shares, changes the amounts and sets the rate anew.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from mammon.core.curves import EulerCurve
from mammon.core.curves.euler import LinearKink, assets_up, resolved_cap
from mammon.core.fixed import BPS, RAY
from mammon.core.numbers import Ray, Units
from mammon.core.types import Address
from mammon.sim.chance import PPM
from mammon.sim.contracts.encoding import ZERO_ADDRESS, custom
from mammon.sim.contracts.erc20 import Erc20
from mammon.sim.contracts.erc4626 import Vault
from mammon.sim.contracts.machine import Contract, Frame, external

VIRTUAL = 10**6
_DEBT_SHIFT = 31
_OPERATIONS = 1 << 0 | 1 << 2 | 1 << 3  # deposit, withdraw, redeem


@dataclass(frozen=True, slots=True)
class EulerTerms:
    """What the vault's governor has set."""

    name: str
    symbol: str
    model: LinearKink
    fee_bps: int
    supply_cap: int
    """Packed; 0 is none."""


class EulerVault(Vault):
    """The vault. Shares have the asset's decimals; the fee's shares are kept by the vault itself."""

    def __init__(self, address: Address, irm: Address, terms: EulerTerms, asset: Erc20) -> None:
        super().__init__(address, terms.name, terms.symbol, asset, offset=0)
        self.terms, self.irm = terms, KinkIrm(irm, terms.model)
        self.constant("f3fdb15a", "interestRateModel()", irm)
        self.constant("a75df498", "interestFee()", terms.fee_bps)
        self.constant("18e22d98", "caps()", (terms.supply_cap, 0))

    # --- the vault as stored -----------------------------------------------------------------------

    def stored(self, frame: Frame) -> EulerCurve:
        """Return the vault as of its last touch; before the first, empty as of now."""
        found = frame.storage.get(self.key("vault"), None)
        return found if isinstance(found, EulerCurve) else self._opening(frame.timestamp)

    def accrued(self, frame: Frame) -> tuple[EulerCurve, int]:
        """Return the vault with interest up to now, and its shares, the fee's included."""
        before, shares = self.stored(frame), self.minted(frame)
        owed, accumulator = before.accrued(frame.timestamp)
        after = replace(before, owed=Units(owed), accumulator=Ray(accumulator), updated_at=frame.timestamp)
        fee = (owed - before.owed) * self.terms.fee_bps // (BPS << _DEBT_SHIFT)
        total = after.cash + assets_up(owed)
        return after, total * shares // (total - fee) if fee else shares

    def settle(self, frame: Frame, changed: EulerCurve) -> None:
        """Store an accrued vault whose amounts changed, with the rate they imply."""
        rate = Ray(changed.borrow_rate_after(0, changed.updated_at))
        frame.storage.put(self.key("vault"), replace(changed, borrow_rate=rate))

    def lend(self, frame: Frame, borrower: Address, level_ppm: int) -> None:
        """Bring the debt of a borrower who is everybody to a share of what is supplied, in millionths."""
        self.accrue(frame)
        now = self.stored(frame)
        total = now.cash + assets_up(now.owed)
        change = max(total * level_ppm // PPM - assets_up(now.owed), -assets_up(now.owed))
        change = min(change, now.cash)
        owed = max(0, now.owed + (change << _DEBT_SHIFT))
        self.settle(frame, replace(now, cash=Units(now.cash - change), owed=Units(owed)))
        if change > 0:
            self.asset.move(frame, self.address, borrower, change)
        else:
            self.asset.move(frame, borrower, self.address, -change)

    def _opening(self, timestamp: int) -> EulerCurve:
        base, model = self.terms.model.base_rate, self.terms.model
        return EulerCurve(Units(0), Units(0), base, Ray(RAY), timestamp, self.terms.fee_bps, model)

    # --- the vault's side of ERC-4626 --------------------------------------------------------------

    def totals(self, frame: Frame) -> tuple[int, int]:
        """Return total assets and total shares as of now."""
        now, shares = self.accrued(frame)
        return now.cash + assets_up(now.owed), shares

    def accrue(self, frame: Frame) -> tuple[int, int]:
        """Store interest and the fee's shares, and return the totals."""
        now, shares = self.accrued(frame)
        frame.storage.put(self.key("vault"), now)
        frame.storage.put(self.key("supply"), shares)
        return now.cash + assets_up(now.owed), shares

    def shares_for(self, assets: int, totals: tuple[int, int], up: bool = False) -> int:
        """Return the shares that `assets` are worth, a million of each being virtual."""
        numerator, denominator = assets * (totals[1] + VIRTUAL), totals[0] + VIRTUAL
        return -(-numerator // denominator) if up else numerator // denominator

    def assets_for(self, shares: int, totals: tuple[int, int], up: bool = False) -> int:
        """Return the assets that `shares` are worth."""
        numerator, denominator = shares * (totals[0] + VIRTUAL), totals[1] + VIRTUAL
        return -(-numerator // denominator) if up else numerator // denominator

    def room(self, frame: Frame) -> int:
        """Return what passes the cap check."""
        now, _ = self.accrued(frame)
        room = now.room_at(resolved_cap(self.terms.supply_cap), frame.timestamp)
        return 2**112 - 1 - now.cash if room is None else room

    def liquid(self, frame: Frame) -> int:
        """Return the cash."""
        return self.stored(frame).cash

    def enter(self, frame: Frame, payer: Address, owner: Address, assets: int) -> int:
        """Take a deposit unless deposits are switched off."""
        self._open(frame)
        if assets and self.shares_for(assets, self.totals(frame)) == 0:
            raise custom("ca0985cf")  # E_ZeroShares()
        return super().enter(frame, payer, owner, assets)

    def leave(self, frame: Frame, owner: Address, to: Address, assets: int, shares: int) -> None:
        """Pay out unless withdrawals are switched off."""
        self._open(frame)
        super().leave(frame, owner, to, assets, shares)

    def invest(self, frame: Frame, amount: int) -> None:
        """Count a deposit as cash."""
        now = self.stored(frame)
        self.settle(frame, replace(now, cash=Units(now.cash + amount)))

    def divest(self, frame: Frame, amount: int) -> None:
        """Take a withdrawal from the cash."""
        now = self.stored(frame)
        if amount > now.cash:
            raise custom("f077d877")  # E_InsufficientCash()
        self.settle(frame, replace(now, cash=Units(now.cash - amount)))

    def _open(self, frame: Frame) -> None:
        if frame.storage.get(self.key("paused")):
            raise custom("750f8817")  # E_OperationDisabled()

    def _too_much_in(self, _owner: Address, _assets: int, _room: int) -> Exception:
        return custom("426073f2")  # E_SupplyCapExceeded()

    # --- external ----------------------------------------------------------------------------------

    @external("402d267d", "maxDeposit(address)")
    def max_deposit(self, frame: Frame, _owner: Address) -> int:
        if frame.storage.get(self.key("paused")):
            return 0
        totals, cap = self.totals(frame), resolved_cap(self.terms.supply_cap)
        left = self.room(frame) if cap is None else max(0, cap - totals[0])
        return self.assets_for(self.shares_for(left, totals), totals)

    @external("961be391", "cash()")
    def cash(self, frame: Frame) -> int:
        return self.stored(frame).cash

    @external("47bd3718", "totalBorrows()")
    def total_borrows(self, frame: Frame) -> int:
        return assets_up(self.accrued(frame)[0].owed)

    @external("e388be7b", "totalBorrowsExact()")
    def total_borrows_exact(self, frame: Frame) -> int:
        return self.accrued(frame)[0].owed

    @external("7c3a00fd", "interestRate()")
    def interest_rate(self, frame: Frame) -> int:
        return self.stored(frame).borrow_rate

    @external("087a6007", "interestAccumulator()")
    def interest_accumulator(self, frame: Frame) -> int:
        return self.accrued(frame)[0].accumulator

    @external("cf349b7d", "hookConfig()")
    def hook_config(self, frame: Frame) -> tuple[Address, int]:
        return ZERO_ADDRESS, _OPERATIONS if frame.storage.get(self.key("paused")) else 0


class KinkIrm(Contract):
    """The linear kinked rate model."""

    def __init__(self, address: Address, model: LinearKink) -> None:
        super().__init__(address)
        self.model = model
        self.constant("1f68f20a", "baseRate()", model.base_rate)
        self.constant("a62b75a8", "slope1()", model.slope1)
        self.constant("d0134cb7", "slope2()", model.slope2)
        self.constant("fd2da339", "kink()", model.kink)

    @external("2e34c872", "computeInterestRateView(address,uint256,uint256)")
    def compute(self, _frame: Frame, _vault: Address, cash: int, borrows: int) -> int:
        return self.model.rate(cash, borrows)


class EulerRegistry(Contract):
    """Factory and perspective in one: knows its vaults by address."""

    def __init__(self, address: Address, vaults: Collection[Address]) -> None:
        super().__init__(address)
        self.vaults = frozenset(vaults)

    @external("29710388", "isProxy(address)")
    def is_proxy(self, _frame: Frame, vault: Address) -> bool:
        return vault in self.vaults

    @external("b9209e33", "isVerified(address)")
    def is_verified(self, _frame: Frame, vault: Address) -> bool:
        return vault in self.vaults
