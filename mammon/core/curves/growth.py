"""A plain ERC-4626 vault: its rate cannot be read, only observed as growth between two blocks.

What was earned says little about what will be: the observed rate is taken to hold, thinned by new
money as if the vault earned a fixed sum per second.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from mammon.core.curves.quotes import Plain, Quotes
from mammon.core.fixed import WAD
from mammon.core.numbers import Ray, Units
from mammon.core.rates import Scale
from mammon.errors import MalformedError

_NOTHING = Units(0)


@dataclass(frozen=True, slots=True)
class GrowthCurve:
    """Two readings of a vault's index; the rate is wad per second, simple between them.

    Raises `MalformedError` unless time passed between the readings and the first index is positive.
    """

    scale: ClassVar[Scale] = Scale.WAD_PER_SECOND

    index0: Ray
    time0: int
    index1: Ray
    time1: int
    total_assets: Units
    """At the second reading."""
    shift: Units = _NOTHING

    def __post_init__(self) -> None:
        if self.time1 <= self.time0 or self.index0 <= 0 or self.index1 < 0 or self.total_assets < 0:
            raise MalformedError("curve", "growth needs two readings in order of a positive index")

    @classmethod
    def observed(
        cls, index0: int, time0: int, index1: int, time1: int, total_assets: int
    ) -> GrowthCurve | None:
        """Return the curve through two readings; None when they tell no rate (no time passed, index 0)."""
        if time1 <= time0 or index0 <= 0:
            return None
        return cls(Ray(index0), time0, Ray(index1), time1, Units(total_assets))

    def rate_now(self) -> int:
        """Return the observed rate, wad per second, floored; negative when the index fell."""
        return (self.index1 - self.index0) * WAD // (self.index0 * (self.time1 - self.time0))

    def quotes(self, at: int) -> Quotes:
        """Return what the curve pays at `at`, to be asked about many amounts."""
        return Plain(self, at)

    def rate_ceiling(self, at: int) -> int:
        """Return a rate that no deposit at `at` exceeds."""
        return self.rate_after(0, at)

    def rate_after(self, amount: int, at: int) -> int:
        """Return observed * total / (total + amount), floored; the same at any `at` from `time1` on.

        A negative amount is withdrawn. A loss is not thinned: more money does not make it smaller. Raises
        `ValueError` where nothing would be left that could earn.
        """
        if at < self.time1:
            raise ValueError("the time lies before the second reading")
        rate = self.rate_now()
        added = self.shift + amount
        if added < 0 and self.total_assets + added <= 0:
            raise ValueError("nothing is left in the vault")
        if rate <= 0 or added == 0:
            return rate
        return rate * self.total_assets // (self.total_assets + added)
