"""E4: the installed loop, killed at random times, goes on by itself. The long form: `kill_run`."""

from __future__ import annotations

import pytest

from tests.chain.lab import Lab
from tests.reliability.kill_run import P95_S, lived, p95, summary

DEATHS = 4


@pytest.mark.chain
def test_a_loop_that_is_killed_goes_on_unaided(lab: Lab) -> None:
    """Four times: no unit is lost, journal and node agree, and where the money is is known in seconds."""
    life = lived(lab, 4, DEATHS)
    assert not life.told.wrong, life
    assert life.told.killed == DEATHS
    known = summary([life])["known_worst_s"]
    assert known is not None
    assert known <= P95_S


def test_of_twenty_figures_the_nineteenth_bounds_nineteen() -> None:
    """At least 95 of 100 stay within what is published; the slowest may lie beyond."""
    assert p95([]) is None
    assert p95([1.0]) == 1.0
    assert p95([float(number) for number in range(1, 21)]) == 19.0
    assert p95([float(number) for number in range(1, 22)]) == 20.0
