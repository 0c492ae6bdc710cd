"""MetaMorpho: what a vault may not say, positions and calls."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mammon.core.fixed import RAY
from mammon.core.types import All, Call, MarketState
from mammon.errors import CallFailedError, MalformedError, MammonError
from tests.protocols.fakes import (
    NOW,
    OWNER,
    TOKEN,
    USDC,
    Evm,
    account,
    base_evm,
    calldata,
    garbled,
)
from tests.protocols.fakes_vaults import (
    FIRST,
    IDLE,
    META,
    MORPHO,
    RATE_AT_TARGET,
    MetaVault,
    changed,
)
from tests.protocols.reads_metamorpho import HINT, MARKET, VAULT, VENUE, state

# --- identity and garbage -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("vault", "code"),
    [
        (replace(VAULT, asset=account(0xBAD)), "asset"),
        (replace(VAULT, morpho=account(0xBAD)), "morpho"),
        (replace(VAULT, share_decimals=6), "decimals"),
        (replace(VAULT, fee=10**18 + 1), "fee"),
        (replace(VAULT, supply_queue=(), withdraw_queue=(changed(FIRST, borrow=10**15),)), "market"),
        (replace(VAULT, supply_queue=(), withdraw_queue=(changed(FIRST, updated_at=NOW + 1),)), "market"),
        (replace(VAULT, supply_queue=(), withdraw_queue=(changed(FIRST, updated_at=0),)), "market"),
        (replace(VAULT, supply_queue=(), withdraw_queue=(changed(FIRST, fee=10**18 + 1),)), "market"),
    ],
)
def test_a_vault_that_is_not_what_it_should_be_is_not_read(vault: MetaVault, code: str) -> None:
    """Named by its code, whatever else it says."""
    with pytest.raises(MalformedError) as caught:
        state(vault)
    assert caught.value.code == code


def test_shares_worth_nothing_are_refused() -> None:
    """An index of zero tells no growth."""
    evm = VAULT.into(base_evm())
    evm.put(META, "convertToAssets(uint256)", 10**39, gives=(0,))
    with pytest.raises(MalformedError) as caught:
        evm.run(VENUE.read_market(MARKET, None))
    assert caught.value.code == "index"


@pytest.mark.parametrize("role", ["irm", "morpho"])
def test_a_market_without_its_addresses_is_not_read(role: str) -> None:
    """A market built by hand may lack what the loader asks for."""
    short = replace(MARKET, addresses=tuple(entry for entry in MARKET.addresses if entry[0] != role))
    with pytest.raises(MalformedError, match=role):
        VAULT.into(base_evm()).run(VENUE.read_market(short, None))


def test_a_market_that_fails_fails_the_read() -> None:
    """Optional in the call because of hints, required in the reading."""
    evm = VAULT.into(base_evm())
    evm.drop(MORPHO, "position(bytes32,address)", FIRST.identity, META)
    with pytest.raises(CallFailedError, match="position"):
        evm.run(VENUE.read_market(MARKET, HINT))


@pytest.mark.parametrize("kind", ["empty", "short", "long", "dirty"])
def test_garbled_return_data_never_becomes_a_value(kind: str) -> None:
    """One answer at a time goes wrong, on the steady path: never a state that looks sound."""
    for key in list(replace(VAULT, lost=0).into(base_evm()).answers):
        evm = replace(VAULT, lost=0).into(base_evm())
        evm.answers[key] = garbled(evm.answers[key])[kind]
        if _unused(key[1]) or (kind == "dirty" and _any_number(key)):
            continue
        with pytest.raises(MammonError):
            evm.run(VENUE.read_market(MARKET, HINT))


def _unused(data: bytes) -> bool:
    """On the steady path parameters come from the hint, and an idle market has no rate."""
    params = calldata("idToMarketParams(bytes32)", bytes(32))[:4]
    return data[:4] == params or data == calldata("rateAtTarget(bytes32)", IDLE.identity)


def _any_number(key: tuple[Any, bytes]) -> bool:
    """Any number can be a worth."""
    return key == (META, calldata("convertToAssets(uint256)", 10**39))


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_whatever_the_chain_answers_a_read_ends_in_a_state_or_in_our_error(data: st.DataObject) -> None:
    """No answer makes a read raise what the reader does not know."""
    evm: Evm = replace(VAULT, lost=0).into(base_evm())
    for key in data.draw(st.lists(st.sampled_from(sorted(evm.answers)), min_size=1, max_size=4, unique=True)):
        count = len(evm.answers[key]) // 32
        word = st.one_of(st.integers(0, 3), st.integers(0, 2**256 - 1), st.integers(0, 2**100))
        drawn = data.draw(st.lists(word, min_size=count, max_size=count))
        evm.answers[key] = b"".join(value.to_bytes(32, "big") for value in drawn)
    try:
        found = evm.run(VENUE.read_market(MARKET, data.draw(st.sampled_from([None, HINT]))))
    except MammonError:
        return
    assert isinstance(found, MarketState)
    assert found.room is not None
    assert min(found.room, found.withdrawable) >= 0


# --- positions and calls ------------------------------------------------------------------------


def test_positions_and_calls_are_those_of_any_vault() -> None:
    """Shares of 18 decimals, worth what the vault says; everything is a redemption."""
    evm = VAULT.into(base_evm())
    evm.put(META, "balanceOf(address)", OWNER, gives=(10**18,))
    evm.put(META, "convertToAssets(uint256)", 10**18, gives=(1_000_000,))
    assert evm.run(VENUE.read_position(MARKET, OWNER)).assets == 1_000_000
    assert VENUE.withdraw(MARKET, All(10**18), OWNER) == (
        Call(META, calldata("redeem(uint256,address,address)", 10**18, OWNER, OWNER)),
    )


def test_an_asset_of_18_decimals_has_shares_without_offset() -> None:
    """Then a share unit is an asset unit, and the probe one ray."""
    token = replace(TOKEN, decimals=18)
    coarse = replace(MARKET, token=token)
    evm = VAULT.into(base_evm())
    evm.put(USDC, "decimals()", gives=(18,))
    evm.put(META, "convertToAssets(uint256)", 10**27, gives=(RAY,))
    found = evm.run(VENUE.read_market(coarse, None))
    assert found.curve.decimals_offset == 0
    assert RATE_AT_TARGET in [entry.market.rate_at_target for entry in found.curve.markets]
