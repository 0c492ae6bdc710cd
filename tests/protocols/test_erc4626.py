"""A plain vault: what is read, what is only observed, and for how long an observation counts."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mammon.core.curves import GrowthCurve
from mammon.core.fixed import RAY
from mammon.core.types import All, Call, Hint, MarketState, Position
from mammon.errors import CallFailedError, MalformedError, MammonError, RefusedError
from mammon.protocols.erc4626 import MIN_AGE_S, WINDOW_S, Erc4626
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
from tests.protocols.fakes_vaults import VAULT, Vault

VENUE = Erc4626()
MARKET = market("erc4626", VAULT)
INDEX = 1_050_000_123_456_789_012_345_678_000


def state(vault: Vault, hint: Hint | None = None, now: int = NOW) -> MarketState:
    found = vault.into(base_evm(now)).run(VENUE.read_market(MARKET, hint))
    assert isinstance(found, MarketState)
    return found


def hint(*figures: int) -> Hint:
    return Hint(("erc4626", *map(str, figures)))


def test_a_vault_seen_for_the_first_time_is_read_in_one_round_and_has_no_rate() -> None:
    """One block does not tell a rate: the curve is absent, an observation is left behind."""
    evm = Vault().into(base_evm())
    found = evm.run(VENUE.read_market(MARKET, None))
    assert len(evm.rounds) == 1
    assert found.curve is None
    assert found.supplied == 5_000_000_000_000
    assert found.borrowed is None
    assert found.withdrawable == 2_000_000_000_000
    assert found.room is None
    assert (found.closed, found.locked, found.evidence) == ((), (), ())
    assert found.hint == hint(NOW, INDEX)


# --- the index -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("decimals", "worth"), [(18, 10**6), (6, 10**18), (0, 10**24), (24, 1)])
def test_par_is_one_ray_whatever_the_share_decimals(decimals: int, worth: int) -> None:
    """One whole share worth one whole asset reads 1e27."""
    assert state(Vault(share_decimals=decimals, worth=worth, precise=worth * 10**18)).index == RAY


def test_the_answer_for_many_shares_gives_the_digits() -> None:
    """The worth of one share ends at a millionth: growth between two blocks would not show."""
    assert state(Vault()).index == INDEX
    assert state(Vault(precise=None)).index == 1_050_000 * 10**21


@pytest.mark.parametrize("precise", [10**18, 1_060_000 * 10**18, 0])
def test_an_answer_for_many_shares_that_is_out_of_line_is_left_out(precise: int) -> None:
    """Some vaults bound what they convert: then the plain answer stands."""
    assert state(Vault(precise=precise)).index == 1_050_000 * 10**21


@pytest.mark.parametrize("vault", [Vault(worth=0, precise=0), Vault(share_decimals=77)])
def test_an_index_beyond_reason_is_refused(vault: Vault) -> None:
    """Shares worth nothing, or decimals of nonsense, are not a market."""
    with pytest.raises(MalformedError) as caught:
        state(vault)
    assert caught.value.code == "index"


# --- observations --------------------------------------------------------------------------------


def test_growth_since_the_earlier_observation_is_the_rate() -> None:
    """From ten minutes on, the curve runs through both readings."""
    earlier = INDEX - 10**20
    found = state(Vault(), hint(NOW - MIN_AGE_S, earlier))
    assert found.curve == GrowthCurve(earlier, NOW - MIN_AGE_S, INDEX, NOW, 5_000_000_000_000)


def test_an_observation_too_young_tells_no_rate_and_is_kept() -> None:
    """Over seconds a vault that books in steps shows nothing, or a leap."""
    young = hint(NOW - MIN_AGE_S + 1, INDEX - 5)
    found = state(Vault(), young)
    assert found.curve is None
    assert found.hint == young


def test_two_reads_of_one_block_lose_no_observation() -> None:
    """The second read finds its own observation, and leaves it."""
    assert state(Vault(), hint(NOW, INDEX)).hint == hint(NOW, INDEX)


def test_the_second_observation_starts_while_the_first_counts() -> None:
    """It is there to take over: the first stays the base."""
    first = (NOW - MIN_AGE_S, INDEX - 5)
    assert state(Vault(), hint(*first)).hint == hint(*first, NOW, INDEX)


def test_the_second_takes_over_after_a_window() -> None:
    """The rate is that of one to two windows: older history is forgotten, recent one never missing."""
    first, second = (NOW - 2 * WINDOW_S, INDEX - 9), (NOW - WINDOW_S, INDEX - 5)
    found = state(Vault(), hint(*first, *second))
    assert isinstance(found.curve, GrowthCurve)
    assert found.curve.time0 == first[0]
    assert found.hint == hint(*second, NOW, INDEX)


def test_within_the_window_both_observations_stay() -> None:
    """Nothing is forgotten early."""
    kept = hint(NOW - WINDOW_S, INDEX - 9, NOW - WINDOW_S + 1, INDEX - 5)
    assert state(Vault(), kept).hint == kept


@given(st.lists(st.integers(2, 3 * WINDOW_S), min_size=5, max_size=60))
@settings(max_examples=60, deadline=None)
def test_once_there_is_a_rate_there_always_is_one(steps: list[int]) -> None:
    """Whatever the rhythm of the scans, the curve never vanishes, and looks back at most so far."""
    now, remembered, seen = NOW, None, False
    for step in steps:
        found = state(Vault(), remembered, now)
        if isinstance(found.curve, GrowthCurve):
            seen = True
            assert MIN_AGE_S <= now - found.curve.time0 <= 2 * (WINDOW_S + max(steps)) + MIN_AGE_S
        assert seen == (found.curve is not None)
        remembered, now = found.hint, now + step


@pytest.mark.parametrize(
    "items",
    [
        (),
        ("erc4626",),
        ("aave_v3", "1", "2"),
        ("erc4626", "1"),
        ("erc4626", "1", "2", "3"),
        ("erc4626", str(NOW - 3600), "x"),
        ("erc4626", str(NOW - 3600), "-5"),
        ("erc4626", str(NOW - 3600), "0"),
        ("erc4626", str(NOW - 3600), "٣"),
        ("erc4626", str(NOW - 3600), "9" * 5000),
        ("erc4626", str(NOW + 1), "5"),
        ("erc4626", str(NOW - 5), "5", str(NOW - 5), "5"),
        ("erc4626", str(NOW - 5), "5", str(NOW - 9), "5"),
        ("erc4626", str(NOW - 3600), "5", str(NOW + 1), "5"),
    ],
)
def test_a_hint_that_is_not_one_starts_over(items: tuple[str, ...]) -> None:
    """Foreign, cut, from the future or out of order: as if never seen."""
    found = state(Vault(), Hint(items))
    assert found.curve is None
    assert found.hint == hint(NOW, INDEX)


# --- doors ---------------------------------------------------------------------------------------


def test_a_vault_that_takes_nothing_is_closed() -> None:
    """`maxDeposit` of zero: full, or a kind of vault that never tells; either way no deposit."""
    found = state(Vault(max_deposit=0))
    assert (found.closed, found.room, found.locked) == (("cap_full",), 0, ())


def test_room_is_what_the_vault_takes() -> None:
    """A bound is a bound; the highest number of all is none."""
    assert state(Vault(max_deposit=7)).room == 7


@pytest.mark.parametrize(("paused", "reasons"), [(True, ("paused",)), (False, ()), (None, ())])
def test_a_pause_closes_both_doors(paused: bool | None, reasons: tuple[str, ...]) -> None:
    """Where a vault has the switch it counts; where it has none nothing is assumed."""
    found = state(Vault(paused=paused))
    assert found.closed == found.locked == reasons
    assert (found.withdrawable == 0) == bool(reasons)
    assert (found.room == 0) == bool(reasons)


def test_what_backs_withdrawals_may_lie_elsewhere() -> None:
    """The market's table may name who holds the asset; more than the vault's own never counts."""
    holder = account(0x11)
    elsewhere = market("erc4626", VAULT, liquidity=holder)
    evm = Vault(holder=holder, liquid=9_000_000_000_000).into(base_evm())
    assert evm.run(VENUE.read_market(elsewhere, None)).withdrawable == 5_000_000_000_000


# --- identity and garbage ------------------------------------------------------------------------


def test_a_vault_of_another_asset_is_not_read() -> None:
    """The address may be right and the asset wrong: named, not traded."""
    with pytest.raises(MalformedError, match="holds") as caught:
        state(Vault(asset=account(0xBAD)))
    assert caught.value.code == "asset"


def test_the_decimals_of_the_chain_count() -> None:
    """As for every venue."""
    evm = Vault().into(base_evm())
    evm.put(VAULT, "balanceOf(address)", OWNER, gives=(0,))
    evm.put(USDC, "decimals()", gives=(18,))
    for read in (VENUE.read_market(MARKET, None), VENUE.read_position(MARKET, OWNER)):
        with pytest.raises(MalformedError) as caught:
            evm.run(read)
        assert caught.value.code == "decimals"


def test_a_required_view_that_fails_fails_the_read() -> None:
    """No vault without `maxDeposit`: it is not zero and not endless."""
    evm = Vault().into(base_evm())
    del evm.answers[next(key for key in evm.answers if key[1].startswith(bytes.fromhex("402d267d")))]
    with pytest.raises(CallFailedError):
        evm.run(VENUE.read_market(MARKET, None))


@pytest.mark.parametrize("kind", ["empty", "short", "long", "dirty"])
def test_garbled_return_data_never_becomes_a_value(kind: str) -> None:
    """One answer at a time goes wrong; `maxDeposit` alone may say all ones, which means no bound."""
    for key in list(Vault(paused=False).into(base_evm()).answers):
        evm = Vault(paused=False).into(base_evm())
        evm.answers[key] = garbled(evm.answers[key])[kind]
        if kind == "dirty" and (key[1][:4].hex() == "402d267d" or key[1] == _precise()):
            continue
        with pytest.raises(MammonError):
            evm.run(VENUE.read_market(MARKET, None))


def _precise() -> bytes:
    return calldata("convertToAssets(uint256)", 10**36)


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_whatever_the_chain_answers_a_read_ends_in_a_state_or_in_our_error(data: st.DataObject) -> None:
    """No answer makes a read raise what the reader does not know."""
    evm = Vault(paused=False).into(base_evm())
    for key in data.draw(st.lists(st.sampled_from(sorted(evm.answers)), min_size=1, max_size=4, unique=True)):
        word: Any = data.draw(st.one_of(st.integers(0, 3), st.integers(0, 2**256 - 1), st.integers(0, 2**90)))
        evm.answers[key] = word.to_bytes(32, "big")
    try:
        found = evm.run(VENUE.read_market(MARKET, hint(NOW - 3600, INDEX)))
    except MammonError:
        return
    assert isinstance(found, MarketState)


# --- positions and calls -------------------------------------------------------------------------


def test_a_position_is_shares_and_what_the_vault_says_they_are_worth() -> None:
    """The vault's own conversion, not a product of ours."""
    evm = Vault().into(base_evm())
    evm.put(VAULT, "balanceOf(address)", OWNER, gives=(3 * 10**18,))
    evm.put(VAULT, "convertToAssets(uint256)", 3 * 10**18, gives=(3_150_001,))
    found = evm.run(VENUE.read_position(MARKET, OWNER))
    assert found == Position(MARKET.id, MARKET.slug, OWNER, 3 * 10**18, 3_150_001)
    assert len(evm.rounds) == 2


def test_holding_nothing_takes_one_round() -> None:
    """No shares are worth nothing without asking."""
    evm = Vault().into(base_evm())
    evm.put(VAULT, "balanceOf(address)", OWNER, gives=(0,))
    assert evm.run(VENUE.read_position(MARKET, OWNER)).assets == 0
    assert len(evm.rounds) == 1


def test_deposits_and_withdrawals_equal_the_reference_encoding() -> None:
    """To the byte; everything is a redemption of every share."""
    assert VENUE.supply(MARKET, 5, OWNER) == (
        Call(USDC, calldata("approve(address,uint256)", VAULT, 5)),
        Call(VAULT, calldata("deposit(uint256,address)", 5, OWNER)),
    )
    assert VENUE.withdraw(MARKET, 7, OWNER) == (
        Call(VAULT, calldata("withdraw(uint256,address,address)", 7, OWNER, OWNER)),
    )
    assert VENUE.withdraw(MARKET, All(9), OWNER) == (
        Call(VAULT, calldata("redeem(uint256,address,address)", 9, OWNER, OWNER)),
    )


@pytest.mark.parametrize("amount", [0, -1])
def test_no_call_moves_nothing(amount: int) -> None:
    """An amount of nothing is a mistake of the caller."""
    with pytest.raises(ValueError):
        VENUE.supply(MARKET, amount, OWNER)
    with pytest.raises(ValueError, match="units"):
        VENUE.withdraw(MARKET, amount, OWNER)
    with pytest.raises(ValueError, match="units"):
        VENUE.withdraw(MARKET, All(amount), OWNER)


def test_a_vault_whose_deposits_are_off_gives_no_deposit() -> None:
    """Withdrawing from it stays possible."""
    off = closed_to_deposits(MARKET)
    with pytest.raises(RefusedError):
        VENUE.supply(off, 1, OWNER)
    assert VENUE.withdraw(off, All(1), OWNER)
