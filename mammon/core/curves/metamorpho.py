"""A MetaMorpho vault over its Morpho Blue markets.

Sources: `MetaMorpho` 1.0.0 and `MetaMorphoV1_1`: `_supplyMorpho`, `_accruedFeeShares` /
`_accruedFeeAndAssets`, `_maxDeposit`, `_withdrawable`, `_convertToAssetsWithTotals`.

The vault has no rate of its own on chain. Here it is the growth its holders get:
`r = sum(a_i * s_i) // T`, `net = r * (WAD - fee) // WAD`, with a_i the vault's assets in market i
after the deposit, s_i the market's supply rate then, and T the vault's total assets: the sum of the
a_i, and in 1.1 also the lost assets, which share in the price but earn nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from mammon.core.curves.morpho import (
    MorphoMarket,
    accrue,
    assets_down,
    assets_up,
    supply,
    supply_rate,
    withdraw,
)
from mammon.core.curves.quotes import Quotes
from mammon.core.fixed import RAY, WAD
from mammon.core.numbers import Units, Wad
from mammon.core.rates import Scale
from mammon.errors import MalformedError

_NOTHING = Units(0)


@dataclass(frozen=True, slots=True)
class VaultMarket:
    """A market the vault has enabled, its supply shares there, and its cap (0: no more deposits)."""

    market: MorphoMarket
    shares: Units
    cap: Units


@dataclass(frozen=True, slots=True)
class MetaMorphoCurve:
    """A vault at one block; rates are wads per second, before compounding.

    Raises `MalformedError` for a queue of markets that are not there, or an offset no vault can have.
    """

    scale: ClassVar[Scale] = Scale.WAD_PER_SECOND

    version: Literal["1.0", "1.1"]
    markets: tuple[VaultMarket, ...]
    """Enabled markets in the order of the withdraw queue."""
    supply_queue: tuple[int, ...]
    """Positions in `markets`, in the order of the supply queue; entries without a cap may be left out."""
    fee: Wad
    total_shares: Units
    """`totalSupply`."""
    last_total_assets: Units
    decimals_offset: int
    """18 less the asset's decimals, at least 0."""
    lost_assets: Units = _NOTHING
    """As stored; 1.0 has none."""
    shift: Units = _NOTHING

    def __post_init__(self) -> None:
        """Refuse what would be looked up or raised to a power later."""
        known = range(len(self.markets))
        if self.decimals_offset not in range(19) or any(place not in known for place in self.supply_queue):
            raise MalformedError("curve", "a vault's queue or decimals are beyond what a vault can have")

    def rate_after(self, amount: int, at: int) -> int:
        """Return the net rate after a deposit of `amount` mined at `at`, wad per second.

        A negative amount is withdrawn. Raises `ValueError` where a deposit would revert with
        `AllCapsReached`, a withdrawal with `NotEnoughLiquidity`.
        """
        return self.book(at).rate_after(amount)

    def quotes(self, at: int) -> Quotes:
        """Return what the vault pays at `at`, accrued once, to be asked about many amounts."""
        return self.book(at)

    def rate_ceiling(self, at: int) -> int:
        """Return a rate that no deposit at `at` exceeds: the best market's, less the fee.

        A deposit can raise the vault's rate, when the queue sends it where rates are above the mean.
        """
        return self.book(at).ceiling(None)

    def total_assets_at(self, at: int) -> int:
        """Return `totalAssets()` at `at`, the shift included."""
        book = self.book(at)
        return sum(book.assets()) + book.lost

    def share_price_at(self, at: int) -> int:
        """Return `convertToAssets(10**(27 + decimals_offset))` at `at`: an index in rays, from RAY on.

        Fee shares that the vault would mint at `at` are counted.
        """
        unit: int = 10**self.decimals_offset
        return self.book(at).worth(RAY * unit)

    def max_deposit_at(self, at: int) -> int:
        """Return the largest deposit at `at` that no cap stops.

        Equals `maxDeposit`, except that a market queued twice counts once, as it can be filled once.
        """
        return self.book(at).room()

    def liquidity_at(self, at: int) -> int:
        """Return what all holders together could withdraw at `at` through the withdraw queue."""
        return self.book(at).liquid()

    def book(self, at: int) -> Book:
        """Return the vault's holdings at `at`, with our own in it that the chain does not know."""
        book = Book(self, at)
        book.deposit(self.shift, beyond_caps=True)
        return book


class Book:
    """The vault's holdings accrued to one moment, into which deposits are put."""

    __slots__ = ("curve", "last_total", "lost", "rates", "shares", "total_shares", "totals")

    def __init__(self, curve: MetaMorphoCurve, at: int) -> None:
        self.curve = curve
        self.totals = [accrue(entry.market, at) for entry in curve.markets]
        self.shares: list[int] = [entry.shares for entry in curve.markets]
        self.total_shares: int = curve.total_shares
        self.last_total: int = curve.last_total_assets
        self.lost: int = curve.lost_assets
        self.rates: list[int] = []
        """The markets' supply rates; empty until they are needed."""
        self._accrue_fee()

    def rate_after(self, amount: int) -> int:
        """Return the net rate after a deposit or withdrawal, which leaves the book as it is.

        Raises `ValueError` where it would revert.
        """
        self.rate_markets()
        if amount == 0:
            return self.net_rate()
        changed = self.copy()
        if amount > 0:
            changed.deposit(amount)
        else:
            changed.withdraw(-amount)
        return changed.net_rate()

    def deposit(self, amount: int, *, beyond_caps: bool = False) -> int:
        """Fill the supply queue and return the shares minted; raise `ValueError` if no cap admits all.

        `beyond_caps` puts the rest where the queue ends: supply of our own that was there before others
        filled the caps.
        """
        if amount == 0:
            return 0
        unit: int = 10**self.curve.decimals_offset
        minted = amount * (self.total_shares + unit) // (self.last_total + 1)
        self.total_shares += minted
        self.last_total += amount
        rest = self._fill_queue(amount)
        if rest and not beyond_caps:
            raise ValueError("the deposit exceeds every cap of the vault's supply queue")
        if rest and self.totals:
            self._supply(self.curve.supply_queue[-1] if self.curve.supply_queue else 0, rest)
        self._accrue_fee()
        return minted

    def withdraw(self, amount: int) -> int:
        """Empty the withdraw queue as far as needed and return the shares burnt; raise `ValueError`."""
        unit: int = 10**self.curve.decimals_offset
        burnt = -(-amount * (self.total_shares + unit) // (self.last_total + 1))
        self.total_shares -= burnt
        rest = amount
        for place, held in enumerate(self.assets()):
            totals = self.totals[place]
            taken = min(held, totals.supply_assets - totals.borrow_assets, rest)
            self._withdraw(place, taken)
            rest -= taken
        if rest:
            raise ValueError("the withdrawal exceeds what the vault's markets have not lent")
        self.last_total = max(0, self.last_total - amount)
        self._accrue_fee()
        return burnt

    def worth(self, shares: int) -> int:
        """Return what shares of the vault are worth, rounded down."""
        unit: int = 10**self.curve.decimals_offset
        return shares * (self.last_total + 1) // (self.total_shares + unit)

    def liquid(self) -> int:
        """Return what all holders together could withdraw."""
        return sum(
            min(held, totals.supply_assets - totals.borrow_assets)
            for held, totals in zip(self.assets(), self.totals, strict=True)
        )

    def net_rate(self) -> int:
        """Return the holders' rate, wad per second."""
        assets = self.assets()
        total = sum(assets) + self.lost
        if total == 0:
            return 0
        earned = sum([held * rate for held, rate in zip(assets, self.rates, strict=True)])
        return earned // total * (WAD - self.curve.fee) // WAD

    def ceiling(self, most: int | None) -> int:
        """Return a net rate that no deposit exceeds, or none of up to `most`."""
        self.rate_markets()
        open_to = set(self.curve.supply_queue)
        reached = [rate for place, rate in enumerate(self.rates) if self.shares[place] or place in open_to]
        bound = max(reached, default=0)
        if most is not None:
            bound = min(bound, self._thinned(most, bound))
        return bound * (WAD - self.curve.fee) // WAD

    def _thinned(self, most: int, bound: int) -> int:
        """Return a rate before the fee that no deposit of up to `most` exceeds; `bound` when it tells none.

        Supply lowers a market's own rate: what is there earns no more than before, and what comes no more
        than the best rate of the queue. Rounding is counted against us: a holding may be worth one unit
        more than told, and each purchase of shares may lose the worth of one.
        """
        assets, queue = self.assets(), self.curve.supply_queue
        earned = sum([(held + 1) * rate for held, rate in zip(assets, self.rates, strict=True)])
        bought = [self.totals[place] for place in queue]
        lost = sum([assets_up(1, totals.supply_assets, totals.supply_shares) + 1 for totals in bought])
        total = sum(assets) + self.lost - lost
        if total <= 0:
            return bound
        best = max([self.rates[place] for place in queue], default=0)
        return max(earned // total, (earned + most * best) // (total + most))

    def assets(self) -> list[int]:
        """Return the worth of the vault's shares, market by market."""
        return [
            assets_down(held, totals.supply_assets, totals.supply_shares)
            for held, totals in zip(self.shares, self.totals, strict=True)
        ]

    def room(self) -> int:
        """Return the largest deposit that no cap stops."""
        return sum(self._room(position) for position in set(self.curve.supply_queue))

    def _room(self, position: int) -> int:
        totals = self.totals[position]
        held = assets_up(self.shares[position], totals.supply_assets, totals.supply_shares)
        return max(0, self.curve.markets[position].cap - held)

    def _fill_queue(self, amount: int) -> int:
        for position in self.curve.supply_queue:
            taken = min(self._room(position), amount)
            if taken:
                self._supply(position, taken)
                amount -= taken
                if amount == 0:
                    break
        return amount

    def _supply(self, position: int, amount: int) -> None:
        before = self.totals[position]
        after = supply(before, amount)
        self.totals[position] = after
        self.shares[position] += after.supply_shares - before.supply_shares
        if self.rates:
            self.rates[position] = supply_rate(after, self.curve.markets[position].market.fee)

    def _withdraw(self, position: int, amount: int) -> None:
        before = self.totals[position]
        after = withdraw(before, amount)
        self.totals[position] = after
        self.shares[position] -= before.supply_shares - after.supply_shares
        if self.rates:
            self.rates[position] = supply_rate(after, self.curve.markets[position].market.fee)

    def rate_markets(self) -> None:
        """Rate every market once; deposits keep the rates up to date from then on."""
        if not self.rates:
            self.rates = [
                supply_rate(totals, entry.market.fee)
                for entry, totals in zip(self.curve.markets, self.totals, strict=True)
            ]

    def copy(self) -> Book:
        """Return a book of its own with the same holdings."""
        twin: Book = object.__new__(Book)
        twin.curve, twin.lost = self.curve, self.lost
        twin.totals, twin.shares, twin.rates = self.totals[:], self.shares[:], self.rates[:]
        twin.total_shares, twin.last_total = self.total_shares, self.last_total
        return twin

    def _accrue_fee(self) -> None:
        """Mint the fee's shares on what was earned since `last_total`; 1.1 books a loss as lost assets."""
        real = sum(self.assets())
        if self.curve.version == "1.1" and real < self.last_total - self.lost:
            self.lost = self.last_total - real
        total = real + self.lost
        fee_assets = max(0, total - self.last_total) * self.curve.fee // WAD
        unit: int = 10**self.curve.decimals_offset
        self.total_shares += fee_assets * (self.total_shares + unit) // (total - fee_assets + 1)
        self.last_total = total
