"""Aave V3: releases told apart, losses, and what no pool may say."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mammon.core.curves import AaveCurve
from mammon.core.curves.aave import StableDebt
from mammon.core.fixed import RAY
from mammon.core.types import MarketState
from mammon.errors import CallFailedError, MalformedError, MammonError
from tests.protocols.fakes import (
    NOW,
    OWNER,
    USDC,
    base_evm,
    calldata,
    garbled,
)
from tests.protocols.fakes_aave import (
    DEBT_TOKEN,
    HINT,
    HINT_3_0,
    INDEX,
    LISTED,
    MARKET,
    POOL,
    STABLE_TOKEN,
    VENUE,
    Reserve,
    curve,
    state,
)

RESERVE_DATA = "getReserveData(address)"


# --- releases -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("release", "revision", "generation"),
    [
        ("3.0", 1, "3.0"),
        ("3.0", None, "3.0"),
        ("3.1", 4, "3.1"),
        ("3.2", 5, "3.2"),
        ("3.3", 6, "3.2"),
        ("3.3", None, "3.2"),
        ("3.4", 7, "3.4"),
        ("3.4", 8, "3.4"),
        ("3.6", 9, "3.5"),
        ("3.6", 10, "3.5"),
        ("3.6", 11, "3.5"),
        ("3.6", None, "3.5"),
    ],
)
def test_a_release_is_told_by_what_it_offers(release: str, revision: int | None, generation: str) -> None:
    """Views that are missing or there decide; the revision only between neighbours."""
    assert curve(Reserve(release=release, revision=revision), None).generation == generation


def test_release_3_0_lends_out_what_the_atoken_holds() -> None:
    """Before virtual accounting the aToken's balance is the liquidity, donations included."""
    reserve = Reserve(release="3.0", held=29_000_000_000_000)
    assert curve(reserve, HINT_3_0).available == 29_000_000_000_000
    assert state(reserve, HINT_3_0).withdrawable == 29_000_000_000_000


def test_later_releases_pay_out_no_more_than_they_hold() -> None:
    """The virtual balance sets the rate; what can leave is also bounded by the real one."""
    reserve = Reserve(held=5_000_000)
    assert curve(reserve).available == 31_000_000_000_000
    assert state(reserve).withdrawable == 5_000_000


def test_both_kinds_of_strategy_give_the_same_rates() -> None:
    """Basis points of the new strategies and rays of the old ones are the same curve."""
    old, new = curve(Reserve(release="3.0"), HINT_3_0), curve(Reserve())
    for name in ("optimal_usage", "base_rate", "slope1", "slope2"):
        assert getattr(old, name) == getattr(new, name)


def test_stable_debt_counts_where_a_release_has_it() -> None:
    """Its principal, mean rate and time go into the curve, its total into the borrowed sum."""
    reserve = Reserve(release="3.0", stable=(5_000_000_000, 5_000_000_000, 6 * 10**25, NOW))
    found = state(reserve, HINT_3_0)
    assert isinstance(found.curve, AaveCurve)
    assert found.curve.stable_debt == StableDebt(5_000_000_000, 6 * 10**25, NOW)
    assert found.borrowed == reserve.debt + 5_000_000_000
    assert found.closed == ()


def test_the_mock_stable_token_of_later_releases_is_not_read_as_debt() -> None:
    """From 3.2 on the slot may name a mock for old integrations: its figures mean nothing."""
    evm = Reserve().into(base_evm())
    words = list(Reserve().words())
    words[9] = STABLE_TOKEN
    evm.put(POOL, RESERVE_DATA, USDC, gives=tuple(words))
    evm.put(STABLE_TOKEN, "getSupplyData()", gives=(1, 2, 3, 4))
    assert evm.run(VENUE.read_market(MARKET, None)).curve.stable_debt is None


@pytest.mark.parametrize("release", ["3.0", "3.6"])
def test_a_strategy_that_does_not_fit_the_release_fails_the_read(release: str) -> None:
    """A virtual balance that failed for another reason must not turn a new pool into an old one."""
    reserve = Reserve(release=release)
    evm = reserve.into(base_evm())
    if release == "3.0":
        evm.put(POOL, "getVirtualUnderlyingBalance(address)", USDC, gives=(1,))
    else:
        evm.drop(POOL, "getVirtualUnderlyingBalance(address)", USDC)
    with pytest.raises(CallFailedError):
        evm.run(VENUE.read_market(MARKET, None))


@pytest.mark.parametrize("release", ["3.1", "3.2"])
def test_a_reserve_that_mints_its_asset_has_no_curve(release: str) -> None:
    """Up to 3.3 a reserve without virtual accounting lends what does not exist yet."""
    with pytest.raises(MalformedError, match="mints"):
        state(Reserve(release=release, virtual_accounting=False), None)


def test_from_3_4_on_the_virtual_accounting_bit_means_nothing() -> None:
    """Every reserve has it then, whatever the bit says."""
    assert curve(Reserve(virtual_accounting=False)).available == 31_000_000_000_000


# --- losses -------------------------------------------------------------------------------------


def test_a_deficit_lowers_the_rate_and_is_evidence() -> None:
    """Bad debt beyond one basis point of what is supplied is a live sign of danger."""
    found = state(Reserve(deficit=10_000_000_000))
    assert found.evidence == (("deficit", 10_000_000_000),)
    assert isinstance(found.curve, AaveCurve)
    assert found.curve.unbacked == 10_000_000_000


def test_a_deficit_of_dust_moves_the_rate_and_is_no_evidence() -> None:
    """Sound reserves carry crumbs of bad debt: the curve knows, nobody is alarmed."""
    found = state(Reserve(deficit=9_450_000_000))
    assert found.evidence == ()
    assert isinstance(found.curve, AaveCurve)
    assert found.curve.unbacked == 9_450_000_000


@pytest.mark.parametrize("release", ["3.4", "3.6"])
def test_a_deficit_that_cannot_be_read_is_not_zero(release: str) -> None:
    """Releases that keep one must answer it: a call that failed is no proof of health."""
    evm = Reserve(release=release, revision=None).into(base_evm())
    evm.drop(POOL, "getReserveDeficit(address)", USDC)
    with pytest.raises(CallFailedError, match="deficit"):
        evm.run(VENUE.read_market(MARKET, HINT))


def test_unbacked_supply_and_deficit_weigh_together() -> None:
    """3.3 has both; each release has what it has."""
    assert curve(Reserve(release="3.3", revision=6, unbacked=7, deficit=5)).unbacked == 12


# --- what the chain may not say -----------------------------------------------------------------


def test_the_decimals_of_the_chain_count() -> None:
    """A token configured with other decimals than the chain's is not read at all."""
    evm = Reserve().into(base_evm())
    evm.put(USDC, "decimals()", gives=(18,))
    with pytest.raises(MalformedError) as caught:
        evm.run(VENUE.read_market(MARKET, HINT))
    assert caught.value.code == "decimals"
    with pytest.raises(MalformedError) as caught:
        evm.run(VENUE.read_position(LISTED, OWNER))
    assert caught.value.code == "decimals"


def test_the_pool_must_count_in_the_same_decimals() -> None:
    """The cap is in whole tokens: other decimals would make it a million times another."""
    with pytest.raises(MalformedError, match="18 decimals") as caught:
        state(Reserve(decimals=18))
    assert caught.value.code == "decimals"


@pytest.mark.parametrize(
    "reserve",
    [
        Reserve(income=RAY - 1),
        Reserve(updated_at=NOW + 1),
        Reserve(reserve_factor_bps=10_001),
        Reserve(optimal_bps=0),
        Reserve(optimal_bps=10_001),
        Reserve(release="3.0", stable=(1, 1, 1, NOW + 1)),
        Reserve(release="3.0", stable=(1 << 128, 1, 1, NOW)),
    ],
)
def test_figures_out_of_range_are_refused(reserve: Reserve) -> None:
    """What no contract of this kind can say is not computed with."""
    with pytest.raises(MalformedError):
        state(reserve, None)


@pytest.mark.parametrize("place", [1, 3])
def test_an_index_below_par_is_refused(place: int) -> None:
    """Indices start at one ray and never fall."""
    evm = Reserve().into(base_evm())
    words = list(Reserve().words())
    words[place] = RAY - 1
    evm.put(POOL, RESERVE_DATA, USDC, gives=tuple(words))
    with pytest.raises(MalformedError):
        evm.run(VENUE.read_market(MARKET, HINT))


@pytest.mark.parametrize(
    ("income", "debt"), [(INDEX + INDEX // 10**8, None), (INDEX, 63_000_000_000_000 + 10**6)]
)
def test_a_pool_that_contradicts_the_formula_is_closed_but_can_be_left(income: int, debt: int | None) -> None:
    """Its own totals are the proof of our formula: without it no curve, no deposit, the exit open."""
    reserve = Reserve(income=income)
    evm = reserve.into(base_evm())
    if debt is not None:
        evm.put(DEBT_TOKEN, "totalSupply()", gives=(debt,))
    found = evm.run(VENUE.read_market(MARKET, HINT))
    assert found.curve is None
    assert found.closed == ("model_mismatch",)
    assert found.room == 0
    assert found.locked == ()
    assert found.withdrawable == 31_000_000_000_000


def test_rounding_alone_is_no_contradiction() -> None:
    """Releases round debt up or half up: a unit of difference proves nothing."""
    evm = Reserve().into(base_evm())
    evm.put(DEBT_TOKEN, "totalSupply()", gives=(Reserve().debt + 1,))
    assert evm.run(VENUE.read_market(MARKET, HINT)).curve is not None


def test_interest_up_to_the_block_is_in_the_totals() -> None:
    """A reserve nobody touched for a day: indices accrue by the formula, and agree with the pool."""
    day = 86_400
    still = curve(Reserve())
    idle = Reserve(updated_at=NOW - day, income=replace(still, updated_at=NOW - day).index_at(NOW))
    evm = idle.into(base_evm())
    debt = replace(still, updated_at=NOW - day).debt_at(NOW)
    evm.put(DEBT_TOKEN, "totalSupply()", gives=(debt,))
    found = evm.run(VENUE.read_market(MARKET, HINT))
    assert found.closed == ()
    assert found.borrowed == debt > Reserve().debt
    assert found.index == idle.income > INDEX


@pytest.mark.parametrize("kind", ["empty", "short", "long", "dirty"])
@pytest.mark.parametrize("release", ["3.0", "3.6"])
def test_garbled_return_data_never_becomes_a_value(kind: str, release: str) -> None:
    """One answer at a time is cut, lengthened or filled with ones: an error each time.

    The revision is the exception: any number stands for a release.
    """
    hint = HINT_3_0 if release == "3.0" else HINT
    for key in list(Reserve(release=release).into(base_evm()).answers):
        evm = Reserve(release=release).into(base_evm())
        evm.answers[key] = garbled(evm.answers[key])[kind]
        if kind == "dirty" and key[1] == calldata("POOL_REVISION()"):
            continue
        with pytest.raises(MammonError):
            evm.run(VENUE.read_market(MARKET, hint))


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_whatever_the_chain_answers_a_read_ends_in_a_state_or_in_our_error(data: st.DataObject) -> None:
    """No answer makes a read divide by zero, run off or raise what the reader does not know."""
    release = data.draw(st.sampled_from(["3.0", "3.1", "3.2", "3.3", "3.4", "3.6"]))
    evm = Reserve(release=release).into(base_evm())
    keys = data.draw(st.lists(st.sampled_from(sorted(evm.answers)), min_size=1, max_size=4, unique=True))
    for key in keys:
        count = len(evm.answers[key]) // 32
        word = st.one_of(st.integers(0, 3), st.integers(0, 2**256 - 1), st.integers(0, 2**90))
        drawn = data.draw(st.lists(word, min_size=count, max_size=count))
        evm.answers[key] = b"".join(value.to_bytes(32, "big") for value in drawn)
    hint = data.draw(st.sampled_from([None, HINT, HINT_3_0]))
    try:
        found = evm.run(VENUE.read_market(MARKET, hint))
    except MammonError:
        return
    assert isinstance(found, MarketState)
    assert found.withdrawable >= 0
    assert found.room is None or found.room >= 0
