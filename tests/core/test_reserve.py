"""Laws of the reserve: what is needed is in the wallet in time, and nothing of it is ever deposited."""

from __future__ import annotations

import dataclasses
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mammon.core import canonical
from mammon.core.decide import Ask, Decision, decide, replay
from mammon.core.numbers import Units, Usd, Wei
from mammon.core.plan import IDLE
from mammon.core.policy import Need, Policy
from mammon.core.reserve import reserve_of
from mammon.core.types import Inflow, MarketState, Portfolio, Unread
from tests.core.build import MILLION, NOW, portfolio, position, snapshot, state

USD = 10**6
HOUR, DAY = 3_600, 86_400
CENT = 10_000
LOW = state("low", 70 * MILLION, 30 * MILLION)
HIGH = state("high", 20 * MILLION, 80 * MILLION, slope1_bps=700)
FREE = Policy(exit_liquidity_multiple=Decimal(0), max_break_even_days=Decimal(10**6))
"""As bold as can be: whatever pays is moved."""


def policy(*needs: Need, **changes: object) -> Policy:
    return dataclasses.replace(FREE, needs=needs, **changes)  # type: ignore[arg-type]


def need(at: int, amount: int | str = 3_000, note: str = "") -> Need:
    return Need(at, Usd(Decimal(amount)), note)


def decided(rules: Policy, held: Portfolio, *markets: MarketState) -> Decision:
    return decide(snapshot(*(markets or (LOW, HIGH))), held, rules, NOW)


@st.composite
def needs(draw: st.DrawFn) -> Need:
    cents = draw(st.integers(1, 20_000_00))
    return Need(NOW + draw(st.integers(-3 * DAY, 3 * DAY)), Usd(Decimal(cents).scaleb(-2)))


# --- the laws ------------------------------------------------------------------------------------


@given(
    st.integers(0, 20_000 * USD),
    st.just(0) | st.integers(0, 15_000),
    st.lists(needs(), max_size=4),
    st.lists(st.tuples(st.integers(0, 2 * HOUR), st.integers(1, 12_000 * USD)), max_size=3),
    st.integers(0, 50_000 * USD),
)
def test_what_is_kept_and_what_falls_due_is_never_deposited(
    idle: int, kept: int, dated: list[Need], came: list[tuple[int, int]], held: int
) -> None:
    """After any plan the wallet has what is kept liquid, every need that counts, and what just came in."""
    inflows = tuple(Inflow(NOW - ago, Units(amount)) for ago, amount in came)
    rules = policy(*dated, keep_liquid_usdc=Usd(Decimal(kept)))
    positions = (position(LOW, held),) if held else ()
    decision = decided(rules, portfolio(idle, *positions, inflows=inflows))
    due = sum(n.amount_usdc for n in dated if -DAY <= NOW - n.at < DAY)
    fresh = sum(amount for ago, amount in came if ago < HOUR)
    at_least = max(kept * USD + int(due * USD), fresh)
    plan = decision.plan
    if plan is not None and plan.source == IDLE:
        assert idle - plan.amount >= at_least
    if plan is not None and plan.target == IDLE:
        assert plan.amount <= held
        assert idle < kept * USD + int(due * USD)


@given(st.integers(0, 20_000 * USD), st.lists(needs(), max_size=3), needs(), st.integers(0, 10_000 * USD))
def test_more_need_never_deposits_more_nor_fetches_less(
    idle: int, dated: list[Need], more: Need, grown: int
) -> None:
    """Monotone: one more need, or a larger one, holds back no less and brings home no less."""
    held = portfolio(idle, position(HIGH, 30_000 * USD))
    larger = dataclasses.replace(more, amount_usdc=Usd(more.amount_usdc + Decimal(grown).scaleb(-6)))
    before, after, most = (
        decided(policy(*found), held) for found in (dated, [*dated, more], [*dated, larger])
    )
    for less, least in ((before, after), (after, most)):
        assert _deposited(least) <= _deposited(less)
        assert _fetched(least) >= _fetched(less)


def _deposited(decision: Decision) -> int:
    plan = decision.plan
    return plan.amount if plan is not None and plan.source == IDLE else 0


def _fetched(decision: Decision) -> int:
    plan = decision.plan
    return plan.amount if plan is not None and plan.target == IDLE else 0


@given(st.lists(needs(), max_size=3))
def test_the_order_of_the_needs_changes_nothing(dated: list[Need]) -> None:
    """The reserve is of the needs, not of how the file lists them."""
    one, other = (reserve_of(portfolio(0), policy(*each), NOW) for each in (dated, dated[::-1]))
    assert one == other


# --- when ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("at", "held", "fetched"),
    [
        (NOW + DAY + 1, 0, 0),
        (NOW + DAY, 3_000, 3_000),
        (NOW, 3_000, 3_000),
        (NOW - 1, 3_000, 0),
        (NOW - DAY + 1, 3_000, 0),
        (NOW - DAY, 0, 0),
    ],
)
def test_a_need_counts_from_its_notice_to_a_day_after_it(at: int, held: int, fetched: int) -> None:
    """Fetched up to its moment, held one day longer, and forgotten then: it may have been paid."""
    rules = policy(need(at))
    reserve = reserve_of(portfolio(0), rules, NOW)
    assert (reserve.due, reserve.missing) == (held * USD, fetched * USD)
    assert reserve.needs == ((need(at),) if held else ())


def test_the_notice_is_the_policys() -> None:
    """A longer notice begins earlier."""
    held, rules = portfolio(0), policy(need(NOW + 5 * DAY), needs_notice_s=5 * DAY)
    assert reserve_of(held, rules, NOW).missing == 3_000 * USD
    assert reserve_of(held, rules, NOW - 1).missing == 0


def test_time_is_the_ledgers() -> None:
    """An endpoint that lags behind, or a clock set back, makes no need younger and no inflow fresh again."""
    used = dataclasses.replace(portfolio(0).used, seen_at=NOW + HOUR)
    held = portfolio(10_000 * USD, used=used, inflows=(Inflow(NOW, Units(4_000 * USD)),))
    decision = decided(policy(need(NOW + DAY + HOUR)), held)
    assert (decision.reserve.fresh, decision.reserve.due) == (0, 3_000 * USD)


def test_a_part_of_a_unit_is_rounded_up() -> None:
    """A need is never missed by the last digit."""
    assert reserve_of(portfolio(0), policy(need(NOW, "0.0000001")), NOW).due == 1


def test_nothing_needed_fetches_nothing_for_what_is_kept() -> None:
    """What is kept liquid is not deposited; it alone brings nothing home."""
    decision = decided(
        policy(keep_liquid_usdc=Usd(Decimal(4_000))), portfolio(0, position(HIGH, 9_000 * USD))
    )
    assert (decision.action, decision.reserve.missing) == ("hold", 0)


def test_a_wallet_that_was_not_read_is_not_empty() -> None:
    """Unknown is unknown: nothing is fetched for it."""
    held = portfolio(Unread("idle", "timeout", "slow"), position(HIGH, 9_000 * USD))
    decision = decided(policy(need(NOW)), held)
    assert decision.reserve.missing is None
    assert decision.action != "exit"


# --- what just came in ---------------------------------------------------------------------------


@pytest.mark.parametrize(("ago", "moved"), [(0, 6_000), (HOUR - 1, 6_000), (HOUR, 10_000)])
def test_an_inflow_is_left_alone_for_its_hour(ago: int, moved: int) -> None:
    """What was there before goes; what came in waits, and then goes too."""
    held = portfolio(10_000 * USD, inflows=(Inflow(NOW - ago, Units(4_000 * USD)),))
    plan = decided(FREE, held).plan
    assert plan is not None
    assert plan.amount == moved * USD


def test_no_wait_is_no_wait() -> None:
    """`deploy_after` = 0s deposits at once."""
    held = portfolio(10_000 * USD, inflows=(Inflow(NOW, Units(10_000 * USD)),))
    plan = decided(policy(deploy_after_s=0), held).plan
    assert plan is not None
    assert plan.amount == 10_000 * USD


def test_an_inflow_serves_a_need_too() -> None:
    """Money that waits anyhow counts towards what must be there; it is not held back twice."""
    held = portfolio(10_000 * USD, inflows=(Inflow(NOW, Units(4_000 * USD)),))
    plan = decided(policy(need(NOW)), held).plan
    assert plan is not None
    assert plan.amount == 6_000 * USD


# --- fetching ------------------------------------------------------------------------------------


def test_what_is_missing_comes_home_from_where_it_earns_least() -> None:
    """One leg, a cent more than is missing, and the document says why."""
    held = portfolio(1_000 * USD, position(LOW, 8_000 * USD), position(HIGH, 8_000 * USD))
    decision = decided(policy(need(NOW + HOUR, note="rent")), held)
    assert (decision.action, decision.refused_by) == ("exit", ())
    assert decision.plan is not None
    (step,) = decision.plan.steps
    assert (decision.plan.source, decision.plan.target, step.action) == ("low", IDLE, "withdraw")
    assert (step.amount, step.everything) == (2_000 * USD + CENT, False)
    assert [one.note for one in decision.reserve.needs] == ["rent"]
    assert decision.chosen is not None
    assert decision.chosen.move.gain_usd is not None
    assert decision.chosen.move.gain_usd < 0
    assert canonical.dumps(replay(decision)) == canonical.dumps(decision)


def test_where_none_has_all_the_largest_gives_first() -> None:
    """What a venue cannot give in this block is not asked of it; all of a holding goes by the all-form."""
    tight = dataclasses.replace(LOW, withdrawable=Units(500 * USD))
    held = portfolio(0, position(tight, 8_000 * USD), position(HIGH, 900 * USD))
    decision = decided(policy(need(NOW)), held, tight, HIGH)
    assert decision.plan is not None
    (step,) = decision.plan.steps
    assert (step.slug, step.amount, step.everything) == ("high", 900 * USD, True)


def test_where_nothing_can_leave_it_goes_on_looking() -> None:
    """What is missing stands in the document; nothing is asked of a locked venue."""
    locked = dataclasses.replace(HIGH, locked=("paused",))
    decision = decided(policy(need(NOW)), portfolio(0, position(locked, 9_000 * USD)), LOW, locked)
    assert decision.action == "hold"
    assert decision.reserve.missing == 3_000 * USD


def test_a_venue_whose_rate_nobody_knows_gives_first() -> None:
    """What is not known to earn is dearest to leave."""
    blind = dataclasses.replace(HIGH, curve=None)
    held = portfolio(0, position(LOW, 8_000 * USD), position(blind, 8_000 * USD))
    decision = decided(policy(need(NOW)), held, LOW, blind)
    assert decision.plan is not None
    assert decision.plan.source == "high"
    assert decision.chosen is not None
    assert decision.chosen.move.gain_usd is None


def test_a_way_home_is_exempt_from_the_limits_of_moves() -> None:
    """No cooldown, count, share, ceiling or gas allowance holds it back."""
    tight = policy(
        need(NOW),
        max_moves_per_day=0,
        max_cycle_share=Decimal("0.01"),
        cycle_share_above_usd=Decimal(0),
        max_total_usd=Decimal(1),
        max_gas_usd=Decimal(0),
        max_gas_day_usd=Decimal(0),
        max_transactions_per_hour=0,
    )
    held = portfolio(0, position(HIGH, 9_000 * USD), moved=(NOW - 1,))
    decision = decided(tight, held)
    assert (decision.action, decision.plan and decision.plan.amount) == ("exit", 3_000 * USD + CENT)


@pytest.mark.parametrize(
    ("stop", "action"),
    [("pause", "exit"), ("reduce", "exit"), ("halt", "hold"), ("emergency", "hold"), ("kill_switch", "hold")],
)
def test_stops_say_whether_it_may(stop: str, action: str) -> None:
    """`pause` and `reduce` let money come home by itself; the others do not, and that is told."""
    decision = decided(policy(need(NOW)), portfolio(0, position(HIGH, 9_000 * USD), stops=(stop,)))
    assert decision.action == action
    assert decision.refused_by == (() if action == "exit" else ("stops",))


def test_a_stale_block_fetches_nothing() -> None:
    """What may be long out of date moves nothing."""
    decision = decide(
        snapshot(LOW, HIGH), portfolio(0, position(HIGH, 9_000 * USD)), policy(need(NOW)), NOW + HOUR
    )
    assert (decision.action, decision.refused_by) == ("hold", ("data_fresh",))


# --- asked for -----------------------------------------------------------------------------------


def test_a_person_may_ask_for_money_to_come_home() -> None:
    """`idle` is a place to go to: any amount, or all that can leave."""
    held, shot = portfolio(0, position(HIGH, 9_000 * USD)), snapshot(LOW, HIGH)
    part = decide(shot, held, FREE, NOW, Ask("high", IDLE, Units(70 * USD)))
    assert (part.action, part.plan and part.plan.amount) == ("exit", 70 * USD)
    whole = decide(shot, held, FREE, NOW, Ask("high", IDLE))
    assert whole.plan is not None
    assert whole.plan.steps[0].everything


@pytest.mark.parametrize(
    ("held", "amount", "detail"),
    [
        (portfolio(0, position(HIGH, 9_000 * USD)), 9_001 * USD, ""),
        (portfolio(0), None, "nothing_to_move"),
        (portfolio(0, Unread("high", "timeout", "slow")), 1, "source_unread"),
    ],
)
def test_what_is_not_there_is_refused(held: Portfolio, amount: int | None, detail: str) -> None:
    """More than is held, nothing, or what could not be read."""
    ask = Ask("high", IDLE, None if amount is None else Units(amount))
    decision = decide(snapshot(LOW, HIGH), held, FREE, NOW, ask)
    assert (decision.action, decision.refused_by, decision.plan) == ("hold", ("source_funds",), None)
    assert decision.chosen is not None
    assert decision.chosen.verdicts[0].detail == detail


def test_without_a_price_it_comes_home_all_the_same() -> None:
    """What it loses is not known, and holds nothing back."""
    shot = snapshot(LOW, HIGH, asset_usd=Unread("asset_usd", "timeout", "slow"))
    decision = decide(shot, portfolio(0, position(HIGH, 9_000 * USD), native=Wei(0)), policy(need(NOW)), NOW)
    assert decision.action == "exit"
    assert decision.chosen is not None
    assert decision.chosen.move.gain_usd is None
