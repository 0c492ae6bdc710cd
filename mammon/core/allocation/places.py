"""Places: what the split may choose from, and what it chose."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from mammon.core.allocation.pays import Pays
from mammon.core.fixed import BPS
from mammon.core.rates import CONTEXT


@dataclass(frozen=True, slots=True)
class Place:
    """One venue as the split sees it: amounts in base units, costs in base units times 1e18."""

    slug: str
    held: int
    least: int
    """What stays whatever happens, because it cannot leave; at most `held`."""
    most: int
    """The largest holding that caps, room and limits admit; at least `held`."""
    enter_cost: int
    """Of adding anything, as a yearly sum: the gas over the horizon, times a year."""
    leave_cost: int
    """Of taking anything out."""
    pays: Pays
    divisible: bool = True
    """Whether part of what is held can leave; otherwise all of it or none."""
    premium: int = 0
    """What its risk is worth, as a yield of 1e-18: it comes off what the place pays."""

    def __post_init__(self) -> None:
        """Refuse a range that does not hold what is held."""
        if not 0 <= self.least <= self.held <= self.most or self.enter_cost < 0 or self.leave_cost < 0:
            raise ValueError(f"{self.slug}: least <= held <= most is required, and costs are not negative")

    def cost(self, holding: int) -> int:
        """Return what changing to a holding costs."""
        if holding == self.held:
            return 0
        return self.enter_cost if holding > self.held else self.leave_cost

    def net(self, holding: int) -> int:
        """Return what a holding earns in a year, less its premium and the cost of coming to it."""
        return holding * (self.pays.apy(holding - self.held) - self.premium) - self.cost(holding)


@dataclass(frozen=True, slots=True)
class Split:
    """What to hold where; yields in base units times 1e18, per year, premiums and cost deducted."""

    holdings: tuple[tuple[str, int], ...]
    """By slug, in the order of slugs; what is in none of them stays in the wallet."""
    net: int
    """What these holdings earn."""
    unmoved: int
    """What the holdings of now would earn."""
    bound: int
    """What no split earns more than."""
    rounds: int
    """How many times the search filled money in."""

    @property
    def gain(self) -> int:
        """What the split earns more than staying put."""
        return self.net - self.unmoved

    @property
    def gap_bps(self) -> Decimal | None:
        """How far from the optimum this may be at most, in basis points of the bound.

        None where the bound is no yield.
        """
        if self.bound <= 0:
            return None
        return CONTEXT.divide(Decimal(BPS * (self.bound - self.net)), Decimal(self.bound))
