"""Laws of room: candidates are cut to what the limits leave, and the rest waits for the next cycle."""

from __future__ import annotations

import dataclasses
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mammon.core.decide import Ask, Decision, decide
from mammon.core.limits import PHASES, Phase, effective
from mammon.core.numbers import Fraction, Units, Usd
from mammon.core.plan import IDLE
from mammon.core.policy import Policy
from mammon.core.room import Stake, clipped, share_limit, stake_of, transactions_of
from mammon.core.types import Position, Unread
from tests.core.build import MILLION, NOW, portfolio, position, snapshot, state

USDC = 10**6
LOW = state("low", 70 * MILLION, 30 * MILLION)
HIGH = state("high", 20 * MILLION, 80 * MILLION, slope1_bps=700)
EAGER = Policy(
    min_apy_gain=Fraction(Decimal("0.001")),
    min_annual_gain_usd=Usd(Decimal("0.1")),
    max_cost_share=Fraction(Decimal("0.5")),
)
"""Small amounts pay too: what decides is the limits."""


def decided(policy: Policy, idle: int, *held: Position | Unread, ask: Ask | None = None) -> Decision:
    return decide(snapshot(LOW, HIGH), portfolio(idle, *held), policy, NOW, ask)


def test_a_large_wallet_in_canary_deposits_fifty_dollars() -> None:
    """What does not fit the money ceiling stays in the wallet; the move itself is made."""
    decision = decided(effective(EAGER, "canary"), 10_000 * USDC)
    assert decision.action == "move"
    assert decision.plan is not None
    assert decision.plan.amount == 50 * USDC
    found = next(v for v in decision.chosen.verdicts if v.gate == "total_ceiling")  # type: ignore[union-attr]
    assert (found.measured, found.limit) == (50 * USDC, 50 * USDC)


def test_a_full_ceiling_refuses_by_name() -> None:
    """With nothing left under it the amount is not cut to nothing: the gate says what is in the way."""
    decision = decided(effective(EAGER, "canary"), 10_000 * USDC, position(HIGH, 50 * USDC))
    assert (decision.action, decision.refused_by) == ("hold", ("total_ceiling",))


def test_money_within_the_ceiling_may_go_round_with_its_interest() -> None:
    """What was placed within the ceiling is not locked in by what it earned."""
    policy = effective(EAGER, "canary")
    earned = decided(policy, 0, position(LOW, 51 * USDC))
    assert earned.plan is not None
    assert (earned.plan.amount, earned.plan.target) == (50 * USDC, "high")
    beyond = decided(policy, 0, position(LOW, 55 * USDC + 1))
    assert beyond.refused_by == ("total_ceiling",)


def test_money_on_its_way_from_one_venue_to_another_adds_nothing() -> None:
    """Between the legs of a move its money is in the wallet: the ceiling that let it leave lets it arrive."""
    policy, rest = effective(EAGER, "canary"), position(LOW, 1 * USDC)
    arriving = Ask(IDLE, "high", Units(50 * USDC), returning=True)
    assert decided(policy, 50 * USDC, rest, ask=arriving).action == "move"
    added = dataclasses.replace(arriving, returning=False)
    assert decided(policy, 50 * USDC, rest, ask=added).refused_by == ("total_ceiling",)
    beyond = dataclasses.replace(arriving, amount=Units(50 * USDC + 1))
    assert decided(policy, 51 * USDC, rest, ask=beyond).refused_by == ("total_ceiling",)
    more = position(LOW, 5 * USDC + 1)
    assert decided(policy, 50 * USDC, more, ask=arriving).refused_by == ("total_ceiling",)


def test_a_move_between_venues_carries_no_more_than_the_ceiling() -> None:
    """Named outright, the whole of a grown position is refused: a deposit above the ceiling never is made."""
    ask = Ask("low", "high", Units(51 * USDC))
    decision = decided(effective(EAGER, "canary"), 0, position(LOW, 51 * USDC), ask=ask)
    assert decision.refused_by == ("total_ceiling",)


def test_a_plan_larger_than_the_cycles_share_is_carried_out_in_parts() -> None:
    """limits.md: tranches over cycles. Each takes its share, the last one what is left."""
    policy = dataclasses.replace(EAGER, max_cycle_share=Fraction(Decimal("0.25")))
    idle, held, parts = 10_000 * USDC, 0, []
    while True:
        decision = decided(policy, idle, *([position(HIGH, held)] if held else []))
        if decision.plan is None or decision.plan.target != "high":
            break
        parts.append(decision.plan.amount)
        idle, held = idle - decision.plan.amount, held + decision.plan.amount
    assert parts == [2_500 * USDC] * 4
    assert idle == 0


def test_a_venue_is_filled_to_its_share_and_the_rest_goes_elsewhere() -> None:
    """60 % of the money at most in one venue; above it, the next best takes what it may."""
    policy = dataclasses.replace(EAGER, max_venue_share=Fraction(Decimal("0.6")))
    first = decided(policy, 10_000 * USDC)
    assert first.plan is not None
    assert (first.plan.target, first.plan.amount) == ("high", 6_000 * USDC)
    second = decided(policy, 4_000 * USDC, position(HIGH, 6_000 * USDC))
    assert second.plan is not None
    assert (second.plan.target, second.plan.amount) == ("low", 4_000 * USDC)


@pytest.mark.parametrize("field", ["venue", "cycle"])
def test_small_amounts_have_no_share_limit(field: str) -> None:
    """Up to the stated amount the whole may move, one unit above it the share counts."""
    policy = dataclasses.replace(EAGER, **{f"max_{field}_share": Fraction(Decimal("0.25"))})
    whole = decided(policy, 1_000 * USDC)
    assert whole.plan is not None
    assert whole.plan.amount == 1_000 * USDC
    cut = decided(policy, 1_000 * USDC + 4)
    assert cut.plan is not None
    assert cut.plan.amount == 250 * USDC + 1


def test_shares_are_of_the_money_that_may_be_at_stake() -> None:
    """Money beyond the ceiling does not make a venue's share of the rest any larger."""
    policy = dataclasses.replace(
        EAGER, max_total_usd=Usd(Decimal(5000)), max_venue_share=Fraction(Decimal("0.6"))
    )
    decision = decided(policy, 100_000 * USDC)
    assert decision.plan is not None
    assert decision.plan.amount == 3_000 * USDC


def test_an_unread_position_cuts_nothing_and_passes_nothing() -> None:
    """What is deposited is not known: no limit on it passes, and none invents a figure."""
    policy = effective(EAGER, "limited")
    decision = decided(policy, 10_000 * USDC, Unread("low", "timeout", ""))
    assert {"venue_share", "cycle_share", "total_ceiling"} <= {
        v.gate
        for v in decision.chosen.verdicts
        if not v.passed  # type: ignore[union-attr]
    }
    assert stake_of(decision.portfolio, policy) == Stake(None, None, 5_000 * USDC)


def test_without_limits_an_unread_position_is_no_hindrance() -> None:
    """Where nothing limits the whole, nobody needs to know the whole."""
    assert decided(EAGER, 10_000 * USDC, Unread("low", "timeout", "")).action == "move"


@given(
    st.sampled_from([None, *PHASES]),
    st.integers(0, 10**11),
    st.integers(0, 10**11),
    st.integers(0, 10**11),
    st.none() | st.integers(0, 10**5),
    st.integers(0, 100),
    st.integers(0, 100),
)
def test_whatever_is_moved_is_within_every_limit(
    phase: Phase | None, idle: int, low: int, high: int, total: int | None, venue: int, cycle: int
) -> None:
    """For every account, policy and phase: the plan that is carried out keeps each limit, by other means."""
    asked = dataclasses.replace(
        EAGER,
        max_total_usd=None if total is None else Usd(Decimal(total)),
        max_venue_share=Fraction(Decimal(venue) / 100),
        max_cycle_share=Fraction(Decimal(cycle) / 100),
    )
    policy = effective(asked, phase)
    held = {"low": low, "high": high}
    decision = decided(policy, idle, *(position(at, held[at.market.slug]) for at in (LOW, HIGH)))
    plan = decision.plan
    if plan is None:
        return
    most = 10**18 if policy.max_total_usd is None else int(policy.max_total_usd * USDC)
    before = low + high
    after = before + (plan.amount if plan.source == IDLE else 0)
    assert after <= most or (after == before <= most * 11 // 10)
    assert plan.amount <= most
    whole = min(idle + before, most)
    if whole > policy.venue_share_above_usd * USDC:
        assert (
            held[plan.target] + plan.amount <= policy.max_venue_share * whole or policy.max_venue_share == 1
        )
    if whole > policy.cycle_share_above_usd * USDC:
        assert plan.amount <= policy.max_cycle_share * whole or policy.max_cycle_share == 1
    assert len(plan.steps) == transactions_of(plan.source)
    assert len({plan.source, plan.target} - {IDLE}) <= PHASES["canary"].venues_at_once


@given(st.integers(1, 10**12), st.integers(0, 10**12), st.integers(0, 10**12), st.integers(0, 100))
def test_cutting_only_cuts(amount: int, held: int, whole: int, share: int) -> None:
    """The result is positive and never more than there is."""
    policy = dataclasses.replace(EAGER, max_venue_share=Fraction(Decimal(share) / 100))
    stake = Stake(held, whole, whole // 2)
    for source in (IDLE, "low"):
        assert 0 < clipped(amount, source, held, stake, policy, 6) <= amount
        assert clipped(amount, source, None, stake, policy, 6) <= amount


@given(st.integers(0, 10**12), st.decimals(0, 1, places=4), st.integers(0, 10**6))
def test_a_share_is_rounded_down(whole: int, share: Decimal, above: int) -> None:
    """Never a unit more than the share of the whole."""
    limit = share_limit(whole, share, Decimal(above), 6)
    if limit is None:
        assert share == 1 or whole <= above * USDC
    else:
        assert limit <= share * whole < limit + 1
