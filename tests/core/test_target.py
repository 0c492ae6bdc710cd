"""Laws of the split in decisions: several venues, one gated move at a time, until nothing moves."""

from __future__ import annotations

import dataclasses
import random
from decimal import Decimal

import pytest

from mammon.core import canonical
from mammon.core.curves import GrowthCurve
from mammon.core.decide import Ask, Decision, decide, replay
from mammon.core.numbers import Fraction, Ray, Units, Usd
from mammon.core.policy import Policy
from mammon.core.risk.rating import cap_of, rated
from mammon.core.types import MarketState, Portfolio, Position, Snapshot, Unread
from tests.core.build import NOW, RAY, curve, market, portfolio, position, snapshot, state

USDC = 10**6
K = 1_000 * USDC
"""Small enough that no tier limits a share."""
SPLIT = Policy(split=True, max_moves_per_day=99, cooldown_s=0)
A = state("a", 30 * K, 70 * K)
B = state("b", 30 * K, 70 * K)
CASH = 4 * K


def after(world: Snapshot, account: Portfolio, decision: Decision) -> tuple[Snapshot, Portfolio]:
    """The world and the account once the plan was carried out in the same block."""
    plan = decision.plan
    assert plan is not None
    changes = {plan.source: -plan.amount, plan.target: plan.amount}
    held = {one.slug: one.assets for one in account.positions if isinstance(one, Position)}
    markets = []
    for one in world.markets:
        assert isinstance(one, MarketState)
        change = changes.get(one.market.slug, 0)
        held[one.market.slug] = held.get(one.market.slug, 0) + change
        markets.append(_changed(one, change))
    positions = [position(one, held[one.market.slug]) for one in markets if held[one.market.slug]]
    idle = account.idle + changes.get("idle", 0)
    return (
        dataclasses.replace(world, markets=tuple(markets)),
        dataclasses.replace(account, idle=Units(idle), positions=tuple(positions)),
    )


def _changed(one: MarketState, change: int) -> MarketState:
    changed = one.curve
    if change and isinstance(changed, GrowthCurve):
        changed = dataclasses.replace(changed, shift=Units(changed.shift + change))
    elif change:
        changed = dataclasses.replace(changed, available=Units(changed.available + change))
    return dataclasses.replace(
        one,
        curve=changed,
        supplied=Units(one.supplied + change),
        withdrawable=Units(one.withdrawable + change),
        room=None if one.room is None else Units(one.room - change),
    )


def carried_out(world: Snapshot, account: Portfolio, policy: Policy, most: int = 12) -> list[Decision]:
    """Decisions made and carried out until one holds."""
    made = []
    for _ in range(most):
        made.append(decide(world, account, policy, NOW))
        if made[-1].plan is None:
            return made
        world, account = after(world, account, made[-1])
    raise AssertionError("it never came to rest")


def test_without_the_switch_nothing_is_split() -> None:
    """The policy's default is the best single venue, and no target is told."""
    decision = decide(snapshot(A, B), portfolio(CASH), Policy(), NOW)
    assert decision.target is None
    assert decision.plan is not None
    assert decision.plan.amount == CASH


def test_money_goes_to_twins_in_equal_parts_one_move_at_a_time() -> None:
    """Two moves, each with its verdicts, then rest; what is left to do is told beforehand."""
    first, second, rest = carried_out(snapshot(A, B), portfolio(CASH), SPLIT)
    assert [one.action for one in (first, second, rest)] == ["move", "move", "hold"]
    assert first.target is not None
    assert [share.target / K for share in first.target.shares] == pytest.approx([2, 2], abs=0.01)
    assert first.plan is not None
    assert second.plan is not None
    assert {first.plan.target, second.plan.target} == {"a", "b"}
    assert first.plan.amount + second.plan.amount == CASH
    assert first.chosen is not None
    assert first.chosen.passed
    assert first.target.gap_bps is not None
    assert first.target.gap_bps < 1
    assert rest.refused_by == ()


def test_a_decision_with_a_target_replays_to_the_same_bytes() -> None:
    """The target is recomputed from the inputs like everything else."""
    whole = canonical.dumps(decide(snapshot(A, B), portfolio(CASH), SPLIT, NOW))
    assert b'"target"' in whole
    assert canonical.dumps(replay(canonical.loads(Decision, whole))) == whole


def test_money_that_thins_itself_is_spread() -> None:
    """Half of what thins a venue's own rate moves away; the gain counts what it does to the rest."""
    policy = dataclasses.replace(
        SPLIT,
        max_pool_share=Fraction(Decimal(1)),
        min_apy_gain=Fraction(Decimal("0.0001")),
        min_annual_gain_usd=Usd(Decimal(0)),
        max_break_even_days=Decimal(365),
    )
    thin = state("thin", 10 * K, 10 * K)
    account = portfolio(0, position(thin, 2 * K))
    twin = state("twin", 8 * K, 10 * K)
    made = carried_out(snapshot(thin, twin), account, policy)
    assert len(made) == 2
    plan, chosen = made[0].plan, made[0].chosen
    assert plan is not None
    assert plan.amount / K == pytest.approx(1, abs=0.01)
    assert not plan.steps[0].everything
    assert chosen is not None
    assert chosen.move.gain_usd is not None
    asked = decide(snapshot(thin, twin), account, policy, NOW, Ask("thin", "twin", plan.amount))
    assert asked.chosen is not None
    assert asked.chosen.move.gain_usd == chosen.move.gain_usd


def test_each_move_is_cut_to_what_a_cycle_may_move() -> None:
    """The target is the same; the way there takes more cycles."""
    policy = dataclasses.replace(SPLIT, max_cycle_share=Fraction(Decimal("0.25")))
    made = carried_out(snapshot(A, B), portfolio(CASH), policy)
    amounts = [one.plan.amount for one in made if one.plan is not None]
    assert max(amounts) == CASH // 4
    assert sum(amounts) == CASH


def test_a_tier_is_a_ceiling_of_the_target() -> None:
    """What a venue's tier may hold of much money, no split puts beyond."""
    much = state("a", 30_000 * K, 70_000 * K, market=market("a", risk=None))
    whole = 1_000 * K
    target = decide(snapshot(much), portfolio(whole), SPLIT, NOW).target
    assert target is not None
    cap = cap_of(rated(much, NOW).tier, whole, SPLIT.tier_share_above_usd, 6)
    assert cap is not None
    assert cap < whole
    assert [share.target for share in target.shares] == [cap]


def test_gates_that_refuse_by_amount_shape_the_target() -> None:
    """Room, liquidity, our share of a pool and the share of one venue are ceilings of the target."""
    world = snapshot(dataclasses.replace(A, room=Units(5 * USDC)), B)
    assert _target(world, SPLIT, "a") is None  # less than a tranche
    assert _target(snapshot(dataclasses.replace(A, room=Units(500 * USDC)), B), SPLIT, "a") == 500 * USDC
    drained = dataclasses.replace(A, withdrawable=Units(K))
    assert _target(snapshot(drained, B), SPLIT, "a") == K // 3
    small = state("a", 600 * USDC, 1_400 * USDC, slope1_bps=4000)
    free = dataclasses.replace(SPLIT, exit_liquidity_multiple=Decimal(0))
    assert _target(snapshot(small, B), free, "a") == 500 * USDC
    quarter = dataclasses.replace(SPLIT, max_venue_share=Fraction(Decimal("0.25")))
    assert _target(snapshot(A, B), quarter, "a") == CASH // 4
    assert _target(snapshot(A, B), dataclasses.replace(SPLIT, max_total_usd=Usd(Decimal(3))), "a") in (
        0,
        None,
    )


@pytest.mark.parametrize(
    "shut",
    [
        dataclasses.replace(A, closed=("paused",)),
        dataclasses.replace(A, locked=("paused",)),
        dataclasses.replace(A, evidence=(("deficit", Units(1)),)),
        dataclasses.replace(A, market=dataclasses.replace(A.market, deposits=False)),
        dataclasses.replace(A, curve=None),
        dataclasses.replace(A, curve=curve(updated_at=NOW + 3600)),
        dataclasses.replace(A, curve=GrowthCurve(Ray(RAY), NOW - 60, Ray(2 * RAY), NOW, Units(K))),
        dataclasses.replace(A, curve=GrowthCurve(Ray(RAY), NOW - 60, Ray(RAY + 10**22), NOW, Units(K))),
        Unread("a", "timeout", "no answer"),
    ],
    ids=[
        "closed",
        "locked",
        "losing",
        "deposits off",
        "no rate",
        "not yet",
        "no rate at all",
        "bait",
        "unread",
    ],
)
def test_what_may_not_be_entered_is_no_part_of_the_target(shut: MarketState | Unread) -> None:
    """All goes to the other venue, as far as its own limits let it."""
    assert _target(snapshot(shut, B), SPLIT, "a") is None
    assert _target(snapshot(shut, B), SPLIT, "b") == CASH


@pytest.mark.parametrize("blind", ["asset_usd", "fees"])
def test_without_prices_there_is_no_target(blind: str) -> None:
    """What is not known splits nothing, and is told as it is where nothing is ever split."""
    world = dataclasses.replace(snapshot(A, B), **{blind: Unread(blind, "timeout", "no answer")})
    decision = decide(world, portfolio(CASH), SPLIT, NOW)
    alone = decide(world, portfolio(CASH), dataclasses.replace(SPLIT, split=False), NOW)
    assert (decision.action, decision.target) == ("hold", None)
    assert (decision.chosen, decision.refused_by) == (alone.chosen, alone.refused_by)


def test_a_policy_that_no_move_could_pay_within_splits_nothing() -> None:
    """No days to earn a cost back in are no horizon to weigh it over."""
    policy = dataclasses.replace(SPLIT, max_break_even_days=Decimal(0))
    assert decide(snapshot(A, B), portfolio(CASH), policy, NOW).target is None


def test_a_move_towards_the_target_that_a_gate_refuses_is_told() -> None:
    """A stop holds a paying move back by name; a gain too small is a hold that nothing refused."""
    stopped = decide(snapshot(A, B), portfolio(CASH, stops=("pause",)), SPLIT, NOW)
    assert (stopped.action, stopped.refused_by) == ("hold", ("stops",))
    picky = dataclasses.replace(SPLIT, min_apy_gain=Fraction(Decimal("0.5")))
    hold = decide(snapshot(A, B), portfolio(CASH), picky, NOW)
    assert (hold.action, hold.refused_by) == ("hold", ())
    assert hold.target is not None
    assert hold.chosen is not None


def test_an_unread_position_is_left_out_and_the_rest_is_split() -> None:
    """What was not read neither moves nor stands in the way of what was."""
    account = portfolio(CASH, Unread("a", "rpc", "connection refused"))
    decision = decide(snapshot(A, B), account, SPLIT, NOW)
    assert decision.target is not None
    assert [share.slug for share in decision.target.shares] == ["b"]


def test_what_a_venue_holds_unread_is_thinned_by_nobody_knows_how_much() -> None:
    """A move into it has no gain that is known, so it is no move; an unread holding is never zero."""
    account = portfolio(CASH, Unread("a", "rpc", "connection refused"))
    asked = decide(snapshot(A, B), account, SPLIT, NOW, Ask("idle", "a"))
    assert asked.chosen is not None
    assert asked.chosen.move.gain_usd is None
    assert "apy_gain" in asked.refused_by


def test_a_wallet_that_was_not_read_moves_nothing() -> None:
    """No money is known to be spare, so none is split."""
    account = portfolio(Unread("idle", "rpc", "connection refused"), position(A, CASH))
    decision = decide(snapshot(A, B), account, SPLIT, NOW)
    assert decision.target is not None
    assert decision.action == "hold"


@pytest.mark.parametrize("seed", range(12))
def test_random_accounts_come_to_rest(seed: int) -> None:
    """From any holdings a few moves lead to a state in which nothing moves, and each move paid."""
    rng = random.Random(seed)
    markets, held = [], []
    for number in range(rng.randint(2, 5)):
        supplied = int(10 ** rng.uniform(9.5, 11))
        used = rng.uniform(0.4, 0.9)
        cash = int(supplied * (1 - used))
        markets.append(state(f"v{number}", cash, supplied - cash, rng.randint(300, 900)))
        if rng.random() < 0.4:
            held.append(position(markets[-1], rng.randint(1, cash // 4)))
    account = portfolio(rng.randint(0, 4 * K), *held)
    for decision in carried_out(snapshot(*markets), account, SPLIT):
        if decision.plan is not None:
            assert decision.chosen is not None
            assert decision.chosen.passed
            assert decision.plan.amount > 0


def _target(world: Snapshot, policy: Policy, slug: str) -> int | None:
    """What the target would hold in a venue; None where it plays no part."""
    target = decide(world, portfolio(CASH), policy, NOW).target
    assert target is not None
    return next((share.target for share in target.shares if share.slug == slug), None)
