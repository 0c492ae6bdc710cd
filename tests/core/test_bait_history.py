"""The gates against bait over recorded history: ordinary times are let pass.

The series are not part of the project; where they are not beside it, the test says so and skips.
"""

from __future__ import annotations

import csv
import dataclasses
import math
from bisect import bisect_right
from collections import Counter
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import ClassVar, NamedTuple

import pytest

from mammon.core.bait import bait
from mammon.core.case import Case
from mammon.core.earned import earned
from mammon.core.numbers import Rate, Ray, Units
from mammon.core.rates import Scale
from mammon.core.tracks import Sample, Track
from tests.core.build import state
from tests.core.test_bait import case

RATES = Path(__file__).parents[3] / "shared" / "data" / "rates"
AGES_S = (0, 600, 3_600, 21_600, 86_400, 604_800)
YEAR = 31_536_000
MOST_REFUSED = {
    "aave_v3_ethereum_usdc_hourly": Decimal("0.005"),
    "aave_v2_ethereum_usdc_hourly": Decimal("0.015"),
    "compound_v3_ethereum_usdc_hourly": Decimal("0.05"),
}
"""Of all readings: measured 0.1 %, 1.1 % and 4.0 %. The last was lent out to 98 % and more for as long."""


class Reading(NamedTuple):
    """One row: its sample, and the rate it stated."""

    sample: Sample
    apy: Decimal


@dataclasses.dataclass(frozen=True)
class Stated:
    """The rate at the earlier reading, in place of the curve that would give it for as much lent."""

    scale: ClassVar[Scale] = Scale.WAD_PER_SECOND
    apy: Decimal

    def rate_after(self, _amount: int, _at: int) -> int:
        """Return what was stated, wad per second."""
        return int(math.log1p(float(self.apy)) / YEAR * 1e18)


def readings(name: str, every: int) -> list[Reading]:
    """Return a series with an index that earned the stated rates, one row in so many."""
    found: list[Reading] = []
    index, last = 1.0, (0, 0.0)
    with (RATES / f"{name}.csv").open() as file:
        for row in csv.DictReader(file):
            at = int(datetime.fromisoformat(row["timestamp"]).timestamp())
            apy, lent = float(row["supply_apy"]), float(row["utilization"])
            if found:
                index *= math.exp(last[1] * (at - last[0]) / YEAR)
            last = at, math.log1p(apy)
            supplied = int(float(row["tvl_usd"]) * 10**6)
            borrowed = int(supplied * lent)
            figures = Units(supplied), Units(borrowed), Units(max(0, supplied - borrowed))
            sample = Sample(at // 2, at, Ray(int(index * 1e27)), *figures, None, Units(0))
            found.append(Reading(sample, Decimal(row["supply_apy"])))
    return found[::every]


def at_reading(base: Case, before: list[Reading], now: Reading) -> Case:
    """Return the case of a deposit at a reading, with those before it as its history."""
    sample = now.sample
    venue = dataclasses.replace(
        state("good"),
        supplied=sample.supplied,
        borrowed=sample.borrowed,
        withdrawable=sample.withdrawable,
        index=sample.index,
        curve=Stated(before[-1].apy),  # type: ignore[arg-type]
    )
    block = dataclasses.replace(base.snapshot.block, number=sample.block, timestamp=sample.at)
    tracks = (Track("good", tuple(one.sample for one in before)),)
    return dataclasses.replace(
        base,
        target=venue,
        move=dataclasses.replace(base.move, target_apy=Rate(now.apy)),
        snapshot=dataclasses.replace(base.snapshot, block=block, tracks=tracks),
    )


@pytest.mark.parametrize("name", MOST_REFUSED)
def test_ordinary_history_is_not_refused(name: str) -> None:
    """Read every six hours for years: the share of readings at which nothing could be entered is small."""
    if not (RATES / f"{name}.csv").exists():
        pytest.skip(f"the recorded rates are not beside the project: {RATES}")
    every, base = readings(name, 6), case(state("good"))
    times, refused = [one.sample.at for one in every], Counter[str]()
    for number, now in enumerate(every[1:], 1):
        at = now.sample.at
        chosen = {max(0, bisect_right(times, min(at - 1, at - age)) - 1) for age in AGES_S}
        asked = at_reading(base, [every[place] for place in sorted(chosen) if place < number], now)
        refused.update(f"{v.gate}:{v.detail}" for v in (bait(asked), earned(asked)) if not v.passed)
    share = Decimal(sum(refused.values())) / len(every)
    assert share <= MOST_REFUSED[name], refused
    assert refused["bait:nearly_all_lent"] > 0, "and the days on which nothing could leave are found"
