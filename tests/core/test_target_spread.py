"""Laws of a target under the limits on spread: what it wants, every gate that asks for amounts lets in."""

from __future__ import annotations

import dataclasses
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mammon.core import ranges
from mammon.core.decide import Ask, decide, replay
from mammon.core.desk import Desk
from mammon.core.fixed import SECONDS_PER_YEAR
from mammon.core.numbers import Fraction, Units, Usd
from mammon.core.policy import Policy
from mammon.core.risk.dossier import Dossier
from mammon.core.risk.shared import behind
from mammon.core.target import Target
from mammon.core.tracks import Track
from mammon.core.types import Address, MarketState, Portfolio, Snapshot, Unread, Verdict
from tests.core.build import NOW, RAY, SOUND, market, portfolio, position, snapshot, state
from tests.core.test_danger import sample
from tests.core.test_target import SPLIT, after, carried_out

USDC = 10**6
K = 1_000 * USDC
LIMITS = (
    "cap_room",
    "exit_liquidity",
    "pool_share",
    "venue_share",
    "tier_cap",
    "shared_risk",
    "concentration",
    "no_danger",
)
"""Gates that ask how much a venue would hold, or all of them together."""
COLLATERALS = tuple(Address(f"0x{number:040x}") for number in (1, 2))
HALF = Fraction(Decimal("0.5"))
TINY = Fraction(Decimal("0.0005"))


def sound(slug: str, family: str = "sound", **changes: Any) -> MarketState:
    """A healthy venue of a family."""
    return state(
        slug,
        3_000 * K,
        7_000 * K,
        market=market(slug, risk=dataclasses.replace(SOUND, family=family)),
        **changes,
    )


def share(low: int, high: int) -> st.SearchStrategy[Fraction]:
    """A share in hundredths."""
    return st.integers(low, high).map(lambda bps: Fraction(Decimal(bps).scaleb(-2)))


@st.composite
def dossiers(draw: st.DrawFn) -> Dossier | None:
    """Documented to a different degree, of few families and curators."""
    if draw(st.integers(0, 5)) == 0:
        return None
    return dataclasses.replace(
        SOUND,
        family=draw(st.sampled_from("xyz")),
        curator=draw(st.sampled_from(["", "p", "q"])),
        audit_firms=draw(st.integers(0, 4)),
    )


@st.composite
def venues(draw: st.DrawFn, slug: str) -> MarketState:
    """A venue of any size, that lends against some of the collaterals, capped or not."""
    supplied, used = draw(st.integers(100, 100_000)) * K, draw(st.integers(30, 92))
    cash = supplied * (100 - used) // 100
    backing = tuple(
        (one, Units(draw(st.integers(1, supplied)))) for one in COLLATERALS if draw(st.booleans())
    )
    room = draw(st.none() | st.integers(0, 500 * K))
    made = state(
        slug,
        cash,
        supplied - cash,
        draw(st.integers(200, 1_500)),
        market=market(slug, risk=draw(dossiers())),
        backing=backing,
        room=None if room is None else Units(room),
    )
    return made if draw(st.integers(0, 9)) else dataclasses.replace(made, curve=None)


@st.composite
def worlds(draw: st.DrawFn) -> tuple[Snapshot, Portfolio, Policy]:
    """Venues, an account that may be anywhere already, and a policy with every limit on spread."""
    states = [draw(venues(f"v{number}")) for number in range(draw(st.integers(1, 5)))]
    held = [position(one, draw(st.integers(1, 200 * K))) for one in states if draw(st.integers(0, 2)) == 0]
    policy = dataclasses.replace(
        SPLIT,
        max_shared_share=draw(share(5, 100)),
        max_concentration=draw(share(5, 100)),
        max_venue_share=draw(share(20, 100)),
        tier_share_above_usd=Usd(Decimal(draw(st.sampled_from([0, 25_000])))),
        risk_premium=draw(st.sampled_from([Fraction(Decimal(0)), Fraction(Decimal("0.02"))])),
        min_apy_gain=TINY,
    )
    return snapshot(*states), portfolio(draw(st.integers(0, 400 * K)), *held), policy


def in_full(account: Portfolio, target: Target, entering: str) -> tuple[Portfolio, Units]:
    """The account with all of a target carried out but its way into one venue, and what that takes."""
    shares = {one.slug: one for one in target.shares}
    more = Units(shares[entering].target - shares[entering].held)
    wallet = account.idle
    assert not isinstance(wallet, Unread)
    changed = sum(one.target - one.held for one in target.shares)
    amounts = {slug: one.held if slug == entering else one.target for slug, one in shares.items()}
    positions = [
        dataclasses.replace(one, assets=Units(amounts.get(one.slug, one.assets)))
        for one in account.positions
        if not isinstance(one, Unread)
    ]
    there = {one.slug for one in positions}
    fresh = [
        position(state(slug), amount) for slug, amount in amounts.items() if slug not in there and amount
    ]
    left = Units(wallet - changed + more)
    return dataclasses.replace(account, idle=left, positions=(*positions, *fresh)), more


def verdicts_of(world: Snapshot, account: Portfolio, policy: Policy, slug: str, amount: int) -> list[Verdict]:
    """What the gates of amounts say of the last move into a venue."""
    chosen = decide(world, account, policy, NOW, Ask("idle", slug, Units(amount))).chosen
    assert chosen is not None
    return [verdict for verdict in chosen.verdicts if verdict.gate in LIMITS]


@given(worlds())
@settings(max_examples=150, deadline=None)
def test_a_target_carried_out_in_full_passes_every_limit(given_: tuple[Snapshot, Portfolio, Policy]) -> None:
    """Whichever venue is entered last, the gates let it in: shares, tiers, groups and concentration."""
    world, account, policy = given_
    target = decide(world, account, policy, NOW).target
    if target is None:
        return
    for one in target.shares:
        if one.target > one.held:
            almost, amount = in_full(account, target, one.slug)
            for verdict in verdicts_of(world, almost, policy, one.slug, amount):
                assert verdict.passed, (one, verdict)


@given(worlds())
@settings(max_examples=80, deadline=None)
def test_money_on_its_way_to_a_target_comes_to_rest(given_: tuple[Snapshot, Portfolio, Policy]) -> None:
    """Each move passes every gate, and soon nothing moves; no venue is left for the wallet."""
    world, account, policy = given_
    for decision in carried_out(world, account, policy, most=25):
        if decision.plan is not None:
            assert decision.chosen is not None
            assert decision.chosen.passed
            assert decision.plan.target != "idle"
        if decision.target is not None:
            assert sum(one.target for one in decision.target.shares) >= sum(
                one.held for one in decision.target.shares
            )


def test_a_family_gets_no_more_than_its_share() -> None:
    """Two of three venues are one family: half of the money, and the better two are not all."""
    world = snapshot(sound("a", slope1_bps=700), sound("b", slope1_bps=700), sound("c", "other"))
    policy = dataclasses.replace(SPLIT, max_shared_share=HALF, min_apy_gain=TINY)
    made = carried_out(world, portfolio(100 * K), policy)
    held = _held(made[-1].portfolio)
    assert held["a"] + held["b"] == pytest.approx(50 * K, rel=1e-5)
    assert held["c"] == pytest.approx(50 * K, rel=1e-5)
    assert behind(held, dict(zip("abc", world.markets, strict=True)))["family:sound"] <= 50 * K
    assert replay(made[0]) == made[0]


def test_money_is_spread_as_far_as_the_squares_ask() -> None:
    """The better venue gets more, as far as the index lets it, and a little stays in the wallet for that."""
    world = snapshot(sound("a", slope1_bps=900), sound("b", slope1_bps=500))
    policy = dataclasses.replace(SPLIT, max_concentration=HALF, min_apy_gain=TINY)
    made = carried_out(world, portfolio(100 * K), policy)
    held = _held(made[-1].portfolio)
    squares, most = held["a"] ** 2 + held["b"] ** 2, (100 * K) ** 2 // 2
    assert most - most // 10_000 < squares <= most
    assert held["a"] > 50 * K > held["b"]
    assert held["a"] + held["b"] < 100 * K


def test_what_is_too_concentrated_is_spread_by_a_move_that_brings_it_within() -> None:
    """One move may do that: to a half each. Where it takes two, the gate says what holds the first back."""
    first, second = sound("a"), sound("b", slope1_bps=900)
    account = portfolio(0, position(first, 100 * K))
    policy = dataclasses.replace(SPLIT, max_concentration=HALF, min_apy_gain=TINY)
    made = carried_out(snapshot(first, second), account, policy)
    assert [one.action for one in made] == ["move", "hold"]
    held = _held(made[-1].portfolio)
    assert sum(x * x for x in held.values()) <= (100 * K) ** 2 // 2
    third = dataclasses.replace(policy, max_concentration=Fraction(Decimal("0.36")))
    stuck = decide(snapshot(first, second, sound("c", slope1_bps=900)), account, third, NOW)
    assert (stuck.action, stuck.refused_by) == ("hold", ("concentration",))


def test_money_outside_the_split_counts_towards_its_family() -> None:
    """What lies in a venue without a rate cannot be split, but it stands behind its family all the same."""
    silent = dataclasses.replace(sound("silent"), curve=None)
    world = snapshot(silent, sound("a"), sound("b", "other", slope1_bps=300))
    account = portfolio(60 * K, position(silent, 40 * K))
    policy = dataclasses.replace(SPLIT, max_shared_share=HALF)
    target = decide(world, account, policy, NOW).target
    assert target is not None
    assert {one.slug: one.target for one in target.shares}["a"] == 10 * K


def test_a_premium_on_risk_shapes_the_target_and_not_its_yield() -> None:
    """The safer venue gets what the poorer one pays too little for; the yield told is what is paid."""
    risky = sound("risky", slope1_bps=600)
    risky = dataclasses.replace(risky, market=market("risky", risk=dataclasses.replace(SOUND, audit_firms=0)))
    world = snapshot(risky, sound("safe", slope1_bps=560))
    plain = decide(world, portfolio(20 * K), SPLIT, NOW).target
    careful = dataclasses.replace(SPLIT, risk_premium=Fraction(Decimal("0.05")))
    target = decide(world, portfolio(20 * K), careful, NOW).target
    assert plain is not None
    assert target is not None
    assert [one.slug for one in plain.shares] == ["risky"]
    assert [one.slug for one in target.shares] == ["safe"]
    assert target.apy == pytest.approx(target.shares[0].apy, rel=Decimal("0.02"))


def test_a_target_keeps_out_of_what_would_run_dry() -> None:
    """Liquidity that fell twice may fall on: no more is wanted there than its gate lets in, to the unit."""
    falling = sound("a", slope1_bps=900)
    liquid = falling.withdrawable
    earlier = [(1_200, liquid * 18 // 10), (600, liquid * 14 // 10)]
    seen = tuple(
        sample(ago, falling, withdrawable=amount, index=RAY - RAY * 45 * ago // (1_000 * SECONDS_PER_YEAR))
        for ago, amount in earlier
    )
    world = dataclasses.replace(snapshot(falling, sound("b")), tracks=(Track("a", seen),))
    account = portfolio(2_000 * K)
    target = decide(world, account, SPLIT, NOW).target
    assert target is not None
    shares = {one.slug: one.target for one in target.shares}
    again = liquid * 14 // 10 - liquid
    assert shares["a"] == (liquid - 2 * again) // 2
    one_more = verdicts_of(world, account, SPLIT, "a", shares["a"] + 1)
    assert [one.gate for one in one_more if not one.passed] == ["no_danger"]


@pytest.mark.parametrize("name", ["max_shared_share", "max_concentration", "max_venue_share"])
def test_a_share_of_what_nobody_knows_lets_nothing_in(name: str) -> None:
    """A position that was not read leaves the whole unknown: the gates refuse, so the target asks nothing."""
    account = portfolio(50 * K, Unread("a", "rpc", "connection refused"))
    policy = dataclasses.replace(SPLIT, **{name: HALF})
    target = decide(snapshot(sound("a"), sound("b")), account, policy, NOW).target
    assert target is not None
    assert target.shares == ()


@pytest.mark.parametrize("name", ["max_shared_share", "max_concentration"])
def test_a_single_move_is_cut_to_what_the_limits_leave(name: str) -> None:
    """Without a split too: half of the money goes where all of it may not."""
    most = HALF if name == "max_shared_share" else Fraction(Decimal("0.25"))
    policy = Policy(**{name: most})
    decision = decide(snapshot(sound("a")), portfolio(100 * K), policy, NOW)
    assert decision.plan is not None
    assert decision.plan.amount == 50 * K
    world, account = after(snapshot(sound("a")), portfolio(100 * K), decision)
    again = decide(world, account, dataclasses.replace(policy, cooldown_s=0), NOW)
    assert (again.action, again.refused_by) == ("hold", ("shared_risk" if most == HALF else "concentration",))


def _held(account: Portfolio) -> dict[str, int]:
    return {one.slug: int(one.assets) for one in account.positions if not isinstance(one, Unread)}


def test_where_there_is_no_money_nothing_may_enter() -> None:
    """No source, nothing to judge an entry by: every venue may hold nothing."""
    venue = sound("alone")
    desk = Desk(snapshot(venue), portfolio(0), Policy(), NOW)
    assert desk.primary is None
    assert ranges._most(desk, venue, 0) == 0
