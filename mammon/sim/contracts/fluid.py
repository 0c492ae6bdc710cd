"""Fluid's Liquidity layer with one token, and the fToken that lends to it.

The layer is stored as a `FluidCurve` and the fToken's own supply with its floor; both are shown packed, as
`readFromStorage` shows them. An operation puts its amounts in and stores what its threshold asks for.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from mammon.core.curves import FluidCurve
from mammon.core.curves.fluid import PRICE_ONE, RateLine, withdrawal_floor
from mammon.core.fixed import BPS
from mammon.core.numbers import Units
from mammon.core.types import Address
from mammon.protocols import fluid_slots
from mammon.sim.chance import PPM
from mammon.sim.contracts.encoding import ZERO_ADDRESS, custom
from mammon.sim.contracts.erc20 import Erc20
from mammon.sim.contracts.erc4626 import Vault
from mammon.sim.contracts.machine import Contract, Frame, external

_COEFFICIENT_BITS = 56


@dataclass(frozen=True, slots=True)
class FluidTerms:
    """What governance has set for the token and for the fToken."""

    name: str
    symbol: str
    line: RateLine
    fee: int
    threshold: int
    expand: int
    """How much of its supply the fToken may withdraw at once, in 1/10000."""
    expand_s: int
    """In how many seconds it may again."""
    base_floor: Units
    """Below this much, raw, there is no floor."""


@dataclass(frozen=True, slots=True)
class Supplied:
    """What the fToken has at the layer, raw, and the floor as of its last operation."""

    amount: Units
    floor: Units
    updated_at: int


class Liquidity(Contract):
    """The layer: one token, one fToken, and borrowers who are everybody else."""

    def __init__(self, address: Address, f_token: Address, terms: FluidTerms, asset: Erc20) -> None:
        super().__init__(address)
        self.f_token, self.terms, self.asset = f_token, terms, asset

    def stored(self, frame: Frame) -> FluidCurve:
        """Return the token as stored; before the first operation, empty as of now."""
        found = frame.storage.get(self.key("token"), None)
        return found if isinstance(found, FluidCurve) else self._opening(frame.timestamp)

    def supplied(self, frame: Frame) -> Supplied:
        """Return the fToken's supply."""
        found: Supplied = frame.storage.get(self.key("own"), Supplied(Units(0), Units(0), frame.timestamp))
        return found

    def floor(self, frame: Frame) -> int:
        """Return what of the supply has to stay now, raw."""
        own, terms = self.supplied(frame), self.terms
        elapsed = frame.timestamp - own.updated_at
        return withdrawal_floor(own.amount, own.floor, terms.expand, terms.expand_s, elapsed)

    def price(self, frame: Frame) -> int:
        """Return the exchange price of supply now."""
        return self.stored(frame).prices_at(frame.timestamp)[0]

    def withdrawable(self, frame: Frame) -> int:
        """Return what the fToken could take out now."""
        price, own = self.price(frame), self.supplied(frame)
        above = own.amount * price // PRICE_ONE - self.floor(frame) * price // PRICE_ONE
        return max(0, min(above, self.asset.balance(frame, self.address)))

    def operate(self, frame: Frame, amount: int) -> None:
        """Book a deposit of the fToken, or, negative, a withdrawal. The money is moved by the caller."""
        if frame.storage.get(self.key("paused")):
            raise custom("dcab82e2", 11_002)  # FluidLiquidityError(UserPaused)
        now, own, terms = self.stored(frame), self.supplied(frame), self.terms
        price, floor = self.price(frame), self.floor(frame)
        moved = amount * PRICE_ONE // price  # floors away from nothing for a withdrawal, as the layer does
        held = own.amount + moved
        if held < 0 or (amount < 0 and held < floor):
            raise custom("dcab82e2", 11_003)  # FluidLiquidityError(WithdrawalLimitReached)
        lowest = held - held * terms.expand // BPS
        kept = 0 if held < terms.base_floor else max(lowest, floor)
        own = Supplied(_kept(held), _kept(kept), frame.timestamp)
        frame.storage.put(self.key("own"), own)
        changed = replace(now, supply_raw=_kept(max(0, now.supply_raw + moved)))
        frame.storage.put(self.key("token"), changed.settled(frame.timestamp))

    def lend(self, frame: Frame, borrower: Address, level_ppm: int) -> None:
        """Bring the debt of a borrower who is everybody to a share of what is supplied, in millionths."""
        now = self.stored(frame)
        price = now.prices_at(frame.timestamp)[1]
        owed = now.borrow_raw * price // PRICE_ONE
        wanted = now.total_supply_at(frame.timestamp) * level_ppm // PPM
        change = min(wanted - owed, self.asset.balance(frame, self.address))
        raw = now.borrow_raw + -(-change * PRICE_ONE // price) if change > 0 else wanted * PRICE_ONE // price
        changed = replace(now, borrow_raw=_kept(raw))
        frame.storage.put(self.key("token"), changed.settled(frame.timestamp))
        if change > 0:
            self.asset.move(frame, self.address, borrower, change)
        else:
            self.asset.move(frame, borrower, self.address, -change)

    def _opening(self, timestamp: int) -> FluidCurve:
        terms, nothing, one = self.terms, Units(0), Units(PRICE_ONE)
        return FluidCurve(
            one, one, terms.line.rate(0), terms.fee, 0, terms.threshold, 0, 0, timestamp,
            nothing, nothing, nothing, nothing, terms.line,
        )  # fmt: skip

    @external("b5c736e4", "readFromStorage(bytes32)")
    def read_from_storage(self, frame: Frame, slot: bytes) -> int:
        token = self.asset.address
        if slot == fluid_slots.STATUS:
            return 1
        if slot == fluid_slots.prices_slot(token):
            return _prices(self.stored(frame))
        if slot == fluid_slots.rates_slot(token):
            return _rates(self.terms.line)
        if slot == fluid_slots.totals_slot(token):
            return _totals(self.stored(frame))
        if slot == fluid_slots.supplied_slot(self.f_token, token):
            return self._own(frame)
        return 0

    def _own(self, frame: Frame) -> int:
        own, terms = self.supplied(frame), self.terms
        word = 1 | _packed(own.amount) << 1 | _packed(own.floor) << 65 | own.updated_at << 129
        word |= terms.expand << 162 | terms.expand_s << 176 | _packed(terms.base_floor, 10) << 200
        return word | bool(frame.storage.get(self.key("paused"))) << 255


class FToken(Vault):
    """The fToken. Its price grows as the layer's; shares have the asset's decimals."""

    def __init__(self, layer: Liquidity) -> None:
        super().__init__(layer.f_token, layer.terms.name, layer.terms.symbol, layer.asset, offset=0)
        self.layer = layer

    def totals(self, frame: Frame) -> tuple[int, int]:
        """Return the price of a share and the shares there are: what conversions go by."""
        grown = (self.layer.price(frame) - PRICE_ONE) * 10**14 // PRICE_ONE
        return PRICE_ONE + PRICE_ONE * grown // 10**14, self.minted(frame)

    def shares_for(self, assets: int, totals: tuple[int, int], up: bool = False) -> int:
        """Return the shares that `assets` buy at the price in `totals`."""
        return -(-assets * PRICE_ONE // totals[0]) if up else assets * PRICE_ONE // totals[0]

    def assets_for(self, shares: int, totals: tuple[int, int], up: bool = False) -> int:
        """Return what `shares` are worth."""
        return -(-shares * totals[0] // PRICE_ONE) if up else shares * totals[0] // PRICE_ONE

    def room(self, _frame: Frame) -> int:
        """Return what the layer's own width leaves."""
        return 2**127 - 1

    def liquid(self, frame: Frame) -> int:
        """Return what the floor lets leave."""
        return self.layer.withdrawable(frame)

    def enter(self, frame: Frame, payer: Address, owner: Address, assets: int) -> int:
        """Take a deposit that buys a share at least."""
        if self.shares_for(assets, self.totals(frame)) == 0:
            raise custom("694bda1d", 20_001)  # FluidLendingError(DepositInsignificant)
        return super().enter(frame, payer, owner, assets)

    def invest(self, frame: Frame, amount: int) -> None:
        """Lend a deposit to the layer."""
        self.asset.move(frame, self.address, self.layer.address, amount)
        self.layer.operate(frame, amount)

    def divest(self, frame: Frame, amount: int) -> None:
        """Get a withdrawal from the layer."""
        self.layer.operate(frame, -amount)
        self.asset.move(frame, self.layer.address, self.address, amount)

    @external("01e1d114", "totalAssets()")
    def total_assets(self, frame: Frame) -> int:
        return self.assets_for(self.minted(frame), self.totals(frame))

    @external("3bc5de30", "getData()")
    def data(self, frame: Frame) -> tuple[Address | int, ...]:
        price, nobody = self.layer.price(frame), ZERO_ADDRESS
        held = self.layer.supplied(frame).amount * price // PRICE_ONE
        token_price = self.totals(frame)[0]
        return self.layer.address, nobody, nobody, nobody, nobody, False, held, price, token_price


def _prices(token: FluidCurve) -> int:
    word = token.borrow_rate | token.fee << 16 | token.utilisation << 30 | token.threshold << 44
    word |= token.updated_at << 58 | token.supply_price << 91 | token.borrow_price << 155
    return word | token.supply_ratio << 219 | token.borrow_ratio << 234


def _rates(line: RateLine) -> int:
    (_, zero), *kinks, (_, full) = line.points
    word, place = len(kinks) | zero << 4, 20
    for used, rate in kinks:
        word |= used << place | rate << place + 16
        place += 32
    return word | full << place


def _totals(token: FluidCurve) -> int:
    amounts = (token.supply_raw, token.supply_free, token.borrow_raw, token.borrow_free)
    return sum(_packed(amount) << 64 * place for place, amount in enumerate(amounts))


def _packed(amount: int, bits: int = _COEFFICIENT_BITS) -> int:
    exponent = max(0, amount.bit_length() - bits)
    return (amount >> exponent) << 8 | exponent


def _kept(amount: int) -> Units:
    """Return what storing leaves of an amount: its highest 56 bits."""
    exponent = max(0, amount.bit_length() - _COEFFICIENT_BITS)
    return Units(amount >> exponent << exponent)
