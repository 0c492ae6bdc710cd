"""Outlook: the past of a venue beside its figures, and what of it is not known."""

from __future__ import annotations

from decimal import Decimal

from mammon.core.numbers import Rate, Ray, Units
from mammon.core.rewards import RewardRate
from mammon.core.tracks import Sample, Track, Witness
from mammon.core.types import Unread
from mammon.reporting.figures import market_figures
from mammon.reporting.outlook import WEEK_S, Outlook, Past, outlook
from tests.core.build import MILLION, NOW, RAY, snapshot, state

DAY_S = 86_400
AMOUNT = Units(10_000_000_000)
TOLERANCE = Decimal("0.25")


def sample(ago: int, index: int = RAY) -> Sample:
    supplied, borrowed, liquid = (Units(each * MILLION) for each in (100, 50, 30))
    return Sample(1, NOW - ago, Ray(index), supplied, borrowed, liquid, None, Units(0))


def seen(*samples: Sample, index: int = RAY * 1_001 // 1_000) -> Outlook:
    grown = state("a", index=Ray(index))
    track = Track("a", samples, Units(30 * MILLION))
    return outlook(grown, snapshot(grown, tracks=(track,)), AMOUNT, TOLERANCE)


def day(*samples: Sample, index: int = RAY * 1_001 // 1_000) -> Past:
    """Return the past of a day, which is known."""
    found = seen(*samples, index=index).day
    assert found is not None
    return found


def test_the_past_is_what_was_really_earned_since_the_nearest_reading() -> None:
    """A thousandth in a day is 44 % a year; utilisation is the one of then."""
    found = seen(sample(8 * DAY_S), sample(DAY_S + 600), sample(600))
    assert found.day is not None
    assert found.week is not None
    assert (found.day.since_s, found.week.since_s) == (DAY_S + 600, 8 * DAY_S)
    assert found.day.apy_earned is not None
    assert Decimal("0.43") < found.day.apy_earned < Decimal("0.45")
    assert found.day.utilisation == Decimal("0.5")


def test_a_reading_half_a_span_off_tells_nothing_of_it() -> None:
    """A day is told by readings of half a day to a day and a half ago, a week likewise."""
    assert seen(sample(DAY_S // 2)).day is not None
    assert seen(sample(DAY_S // 2 - 1)).day is None
    assert seen(sample(DAY_S * 3 // 2)).day is not None
    assert seen(sample(DAY_S * 3 // 2 + 1)).day is None
    assert seen(sample(WEEK_S // 2)).week is not None
    assert seen().week is None


def test_an_index_that_tells_no_rate_is_told_as_none() -> None:
    """Nothing earned is a rate of zero; an index of nothing, or beyond any rate, is no rate."""
    assert day(sample(DAY_S), index=RAY).apy_earned == 0
    assert day(sample(DAY_S, 0)).apy_earned is None
    assert day(sample(DAY_S), index=2 * RAY).apy_earned is None


def test_a_venue_of_another_name_lends_no_past() -> None:
    """Tracks are looked up by the venue's own name."""
    other = Track("b", (sample(DAY_S),), Units(0))
    found = outlook(state("a"), snapshot(state("a"), tracks=(other,)), AMOUNT, TOLERANCE)
    assert (found.day, found.exit.month) == (None, None)


def test_figures_carry_the_outlook_and_rewards_of_each_venue() -> None:
    """What was not read has neither; a reward nobody looked for is not zero, and is in no rate."""
    reward = RewardRate(Rate(Decimal("0.01")), ())
    witness = Witness("defillama", "a", Decimal("0.5"), NOW)
    held = snapshot(state("a"), state("b"), Unread("c", "timeout", ""), witnesses=(witness,))
    plain = {row.slug: row for row in market_figures(held, AMOUNT, 10)}
    rows = {row.slug: row for row in market_figures(held, AMOUNT, 10, rewards={"a": reward})}
    assert (rows["a"].reward, rows["b"].reward) == (reward, None)
    assert rows["a"].apy == plain["a"].apy
    assert rows["c"].outlook is None
    assert rows["a"].outlook is not None
    assert rows["a"].outlook.agreement.state == "disagrees"
    assert rows["b"].outlook is not None
    assert rows["b"].outlook.agreement.code == "no_witness"
