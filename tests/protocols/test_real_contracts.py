"""What the real contracts did, kept as figures: 120 random points of Fluid, of Euler and of Sky each.

Taken once on a local node (anvil 1.7.1) from code that no package carries, and that is therefore not part
of the test chain. Fluid: the creation code of fUSDC as deployed on Base (`fToken_fUSDC.json`), Liquidity
proxy and user module compiled from the same sources (fluid-contracts-public@a9949b48). Euler: vault,
modules, factory, connector and `IRMLinearKink` compiled from euler-vault-kit@5b98b420 (solc 0.8.27). Sky:
`PSM3` (spark-psm@2b1a72a7), `SSRAuthOracle` (xchain-ssr-oracle@232f950f) and `UsdcVaultL2`
(spark-vaults@78d37c89). Each point is a random state, read through the adapter in one block, and a deposit
really made. The kept points are the first of 2,400, 2,419 and 1,491 that were run, all equal; of Sky, what
the pool converted at up to 400 days later. Figures are hexadecimal.
"""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from mammon.core.curves import EulerCurve, SkyCurve
from mammon.core.curves.euler import LinearKink
from mammon.core.curves.fluid import PRICE_ONE
from mammon.protocols.fluid_slots import curve_of, rate_line, supplied_of
from tests.core.euler_reference import EulerVault
from tests.core.fluid_reference import Layer

VECTORS = Path(__file__).parent / "vectors"
POINTS = 120


def rows(name: str) -> list[dict[str, int]]:
    """Return the points of a file."""
    with (VECTORS / f"{name}.csv").open(newline="") as file:
        return [{key: int(value, 16) for key, value in row.items()} for row in csv.DictReader(file)]


@pytest.mark.parametrize("name", ["fluid", "euler", "sky"])
def test_every_point_is_there(name: str) -> None:
    """A test over no points would pass."""
    found = rows(name)
    assert len(found) == POINTS
    assert len({tuple(row.values()) for row in found}) == POINTS


def test_fluid_stores_what_the_curve_foretold() -> None:
    """The rate after each deposit, and what could leave before it, to the unit."""
    for row in rows("fluid"):
        line = rate_line(row["rates"])
        assert line is not None
        curve = curve_of(row["prices"], row["totals"], line)
        after = curve_of(row["prices_after"], row["totals_after"], line)
        assert curve.rate_after(row["amount"], row["mined_at"]) == after.rate_now()
        own, price = supplied_of(row["own"]), curve.prices_at(row["read_at"])[0]
        floor = own.floor_at(row["read_at"]) * price // PRICE_ONE
        leaving = min(own.amount * price // PRICE_ONE - floor, row["balance"], row["worth"])
        assert max(0, leaving) == row["max_withdraw"]


def test_fluid_s_second_implementation_is_the_contract_s() -> None:
    """The words that the laws of the curve are held against: all of them, bit by bit."""
    for row in rows("fluid"):
        layer = Layer(row["prices"], row["rates"], row["totals"], row["own"])
        layer.operate(row["amount"], row["mined_at"])
        assert (layer.prices, layer.totals) == (row["prices_after"], row["totals_after"])
        stored = (1 << 162) - 1  # amount, floor and time; decay, which moves no figure of ours, lies above
        assert layer.own & stored == row["own_after"] & stored


def test_euler_stores_what_the_curve_foretold() -> None:
    """Both rates, debt, accumulator and assets after each deposit, to the unit."""
    for row in rows("euler"):
        model = LinearKink(row["base"], row["slope1"], row["slope2"], row["kink"])
        curve = EulerCurve(
            row["cash"], row["owed"], row["rate"], row["accumulator"], row["read_at"], row["fee"], model
        )
        amount, at = row["amount"], row["mined_at"]
        assert curve.borrow_rate_after(amount, at) == row["rate_after"]
        assert curve.rate_after(amount, at) == row["supply_rate_after"]
        assert curve.accrued(at) == (row["owed_after"], row["accumulator_after"])
        assert curve.total_assets_at(at) == row["assets_before_deposit"]


def test_euler_s_second_implementation_is_the_contract_s() -> None:
    """What the laws of the curve are held against."""
    for row in rows("euler"):
        vault = EulerVault(
            row["cash"], row["owed"], row["shares"], row["rate"], row["accumulator"], row["read_at"],
            row["fee"], row["base"], row["slope1"], row["slope2"], row["kink"],
        )  # fmt: skip
        vault.deposit(row["amount"], row["mined_at"])
        found = (vault.rate, vault.earned(), vault.owed, vault.accumulator)
        told = ("rate_after", "supply_rate_after", "owed_after", "accumulator_after")
        assert found == tuple(row[name] for name in told)


def test_sky_converts_at_what_the_curve_foretold() -> None:
    """The worth of a share, to the last digit of a ray."""
    for row in rows("sky"):
        curve = SkyCurve(row["ssr"], row["chi"], row["rho"])
        assert curve.conversion_rate_at(row["read_at"]) == row["worth"]
