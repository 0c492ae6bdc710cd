"""The world's processes stay within what the real chain would allow."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from mammon.sim import processes
from mammon.sim.deployment import AAVE_CROWD
from mammon.sim.processes import FIRST_BLOCK, MIN_BASE_FEE

seeds = st.integers(min_value=-(2**40), max_value=2**40)
numbers = st.integers(min_value=FIRST_BLOCK, max_value=FIRST_BLOCK + 10**8)


@settings(max_examples=200)
@given(seeds, numbers)
def test_the_base_fee_moves_as_the_protocol_lets_it(seed: int, number: int) -> None:
    """Never below Base's floor, never more than 4 % from one block to the next."""
    here, there = processes.base_fee(seed, number), processes.base_fee(seed, number + 1)
    assert here >= MIN_BASE_FEE
    assert abs(there - here) * 25 <= here


@settings(max_examples=100)
@given(seeds, st.integers(min_value=0, max_value=10**6))
def test_levels_and_prices_stay_in_range(seed: int, epoch: int) -> None:
    """Utilisation is a share, USDC stays within 5 basis points of a dollar, fees are positive."""
    assert 0 <= processes.level(seed, "aave-v3", AAVE_CROWD, epoch) <= 1_000_000
    assert 99_950_000 <= processes.usdc_usd(seed, epoch) <= 100_050_000
    assert 200_000_000_000 <= processes.eth_usd(seed, epoch) <= 400_000_000_000
    number = FIRST_BLOCK + epoch * 150
    assert processes.l1_base_fee(seed, number) > 0
    assert processes.blob_base_fee(seed, number) > 0


def test_spikes_exist_and_pass() -> None:
    """Within weeks a venue sees both calm and a spike well above its average."""
    levels = [processes.level(42, "aave-v3", AAVE_CROWD, epoch) for epoch in range(4_032)]
    assert max(levels) > 910_000
    assert sorted(levels)[len(levels) // 2] < 850_000
