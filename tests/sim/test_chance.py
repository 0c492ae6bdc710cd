"""Randomness: a function of its arguments, bounded, the same everywhere."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from mammon.sim import chance
from mammon.sim.chance import PPM

OCTAVES = ((100, 600_000), (7, 400_000))
indices = st.integers(min_value=-(10**6), max_value=10**9)


def test_draws_are_pinned() -> None:
    """The bytes behind every world never change between machines, versions or processes."""
    assert chance.draw(42, "gas/7", 0) == 6657639272203000829
    assert chance.draw(-1, "gas/7", 0) == 5798845157570852842
    assert [chance.level(42, "x", index) for index in range(3)] == [-297093, -604327, -479685]
    assert chance.drift(42, "x", 1_234, OCTAVES) == 196950


@settings(max_examples=200)
@given(st.integers(), indices)
def test_drift_keeps_its_bounds_and_does_not_leap(seed: int, index: int) -> None:
    """Drift stays within a million, and neighbours differ by no more than the layers' slopes."""
    here, there = (chance.drift(seed, "x", i, OCTAVES) for i in (index, index + 1))
    slope = sum(2 * weight // period + 2 for period, weight in OCTAVES)
    assert -PPM <= here <= PPM
    assert abs(here - there) <= slope


@settings(max_examples=200)
@given(st.integers(), st.integers(min_value=0, max_value=10**7))
def test_bursts_keep_their_bounds(seed: int, index: int) -> None:
    """A burst is between nothing and a million, and odds of zero mean none."""
    assert 0 <= chance.burst(seed, "x", index, 144, PPM, 36) <= PPM
    assert chance.burst(seed, "x", index, 144, 0, 36) == 0


def test_certain_bursts_come_once_a_window_and_end() -> None:
    """With odds of one every window has a burst, none longer than allowed."""
    strengths = [chance.burst(1, "x", index, 144, PPM, 36) for index in range(144 * 20)]
    busy = sum(strength > 0 for strength in strengths)
    assert 20 * 7 // 2 < busy <= 21 * 36
    assert max(strengths) > PPM // 2
