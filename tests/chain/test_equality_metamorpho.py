"""MetaMorpho: what adapter and curve foretell is what the real contract then reads, to the last unit."""

from __future__ import annotations

import pytest

from tests.chain.campaigns import MAIN_VAULT, SMALL_VAULT
from tests.chain.scenario import Scenario

pytestmark = pytest.mark.chain


@pytest.mark.parametrize("seeds", MAIN_VAULT.chunks(), ids=str)
def test_the_curve_foretells_the_contract_over_four_markets(chain: Scenario, seeds: range) -> None:
    """Rate, index, debt, room, liquidity and holdings equal the contract's after a real deposit."""
    assert MAIN_VAULT.mismatches(chain, seeds) == []


@pytest.mark.parametrize("seeds", SMALL_VAULT.chunks(), ids=str)
def test_the_curve_foretells_the_contract_over_one_market(chain: Scenario, seeds: range) -> None:
    """Rate, index, debt, room, liquidity and holdings equal the contract's after a real deposit."""
    assert SMALL_VAULT.mismatches(chain, seeds) == []
