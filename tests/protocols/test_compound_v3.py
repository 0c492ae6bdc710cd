"""Comet: what is read, in one round; what is trusted; the signed principal; the calls."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mammon.core.curves import CometCurve
from mammon.core.curves.comet import RateLine
from mammon.core.types import All, Call, Hint, MarketState, Position
from mammon.errors import CallFailedError, MalformedError, MammonError, RefusedError
from mammon.protocols.compound_v3 import CompoundV3
from mammon.protocols.shares import PrincipalShares
from tests.protocols.fakes import (
    MAX,
    NOW,
    OWNER,
    USDC,
    account,
    base_evm,
    calldata,
    closed_to_deposits,
    garbled,
    market,
)
from tests.protocols.fakes_lending import BORROW_LINE, COMET, PAR, SUPPLY_LINE, CometMarket

VENUE = CompoundV3()
MARKET = market("compound_v3", COMET)
USER = "userBasic(address)"


def state(found: CometMarket, hint: Hint | None = None) -> MarketState:
    value = found.into(base_evm()).run(VENUE.read_market(MARKET, hint))
    assert isinstance(value, MarketState)
    return value


def test_the_market_is_read_in_one_round() -> None:
    """Totals, both rate lines, cash and switches; no cap, so no bound on deposits."""
    evm = CometMarket().into(base_evm())
    found = evm.run(VENUE.read_market(MARKET, None))
    assert len(evm.rounds) == 1
    assert found.curve == CometCurve(
        1_100_000_000_000_000, 1_200_000_000_000_000, 50 * 10**12, 40 * 10**12, NOW,
        RateLine(*SUPPLY_LINE), RateLine(*BORROW_LINE),
    )  # fmt: skip
    assert (found.supplied, found.borrowed) == (55 * 10**12, 48 * 10**12)
    assert found.withdrawable == 8 * 10**12
    assert found.room is None
    assert found.index == 11 * 10**26
    assert (found.closed, found.locked, found.evidence) == ((), (), ())
    assert found.hint == Hint(("compound_v3", "1100000000000000"))


def test_interest_up_to_the_block_is_in_the_index_and_the_hint_goes_in_steps() -> None:
    """The totals are stored; the index is that of now, and what is remembered of it changes rarely."""
    early = CometMarket(updated_at=NOW - 86_400)
    curve = state(CometMarket()).curve
    assert isinstance(curve, CometCurve)
    grown = CometCurve(
        curve.supply_index, curve.borrow_index, curve.supply_principal, curve.borrow_principal,
        NOW - 86_400, curve.supply, curve.borrow,
    )  # fmt: skip
    index = grown.accrued(NOW).supply_index
    assert index > curve.supply_index
    told = {"told_supply": grown.supplied_at(NOW), "told_borrow": grown.borrowed_at(NOW)}
    found = state(CometMarket(updated_at=early.updated_at, **told))
    assert found.curve == grown
    assert found.index == index * 10**12
    assert found.hint == Hint(("compound_v3", "1100000000000000"))


@pytest.mark.parametrize(
    ("changes", "closed", "locked", "withdrawable"),
    [
        ({"supply_paused": True}, ("paused",), (), 8 * 10**12),
        ({"withdraw_paused": True}, ("paused",), ("paused",), 0),
        ({"supply_paused": True, "withdraw_paused": True}, ("paused",), ("paused",), 0),
    ],
)
def test_switches(
    changes: dict[str, Any], closed: tuple[str, ...], locked: tuple[str, ...], withdrawable: int
) -> None:
    """Two switches; where nothing can leave nothing goes in."""
    found = state(CometMarket(**changes))
    assert (found.closed, found.locked, found.withdrawable) == (closed, locked, withdrawable)
    assert found.room == 0


@pytest.mark.parametrize(
    "changes",
    [
        {"used": 1},
        {"supply_rate": SUPPLY_LINE[3]},
        {"borrow_rate": BORROW_LINE[3]},
        {"told_supply": 55 * 10**12 + 60_000},
        {"told_borrow": 48 * 10**12 - 60_000},
    ],
)
def test_a_contract_that_computes_otherwise_is_not_entered(changes: dict[str, Any]) -> None:
    """A new implementation shows in its own views: no curve, no deposit; what is there can be taken out."""
    found = state(CometMarket(**changes))
    assert (found.curve, found.closed, found.locked) == (None, ("model_mismatch",), ())
    assert found.withdrawable > 0


def test_views_that_differ_by_rounding_are_the_same() -> None:
    """A few units in billions are no other model."""
    assert state(CometMarket(told_supply=55 * 10**12 + 50_000)).curve is not None


@pytest.mark.parametrize(("cash", "evidence"), [(8 * 10**12, ()), (10**12, (("deficit", 6 * 10**12),))])
def test_reserves_below_zero_are_evidence(cash: int, evidence: tuple[Any, ...]) -> None:
    """What suppliers were promised, and neither cash nor debt has."""
    assert state(CometMarket(cash=cash)).evidence == evidence


# --- identity and garbage ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"base": account(0xBAD)}, "asset"),
        ({"scale": 10**18}, "scale"),
        ({"supply_index": PAR - 1}, "totals"),
        ({"borrow_index": PAR - 1}, "totals"),
        ({"updated_at": NOW + 1}, "totals"),
    ],
)
def test_what_is_no_market_of_ours_is_not_read(changes: dict[str, Any], code: str) -> None:
    """The same address is another Comet on another chain: its asset and its scale decide."""
    with pytest.raises(MalformedError) as caught:
        state(CometMarket(**changes))
    assert caught.value.code == code


def test_the_decimals_of_the_chain_count() -> None:
    """As for every venue, for a holding too."""
    evm = holding(0, 0)
    evm.put(USDC, "decimals()", gives=(18,))
    for read in (VENUE.read_market(MARKET, None), VENUE.read_position(MARKET, OWNER)):
        with pytest.raises(MalformedError) as caught:
            evm.run(read)
        assert caught.value.code == "decimals"


@pytest.mark.parametrize("kind", ["empty", "short", "long", "dirty"])
def test_garbled_return_data_never_becomes_a_value(kind: str) -> None:
    """One answer at a time goes wrong; all ones as a utilisation or a total is no value of this contract."""
    for key in list(CometMarket().into(base_evm()).answers):
        evm = CometMarket().into(base_evm())
        evm.answers[key] = garbled(evm.answers[key])[kind]
        try:
            found = evm.run(VENUE.read_market(MARKET, None))
        except MammonError:
            continue
        assert kind == "dirty"
        assert (found.curve, found.closed) == (None, ("model_mismatch",))


def test_a_view_that_fails_fails_the_read() -> None:
    """Each is needed: none has a value of its own to stand for it."""
    for key in list(CometMarket().into(base_evm()).answers):
        evm = CometMarket().into(base_evm())
        del evm.answers[key]
        with pytest.raises(CallFailedError):
            evm.run(VENUE.read_market(MARKET, None))


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_whatever_the_chain_answers_a_read_ends_in_a_state_or_in_our_error(data: st.DataObject) -> None:
    """No answer makes a read raise what the reader does not know."""
    evm = CometMarket().into(base_evm())
    for key in data.draw(st.lists(st.sampled_from(sorted(evm.answers)), min_size=1, max_size=4, unique=True)):
        word = data.draw(st.one_of(st.integers(0, 3), st.integers(0, MAX), st.integers(0, 2**90)))
        count = len(evm.answers[key]) // 32
        evm.answers[key] = word.to_bytes(32, "big") * count
    try:
        found = evm.run(VENUE.read_market(MARKET, None))
    except MammonError:
        return
    assert isinstance(found, MarketState)


# --- positions -----------------------------------------------------------------------------------


def holding(principal: int, assets: int, assets_in: int = 0) -> Any:
    evm = CometMarket().into(base_evm())
    evm.put(COMET, USER, OWNER, gives=(principal % 2**256, 0, 0, assets_in, 0))
    evm.put(COMET, "balanceOf(address)", OWNER, gives=(assets,))
    return evm


def test_a_position_is_principal_and_balance() -> None:
    """One round; the principal changes by our own acts alone."""
    evm = holding(5_000_000, 5_500_000)
    assert evm.run(VENUE.read_position(MARKET, OWNER)) == Position(
        MARKET.id, MARKET.slug, OWNER, 5_000_000, 5_500_000
    )
    assert len(evm.rounds) == 1


def test_an_account_in_debt_is_not_read_as_empty() -> None:
    """`balanceOf` says 0 for it; whoever owes is told so, and nothing is decided on it."""
    with pytest.raises(MalformedError, match="owes") as caught:
        holding(-1, 0).run(VENUE.read_position(MARKET, OWNER))
    assert caught.value.code == "borrowed"


def test_collateral_given_by_anybody_holds_nothing_up() -> None:
    """A stranger's gift must not make a holding unreadable: then nothing could be brought home."""
    assert holding(7, 8, assets_in=1).run(VENUE.read_position(MARKET, OWNER)).shares == 7


@pytest.mark.parametrize("principal", [2**103, -(2**103) - 1, 2**200])
def test_a_principal_beyond_its_type_is_refused(principal: int) -> None:
    """It is an int104: what does not fit is no answer of this contract."""
    with pytest.raises(MalformedError):
        holding(principal, 0).run(VENUE.read_position(MARKET, OWNER))


# --- shares --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hint", "index"),
    [
        (Hint(("compound_v3", "1100000000000000")), 1_100_000_000_000_000),
        (None, None),
        (Hint(("compound_v3",)), None),
        (Hint(("moonwell", "1100000000000000")), None),
        (Hint(("compound_v3", "0")), None),
        (Hint(("compound_v3", "11e14")), None),
    ],
)
def test_shares_are_told_once_an_index_is_known(hint: Hint | None, index: int | None) -> None:
    """Transfers tell present value: without an index they say nothing of the principal."""
    expected = None if index is None else PrincipalShares(COMET, index)
    assert VENUE.share_token(MARKET, hint) == expected


# --- calls ---------------------------------------------------------------------------------------


def test_deposits_and_withdrawals_equal_the_reference_encoding() -> None:
    """To the byte; everything is the sentinel, which the contract takes as the balance and no more."""
    assert VENUE.supply(MARKET, 5, OWNER) == (
        Call(USDC, calldata("approve(address,uint256)", COMET, 5)),
        Call(COMET, calldata("supply(address,uint256)", USDC, 5)),
    )
    assert VENUE.withdraw(MARKET, 7, OWNER) == (Call(COMET, calldata("withdraw(address,uint256)", USDC, 7)),)
    assert VENUE.withdraw(MARKET, All(9), OWNER) == (
        Call(COMET, calldata("withdraw(address,uint256)", USDC, MAX)),
    )


@pytest.mark.parametrize("amount", [0, -1])
def test_no_call_moves_nothing(amount: int) -> None:
    """An amount of nothing is a mistake of the caller."""
    with pytest.raises(ValueError):
        VENUE.supply(MARKET, amount, OWNER)
    with pytest.raises(ValueError, match="units"):
        VENUE.withdraw(MARKET, amount, OWNER)


def test_a_market_whose_deposits_are_off_gives_no_deposit() -> None:
    """Withdrawing from it stays possible."""
    off = closed_to_deposits(MARKET)
    with pytest.raises(RefusedError):
        VENUE.supply(off, 1, OWNER)
    assert VENUE.withdraw(off, All(1), OWNER)
