"""Lines above the rate of a vault that fills one market after another, and empties them again.

While money goes into one market alone, the vault earns `C + (a + y) * s(y)` on `T + y`: a is its stake
there, s that market's rate, which falls convexly, y what went in. Under the chord of s the earnings are a
parabola open below, and the rate is `-k * y + c + d / (T + y)`, k being how fast the chord falls. Where d
is positive that is convex and lies under the line through its ends; where d is negative it is concave
and lies under its tangent at y = 0.
"""

from __future__ import annotations

from itertools import accumulate

from mammon.core.curves.metamorpho import Book
from mammon.core.curves.morpho import assets_up
from mammon.core.fixed import WAD, mul_div_up

_UNITS_PER_HOLDING = 3
"""How far rounding may put a holding's worth off, and the vault's total with it."""


class VaultLines:
    """A vault's book at one moment, asked for bends and lines; changes are of what one holder has there."""

    def __init__(self, book: Book) -> None:
        self._books = {0: book}
        book.rate_markets()

    def bends(self) -> tuple[int, ...]:
        """Return the changes at which a market of the supply or the withdraw queue is full or empty."""
        book = self._books[0]
        rooms, liquid = [], []
        for place in dict.fromkeys(book.curve.supply_queue):
            totals = book.totals[place]
            held = assets_up(book.shares[place], totals.supply_assets, totals.supply_shares)
            rooms.append(max(0, book.curve.markets[place].cap - held))
        for held, totals in zip(book.assets(), book.totals, strict=True):
            liquid.append(-min(held, totals.supply_assets - totals.borrow_assets))
        return (*accumulate(rooms), *accumulate(liquid))

    def rate_after(self, change: int) -> int:
        """Return the net rate after a change. Raises `ValueError` where it would revert."""
        return self._after(change).net_rate()

    def line(self, low: int, high: int) -> tuple[int, int]:
        """Return net rates at two changes to one side of 0, with none between above the line through them.

        Last units aside. Raises `ValueError` where either change would revert.
        """
        less, more = self._after(low), self._after(high)
        net = WAD - less.curve.fee
        assets = less.assets()
        total = sum(assets) + less.lost
        filling = [place for place, held in enumerate(less.shares) if held != more.shares[place]]
        if len(filling) != 1 or total <= 0:
            # No market pays more than with least in it, and no mean more than the best of them.
            level = max(less.rates, default=0) * net // WAD
            return level, level
        earned = sum([held * rate for held, rate in zip(assets, less.rates, strict=True)])
        rates = (less.rates[filling[0]], more.rates[filling[0]])
        first, last = filling_line(earned, total, assets[filling[0]], rates, high - low)
        counted = total + _UNITS_PER_HOLDING * len(assets)
        return mul_div_up(first * net, counted, WAD * total), mul_div_up(last * net, counted, WAD * total)

    def _after(self, change: int) -> Book:
        found = self._books.get(change)
        if found is None:
            found = self._books[0].copy()
            if change > 0:
                found.deposit(change)
            else:
                found.withdraw(-change)
            self._books[change] = found
        return found


def filling_line(earned: int, total: int, stake: int, rates: tuple[int, int], width: int) -> tuple[int, int]:
    """Return the rate now and a rate once `width` is in, such that none between is above their line.

    `earned` is the sum of stakes times rates, `total` what earns it, `rates` the filled market's rate
    before and after. Where the line through the vault's own rates will do, it is that one. Rounded up.
    """
    before, after = rates
    fall = before - after
    rest = total - stake
    now = -(-earned // total)
    if (earned - total * before) * width >= fall * total * rest:
        gained = earned - stake * before + (stake + width) * after
        return now, -(-gained // (total + width))
    excess = (total * before - earned) * width + fall * total * rest
    return now, -(-(earned - fall * total) // total) - (-excess // total**2)
