"""Morpho Blue direct: what adapter and curve foretell is what the real singleton then does, to the unit."""

from __future__ import annotations

import pytest

from tests.chain.campaigns import MORPHO_BLUE
from tests.chain.scenario import Scenario

pytestmark = pytest.mark.chain


@pytest.mark.parametrize("seeds", MORPHO_BLUE.chunks(), ids=str)
def test_the_curve_foretells_the_singleton(chain: Scenario, seeds: range) -> None:
    """Rate, totals, index, shares, liquidity and holdings equal the contracts' after real moves."""
    assert MORPHO_BLUE.mismatches(chain, seeds) == []
