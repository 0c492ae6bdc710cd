"""A deposit moves balances and rates exactly as the venue's curve said before it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mammon.core.numbers import Units
from mammon.core.types import All
from mammon.sim.processes import EPOCH_BLOCKS, FIRST_BLOCK
from tests.sim.lab import SLUGS, Lab, succeeded

CAPITAL = Units(20_000_000_000_000)
amounts = st.one_of(
    st.integers(min_value=1_000, max_value=10**7),
    st.integers(min_value=10**9, max_value=4 * 10**12),
)
delays = st.integers(min_value=0, max_value=3 * 86_400)


@pytest.mark.parametrize("slug", ["aave-v3", "aave-fork"])
@settings(max_examples=12, deadline=None)
@given(amount=amounts, delay=delays, seed=st.integers(min_value=0, max_value=50))
def test_a_pools_rate_after_a_deposit_is_what_the_curve_said(
    slug: str, amount: int, delay: int, seed: int
) -> None:
    """`rate_after(amount, at)` is the very integer that the pool holds after a deposit mined at `at`."""
    lab = Lab(seed, CAPITAL)
    lab.clock.sleep(delay)
    before = lab.state(slug)
    assert before.curve is not None
    at = lab.clock.now() - lab.clock.now() % 2 + 2
    predicted = before.curve.rate_after(amount, at)
    assert succeeded(lab.supply(slug, amount))
    after = lab.state(slug)
    assert after.curve is not None
    # A new epoch may begin in the very block of the deposit: then the crowd moved first.
    if (lab.chain.head - FIRST_BLOCK) % EPOCH_BLOCKS:
        assert after.curve.rate_now() == predicted


@pytest.mark.parametrize("slug", ["steakhouse-usdc", "gauntlet-usdc"])
@settings(max_examples=8, deadline=None)
@given(amount=amounts, delay=delays, seed=st.integers(min_value=0, max_value=50))
def test_a_vaults_rate_after_a_deposit_is_what_the_curve_said(
    slug: str, amount: int, delay: int, seed: int
) -> None:
    """The vault's holders earn after the deposit what the curve promised for it."""
    lab = Lab(seed, CAPITAL)
    lab.clock.sleep(delay)
    before = lab.state(slug)
    assert before.curve is not None
    at = lab.clock.now() - lab.clock.now() % 2 + 2
    if (lab.chain.head + 1 - FIRST_BLOCK) % EPOCH_BLOCKS == 0 or (before.room or 0) < amount:
        return
    predicted = before.curve.rate_after(amount, at)
    assert succeeded(lab.supply(slug, amount))
    after = lab.state(slug)
    assert after.curve is not None
    assert after.curve.rate_after(0, at) == predicted


@pytest.mark.parametrize("slug", SLUGS)
def test_money_goes_in_and_comes_back(slug: str) -> None:
    """The wallet pays exactly the amount, holds it at once to two units, and gets more back later."""
    lab = Lab()
    amount = 10_000_000_000
    assert succeeded(lab.supply(slug, amount))
    assert lab.usdc() == 0
    held = lab.position(slug)
    assert amount - 2 <= held.assets <= amount
    lab.clock.sleep(2 * 86_400)
    grown = lab.position(slug)
    assert grown.shares == held.shares
    assert amount < grown.assets < amount * 1_001 // 1_000
    receipt = lab.withdraw(slug, All(grown.shares))
    assert receipt["status"] == "0x1"
    # Two more seconds of interest until the block.
    assert grown.assets <= lab.usdc() <= grown.assets + 100
    assert lab.position(slug).shares == 0


@pytest.mark.parametrize("slug", SLUGS)
def test_a_part_can_be_withdrawn(slug: str) -> None:
    """Withdrawing an amount pays exactly that amount and leaves the rest where it was."""
    lab = Lab()
    assert succeeded(lab.supply(slug, 8_000_000_000))
    receipt = lab.withdraw(slug, 3_000_000_000)
    assert receipt["status"] == "0x1"
    assert lab.usdc() == 5_000_000_000
    assert 4_999_999_996 <= lab.position(slug).assets <= 5_000_000_100


@pytest.mark.parametrize("slug", SLUGS)
def test_our_dilution_lasts_beyond_the_epoch(slug: str) -> None:
    """The crowd does not undo what our deposit did: the same world without it pays more, ever after."""
    amount = 3_000_000_000_000
    with_us, without = Lab(42, CAPITAL), Lab(42, CAPITAL)
    assert succeeded(with_us.supply(slug, amount))
    hints = [lab.state(slug).hint for lab in (with_us, without)]
    for lab in (with_us, without):
        lab.clock.sleep(4_000 if lab is without else 3_998)
    curves = [lab.state(slug, hint).curve for lab, hint in zip((with_us, without), hints, strict=True)]
    ours, theirs = (curve.rate_after(0, with_us.clock.now() + 10) for curve in curves if curve is not None)
    assert ours < theirs
