"""Forty-eight cells of the matrix of faults: one fails, another answers; all fail, and it is said."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.chain.scenario import Scenario
from tests.reliability.rpc_matrix import CELLS, FAULTS, METHODS, SAMPLE, Cell, judged
from tests.reliability.rpc_world import rpc_world


@pytest.mark.chain
@pytest.mark.parametrize("cell", SAMPLE, ids=str)
def test_each_fault_gets_its_verdict(chain: Scenario, cell: Cell) -> None:
    """The truth from another provider, or an error with a code; nothing made up, and never late."""
    with rpc_world(chain) as world:
        found = judged(world, cell)
    assert found.right, found


def test_the_sample_leaves_no_fault_and_no_method_out() -> None:
    """Each fault at one and at all, each method in at least five cells, no cell twice."""
    assert len(CELLS) == len(FAULTS) * len(METHODS) * 2 == 288
    assert len(set(SAMPLE)) == 48
    assert set(SAMPLE) <= set(CELLS)
    assert {(cell.fault, cell.everywhere) for cell in SAMPLE} == {
        (fault, everywhere) for fault in FAULTS for everywhere in (False, True)
    }
    assert min(Counter(cell.method for cell in SAMPLE).values()) >= 5
