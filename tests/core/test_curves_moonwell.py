"""Laws of the Moonwell curve: vectors, a second implementation, the cap, what cannot accrue."""

from __future__ import annotations

import dataclasses
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mammon.core import canonical, rates
from mammon.core.curves import AnyCurve, MoonwellCurve
from mammon.core.curves.moonwell import MAX_BORROW_RATE, JumpRate, Totals, accrue
from mammon.core.fixed import SECONDS_PER_YEAR, WAD
from mammon.core.rates import Scale
from tests.core.moonwell_reference import JumpModel, MToken

MILLION = 10**12
MONTH = 30 * 86_400
NOW = 1_800_000_000

MODEL = JumpRate(0, 615 * 10**14 // SECONDS_PER_YEAR, 9 * WAD // SECONDS_PER_YEAR, 9 * WAD // 10)


def market(**changes: Any) -> MoonwellCurve:
    """The base.md §8 market M1: 10M of cash, 40M of debt, half a million of reserves."""
    fields: dict[str, Any] = {
        "cash": 10 * MILLION,
        "borrows": 40 * MILLION,
        "reserves": MILLION // 2,
        "borrow_index": WAD,
        "updated_at": NOW,
        "reserve_factor": WAD // 10,
        "model": MODEL,
    }
    return MoonwellCurve(**(fields | changes))


@st.composite
def curves(draw: st.DrawFn) -> MoonwellCurve:
    """Any market whose reserves are no more than it has, whether it can accrue or not."""
    cash, borrows = draw(st.integers(1, 10**15)), draw(st.integers(0, 10**15))
    model = st.builds(
        JumpRate, st.integers(0, 10**10), st.integers(0, 10**11), st.integers(0, 10**12), st.integers(0, WAD)
    )
    return market(
        cash=cash,
        borrows=borrows,
        reserves=draw(st.integers(0, cash - 1)),
        reserve_factor=draw(st.integers(0, WAD)),
        model=draw(model),
    )


# --- vectors -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cash", "borrows", "added", "borrow", "supply", "apr", "apy"),
    [
        (10, 40, 0, 1575880571, 1146094959, "0.036143250627024", "0.036802503491272374"),
        (10, 40, 5, 1431304372, 945448758, "0.029815672032288", "0.030263355308798615"),
        (2, 48, 0, 21645824684, 18890901541, "0.595743470996976", "0.813498442490275154"),
    ],
)
def test_published_vectors(
    cash: int, borrows: int, added: int, borrow: int, supply: int, apr: str, apy: str
) -> None:
    """M1 to M3 of the facts: both rates by the second, the APR, and the APY compounded each day."""
    curve = market(cash=cash * MILLION, borrows=borrows * MILLION)
    assert curve.rate_after(added * MILLION, NOW) == supply
    assert market(cash=(cash + added) * MILLION, borrows=borrows * MILLION).borrow_rate_now() == borrow
    assert str(rates.apr(supply, curve.scale).normalize()) == apr
    assert str(rates.apy(supply, curve.scale)) == apy


# --- the second implementation -------------------------------------------------------------------


def reference(rng: random.Random) -> MToken:
    """A market with a past: deposits, loans, time, reserves."""
    model = JumpModel(
        rng.choice((0, rng.randint(1, 10**9))),
        rng.randint(1, 5 * 10**9),
        rng.randint(1, 10**11),
        rng.randint(1, 10) * WAD // 10,
    )
    token = MToken(model, rng.choice((0, WAD, rng.randint(0, WAD))), NOW, initial=rng.randint(10**14, 10**15))
    for _ in range(rng.randint(1, 4)):
        token.mint("lender", rng.randint(10**3, 10 ** rng.randint(4, 15)), token.time + rng.randint(0, MONTH))
        share = rng.choice((0, 1000, 900, rng.randint(0, 1000)))
        token.lend(token.cash * share // 1000, token.time + rng.randint(0, 7200))
    return token


def curve_of(token: MToken) -> MoonwellCurve:
    """What an adapter would read of it."""
    model = token.model
    return MoonwellCurve(
        token.cash,
        token.borrows,
        token.reserves,
        token.borrow_index,
        token.time,
        token.factor,
        JumpRate(model.base, model.multiplier, model.jump, model.kink),
    )


@pytest.mark.parametrize("chunk", range(10))
def test_the_curve_is_the_contract(chunk: int) -> None:
    """1,500 random points: after a real mint, every integer is the second implementation's."""
    for seed in range(chunk * 150, chunk * 150 + 150):
        rng = random.Random(f"moonwell:{seed}")
        token = reference(rng)
        curve, at = curve_of(token), token.time + rng.choice((0, 2, rng.randint(1, MONTH)))
        assert curve.rate_now() == token.supply_rate()
        assert curve.borrow_rate_now() == token.model.borrow(token.cash, token.borrows, token.reserves)
        ours, amount = rng.choice((0, rng.randint(1, 10**13))), rng.randint(0, 10 ** rng.randint(1, 14))
        token.accrue(at)
        then = curve.accrued(at)
        assert (then.borrows, then.reserves, then.borrow_index) == (
            token.borrows, token.reserves, token.borrow_index,
        )  # fmt: skip
        assert curve.supplied_at(at) * WAD // token.supply == token.exchange()
        token.mint("us", ours, at)
        token.mint("us", amount, at)
        shifted = dataclasses.replace(curve, shift=ours)
        assert shifted.rate_after(amount, at) == token.supply_rate(), seed
        assert shifted.quotes(at).rate_after(amount) == token.supply_rate()


@pytest.mark.parametrize("chunk", range(4))
def test_a_withdrawal_is_a_negative_amount(chunk: int) -> None:
    """400 points: redeeming a part of our own mTokens leaves the rate the contract then has."""
    for seed in range(chunk * 100, chunk * 100 + 100):
        rng = random.Random(f"moonwell out:{seed}")
        token = reference(rng)
        at = token.time + rng.randint(0, MONTH)
        mine = token.mint("us", rng.randint(10**6, 10**13), token.time)
        curve = curve_of(token)
        paid = token.redeem("us", rng.randint(0, mine), at) if token.cash else 0
        token.accrue(at)
        assert curve.rate_after(-paid, at) == token.supply_rate(), seed


def test_no_more_leaves_than_there_is_cash() -> None:
    """The last unit may go, one more may not; debt is not cash."""
    assert market().rate_after(-10 * MILLION, NOW) > market().rate_after(0, NOW)
    with pytest.raises(ValueError, match="in cash"):
        market().rate_after(-10 * MILLION - 1, NOW)


# --- the cap -------------------------------------------------------------------------------------


@given(curves(), st.integers(0, MONTH), st.integers(0, 10**16))
@settings(max_examples=300, deadline=None)
def test_room_is_the_last_deposit_below_the_cap(curve: MoonwellCurve, wait: int, cap: int) -> None:
    """`mintAllowed`: cash + borrows - reserves + amount must be less than the cap, which 0 does not set."""
    at = NOW + wait
    try:
        supplied = curve.supplied_at(at)
    except ValueError:
        return
    room = curve.room_at(cap, at)
    if cap == 0:
        assert room is None
        return
    assert room is not None
    assert room == 0 or supplied + room < cap
    assert supplied + room + 1 >= cap
    assert dataclasses.replace(curve, shift=room).room_at(cap, at) == 0


# --- what cannot be ------------------------------------------------------------------------------


def test_a_rate_above_the_ceiling_of_the_contract_accrues_nothing() -> None:
    """Then every deposit and withdrawal reverts: the curve has no answer but for no time at all."""
    edge = market(model=JumpRate(MAX_BORROW_RATE, 0, 0, WAD))
    assert edge.accrued(NOW + 1).borrows > edge.borrows
    over = market(model=JumpRate(MAX_BORROW_RATE + 1, 0, 0, WAD))
    assert over.rate_after(0, NOW) == over.rate_now()
    with pytest.raises(ValueError, match="above what the contract"):
        over.rate_after(0, NOW + 1)


def test_reserves_above_everything_have_no_rate() -> None:
    """The model divides by what suppliers own."""
    with pytest.raises(ValueError, match="reserves exceed"):
        market(cash=0, borrows=5, reserves=5).rate_now()
    assert market(cash=0, borrows=0, reserves=0).rate_now() == 0


def test_time_does_not_go_back() -> None:
    """A moment before the last accrual has no answer."""
    with pytest.raises(ValueError, match="before"):
        market().rate_after(0, NOW - 1)
    with pytest.raises(ValueError, match="before"):
        accrue(Totals(1, 1, 0), 0, 0, -1)


# --- laws ----------------------------------------------------------------------------------------


@given(curves(), st.integers(0, 10**15), st.integers(0, 10**15))
@settings(max_examples=300, deadline=None)
def test_more_supply_never_raises_the_rate(curve: MoonwellCurve, amount: int, more: int) -> None:
    """Cash lowers utilisation; the ceiling is a deposit of nothing."""
    assert curve.rate_after(amount + more, NOW) <= curve.rate_after(amount, NOW) <= curve.rate_ceiling(NOW)
    assert curve.quotes(NOW).ceiling(amount) == curve.rate_ceiling(NOW)


@given(curves(), st.integers(0, MONTH), st.integers(0, MONTH))
@settings(max_examples=200, deadline=None)
def test_suppliers_own_no_less_with_time(curve: MoonwellCurve, first: int, second: int) -> None:
    """Interest is debt's, and reserves take a part of it, never more."""
    try:
        early, late = curve.supplied_at(NOW + first), curve.supplied_at(NOW + first + second)
    except ValueError:
        return
    assert curve.supplied_at(NOW) <= early <= late


def test_the_rate_is_compounded_each_day() -> None:
    """The scale says how the integer reads; nothing else in the program knows."""
    assert MoonwellCurve.scale is Scale.WAD_EACH_DAY


@given(curves(), st.integers(0, 10**15))
@settings(max_examples=100, deadline=None)
def test_a_curve_survives_canonical_json(curve: MoonwellCurve, shift: int) -> None:
    """Decisions are replayed from their bytes, alone and as one of the kinds a market may have."""
    shifted = dataclasses.replace(curve, shift=shift)
    assert canonical.loads(MoonwellCurve, canonical.dumps(shifted)) == shifted
    kind: Any = AnyCurve
    assert canonical.decode(kind, canonical.encode(shifted) | {"kind": "moonwell_curve"}) == shifted
