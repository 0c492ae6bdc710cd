"""What a withdrawal of everything names of the venue's own units is read back where its form has it.

A higher bid repeats the call of the attempt before, and the gate holds its shares against these.
"""

from __future__ import annotations

import pytest

from mammon.chain.calls import named_shares
from tests.signing.golden import Golden, goldens

EMPTYING = [each for each in goldens() if each.name.endswith("-all")]


@pytest.mark.parametrize("golden", EMPTYING, ids=lambda golden: golden.name)
def test_the_shares_of_a_withdrawal_of_everything_are_read_back(golden: Golden) -> None:
    """For every protocol: those of the call, or 0 where a sentinel says it; a bid is then no other call."""
    market = golden.evidence.market
    assert market is not None
    assert named_shares(market, golden.unsigned.data) == golden.evidence.shares


def test_every_way_of_naming_them_is_among_these() -> None:
    """First of two, alone, behind the parameters of a market, and not at all."""
    assert {each.evidence.market.protocol for each in EMPTYING} >= {  # type: ignore[union-attr]
        "aave_v3", "compound_v3", "erc4626", "moonwell", "morpho_blue",
    }  # fmt: skip


def test_what_withdraws_an_amount_names_none() -> None:
    """An amount is no number of shares; where one selector is both, the place for shares holds 0."""
    sized = [each for each in goldens() if "-withdraw-" in each.name and each not in EMPTYING]
    assert sized
    for golden in sized:
        assert golden.evidence.market is not None
        assert named_shares(golden.evidence.market, golden.unsigned.data) == 0
