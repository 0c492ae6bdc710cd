"""Aave V3: positions, deposits and withdrawals."""

from __future__ import annotations

from typing import Any

import pytest

from mammon.core.types import All, Call, Position
from mammon.errors import CallFailedError, RefusedError
from tests.protocols.fakes import (
    MAX,
    OWNER,
    USDC,
    Evm,
    account,
    base_evm,
    calldata,
    closed_to_deposits,
    market,
)
from tests.protocols.fakes_aave import (
    A_TOKEN,
    LISTED,
    MARKET,
    POOL,
    VENUE,
    Reserve,
)

# --- positions ----------------------------------------------------------------------------------


def holding(evm: Evm) -> Evm:
    evm.put(A_TOKEN, "scaledBalanceOf(address)", OWNER, gives=(1_000_000,))
    evm.put(A_TOKEN, "balanceOf(address)", OWNER, gives=(1_050_000,))
    return evm


@pytest.mark.parametrize(("found", "rounds"), [(MARKET, 2), (LISTED, 1)])
def test_a_position_is_the_scaled_and_the_grown_balance(found: Any, rounds: int) -> None:
    """Shares never change by themselves, assets include interest; one round when the aToken is listed."""
    evm = holding(Reserve().into(base_evm()))
    position = evm.run(VENUE.read_position(found, OWNER))
    assert position == Position(found.id, found.slug, OWNER, 1_000_000, 1_050_000)
    assert len(evm.rounds) == rounds


def test_a_position_in_a_token_the_pool_no_longer_uses_is_read_from_the_new_one() -> None:
    """The table's aToken is verified in the round that uses it."""
    other = account(0xA70CE)
    evm = holding(Reserve().into(base_evm()))
    evm.put(other, "scaledBalanceOf(address)", OWNER, gives=(9,))
    evm.put(other, "balanceOf(address)", OWNER, gives=(9,))
    stale = market("aave_v3", POOL, a_token=other)
    assert evm.run(VENUE.read_position(stale, OWNER)).shares == 1_000_000
    assert len(evm.rounds) == 2


def test_a_position_that_cannot_be_read_is_not_zero() -> None:
    """A failing balance is an error."""
    evm = Reserve().into(base_evm())
    with pytest.raises(CallFailedError, match=r"held\.shares"):
        evm.run(VENUE.read_position(LISTED, OWNER))


# --- calls --------------------------------------------------------------------------------------


def test_a_deposit_is_an_exact_approval_and_a_supply() -> None:
    """Both calls equal the reference encoding to the byte."""
    assert VENUE.supply(MARKET, 123_456_789, OWNER) == (
        Call(USDC, calldata("approve(address,uint256)", POOL, 123_456_789)),
        Call(POOL, calldata("supply(address,uint256,address,uint16)", USDC, 123_456_789, OWNER, 0)),
    )


def test_a_withdrawal_names_the_amount_or_the_sentinel() -> None:
    """Everything is the pool's own word for everything, which leaves no dust."""
    signature = "withdraw(address,uint256,address)"
    assert VENUE.withdraw(MARKET, 5, OWNER) == (Call(POOL, calldata(signature, USDC, 5, OWNER)),)
    assert VENUE.withdraw(MARKET, All(1), OWNER) == (Call(POOL, calldata(signature, USDC, MAX, OWNER)),)


@pytest.mark.parametrize("amount", [0, -1])
def test_no_call_moves_nothing(amount: int) -> None:
    """An amount of nothing is a mistake of the caller."""
    with pytest.raises(ValueError, match="units"):
        VENUE.supply(MARKET, amount, OWNER)
    with pytest.raises(ValueError, match="units"):
        VENUE.withdraw(MARKET, amount, OWNER)


def test_a_market_whose_deposits_are_off_gives_no_deposit() -> None:
    """Withdrawing from it stays possible."""
    off = closed_to_deposits(MARKET)
    with pytest.raises(RefusedError, match="wound down") as caught:
        VENUE.supply(off, 1, OWNER)
    assert caught.value.code == "deposits_off"
    assert VENUE.withdraw(off, 1, OWNER)
