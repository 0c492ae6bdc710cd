"""A plain ERC-4626 vault: what the adapter reads and foretells is what the real contract then does."""

from __future__ import annotations

import pytest

from tests.chain.campaigns import PLAIN_VAULT
from tests.chain.scenario import Scenario

pytestmark = pytest.mark.chain


@pytest.mark.parametrize("seeds", PLAIN_VAULT.chunks(), ids=str)
def test_the_adapter_foretells_the_contract(chain: Scenario, seeds: range) -> None:
    """Totals, worth and growth of a share, what a deposit mints and what leaves: to the last unit."""
    assert PLAIN_VAULT.mismatches(chain, seeds) == []
