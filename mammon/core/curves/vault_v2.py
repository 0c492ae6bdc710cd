"""A Morpho Vault V2: idle money, and adapters that lend in Morpho Blue markets or in a MetaMorpho vault.

Sources: `VaultV2`: `accrueInterestView`, `enter`, `exit`, `allocateInternal`, `forceDeallocate`
(morpho-org/vault-v2 bec4dd8).

Deposits go to the liquidity adapter, as far as the caps of its ids let them; withdrawals take what is idle,
then what that adapter can give back. The vault has no rate on chain. Here it is the growth its holders get:
`r = min(sum(a_i * s_i) // T, max_rate)`, `net = r * (WAD - performance_fee) // WAD - management_fee`,
with a_i what is lent at the rate s_i, and T the vault's total assets. Two things are left out, both on the
safe side: what the adapters hold beyond T, which comes in at up to `max_rate`, and that fees are not taken
while their recipient may not receive shares.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import ClassVar

from mammon.core.curves.quotes import Quotes
from mammon.core.curves.vault_v2_adapters import MarketAdapter, VaultAdapter
from mammon.core.fixed import RAY, WAD, mul_div_up
from mammon.core.numbers import Units, Wad
from mammon.core.rates import Scale
from mammon.errors import MalformedError

_NOTHING = Units(0)
_NEAR = 64
"""How far rounding may put the room from the plain difference of the caps, before all is searched."""


@dataclass(frozen=True, slots=True)
class Cap:
    """What the vault has allocated under one id, and how much it may."""

    allocation: Units
    absolute: Units
    relative: Wad
    """Of the total assets before the deposit; WAD: no limit."""


@dataclass(frozen=True, slots=True)
class Liquidity:
    """Where deposits go and withdrawals come from."""

    adapter: int
    """Position among the adapters."""
    place: int
    """Position among a market adapter's markets; 0 in a vault adapter."""
    allocation: Units
    """What the vault last booked as allocated there; caps are held against the change from it."""
    caps: tuple[Cap, ...]
    """Of every id that an allocation there counts under."""


@dataclass(frozen=True, slots=True)
class VaultV2Curve:
    """A vault at one block; rates are wads per second, before compounding, negative where fees eat more.

    Raises `MalformedError` for liquidity that leads nowhere, or an offset no vault can have.
    """

    scale: ClassVar[Scale] = Scale.WAD_PER_SECOND

    stored_assets: Units
    """`_totalAssets`, of `updated_at`."""
    updated_at: int
    max_rate: Wad
    performance_fee: Wad
    management_fee: Wad
    """Of the total assets, per second."""
    total_shares: Units
    """`totalSupply`."""
    decimals_offset: int
    idle: Units
    adapters: tuple[MarketAdapter | VaultAdapter, ...]
    liquidity: Liquidity | None
    """None: deposits stay idle, withdrawals are paid from what is idle alone."""
    shift: Units = _NOTHING

    def __post_init__(self) -> None:
        """Refuse what would be looked up or raised to a power later."""
        way, places = self.liquidity, [adapter.places for adapter in self.adapters]
        leads = way is None or (
            way.adapter in range(len(places)) and way.place in places[way.adapter] and way.caps != ()
        )
        if self.decimals_offset not in range(19) or not leads:
            raise MalformedError("curve", "a vault's liquidity or decimals are beyond what a vault can have")

    def rate_after(self, amount: int, at: int) -> int:
        """Return the net rate after a deposit of `amount` mined at `at`; a negative amount is withdrawn.

        Raises `ValueError` where the move would revert.
        """
        return self._book(at).rate_after(amount)

    def quotes(self, at: int) -> Quotes:
        """Return what the vault pays at `at`, accrued once, to be asked about many amounts."""
        return self._book(at)

    def rate_ceiling(self, at: int) -> int:
        """Return a rate that no deposit at `at` exceeds: the best of what it lends at, within `max_rate`."""
        return self._book(at).ceiling(0)

    def total_assets_at(self, at: int) -> int:
        """Return `totalAssets()` at `at`, the shift included."""
        return self._book(at).total

    def share_price_at(self, at: int) -> int:
        """Return `convertToAssets(10**(27 + decimals_offset))` at `at`, ray; the fees' shares are counted."""
        unit: int = 10**self.decimals_offset
        return self._book(at).worth(RAY * unit)

    def held_at(self, at: int) -> tuple[int, ...]:
        """Return each adapter's `realAssets()` at `at`, the shift included."""
        return tuple(sum(holding.assets()) for holding in self._book(at).held)

    def room_at(self, at: int) -> int | None:
        """Return the largest deposit at `at` that passes every cap; None when nothing caps it."""
        return self._book(at).room()

    def liquidity_at(self, at: int) -> int:
        """Return what all holders together could withdraw at `at`."""
        book = self._book(at)
        return min(book.worth(book.total_shares), book.idle + book.liquid())

    def forced_at(self, at: int) -> tuple[int, int]:
        """Return what `forceDeallocate` could free beside that at `at`, and the penalty on it."""
        return self._book(at).forced()

    def _book(self, at: int) -> _Book:
        book = _Book(self, at)
        book.deposit(self.shift, beyond_caps=True)
        return book


class _Book:
    """The vault's holdings accrued to one moment, into which deposits are put."""

    def __init__(self, curve: VaultV2Curve, at: int) -> None:
        self.curve = curve
        self.held = [adapter.held(at) for adapter in curve.adapters]
        self.idle: int = curve.idle
        self.total_shares: int = curve.total_shares
        self.total = self._accrued(at)
        self.first_total = self.total
        """What relative caps are relative to: the total before anything of the transaction."""

    def rate_after(self, amount: int) -> int:
        """Return the net rate after a move, which leaves the book as it is. Raises `ValueError`."""
        if amount == 0:
            return self.net_rate()
        changed = self._copy()
        if amount > 0:
            changed.deposit(amount)
        else:
            changed.withdraw(-amount)
        return changed.net_rate()

    def deposit(self, amount: int, *, beyond_caps: bool = False) -> None:
        """Mint the depositor's shares and allocate; raise `ValueError` where a cap stops it.

        `beyond_caps`: supply of our own that was there before others filled the caps.
        """
        unit: int = 10**self.curve.decimals_offset
        self.total_shares += amount * (self.total_shares + unit) // (self.total + 1)
        self.total += amount
        way = self.curve.liquidity
        if way is None or amount == 0:
            self.idle += amount
            return
        self.held[way.adapter].put(way.place, amount, beyond_caps)
        if not beyond_caps and (self._beyond(way) > 0 or not all(cap.absolute for cap in way.caps)):
            raise ValueError("the deposit exceeds a cap of the vault's liquidity adapter")

    def withdraw(self, amount: int) -> None:
        """Pay from what is idle, then from the liquidity adapter; raise `ValueError` beyond that."""
        unit: int = 10**self.curve.decimals_offset
        self.total_shares -= mul_div_up(amount, self.total_shares + unit, self.total + 1)
        if self.total_shares < 0:
            raise ValueError("the withdrawal exceeds what all shares are worth")
        self.total -= amount
        missing = max(0, amount - self.idle)
        self.idle -= amount - missing
        way = self.curve.liquidity
        if missing and (way is None or missing > self.liquid()):
            raise ValueError(
                "the withdrawal exceeds what is idle and what the liquidity adapter can give back"
            )
        if missing and way is not None:
            self.held[way.adapter].take(way.place, missing)

    def net_rate(self) -> int:
        """Return the holders' rate, wad per second. A unit lost by rounding is a loss booked at once."""
        lent = [holding.assets() for holding in self.held]
        earned = sum(
            assets * rate
            for holding, parts in zip(self.held, lent, strict=True)
            for assets, rate in zip(parts, holding.rates(), strict=True)
        )
        total = min(self.total, self.idle + sum(map(sum, lent)))
        return self._net(earned // total if total > 0 else 0)

    def ceiling(self, _most: int) -> int:
        """Return a net rate that no deposit exceeds.

        Adapters may hold more than the vault counts: what that earns is the holders' too.
        """
        best = max((holding.best() for holding in self.held), default=0)
        lent = sum(sum(holding.assets()) for holding in self.held)
        return self._net(mul_div_up(best, max(lent, self.total), self.total) if self.total > 0 else best)

    def worth(self, shares: int) -> int:
        """Return what shares are worth, rounded down."""
        unit: int = 10**self.curve.decimals_offset
        return shares * (self.total + 1) // (self.total_shares + unit)

    def room(self) -> int | None:
        """Return the largest deposit that passes every cap."""
        way = self.curve.liquidity
        if way is None:
            return None
        left, most = -self._beyond(way), self.held[way.adapter].most(way.place)
        guess = left if most is None else min(left, most)
        if guess < -_NEAR:
            return 0
        low, high = max(0, guess - _NEAR), guess + _NEAR + 1
        if not self._fits(low):
            low, high = 0, low
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self._fits(middle) else (low, middle)
        return low

    def liquid(self) -> int:
        """Return what the liquidity adapter can give back."""
        way = self.curve.liquidity
        if way is None or not all(cap.allocation for cap in way.caps):
            return 0
        return self.held[way.adapter].free(way.place)

    def forced(self) -> tuple[int, int]:
        """Return what other adapters and markets could give back, and the penalty on it."""
        way, freed, cost = self.curve.liquidity, 0, 0
        liquid = None if way is None else (way.adapter, way.place)
        for number, adapter in enumerate(self.curve.adapters):
            for place in adapter.places:
                if (number, place) != liquid:
                    free = self.held[number].free(place)
                    freed += free
                    cost += mul_div_up(free, adapter.penalty, WAD)
        return freed, cost

    def _accrued(self, at: int) -> int:
        """Return the total assets at `at`, and mint the fees' shares."""
        curve = self.curve
        elapsed = at - curve.updated_at
        if elapsed < 0:
            raise ValueError("the time lies before the vault's last update")
        real = self.idle + sum(sum(holding.assets()) for holding in self.held)
        stored: int = curve.stored_assets
        total: int = min(real, stored + stored * elapsed * curve.max_rate // WAD)
        performance = max(0, total - stored) * curve.performance_fee // WAD
        management = total * elapsed * curve.management_fee // WAD
        kept = total - performance - management
        if kept < 0:
            raise ValueError("the vault's fees exceed what it has")
        shares = self.total_shares + 10**curve.decimals_offset
        self.total_shares += performance * shares // (kept + 1) + management * shares // (kept + 1)
        return total

    def _net(self, rate: int) -> int:
        curve = self.curve
        gross = min(rate, curve.max_rate)
        return gross * (WAD - curve.performance_fee) // WAD - curve.management_fee

    def _beyond(self, way: Liquidity) -> int:
        """Return by how much the liquidity adapter's money lies beyond its nearest cap; negative within."""
        change = self.held[way.adapter].worth(way.place) - way.allocation
        limits = (
            cap.absolute if cap.relative == WAD else min(cap.absolute, self.first_total * cap.relative // WAD)
            for cap in way.caps
        )
        return max(cap.allocation + change - limit for cap, limit in zip(way.caps, limits, strict=True))

    def _fits(self, amount: int) -> bool:
        try:
            self._copy().deposit(amount)
        except ValueError:
            return False
        return True

    def _copy(self) -> _Book:
        twin = copy.copy(self)
        twin.held = [holding.copy() for holding in self.held]
        return twin
