"""Fluid: what the layer's words say, how it is checked, and how much can leave."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mammon.core.types import All, Call, MarketState, Position
from mammon.errors import MalformedError, MammonError, RefusedError
from mammon.protocols.fluid import Fluid
from mammon.protocols.fluid_slots import rate_line
from tests.core.fluid_reference import PRICE, big, rate_data
from tests.protocols.fakes import (
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
from tests.protocols.fakes_second_tier import (
    F_TOKEN,
    FLUID_POINTS,
    LAYER,
    MILLION,
    FToken,
    changed,
    fluid_layer,
)

VENUE = Fluid()
MARKET = market("fluid", F_TOKEN, liquidity=LAYER)


def state(token: FToken, now: int = NOW) -> MarketState:
    found = token.into(base_evm(now)).run(VENUE.read_market(MARKET, None))
    assert isinstance(found, MarketState)
    return found


def test_it_is_read_in_one_round() -> None:
    """Slots are found by address: nothing has to be learnt first."""
    token = FToken()
    evm = token.into(base_evm())
    found = evm.run(VENUE.read_market(MARKET, None))
    assert len(evm.rounds) == 1
    assert found.supplied == token.held
    assert (found.borrowed, found.room) == (None, None)
    assert (found.closed, found.locked, found.evidence, found.hint) == ((), (), (), None)
    assert found.index == 108 * 10**25
    assert found.curve is not None
    assert found.curve.rate_after(0, NOW) == token.layer.borrow_rate(8_000) * 8_000 * 9_000 * 10**15


def test_the_rate_after_a_deposit_is_what_the_layer_then_stores() -> None:
    """Foretold by the curve that was read, held against the second implementation."""
    token = FToken()
    curve = state(token).curve
    token.layer.operate(5 * MILLION, NOW + 4)
    after = state(FToken(layer=token.layer, now=NOW + 4), NOW + 4).curve
    assert curve is not None
    assert after is not None
    assert after.rate_now() == curve.rate_after(5 * MILLION, NOW + 4) < curve.rate_now()


# --- the floor of withdrawals --------------------------------------------------------------------


def test_withdrawals_are_rate_limited() -> None:
    """Trap: of eleven million held, with twelve lying there, what the falling floor lets go."""
    token = FToken()
    floor = max(9 * MILLION - 2 * MILLION * 3_600 // 43_200, 8 * MILLION)
    due = token.held - floor * token.price // PRICE
    assert state(token).withdrawable == due < min(token.held, token.liquid)


def test_the_limit_expands_with_time() -> None:
    """Trap: ten hours later more can leave, and at the end a fifth of what is held."""
    later = [FToken(now=NOW + hours * 3_600) for hours in (0, 4, 100)]
    found = [state(token, token.now).withdrawable for token in later]
    assert found[0] < found[1] < found[2]
    assert abs(found[2] - later[2].held // 5) <= 1


def test_without_a_floor_what_lies_there_can_leave() -> None:
    """Below its base the layer keeps no floor; the layer's own balance still bounds."""
    token = FToken(layer=changed(fluid_layer(), ("own", 65, 64, 0)))
    assert state(token).withdrawable == token.held
    short = FToken(layer=token.layer, liquid=5)
    assert state(short).withdrawable == 5


def test_a_floor_above_what_is_held_lets_nothing_leave() -> None:
    """It is not a negative amount."""
    token = FToken(layer=changed(fluid_layer(), ("own", 65, 64, big(99 * MILLION))))
    assert state(token).withdrawable == 0


# --- doors ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "token",
    [FToken(status=2), FToken(layer=changed(fluid_layer(), ("own", 255, 1, 1)))],
    ids=["layer", "user"],
)
def test_a_pause_closes_both_doors(token: FToken) -> None:
    """Of the whole layer, or of this fToken at it."""
    found = state(token)
    assert found.closed == found.locked == ("paused",)
    assert (found.room, found.withdrawable) == (0, 0)
    assert found.curve is not None


@pytest.mark.parametrize(
    "token",
    [
        FToken(price_off=1),
        FToken(held_off=-1),
        FToken(layer=changed(fluid_layer(), ("own", 0, 1, 0))),
        FToken(layer=changed(fluid_layer(), ("prices", 0, 16, 563))),
    ],
    ids=["price", "balance", "no interest", "rate"],
)
def test_words_that_were_not_understood_give_no_rate(token: FToken) -> None:
    """The fToken sees another price or balance, or the stored rate does not fit the rate data."""
    found = state(token)
    assert (found.curve, found.closed, found.room) == (None, ("model_mismatch",), 0)
    assert found.withdrawable > 0


def test_rate_data_of_another_version_gives_no_rate() -> None:
    """What was deposited can still leave."""
    found = state(FToken(layer=changed(fluid_layer(), ("rates", 0, 4, 3))))
    assert (found.curve, found.closed) == (None, ("unknown_rate_data",))
    assert found.withdrawable > 0


def test_a_layer_updated_later_than_the_block_gives_no_rate() -> None:
    """Time does not run backwards: not understood, and no error of ours."""
    layer = fluid_layer(updated_at=NOW + 5)
    found = state(FToken(layer=layer, price_off=PRICE * 11 // 10 - layer.grown(NOW)[0]))
    assert (found.curve, found.closed) == (None, ("model_mismatch",))


@pytest.mark.parametrize("points", [FLUID_POINTS, FLUID_POINTS[:2] + FLUID_POINTS[3:]])
def test_both_versions_of_rate_data_are_read(points: list[tuple[int, int]]) -> None:
    """One kink or two."""
    line = rate_line(rate_data(points))
    assert line is not None
    assert list(line.points) == points


# --- rewards -------------------------------------------------------------------------------------


def test_rewards_that_are_not_paid_in_are_evidence() -> None:
    """Trap: what the fToken owes beyond its balance at the layer is a claim on nothing."""
    held = FToken().held
    few, many = FToken(unfunded=held // 250), FToken(unfunded=held // 150)
    assert state(few).evidence == ()
    assert state(many).evidence == (("unfunded_rewards", many.unfunded),)


def test_rewards_are_not_in_the_rate() -> None:
    """The curve is the layer's; the fToken's own price, rewards in it, is the index."""
    assert state(FToken(unfunded=MILLION)).curve == state(FToken()).curve


# --- identity and garbage ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("token", "code"),
    [
        (FToken(asset=account(0xBAD)), "asset"),
        (FToken(lends_to=account(0xBAD)), "liquidity"),
        (FToken(share_decimals=18), "decimals"),
        (FToken(price_off=-FToken().price), "index"),
        (FToken(layer=changed(fluid_layer(), ("own", 129, 33, NOW + 1))), "index"),
        (FToken(layer=changed(fluid_layer(), ("own", 176, 24, 0))), "fluid"),
        (FToken(layer=changed(fluid_layer(), ("own", 162, 14, 10_001))), "fluid"),
        (FToken(layer=changed(fluid_layer(), ("totals", 0, 8, 200))), "fluid"),
    ],
)
def test_what_is_not_this_market_is_refused(token: FToken, code: str) -> None:
    """Another asset, another layer, other decimals, words of nonsense."""
    with pytest.raises(MalformedError) as caught:
        state(token)
    assert caught.value.code == code


@pytest.mark.parametrize("kind", ["empty", "short", "long"])
def test_garbled_return_data_never_becomes_a_value(kind: str) -> None:
    """One answer at a time is cut or too long."""
    for key in list(FToken().into(base_evm()).answers):
        evm = FToken().into(base_evm())
        evm.answers[key] = garbled(evm.answers[key])[kind]
        with pytest.raises(MammonError):
            evm.run(VENUE.read_market(MARKET, None))


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_whatever_the_chain_answers_a_read_ends_in_a_state_or_in_our_error(data: st.DataObject) -> None:
    """Also where bits of a packed word are turned over."""
    evm = FToken().into(base_evm())
    for key in data.draw(st.lists(st.sampled_from(sorted(evm.answers)), min_size=1, max_size=4, unique=True)):
        was = int.from_bytes(evm.answers[key][:32], "big")
        turned = st.integers(0, 255).map(lambda place, was=was: was ^ 1 << place)
        word: Any = data.draw(st.one_of(st.integers(0, 3), st.integers(0, 2**256 - 1), turned))
        evm.answers[key] = word.to_bytes(32, "big") + evm.answers[key][32:]
    try:
        found = evm.run(VENUE.read_market(MARKET, None))
    except MammonError:
        return
    assert isinstance(found, MarketState)
    assert found.withdrawable >= 0


# --- positions and calls -------------------------------------------------------------------------


def test_a_position_is_shares_and_their_worth() -> None:
    """One round when the shares are as remembered."""
    evm = FToken().into(base_evm())
    evm.put(F_TOKEN, "balanceOf(address)", OWNER, gives=(3_000_000,))
    evm.put(F_TOKEN, "convertToAssets(uint256)", 3_000_000, gives=(3_240_000,))
    found = evm.run(VENUE.read_position(MARKET, OWNER, None, 3_000_000))
    assert found == Position(MARKET.id, MARKET.slug, OWNER, 3_000_000, 3_240_000)
    assert len(evm.rounds) == 1
    assert VENUE.share_token(MARKET, None).address == F_TOKEN


def test_deposits_and_withdrawals_equal_the_reference_encoding() -> None:
    """The fToken is the spender; everything is every share, counted, never a number that means all."""
    assert VENUE.supply(MARKET, 5, OWNER) == (
        Call(USDC, calldata("approve(address,uint256)", F_TOKEN, 5)),
        Call(F_TOKEN, calldata("deposit(uint256,address)", 5, OWNER)),
    )
    assert VENUE.withdraw(MARKET, 7, OWNER) == (
        Call(F_TOKEN, calldata("withdraw(uint256,address,address)", 7, OWNER, OWNER)),
    )
    assert VENUE.withdraw(MARKET, All(9), OWNER) == (
        Call(F_TOKEN, calldata("redeem(uint256,address,address)", 9, OWNER, OWNER)),
    )
    with pytest.raises(RefusedError):
        VENUE.supply(closed_to_deposits(MARKET), 5, OWNER)
