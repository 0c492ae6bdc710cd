"""`python -m tests.chain.equality [POINTS]`: our curves against what the real contracts then read.

A point is a random state of a venue, a random amount and a random time. The market is read through
its adapter, the amount is really deposited in a block mined at that time, and every figure the curve
foretold is compared with the contract's, to the last unit. POINTS replaces each campaign's number of
points; the points of the suite come first.
"""

from __future__ import annotations

import sys
import time
from collections import Counter

from tests.chain.campaigns import CAMPAIGNS, running
from tests.chain.places import UnavailableError
from tests.chain.points import Campaign
from tests.chain.scenario import Scenario


def main(arguments: list[str]) -> int:
    """Run every campaign and print a table; return 1 if any figure differs."""
    print(f"{'campaign':<23}{'points':>7}{'seconds':>9}  {'figure':<22}{'compared':>9}{'different':>10}")
    try:
        with running() as chain:
            wrong = sum(_ran(chain, one, int(arguments[0]) if arguments else one.points) for one in CAMPAIGNS)
    except UnavailableError as error:
        print(f"the test chain cannot be built: {error}", file=sys.stderr)
        return 1
    return 1 if wrong else 0


def _ran(chain: Scenario, campaign: Campaign, points: int) -> int:
    began = time.monotonic()
    compared: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    for seed in range(points):
        for found in campaign.tried(chain, seed):
            compared[found.what] += 1
            wrong[found.what] += not found.equal
    left = f"{campaign.name:<23}{points:>7}{time.monotonic() - began:>9.1f}"
    for what, count in compared.items():
        print(f"{left:<39}  {what:<22}{count:>9}{wrong[what]:>10}")
        left = ""
    return wrong.total()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
