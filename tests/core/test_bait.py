"""The gate against bait: a rate that rose for a bad reason is refused by it, a healthy riser is not."""

from __future__ import annotations

import dataclasses
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mammon.core.bait import bait
from mammon.core.case import Case
from mammon.core.desk import Desk
from mammon.core.gates import GATES, money_of
from mammon.core.history import PPB, fraction, growth_ppb, lent_ppb, samples_of, track_of
from mammon.core.numbers import Fraction, Ray, Units
from mammon.core.plan import Move
from mammon.core.policy import Policy
from mammon.core.rates import realised_apy
from mammon.core.tracks import Sample, Track
from mammon.core.types import MarketState, Unread, Verdict
from tests.core.build import MILLION, NOW, RAY, portfolio, snapshot, state

HOUR, DAY = 3_600, 86_400
SUPPLIED = 100 * MILLION
USUAL = Decimal("0.04")
"""What the venue paid a year before."""


def sample(age: int, lent: int = 85, apy: Decimal = USUAL, **changes: Any) -> Sample:
    """Return an earlier reading of a venue that has paid `apy` since and now has an index of one."""
    index = Ray(int(RAY / (1 + apy * age / (365 * DAY))))
    base = Sample(
        1000 - age // 2,
        NOW - age,
        index,
        Units(SUPPLIED),
        Units(lent * MILLION),
        Units((100 - lent) * MILLION),
        None,
        Units(0),
    )
    return dataclasses.replace(base, block=min(base.block, 999), **changes)


HISTORY = tuple(sample(age) for age in (7 * DAY, DAY, 6 * HOUR, HOUR, 300))


def venue(lent: int = 85, **changes: Any) -> MarketState:
    """Return a venue of a hundred millions, of which so many are lent."""
    return dataclasses.replace(state("good", (100 - lent) * MILLION, lent * MILLION), **changes)


def case(
    target: MarketState | Unread,
    apy: str | None = "0.04",
    samples: tuple[Sample, ...] = HISTORY,
    policy: Policy | None = None,
) -> Case:
    """Return the case of a first deposit in a venue that says it pays `apy`."""
    shot = snapshot(target, tracks=(Track("a"), Track("good", samples), Track("z")))
    account, rules = portfolio(), policy or Policy()
    desk = Desk(shot, account, rules, NOW)
    move = desk.move(desk.sources[0], target, None)
    move = dataclasses.replace(move, target_apy=None if apy is None else Decimal(apy))
    money = money_of(move, shot, account, rules)
    return Case(
        move,
        money,
        target,
        desk.rating("good"),
        None,
        None,
        0,
        desk.stake,
        False,
        shot,
        account,
        rules,
        NOW,
    )


def asked(*args: Any, **named: Any) -> Verdict:
    """Return the verdict on a case, which reads the same whatever it comes to."""
    found = bait(case(*args, **named))
    assert found.gate == "bait"
    if found.margin is not None:
        assert found.measured is not None
        assert found.limit is not None
        assert (found.margin >= 0) == found.passed
    return found


def test_the_gate_is_among_the_gates() -> None:
    """It is judged with the others."""
    assert bait in [gate.judge for gate in GATES]


# --- the level -----------------------------------------------------------------------------------


@pytest.mark.parametrize("samples", [(), HISTORY])
def test_a_venue_that_is_nearly_all_lent_is_refused_with_or_without_history(
    samples: tuple[Sample, ...],
) -> None:
    """What cannot leave tomorrow is not entered today, whatever it pays."""
    full = venue(borrowed=Units(98 * MILLION + 10**6), withdrawable=Units(2 * MILLION))
    refused = asked(full, "0.40", samples)
    assert (refused.passed, refused.detail, refused.limit) == (False, "nearly_all_lent", Decimal("0.98"))
    just = venue(borrowed=Units(98 * MILLION))
    assert asked(just, "0.04", samples).passed


def test_the_level_is_compared_exactly() -> None:
    """One unit above the limit is above it, however many digits the share has."""
    assert not asked(venue(borrowed=Units(98 * MILLION + 1))).passed
    assert asked(venue(borrowed=Units(98 * MILLION))).margin == 0


def test_a_vault_that_names_no_debt_has_no_level() -> None:
    """What a vault cannot pay out at once may lie in markets that can: its own gates ask for that."""
    vault = venue(borrowed=None, withdrawable=Units(0))
    assert (asked(vault, samples=()).passed, asked(vault, samples=()).detail) == (True, "no_history")


def test_an_unread_venue_is_unknown() -> None:
    """No reading, no pass."""
    assert asked(Unread("good", "timeout", "")).detail == "unread:timeout"
    assert not asked(Unread("good", "timeout", "")).passed


# --- cold start ----------------------------------------------------------------------------------


def test_without_history_the_level_decides_and_the_verdict_says_so() -> None:
    """A first deposit is possible, and nobody is told that the slope was looked at."""
    found = asked(venue(), "0.40", ())
    assert (found.passed, found.detail) == (True, "no_history")
    short = asked(venue(), "0.40", (sample(599),))
    assert (short.passed, short.detail) == (True, "no_history")


def test_a_policy_may_want_history() -> None:
    """Who wants a venue watched for a day first gets that, to the second."""
    careful = dataclasses.replace(Policy(), min_history_s=DAY)
    for age, passes in ((DAY - 1, False), (DAY, True)):
        found = asked(venue(), samples=(sample(age), sample(300)), policy=careful)
        assert found.passed == passes
        assert passes or (found.detail, found.measured) == ("no_history", None)


def test_history_from_before_the_window_or_after_the_block_is_none() -> None:
    """A reading of last month says little of a rate's rise, one of this block nothing."""
    old, same = sample(10 * DAY), dataclasses.replace(sample(HOUR), block=1000)
    late = dataclasses.replace(sample(HOUR), at=NOW)
    assert asked(venue(), "0.40", (old, same, late)).detail == "no_history"


# --- the slope -----------------------------------------------------------------------------------


def test_a_healthy_riser_passes() -> None:
    """Thrice the rate with lending at its usual height or below the kink is demand, and says so."""
    for lent, apy in ((85, "0.08"), (94, "0.16"), (70, "0.062")):
        found = asked(venue(lent), apy)
        assert (found.passed, found.detail) == (True, "rose"), (lent, apy)
    assert asked(venue(), "0.0599").detail == ""


def test_a_rate_that_rose_because_nearly_all_is_lent_is_refused() -> None:
    """Above 95 % and well above where it was: a danger sign, by its code and with both rates."""
    found = asked(venue(96), "0.16")
    assert (found.passed, found.detail, found.measured) == (False, "nearly_all_lent", Decimal("0.16"))
    assert found.limit is not None
    assert abs(found.limit - Decimal("0.0612")) < Decimal("0.0001")
    assert asked(venue(95), "0.16").passed, "at the limit"
    always = tuple(dataclasses.replace(old, borrowed=Units(94 * MILLION)) for old in HISTORY)
    assert asked(venue(96), "0.11", always).passed, "where it always was"
    assert asked(venue(96), "0.0599").passed, "without a rise"


def test_a_vault_drained_of_liquidity_is_refused_when_its_rate_rose() -> None:
    """Where debt is not named, what cannot be withdrawn counts as lent."""
    before = tuple(dataclasses.replace(old, borrowed=None) for old in HISTORY)
    assert not asked(venue(96, borrowed=None), "0.16", before).passed
    assert asked(venue(95, borrowed=None), "0.16", before).passed


def test_a_cut_cap_is_refused_when_the_rate_rose() -> None:
    """A tenth less than before, or a cap where there was none; a cap that is being filled is no cut."""
    had = tuple(dataclasses.replace(old, room=Units(100 * MILLION)) for old in HISTORY)
    for room, detail in ((80 * MILLION - 1, "cap_cut"), (80 * MILLION, "rose")):
        assert asked(venue(room=Units(room)), "0.08", had).detail == detail
    assert asked(venue(room=Units(80 * MILLION - 1)), "0.0599", had).passed
    assert asked(venue(room=Units(MILLION)), "0.08").detail == "cap_cut"
    assert asked(venue(room=None), "0.08", had).passed, "a cap that was lifted"
    filled = venue(supplied=Units(190 * MILLION), room=Units(10 * MILLION))
    assert asked(filled, "0.08", had).passed


def test_a_loss_that_was_seen_is_refused_when_the_rate_rose() -> None:
    """Bad debt that is gone from sight was there last week."""
    for loss, detail in ((MILLION // 100 + 1, "loss_seen"), (MILLION // 100, "rose")):
        marked = (dataclasses.replace(HISTORY[0], loss=Units(loss)), *HISTORY[1:])
        assert asked(venue(), "0.08", marked).detail == detail


def test_a_rise_that_nothing_explains_is_refused() -> None:
    """Row 13 of what users hit: a rate from a shifted field, with nothing else having moved."""
    found = asked(venue(), "0.1301")
    assert (found.passed, found.detail) == (False, "unexplained_rise")
    assert asked(venue(), "0.119").passed
    assert asked(venue(89), "0.1301").passed, "more is lent, which explains it"
    calm = tuple(sample(age, apy=Decimal("0.005")) for age in (DAY, HOUR))
    assert asked(venue(), "0.054", calm).passed, "thrice of little is little"


def test_figures_of_another_order_are_refused() -> None:
    """What is supplied was a thousandth, or a thousand times of it, within a day."""
    for before in (SUPPLIED * 1001, SUPPLIED // 1001):
        odd = (*HISTORY[:-1], dataclasses.replace(HISTORY[-1], supplied=Units(before)))
        found = asked(venue(), "0.04", odd)
        assert (found.passed, found.detail, found.measured) == (False, "figures_jumped", None)
    grown = (dataclasses.replace(HISTORY[0], supplied=Units(1)), *HISTORY[1:])
    assert asked(venue(), "0.04", grown).passed, "in a week a venue may grow"


def test_a_rate_that_cannot_be_told_is_left_to_other_gates() -> None:
    """No rate has not risen; the gates of profit miss it."""
    assert asked(venue(curve=None), None).passed


# --- laws ----------------------------------------------------------------------------------------

shares = st.integers(0, 100)
histories = st.lists(
    st.tuples(st.integers(1, 12 * DAY), shares, st.decimals("-0.05", "0.5", places=4)), max_size=6
).map(
    lambda drawn: tuple(sorted((sample(age, lent, apy) for age, lent, apy in drawn), key=lambda one: one.at))
)


@given(histories, shares, st.decimals("0", "0.6", places=4), st.decimals("0", "0.3", places=4))
def test_a_higher_rate_never_passes_where_a_lower_one_was_refused(
    samples: tuple[Sample, ...], lent: int, apy: Decimal, more: Decimal
) -> None:
    """Nothing is made safe by promising more."""
    low, high = (asked(venue(lent), str(rate), samples) for rate in (apy, apy + more))
    assert low.passed or not high.passed


@given(histories, shares, shares, st.decimals("0", "0.05", places=4))
def test_a_rate_below_the_usual_is_never_bait(
    samples: tuple[Sample, ...], lent: int, cap: int, less: Decimal
) -> None:
    """Without a rise, only the level and figures of another order speak against a venue."""
    capped = venue(lent, room=Units(cap * MILLION))
    oldest = samples_of(snapshot(tracks=(Track("good", samples),)), "good")
    usual = growth_ppb(oldest[0].index, RAY, NOW - oldest[0].at) if oldest else None
    rate = (Decimal("0.04") if usual is None else fraction(usual)) - less
    assert asked(capped, str(rate), samples).passed == (lent <= 98)


@given(histories, shares, st.decimals("0", "0.6", places=4))
def test_the_verdict_does_not_depend_on_what_lies_outside_the_window(
    samples: tuple[Sample, ...], lent: int, apy: Decimal
) -> None:
    """Readings of weeks ago, which a track may carry, change nothing."""
    old = sample(20 * DAY, 10, Decimal("0.3"))
    assert asked(venue(lent), str(apy), samples) == asked(venue(lent), str(apy), (old, *samples))


@given(st.integers(600, 9 * DAY), st.integers(-(10**26), 10**26))
def test_growth_is_the_realised_yield(seconds: int, gained: int) -> None:
    """The integers agree with the exact yield as far as three terms reach; below a rate of a half, 1 %."""
    found = growth_ppb(RAY, RAY + gained * seconds // (9 * DAY * 40), seconds)
    assert found is not None
    exact = realised_apy(RAY, RAY + gained * seconds // (9 * DAY * 40), seconds)
    assert abs(fraction(found) - exact) <= Decimal("0.01") * max(abs(exact), Decimal("1e-6"))


def test_growth_over_no_time_or_from_nothing_is_not_known() -> None:
    """An index of zero and ten seconds tell no rate."""
    assert growth_ppb(0, RAY, HOUR) is None
    assert growth_ppb(RAY, RAY, 599) is None
    assert growth_ppb(RAY, RAY, 600) == 0


def test_what_is_lent_is_told_of_any_market() -> None:
    """Nothing supplied is nothing lent; more withdrawable than supplied is nothing lent."""
    assert lent_ppb(venue(85)) == 85 * PPB // 100
    assert lent_ppb(venue(supplied=Units(0), borrowed=Units(5))) == 0
    assert lent_ppb(venue(borrowed=None, withdrawable=Units(2 * SUPPLIED))) == 0


def test_a_track_is_found_by_its_slug() -> None:
    """Tracks stand in order; one that is not there is None, never another market's."""
    shot = snapshot(tracks=(Track("b"), Track("d")))
    assert [track_of(shot, slug) for slug in ("a", "b", "c", "d", "e")] == [
        None,
        Track("b"),
        None,
        Track("d"),
        None,
    ]


def test_a_refusal_by_bait_is_no_opinion_on_leaving() -> None:
    """A move has the venue as its source only where the gate is asked about the other end."""
    full = venue(borrowed=Units(99 * MILLION))
    leaving = dataclasses.replace(
        case(venue()), move=Move("full", "good", Units(1), None, None, None, None, None)
    )  # type: ignore[arg-type]
    assert bait(dataclasses.replace(leaving, snapshot=snapshot(full, venue()))).passed
    assert Fraction(Decimal("0.98")) == Policy().max_utilisation
