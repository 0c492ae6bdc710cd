"""Sky savings: a rate nobody thins, and a swap pool that bounds what comes and goes."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mammon.core.types import All, Call, Hint, MarketState
from mammon.errors import CallFailedError, MalformedError, MammonError
from mammon.protocols.forms import FORMS
from mammon.protocols.sky_savings import SkySavings
from tests.protocols.fakes import MAX, NOW, OWNER, USDC, account, base_evm, calldata, garbled, market
from tests.protocols.fakes_second_tier import MILLION, S_ORACLE, S_POCKET, S_PSM, S_VAULT, SSR, SavingsVault

VENUE = SkySavings()
MARKET = market("sky_savings", S_VAULT, psm=S_PSM, ssr_oracle=S_ORACLE)
HINT = Hint(("sky_savings", S_POCKET))
OLD = account(0x01D)


def state(vault: SavingsVault, hint: Hint | None = HINT) -> MarketState:
    found = vault.into(base_evm()).run(VENUE.read_market(MARKET, hint))
    assert isinstance(found, MarketState)
    return found


def test_a_vault_is_read_in_one_round_with_a_hint_and_in_two_without() -> None:
    """The second is for a pocket nobody has named; a table may name it too."""
    evm = SavingsVault().into(base_evm())
    cold = evm.run(VENUE.read_market(MARKET, None))
    assert (len(evm.rounds), cold.hint) == (2, HINT)
    assert evm.run(VENUE.read_market(MARKET, HINT)) == cold
    assert len(evm.rounds) == 1
    named = market("sky_savings", S_VAULT, psm=S_PSM, ssr_oracle=S_ORACLE, pocket=S_POCKET)
    assert evm.run(VENUE.read_market(named, None)).withdrawable == cold.withdrawable
    assert len(evm.rounds) == 1


def test_the_rate_is_the_oracles_whatever_is_deposited() -> None:
    """A constant: ninety million more, and it is the same."""
    found = state(SavingsVault())
    assert found.curve is not None
    assert found.curve.rate_after(0, NOW) == found.curve.rate_after(90 * MILLION, NOW + 9) == SSR
    assert found.index == SavingsVault().index > 108 * 10**25
    assert found.supplied == 40 * MILLION
    assert (found.closed, found.locked, found.borrowed) == ((), (), None)


@pytest.mark.parametrize(
    "items", [("sky_savings", OLD), ("sky_savings",), ("x", S_POCKET), ("sky_savings", "0x")]
)
def test_a_pocket_that_moved_is_asked_again(items: tuple[str, ...]) -> None:
    """What the pool says in the same round counts."""
    evm, hint = SavingsVault().into(base_evm()), Hint(items)
    evm.put(USDC, "balanceOf(address)", OLD, gives=(77 * MILLION,))
    evm.put(USDC, "allowance(address,address)", OLD, S_PSM, gives=(MAX,))
    found = evm.run(VENUE.read_market(MARKET, hint))
    assert (len(evm.rounds), found.hint, found.withdrawable) == (2, HINT, 6 * MILLION)


# --- traps ---------------------------------------------------------------------------------------


def test_what_leaves_is_bounded_by_the_asset_in_the_pocket() -> None:
    """Trap: forty million are saved and six can be paid out."""
    assert state(SavingsVault()).withdrawable == 6 * MILLION
    assert state(SavingsVault(liquid=90 * MILLION)).withdrawable == 40 * MILLION
    assert state(SavingsVault(liquid=0)).withdrawable == 0


def test_a_pocket_of_its_own_has_to_let_the_pool_take() -> None:
    """Its allowance bounds too; when the pool is its own pocket there is none to ask about."""
    assert state(SavingsVault(allowed=5)).withdrawable == 5
    own = SavingsVault(pocket=S_PSM, allowed=0)
    assert state(own, Hint(("sky_savings", S_PSM))).withdrawable == 6 * MILLION


def test_what_comes_is_bounded_by_the_savings_in_the_pool() -> None:
    """Trap: `maxDeposit` is what the pool has to give, and none is no room."""
    assert state(SavingsVault()).room == 90 * MILLION
    empty = state(SavingsVault(max_deposit=0))
    assert (empty.room, empty.closed, empty.locked) == (0, ("cap_full",), ())


def test_nothing_names_a_referral_and_nothing_asks_for_savings_shares() -> None:
    """Trap: deposits with a referral, swaps with one, and `exit`, which pays in another asset: no form."""
    signatures = (
        "deposit(uint256,address,uint256,uint16)",
        "swapExactIn(address,address,uint256,uint256,address,uint256)",
        "exit(uint256,address,address)",
    )
    allowed = {form.selector for forms in FORMS["sky_savings"].values() for form in forms}
    for signature in signatures:
        inside = signature[signature.index("(") + 1 : -1].split(",")
        arguments = [OWNER if kind == "address" else 0 for kind in inside]
        assert calldata(signature, *arguments)[:4] not in allowed
    ways = (
        VENUE.supply(MARKET, 1, OWNER),
        VENUE.withdraw(MARKET, 1, OWNER),
        VENUE.withdraw(MARKET, All(1), OWNER),
    )
    assert allowed == {call.data[:4] for calls in ways for call in calls}


def test_a_pool_that_converts_at_another_worth_gives_no_rate() -> None:
    """The pool's rate and the oracle's have to be one: otherwise the curve is of something else."""
    found = state(SavingsVault(index_off=1))
    assert (found.curve, found.closed, found.room) == (None, ("model_mismatch",), 0)
    assert found.withdrawable == 6 * MILLION


# --- identity and garbage ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("vault", "code"),
    [
        (SavingsVault(asset=account(0xBAD)), "asset"),
        (SavingsVault(psm=account(0xBAD)), "psm"),
        (SavingsVault(share_decimals=6), "decimals"),
        (SavingsVault(rho=NOW + 1), "index"),
        (SavingsVault(chi=0), "index"),
        (SavingsVault(chi=0, index_off=1), "curve"),
    ],
)
def test_what_is_not_this_market_is_refused(vault: SavingsVault, code: str) -> None:
    """Another asset, another pool, other decimals, an oracle from the future, shares worth nothing."""
    with pytest.raises(MalformedError) as caught:
        state(vault)
    assert caught.value.code == code


def test_a_required_view_that_fails_fails_the_read() -> None:
    """No oracle, no rate: not zero."""
    evm = SavingsVault().into(base_evm())
    evm.drop(S_ORACLE, "getSSR()")
    with pytest.raises(CallFailedError):
        evm.run(VENUE.read_market(MARKET, HINT))


@pytest.mark.parametrize("kind", ["empty", "short", "long", "dirty"])
def test_garbled_return_data_never_becomes_a_value(kind: str) -> None:
    """One answer at a time; all ones is a room and an allowance, and neither is believed beyond the pool."""
    for key in list(SavingsVault().into(base_evm()).answers):
        evm = SavingsVault().into(base_evm())
        evm.answers[key] = garbled(evm.answers[key])[kind]
        if kind == "dirty" and int.from_bytes(evm.answers[key], "big") == MAX:
            continue
        with pytest.raises(MammonError):
            evm.run(VENUE.read_market(MARKET, HINT))


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_whatever_the_chain_answers_a_read_ends_in_a_state_or_in_our_error(data: st.DataObject) -> None:
    """No answer makes a read raise what the reader does not know."""
    evm = SavingsVault().into(base_evm())
    for key in data.draw(st.lists(st.sampled_from(sorted(evm.answers)), min_size=1, max_size=4, unique=True)):
        word: Any = data.draw(st.one_of(st.integers(0, 3), st.integers(0, 2**256 - 1), st.integers(0, 2**92)))
        evm.answers[key] = word.to_bytes(32, "big")
    try:
        found = evm.run(VENUE.read_market(MARKET, HINT))
    except MammonError:
        return
    assert isinstance(found, MarketState)


def test_deposits_and_withdrawals_equal_the_reference_encoding() -> None:
    """The vault is the spender, not the pool."""
    assert VENUE.supply(MARKET, 5, OWNER) == (
        Call(USDC, calldata("approve(address,uint256)", S_VAULT, 5)),
        Call(S_VAULT, calldata("deposit(uint256,address)", 5, OWNER)),
    )
    assert VENUE.withdraw(MARKET, All(9), OWNER) == (
        Call(S_VAULT, calldata("redeem(uint256,address,address)", 9, OWNER, OWNER)),
    )
