"""Laws of the gates of risk beyond their edges (`test_gates`): standing is told, sharing is counted."""

from __future__ import annotations

import dataclasses
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mammon.core.decide import Ask, Decision, decide
from mammon.core.numbers import Fraction, Units, Usd
from mammon.core.policy import Policy
from mammon.core.types import Address, MarketState, Unread, Verdict
from tests.core.build import MILLION, NOW, SOUND, market, portfolio, position, snapshot, state

CASH = 10_000 * 10**6
WETH = Address("0x" + "0" * 39 + "1")


def judged(decision: Decision, code: str) -> Verdict:
    """Return a gate's verdict on the chosen move."""
    assert decision.chosen is not None
    return next(found for found in decision.chosen.verdicts if found.gate == code)


def asked(
    *venues: MarketState | Unread, idle: int = CASH, ask: Ask | None = None, held: int = 0, **policy: Any
) -> Decision:
    """Decide on a named move; `held` is what the first venue holds already."""
    states = [venue for venue in venues if isinstance(venue, MarketState)]
    positions = [position(states[0], held)] if held else []
    changed = dataclasses.replace(Policy(), **policy)
    return decide(snapshot(*venues), portfolio(idle, *positions), changed, NOW, ask)


def sound(slug: str, family: str = "sound", **changes: Any) -> MarketState:
    """Return a healthy venue of a family."""
    return state(slug, market=market(slug, risk=dataclasses.replace(SOUND, family=family)), **changes)


HALF = Fraction(Decimal("0.5"))


def test_a_venue_of_the_first_tier_is_limited_by_the_policy_alone() -> None:
    """Its standing is told; nothing is measured, because nothing limits it."""
    found = judged(asked(state("good"), ask=Ask("idle", "good")), "tier_cap")
    assert found.passed
    assert (found.limit, found.detail) == (None, "tier_1")


def test_a_venue_in_danger_is_refused_at_any_amount() -> None:
    """One unit of bad debt, one unit of money: no."""
    venue = state("good", evidence=(("deficit", Units(1)),))
    found = judged(asked(venue, ask=Ask("idle", "good", Units(1))), "tier_cap")
    assert not found.passed
    assert (found.limit, found.detail) == (Decimal(0), "tier_5,bad_debt")


def test_the_signs_against_a_venue_are_in_its_verdict() -> None:
    """Beside its tier, each by its code."""
    venue = state("good", room=Units(CASH), signs=("pending_cap",))
    found = judged(asked(venue, ask=Ask("idle", "good")), "tier_cap")
    assert (found.passed, found.detail) == (True, "tier_3,cap_near,pending_cap")


def test_what_is_held_already_counts_towards_a_tiers_cap() -> None:
    """The cap is on the holding, not on the move."""
    venue = state("good", market=market("good", risk=None))
    found = judged(asked(venue, ask=Ask("idle", "good", Units(1)), held=5_000 * 10**6), "tier_cap")
    assert not found.passed
    assert found.margin == -1


def test_the_share_of_a_tier_applies_above_the_policys_figure() -> None:
    """A lower figure lets the share of a small account count too."""
    venue = state("good", market=market("good", risk=None))
    found = judged(
        asked(venue, ask=Ask("idle", "good", Units(10**9)), tier_share_above_usd=Usd(Decimal(0))), "tier_cap"
    )
    assert not found.passed
    assert found.limit == CASH // 20


def test_without_a_premium_risk_costs_nothing() -> None:
    """The default asks for none, so that nothing is measured."""
    assert judged(asked(state("good"), ask=Ask("idle", "good")), "risk_gain").detail == "no_premium"


def test_a_premium_is_weighed_at_both_ends() -> None:
    """Leaving a poor venue for a sound one gains what the poor one was short of."""
    poor = state("poor", market=market("poor", risk=None))
    premium = Fraction(Decimal("0.02"))
    decision = asked(poor, state("good"), ask=Ask("poor", "good"), held=CASH, risk_premium=premium)
    found = judged(decision, "risk_gain")
    move = decision.chosen.move if decision.chosen else None
    assert move is not None
    assert move.target_apy_after is not None
    assert move.source_apy is not None
    # The poor venue has the points of its size alone: a fifth.
    assert found.measured == move.target_apy_after - (move.source_apy - premium * Decimal("0.8"))


@pytest.mark.parametrize(
    ("venues", "ask", "detail"),
    [
        ((Unread("good", "timeout", ""),), Ask("idle", "good"), "target_rate_unknown"),
        ((state("poor", curve=None), state("good")), Ask("poor", "good"), "source_rate_unknown"),
    ],
)
def test_a_rate_that_is_not_known_has_no_premium_to_pay(
    venues: tuple[MarketState | Unread, ...], ask: Ask, detail: str
) -> None:
    """Unknown does not pass."""
    held = CASH if ask.source == "poor" else 0
    decision = asked(*venues, ask=ask, held=held, risk_premium=Fraction(Decimal("0.02")))
    assert judged(decision, "risk_gain").detail == detail
    assert not judged(decision, "risk_gain").passed


@pytest.mark.parametrize("code", ["tier_cap", "shared_risk"])
def test_an_unread_venue_has_no_standing(code: str) -> None:
    """Nor is it known what it shares."""
    decision = asked(Unread("good", "timeout", ""), ask=Ask("idle", "good"), max_shared_share=HALF)
    assert judged(decision, code).detail == "unread:timeout"


def test_what_other_venues_of_the_family_hold_counts() -> None:
    """Two venues of one family are one risk; of two families they are not."""
    ask = Ask("idle", "good", Units(3_000 * 10**6))
    half = {"held": 3_000 * 10**6, "idle": 4_000 * 10**6, "ask": ask, "max_shared_share": HALF}
    refused = judged(asked(sound("old"), sound("good"), **half), "shared_risk")
    assert (refused.passed, refused.detail, refused.margin) == (False, "family:sound", -2_500 * 10**6)
    assert judged(asked(sound("old", "other"), sound("good"), **half), "shared_risk").passed


def test_collateral_that_two_vaults_share_counts() -> None:
    """Of two families and curators, but against the same collateral: one risk."""
    backing = ((WETH, Units(100 * MILLION)),)
    old, good = sound("old", "other", backing=backing), sound("good", backing=backing)
    ask = Ask("idle", "good", Units(3_000 * 10**6))
    found = judged(
        asked(old, good, held=3_000 * 10**6, idle=4_000 * 10**6, ask=ask, max_shared_share=HALF),
        "shared_risk",
    )
    assert (found.passed, found.detail) == (False, f"collateral:{WETH}")


def test_a_move_within_a_family_adds_nothing_to_it() -> None:
    """What leaves one venue no longer stands behind its causes."""
    ask = Ask("old", "good", Units(5_000 * 10**6))
    found = judged(
        asked(
            sound("old"), sound("good"), held=5_000 * 10**6, idle=CASH // 2, ask=ask, max_shared_share=HALF
        ),
        "shared_risk",
    )
    assert found.passed
    assert found.measured == 5_000 * 10**6


@pytest.mark.parametrize(
    ("code", "name"), [("shared_risk", "max_shared_share"), ("concentration", "max_concentration")]
)
def test_little_money_is_not_spread(code: str, name: str) -> None:
    """Up to the policy's figure there is nothing to ask."""
    decision = asked(state("good"), idle=1_000 * 10**6, ask=Ask("idle", "good"), **{name: HALF})
    assert (judged(decision, code).passed, judged(decision, code).detail) == (True, "small")


def test_money_in_the_wallet_is_in_no_venue() -> None:
    """Half of it in one venue is a quarter by Herfindahl's index; a second half elsewhere makes a half."""
    first = asked(state("good"), ask=Ask("idle", "good", Units(CASH // 2)), max_concentration=HALF)
    assert judged(first, "concentration").measured == Decimal("0.25")
    ask = Ask("idle", "other", Units(CASH // 2))
    second = asked(
        state("good"), state("other"), idle=CASH // 2, held=CASH // 2, ask=ask, max_concentration=HALF
    )
    assert judged(second, "concentration").measured == HALF
    assert judged(second, "concentration").passed


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 10**13), st.sampled_from([(), ("cap_near",), ("pending_cap",), ("unreliable",)]))
def test_no_sign_lets_through_what_was_refused(idle: int, signs: tuple[str, ...]) -> None:
    """A decision with signs against its venue never moves where one without them holds."""
    ask = Ask("idle", "good")
    with_signs = asked(state("good", signs=signs), idle=idle, ask=ask)
    without = asked(state("good"), idle=idle, ask=ask)
    assert without.action == "move" or with_signs.action == "hold"


def test_what_a_tier_leaves_is_what_is_proposed() -> None:
    """Nobody asked for an amount: it is cut to the tier's cap less what is held, and then passes."""
    venue = state("good", market=market("good", risk=None))
    found = asked(venue)
    assert found.chosen is not None
    assert found.chosen.move.amount == 5_000 * 10**6
    assert judged(found, "tier_cap").passed
    more = asked(venue, held=2_000 * 10**6)
    assert more.chosen is not None
    assert more.chosen.move.amount == 3_000 * 10**6
    full = judged(asked(venue, held=5_000 * 10**6), "tier_cap")
    assert not full.passed
