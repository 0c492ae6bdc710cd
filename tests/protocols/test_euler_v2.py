"""Euler v2: the vault, its rate model, its caps and its hooks."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mammon.core.types import Address, All, Call, Hint, MarketState
from mammon.errors import CallFailedError, MalformedError, MammonError
from mammon.protocols.euler_v2 import EulerV2
from tests.protocols.fakes import NOW, OWNER, USDC, ZERO, account, base_evm, calldata, garbled, market
from tests.protocols.fakes_second_tier import E_FACTORY, E_IRM, E_PERSPECTIVE, E_VAULT, MILLION, EVault

VENUE = EulerV2()
PLAIN = market("euler_v2", E_VAULT, factory=E_FACTORY)
MARKET = market("euler_v2", E_VAULT, factory=E_FACTORY, irm=E_IRM, perspective=E_PERSPECTIVE)
HINT = Hint(("euler_v2", E_IRM))


def state(vault: EVault, hint: Hint | None = HINT) -> MarketState:
    found = vault.into(base_evm()).run(VENUE.read_market(MARKET, hint))
    assert isinstance(found, MarketState)
    return found


def test_a_vault_is_read_in_one_round_with_a_hint_and_in_two_without() -> None:
    """The second round is for a rate model nobody has named; both tell the same."""
    evm = EVault().into(base_evm())
    cold = evm.run(VENUE.read_market(PLAIN, None))
    assert len(evm.rounds) == 2
    assert cold.hint == HINT
    warm = evm.run(VENUE.read_market(PLAIN, cold.hint))
    assert len(evm.rounds) == 1
    assert warm == cold
    assert len(evm.rounds[0]) == len(set(evm.rounds[0]))


def test_what_a_vault_says_is_what_is_read() -> None:
    """Vector E1's amounts, with a rate model on top."""
    vault = EVault()
    found = state(vault)
    assert (found.supplied, found.borrowed) == (100 * MILLION, 80 * MILLION)
    assert found.withdrawable == 20 * MILLION
    assert found.index == vault.index
    assert (found.closed, found.locked, found.evidence) == ((), (), ())
    assert found.curve is not None
    assert found.curve.rate_now() == 1141552511415525114
    due = vault.rate(30 * MILLION, 80 * MILLION) * 80 * 9_000 // (110 * 10_000)
    assert found.curve.rate_after(10 * MILLION, NOW) == due


def test_a_rate_model_that_was_replaced_is_asked_again() -> None:
    """What the vault says in the same round counts; a hint that is not one is as good as none."""
    old = Hint(("euler_v2", account(0x01D)))
    for hint in (old, Hint(("euler_v2", "x")), Hint(("fluid", E_IRM)), Hint(("euler_v2",)), None):
        evm = EVault().into(base_evm())
        found = evm.run(VENUE.read_market(PLAIN, hint))
        assert (len(evm.rounds), found.hint, found.curve is None) == (2, HINT, False)


def test_a_vault_without_a_rate_model_keeps_its_rate() -> None:
    """No address, no questions: what is stored stays, whatever is deposited."""
    evm = EVault(irm=ZERO).into(base_evm())
    found = evm.run(VENUE.read_market(PLAIN, None))
    assert len(evm.rounds) == 1
    assert found.curve is not None
    assert found.curve.borrow_rate_after(50 * MILLION, NOW) == 1585489599188229325
    assert evm.run(VENUE.read_market(PLAIN, found.hint)) == found


@pytest.mark.parametrize("missing", ["baseRate()", "slope1()", "slope2()", "kink()"])
def test_a_rate_model_of_another_kind_gives_no_rate(missing: str) -> None:
    """It has no such constant: entry is closed, what was deposited can leave."""
    vault = EVault()
    del vault.model[missing]
    found = state(vault)
    assert (found.curve, found.closed, found.room) == (None, ("unknown_irm",), 0)
    assert found.withdrawable > 0


def test_a_rate_model_that_computes_something_else_gives_no_rate() -> None:
    """The same constants and another formula: told by computing, not by name."""
    assert state(EVault(probe_off=1)).closed == ("unknown_irm",)
    evm = EVault().into(base_evm())
    evm.drop(E_IRM, "computeInterestRateView(address,uint256,uint256)", E_VAULT, 0, 10**12)
    assert evm.run(VENUE.read_market(MARKET, HINT)).closed == ("unknown_irm",)


def test_assets_that_are_not_cash_and_debt_give_no_rate() -> None:
    """Then this is not the arithmetic the curve was written for."""
    found = state(EVault(total_off=1))
    assert (found.curve, found.closed) == (None, ("model_mismatch",))


# --- caps, room, liquidity -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("caps", "told", "room", "closed"),
    [
        ((150 << 6 | 14, 0), 49_999_999_999_999, 49_999_999_999_999, ()),
        ((150 << 6 | 14, 0), 60 * MILLION, 50 * MILLION, ()),
        ((100 << 6 | 14, 0), 0, 0, ("cap_full",)),
        ((90 << 6 | 14, 0), 7, 0, ("cap_full",)),
        ((0, 0), 2**112 - 1, None, ()),
        ((0, 0), 0, 0, ("cap_full",)),
        ((63, 0), 5, 0, ("cap_full",)),
    ],
    ids=["told less", "cap less", "full", "above", "none", "none but told", "of nothing"],
)
def test_room_is_the_lesser_of_the_cap_and_what_is_told(
    caps: tuple[int, int], told: int, room: int | None, closed: tuple[str, ...]
) -> None:
    """Trap: caps are decimal floats, 0 is none; `maxDeposit` rounds through shares and may say less."""
    found = state(EVault(caps=caps, max_deposit=told))
    assert (found.room, found.closed) == (room, closed)


def test_only_cash_can_leave() -> None:
    """Tokens that were sent to the vault are not its cash, and cash that is not there cannot leave."""
    assert state(EVault(liquid=5)).withdrawable == 5
    assert state(EVault(cash=0, owed=5 << 31, liquid=30 * MILLION)).withdrawable == 0


# --- hooks ---------------------------------------------------------------------------------------

HOOK = account(0x400C)


@pytest.mark.parametrize(
    ("hooks", "closed", "locked"),
    [
        ((ZERO, 0), (), ()),
        ((ZERO, 1 << 6), (), ()),
        ((HOOK, 1 << 6), (), ()),
        ((ZERO, 1), ("paused",), ()),
        ((ZERO, 1 << 2), ("paused",), ()),
        ((ZERO, 1 << 3), ("paused",), ()),
        ((ZERO, 1 << 2 | 1 << 3), ("paused",), ("paused",)),
        ((ZERO, 1 << 14), ("paused",), ("paused",)),
        ((HOOK, 1), ("hooked",), ()),
        ((HOOK, 1 << 3), ("hooked",), ()),
        ((HOOK, 1 << 14), ("hooked",), ()),
    ],
)
def test_what_is_hooked_is_not_entered(
    hooks: tuple[Address, int], closed: tuple[str, ...], locked: tuple[str, ...]
) -> None:
    """Trap: `maxDeposit` knows a switched-off deposit, and nothing of the rules of a hook."""
    found = state(EVault(hooks=hooks))
    assert (found.closed, found.locked) == (closed, locked)
    assert (found.room == 0) == bool(closed)
    assert (found.withdrawable == 0) == bool(locked)


# --- identity ------------------------------------------------------------------------------------


def test_a_vault_the_factory_does_not_know_is_not_read() -> None:
    """Trap: the address is second-hand; anybody can write a contract that answers like a vault."""
    with pytest.raises(MalformedError) as caught:
        state(EVault(is_proxy=False))
    assert caught.value.code == "vault"


@pytest.mark.parametrize("verified", [False, None])
def test_a_vault_outside_the_perspective_is_not_entered(verified: bool | None) -> None:
    """Where one is configured: it says no, or nothing at all."""
    assert state(EVault(verified=verified)).closed == ("unverified",)
    assert EVault(verified=verified).into(base_evm()).run(VENUE.read_market(PLAIN, HINT)).closed == ()


def test_another_asset_and_worthless_shares_are_refused() -> None:
    """Named, not traded."""
    for vault, code in ((EVault(asset=account(0xBAD)), "asset"), (EVault(index=0), "index")):
        with pytest.raises(MalformedError) as caught:
            state(vault)
        assert caught.value.code == code


def test_a_required_view_that_fails_fails_the_read() -> None:
    """No cash is not cash of nothing."""
    evm = EVault().into(base_evm())
    evm.drop(E_VAULT, "cash()")
    with pytest.raises(CallFailedError):
        evm.run(VENUE.read_market(MARKET, HINT))


@pytest.mark.parametrize("kind", ["empty", "short", "long", "dirty"])
def test_garbled_return_data_never_becomes_a_value(kind: str) -> None:
    """One answer at a time; the model's constants are optional, and a fee of all ones is refused."""
    for key in list(EVault().into(base_evm()).answers):
        evm = EVault().into(base_evm())
        evm.answers[key] = garbled(evm.answers[key])[kind]
        if kind == "dirty" and key[1][:4] == calldata("maxDeposit(address)", OWNER)[:4]:
            continue  # all ones is a number, and the cap is less
        try:
            found = evm.run(VENUE.read_market(MARKET, HINT))
        except MammonError:
            continue
        assert found.closed == ("unknown_irm",)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_whatever_the_chain_answers_a_read_ends_in_a_state_or_in_our_error(data: st.DataObject) -> None:
    """No answer makes a read raise what the reader does not know."""
    evm = EVault().into(base_evm())
    for key in data.draw(st.lists(st.sampled_from(sorted(evm.answers)), min_size=1, max_size=4, unique=True)):
        word: Any = data.draw(st.one_of(st.integers(0, 3), st.integers(0, 2**256 - 1), st.integers(0, 2**90)))
        evm.answers[key] = word.to_bytes(32, "big") + evm.answers[key][32:]
    try:
        found = evm.run(VENUE.read_market(MARKET, HINT))
    except MammonError:
        return
    assert isinstance(found, MarketState)


def test_plain_calls_do_and_none_means_everything() -> None:
    """Trap: all ones would be "all there is"; no connector, no number that means more than it says."""
    assert VENUE.supply(MARKET, 5, OWNER) == (
        Call(USDC, calldata("approve(address,uint256)", E_VAULT, 5)),
        Call(E_VAULT, calldata("deposit(uint256,address)", 5, OWNER)),
    )
    assert VENUE.withdraw(replace(MARKET, deposits=False, note="x"), All(9), OWNER) == (
        Call(E_VAULT, calldata("redeem(uint256,address,address)", 9, OWNER, OWNER)),
    )
