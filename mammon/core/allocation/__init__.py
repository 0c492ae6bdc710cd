"""The optimal split: how much to hold in each of many venues, and how far from the optimum that may be.

The yearly yield of a venue is what we hold there times the rate that this very holding leaves, less what
it costs in gas to change it. That is no concave function: a kinked rate bends upwards at its kink, and gas
is paid whole or not at all. So the split is searched, with bounds:

- `sampled`: each venue's yield is priced exactly at some holdings. Between two of them a straight line
  over the rate (`pays.Pays.line`) gives a bound of the yield, the tighter the closer they lie.
- `envelope`: over the bounds of one venue lies a concave envelope.
- `filling`: money filled in where the envelopes are steepest gives a bound of the whole, and a split that
  attains nearly as much.
- `rationing`: the same where limits hold what several places have together (`together`), each limit that
  binds at a price of its own.
- `search`: prices more holdings where bound and yield differ, and where no pricing closes the gap, splits
  a venue's range in two, the more promising half first.

All arithmetic is in integers. Yields are in base units of the asset times 1e18, per year. Venues are taken
to be independent of each other: two vaults that lend to the same market dilute each other, which is not
counted.
"""

from __future__ import annotations

from mammon.core.allocation.pays import CurvePays
from mammon.core.allocation.places import Place, Split
from mammon.core.allocation.search import split
from mammon.core.allocation.together import Group, Together

__all__ = ["CurvePays", "Group", "Place", "Split", "Together", "split"]
