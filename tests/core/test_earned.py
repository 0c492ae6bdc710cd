"""The gates of a rate that others bear out: the index must have earned it, and outside sources see it."""

from __future__ import annotations

import dataclasses
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from mammon.core import rates
from mammon.core.case import Case
from mammon.core.curves import GrowthCurve
from mammon.core.earned import RECENT_S, earned, rate_agrees
from mammon.core.history import SETTLED_S
from mammon.core.numbers import Fraction, Ray, Units
from mammon.core.policy import Policy
from mammon.core.tracks import Sample, Witness
from mammon.core.types import MarketState, Snapshot, Unread, Verdict
from tests.core.build import MILLION, NOW, RAY, curve, market, state
from tests.core.test_bait import case as bait_case

HOUR, DAY, YEAR = 3_600, 86_400, 31_536_000


def venue(lent: int = 80, **changes: Any) -> MarketState:
    """Return a reserve of a hundred millions with the rate its own curve gives at so much lent."""
    return dataclasses.replace(state("good", (100 - lent) * MILLION, lent * MILLION), **changes)


def apy_of(target: MarketState, amount: int = 0) -> Decimal:
    """Return what the venue's curve pays after a deposit."""
    assert target.curve is not None
    return rates.apy(target.curve.rate_after(amount, NOW), target.curve.scale)


def sample(age: int, apr: Decimal, lent: int = 80, supplied: int = 100 * MILLION) -> Sample:
    """Return a reading since which the index earned `apr`."""
    index = Ray(int(RAY / (1 + apr * age / YEAR)))
    borrowed = Units(supplied * lent // 100)
    return Sample(1000 - 1 - age // 2, NOW - age, index, Units(supplied), borrowed, Units(1), None, Units(0))


def asked(target: MarketState | Unread, *samples: Sample, gap: str = "0.25", **more: Any) -> Verdict:
    """Return the verdict on a deposit in a venue with these earlier readings."""
    policy = dataclasses.replace(Policy(), max_earned_gap=Fraction(Decimal(gap)))
    given_: Case = bait_case(target, None, samples, policy)
    told = isinstance(target, MarketState) and target.curve is not None
    apy = more["apy"] if "apy" in more else apy_of(target) if told else None  # type: ignore[arg-type]
    found = earned(dataclasses.replace(given_, move=dataclasses.replace(given_.move, target_apy=apy)))
    assert found.margin is None or (found.margin >= 0) == found.passed
    return found


def test_an_index_that_earned_the_rate_passes() -> None:
    """What the curve says and what the index did are two computations of one thing."""
    now = venue()
    found = asked(now, sample(HOUR, apy_of(now)))
    assert found.passed
    assert found.measured is not None
    assert abs(found.measured - apy_of(now)) < Decimal("0.001")


def test_an_index_that_earned_too_little_is_refused() -> None:
    """Row 13: a factor too much, or what nobody credits, shows in the index; to the tolerance."""
    now = venue(88)
    least = apy_of(now) * Decimal("0.75") - Decimal("0.005")
    for apr, passes in ((least - Decimal("0.0015"), False), (least, True), (Decimal(0), False)):
        found = asked(now, sample(HOUR, apr, 88))
        assert (found.passed, found.detail) == (passes, "" if passes else "earned_less")
    assert asked(now, sample(HOUR, apy_of(now) / 2, 88), gap="0.6").passed


def test_an_index_that_earned_far_too_much_is_refused() -> None:
    """Thrice and five points: a spike that is over passes, an index of another scale does not."""
    now = venue()
    most = apy_of(now) * 3 + Decimal("0.05")
    assert asked(now, sample(HOUR, most * Decimal("0.9"))).passed
    found = asked(now, sample(HOUR, most * Decimal("1.1")))
    assert (found.passed, found.detail) == (False, "earned_more")


def test_lending_that_moved_between_the_readings_explains_a_difference() -> None:
    """Half as much was lent an hour ago: the index earned less, as the curve says it would have."""
    now = venue(88)
    then = apy_of(now, 120 * MILLION)  # 40 % of what is supplied were lent
    assert then < apy_of(now) / 2
    assert asked(now, sample(HOUR, then, 40)).passed
    assert not asked(now, sample(HOUR, then, 88)).passed, "it did not move"
    emptied = venue(40)
    assert asked(emptied, sample(HOUR, apy_of(emptied, -54 * MILLION), 88)).passed, "and the other way"


def test_a_share_that_cannot_be_lent_any_more_is_no_end() -> None:
    """Where the curve cannot go back to what it was, the rate of now decides alone."""
    dry = dataclasses.replace(venue(40), curve=dataclasses.replace(curve(), updated_at=NOW + 5))
    assert not asked(dry, sample(HOUR, Decimal(0)), apy=Decimal("0.04")).passed


def test_a_vault_is_held_at_what_it_had() -> None:
    """Where no debt is named the earlier end is the curve with what was supplied then."""
    now = venue(88, borrowed=None)
    then = apy_of(now, 120 * MILLION)
    before = dataclasses.replace(sample(HOUR, then, supplied=220 * MILLION), borrowed=None)
    assert asked(now, before).passed
    same = dataclasses.replace(sample(HOUR, then), borrowed=None)
    assert not asked(now, same).passed


def test_only_a_reading_of_the_right_age_is_asked() -> None:
    """Ten minutes to six hours: the youngest of these, and none of others."""
    now, nothing = venue(88), Decimal(0)
    for age, known in ((SETTLED_S - 1, False), (SETTLED_S, True), (RECENT_S, True), (RECENT_S + 1, False)):
        found = asked(now, sample(age, nothing, 88))
        assert (found.passed, found.detail) == ((False, "earned_less") if known else (True, "no_history"))
    right = sample(HOUR, apy_of(now), 88)
    assert asked(now, sample(5 * HOUR, nothing, 88), right, sample(60, nothing, 88)).passed
    assert asked(now, dataclasses.replace(right, index=Ray(0))).detail == "no_history"


def test_observed_growth_is_held_against_the_oldest_reading() -> None:
    """A plain vault's rate is made of its last two readings: only an older one can contradict it."""
    leap = GrowthCurve.observed(RAY, NOW - HOUR, RAY + RAY // 10**4, NOW, 100 * MILLION)
    now = venue(borrowed=None, curve=leap, index=Ray(RAY + RAY // 10**4))
    young = dataclasses.replace(sample(HOUR, Decimal(0)), index=Ray(RAY), borrowed=None)
    old = dataclasses.replace(sample(7 * DAY, Decimal(0)), index=Ray(RAY - RAY // 10**3), borrowed=None)
    assert apy_of(now) > Decimal("1.2")
    assert asked(now, young).passed, "with nothing older there is nothing to say"
    found = asked(now, old, young)
    assert (found.passed, found.detail) == (False, "earned_less")


def test_what_is_not_known_is_said() -> None:
    """No reading never passes; no rate is for the gates of profit; no history is told."""
    assert not asked(Unread("good", "timeout", "")).passed
    assert asked(venue(curve=None)).detail == "rate_unknown"
    assert asked(venue()).detail == "no_history"


@given(
    lent=st.integers(5, 95),
    before=st.integers(5, 95),
    age=st.integers(SETTLED_S, RECENT_S),
    part=st.integers(0, 100),
)
def test_an_honest_venue_is_never_refused(lent: int, before: int, age: int, part: int) -> None:
    """Wherever lending stood at the two readings and between them, what an honest index earned passes."""
    now = venue(lent)
    then = now.borrowed * 100 // before - now.supplied if now.borrowed else 0
    ends = sorted((apy_of(now), apy_of(now, then)))
    apr = (ends[0] + (ends[1] - ends[0]) * part / 100) / (1 + ends[1] / 2)
    assert asked(now, sample(age, apr, before)).passed


@given(lent=st.integers(60, 95), age=st.integers(SETTLED_S, RECENT_S), factor=st.integers(2, 50))
def test_a_rate_a_factor_too_high_is_refused(lent: int, age: int, factor: int) -> None:
    """A curve read at twice or more of what it pays is found out, once its rate is worth a lie."""
    now = venue(lent)
    apr = apy_of(now) / factor
    assume(apy_of(now) * Decimal("0.75") - Decimal("0.006") > apr)
    assert asked(now, sample(age, apr, lent)).detail == "earned_less"


# --- outside sources -----------------------------------------------------------------------------


def seen(target: MarketState | Unread, *witnesses: Witness | Unread, gap: str = "0.25") -> Verdict:
    """Return the verdict on what outside sources say."""
    policy = dataclasses.replace(Policy(), max_rate_gap=Fraction(Decimal(gap)))
    given_ = bait_case(target, None, (), policy)
    shot: Snapshot = dataclasses.replace(given_.snapshot, witnesses=witnesses)
    found = rate_agrees(dataclasses.replace(given_, snapshot=shot))
    assert found.margin is None or (found.margin >= 0) == found.passed
    return found


def word(share: str, source: str = "defillama", slug: str = "good", at: int = NOW) -> Witness:
    """Return a source's word: so large a share of the venue's own rate."""
    return Witness(source, slug, apy_of(venue(88)) * Decimal(share), at)


@pytest.mark.parametrize(
    ("witnesses", "passes", "detail"),
    [
        ((), True, "no_witness"),
        ((word("1", slug="other"),), True, "no_witness"),
        ((word("1"),), True, "defillama"),
        ((word("0.76"),), True, "defillama"),
        ((word("0.74"),), False, "defillama"),
        ((word("1.4"),), False, "defillama"),
        ((word("1"), word("0.5", "aavescan")), False, "aavescan"),
        ((word("0.1", at=NOW - 30 * DAY),), True, "stale"),
        ((Unread("good", "timeout", ""),), True, "unread:timeout"),
    ],
)
def test_a_source_that_disagrees_closes_the_venue(
    witnesses: tuple[Witness | Unread, ...], passes: bool, detail: str
) -> None:
    """Either side of our own rate; the furthest off decides; silence and old words are told, not held."""
    found = seen(venue(88), *witnesses)
    assert (found.passed, found.detail) == (passes, detail)


def test_two_small_rates_agree() -> None:
    """A difference of less than half a point is none, whatever share of the rate it is."""
    small = venue(8)
    assert apy_of(small) < Decimal("0.005")
    found = seen(small, Witness("defillama", "good", Decimal("0.0001"), NOW))
    assert (found.passed, found.limit) == (True, None)


def test_an_unread_venue_is_unknown_to_sources_too() -> None:
    """No reading, no pass, whatever others say of it."""
    found = seen(Unread("good", "timeout", ""), word("1"))
    assert (found.passed, found.measured) == (False, None)
    assert market("good").slug == "good"
