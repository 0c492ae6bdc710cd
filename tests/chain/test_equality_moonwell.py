"""Compound V2 by the second: what adapter and curve foretell is what the real contract then reads."""

from __future__ import annotations

import pytest

from tests.chain.campaigns import MOONWELL
from tests.chain.scenario import Scenario

pytestmark = pytest.mark.chain


@pytest.mark.parametrize("seeds", MOONWELL.chunks(), ids=str)
def test_the_curve_foretells_the_contract(chain: Scenario, seeds: range) -> None:
    """Rates, totals, room, liquidity and holdings equal the contract's after a real deposit."""
    assert MOONWELL.mismatches(chain, seeds) == []
