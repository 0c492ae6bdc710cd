"""Laws of the decision: the best move that passes, exact, replayable, and blind to nothing."""

from __future__ import annotations

import dataclasses
from decimal import Decimal, getcontext, localcontext
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mammon.core import canonical
from mammon.core.curves import GrowthCurve, MetaMorphoCurve
from mammon.core.curves.metamorpho import VaultMarket
from mammon.core.curves.morpho import MorphoMarket
from mammon.core.decide import Ask, Decision, decide, replay
from mammon.core.desk import Desk
from mammon.core.judgement import net_gain
from mammon.core.numbers import Fraction, Ray, Units, Usd, Wad
from mammon.core.policy import Policy
from mammon.core.rates import CONTEXT
from mammon.core.types import MarketState, Portfolio, Snapshot, Unread, slug_of
from mammon.errors import UsageError
from tests.core.build import MILLION, NOW, SOUND, market, portfolio, position, snapshot, state

CASH = 10_000 * 10**6
LOW = state("low", 70 * MILLION, 30 * MILLION)
MID = state("mid", 30 * MILLION, 70 * MILLION)
HIGH = state("high", 20 * MILLION, 80 * MILLION, slope1_bps=700)
RISKY = state("risky", slope1_bps=600, market=market("risky", risk=None))
SAFER = state("safer", slope1_bps=550, market=market("safer", risk=SOUND))


def venues(*slugs: MarketState) -> Snapshot:
    return snapshot(*slugs)


def test_idle_cash_is_a_position_at_zero() -> None:
    """F27: money in the wallet earns nothing and is moved to where it earns most."""
    decision = decide(venues(LOW, MID, HIGH), portfolio(CASH), Policy(), NOW)
    assert decision.action == "move"
    assert decision.plan is not None
    assert (decision.plan.source, decision.plan.target, decision.plan.amount) == ("idle", "high", CASH)
    assert decision.chosen is not None
    assert decision.chosen.move.source_apy == 0


def test_a_held_position_moves_to_a_better_rate() -> None:
    """A position leaves whole by the venue's own "all" form, and the legs are in order."""
    held = portfolio(0, position(LOW, 50_000 * 10**6))
    decision = decide(venues(LOW, HIGH), held, Policy(), NOW)
    assert decision.plan is not None
    assert [step.action for step in decision.plan.steps] == ["withdraw", "approve", "deposit"]
    assert decision.plan.steps[0].everything
    assert {step.amount for step in decision.plan.steps} == {50_000 * 10**6}


def test_with_no_better_venue_it_holds() -> None:
    """In the best place already: hold, and nothing counts as refused."""
    decision = decide(venues(LOW, HIGH), portfolio(0, position(HIGH, CASH)), Policy(), NOW)
    assert (decision.action, decision.refused_by, decision.plan) == ("hold", (), None)


def test_nothing_to_move_is_a_hold() -> None:
    """An empty account has no candidate at all."""
    decision = decide(venues(HIGH), portfolio(0), Policy(), NOW)
    assert (decision.action, decision.chosen, decision.venues) == ("hold", None, ())


def test_dust_is_no_candidate_beside_money() -> None:
    """A few units left in the wallet are not what a hold is about, unless there is nothing else."""
    held = position(HIGH, CASH)
    hold = decide(venues(LOW, HIGH), portfolio(9_999, held), Policy(), NOW)
    assert hold.chosen is not None
    assert hold.chosen.move.source == "high"
    cent = decide(venues(LOW, HIGH), portfolio(10_000, held), Policy(), NOW)
    assert cent.chosen is not None
    assert cent.chosen.move.source == "idle"
    alone = decide(venues(LOW, HIGH), portfolio(9_999), Policy(), NOW)
    assert alone.chosen is not None
    assert alone.chosen.move.source == "idle"


def test_the_next_best_venue_is_taken_when_the_best_refuses() -> None:
    """A closed or drained best venue does not keep the money from the second."""
    closed = dataclasses.replace(HIGH, closed=("frozen",))
    assert decide(venues(MID, closed), portfolio(CASH), Policy(), NOW).plan.target == "mid"
    drained = dataclasses.replace(HIGH, withdrawable=Units(0))
    assert decide(venues(MID, drained), portfolio(CASH), Policy(), NOW).plan.target == "mid"


def test_a_drained_best_venue_alone_is_a_refusal() -> None:
    """When only safety stands between the money and a paying plan, the gate is named."""
    drained = dataclasses.replace(HIGH, withdrawable=Units(0))
    decision = decide(venues(drained), portfolio(CASH), Policy(), NOW)
    assert decision.action == "hold"
    assert decision.refused_by == ("exit_liquidity",)


def test_head_room_is_an_amount() -> None:
    """Row 16: a nearly full venue takes what fits, not all and not nothing."""
    nearly = dataclasses.replace(HIGH, room=Units(4_000 * 10**6))
    decision = decide(venues(nearly), portfolio(CASH), Policy(), NOW)
    assert decision.plan.amount == 4_000 * 10**6


def test_f11_a_venue_without_deposits_is_never_entered() -> None:
    """F11: what this version cannot deposit into is judged, says so, and is never the target."""
    shown = dataclasses.replace(HIGH, market=market("high", deposits=False))
    decision = decide(venues(shown, MID), portfolio(CASH), Policy(), NOW)
    assert decision.plan.target == "mid"
    judged = next(j for j in decision.venues if j.move.target == "high")
    assert next(v for v in judged.verdicts if v.gate == "venue_open").detail == "deposits_off"


def test_d6_an_unread_source_is_not_a_rate_of_zero() -> None:
    """D6: money in a venue that could not be read is not moved from a 5 % it may well earn."""
    held = portfolio(0, position(HIGH, 50_000 * 10**6))
    decision = decide(snapshot(Unread("high", "timeout", "no answer"), MID), held, Policy(), NOW)
    assert decision.action == "hold"
    assert decision.chosen.move.source_apy is None
    assert "source_funds" in decision.refused_by


def test_d7_an_unread_position_is_not_closed() -> None:
    """D7: a position that could not be read is no source of money and no sign of none."""
    held = portfolio(0, Unread("high", "rpc", "connection refused"))
    decision = decide(venues(HIGH, MID), held, Policy(), NOW)
    assert decision.action == "hold"
    assert decision.portfolio.positions == held.positions


def test_one_dead_venue_leaves_the_others_unharmed() -> None:
    """An unread market costs only itself."""
    decision = decide(snapshot(Unread("high", "timeout", "no answer"), MID), portfolio(CASH), Policy(), NOW)
    assert decision.plan.target == "mid"


def test_without_gas_prices_nothing_is_judged_to_pay() -> None:
    """Unknown cost is a refusal by name, not a quiet hold and not a free move."""
    blind = dataclasses.replace(venues(HIGH), fees=Unread("fees", "timeout", "no answer"))
    decision = decide(blind, portfolio(CASH), Policy(), NOW)
    assert decision.action == "hold"
    assert "apy_gain" in decision.refused_by


def test_what_is_kept_liquid_stays() -> None:
    """`keep_liquid_usdc` is never part of what could move."""
    decision = decide(venues(HIGH), portfolio(CASH), Policy(keep_liquid_usdc=Usd(Decimal(4000))), NOW)
    assert decision.plan.amount == 6_000 * 10**6


def test_illiquid_money_moves_as_far_as_it_can() -> None:
    """Row 15: of a position in a drained venue only what is withdrawable is planned, by amount."""
    stuck = dataclasses.replace(LOW, withdrawable=Units(9_000 * 10**6))
    decision = decide(venues(stuck, HIGH), portfolio(0, position(stuck, 50_000 * 10**6)), Policy(), NOW)
    assert decision.plan.amount == 9_000 * 10**6
    assert not decision.plan.steps[0].everything


def test_a_locked_venue_gives_nothing_back() -> None:
    """A paused venue's money cannot be a source."""
    locked = dataclasses.replace(LOW, locked=("paused",))
    decision = decide(venues(locked, HIGH), portfolio(0, position(locked, CASH)), Policy(), NOW)
    assert decision.action == "hold"


def test_f9_markets_are_told_apart_by_address() -> None:
    """F9: the step names contract and asset of the venue judged, not a protocol's name."""
    decision = decide(venues(LOW, HIGH), portfolio(CASH), Policy(), NOW)
    assert decision.plan.steps[-1].market == HIGH.market.id


def test_f8_the_rate_judged_is_the_rate_read() -> None:
    """F8: no literal stands in for a rate: changing the reading changes the judged number."""
    other = dataclasses.replace(LOW, curve=dataclasses.replace(LOW.curve, slope1=LOW.curve.slope1 // 2))
    first = decide(venues(LOW, HIGH), portfolio(0, position(LOW, CASH)), Policy(), NOW)
    second = decide(venues(other, HIGH), portfolio(0, position(other, CASH)), Policy(), NOW)
    assert first.chosen.move.source_apy != second.chosen.move.source_apy
    assert first.chosen.move.target_apy == second.chosen.move.target_apy


def test_an_asked_move_is_judged_whatever_it_earns() -> None:
    """`--from/--to` judges exactly that move; every refusing gate is named, profit gates too."""
    decision = decide(
        venues(LOW, HIGH), portfolio(0, position(HIGH, CASH)), Policy(), NOW, Ask("high", "low")
    )
    assert decision.action == "hold"
    assert {"apy_gain", "annual_gain", "break_even"} <= set(decision.refused_by)


@pytest.mark.parametrize("ask", [Ask("idle", "nowhere"), Ask("nowhere", "low"), Ask("low", "low")])
def test_an_ask_for_no_such_place_is_a_usage_error(ask: Ask) -> None:
    """A name that is not a venue is refused by name, with the names there are."""
    with pytest.raises(UsageError):
        decide(venues(LOW, HIGH), portfolio(CASH), Policy(), NOW, ask)


def test_asking_for_more_than_there_is_refuses_by_amount() -> None:
    """An asked amount above what the source can give is refused, not clipped."""
    decision = decide(venues(HIGH), portfolio(CASH), Policy(), NOW, Ask("idle", "high", Units(CASH + 1)))
    assert decision.refused_by == ("source_funds",)


def test_asking_from_an_empty_place_is_refused() -> None:
    """A source that holds nothing gives nothing."""
    decision = decide(venues(LOW, HIGH), portfolio(CASH), Policy(), NOW, Ask("low", "high"))
    assert decision.action == "hold"


def sample() -> Decision:
    held = portfolio(CASH, position(LOW, 50_000 * 10**6), Unread("mid", "timeout", "no answer"))
    return decide(venues(LOW, MID, HIGH), held, Policy(), NOW)


def test_a_decision_replays_to_the_same_bytes() -> None:
    """A decision read back from its document and recomputed gives identical bytes."""
    whole = canonical.dumps(sample())
    assert canonical.dumps(replay(canonical.loads(Decision, whole))) == whole


def test_the_ambient_decimal_context_plays_no_part() -> None:
    """A caller's own precision or rounding does not change a decision's bytes."""
    whole = canonical.dumps(sample())
    with localcontext() as context:
        context.prec = 4
        assert canonical.dumps(sample()) == whole
    assert getcontext().prec != CONTEXT.prec


def test_a_forged_decision_does_not_replay() -> None:
    """Replay recomputes: a document whose verdicts were edited gives other bytes."""
    forged = dataclasses.replace(sample(), action="hold", plan=None)
    assert canonical.dumps(replay(forged)) != canonical.dumps(forged)


reserve = st.builds(
    lambda slug, cash, debt, slope, room: state(slug, cash, debt, slope, room=room),
    st.uuids().map(lambda u: u.hex[:12]),
    st.integers(10**9, 10**14),
    st.integers(10**9, 10**14),
    st.integers(100, 2000),
    st.none() | st.integers(0, 10**12).map(Units),
)


@st.composite
def accounts(draw: st.DrawFn) -> tuple[Snapshot, Portfolio]:
    states = draw(st.lists(reserve, min_size=1, max_size=6, unique_by=lambda s: s.market.slug))
    held = draw(st.lists(st.sampled_from(states), unique_by=lambda s: s.market.slug, max_size=4))
    sizes = draw(st.lists(st.integers(1, 10**12), min_size=len(held), max_size=len(held)))
    positions = [position(at, size) for at, size in zip(held, sizes, strict=True)]
    return snapshot(*states), portfolio(draw(st.integers(0, 10**12)), *positions)


@given(accounts())
@settings(max_examples=150)
def test_pruning_changes_no_decision(given_: tuple[Snapshot, Portfolio]) -> None:
    """The best move equals the best of all pairs priced one by one."""
    shot, account = given_
    decision = decide(shot, account, Policy(), NOW)
    with localcontext(CONTEXT):
        desk = Desk(shot, account, Policy(), NOW)
        pairs = [(s, t) for s, t in product(desk.sources, map(slug_of, shot.markets)) if s.slug != t]
        passing = [j for j in (desk.judgement(s, t) for s, t in pairs) if j.passed]
    if not passing:
        assert decision.action == "hold"
    else:
        assert decision.action == "move"
        assert net_gain(decision.chosen.move) == max(net_gain(j.move) for j in passing)


@given(accounts(), st.integers(0, 400))
@settings(max_examples=100)
def test_among_what_passes_the_best_is_the_best_after_risk(
    given_: tuple[Snapshot, Portfolio], premium_bps: int
) -> None:
    """With a premium on risk a safer venue may be worth more than one that gains more; none is overlooked."""
    shot, account = given_
    policy = Policy(risk_premium=Fraction(Decimal(premium_bps).scaleb(-4)))
    decision = decide(shot, account, policy, NOW)
    with localcontext(CONTEXT):
        desk = Desk(shot, account, policy, NOW)
        pairs = [(s, t) for s, t in product(desk.sources, map(slug_of, shot.markets)) if s.slug != t]
        moves = [j.move for j in (desk.judgement(s, t) for s, t in pairs) if j.passed]
        merits = {(one.source, one.target): desk.merit(one, net_gain(one)) for one in moves}
    assert (decision.action == "move") == bool(moves)
    if moves:
        assert merits[decision.chosen.move.source, decision.chosen.move.target] == max(merits.values())


def test_a_premium_on_risk_prefers_the_safer_venue() -> None:
    """Half a point more does not pay for the lower score, where the premium says so; without one it does."""
    account, shot = portfolio(4_000 * 10**6), snapshot(RISKY, SAFER)
    assert decide(shot, account, Policy(), NOW).plan.target == "risky"
    careful = Policy(risk_premium=Fraction(Decimal("0.02")))
    assert decide(shot, account, careful, NOW).plan.target == "safer"


@given(accounts())
@settings(max_examples=100)
def test_a_plan_conserves_and_never_overdraws(given_: tuple[Snapshot, Portfolio]) -> None:
    """What is deposited was in the source, fits the cap, and every leg moves the same amount."""
    shot, account = given_
    decision = decide(shot, account, Policy(min_apy_gain=Fraction(Decimal(0)), max_moves_per_day=99), NOW)
    if decision.plan is None:
        return
    amounts = {step.amount for step in decision.plan.steps}
    assert amounts == {decision.plan.amount}
    held = {p.slug: p.assets for p in account.positions} | {"idle": account.idle}
    assert 0 < decision.plan.amount <= held[decision.plan.source]
    room = next(m.room for m in shot.markets if slug_of(m) == decision.plan.target)
    assert room is None or decision.plan.amount <= room


def test_what_cannot_be_priced_promises_nothing() -> None:
    """Row 13: a rate beyond any curve, or a state newer than the block, is no rate, and breaks nothing."""
    bait = GrowthCurve(Ray(10**27), NOW - 2, Ray(10**27 + 10**25), NOW, Units(100 * MILLION))
    newer = dataclasses.replace(HIGH.curve, updated_at=NOW + 3600)
    lent = MorphoMarket(Units(10**12), Units(10**18), Units(9 * 10**11), NOW + 3600, Wad(0), Wad(10**9))
    vault = MetaMorphoCurve(
        "1.0",
        (VaultMarket(lent, Units(10**18), Units(10**13)),),
        (0,),
        Wad(0),
        Units(10**18),
        Units(10**12),
        12,
    )
    for curve in (bait, newer, vault):
        odd = dataclasses.replace(HIGH, curve=curve)
        decision = decide(venues(odd, MID), portfolio(CASH), Policy(), NOW)
        assert decision.plan.target == "mid"
        judged = next(j for j in decision.venues if j.move.target == "high")
        assert judged.move.target_apy is None


def test_a_market_with_nothing_in_it_is_no_share() -> None:
    """Our share of an empty market that takes nothing is not known, and does not pass."""
    empty = dataclasses.replace(HIGH, supplied=Units(0))
    decision = decide(venues(empty), portfolio(CASH), Policy(), NOW, Ask("idle", "high", Units(0)))
    details = {v.gate: v.detail for v in decision.chosen.verdicts if not v.passed}
    assert details["pool_share"] == "empty_market"
    assert details["apy_gain"] == "nothing_to_move"
