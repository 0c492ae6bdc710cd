"""Laws of the escape: what can leave a danger leaves, the most urgent first, and does not come back."""

from __future__ import annotations

import dataclasses
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mammon.core import canonical
from mammon.core.costs import Cost
from mammon.core.danger import CODES
from mammon.core.decide import Ask, Decision, decide, replay
from mammon.core.escape import EXEMPT, LONGEST_WAIT_S, TRIES, entering_asks, wait_s
from mammon.core.gates import GATES
from mammon.core.numbers import Fraction, Ray, Seconds, Units, Usd, Wei
from mammon.core.plan import IDLE
from mammon.core.policy import Need, Policy
from mammon.core.tracks import Track
from mammon.core.types import FailedExit, MarketState, Snapshot, Unread, Used
from tests.core.build import MILLION, NOW, RAY, portfolio, position, snapshot, state
from tests.core.test_danger import ACTING, CALM, DAY, HELD, HOME, HOUR, USD, holding, sample, snapshots

LOST = dataclasses.replace(HOME, evidence=(("deficit", Units(MILLION)),))
OTHER = state("other")
BETTER = state("better", 20 * MILLION, 80 * MILLION, slope1_bps=900)


def decided(
    *markets: MarketState | Unread, held: dict[str, int] | None = None, idle: int = 0, **more: Any
) -> Decision:
    """Decide with `HELD` in `home`, which lost money unless other markets are given."""
    shot = CALM | {
        name: more.pop(name) for name in ("asset_usd", "witnesses", "tracks", "fees", "pegs") if name in more
    }
    rules, ask, now = more.pop("policy", Policy()), more.pop("ask", None), more.pop("now", NOW)
    positions = [holding(slug, amount) for slug, amount in (held or {"home": HELD}).items()]
    account = portfolio(idle, *positions, **more)
    return decide(snapshot(*(markets or (LOST, BETTER)), **shot), account, rules, now, ask)


def leaving(decision: Decision) -> tuple[str, str, int] | None:
    plan = decision.plan
    return None if plan is None else (plan.source, plan.target, plan.amount)


# --- what is done --------------------------------------------------------------------------------


@pytest.mark.parametrize("code", CODES)
def test_each_danger_brings_the_money_home(code: str) -> None:
    """All that can leave comes into the wallet, before any move; what is locked is told."""
    case: Any = dict(ACTING[code][1])
    decision = decided(case.pop("like", HOME), BETTER, **case)
    assert [danger.code for danger in decision.dangers] == [code]
    if code == "locked":
        assert decision.action == "hold"
        return
    assert (decision.action, leaving(decision)) == ("exit", ("home", IDLE, HELD))
    assert [danger.code for danger in decision.escaped] == [code]
    assert decision.plan is not None
    assert decision.plan.steps[0].everything
    assert decision.urgent


def test_no_danger_is_no_exit() -> None:
    """The same account in a sound venue: an ordinary decision."""
    decision = decided(HOME, BETTER)
    assert (decision.action, decision.dangers, decision.escaped, decision.urgent) == ("move", (), (), False)


def test_a_claim_alone_moves_nothing() -> None:
    """One word that the peg is lost is told; the money stays where it is."""
    feed = dataclasses.replace(snapshot().asset_usd, answer=Units(99_000_000))  # type: ignore[type-var]
    decision = decided(HOME, asset_usd=feed)
    assert [danger.standing for danger in decision.dangers] == ["claim"]
    assert (decision.action, decision.urgent) == ("hold", False)


def test_alert_only_tells() -> None:
    """`on_danger` = alert: the same danger, and the decision of somebody who sees none."""
    decision = decided(policy=Policy(on_danger="alert"))
    assert [danger.code for danger in decision.dangers] == ["bad_debt"]
    assert (decision.action, decision.escaped, decision.urgent) == ("move", (), False)


def test_a_need_that_is_met_from_a_danger_is_a_need() -> None:
    """Where danger moves nothing, money that leaves all the same leaves for what falls due."""
    rules = Policy(on_danger="alert", needs=(Need(NOW + HOUR, Usd(Decimal(100))),))
    decision = decided(policy=rules)
    assert (decision.action, decision.escaped) == ("exit", ())
    assert leaving(decision) == ("home", IDLE, 100 * USD + 10_000)


def test_what_can_leave_now_leaves_now() -> None:
    """A part, as an amount, where the venue has less than is held; then it is tried again with the rest."""
    short = dataclasses.replace(LOST, withdrawable=Units(HELD // 4))
    decision = decided(short)
    assert leaving(decision) == ("home", IDLE, HELD // 4)
    assert decision.plan is not None
    assert not decision.plan.steps[0].everything
    dry = dataclasses.replace(LOST, withdrawable=Units(0))
    assert leaving(decided(dry)) is None
    assert decided(dry).urgent


def test_money_that_cannot_leave_holds_nothing_else_up() -> None:
    """While nothing leaves a danger, the rest goes on: a move, and a need that falls due."""
    dry = dataclasses.replace(LOST, withdrawable=Units(0))
    assert leaving(decided(dry, BETTER, idle=HELD)) == (IDLE, "better", HELD)
    need = Policy(needs=(Need(NOW + HOUR, Usd(Decimal(100))),))
    due = decided(dry, OTHER, held={"home": HELD, "other": HELD}, policy=need)
    assert leaving(due) == ("other", IDLE, 100 * USD + 10_000)
    assert (due.action, due.escaped) == ("exit", ())


def test_danger_comes_before_needs() -> None:
    """Money in danger leaves first, whatever falls due."""
    need = Policy(needs=(Need(NOW + HOUR, Usd(Decimal(100))),))
    both = decided(LOST, OTHER, held={"home": HELD, "other": HELD}, policy=need)
    assert leaving(both) == ("home", IDLE, HELD)
    assert both.escaped


def test_an_ask_is_what_it_asks() -> None:
    """Whoever names a move has it judged, and none other in its place."""
    decision = decided(LOST, OTHER, BETTER, held={"home": HELD, "other": HELD}, ask=Ask("other", "better"))
    assert (decision.action, decision.escaped) == ("move", ())
    assert decision.plan is not None
    assert decision.plan.source == "other"


# --- which first ---------------------------------------------------------------------------------


def test_the_most_urgent_danger_first() -> None:
    """In the order of `CODES`; of the same danger the venue that can give most."""
    fell = dataclasses.replace(OTHER, index=Ray(RAY * 9 // 10))
    earlier = (*CALM["tracks"], Track("other", (sample(DAY, OTHER), sample(HOUR, OTHER))))
    held = {"home": 5 * HELD, "other": HELD}
    assert leaving(decided(LOST, fell, held=held, tracks=earlier)) == ("other", IDLE, HELD)
    lost = dataclasses.replace(OTHER, evidence=LOST.evidence)
    assert leaving(decided(LOST, lost, held=held)) == ("home", IDLE, 5 * HELD)
    assert leaving(decided(LOST, lost, held={"home": HELD, "other": HELD})) == ("home", IDLE, HELD)


def test_the_lost_peg_is_in_every_venue() -> None:
    """Everything comes home, the venue that can give most first, also out of sound ones."""
    case: Any = ACTING["off_peg"][1]
    assert leaving(decided(HOME, OTHER, held={"home": HELD, "other": 2 * HELD}, **case)) == (
        "other",
        IDLE,
        2 * HELD,
    )


def test_what_is_worth_less_than_its_gas_stays() -> None:
    """A cent more than the gas leaves; what the gas would eat does not, and is looked at no further."""
    fees: Any = dataclasses.replace(snapshot().fees, base_fee=Wei(5 * 10**9))  # type: ignore[type-var]
    chosen = decided(LOST, fees=fees).chosen
    assert chosen is not None
    assert isinstance(chosen.move.cost, Cost)
    gas = int(chosen.move.cost.usd.scaleb(6))
    assert gas > USD
    assert leaving(decided(LOST, fees=fees, held={"home": gas + 1})) == ("home", IDLE, gas + 1)
    assert leaving(decided(LOST, fees=fees, held={"home": gas})) is None


@pytest.mark.parametrize("blind", ["fees", "asset_usd"])
def test_an_exit_asks_for_no_price(blind: str) -> None:
    """Neither the price of gas nor that of the asset has to be known: money leaves all the same."""
    assert leaving(decided(**{blind: Unread(blind, "timeout", "")})) == ("home", IDLE, HELD)


# --- what holds it back, and what does not -------------------------------------------------------

TIGHT = Policy(
    min_annual_gain_usd=Usd(Decimal(10**9)),
    max_cycle_share=Fraction(Decimal("0.01")),
    cycle_share_above_usd=Usd(Decimal(0)),
    max_venue_share=Fraction(Decimal("0.01")),
    venue_share_above_usd=Usd(Decimal(0)),
    max_gas_usd=Usd(Decimal(0)),
    max_gas_day_usd=Usd(Decimal(0)),
    max_moves_per_day=0,
    max_transactions_per_hour=0,
    cooldown_s=Seconds(10**6),
)


def test_profit_shares_spacing_and_counts_do_not_hold_it_back() -> None:
    """Under limits that let no move through, all of it comes home at once."""
    used = Used(Usd(Decimal(100)), 100)
    decision = decided(policy=TIGHT, moved=(NOW - 1,), used=used)
    assert leaving(decision) == ("home", IDLE, HELD)


@pytest.mark.parametrize(
    ("stop", "passes"),
    [("pause", True), ("reduce", True), ("halt", False), ("emergency", False), ("kill_switch", False)],
)
def test_stops_are_those_of_a_way_home(stop: str, passes: bool) -> None:
    """`pause` and `reduce` let it home; what needs a person's command does not happen by itself."""
    decision = decided(stops=(stop,))
    assert (decision.action, decision.refused_by) == (("exit", ()) if passes else ("hold", ("stops",)))


def test_a_block_of_long_ago_is_no_ground() -> None:
    """What was read too long ago moves nothing."""
    decision = decided(now=NOW + 3_600)
    assert (decision.action, decision.refused_by) == ("hold", ("data_fresh",))


# --- ways that fail ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("times", "ago_s", "share"),
    [(1, 0, 99), (2, 0, 90), (3, 59, None), (3, 60, 100), (4, 119, None), (4, 120, 99), (40, 1_800, 99)],
)
def test_a_way_that_failed_is_tried_with_less_and_then_waits(
    times: int, ago_s: int, share: int | None
) -> None:
    """All, a hundredth less, a tenth less; then after a while anew."""
    used = Used(failed_exits=(FailedExit("home", times, NOW - ago_s),))
    amount = None if share is None else ("home", IDLE, HELD * share // 100)
    assert leaving(decided(LOST, used=used)) == amount


def test_the_waits_double_up_to_the_longest() -> None:
    """None before all ways were tried; never more than the longest, however often it failed."""
    assert [wait_s(times) for times in range(6)] == [0, 0, 0, 60, 120, 240]
    assert wait_s(10) == wait_s(10**6) == LONGEST_WAIT_S
    assert TRIES[0] == 100


def test_one_venue_that_gives_nothing_keeps_no_other_from_leaving() -> None:
    """What failed less often goes first, however urgent the other is."""
    lost = dataclasses.replace(OTHER, evidence=LOST.evidence)
    used = Used(failed_exits=(FailedExit("home", 1, NOW),))
    decision = decided(LOST, lost, held={"home": 5 * HELD, "other": HELD}, used=used)
    assert leaving(decision) == ("other", IDLE, HELD)


# --- havens --------------------------------------------------------------------------------------

HAVEN = Policy(haven=("nowhere", "home", "other"))


def test_it_goes_to_the_haven_that_lets_it_in() -> None:
    """All legs in one plan, and an exit all the same; venues that pay better are no havens."""
    decision = decided(LOST, OTHER, BETTER, policy=HAVEN)
    assert (decision.action, leaving(decision)) == ("exit", ("home", "other", HELD))
    assert decision.plan is not None
    assert [step.action for step in decision.plan.steps] == ["withdraw", "approve", "deposit"]
    assert [danger.code for danger in decision.escaped] == ["bad_debt"]
    first = decided(LOST, OTHER, BETTER, policy=Policy(haven=("better", "other")))
    assert leaving(first) == ("home", "better", HELD)


@pytest.mark.parametrize(
    "haven",
    [
        Unread("other", "timeout", ""),
        dataclasses.replace(OTHER, closed=("frozen",)),
        dataclasses.replace(OTHER, evidence=(("deficit", Units(1)),)),
        dataclasses.replace(OTHER, room=Units(HELD - 1)),
        dataclasses.replace(OTHER, withdrawable=Units(3 * HELD - 1)),
        dataclasses.replace(OTHER, supplied=Units(4 * HELD - 1)),
        dataclasses.replace(OTHER, signs=("code_changed",)),
    ],
)
def test_a_haven_that_is_not_safe_is_passed_over(haven: MarketState | Unread) -> None:
    """Each gate of safety keeps it out; then the money comes into the wallet."""
    assert leaving(decided(LOST, haven, policy=HAVEN)) == ("home", IDLE, HELD)


def test_a_haven_is_entered_whatever_moves_are_held_to() -> None:
    """Profit, shares, spacing, counts and the gas of moves are not asked on the way into a haven."""
    policy = dataclasses.replace(TIGHT, haven=("other",))
    used = Used(Usd(Decimal(100)), 100)
    decision = decided(LOST, OTHER, policy=policy, moved=(NOW - 1,), used=used)
    assert leaving(decision) == ("home", "other", HELD)
    assert decision.chosen is not None
    asked = {verdict.gate for verdict in decision.chosen.verdicts}
    assert asked == {gate.code for gate in GATES if entering_asks(gate.code)}
    assert {gate.code for gate in GATES if gate.kind == "safety"} - asked == EXEMPT


@pytest.mark.parametrize("stop", ["pause", "reduce"])
def test_a_stop_of_deposits_leads_home(stop: str) -> None:
    """Where nothing may be deposited, the wallet is the way."""
    assert leaving(decided(LOST, OTHER, policy=HAVEN, stops=(stop,))) == ("home", IDLE, HELD)


def test_after_a_failure_it_goes_home() -> None:
    """What failed may have been the haven."""
    used = Used(failed_exits=(FailedExit("home", 1, NOW),))
    assert leaving(decided(LOST, OTHER, policy=HAVEN, used=used)) == ("home", IDLE, HELD * 99 // 100)


def test_the_lost_peg_leads_to_no_haven() -> None:
    """No venue makes a dollar of it: it comes home, where its owner can sell or redeem it."""
    case: Any = ACTING["off_peg"][1]
    assert leaving(decided(HOME, OTHER, policy=HAVEN, **case)) == ("home", IDLE, HELD)


# --- no way back ---------------------------------------------------------------------------------


@pytest.mark.parametrize("code", CODES)
def test_nothing_enters_while_the_danger_stands(code: str) -> None:
    """No ping-pong: after the exit the venue is closed to entry, by gates, and says so."""
    case: Any = dict(ACTING[code][1])
    seen = snapshot(case.pop("like", HOME), **(CALM | case))
    bold = Policy(exit_liquidity_multiple=Decimal(0))
    decision = decide(seen, portfolio(HELD), bold, NOW)
    assert decision.action == "hold"
    assert decision.refused_by
    assert decide(snapshot(HOME, **CALM), portfolio(HELD), bold, NOW).action == "move"


@given(snapshots("home", "other"), st.integers(0, 2 * HELD), st.integers(0, 2 * HELD))
def test_after_an_exit_the_money_does_not_come_back(seen: Snapshot, home: int, other: int) -> None:
    """Of whatever was read: what leaves a venue for a danger does not enter it at the same block."""
    bold = Policy(
        exit_liquidity_multiple=Decimal(0),
        min_annual_gain_usd=Usd(Decimal(0)),
        min_apy_gain=Fraction(Decimal(0)),
    )
    first = decide(seen, portfolio(0, holding("home", home), holding("other", other)), bold, NOW)
    if not first.escaped or first.plan is None:
        return
    left = {"home": home, "other": other}
    left[first.plan.source] -= first.plan.amount
    held = [holding(slug, amount) for slug, amount in left.items() if amount]
    again = decide(seen, portfolio(int(first.plan.amount), *held), bold, NOW)
    assert again.plan is None or again.plan.target != first.plan.source


# --- laws ----------------------------------------------------------------------------------------


@given(
    snapshots("home", "other"),
    st.integers(0, 2 * HELD),
    st.integers(0, 2 * HELD),
    st.integers(0, 5),
    st.sampled_from([(), ("other",), ("home", "other")]),
)
def test_an_exit_takes_no_more_than_can_leave_and_replays(
    seen: Snapshot, home: int, other: int, times: int, haven: tuple[str, ...]
) -> None:
    """Neither more than is held nor than the venue has; computed anew, from its bytes too, it is the same."""
    used = Used(failed_exits=(FailedExit("home", times, NOW - HOUR),)) if times else Used()
    account = portfolio(HELD, holding("home", home), holding("other", other), used=used)
    decision = decide(seen, account, Policy(haven=haven), NOW)
    plan = decision.plan
    if decision.escaped and plan is not None:
        states = {
            reading.market.slug: reading for reading in seen.markets if isinstance(reading, MarketState)
        }
        assert (
            0
            < plan.amount
            <= min({"home": home, "other": other}[plan.source], states[plan.source].withdrawable)
        )
        assert not states[plan.source].locked
        assert plan.target in (IDLE, *haven)
        assert sum(step.amount for step in plan.steps if step.action == "withdraw") == plan.amount
    written = canonical.dumps(decision)
    assert canonical.dumps(replay(decision)) == written
    assert canonical.dumps(replay(canonical.loads(Decision, written))) == written


@given(snapshots("home", "other"), st.integers(0, 2 * HELD), st.integers(0, 2 * HELD))
def test_off_it_decides_as_if_it_were_not_there(seen: Snapshot, home: int, other: int) -> None:
    """With `on_danger` = alert nothing leaves for a danger, and everything else is decided the same."""
    account = portfolio(HELD, holding("home", home), holding("other", other))
    on, off = (decide(seen, account, Policy(on_danger=how), NOW) for how in ("exit", "alert"))  # type: ignore[arg-type]
    assert off.action != "exit"
    assert on.dangers == off.dangers
    assert on.venues == off.venues
    if not on.escaped and "stops" not in on.refused_by:
        assert (on.action, on.chosen, on.plan) == (off.action, off.chosen, off.plan)


def test_a_position_nobody_could_read_does_not_leave() -> None:
    """How much could leave is not known: the danger is told, and nothing is guessed."""
    decision = decide(snapshot(LOST, **CALM), portfolio(0, Unread("home", "timeout", "")), Policy(), NOW)
    assert (decision.action, decision.plan) == ("hold", None)
    assert decision.urgent


def test_a_reading_of_the_wallet_that_failed_holds_nothing_up() -> None:
    """What is in the wallet plays no part in what leaves a venue."""
    decision = decide(
        snapshot(LOST, **CALM), portfolio(Unread("idle", "timeout", ""), position(HOME, HELD)), Policy(), NOW
    )
    assert leaving(decision) == ("home", IDLE, HELD)
