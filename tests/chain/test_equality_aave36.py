"""Aave 3.6: what adapter and curve foretell is what the real contract then reads, to the last unit."""

from __future__ import annotations

import pytest

from tests.chain.campaigns import AAVE_36
from tests.chain.scenario import Scenario

pytestmark = pytest.mark.chain


@pytest.mark.parametrize("seeds", AAVE_36.chunks(), ids=str)
def test_the_curve_foretells_the_contract(chain: Scenario, seeds: range) -> None:
    """Rate, index, debt, room, liquidity and holdings equal the contract's after a real deposit."""
    assert AAVE_36.mismatches(chain, seeds) == []
