"""Laws of the measuring itself: turns, ratios, limits, and the chain file that both sides read through."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from mammon.protocols.chains import parse_chain
from mammon.sim.chainfile import chain_file
from tests.bench.catalogue import BENCHES, bench, names
from tests.bench.chains import write_chain_file
from tests.bench.measure import BenchError, interleaved, quantile, ratio, value
from tests.bench.report import table


def test_sides_take_turns_and_warm_rounds_do_not_count() -> None:
    """Each round runs every side once; what ran to warm up leaves no sample."""
    order: list[str] = []

    def side(name: str, taken: float) -> float:
        order.append(name)
        return taken

    found = interleaved([lambda: side("a", 1.0), lambda: side("b", 2.0)], rounds=2, warm=1)
    assert order == ["a", "b"] * 3
    assert found == [[1.0, 1.0], [2.0, 2.0]]


def test_a_ratio_is_taken_round_by_round() -> None:
    """A machine that slows down in the middle slows both sides: the rounds' ratios do not move."""
    row = ratio("P0", "x", [1.0, 10.0, 1.0], [2.0, 20.0, 2.0], limit=0.5, peer="other")
    assert (row.figure, row.low, row.high) == (0.5, 0.5, 0.5)
    assert row.holds


@pytest.mark.parametrize(("limit", "holds"), [(3.0, True), (2.9, False), (None, None)])
def test_a_limit_is_the_highest_figure_that_holds(limit: float | None, holds: bool | None) -> None:
    """At the limit it holds, above it does not, and without one nothing is claimed."""
    row = value("P0", "x", [3.0, 3.0, 99.0], limit=limit, unit="ms")
    assert row.holds is holds
    assert ("MISSED" in table([row])) is (holds is False)


def test_a_quantile_is_one_of_the_samples() -> None:
    """The 99th percentile of a hundred samples is the largest, of a thousand it is not."""
    assert quantile([float(n) for n in range(100)], 0.99) == 99.0
    assert quantile([float(n) for n in range(1000)], 0.99) == 990.0


def test_every_bench_of_the_catalogue_exists() -> None:
    """No line of the catalogue leads nowhere, and a bench is found by its name and by its budgets."""
    for name, entry in BENCHES.items():
        assert callable(bench(name))
        assert names([name]) == [name]
        assert all(name in names([budget.lower()]) for budget in entry.budgets)
    with pytest.raises(BenchError, match="no bench"):
        names(["P99"])


def test_the_chain_file_tells_what_the_simulated_chain_is(tmp_path: Path) -> None:
    """Written and read back, it is the simulated chain's own, but for endpoints, sources and payers."""
    path = write_chain_file(tmp_path / "chain.toml", "http://127.0.0.1:1")
    found = parse_chain(path.read_text(), "chain.toml")
    plain = dataclasses.replace(chain_file(), payers=())
    assert found.rpc == ("http://127.0.0.1:1",)
    read = dataclasses.replace(found, rpc=(), sources=(), gas_units=tuple(sorted(found.gas_units, key=str)))
    assert read == dataclasses.replace(plain, gas_units=tuple(sorted(plain.gas_units, key=str)))
