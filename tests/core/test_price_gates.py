"""Laws of the price gates: nobody enters while prices are in doubt, and silence is told as silence."""

from __future__ import annotations

import dataclasses
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mammon.core import canonical
from mammon.core.decide import Ask, Decision, decide, replay
from mammon.core.numbers import Units
from mammon.core.policy import Policy
from mammon.core.prices import MOST_SAMPLES, PRICE_FRESH_S, remembered, run_ends
from mammon.core.tracks import PriceSample, Witness
from mammon.core.types import Price, Snapshot, Unread, Verdict
from tests.core.build import NOW, portfolio, position, snapshot, state

ONE = Decimal(1)
ETH = Decimal(3000)


def decided(shot: dict[str, Any], **policy: Any) -> Decision:
    whole = dataclasses.replace(snapshot(state("good")), **shot)
    return decide(whole, portfolio(), dataclasses.replace(Policy(), **policy), NOW + 2)


def verdict(decision: Decision, code: str) -> Verdict:
    assert decision.chosen is not None
    return next(found for found in decision.chosen.verdicts if found.gate == code)


def usd(value: str, age_s: int = 60) -> Price:
    return Price("USDC/USD", Units(int(Decimal(value).scaleb(8))), 8, NOW - age_s, 86_400)


def said(value: str, source: str = "kraken", subject: str = "asset_usd", age_s: int = 60) -> Witness:
    return Witness(source, subject, Decimal(value), NOW - age_s)


def was(value: str, age_s: int, subject: str = "asset_usd") -> PriceSample:
    return PriceSample(subject, Decimal(value), NOW - age_s)


# --- agreement -----------------------------------------------------------------------------------


def test_nobody_asked_is_told_and_not_taken_for_agreement() -> None:
    """Without any witness nothing is measured; the policy can make that a refusal."""
    found = verdict(decided({}), "price_agrees")
    assert (found.passed, found.measured, found.detail) == (True, None, "no_witness")
    held = decided({}, min_price_witnesses=1)
    assert held.refused_by == ("price_agrees",)
    assert verdict(held, "price_agrees").detail == "witnesses:0"


@pytest.mark.parametrize(
    ("witness", "why"),
    [
        (Unread("asset_usd", "deadline", "kraken: late"), "asset_usd:unread:deadline"),
        (said("0.5", age_s=PRICE_FRESH_S + 1), "asset_usd:stale"),
        (said("0.5", age_s=-3600), "asset_usd:from_the_future"),
    ],
)
def test_a_source_that_cannot_be_used_stops_only_what_asks_for_it(witness: Any, why: str) -> None:
    """Dead, old or of tomorrow: told; refused only where the policy asks for a witness."""
    assert decided({"witnesses": (witness,)}).action == "move"
    found = verdict(decided({"witnesses": (witness,)}), "price_agrees")
    assert (found.passed, found.measured, found.detail) == (True, None, why)
    held = verdict(decided({"witnesses": (witness,)}, min_price_witnesses=1), "price_agrees")
    assert (held.passed, held.detail) == (False, why)


def test_one_source_that_differs_outweighs_those_that_agree() -> None:
    """A lying source costs a deposit, never money."""
    witnesses = (said("1", "a"), said("1.0001", "b"), said("0.99", "liar"))
    held = decided({"witnesses": witnesses}, min_price_witnesses=2)
    assert held.refused_by == ("price_agrees",)
    found = verdict(held, "price_agrees")
    assert found.detail == "asset_usd:liar"
    assert found.measured == Decimal("0.01")
    assert decided({"witnesses": witnesses[:2]}, min_price_witnesses=2).action == "move"


def test_the_price_of_gas_has_a_limit_of_its_own() -> None:
    """ETH/USD prices gas alone: it may differ by more, and does not count as a witness of the asset."""
    near, far = said("2860", subject="eth_usd"), said("2849", subject="eth_usd")
    assert decided({"witnesses": (near,)}).action == "move"
    assert decided({"witnesses": (near,)}, min_price_witnesses=1).refused_by == ("price_agrees",)
    held = decided({"witnesses": (said("1"), far)})
    assert held.refused_by == ("price_agrees",)
    assert verdict(held, "price_agrees").detail == "eth_usd:kraken"


def test_a_feed_that_cannot_be_used_is_compared_with_nobody() -> None:
    """A stale price of the chain is refused by its own gate, whatever a source says."""
    held = decided({"asset_usd": usd("1", age_s=200_000), "witnesses": (said("1"),)})
    assert "peg" in held.refused_by
    assert verdict(held, "price_agrees").measured is None


def test_a_limit_of_nothing_wants_the_same_price() -> None:
    """At a limit of 0 the same figure passes and any other is refused."""
    same, other = ({"witnesses": (said(value),)} for value in ("1", "1.000001"))
    assert decided(same, max_asset_price_gap=Decimal(0)).action == "move"
    assert decided(other, max_asset_price_gap=Decimal(0)).refused_by == ("price_agrees",)


# --- the breaker ---------------------------------------------------------------------------------


def test_a_flash_move_is_refused_and_for_a_while_after_it() -> None:
    """A fall within the window rests entering, also once the price is back, until the rest is over."""
    fall = (was("1", 600), was("0.98", 300))
    assert verdict(decided({"prices": fall}), "price_steady").detail == "asset_usd"
    assert decided({"prices": fall}).refused_by == ("price_steady",)
    back = (was("1", 1400), was("0.98", 1100), was("1", 901))
    assert decided({"prices": back}).action == "move"
    back = (was("1", 1400), was("0.98", 1100), was("1", 900))
    assert decided({"prices": back}).refused_by == ("price_steady",)


def test_a_slow_move_is_none() -> None:
    """The same distance, further apart than the window, is the business of the peg's own gate."""
    assert decided({"asset_usd": usd("0.996"), "prices": (was("1.003", 901),)}).action == "move"
    assert decided({"asset_usd": usd("0.996"), "prices": (was("1.003", 900),)}).action == "hold"


def test_the_price_of_gas_may_move_further() -> None:
    """A tenth of ETH's price in a quarter of an hour is what halts, not what the asset's would."""
    for value, action in (("3333", "move"), ("3334", "hold")):
        found = decided({"prices": (was(value, 300, "eth_usd"),)})
        assert found.action == action


def test_the_largest_move_is_between_two_readings_that_count() -> None:
    """Not between two older ones that merely lie within the window of a third."""
    prices = (was("1", 950), was("0.992", 920), was("0.996", 100))
    found = verdict(decided({"asset_usd": usd("0.996"), "prices": prices}), "price_steady")
    assert (found.passed, found.measured) == (True, Decimal("0.004016064"))


@given(prices=st.lists(st.tuples(st.integers(1, 2400), st.sampled_from(["1", "0.997", "0.99"])), max_size=12))
def test_the_breaker_measures_what_every_pair_would(prices: list[tuple[int, str]]) -> None:
    """Against a plain walk through all pairs of readings."""
    series = sorted({age_s: Decimal(value) for age_s, value in prices}.items(), reverse=True)
    given_ = tuple(PriceSample("asset_usd", value, NOW - age_s) for age_s, value in series)
    ends = [(sample.at, sample.usd) for sample in run_ends([*given_, PriceSample("asset_usd", ONE, NOW)])]
    pairs = [
        (early, late)
        for at, late in ends
        for before, early in ends
        if before < at and at - before <= 900 and NOW - at <= 900
    ]
    found = verdict(decided({"prices": given_}), "price_steady")
    assert found.passed == all(1 - min(pair) / max(pair) <= Decimal("0.005") for pair in pairs)
    assert (found.measured is None) == (not pairs)


def test_moves_are_seen_where_the_price_now_is_not() -> None:
    """What was read before speaks also when the feed cannot be read now."""
    prices = (was("1", 600), was("0.98", 300))
    held = decided({"asset_usd": Unread("asset_usd", "timeout", "late"), "prices": prices})
    assert not verdict(held, "price_steady").passed


def test_a_reading_of_this_block_or_later_is_no_earlier_one() -> None:
    """A reorganised chain can be behind what was read: what is not before the block does not count."""
    prices = (was("0.5", 0), was("0.5", -12))
    found = verdict(decided({"prices": prices}), "price_steady")
    assert (found.passed, found.measured, found.detail) == (True, None, "no_earlier_reading")
    found = verdict(decided({"prices": (was("1", 300), *prices)}), "price_steady")
    assert (found.passed, found.measured) == (True, 0)


def test_a_reading_of_nothing_is_none() -> None:
    """A document may say what no feed can: nothing is worth nothing."""
    found = verdict(decided({"prices": (was("0", 300), was("-1", 200))}), "price_steady")
    assert (found.passed, found.measured) == (True, None)


# --- what is remembered --------------------------------------------------------------------------


def test_of_a_price_that_stands_still_its_ends_are_kept() -> None:
    """A quiet hour is two rows; nothing before the window and the rest is kept."""
    known: tuple[PriceSample, ...] = ()
    for age_s in range(3600, -1, -60):
        shot = _at(NOW - age_s, "1")
        known = remembered(known, shot, 1800)
    assets = [sample.at - NOW for sample in known if sample.subject == "asset_usd"]
    assert assets == [-1800, 0]


@given(
    values=st.lists(st.sampled_from(["1", "0.999", "0.99", "1.001"]), min_size=1, max_size=60),
    step=st.integers(20, 400),
)
def test_what_is_let_go_of_changes_no_verdict(values: list[str], step: int) -> None:
    """The breaker says of the thinned readings what it says of all of them, up to their number."""
    keep_s = 1800
    known: tuple[PriceSample, ...] = ()
    every: list[PriceSample] = []
    for number, value in enumerate(values):
        at = NOW - step * (len(values) - number)
        known = remembered(known, _at(at, value), keep_s)
        every.append(PriceSample("asset_usd", Decimal(value), at))
    thinned = verdict(decided({"prices": known}), "price_steady")
    whole = verdict(decided({"prices": tuple(s for s in every if NOW - s.at <= keep_s)}), "price_steady")
    if len(values) <= MOST_SAMPLES:
        assert (thinned.passed, thinned.measured or 0) == (whole.passed, whole.measured or 0)
    assert len(known) <= 2 * MOST_SAMPLES


def test_a_price_that_was_not_read_is_not_remembered() -> None:
    """Unread and zero are no readings."""
    for feed in (Unread("asset_usd", "timeout", "late"), usd("0")):
        shot = dataclasses.replace(snapshot(), asset_usd=feed)
        assert [sample.subject for sample in remembered((), shot, 1800)] == ["eth_usd"]


# --- history -------------------------------------------------------------------------------------

MARCH_2023 = {
    # hour of 2023-03-10/11 UTC: USDC/USD as the Ethereum feed had it, and Aave v3's USDC supply rate there
    "10T22": ("1.00019", "0.0184"),
    "10T23": ("0.997559", "0.0184"),
    "11T02": ("0.990909", "0.0283"),
    "11T04": ("0.942828", "0.0306"),
    "11T08": ("0.8833", "0.0184"),
    "11T14": ("0.913", "0.0068"),
    "11T20": ("0.9535", "0.0044"),
}


def test_in_march_2023_the_peg_was_what_broke_and_not_the_rate() -> None:
    """Nothing in the rates of those hours is out of the ordinary: what refuses is the gate of the peg."""
    for price, rate in MARCH_2023.values():
        assert Decimal("0.004") < Decimal(rate) < Decimal("0.031")
        held = decided({"asset_usd": usd(price)})
        broken = Decimal(price) < Policy().min_price_usd
        assert ("peg" in held.refused_by) == broken
        assert verdict(held, "rate_sane").passed
        assert verdict(held, "venue_open").passed


def test_a_feed_that_lags_a_broken_peg_is_outvoted() -> None:
    """The feed still says a dollar, an exchange does not: nothing is entered."""
    for price, _ in MARCH_2023.values():
        held = decided({"asset_usd": usd("1.00019"), "witnesses": (said(price),)})
        assert (held.refused_by == ("price_agrees",)) == (Decimal(price) < Decimal("0.995"))


# --- everything together -------------------------------------------------------------------------


def test_money_comes_home_whatever_prices_do() -> None:
    """No price gate stands in the way of a withdrawal."""
    good = state("good")
    shot = dataclasses.replace(
        snapshot(good), witnesses=(said("0.5"),), prices=(was("1", 600), was("0.5", 300))
    )
    account = portfolio(0, position(good, 10**9))
    assert decide(shot, account, Policy(), NOW + 2, Ask("good", "idle")).action == "exit"


witnesses = st.builds(
    Witness,
    st.sampled_from(["kraken", "defillama"]),
    st.sampled_from(["asset_usd", "eth_usd", "good"]),
    st.decimals(min_value="0.000001", max_value=10_000, places=6),
    st.integers(NOW - 10_000, NOW + 1000),
)
unread = st.builds(Unread, st.sampled_from(["asset_usd", "eth_usd"]), st.just("deadline"), st.just("late"))
samples = st.builds(
    PriceSample,
    st.sampled_from(["asset_usd", "eth_usd"]),
    st.decimals(min_value="0.000001", max_value=10_000, places=6),
    st.integers(NOW - 3000, NOW + 10),
)


@given(
    words=st.lists(witnesses | unread, max_size=6),
    prices=st.lists(samples, max_size=6),
    wanted=st.integers(0, 2),
)
def test_no_witness_ever_lets_anything_through(words: Any, prices: Any, wanted: int) -> None:
    """Sources only ever speak against a move: with any words whatever a move made is one made without."""
    bare = decided({})
    found = decided({"witnesses": tuple(words), "prices": tuple(prices)}, min_price_witnesses=wanted)
    assert bare.action == "move"
    assert found.action in ("move", "hold")
    if found.action == "move":
        assert found.plan == bare.plan
    assert canonical.dumps(replay(found)) == canonical.dumps(found)
    assert canonical.loads(Decision, canonical.dumps(found)) == found


def _at(at: int, value: str) -> Snapshot:
    shot = snapshot()
    block = dataclasses.replace(shot.block, timestamp=at)
    return dataclasses.replace(shot, block=block, asset_usd=dataclasses.replace(usd(value), updated=at))
