"""Laws of agreement: a source speaks against a rate only when it is fresh, far off, and about this market."""

from __future__ import annotations

import dataclasses
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mammon.core.agreement import AHEAD_S, FLOOR, RATE_FRESH_S, agreement, base_rate, near, share
from mammon.core.tracks import Witness
from mammon.core.types import Unread
from tests.core.build import MILLION, NOW, curve, state

QUARTER = Decimal("0.25")
GOOD = state("good", cash=5 * MILLION, debt=95 * MILLION)
"""Beyond its kink: about 19 % a year."""
OWN = base_rate(GOOD, NOW)
assert OWN is not None


def says(value: Decimal, at: int = NOW - 600, source: str = "defillama", subject: str = "good") -> Witness:
    return Witness(source, subject, value, at)


def test_a_source_disagrees_just_beyond_the_tolerance() -> None:
    """At the tolerance it agrees, a hair beyond it does not, whichever of the two is the higher."""
    assert OWN is not None
    hair = Decimal("1e-15")
    for edge, outwards in ((OWN * (1 - QUARTER), -hair), (OWN / (1 - QUARTER), hair)):
        inside = agreement(GOOD, (says(edge - outwards),), NOW, QUARTER)
        outside = agreement(GOOD, (says(edge + outwards),), NOW, QUARTER)
        assert (inside.state, outside.state) == ("agrees", "disagrees")
        assert (outside.source, outside.own, outside.age_s) == ("defillama", OWN, 600)
        assert outside.gap == Decimal("0.25")


def test_a_difference_below_the_floor_is_none() -> None:
    """Of a small rate a large share is little: half a point apart agrees, more does not."""
    low = state("good", cash=90 * MILLION, debt=10 * MILLION)
    own = base_rate(low, NOW)
    assert own is not None
    assert own < FLOOR
    assert agreement(low, (says(own + FLOOR),), NOW, QUARTER).state == "agrees"
    assert agreement(low, (says(own + FLOOR + Decimal("1e-12")),), NOW, QUARTER).state == "disagrees"
    assert agreement(low, (says(Decimal(0)),), NOW, Decimal(0)).state == "agrees"


def test_the_source_furthest_off_decides() -> None:
    """One that agrees takes nothing back from one that does not."""
    assert OWN is not None
    witnesses = (says(OWN, source="a"), says(OWN / 2, source="b"), says(OWN, source="c"))
    found = agreement(GOOD, witnesses, NOW, QUARTER)
    assert (found.state, found.source, found.theirs) == ("disagrees", "b", OWN / 2)


@pytest.mark.parametrize(
    ("witness", "code"),
    [
        (None, "no_witness"),
        (says(Decimal(1), subject="other"), "no_witness"),
        (Unread("good", "deadline", "defillama: late"), "unread:deadline"),
        (says(Decimal(1), at=NOW - RATE_FRESH_S - 1), "stale"),
        (says(Decimal(1), at=NOW + AHEAD_S + 1), "from_the_future"),
    ],
)
def test_silence_is_told_and_is_no_agreement(witness: Witness | Unread | None, code: str) -> None:
    """Nobody, somebody about something else, a dead source, an old word, a word of tomorrow: unknown."""
    found = agreement(GOOD, () if witness is None else (witness,), NOW, QUARTER)
    assert (found.state, found.code) == ("unknown", code)
    assert found.theirs is None


def test_a_word_at_the_edge_of_its_time_is_heard() -> None:
    """As old as may be, and as far ahead as clocks may differ: heard, and never of a negative age."""
    assert OWN is not None
    assert agreement(GOOD, (says(OWN, at=NOW - RATE_FRESH_S),), NOW, QUARTER).state == "agrees"
    assert agreement(GOOD, (says(OWN, at=NOW + AHEAD_S),), NOW, QUARTER).age_s == 0


def test_a_market_without_a_rate_of_its_own_is_unknown() -> None:
    """A vault that was seen once has no curve; a curve of tomorrow tells no rate of today."""
    for changed in (
        dataclasses.replace(GOOD, curve=None),
        dataclasses.replace(GOOD, curve=curve(updated_at=NOW + 60)),
    ):
        found = agreement(changed, (says(Decimal("0.05")),), NOW, QUARTER)
        assert (found.state, found.code) == ("unknown", "own_rate_unknown")


figures = st.decimals(min_value=-10, max_value=10, places=9)


@given(one=figures, other=figures, most=st.decimals(min_value=0, max_value=1, places=6))
def test_nearness_is_symmetric_and_measured_as_told(one: Decimal, other: Decimal, most: Decimal) -> None:
    """Which figure is whose plays no part; what is shown differs from what decides by rounding alone."""
    assert near(one, other, most) == near(other, one, most)
    assert share(one, other) == share(other, one)
    assert 0 <= share(one, other) <= 2
    if abs(share(one, other) - most) > Decimal("1e-8"):
        assert near(one, other, most) == (share(one, other) < most)


@given(value=st.decimals(min_value=0, max_value=2, places=9), tolerance=st.decimals(0, 1, places=4))
def test_a_wider_tolerance_never_turns_agreement_into_its_opposite(
    value: Decimal, tolerance: Decimal
) -> None:
    """Agreement is monotone in the tolerance."""
    narrow = agreement(GOOD, (says(value),), NOW, tolerance).state
    wide = agreement(GOOD, (says(value),), NOW, tolerance + Decimal("0.1")).state
    assert (narrow, wide) != ("agrees", "disagrees")
