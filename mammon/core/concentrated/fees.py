"""Fees that a position has earned and not collected, from the pool's growth accumulators.

A pool counts fees per unit of liquidity, since its beginning and scaled by 2**128, in unsigned words of
256 bits that wrap around by design: only differences mean anything, and they are taken modulo 2**256. What
grew inside a range is the whole less what grew below and above it; each tick keeps what grew on the side
where the price is not.
"""

from __future__ import annotations

from dataclasses import dataclass

from mammon.core.numbers import Units

_WORD = (1 << 256) - 1
_HALF_WORD = (1 << 128) - 1


@dataclass(frozen=True, slots=True)
class Growth:
    """Fees of both tokens per unit of liquidity, scaled by 2**128, modulo 2**256."""

    of0: int
    of1: int

    def __sub__(self, other: Growth) -> Growth:
        """Return what was added since, around the end of a word where need be."""
        return Growth((self.of0 - other.of0) & _WORD, (self.of1 - other.of1) & _WORD)


@dataclass(frozen=True, slots=True)
class Account:
    """What a contract has written down for one holder of liquidity in one range."""

    liquidity: int
    seen: Growth
    """The growth inside the range up to which fees are in `owed`."""
    owed: tuple[Units, Units]


def growth_inside(
    total: Growth, at_lower: Growth, at_upper: Growth, range_: tuple[int, int], tick: int
) -> Growth:
    """Return what grew inside a range; `at_lower` and `at_upper` are what its ticks keep."""
    lower, upper = range_
    below = at_lower if tick >= lower else total - at_lower
    above = at_upper if tick < upper else total - at_upper
    return total - below - above


def owed_after(account: Account, inside: Growth) -> tuple[Units, Units]:
    """Return what is owed once fees up to now are counted, each a word of 128 bits that may wrap around."""
    grown = inside - account.seen
    return (
        Units(account.owed[0] + (grown.of0 * account.liquidity >> 128) & _HALF_WORD),
        Units(account.owed[1] + (grown.of1 * account.liquidity >> 128) & _HALF_WORD),
    )


def collectable(position: Account, in_pool: Account, inside: Growth) -> tuple[Units, Units]:
    """Return what collecting would pay now: what the position manager counts, as far as the pool has it.

    The manager counts for every token it issued, the pool for all of the manager's liquidity in that range
    together; each rounds down for itself, so that the pool may have a unit less. Where the position has no
    liquidity the manager does not ask the pool to count first.
    """
    ours = owed_after(position, inside)
    theirs = owed_after(in_pool, inside) if position.liquidity else in_pool.owed
    return Units(min(ours[0], theirs[0])), Units(min(ours[1], theirs[1]))
