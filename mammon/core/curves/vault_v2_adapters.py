"""The adapters of a Morpho Vault V2: what they hold, at one moment, and what goes in and out of it.

Sources: `MorphoMarketV1AdapterV2`, `MorphoVaultV1Adapter` (morpho-org/vault-v2 bec4dd8).
"""

from __future__ import annotations

from dataclasses import dataclass

from mammon.core.curves.metamorpho import Book, MetaMorphoCurve
from mammon.core.curves.morpho import (
    MorphoMarket,
    Totals,
    accrue,
    assets_down,
    supply,
    supply_rate,
    withdraw,
)
from mammon.core.numbers import Units, Wad


@dataclass(frozen=True, slots=True)
class AdapterMarket:
    """A Morpho Blue market, and an adapter's own count of its supply shares there."""

    market: MorphoMarket
    shares: Units


@dataclass(frozen=True, slots=True)
class MarketAdapter:
    """An adapter that lends in markets directly."""

    markets: tuple[AdapterMarket, ...]
    penalty: Wad
    """What `forceDeallocate` costs who asks for it."""

    @property
    def places(self) -> range:
        """Where money can be in it."""
        return range(len(self.markets))

    def held(self, at: int) -> Lent:
        """Return its holdings at `at`."""
        totals = [accrue(entry.market, at) for entry in self.markets]
        return Lent(totals, [entry.shares for entry in self.markets], [m.market.fee for m in self.markets])


@dataclass(frozen=True, slots=True)
class VaultAdapter:
    """An adapter that holds shares of a MetaMorpho vault."""

    curve: MetaMorphoCurve
    shares: Units
    counted: bool
    """False while nothing is allocated to it: then its shares count for nothing."""
    penalty: Wad

    @property
    def places(self) -> range:
        """Where money can be in it."""
        return range(1)

    def held(self, at: int) -> Vested:
        """Return its holding at `at`."""
        book = self.curve.book(at)
        book.rate_markets()
        return Vested(book, self.shares, self.counted)


@dataclass(slots=True)
class Lent:
    """A market adapter's holdings at one moment."""

    totals: list[Totals]
    shares: list[int]
    fees: list[Wad]

    def worth(self, place: int) -> int:
        """Return what is held in one market, rounded down."""
        totals = self.totals[place]
        return assets_down(self.shares[place], totals.supply_assets, totals.supply_shares)

    def assets(self) -> list[int]:
        """Return what counts, market by market."""
        return [self.worth(place) for place in range(len(self.shares))]

    def rates(self) -> list[int]:
        """Return what each market pays, wad per second."""
        return [supply_rate(totals, fee) for totals, fee in zip(self.totals, self.fees, strict=True)]

    def best(self) -> int:
        """Return a rate that nothing put in here exceeds."""
        return max(self.rates(), default=0)

    def free(self, place: int) -> int:
        """Return what one market could give back."""
        totals = self.totals[place]
        return min(self.worth(place), totals.supply_assets - totals.borrow_assets)

    def most(self, _place: int) -> int | None:
        """Return what the market itself would take; None: no end."""
        return None

    def put(self, place: int, amount: int, beyond_caps: bool) -> None:
        """Supply to one market; raise `ValueError` where its shares have become too dear."""
        before = self.totals[place]
        after = supply(before, amount)
        minted = after.supply_shares - before.supply_shares
        if minted < amount and not beyond_caps:
            raise ValueError("a share of the market is worth more than one unit")
        self.totals[place] = after
        self.shares[place] += minted

    def take(self, place: int, amount: int) -> None:
        """Withdraw from one market; raise `ValueError` beyond what it has not lent."""
        before = self.totals[place]
        after = withdraw(before, amount)
        self.totals[place] = after
        self.shares[place] -= before.supply_shares - after.supply_shares

    def copy(self) -> Lent:
        """Return the same holdings, to be changed apart."""
        return Lent(self.totals[:], self.shares[:], self.fees)


@dataclass(slots=True)
class Vested:
    """A vault adapter's holding at one moment."""

    book: Book
    shares: int
    counted: bool

    def worth(self, _place: int) -> int:
        """Return what its shares are worth, rounded down."""
        return self.book.worth(self.shares)

    def assets(self) -> list[int]:
        """Return what counts."""
        return [self.worth(0) if self.counted else 0]

    def rates(self) -> list[int]:
        """Return what the vault pays its holders, wad per second."""
        return [self.book.net_rate()]

    def best(self) -> int:
        """Return a rate that nothing put in here exceeds."""
        return self.book.ceiling(None)

    def free(self, _place: int) -> int:
        """Return what the vault could give back."""
        return min(self.worth(0), self.book.liquid())

    def most(self, _place: int) -> int | None:
        """Return what the vault's own caps would take."""
        return self.book.room()

    def put(self, _place: int, amount: int, beyond_caps: bool) -> None:
        """Deposit into the vault; raise `ValueError` where its caps are reached."""
        self.shares += self.book.deposit(amount, beyond_caps=beyond_caps)
        self.counted = True

    def take(self, _place: int, amount: int) -> None:
        """Withdraw from the vault; raise `ValueError` beyond what its markets have not lent."""
        self.shares -= self.book.withdraw(amount)

    def copy(self) -> Vested:
        """Return the same holding, to be changed apart."""
        return Vested(self.book.copy(), self.shares, self.counted)
