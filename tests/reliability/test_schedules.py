"""Laws of the money path under faults: 500 seeded schedules, and twelve bugs that they have to find."""

from __future__ import annotations

import pytest

from mammon.sim.faults import KINDS
from tests.reliability.campaign import campaign, once
from tests.reliability.planted import BUGS, planted
from tests.reliability.schedule import covered, schedule

SEEDS = 500
EACH = 25
"""In one test, so that they share out over processes."""
STORED_EACH = 25
"""One schedule in so many runs on the real journal."""


@pytest.mark.parametrize("start", range(0, SEEDS, EACH))
def test_no_schedule_breaks_a_law(start: int) -> None:
    """No double send, no unit unaccounted for, nothing stuck: while faults last, and after."""
    tally = campaign(range(start, start + EACH), stored_each=STORED_EACH)
    found = [
        f"{one.law}: {one.what}: python -m tests.reliability.campaign --replay {seed}"
        for seed, one in tally.failed.items()
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("bug", BUGS)
def test_a_planted_bug_is_found(bug: str) -> None:
    """E15: the schedules that the sound program passes catch the mistake: a suite that misses it is none."""
    with planted(bug):
        tally = campaign(range(SEEDS), stop=True, stored_each=0)
    assert [one.law for one in tally.failed.values() if one.law != "defect"]


def test_every_kind_of_fault_is_used() -> None:
    """At least forty kinds, each of them several times in the schedules that every change must pass."""
    schedules = [schedule(seed) for seed in range(SEEDS)]
    assert len(KINDS) >= 40
    assert covered(schedules) == set(KINDS)
    counts = {len(one.faults) for one in schedules}
    assert (min(counts), max(counts)) == (1, 12)


def test_a_schedule_is_its_seed() -> None:
    """The same seed gives the same faults, the same steps and the same end, whatever ran before."""
    assert str(schedule(3)) == str(schedule(3)) != str(schedule(4))
    first = once(7, stored_each=0)
    once(8, stored_each=0)
    again = once(7, stored_each=0)
    assert (first.stage.steps, first.ends, first.stage.chain.head) == (
        again.stage.steps,
        again.ends,
        again.stage.chain.head,
    )


def test_both_journals_lead_to_the_same_end() -> None:
    """The journal in memory and the one on disk are the same journal: step by step."""
    kept, stored = once(11, stored_each=0), once(11, stored_each=1)
    assert not kept.violations
    assert (kept.stage.steps, kept.ends) == (stored.stage.steps, stored.ends)
