"""Morpho Blue direct: one market of the singleton, told by its id."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from eth_abi import encode
from hypothesis import given, settings
from hypothesis import strategies as st

from mammon.core.curves import MorphoCurve
from mammon.core.fixed import RAY, WAD
from mammon.core.types import All, Call, Market, MarketState, Position
from mammon.errors import CallFailedError, MalformedError, MammonError, RefusedError
from mammon.protocols.morpho_blue import MADE_UP, MorphoBlue
from mammon.protocols.morpho_blue_market import terms_of
from mammon.protocols.shares import MarketShares
from tests.core.curves_reference import irm
from tests.protocols.fakes import (
    NOW,
    OWNER,
    USDC,
    Evm,
    account,
    base_evm,
    calldata,
    closed_to_deposits,
    garbled,
    market,
    types_of,
)
from tests.protocols.fakes_vaults import FIRST, IRM, MORPHO, RATE_AT_TARGET, BlueMarket, changed
from tests.protocols.reads_metamorpho import in_curve

VENUE = MorphoBlue()
TERMS = FIRST.params
_TERMS = "(address,address,address,address,uint256)"
SUPPLY = f"supply({_TERMS},uint256,uint256,address,bytes)"
WITHDRAW = f"withdraw({_TERMS},uint256,uint256,address,address)"
RATE = f"borrowRateView({_TERMS},(uint128,uint128,uint128,uint128,uint128,uint128))"
SHARES = 777 * 10**12


def listed(entry: BlueMarket) -> Market:
    """Return a market as a chain file lists it."""
    _, collateral, oracle, model, _ = entry.params
    found = market("morpho_blue", MORPHO, collateral=collateral, oracle=oracle, irm=model)
    return replace(found, id=replace(found.id, key="0x" + entry.identity.hex()))


MARKET = listed(FIRST)


def made_up(terms: tuple[Any, ...], borrowed: int) -> tuple[Any, ...]:
    return terms, (WAD, WAD, borrowed, borrowed, 0, 0)


def chain(entry: BlueMarket = FIRST, liquid: int = 10**15, **changes: Any) -> Evm:
    """Return a chain with a market, what its rate model says of others, and a holding in it."""
    entry = changed(entry, **changes)
    evm = base_evm()
    entry.into(evm)
    evm.put(MORPHO, "position(bytes32,address)", entry.identity, MORPHO, gives=(0, 0, 0))
    evm.put(MORPHO, "position(bytes32,address)", entry.identity, OWNER, gives=(SHARES, 0, 0))
    evm.put(USDC, "balanceOf(address)", MORPHO, gives=(liquid,))
    for borrowed in MADE_UP:
        says = irm(borrowed, entry.rate, NOW)[0]
        evm.put(IRM, RATE, *made_up(entry.params, borrowed), gives=(says,))
    return evm


def state(evm: Evm, of: Market = MARKET) -> MarketState:
    found = evm.run(VENUE.read_market(of, None))
    assert isinstance(found, MarketState)
    return found


def position(evm: Evm, of: Market = MARKET) -> Position:
    found = evm.run(VENUE.read_position(of, OWNER))
    assert isinstance(found, Position)
    return found


# --- reading -------------------------------------------------------------------------------------


def test_a_market_is_read_in_one_round_without_a_hint() -> None:
    """Totals as stored in the curve; what could leave is what is not lent; nothing caps it."""
    evm = chain()
    found = state(evm)
    assert len(evm.rounds) == 1
    assert found.curve == MorphoCurve(in_curve(FIRST).market)
    assert (found.supplied, found.borrowed) == (FIRST.supply, FIRST.borrow)
    assert found.withdrawable == FIRST.supply - FIRST.borrow
    assert (found.room, found.closed, found.locked, found.evidence) == (None, (), (), ())
    assert found.index == RAY
    assert found.backing == ((TERMS[1], FIRST.supply),)
    assert found.hint is None


def test_interest_up_to_the_block_is_in_every_figure() -> None:
    """Nobody touched the market for a day: totals and index are those of now, the curve's as stored."""
    found = state(chain(updated_at=NOW - 86_400))
    assert isinstance(found.curve, MorphoCurve)
    assert found.curve.market.updated_at == NOW - 86_400
    now = found.curve.market.accrued(NOW)
    assert (found.supplied, found.borrowed) == (now.supply_assets, now.borrow_assets)
    assert found.supplied > FIRST.supply
    assert found.index > RAY
    assert found.withdrawable == FIRST.supply - FIRST.borrow


def test_what_could_leave_is_bounded_by_what_the_singleton_holds() -> None:
    """Inside a flash loan it may hold less than its books say."""
    assert state(chain(liquid=5)).withdrawable == 5


@pytest.mark.parametrize("place", [0, 1])
@pytest.mark.parametrize("off", [-1, 1])
def test_a_rate_model_that_says_something_else_closes_the_market(place: int, off: int) -> None:
    """By one unit in one answer: no curve, no deposit, but the way out is known."""
    evm = chain()
    says = irm(MADE_UP[place], RATE_AT_TARGET, NOW)[0]
    evm.put(IRM, RATE, *made_up(TERMS, MADE_UP[place]), gives=(says + off,))
    found = state(evm)
    assert (found.curve, found.room, found.closed) == (None, 0, ("model_mismatch",))
    assert found.withdrawable == FIRST.supply - FIRST.borrow


@settings(max_examples=200, deadline=None)
@given(st.integers(31_709_791, 63_419_583_967), st.integers(0, 1), st.integers(1, 99))
def test_the_made_up_markets_rest_on_the_whole_formula(started: int, place: int, percent: int) -> None:
    """A model whose curve is less steep, or whose rate drifts at another speed, would answer otherwise."""
    mean, end = irm(MADE_UP[place], started, NOW)
    slower = irm(MADE_UP[place], started, NOW * percent // 100)[0]
    assert mean != started
    assert slower != mean or end in (31_709_791, 63_419_583_967)


def test_a_position_is_worth_what_the_singleton_would_pay_now() -> None:
    """Rounded down after a day's interest, in one round, whatever was held before."""
    evm = chain(updated_at=NOW - 86_400)
    found = position(evm)
    assert len(evm.rounds) == 1
    curve = state(evm).curve
    assert isinstance(curve, MorphoCurve)
    now = curve.market.accrued(NOW)
    assert found.shares == SHARES
    assert found.assets == SHARES * (now.supply_assets + 1) // (now.supply_shares + 10**6)


def test_a_market_is_its_own_share_token() -> None:
    """The singleton's events, and of those this market's."""
    assert VENUE.share_token(MARKET, None) == MarketShares(MORPHO, FIRST.identity)


# --- identity ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["collateral", "oracle", "irm"])
def test_addresses_that_do_not_hash_to_the_id_are_refused(name: str) -> None:
    """Before anything is asked of them: not read, not supplied to, not withdrawn from."""
    roles = tuple((role, account(0xBAD) if role == name else at) for role, at in MARKET.addresses)
    wrong = replace(MARKET, addresses=roles)
    attempts = (
        lambda: state(chain(), wrong),
        lambda: position(chain(), wrong),
        lambda: VENUE.supply(wrong, 1, OWNER),
        lambda: VENUE.withdraw(wrong, All(1), OWNER),
    )
    for attempt in attempts:
        with pytest.raises(MalformedError) as caught:
            attempt()
        assert caught.value.code == "market_id"


@pytest.mark.parametrize("key", ["", "0x", "0x" + "1" * 63, "0x" + "G" * 64, "1" * 64, "0x" + "AB" * 32])
def test_a_key_that_is_no_id_is_refused(key: str) -> None:
    """0x and 64 lower-case digits, and nothing else."""
    with pytest.raises(MalformedError) as caught:
        terms_of(replace(MARKET, id=replace(MARKET.id, key=key)))
    assert caught.value.code == "market_id"


@pytest.mark.parametrize("missing", ["collateral", "oracle", "irm"])
def test_a_market_without_its_addresses_is_not_read(missing: str) -> None:
    """A market built by hand may lack what the loader asks for."""
    short = replace(MARKET, addresses=tuple(entry for entry in MARKET.addresses if entry[0] != missing))
    with pytest.raises(MalformedError, match=missing):
        state(chain(), short)


def test_the_limit_is_found_by_the_id() -> None:
    """Of all there may be only one makes the addresses hash to it."""
    assert tuple(terms_of(MARKET)) == TERMS


@pytest.mark.parametrize(
    "changes",
    [{"updated_at": 0}, {"updated_at": NOW + 1}, {"borrow": FIRST.supply + 1}, {"fee": WAD + 1}],
)
def test_a_market_that_cannot_be_is_not_read(changes: dict[str, int]) -> None:
    """Never created, of the future, with more lent than there is, with a fee beyond everything."""
    with pytest.raises(MalformedError) as caught:
        state(chain(**changes))
    assert caught.value.code == "market"


def test_wrong_decimals_are_refused() -> None:
    """As for every venue, before an amount counts."""
    evm = chain()
    evm.put(USDC, "decimals()", gives=(18,))
    for attempt in (state, position):
        with pytest.raises(MalformedError) as caught:
            attempt(evm)
        assert caught.value.code == "decimals"


def test_shares_beyond_the_markets_are_refused() -> None:
    """Nobody holds more than all of them."""
    evm = chain()
    evm.put(MORPHO, "position(bytes32,address)", FIRST.identity, OWNER, gives=(10**30, 0, 0))
    with pytest.raises(MalformedError):
        position(evm)


@pytest.mark.parametrize("kind", ["empty", "short", "long", "dirty"])
def test_garbled_return_data_never_becomes_a_value(kind: str) -> None:
    """One answer at a time goes wrong: never a state that looks sound."""
    unused = {
        calldata("idToMarketParams(bytes32)", FIRST.identity)[:4],
        calldata("config(bytes32)", bytes(32))[:4],
    }
    for key in list(chain().answers):
        evm = chain()
        evm.answers[key] = garbled(evm.answers[key])[kind]
        if key[1][:4] in unused or key[0] not in (MORPHO, IRM, USDC):
            continue
        if key[1][:4] == calldata("position(bytes32,address)", bytes(32), OWNER)[:4]:
            if key[1] != calldata("position(bytes32,address)", FIRST.identity, OWNER):
                continue
            with pytest.raises(MammonError):
                position(evm)
            continue
        try:
            found = state(evm)
        except MammonError:
            continue
        assert kind == "dirty"
        assert found.closed == ("model_mismatch",)


def test_a_market_that_fails_fails_the_read() -> None:
    """Optional in the call, which vaults share, required in the reading."""
    evm = chain()
    evm.drop(MORPHO, "market(bytes32)", FIRST.identity)
    with pytest.raises(CallFailedError, match="market"):
        state(evm)


# --- calls ---------------------------------------------------------------------------------------


def test_a_supply_approves_exactly_and_carries_no_data() -> None:
    """Assets and no shares, for the owner, with nothing for a callback."""
    approve, supply = VENUE.supply(MARKET, 12_345, OWNER)
    assert approve == Call(USDC, calldata("approve(address,uint256)", MORPHO, 12_345))
    assert supply == Call(MORPHO, calldata(SUPPLY, TERMS, 12_345, 0, OWNER, b""))


def test_a_withdrawal_is_of_assets_or_of_every_share() -> None:
    """One of the two is zero; both go from the owner to the owner."""
    assert VENUE.withdraw(MARKET, 12_345, OWNER) == (
        Call(MORPHO, calldata(WITHDRAW, TERMS, 12_345, 0, OWNER, OWNER)),
    )
    assert VENUE.withdraw(MARKET, All(SHARES), OWNER) == (
        Call(MORPHO, calldata(WITHDRAW, TERMS, 0, SHARES, OWNER, OWNER)),
    )


def test_no_amount_and_closed_deposits_are_refused() -> None:
    """Zero would be refused by the singleton; deposits that are off never reach it."""
    for attempt in (
        lambda: VENUE.supply(MARKET, 0, OWNER),
        lambda: VENUE.withdraw(MARKET, 0, OWNER),
        lambda: VENUE.withdraw(MARKET, All(0), OWNER),
    ):
        with pytest.raises(ValueError, match="0 units"):
            attempt()
    with pytest.raises(RefusedError):
        VENUE.supply(closed_to_deposits(MARKET), 1, OWNER)


def test_the_second_opinion_knows_structs() -> None:
    """The signatures here are read as the compiler reads them."""
    assert types_of(SUPPLY) == [_TERMS, "uint256", "uint256", "address", "bytes"]
    assert len(encode([_TERMS], [TERMS])) == 160
