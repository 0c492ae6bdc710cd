"""Moonwell: what is read, in one round once its contracts are known; what closes and locks; the calls."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mammon.core.curves import MoonwellCurve
from mammon.core.curves.moonwell import JumpRate
from mammon.core.types import All, Call, Hint, MarketState, Position
from mammon.errors import CallFailedError, MalformedError, MammonError, RefusedError
from mammon.protocols.moonwell import Moonwell
from mammon.protocols.shares import VaultShares
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
from tests.protocols.fakes_lending import (
    COMPTROLLER,
    MODEL,
    MTOKEN,
    NEW_MODEL,
    RATES,
    WAD,
    MoonwellMarket,
)

VENUE = Moonwell()
MARKET = market("moonwell", MTOKEN)
LISTED = market("moonwell", MTOKEN, comptroller=COMPTROLLER, model=MODEL)
HINT = Hint(("moonwell", COMPTROLLER, MODEL))


def state(found: MoonwellMarket, hint: Hint | None = HINT) -> MarketState:
    value = found.into(base_evm()).run(VENUE.read_market(MARKET, hint))
    assert isinstance(value, MarketState)
    return value


# --- rounds --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("listed", "hint", "rounds"),
    [
        (MARKET, None, 2),
        (MARKET, HINT, 1),
        (LISTED, None, 1),
        (market("moonwell", MTOKEN, comptroller=COMPTROLLER), None, 2),
        (MARKET, Hint(("moonwell", COMPTROLLER, NEW_MODEL)), 2),
        (MARKET, Hint(("moonwell", NEW_MODEL, MODEL)), 2),
        (LISTED, Hint(("moonwell", COMPTROLLER, NEW_MODEL)), 2),
        (MARKET, Hint(("moonwell", COMPTROLLER, "0x12")), 2),
        (MARKET, Hint(("compound_v3", COMPTROLLER, MODEL)), 2),
        (MARKET, Hint(("moonwell", COMPTROLLER)), 2),
    ],
)
def test_one_round_when_the_contracts_are_known(listed: Any, hint: Hint | None, rounds: int) -> None:
    """From the hint, else from the table; what the mToken says in that round decides."""
    evm = MoonwellMarket().into(base_evm())
    found = evm.run(VENUE.read_market(listed, hint))
    assert len(evm.rounds) == rounds
    assert found.curve is not None
    assert found.hint == HINT


def test_nothing_that_accrues_is_asked() -> None:
    """Inside one aggregate, what is read behind an accrual is of another state than what is read before."""
    evm = MoonwellMarket().into(base_evm())
    evm.put(MTOKEN, "balanceOf(address)", OWNER, gives=(5,))
    asked = set()
    for read in (VENUE.read_market(MARKET, None), VENUE.read_position(MARKET, OWNER)):
        evm.run(read)
        asked |= {call.data[:4] for calls in evm.rounds for call in calls}
    accruing = (
        "exchangeRateCurrent()",
        "balanceOfUnderlying(address)",
        "totalBorrowsCurrent()",
        "accrueInterest()",
    )
    for signature in accruing:
        assert calldata(signature, *([OWNER] if "address" in signature else []))[:4] not in asked


# --- the market ----------------------------------------------------------------------------------


def test_the_market_as_it_is() -> None:
    """The vector's market: its curve, its totals, no cap, the exchange rate as index."""
    found = state(MoonwellMarket())
    curve = MoonwellCurve(
        10 * 10**12, 40 * 10**12, 5 * 10**11, WAD, NOW, WAD // 10, JumpRate(*RATES[:3], RATES[3])
    )
    assert found.curve == curve
    assert found.curve.rate_after(5 * 10**12, NOW) == 945_448_758  # M2 of the facts
    assert (found.supplied, found.borrowed, found.withdrawable) == (495 * 10**11, 40 * 10**12, 10 * 10**12)
    assert (found.closed, found.locked, found.evidence, found.room) == ((), (), (), None)
    assert found.index == MoonwellMarket().rate * 10**11


def test_interest_up_to_the_block_is_counted() -> None:
    """The contract's figures are of its last accrual: debt and index are those of now."""
    found = state(MoonwellMarket(accrued_at=NOW - 86_400))
    interest = 1_575_880_571 * 86_400 * 40 * 10**12 // WAD
    assert found.borrowed == 40 * 10**12 + interest
    assert found.supplied == 495 * 10**11 + interest - interest // 10
    assert found.index == found.supplied * WAD // MoonwellMarket().total_shares * 10**11


@pytest.mark.parametrize(
    ("changes", "closed", "locked", "room"),
    [
        ({"mint_paused": True}, ("paused",), (), 0),
        ({"listed": False}, ("not_listed",), ("not_listed",), 0),
        ({"listed": False, "mint_paused": True}, ("not_listed", "paused"), ("not_listed",), 0),
        ({"supply_cap": 495 * 10**11}, ("cap_full",), (), 0),
        ({"supply_cap": 495 * 10**11 + 1}, ("cap_full",), (), 0),
        ({"supply_cap": 495 * 10**11 + 2}, (), (), 1),
        ({"known_model": False}, ("model_mismatch",), (), 0),
        ({"borrow_rate": 1_575_880_572}, ("model_mismatch",), (), 0),
        ({"supply_rate": 1_146_094_960}, ("model_mismatch",), (), 0),
        ({"exchange_rate": 230 * 10**12 + 1}, ("model_mismatch",), (), 0),
    ],
)
def test_what_closes_and_what_locks(
    changes: dict[str, Any], closed: tuple[str, ...], locked: tuple[str, ...], room: int
) -> None:
    """A pause of minting holds no withdrawal up; a market that is not listed answers every call a code."""
    found = state(MoonwellMarket(**changes))
    assert (found.closed, found.locked, found.room) == (closed, locked, room)
    assert (found.withdrawable == 0) == bool(locked)
    assert (found.curve is None) == ("model_mismatch" in closed)


def test_a_rate_above_the_ceiling_locks() -> None:
    """`accrueInterest` would revert, and with it whatever one calls."""
    found = state(MoonwellMarket(borrow_rate=5 * 10**12 + 1, accrued_at=NOW - 60))
    assert (found.closed, found.locked) == (("rate_cap",), ("rate_cap",))
    assert (found.curve, found.withdrawable, found.room) == (None, 0, 0)
    assert found.index == MoonwellMarket().rate * 10**11


def test_a_market_without_mtokens_has_its_initial_rate() -> None:
    """Nobody holds anything: the index is what the first deposit would pay."""
    empty = MoonwellMarket(cash=0, borrows=0, reserves=0, total_shares=0, borrow_rate=0, supply_rate=0)
    found = state(empty)
    assert found.index == 2 * 10**25
    assert found.curve is not None
    assert found.curve.rate_after(10**6, NOW) == 0


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"underlying": account(0xBAD)}, "asset"),
        ({"reserves": 51 * 10**12, "exchange_rate": 1}, "totals"),
        ({"reserve_factor": WAD + 1}, "totals"),
        ({"accrued_at": NOW + 1}, "totals"),
        ({"share_decimals": 60}, "index"),
    ],
)
def test_what_is_no_market_of_ours_is_not_read(changes: dict[str, Any], code: str) -> None:
    """Two markets share the symbol: the asset decides. Figures that cannot be are no figures."""
    with pytest.raises(MalformedError) as caught:
        state(MoonwellMarket(**changes))
    assert caught.value.code == code


def test_a_market_of_reserves_alone_is_not_entered() -> None:
    """Suppliers own nothing while debt stands: the model divides by zero, and no curve is made of it."""
    found = state(MoonwellMarket(cash=0, borrows=5, reserves=5, exchange_rate=1, total_shares=0))
    assert found.closed == ("model_mismatch",)


def test_the_decimals_of_the_chain_count() -> None:
    """As for every venue, for a holding too."""
    evm = holding(0)
    evm.put(USDC, "decimals()", gives=(18,))
    for read in (VENUE.read_market(MARKET, None), VENUE.read_position(MARKET, OWNER)):
        with pytest.raises(MalformedError) as caught:
            evm.run(read)
        assert caught.value.code == "decimals"


@pytest.mark.parametrize("kind", ["empty", "short", "long", "dirty"])
def test_garbled_return_data_never_becomes_a_value(kind: str) -> None:
    """One answer at a time goes wrong; a cap of all ones is one that binds nobody."""
    for key in list(MoonwellMarket().into(base_evm()).answers):
        evm = MoonwellMarket().into(base_evm())
        evm.answers[key] = garbled(evm.answers[key])[kind]
        if kind == "dirty" and key[1][:4] == calldata("supplyCaps(address)", MTOKEN)[:4]:
            assert evm.run(VENUE.read_market(MARKET, HINT)).room > 10**70
            continue
        with pytest.raises(MammonError):
            evm.run(VENUE.read_market(MARKET, HINT))


def test_a_view_that_fails_fails_the_read() -> None:
    """But for the rate model's own: a model of another kind is read about, and not entered."""
    for key in list(MoonwellMarket().into(base_evm()).answers):
        evm = MoonwellMarket().into(base_evm())
        del evm.answers[key]
        if key[0] == MODEL:
            assert evm.run(VENUE.read_market(MARKET, HINT)).closed == ("model_mismatch",)
            continue
        with pytest.raises(CallFailedError):
            evm.run(VENUE.read_market(MARKET, HINT))


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_whatever_the_chain_answers_a_read_ends_in_a_state_or_in_our_error(data: st.DataObject) -> None:
    """No answer makes a read raise what the reader does not know."""
    evm = MoonwellMarket().into(base_evm())
    for key in data.draw(st.lists(st.sampled_from(sorted(evm.answers)), min_size=1, max_size=4, unique=True)):
        word = data.draw(st.one_of(st.integers(0, 3), st.integers(0, MAX), st.integers(0, 2**90)))
        evm.answers[key] = word.to_bytes(32, "big") * (len(evm.answers[key]) // 32)
    try:
        found = evm.run(VENUE.read_market(MARKET, HINT))
    except MammonError:
        return
    assert isinstance(found, MarketState)


# --- positions -----------------------------------------------------------------------------------


def holding(shares: int, **changes: Any) -> Any:
    evm = MoonwellMarket(**changes).into(base_evm())
    evm.put(MTOKEN, "balanceOf(address)", OWNER, gives=(shares,))
    return evm


@pytest.mark.parametrize("elapsed", [0, 86_400])
def test_a_position_is_worth_what_the_accrued_rate_says(elapsed: int) -> None:
    """One round, without the rate model: the contract tells the rate it will accrue at."""
    evm = holding(4_347_826_086_956, accrued_at=NOW - elapsed)
    found = evm.run(VENUE.read_position(MARKET, OWNER))
    interest = 1_575_880_571 * elapsed * 40 * 10**12 // WAD
    rate = (495 * 10**11 + interest - interest // 10) * WAD // MoonwellMarket().total_shares
    assert found == Position(
        MARKET.id, MARKET.slug, OWNER, 4_347_826_086_956, 4_347_826_086_956 * rate // WAD
    )
    assert len(evm.rounds) == 1


def test_m5_of_the_facts() -> None:
    """1000 USDC at 230000000000000 are 4347826086956 mTokens, which are worth 999.999999."""
    rate = 230_000_000_000_000
    tokens = 1_000_000_000 * WAD // rate
    owned = 10**12 * rate // WAD
    evm = holding(tokens, cash=owned, borrows=0, reserves=0, total_shares=10**12, borrow_rate=0)
    assert tokens == 4_347_826_086_956
    assert evm.run(VENUE.read_position(MARKET, OWNER)).assets == 999_999_999


def test_holding_nothing_needs_no_rate() -> None:
    """Also of a market that nobody is in, or that cannot accrue."""
    assert holding(0, total_shares=0).run(VENUE.read_position(MARKET, OWNER)).assets == 0
    assert (
        holding(0, borrow_rate=10**13, accrued_at=NOW - 9).run(VENUE.read_position(MARKET, OWNER)).shares == 0
    )


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"total_shares": 0}, "shares"), ({"borrow_rate": 10**13, "accrued_at": NOW - 9}, "totals")],
)
def test_a_position_whose_worth_cannot_be_told_is_not_zero(changes: dict[str, Any], code: str) -> None:
    """Shares of none, and a market that cannot accrue: unread, with the reason."""
    with pytest.raises(MalformedError) as caught:
        holding(5, **changes).run(VENUE.read_position(MARKET, OWNER))
    assert caught.value.code == code


def test_the_mtoken_is_its_own_share_token() -> None:
    """Known at once, from the market alone."""
    assert VENUE.share_token(MARKET, None) == VaultShares(MTOKEN)


# --- calls ---------------------------------------------------------------------------------------


def test_deposits_and_withdrawals_equal_the_reference_encoding() -> None:
    """To the byte; everything is a redemption of every mToken."""
    assert VENUE.supply(MARKET, 5, OWNER) == (
        Call(USDC, calldata("approve(address,uint256)", MTOKEN, 5)),
        Call(MTOKEN, calldata("mint(uint256)", 5)),
    )
    assert VENUE.withdraw(MARKET, 7, OWNER) == (Call(MTOKEN, calldata("redeemUnderlying(uint256)", 7)),)
    assert VENUE.withdraw(MARKET, All(9), OWNER) == (Call(MTOKEN, calldata("redeem(uint256)", 9)),)


@pytest.mark.parametrize("amount", [0, -1])
def test_no_call_moves_nothing(amount: int) -> None:
    """An amount of nothing is a mistake of the caller."""
    with pytest.raises(ValueError):
        VENUE.supply(MARKET, amount, OWNER)
    for form in (amount, All(amount)):
        with pytest.raises(ValueError, match="units"):
            VENUE.withdraw(MARKET, form, OWNER)


def test_a_market_whose_deposits_are_off_gives_no_deposit() -> None:
    """Withdrawing from it stays possible."""
    off = closed_to_deposits(MARKET)
    with pytest.raises(RefusedError):
        VENUE.supply(off, 1, OWNER)
    assert VENUE.withdraw(off, All(1), OWNER)
