"""Laws of the Comet curve: vectors, a second implementation, what supply and time do to the rate."""

from __future__ import annotations

import dataclasses
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mammon.core import canonical, rates
from mammon.core.curves import AnyCurve, CometCurve
from mammon.core.curves.comet import INDEX_SCALE, RateLine, principal_of, worth
from mammon.core.fixed import SECONDS_PER_YEAR, WAD
from mammon.core.rates import Scale
from tests.core.comet_reference import Comet, Line

MILLION = 10**12
MONTH = 30 * 86_400
NOW = 1_800_000_000


def per_second(milli: int) -> int:
    """Thousandths a year, as the configuration of a Comet turns them into seconds."""
    return milli * 10**15 // SECONDS_PER_YEAR


SUPPLY = RateLine(85 * WAD // 100, 0, per_second(48), per_second(1_600))
BORROW = RateLine(85 * WAD // 100, per_second(15), per_second(53), per_second(1_800))


def comet(**changes: Any) -> CometCurve:
    """The base.md §8 market C1: 40M borrowed of 50M, at par."""
    fields: dict[str, Any] = {
        "supply_index": INDEX_SCALE,
        "borrow_index": INDEX_SCALE,
        "supply_principal": 50 * MILLION,
        "borrow_principal": 40 * MILLION,
        "updated_at": NOW,
        "supply": SUPPLY,
        "borrow": BORROW,
    }
    return CometCurve(**(fields | changes))


@st.composite
def curves(draw: st.DrawFn) -> CometCurve:
    """Any market that could be: also over-utilised, tiny, empty or years old."""
    line = st.builds(
        RateLine, st.integers(0, WAD), st.integers(0, 10**10), st.integers(0, 10**11), st.integers(0, 10**12)
    )
    return comet(
        supply_index=draw(st.integers(INDEX_SCALE, 2 * INDEX_SCALE)),
        borrow_index=draw(st.integers(INDEX_SCALE, 2 * INDEX_SCALE)),
        supply_principal=draw(st.integers(0, 10**15)),
        borrow_principal=draw(st.integers(0, 10**15)),
        updated_at=NOW,
        supply=draw(line),
        borrow=draw(line),
    )


# --- vectors -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("borrowed", "supplied", "added", "rate", "apr", "apy"),
    [
        (40 * MILLION, 50 * MILLION, 0, 1217656012, "0.038399999994432", "0.039146808451148492"),
        (40 * MILLION, 50 * MILLION, 10 * MILLION, 1014713343, "0.031999999984848", "0.032517505272710366"),
        (47_500_000_000_000, 50 * MILLION, 0, 6367326229, "0.200799999957744", "0.222380270486732187"),
    ],
)
def test_published_vectors(borrowed: int, supplied: int, added: int, rate: int, apr: str, apy: str) -> None:
    """C1 to C3 of the facts: rate by the second, its APR, and its APY compounded each second."""
    curve = comet(borrow_principal=borrowed, supply_principal=supplied)
    assert curve.rate_after(added, NOW) == rate
    assert str(rates.apr(rate, curve.scale).normalize()) == apr
    assert str(rates.apy(rate, curve.scale)) == apy


# --- the second implementation -------------------------------------------------------------------


def reference(rng: random.Random) -> Comet:
    """A market with a past: many accounts, both sides of the kink, indices off par."""
    supply, borrow = (
        Line(rng.randint(5, 10) * WAD // 10, rng.choice((0, rng.randint(1, 10**9))), *slopes)
        for slopes in ((rng.randint(1, 5 * 10**9), rng.randint(1, 10**11)) for _ in range(2))
    )
    market = Comet(supply, borrow, NOW)
    market.supply_index, market.borrow_index = (rng.randint(10**15, 2 * 10**15) for _ in range(2))
    for turn in range(rng.randint(1, 4)):
        size = rng.randint(1, 10 ** rng.randint(3, 15))
        market.supply(f"lender {turn}", size, market.time + rng.choice((0, 2, rng.randint(1, MONTH))))
        share = rng.choice((0, 1000, 850, rng.randint(0, 1100)))
        market.withdraw(f"borrower {turn}", size * share // 1000, market.time + rng.randint(0, 7200))
    return market


def curve_of(market: Comet) -> CometCurve:
    """What an adapter would read of it."""
    lines = (
        RateLine(line.kink, line.base, line.low, line.high)
        for line in (market.supply_line, market.borrow_line)
    )
    return CometCurve(
        market.supply_index,
        market.borrow_index,
        market.total_supply,
        market.total_borrow,
        market.time,
        *lines,
    )


@pytest.mark.parametrize("chunk", range(10))
def test_the_curve_is_the_contract(chunk: int) -> None:
    """1,500 random points: after a real supply, every integer is the second implementation's."""
    for seed in range(chunk * 150, chunk * 150 + 150):
        rng = random.Random(f"comet:{seed}")
        market = reference(rng)
        curve = curve_of(market)
        assert curve.rate_now() == market.supply_line.rate(market.utilisation())
        assert curve.borrow_rate_now() == market.borrow_line.rate(market.utilisation())
        at = market.time + rng.choice((0, 2, rng.randint(1, MONTH)))
        accrued = curve.accrued(at)
        assert (accrued.supply_index, accrued.borrow_index) == market.indices(at)
        ours, amount = rng.choice((0, rng.randint(1, 10**13))), rng.randint(0, 10 ** rng.randint(1, 14))
        market.supply("us", ours, at)
        market.supply("us", amount, at)
        shifted = dataclasses.replace(curve, shift=ours)
        assert shifted.rate_after(amount, at) == market.supply_line.rate(market.utilisation()), seed
        assert shifted.rate_after(amount, at) == shifted.quotes(at).rate_after(amount)
        assert dataclasses.replace(curve_of(market)).rate_after(0, at) == shifted.rate_after(amount, at)


@pytest.mark.parametrize("chunk", range(4))
def test_a_withdrawal_is_a_negative_amount(chunk: int) -> None:
    """400 points: taking a part of our own money out leaves the rate the contract then has."""
    for seed in range(chunk * 100, chunk * 100 + 100):
        rng = random.Random(f"comet out:{seed}")
        market = reference(rng)
        curve, at = curve_of(market), market.time + rng.randint(0, MONTH)
        ours = rng.randint(10**6, 10**13)
        shifted = dataclasses.replace(curve, shift=ours)
        market.supply("us", ours, at)
        taken = rng.randint(0, market.value("us"))
        market.withdraw("us", taken, at)
        assert market.accounts["us"] >= 0
        assert shifted.rate_after(-taken, at) == market.supply_line.rate(market.utilisation()), seed


def test_money_of_others_can_be_withdrawn_too_but_no_more_than_there_is() -> None:
    """Without a shift the amount burns as much principal as it needs, rounded up."""
    curve = comet(supply_index=3 * INDEX_SCALE // 2, borrow_principal=0)
    assert curve.rate_after(-75 * MILLION, NOW) == 0
    with pytest.raises(ValueError, match="more is withdrawn"):
        curve.rate_after(-75 * MILLION - 1, NOW)
    busy = comet(supply_index=3 * INDEX_SCALE // 2)
    assert busy.rate_after(-1, NOW) >= busy.rate_after(0, NOW)


def test_the_first_supply_of_a_market_in_debt_is_below_its_ceiling() -> None:
    """Reserves may have paid every supplier out while debt remains."""
    left = comet(supply_principal=0, borrow_principal=1000)
    assert left.rate_after(0, NOW) == 0 < left.rate_after(1, NOW) == left.rate_ceiling(NOW)


# --- laws ----------------------------------------------------------------------------------------


@given(curves(), st.integers(0, MONTH), st.integers(0, 10**15), st.integers(0, 10**15))
@settings(max_examples=300, deadline=None)
def test_more_supply_never_raises_the_rate(curve: CometCurve, wait: int, amount: int, more: int) -> None:
    """Supply lowers utilisation, once there is any: an empty market counts as unused whatever is owed."""
    at = NOW + wait
    less, after = curve.rate_after(amount, at), curve.rate_after(amount + more, at)
    assert max(less, after) <= curve.rate_ceiling(at)
    if curve.supplied_at(at):
        assert after <= less
        assert curve.rate_ceiling(at) == curve.rate_after(0, at)
    assert curve.quotes(at).ceiling(amount) == curve.rate_ceiling(at)


@given(st.integers(INDEX_SCALE, 3 * INDEX_SCALE), st.integers(0, 10**20))
@settings(max_examples=300, deadline=None)
def test_a_supply_is_worth_at_most_itself_and_at_least_all_but_its_rounding(index: int, amount: int) -> None:
    """Present value and principal floor: right after a supply the balance is short by an index at most."""
    held = worth(principal_of(amount, index), index)
    assert amount - index // INDEX_SCALE - 1 <= held <= amount


@given(curves(), st.integers(0, MONTH), st.integers(0, MONTH))
@settings(max_examples=200, deadline=None)
def test_indices_never_fall(curve: CometCurve, first: int, second: int) -> None:
    """Time only adds, and no time adds nothing."""
    early, late = curve.accrued(NOW + first), curve.accrued(NOW + first + second)
    assert curve.supply_index <= early.supply_index <= late.supply_index
    assert curve.borrow_index <= early.borrow_index <= late.borrow_index
    assert curve.accrued(NOW) == curve
    assert curve.supplied_at(NOW) == worth(curve.supply_principal, curve.supply_index)
    assert curve.borrowed_at(NOW) == worth(curve.borrow_principal, curve.borrow_index)


def test_time_does_not_go_back() -> None:
    """A moment before the last update has no answer."""
    with pytest.raises(ValueError, match="before"):
        comet().rate_after(0, NOW - 1)


def test_utilisation_may_pass_one() -> None:
    """Debt grows faster than supply: the rate goes on along its line."""
    over = comet(borrow_principal=51 * MILLION)
    assert over.utilisation_now() == 51 * WAD // 50
    assert over.rate_now() > comet(borrow_principal=50 * MILLION).rate_now()
    assert comet(supply_principal=0).rate_now() == SUPPLY.base


def test_the_rate_is_compounded_each_second() -> None:
    """The scale says how the integer reads; nothing else in the program knows."""
    assert CometCurve.scale is Scale.WAD_EACH_SECOND


@given(curves(), st.integers(0, 10**15))
@settings(max_examples=100, deadline=None)
def test_a_curve_survives_canonical_json(curve: CometCurve, shift: int) -> None:
    """Decisions are replayed from their bytes, alone and as one of the kinds a market may have."""
    shifted = dataclasses.replace(curve, shift=shift)
    assert canonical.loads(CometCurve, canonical.dumps(shifted)) == shifted
    kind: Any = AnyCurve
    assert canonical.decode(kind, canonical.encode(shifted) | {"kind": "comet_curve"}) == shifted
