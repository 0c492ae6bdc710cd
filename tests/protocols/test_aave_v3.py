"""Aave V3: a reserve as read, what a hint is worth, which doors are closed."""

from __future__ import annotations

import pytest

from mammon.core.curves import AaveCurve
from mammon.core.fixed import RAY
from mammon.core.types import Call, Hint
from mammon.errors import CallFailedError, MalformedError
from tests.protocols.fakes import (
    NOW,
    USDC,
    ZERO,
    Evm,
    account,
    base_evm,
    calldata,
)
from tests.protocols.fakes_aave import (
    A_TOKEN,
    DEBT_TOKEN,
    HINT,
    HINT_3_0,
    INDEX,
    LISTED,
    MARKET,
    POOL,
    SCALED_DEBT,
    SCALED_SUPPLY,
    VENUE,
    Reserve,
    curve,
    state,
)

RESERVE_DATA = "getReserveData(address)"


def test_a_reserve_is_read_whole() -> None:
    """Every figure of the state comes from its own view, in base units."""
    found = state(Reserve())
    assert found.supplied == SCALED_SUPPLY * INDEX // RAY == 94_500_000_000_000
    assert found.borrowed == SCALED_DEBT * INDEX // RAY
    assert found.withdrawable == 31_000_000_000_000
    assert found.index == INDEX
    assert (found.closed, found.locked, found.evidence) == ((), (), ())
    assert found.market is MARKET
    assert found.curve == AaveCurve(
        generation="3.5",
        available=31_000_000_000_000,
        scaled_debt=SCALED_DEBT,
        unbacked=0,
        scaled_supply=SCALED_SUPPLY,
        accrued_to_treasury=0,
        liquidity_index=INDEX,
        borrow_index=INDEX,
        liquidity_rate=35 * 10**24,
        borrow_rate=55 * 10**24,
        updated_at=NOW,
        reserve_factor_bps=1000,
        optimal_usage=9 * 10**26,
        base_rate=0,
        slope1=55 * 10**24,
        slope2=4 * 10**26,
    )


# --- rounds and hints ---------------------------------------------------------------------------


def test_the_steady_state_is_one_round() -> None:
    """With the contracts of the last read a reserve takes one round, and leaves the same hint."""
    evm = Reserve().into(base_evm())
    found = evm.run(VENUE.read_market(MARKET, HINT))
    assert len(evm.rounds) == 1
    assert found.hint == HINT


def test_the_first_read_takes_two_rounds_and_leaves_the_hint() -> None:
    """Without any knowledge the pool is asked first, then the contracts it names."""
    evm = Reserve().into(base_evm())
    found = evm.run(VENUE.read_market(MARKET, None))
    assert len(evm.rounds) == 2
    assert found == state(Reserve())
    assert found.hint == HINT


def test_a_table_that_names_the_contracts_makes_the_first_read_one_round() -> None:
    """What the market's table says is used like a hint, and verified like one."""
    evm = Reserve().into(base_evm())
    found = evm.run(VENUE.read_market(LISTED, None))
    assert len(evm.rounds) == 1
    assert found.curve == curve(Reserve())


@pytest.mark.parametrize("place", [1, 2, 3, 4])
def test_a_stale_hint_is_found_out_in_the_same_read(place: int) -> None:
    """Whichever contract changed, the answers of the old one are not used."""
    items = list(HINT.items)
    items[place] = account(0xDEAD0 + place)
    evm = Reserve().into(base_evm())
    found = evm.run(VENUE.read_market(MARKET, Hint(tuple(items))))
    assert len(evm.rounds) == 2
    assert found == state(Reserve())


def test_a_stale_hint_whose_contracts_answer_is_not_believed_either() -> None:
    """An abandoned strategy still answers; the one the pool names counts."""
    evm = Reserve().into(base_evm())
    old = account(0xDEAD)
    evm.put(old, "getInterestRateDataBps(address)", USDC, gives=(5000, 0, 1, 2))
    hint = Hint(("aave_v3", A_TOKEN, DEBT_TOKEN, ZERO, old))
    assert evm.run(VENUE.read_market(MARKET, hint)).curve == curve(Reserve())


@pytest.mark.parametrize(
    "items",
    [
        (),
        ("aave_v3",),
        ("erc4626", *HINT.items[1:]),
        ("aave_v3", "nonsense", *HINT.items[2:]),
        ("aave_v3", A_TOKEN.swapcase(), *HINT.items[2:]),
        (*HINT.items, A_TOKEN),
    ],
)
def test_a_hint_that_is_not_one_is_ignored(items: tuple[str, ...]) -> None:
    """A foreign, cut or garbled hint costs a round and nothing else."""
    assert state(Reserve(), Hint(items)) == state(Reserve())


def test_stale_contracts_may_fail_in_any_way() -> None:
    """Calls to remembered contracts are optional: a dead one must not fail the read."""
    evm = Reserve().into(base_evm())
    for call in _contract_calls(evm):
        assert call.optional, call


def _contract_calls(evm: Evm) -> list[Call]:
    evm.run(VENUE.read_market(MARKET, HINT_3_0))
    return [
        call
        for call in evm.rounds[0]
        if call.target not in (POOL, USDC) and call.data != calldata("getCurrentBlockTimestamp()")
    ]


def test_a_contract_of_this_reserve_that_fails_fails_the_read() -> None:
    """Optional in the call, required in the reading: a missing total is an error, not zero."""
    evm = Reserve().into(base_evm())
    evm.drop(DEBT_TOKEN, "scaledTotalSupply()")
    with pytest.raises(CallFailedError, match="scaled_debt"):
        evm.run(VENUE.read_market(MARKET, HINT))


# --- doors --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reserve", "closed", "locked"),
    [
        (Reserve(paused=True), ("paused",), ("paused",)),
        (Reserve(active=False), ("inactive",), ("inactive",)),
        (Reserve(frozen=True), ("frozen",), ()),
        (Reserve(active=False, paused=True, frozen=True), ("inactive", "paused", "frozen"), None),
    ],
)
def test_flags_close_what_they_close(
    reserve: Reserve, closed: tuple[str, ...], locked: tuple[str, ...] | None
) -> None:
    """Paused and inactive close both doors, frozen the way in alone."""
    found = state(reserve)
    assert found.closed == closed
    assert found.locked == (("inactive", "paused") if locked is None else locked)
    assert found.room == 0
    assert (found.withdrawable == 0) == bool(found.locked)
    assert found.curve is not None


def test_a_cap_of_zero_is_no_cap() -> None:
    """Nothing caps it: room is absent, not zero and not endless."""
    found = state(Reserve(supply_cap=0))
    assert found.room is None
    assert found.closed == ()


def test_room_is_what_the_old_cap_check_still_lets_in() -> None:
    """Whole tokens on the chain, base units here; the treasury's claim counts as supplied."""
    reserve = Reserve(release="3.0", supply_cap=95_000_000, treasury=100_000_000_000)
    assert state(reserve, HINT_3_0).room == (95_000_000 - 94_500_000 - 105_000) * 10**6


def test_room_is_what_the_new_cap_check_still_lets_in() -> None:
    """From 3.5 on the scaled amount is checked: the room passes it, one unit more does not."""
    found = state(Reserve(supply_cap=95_000_000, treasury=100_000_000_000)).room
    assert found is not None

    def passes(amount: int) -> bool:
        scaled = SCALED_SUPPLY + amount * RAY // INDEX + 100_000_000_000
        return scaled * INDEX // RAY <= 95_000_000 * 10**6

    assert passes(found)
    assert not passes(found + 1)


@pytest.mark.parametrize(("release", "hint"), [("3.0", HINT_3_0), ("3.6", HINT)])
def test_a_full_cap_closes_the_reserve(release: str, hint: Hint) -> None:
    """Not one unit fits: closed, with a code of its own."""
    found = state(Reserve(release=release, supply_cap=94_500_000), hint)
    assert found.room == 0
    assert found.closed == ("cap_full",)
    assert found.locked == ()


def test_an_asset_the_pool_does_not_list_is_not_read() -> None:
    """A reserve of zeros is no reserve: unread, not an empty market."""
    evm = Reserve().into(base_evm())
    evm.put(POOL, RESERVE_DATA, USDC, gives=(0,) * 15)
    with pytest.raises(MalformedError, match="no reserve") as caught:
        evm.run(VENUE.read_market(MARKET, None))
    assert caught.value.code == "not_listed"
