"""What of the rewards counts in a decision: the policy's share, never more, and never what is unknown."""

from __future__ import annotations

import dataclasses
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction as Exact
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from mammon.core import canonical
from mammon.core.agreement import base_rate
from mammon.core.allocation import CurvePays
from mammon.core.allocation.rewarded import RewardedPays
from mammon.core.counted import CountedPart, Rewards
from mammon.core.decide import Ask, Decision, decide, replay
from mammon.core.desk import Desk
from mammon.core.fixed import SECONDS_PER_YEAR
from mammon.core.numbers import Fraction, Rate, Units, Usd, Wad
from mammon.core.policy import Policy
from mammon.core.programmes import Emission, Programme, Quote, Untold
from mammon.core.ranking import best
from mammon.core.rewards import QUOTE_FRESH_S
from mammon.core.types import Address, MarketState, Paid, Price, Snapshot, Token, TokenPrice, Unread
from tests.core.build import MILLION, NOW, curve, market, portfolio, position, snapshot, state

WELL = Token(8453, Address("0xA88594D404727625A9437C3f886C7643872296AE"), "WELL", 18)
OTHER = replace(WELL, address=Address("0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913"), symbol="DOG")
CASH = 10_000 * 10**6
LATER = NOW + 2 * SECONDS_PER_YEAR
WHOLE = Policy(reward_share=Fraction(Decimal(1)), reward_haircut=Fraction(Decimal(0)))
LOW = state("low", 70 * MILLION, 30 * MILLION)
MID = state("mid", 30 * MILLION, 70 * MILLION)
HIGH = state("high", 20 * MILLION, 80 * MILLION, slope1_bps=700)


def price(dollars: str = "0.02", updated: int = NOW) -> Price:
    return Price("well_usd", Units(int(Decimal(dollars) * 10**8)), 8, updated, 3_600)


def emitting(per_second: str, slug: str = "low", **more: Any) -> Programme:
    """Return a programme of so many whole tokens by the second, with means for ten years."""
    rate = Wad(int(Decimal(per_second) * 10**36))
    funds = more.pop("funds", Units(rate * 10 * SECONDS_PER_YEAR // 10**18))
    least = Units(more.pop("least", 0))
    return Programme(slug, "payer", more.pop("token", WELL), Emission(rate, least, funds), **more)


def quoting(apr: str, slug: str = "low", **more: Any) -> Programme:
    token, ends = more.pop("token", WELL), more.pop("ends", LATER)
    told_at = more.pop("told_at", NOW)
    return Programme(slug, "merkl", token, Quote(Rate(Decimal(apr)), told_at, **more), ends=ends)


def paying(
    *programmes: Programme | Untold, markets: tuple[MarketState, ...] = (LOW, MID, HIGH), **more: Any
) -> Snapshot:
    found = more.pop("price", price())
    prices = () if found is None else (TokenPrice(WELL.address, found),)
    return snapshot(*markets, paid=Paid(programmes, prices), **more)


def counted(seen: Snapshot, slug: str = "low", policy: Policy = WHOLE, added: int = 0) -> Decimal:
    return Rewards(seen, policy).apr(slug, added)


def problems(seen: Snapshot, policy: Policy = WHOLE) -> list[str]:
    rewards = Rewards(seen, policy)
    return [part.problem for slug in rewards.slugs for part in rewards.parts(slug)]


# --- how much counts -------------------------------------------------------------------------------


def test_by_default_nothing_counts() -> None:
    """Whatever is paid, and however it came into the snapshot: the decision is the same to its amounts."""
    tempting = decide(paying(emitting("50")), portfolio(CASH), Policy(), NOW)
    plain = decide(snapshot(LOW, MID, HIGH), portfolio(CASH), Policy(), NOW)
    assert Policy().reward_share == 0
    assert (tempting.chosen, tempting.plan, tempting.venues) == (plain.chosen, plain.plan, plain.venues)
    assert Rewards(tempting.snapshot, Policy()).slugs == []


@given(
    st.decimals(0, 1, places=4),
    st.decimals(0, 1, places=4),
    st.integers(0, 2 * SECONDS_PER_YEAR),
    st.integers(0, 10**15),
)
def test_what_counts_is_share_haircut_dilution_and_time(
    share: Decimal, haircut: Decimal, left_s: int, added: int
) -> None:
    """Recomputed in whole numbers: never more than that, and less by the last digits alone."""
    policy = Policy(reward_share=Fraction(share), reward_haircut=Fraction(haircut))
    found = counted(paying(emitting("0.5", ends=NOW + left_s)), policy=policy, added=added)
    rate = Exact(SECONDS_PER_YEAR, 100) * 10**6 / (LOW.supplied + added)  # half a token of two cents
    part = Exact(min(left_s, SECONDS_PER_YEAR), SECONDS_PER_YEAR)
    due = rate * Exact(share) * (1 - Exact(haircut)) * part
    assert due - Exact(2, 10**18) <= Exact(found) <= due + Exact(1, 10**18)


@given(st.integers(0, 2 * SECONDS_PER_YEAR))
def test_nothing_counts_beyond_what_its_payer_holds(lasts_s: int) -> None:
    """A payer with means for ten days counts for ten days, whatever end it names or does not name."""
    one = emitting("0.5", funds=Units(lasts_s * 5 * 10**17))
    part = Exact(min(lasts_s, SECONDS_PER_YEAR), SECONDS_PER_YEAR)
    due = Exact(counted(paying(emitting("0.5")))) * part
    assert abs(Exact(counted(paying(one))) - due) <= Exact(2, 10**18)


def test_parts_add_up_and_other_markets_have_none() -> None:
    """Two programmes on one market are their sum; what is paid elsewhere is paid elsewhere."""
    one, two = emitting("0.5"), quoting("0.01")
    both = paying(one, two)
    assert counted(both) == counted(paying(one)) + counted(paying(two))
    assert (counted(both, "mid"), counted(both, "idle"), counted(both, "nowhere")) == (0, 0, 0)


def test_an_emission_of_nothing_counts_nothing_for_ever() -> None:
    """A speed of zero lasts any time."""
    one = Programme("low", "payer", WELL, Emission(Wad(0), funds=Units(0)))
    assert (counted(paying(one)), problems(paying(one))) == (0, [""])


# --- what never counts -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("programme", "changes", "problem"),
    [
        (emitting("0.5"), {"price": None}, "no_feed"),
        (emitting("0.5", token=OTHER), {}, "no_feed"),
        (quoting("0.01", token=OTHER), {}, "no_feed"),
        (quoting("0.01"), {"price": Unread("WELL", "timeout", "")}, "timeout"),
        (emitting("0.5"), {"price": price("0.02", NOW - 3_961)}, "stale"),
        (emitting("0.5"), {"price": price("0")}, "not_positive"),
        (emitting("0.5"), {"asset_usd": Unread("asset_usd", "reverted", "")}, "reverted"),
        (quoting("0.01", told_at=NOW - QUOTE_FRESH_S - 1), {}, "stale"),
        (quoting("0.01", told_at=NOW + 1), {}, "stale"),
        (quoting("0.01", ends=None), {}, "end_unknown"),
        (emitting("0.5", funds=None), {}, "funds_unknown"),
        (quoting("0.05", net=True), {}, "native_unknown"),
        (quoting("0.6000001"), {}, "too_high"),
        (emitting("10000"), {}, "absurd"),
        (emitting("200"), {}, "too_high"),
        (Untold("low", "merkl", "", "http_503", "down"), {}, "http_503"),
        (emitting("0.5", ends=NOW - 1), {}, "over"),
        (emitting("0.5", starts=NOW + 1), {}, "not_begun"),
    ],
)
def test_what_cannot_be_relied_on_counts_nothing_and_says_why(
    programme: Programme | Untold, changes: dict[str, Any], problem: str
) -> None:
    """At no amount, and without spoiling what stands beside it."""
    seen = paying(programme, **changes)
    rewards = Rewards(seen, WHOLE)
    assert problems(seen) == [problem]
    assert not rewards.counts("low")
    assert {rewards.apr("low", more) for more in (0, 1, 10**15)} == {Decimal(0)}
    assert rewards.ceiling("low") == 0
    assert rewards.known("low") == (problem in {"over", "not_begun"})
    beside = Rewards(paying(programme, quoting("0.02", token=WELL), **{**changes, "price": price()}), WHOLE)
    assert beside.apr("low") >= Decimal("0.02")


def test_a_programme_of_a_market_that_was_not_read_is_left_out() -> None:
    """Nothing is judged there, and no other venue is hurt."""
    seen = snapshot(Unread("low", "timeout", ""), MID, paid=Paid((emitting("0.5"),), ()))
    assert Rewards(seen, WHOLE).slugs == []


def test_just_as_high_as_a_rate_may_be_counts() -> None:
    """The limit is the one of rates, reached and not passed."""
    assert counted(paying(quoting("0.6"))) == Decimal("0.6")
    assert problems(paying(quoting("0.6"))) == [""]


@given(st.decimals(0, 1, places=6).filter(lambda apr: apr < Decimal("0.6")), st.decimals(0, 1, places=6))
def test_a_net_target_and_the_curves_own_rate_never_exceed_the_target(
    target: Decimal, native: Decimal
) -> None:
    """Whatever a source says of the market's own rate, at least what its curve pays comes off."""
    own = base_rate(LOW, NOW)
    assert own is not None
    found = counted(paying(quoting(str(target), net=True, native_apr=Rate(native))))
    assert own + found <= max(target, own)
    assert found == max(Decimal(0), target - max(own, native))


def test_of_a_market_whose_own_rate_cannot_be_told_what_is_told_comes_off() -> None:
    """No curve, no own rate: then the source's figure is all there is."""
    blind = replace(LOW, curve=None)
    seen = paying(quoting("0.05", net=True, native_apr=Rate(Decimal("0.04"))), markets=(blind,))
    assert counted(seen) == Decimal("0.01")


# --- dilution --------------------------------------------------------------------------------------


@given(st.integers(0, 10**15), st.integers(0, 10**15), st.decimals("0.0001", "0.6", places=6))
def test_a_quoted_rate_is_shared_with_what_we_add(first: int, more: int, apr: Decimal) -> None:
    """Its dollars stay the same: the rate falls as what shares it grows; taking out raises nothing."""
    seen = paying(quoting(str(apr)))
    due = Exact(apr) * LOW.supplied / (LOW.supplied + first)
    assert abs(Exact(counted(seen, added=first)) - due) <= Exact(2, 10**18)
    assert counted(seen, added=first + more) <= counted(seen, added=first)
    assert counted(seen, added=-more) == apr


@pytest.mark.parametrize(("shared", "due"), [("1000000", "0.01"), ("10", "0.00000019999800002"), ("0", "0")])
def test_a_quoted_rate_is_shared_among_those_that_its_source_names(shared: str, due: str) -> None:
    """Where fewer share it than supply the market, our deposit takes a larger part."""
    seen = paying(quoting("0.02", shared_usd=Usd(Decimal(shared))))
    assert abs(counted(seen, added=10**12) - Decimal(due)) < Decimal("1e-16")
    assert counted(seen) == Decimal("0.02")


def test_without_the_assets_price_nobody_knows_who_shares_it() -> None:
    """With nothing added the rate stands as told; with anything it counts nothing."""
    seen = paying(quoting("0.02", shared_usd=Usd(Decimal(10**9))), asset_usd=Unread("asset_usd", "x", ""))
    assert (counted(seen), counted(seen, added=1)) == (Decimal("0.02"), 0)


def test_money_on_paper_shares_a_quoted_rate() -> None:
    """No source knows of it, so it thins what the source tells, also before anything is added."""
    held = replace(LOW, curve=curve(70 * MILLION, 30 * MILLION, shift=Units(100 * MILLION)))
    held = replace(held, supplied=Units(LOW.supplied + 100 * MILLION))
    assert counted(paying(quoting("0.02"), markets=(held,))) == Decimal("0.01")
    nobody = replace(held, supplied=Units(100 * MILLION))
    assert counted(paying(quoting("0.02"), markets=(nobody,))) == 0


programmes = st.one_of(
    st.builds(
        lambda rate, least: emitting(str(rate), least=least),
        st.decimals(0, 100, places=3),
        st.integers(0, 3 * 10**14),
    ),
    st.builds(lambda apr: quoting(str(apr)), st.decimals(0, "0.7", places=4)),
)
sizes = st.one_of(st.integers(0, 10), st.integers(0, 10**15))


@given(st.lists(programmes, min_size=1, max_size=3), sizes, st.integers(0, 10**15))
@settings(max_examples=300)
def test_no_amount_counts_for_more_than_the_ceiling(
    given_: list[Programme], supplied: int, added: int
) -> None:
    """Programmes that wait for more, that pay too much for few, and markets with next to nothing in them."""
    rewards = Rewards(paying(*given_, markets=(replace(LOW, supplied=Units(supplied)),)), WHOLE)
    assert rewards.apr("low", added) <= rewards.ceiling("low")
    for bend in rewards.bends("low"):
        assert rewards.apr("low", max(0, bend)) <= rewards.ceiling("low")


@given(
    st.lists(programmes, min_size=1, max_size=3),
    st.lists(st.integers(-(7 * 10**13), 10**15), min_size=3, max_size=3, unique=True),
    st.sampled_from([0, 0, 5 * 10**13]),
)
@settings(max_examples=300)
def test_no_yield_lies_above_its_line(given_: list[Programme], changes: list[int], paper: int) -> None:
    """Interest and rewards together, at any three changes, with money on paper too: what bounds rest on."""
    low, change, high = sorted(changes)
    shape = curve(70 * MILLION, 30 * MILLION, shift=Units(paper))
    held = replace(LOW, curve=shape, supplied=Units(LOW.supplied + paper))
    rewards = Rewards(paying(*given_, markets=(held,)), WHOLE)
    assume(rewards.counts("low"))
    pays = RewardedPays(CurvePays(shape, NOW), rewards, "low")
    assume(all(pays.priced(each) for each in (low, change, high)))
    first, last = pays.line(low, high)
    line = first + Exact((last - first) * (change - low), high - low)
    assert pays.apy(change) <= line + 2 * pays.noise
    assert pays.divisible


def test_what_cannot_be_priced_pays_no_reward_either() -> None:
    """A deposit that would revert earns nothing at all."""
    pays = RewardedPays(
        CurvePays(LOW.curve, NOW),  # type: ignore[arg-type]
        Rewards(paying(quoting("0.02")), WHOLE),
        "low",
    )
    assert pays.apy(0) > 2 * 10**16
    assert pays.apy(-(10**18)) == 0


# --- in decisions ----------------------------------------------------------------------------------


def chosen(decision: Decision) -> tuple[str, str, str]:
    assert decision.chosen is not None
    return decision.action, decision.chosen.move.source, decision.chosen.move.target


def test_a_reward_that_counts_changes_where_money_goes() -> None:
    """Two points on the venue that pays least: with half of it counted it is the best, with a little not."""
    seen = paying(quoting("0.05"))
    half, little = (dataclasses.replace(WHOLE, reward_share=Fraction(Decimal(s))) for s in ("0.9", "0.1"))
    assert chosen(decide(seen, portfolio(CASH), half, NOW)) == ("move", "idle", "low")
    assert chosen(decide(seen, portfolio(CASH), little, NOW)) == ("move", "idle", "high")
    assert chosen(decide(seen, portfolio(CASH), Policy(), NOW)) == ("move", "idle", "high")


def test_what_a_move_gains_by_rewards_is_told_and_is_part_of_its_gain() -> None:
    """Rates stay those of interest alone; of the gain it is said how much is rewards."""
    with_, without = (decide(paying(quoting("0.05")), portfolio(CASH), p, NOW) for p in (WHOLE, Policy()))
    ours = next(one for one in (with_.chosen, *with_.venues) if one and one.move.target == "low")
    plain = next(one for one in without.venues if one.move.target == "low")
    assert ours.move.target_apy_after == plain.move.target_apy_after
    assert ours.move.gain_usd is not None
    assert plain.move.gain_usd is not None
    assert ours.move.gain_usd == plain.move.gain_usd + ours.move.reward_usd
    assert abs(ours.move.reward_usd - Decimal("499.95")) < Decimal("0.01")
    assert plain.move.reward_usd == 0


def test_who_leaves_a_reward_forgoes_it() -> None:
    """Money stays where the reward is, that without it would move; told to come home it loses both."""
    held = portfolio(0, position(LOW, CASH))
    seen = paying(quoting("0.05"))
    assert chosen(decide(seen, held, Policy(), NOW))[0] == "move"
    staying = decide(seen, held, WHOLE, NOW)
    assert staying.action == "hold"
    away = next(one for one in staying.venues if one.move.target == "high")
    assert away.move.reward_usd == -500
    home = decide(seen, held, WHOLE, NOW, Ask("low", "idle"))
    assert home.chosen is not None
    assert home.chosen.move.reward_usd == -500


@pytest.mark.parametrize(
    "blind", [Untold("low", "payer", "WELL", "timeout", "late"), quoting("0.05", ends=None)]
)
def test_an_unknown_reward_makes_no_other_venue_look_better(blind: Programme | Untold) -> None:
    """Who leaves what may pay more than is known gains nothing by rewards elsewhere, interest apart."""
    held = portfolio(0, position(LOW, CASH))
    known = decide(paying(quoting("0.02", "mid"), markets=(LOW, MID)), held, WHOLE, NOW)
    blinded = decide(paying(blind, quoting("0.02", "mid"), markets=(LOW, MID)), held, WHOLE, NOW)
    (there,), (gone,) = known.venues, blinded.venues
    assert there.move.reward_usd > 190
    assert gone.move.reward_usd == 0
    assert gone.move.gain_usd == there.move.gain_usd - there.move.reward_usd  # type: ignore[operator]


def test_a_tempting_reward_passes_no_gate_on_bait() -> None:
    """What looks at the rate looks at interest: with a reward or without, the same verdicts to the digit."""
    profit = {"apy_gain", "annual_gain", "break_even", "risk_gain"}
    policy = dataclasses.replace(WHOLE, max_apy=Fraction(Decimal("0.60")))
    lured, plain = (decide(seen, portfolio(CASH), policy, NOW, Ask("idle", "low")) for seen in (
        paying(quoting("0.59")), snapshot(LOW, MID, HIGH)))  # fmt: skip
    assert lured.chosen is not None
    assert plain.chosen is not None
    for one, other in zip(lured.chosen.verdicts, plain.chosen.verdicts, strict=True):
        assert one == other or one.gate in profit


def test_the_premium_on_risk_is_weighed_against_rewards_too() -> None:
    """A reward is yield gained there as well; where its dollars are not known nothing is added."""
    policy = dataclasses.replace(WHOLE, risk_premium=Fraction(Decimal("0.01")))
    gains = []
    for seen in (paying(quoting("0.05")), snapshot(LOW)):
        found = decide(seen, portfolio(CASH), policy, NOW, Ask("idle", "low")).chosen
        assert found is not None
        (verdict,) = (one for one in found.verdicts if one.gate == "risk_gain")
        gains.append(verdict.measured)
    assert abs(gains[0] - gains[1] - Decimal("0.05")) < Decimal("0.00001")
    stale = replace(snapshot(LOW).asset_usd, updated=0)  # type: ignore[type-var]
    seen = paying(quoting("0.05"), asset_usd=stale)
    found = decide(seen, portfolio(CASH), policy, NOW, Ask("idle", "low")).chosen
    assert found is not None
    (verdict,) = (one for one in found.verdicts if one.gate == "risk_gain")
    assert verdict.measured == gains[1]


def test_a_decision_with_rewards_replays_to_the_same_bytes() -> None:
    """All that counts stands in the snapshot, what was not told included."""
    seen = paying(quoting("0.05"), emitting("0.5", "mid"), Untold("high", "merkl", "", "http_503", "down"))
    made = decide(seen, portfolio(CASH, position(MID, CASH)), WHOLE, NOW)
    data = canonical.dumps(made)
    assert canonical.dumps(replay(canonical.loads(Decision, data))) == data


@given(
    st.lists(
        st.one_of(
            st.builds(
                lambda slug, rate, least: emitting(str(rate), slug, least=least),
                st.sampled_from(["low", "mid", "high"]),
                st.decimals(0, 5, places=2),
                st.sampled_from([0, 0, 10**14 + 5 * 10**9]),
            ),
            st.builds(
                lambda slug, apr: quoting(str(apr), slug),
                st.sampled_from(["low", "mid", "high"]),
                st.decimals(0, "0.1", places=3),
            ),
        ),
        max_size=4,
    ),
    st.integers(0, 50_000 * 10**6),
    st.integers(0, 50_000 * 10**6),
)
@settings(max_examples=60, deadline=None)
def test_pruning_by_bounds_changes_no_decision(given_: list[Programme], idle: int, held: int) -> None:
    """The best of all pairs priced one by one is the best that is found, with any rewards."""
    seen, mine = paying(*given_), portfolio(idle, position(MID, held))
    desk = Desk(seen, mine, WHOLE, NOW)
    found = best(desk, desk.readings, lambda _: True, Decimal("0.01"))
    nets = []
    for source in desk.sources:
        for target in desk.readings:
            move = desk.judgement(source, target).move
            if target == source.slug or move.gain_usd is None or isinstance(move.cost, Unread):
                continue
            net = move.gain_usd - move.cost.usd
            # What pruning may leave out is what the least yield refuses: `accept` must not take it.
            if net >= Decimal("0.01") and net / desk.worth(move.amount) >= WHOLE.min_apy_gain:  # type: ignore[operator]
                nets.append(net)
    most = None if found is None else found.move.gain_usd - found.move.cost.usd  # type: ignore[operator,union-attr]
    if nets:
        assert most is not None
        assert most >= max(nets)


# --- in the split ----------------------------------------------------------------------------------


def test_a_split_goes_where_interest_and_rewards_are_highest() -> None:
    """Three twins, one with a reward: it gets most, less than all as soon as the reward is thinned enough."""
    twins = tuple(state(slug, 700_000 * 10**6, 300_000 * 10**6) for slug in ("low", "mid", "other"))
    policy = dataclasses.replace(WHOLE, split=True, min_apy_gain=Fraction(Decimal(0)))
    plain = decide(paying(markets=twins), portfolio(50 * CASH), policy, NOW)
    paid = decide(paying(emitting("0.03"), markets=twins), portfolio(50 * CASH), policy, NOW)
    assert plain.target is not None
    assert paid.target is not None
    shares = {one.slug: one.target for one in paid.target.shares}
    even = {one.slug: one.target for one in plain.target.shares}
    assert shares["low"] > even["low"]
    assert paid.target.apy > plain.target.apy
    assert paid.target.gap_bps is not None
    assert paid.target.gap_bps <= 1
    assert canonical.dumps(replay(paid)) == canonical.dumps(paid)


def test_what_stays_at_both_ends_of_a_split_is_thinned_and_thickened() -> None:
    """Adding to a rewarded venue thins what is there already, and that counts."""
    policy = dataclasses.replace(WHOLE, split=True)
    seen = paying(emitting("5"))
    rewards = Rewards(seen, WHOLE)
    held = portfolio(CASH, position(LOW, 100 * CASH))
    move = Desk(seen, held, policy, NOW).judgement(Desk(seen, held, policy, NOW).sources[0], "low").move
    there, now = rewards.apr("low", CASH), rewards.apr("low")
    assert move.reward_usd == 10_000 * there + 1_000_000 * (there - now)
    leaving = Desk(seen, held, policy, NOW)
    source = leaving.source("low")
    assert source is not None
    away = leaving.judgement(source, "mid", Units(CASH)).move
    thicker = rewards.apr("low", -CASH)
    assert away.reward_usd == -10_000 * now + 990_000 * (thicker - now)


def test_parts_tell_what_each_programme_counts_for() -> None:
    """By source and token, before anything is added."""
    rewards = Rewards(paying(quoting("0.02"), Untold("mid", "payer", "WELL", "timeout", "late")), WHOLE)
    assert rewards.slugs == ["low", "mid"]
    assert rewards.parts("low") == (CountedPart("merkl", "WELL", Rate(Decimal("0.02")), ""),)
    assert rewards.parts("mid") == (CountedPart("payer", "WELL", Rate(Decimal(0)), "timeout"),)
    assert rewards.parts("high") == ()
    assert market("low").slug == "low"
