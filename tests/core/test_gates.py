"""Laws of the gates: each refuses something, each nearly refuses its neighbour, none stops at the first."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mammon.core.agreement import agreement
from mammon.core.decide import Ask, Decision, decide
from mammon.core.gates import GATES, KINDS
from mammon.core.numbers import Fraction, Ray, Units, Usd
from mammon.core.policy import Policy
from mammon.core.risk.dossier import Dossier
from mammon.core.risk.rating import rated
from mammon.core.tracks import PriceSample, Sample, Track, Witness
from mammon.core.types import Price, Sequencer, Unread, Used, Verdict
from tests.core.build import MILLION, NOW, RAY, market, portfolio, position, snapshot, state

CASH = 10_000 * 10**6


@dataclass(frozen=True)
class Edge:
    """One gate at its limit: arguments that it refuses, and the nearest that it lets pass."""

    refused: dict[str, Any]
    passing: dict[str, Any]


def situation(**changes: Any) -> Decision:
    """Decide on 10,000 USDC in the wallet and one venue, some of it changed."""
    venue = dataclasses.replace(state("good"), **changes.pop("venue", {}))
    shot = dataclasses.replace(snapshot(changes.pop("reading", venue)), **changes.pop("shot", {}))
    cash = changes.pop("idle", CASH)
    held = [position(venue, changes.pop("held"))] if "held" in changes else []
    account = dataclasses.replace(portfolio(cash, *held), **changes.pop("account", {}))
    policy = dataclasses.replace(Policy(), **changes.pop("policy", {}))
    ask = changes.pop("ask", None)
    assert not changes
    return decide(shot, account, policy, NOW + 2, ask)


def verdict(decision: Decision, code: str) -> Verdict:
    """Return one gate's verdict on the venue `good`."""
    return next(v for judged in decision.venues for v in judged.verdicts if v.gate == code)


def policy(**values: Any) -> dict[str, Any]:
    return {"policy": values}


def venue(**values: Any) -> dict[str, Any]:
    return {"venue": values}


def gain() -> Decimal:
    """Return the base case's net gain per dollar and year, which the profit limits are set around."""
    measured = verdict(situation(), "apy_gain").measured
    assert measured is not None
    return measured


def usd_price(answer: int, age_s: int = 3600) -> dict[str, Any]:
    return {"shot": {"asset_usd": Price("USDC/USD", Units(answer), 8, NOW - age_s, 86_400)}}


def exchange_price(value: str) -> dict[str, Any]:
    return {"shot": {"witnesses": (Witness("kraken", "asset_usd", Decimal(value), NOW),)}}


def earlier_price(value: str) -> dict[str, Any]:
    return {"shot": {"prices": (PriceSample("asset_usd", Decimal(value), NOW - 900),)}}


def earlier_index(fall_ppb: int) -> dict[str, Any]:
    """Return two readings of a second ago, than which the index is lower by billionths."""
    base = state("good")
    index = Ray(-(-RAY * 10**9 // (10**9 - fall_ppb)))
    seen = [
        Sample(block, NOW - 1, index, base.supplied, base.borrowed, base.withdrawable, None, Units(0))
        for block in (998, 999)
    ]
    return {"shot": {"tracks": (Track("good", tuple(seen)),)}}


def half(name: str, amount: int) -> dict[str, Any]:
    """Return an ask for an amount where half of the money is the limit."""
    return policy(**{name: Fraction(Decimal("0.5"))}) | {"ask": Ask("idle", "good", Units(amount))}


def still_index() -> dict[str, Any]:
    """Return a venue whose index has not grown for an hour."""
    venue = state("good")
    sample = Sample(
        1, NOW - 3600, venue.index, venue.supplied, venue.borrowed, venue.withdrawable, None, Units(0)
    )
    return {"shot": {"tracks": (Track("good", (sample,), venue.withdrawable, 1, 0),)}}


def nothing_earned() -> Decimal:
    """Return the gap at which earning nothing is still taken for the venue's rate."""
    limit = verdict(
        situation(policy={"max_earned_gap": Fraction(Decimal(0))}, **still_index()), "earned"
    ).limit
    assert limit is not None
    return limit / (limit + Decimal("0.005"))


def other_rate(share: Decimal) -> dict[str, Any]:
    """Return an outside source whose rate ours is so large a share of."""
    rate = agreement(state("good"), [Witness("s", "good", Decimal(1), NOW)], NOW, Decimal(1)).own
    assert rate is not None
    return {"shot": {"witnesses": (Witness("defillama", "good", rate / share, NOW),)}}


def edges() -> dict[str, Edge]:
    """Return, for every gate, its refusing and its nearly refused case."""
    tiny = Decimal("1e-12")
    annual = verdict(situation(), "annual_gain").measured
    days = verdict(situation(), "break_even").measured
    share = verdict(situation(), "cost_share").measured
    rate = verdict(situation(), "rate_sane").measured
    gas = verdict(situation(), "gas_ceiling").measured
    spent: dict[str, Any] = {"account": {"used": Used(Usd(Decimal(1)))}}
    day = verdict(situation(**spent), "daily_gas").measured
    assert None not in (annual, days, share, rate, gas, day)
    blind = Unread("good", "timeout", "no answer")
    # A venue of half the points: a premium is due by half, and leaves less than the least gain beyond here.
    half_good = Dossier("sound", live_since=0, incidents=(), parts=())
    poor = venue(market=market("good", risk=half_good), supplied=Units(10 * CASH), borrowed=Units(0))
    score = rated(
        state("good", market=market("good", risk=half_good), supplied=Units(10 * CASH), borrowed=Units(0)),
        NOW,
    ).score
    unknown_venue = venue(market=market("good", risk=None))
    chosen = situation(**poor).chosen
    assert chosen is not None
    assert chosen.move.target_apy_after is not None
    least = Fraction(Decimal("0.001"))
    premium = (chosen.move.target_apy_after - least) / (1 - Decimal(score) / 10_000)
    return {
        "apy_gain": Edge(
            policy(min_apy_gain=Fraction(gain() + tiny)), policy(min_apy_gain=Fraction(gain() - tiny))
        ),
        "annual_gain": Edge(
            policy(min_annual_gain_usd=Usd(annual + tiny)), policy(min_annual_gain_usd=Usd(annual))
        ),
        "break_even": Edge(policy(max_break_even_days=days - tiny), policy(max_break_even_days=days + tiny)),
        "cost_share": Edge(
            policy(max_cost_share=Fraction(share - tiny)), policy(max_cost_share=Fraction(share + tiny))
        ),
        "risk_gain": Edge(
            policy(risk_premium=premium + tiny, min_apy_gain=least) | poor,
            policy(risk_premium=premium - tiny, min_apy_gain=least) | poor,
        ),
        "source_funds": Edge(
            {"ask": Ask("idle", "good", Units(CASH + 1))}, {"ask": Ask("idle", "good", Units(CASH))}
        ),
        "venue_read": Edge({"reading": blind}, {}),
        "venue_open": Edge(venue(closed=("frozen",)), venue(closed=())),
        "no_loss": Edge(venue(evidence=(("deficit", Units(1)),)), venue(evidence=(("deficit", Units(0)),))),
        "no_danger": Edge(earlier_index(100_002), earlier_index(100_001)),
        "rate_sane": Edge(policy(max_apy=Fraction(rate - tiny)), policy(max_apy=Fraction(rate))),
        "bait": Edge(venue(borrowed=Units(98 * MILLION + 10**6)), venue(borrowed=Units(98 * MILLION))),
        "earned": Edge(
            policy(max_earned_gap=Fraction(nothing_earned() - Decimal("1e-6"))) | still_index(),
            policy(max_earned_gap=Fraction(nothing_earned() + Decimal("1e-6"))) | still_index(),
        ),
        "rate_agrees": Edge(other_rate(Decimal("0.7499")), other_rate(Decimal("0.7501"))),
        "cap_room": Edge(
            venue(room=Units(CASH - 1)) | {"ask": Ask("idle", "good", Units(CASH))}, venue(room=Units(CASH))
        ),
        "exit_liquidity": Edge(venue(withdrawable=Units(3 * CASH - 1)), venue(withdrawable=Units(3 * CASH))),
        "pool_share": Edge(
            venue(supplied=Units(4 * CASH - 1), borrowed=Units(0)),
            venue(supplied=Units(4 * CASH), borrowed=Units(0)),
        ),
        "venue_share": Edge(half("max_venue_share", CASH // 2 + 1), half("max_venue_share", CASH // 2)),
        "tier_cap": Edge(
            unknown_venue | {"ask": Ask("idle", "good", Units(5_000 * 10**6 + 1))},
            unknown_venue | {"ask": Ask("idle", "good", Units(5_000 * 10**6))},
        ),
        "shared_risk": Edge(half("max_shared_share", CASH // 2 + 1), half("max_shared_share", CASH // 2)),
        "concentration": Edge(
            policy(max_concentration=Fraction(Decimal("0.25")))
            | {"ask": Ask("idle", "good", Units(CASH // 2 + 1))},
            policy(max_concentration=Fraction(Decimal("0.25")))
            | {"ask": Ask("idle", "good", Units(CASH // 2))},
        ),
        "cycle_share": Edge(half("max_cycle_share", CASH // 2 + 1), half("max_cycle_share", CASH // 2)),
        "total_ceiling": Edge(
            policy(max_total_usd=Usd(Decimal(5000))) | {"ask": Ask("idle", "good", Units(CASH // 2 + 1))},
            policy(max_total_usd=Usd(Decimal(5000))) | {"ask": Ask("idle", "good", Units(CASH // 2))},
        ),
        "data_fresh": Edge(policy(max_data_age_s=1), policy(max_data_age_s=2)),
        "peg": Edge(usd_price(99_499_999), usd_price(99_500_000)),
        "price_agrees": Edge(exchange_price("0.994999"), exchange_price("0.995")),
        "price_steady": Edge(earlier_price("1.00503"), earlier_price("1.00502")),
        "sequencer": Edge(
            {"shot": {"sequencer": Sequencer(True, NOW - 3599)}},
            {"shot": {"sequencer": Sequencer(True, NOW - 3600)}},
        ),
        "gas_ceiling": Edge(policy(max_gas_usd=Usd(gas - tiny)), policy(max_gas_usd=Usd(gas))),
        "daily_gas": Edge(
            policy(max_gas_day_usd=Usd(day - tiny)) | spent, policy(max_gas_day_usd=Usd(day)) | spent
        ),
        "cooldown": Edge({"account": {"moved": (NOW - 1799,)}}, {"account": {"moved": (NOW - 1800,)}}),
        "daily_moves": Edge(
            {"account": {"moved": (NOW - 9000, NOW - 8000, NOW - 7000, NOW - 6000)}},
            {"account": {"moved": (NOW - 86_400, NOW - 8000, NOW - 7000, NOW - 6000)}},
        ),
        "hourly_transactions": Edge(
            {"account": {"used": Used(transactions=11)}}, {"account": {"used": Used(transactions=10)}}
        ),
        "stops": Edge({"account": {"stops": ("kill_switch",)}}, {"account": {"stops": ()}}),
    }


def test_every_gate_has_an_edge() -> None:
    """The list of edges is complete: a gate without its two cases fails here."""
    assert set(edges()) == {gate.code for gate in GATES}


@pytest.mark.parametrize("code", [gate.code for gate in GATES])
def test_each_gate_refuses_and_nearly_refuses(code: str) -> None:
    """Each gate refuses its own case by its own code, and passes the nearest neighbour."""
    edge = edges()[code]
    refused = situation(**edge.refused)
    assert refused.action == "hold"
    assert refused.plan is None
    assert refused.chosen is not None
    assert not next(v for v in refused.chosen.verdicts if v.gate == code).passed
    passing = situation(**edge.passing)
    assert passing.action == "move"
    assert passing.chosen is not None
    assert next(v for v in passing.chosen.verdicts if v.gate == code).passed


@pytest.mark.parametrize("code", [gate.code for gate in GATES if gate.kind == "safety"])
def test_a_safety_refusal_of_a_paying_plan_is_named(code: str) -> None:
    """A plan that would have paid and is unsafe is a refusal by that gate, not a mere hold."""
    if code == "venue_read":
        return  # what cannot be read cannot be shown to pay; `test_decide` has its law
    assert code in situation(**edges()[code].refused).refused_by


@pytest.mark.parametrize("code", [gate.code for gate in GATES if gate.kind == "profit"])
def test_what_does_not_pay_is_a_hold(code: str) -> None:
    """A plan that does not pay is held without naming any gate as a refusal."""
    assert situation(**edges()[code].refused).refused_by == ()


def test_no_gate_stops_at_the_first_refusal() -> None:
    """With everything wrong at once every gate still gives its verdict."""
    decision = situation(
        venue={"closed": ("paused",), "room": Units(1), "withdrawable": Units(0)},
        account={"stops": ("kill_switch",), "moved": (NOW - 1,)},
    )
    for judged in decision.venues:
        assert [v.gate for v in judged.verdicts] == [gate.code for gate in GATES]


def test_d9_break_even_is_compared_exactly() -> None:
    """D9: 30.44 days does not pass a 30-day gate, and no rounding of the quotient decides."""
    days = verdict(situation(), "break_even").measured
    assert days is not None
    limit = days * 30 / Decimal("30.44")
    assert not verdict(situation(policy={"max_break_even_days": limit}), "break_even").passed


def test_d10_a_million_into_a_small_market_is_refused() -> None:
    """D10: size is judged by dilution, exit liquidity and share of the pool, not waved through."""
    small = {"supplied": Units(2 * MILLION), "withdrawable": Units(MILLION // 2)}
    decision = situation(idle=MILLION, venue=small, ask=Ask("idle", "good", Units(MILLION)))
    assert decision.chosen is not None
    failed = {v.gate for v in decision.chosen.verdicts if not v.passed}
    assert {"exit_liquidity", "pool_share", "tier_cap"} <= failed


def test_f7_the_configured_minimum_is_the_one_judged_by() -> None:
    """F7: the limit in the verdict is the policy's own value, for every gate that has one."""
    chosen = Usd(Decimal("17.25"))
    assert verdict(situation(policy={"min_annual_gain_usd": chosen}), "annual_gain").limit == chosen


def elsewhere() -> dict[str, Any]:
    """Return an account with a position nobody could read."""
    return {"account": {"positions": (Unread("other", "timeout", ""),)}}


UNKNOWN: dict[str, dict[str, Any]] = {
    "apy_gain": {"shot": {"fees": Unread("fees", "timeout", "")}},
    "annual_gain": {"shot": {"eth_usd": Unread("eth_usd", "timeout", "")}},
    "break_even": {"shot": {"asset_usd": Unread("asset_usd", "timeout", "")}},
    "cost_share": {"shot": {"fees": Unread("fees", "timeout", "")}},
    "risk_gain": policy(risk_premium=Fraction(Decimal("0.01"))) | venue(curve=None),
    "source_funds": {"idle": Unread("idle", "timeout", "")},
    "venue_open": {"reading": Unread("good", "timeout", "")},
    "no_loss": {"reading": Unread("good", "timeout", "")},
    "no_danger": {"reading": Unread("good", "timeout", "")},
    "rate_sane": venue(curve=None),
    "bait": policy(min_history_s=1),
    "earned": {"reading": Unread("good", "timeout", "")},
    "rate_agrees": {"reading": Unread("good", "timeout", "")},
    "cap_room": {"reading": Unread("good", "timeout", "")},
    "exit_liquidity": {"reading": Unread("good", "timeout", "")},
    "pool_share": {"reading": Unread("good", "timeout", "")},
    "venue_share": policy(max_venue_share=Fraction(Decimal("0.5"))) | elsewhere(),
    "tier_cap": venue(market=market("good", risk=None)) | elsewhere(),
    "shared_risk": policy(max_shared_share=Fraction(Decimal("0.5"))) | elsewhere(),
    "concentration": policy(max_concentration=Fraction(Decimal("0.5"))) | elsewhere(),
    "cycle_share": policy(max_cycle_share=Fraction(Decimal("0.5"))) | elsewhere(),
    "total_ceiling": policy(max_total_usd=Usd(Decimal(10**6))) | elsewhere(),
    "peg": {"shot": {"asset_usd": Unread("asset_usd", "timeout", "")}},
    "sequencer": {"shot": {"sequencer": Unread("sequencer", "timeout", "")}},
    "gas_ceiling": {"shot": {"fees": Unread("fees", "timeout", "")}},
    "daily_gas": {"account": {"used": Used(Unread("gas", "timeout", ""))}},
}


@pytest.mark.parametrize("code", UNKNOWN)
def test_what_is_not_known_does_not_pass(code: str) -> None:
    """Unknown is never zero: the verdict has no measure and does not pass, and nothing moves."""
    decision = situation(**UNKNOWN[code])
    assert decision.action == "hold"
    found = verdict(decision, code)
    assert not found.passed
    assert found.measured is None


def test_a_stale_price_is_not_a_price() -> None:
    """A feed silent beyond its heartbeat and a tenth does not price anything."""
    fresh = 86_400 + 8_640
    assert verdict(situation(**usd_price(10**8, fresh)), "peg").passed
    assert verdict(situation(**usd_price(10**8, fresh + 1)), "peg").detail == "stale"


def test_a_price_from_the_future_is_not_a_price() -> None:
    """A feed newer than the block it was read at is not believed."""
    assert verdict(situation(**usd_price(10**8, -1)), "peg").detail == "from_the_future"


def test_both_sides_of_the_peg_are_held() -> None:
    """The asset above its band is refused as well as below."""
    assert verdict(situation(**usd_price(100_500_000)), "peg").passed
    assert not verdict(situation(**usd_price(100_500_001)), "peg").passed


def test_a_sequencer_that_is_down_stops_moves() -> None:
    """Down is refused whatever the time since."""
    assert verdict(situation(shot={"sequencer": Sequencer(False, 0)}), "sequencer").detail == "down"


def test_a_chain_without_a_sequencer_feed_is_not_asked() -> None:
    """No feed on the chain is a fact of the chain file, not an unread value."""
    assert verdict(situation(shot={"sequencer": None}), "sequencer").passed


def test_a_block_from_the_future_counts_by_its_distance() -> None:
    """A clock behind the chain does not make data fresh for ever; one slow by seconds still decides."""
    slow = decide(snapshot(state("good")), portfolio(CASH), Policy(), NOW - 60)
    assert verdict(slow, "data_fresh").passed
    early = decide(snapshot(state("good")), portfolio(CASH), Policy(), NOW - 61)
    assert verdict(early, "data_fresh").detail == "block_from_the_future"
    assert not verdict(early, "data_fresh").passed


def test_a_negative_rate_is_not_sane() -> None:
    """A venue whose index falls is no opportunity, however small the loss."""
    from mammon.core.curves import GrowthCurve

    falling = GrowthCurve(Ray(10**27), NOW - 100, Ray(10**27 - 10**18), NOW, Units(100 * MILLION))
    assert not verdict(situation(venue={"curve": falling}), "rate_sane").passed


def test_money_already_there_counts_against_liquidity_and_share() -> None:
    """Row 15: exit liquidity and share are of the whole holding, not of the new part alone."""
    base = {"withdrawable": Units(4 * CASH), "supplied": Units(20 * CASH)}
    assert verdict(situation(venue=base), "exit_liquidity").passed
    assert not verdict(situation(venue=base, held=CASH, ask=Ask("idle", "good")), "exit_liquidity").passed


def test_an_unread_holding_in_the_target_is_not_zero() -> None:
    """D7: what we hold there is not known, so the limits on it do not pass."""
    account = portfolio(CASH, Unread("good", "timeout", "no answer"))
    decision = decide(snapshot(state("good")), account, Policy(), NOW)
    assert verdict(decision, "exit_liquidity").detail == "position_unread"
    assert verdict(decision, "pool_share").detail == "position_unread"
    assert verdict(decision, "no_danger").detail == "position_unread"
    assert decision.action == "hold"


@given(st.integers(1, 10**15), st.integers(0, 10**15), st.integers(0, 10**15))
def test_a_margin_has_the_sign_of_its_verdict(idle: int, cash: int, room: int) -> None:
    """A refusing gate's margin is negative, a passing one's is not, whatever the amounts."""
    decision = situation(idle=idle, venue={"withdrawable": Units(cash), "room": Units(room)})
    for judged in decision.venues:
        for found in judged.verdicts:
            if found.margin is not None and found.gate != "break_even":
                assert (found.margin >= 0) == found.passed, found


def test_a_rate_beyond_sense_is_a_broken_reading() -> None:
    """Row 13: a supply rate of 204 % is what a shifted field looks like; it is refused, not chased."""
    shifted = dataclasses.replace(state("good").curve, slope1=Ray(15 * RAY))
    decision = situation(venue={"curve": shifted})
    measured = verdict(decision, "rate_sane").measured
    assert measured is not None
    assert measured > 2
    assert decision.refused_by == ("rate_sane",)


def test_the_days_gas_is_what_was_paid_and_what_the_move_costs() -> None:
    """Neither half alone."""
    cost = verdict(situation(), "daily_gas").measured
    both = verdict(situation(account={"used": Used(Usd(Decimal(1)))}), "daily_gas").measured
    assert cost is not None
    assert cost > 0
    assert both == cost + 1


def test_gas_that_cannot_be_priced_is_no_free_gas() -> None:
    """The day's gas is not known while the move's cost is not."""
    assert (
        verdict(situation(shot={"fees": Unread("fees", "timeout", "")}), "daily_gas").detail
        == "cost:fees:timeout"
    )


def test_kinds_cover_the_gates() -> None:
    """Every gate has a kind and the codes are unique."""
    assert len(KINDS) == len(GATES)
