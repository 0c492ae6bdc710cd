"""Positions in pools: what is read of them, by both layouts."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mammon.core.concentrated.amounts import amounts_out
from mammon.core.concentrated.fees import Account, Growth, collectable, growth_inside
from mammon.core.concentrated.managers import PositionManager
from mammon.core.concentrated.positions import Coin, Emissions, PoolHoldings, PoolPosition
from mammon.core.concentrated.ticks import SqrtPrice
from mammon.core.numbers import Units
from mammon.core.types import Unread
from mammon.errors import MalformedError, MammonError
from mammon.protocols.abi.pools import GROWTH_0, GROWTH_1, STAKED
from mammon.protocols.chains.pools import STAKING
from mammon.protocols.forms import FORMS
from mammon.protocols.pools import POOLS
from mammon.protocols.pools.reading import read_holdings
from mammon.protocols.pools.tokens import MOST
from tests.protocols.fakes import MULTICALL3, NOW, OWNER, TOKEN, USDC, Evm, account, calldata, garbled
from tests.protocols.fakes_pools import (
    AERO,
    FACTORY,
    GAUGE,
    MANAGER,
    POOL,
    STRANGER,
    VOTER,
    WETH,
    WRAP,
    Lot,
    Pools,
    at_tick,
)

VECTORS = Path(__file__).parent / "vectors" / "slipstream.csv"
COINS = (Coin(WETH.address, WETH), Coin(USDC, TOKEN))


def read(evm: Evm, manager: PositionManager) -> PoolHoldings:
    """Read the owner's positions."""
    found = evm.run(read_holdings(manager, OWNER))
    assert isinstance(found, PoolHoldings)
    return found


def only(found: PoolHoldings) -> PoolPosition:
    """Return the one position there is."""
    (position,) = found.positions
    assert isinstance(position, PoolPosition), position
    return position


def silent(found: PoolHoldings) -> dict[str, str]:
    """Return what could not be read, with the codes."""
    return {one.subject: one.code for one in found.positions if isinstance(one, Unread)}


# --- what a position is -----------------------------------------------------------------------------


@pytest.mark.parametrize("slip", [False, True])
def test_a_position_is_what_leaving_would_pay(slip: bool) -> None:
    """Amounts at the pool's price, fees grown inside the range since the manager last counted, and owed."""
    growth = 3 * 2**98
    pools = Pools(slip, total=(growth, 2 * growth), outside={-1000: (growth // 3, 0)})
    lot = Lot(7, liquidity=2**60, seen=(0, growth), owed=(5, 6))
    position = only(read(pools.evm(lot), pools.manager()))
    inside = Growth(growth - growth // 3, 2 * growth)
    account_ = Account(lot.liquidity, Growth(0, growth), (Units(5), Units(6)))
    assert position == PoolPosition(
        f"{pools.manager().slug}#7",
        POOL,
        COINS,
        500,
        -1000,
        1000,
        0,
        2**60,
        amounts_out(2**60, -1000, 1000, 0, SqrtPrice(2**96)),
        collectable(account_, account_, inside),
    )
    assert position.fees == (5 + 2 * 2**30, 6 + 3 * 2**30)
    assert (position.in_range, position.emissions) == (True, None)


def test_negative_ticks_are_read_as_such() -> None:
    """Three bytes in two's complement; out of range on either side there is one token."""
    pools = at_tick(-200_000)
    below, above = (
        only(read(pools.evm(Lot(1, *ends)), pools.manager())) for ends in ((-10, 10), (-300_000, -250_000))
    )
    assert (below.in_range, below.amounts[1], above.in_range, above.amounts[0]) == (False, 0, False, 0)
    assert below.amounts[0] > 0 < above.amounts[1]
    assert (below.tick, above.lower, above.upper) == (-200_000, -300_000, -250_000)


def test_counters_that_wrapped_around_are_differences_all_the_same() -> None:
    """A tick initialised above the total makes the inside start below zero, modulo 2**256."""
    pools = Pools(total=(10, 10), outside={-1000: (2**200, 2**200)})
    seen = ((10 - 2**200 - 2**128) % WRAP, (10 - 2**200) % WRAP)
    assert only(read(pools.evm(Lot(1, seen=seen)), pools.manager())).fees == (10**18, 0)


def test_the_pool_may_have_a_unit_less_than_the_manager_counts() -> None:
    """Several positions of one range are one entry of the pool, which rounds for itself."""
    lot = Lot(1, owed=(9, 9), in_pool=(10**18, 0, 0, 8, 20))
    assert only(read(Pools().evm(lot), Pools().manager())).fees == (8, 9)


def test_a_token_nobody_lists_is_never_called() -> None:
    """Anybody can make a pool of a token of his own and give a position in it away."""
    lot = Lot(3, pair=(WETH.address, STRANGER))
    evm = Pools().evm(lot)
    position = only(read(evm, Pools().manager()))
    assert position.coins == (COINS[0], Coin(STRANGER, None))
    assert STRANGER not in {call.target for calls in evm.rounds for call in calls}


def test_what_holds_nothing_is_left_out_and_what_is_still_owed_is_not() -> None:
    """An emptied position stays in the wallet as a token; until it is collected, it is worth something."""
    empty, owing = Lot(1, liquidity=0), Lot(2, liquidity=0, owed=(4, 0), in_pool=(0, 0, 0, 4, 0))
    position = only(read(Pools().evm(empty, owing), Pools().manager()))
    assert (position.slug, position.amounts, position.fees) == ("uni#2", (0, 0), (4, 0))


def test_an_account_without_positions_has_none() -> None:
    """One round, nothing found, nothing unread."""
    for pools in (Pools(), Pools(slip=True)):
        found = read(pools.evm(), pools.manager())
        assert found.positions == ()


# --- staked -----------------------------------------------------------------------------------------


def test_a_staked_position_belongs_to_the_gauge_and_is_found_through_it() -> None:
    """The manager does not list it as the account's; the gauge of a listed pool does."""
    pools = Pools(slip=True)
    evm = pools.evm(Lot(1), staked=(Lot(9, liquidity=4 * 10**18),), earned=(70, 7))
    staked, owned = read(evm, pools.manager()).positions
    assert isinstance(staked, PoolPosition)
    assert isinstance(owned, PoolPosition)
    assert (staked.slug, owned.slug, owned.emissions) == ("slip#9", "slip#1", None)
    share = 10**18 * 31_536_000 * 4 // 10
    assert staked.emissions == Emissions(Coin(AERO.address, AERO), Units(77), Units(share))


def test_a_staked_position_forgoes_the_fees_that_grew_inside_its_range() -> None:
    """Its manager's figures lag behind, so that the formula would find fees; only what was owed before is."""
    pools = Pools(slip=True, total=(2**128, 2**128))
    plain = only(read(pools.evm(Lot(1)), pools.manager()))
    staked = only(
        read(pools.evm(staked=(Lot(1, owed=(3, 5), in_pool=(10**18, 0, 0, 2, 9)),)), pools.manager())
    )
    assert (plain.fees, staked.fees) == ((10**18, 10**18), (2, 5))


@pytest.mark.parametrize(
    ("change", "paid"),
    [({}, True), ({"tick": 1000}, False), ({"ends": NOW}, False), ({"staked_liquidity": 0}, False)],
)
def test_the_rate_is_paid_in_range_until_the_period_ends(change: dict[str, int], paid: bool) -> None:
    """What was earned stays earned."""
    pools = replace(Pools(slip=True), **change)
    emissions = only(read(pools.evm(staked=(Lot(1),), earned=(70, 0)), pools.manager())).emissions
    assert emissions is not None
    assert (emissions.per_year > 0, emissions.earned) == (paid, 70)


def test_a_staked_position_without_liquidity_may_still_have_earned() -> None:
    """Taken out while it was staked."""
    pools = Pools(slip=True)
    lot = Lot(1, liquidity=0, in_pool=(0, 0, 0, 0, 0))
    emissions = only(read(pools.evm(staked=(lot,), earned=(0, 8)), pools.manager())).emissions
    assert emissions is not None
    assert (emissions.earned, emissions.per_year) == (8, 0)


def test_a_pool_without_a_gauge_has_nothing_staked() -> None:
    """The voter answers with no address; what the account owns is read all the same."""
    pools = Pools(slip=True)
    evm = pools.evm(Lot(1))
    evm.put(VOTER, "gauges(address)", POOL, gives=(account(0),))
    assert only(read(evm, pools.manager())).slug == "slip#1"


def test_a_manager_of_listed_pools_without_a_voter_asks_no_gauge() -> None:
    """As a deployment of which no gauge is known."""
    pools = Pools(slip=True)
    manager = replace(pools.manager(), voter=None)
    assert only(read(pools.evm(Lot(1), staked=(Lot(2),)), manager)).slug == "slip#1"


def test_a_reward_token_nobody_lists_is_shown_as_what_it_is() -> None:
    """Its address, and no symbol of its own telling."""
    pools = Pools(slip=True)
    evm = pools.evm(staked=(Lot(1),), earned=(5, 0))
    evm.put(GAUGE, "rewardToken()", gives=(STRANGER,))
    emissions = only(read(evm, pools.manager())).emissions
    assert emissions is not None
    assert emissions.coin == Coin(STRANGER, None)


# --- traps ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("slip", [False, True])
def test_one_layout_is_never_read_as_the_other(slip: bool) -> None:
    """Six words of `slot0` against seven, ten of a tick against eight: neither is cut off or filled up."""
    pools, wrong = Pools(slip), Pools(not slip)
    evm, other = pools.evm(Lot(1)), wrong.evm(Lot(1))
    for signature, arguments in (("slot0()", ()), ("ticks(int24)", (1000,))):
        swapped = pools.evm(Lot(1))
        key = next(iter({k for k in evm.answers if k[1] == calldata(signature, *arguments)}))
        swapped.answers[key] = other.answers[key]
        assert silent(read(swapped, pools.manager())) == {f"{pools.manager().slug}#1": "abi"}


def test_a_pool_is_the_factory_s_by_fee_or_by_tick_spacing() -> None:
    """`uint24` and `int24` make two selectors; a factory of the other kind knows nothing."""
    pools = Pools(slip=True)
    evm = pools.evm(Lot(1))
    other = Pools().evm(Lot(1))
    key = (FACTORY, calldata("getPool(address,address,int24)", WETH.address, USDC, 500))
    del evm.answers[key]
    evm.answers.update({k: v for k, v in other.answers.items() if k[0] == FACTORY})
    assert silent(read(evm, pools.manager())) == {"slip#1": "reverted"}


def test_a_manager_of_another_deployment_is_refused() -> None:
    """Two deployments of Slipstream stand beside each other, each with a manager and a factory of its own."""
    evm = Pools().evm(Lot(1))
    evm.put(MANAGER, "factory()", gives=(account(0xF00),))
    with pytest.raises(MalformedError, match="another factory"):
        evm.run(read_holdings(Pools().manager(), OWNER))


def test_a_position_of_a_pool_the_factory_does_not_know_is_unread() -> None:
    """Nobody's pool says what it is worth."""
    evm = Pools().evm(Lot(1), Lot(2, parameter=3000))
    evm.put(FACTORY, "getPool(address,address,uint24)", WETH.address, USDC, 3000, gives=(account(0),))
    found = read(evm, Pools().manager())
    assert silent(found) == {"uni#2": "pool"}
    assert len(found.positions) == 2


def test_a_gauge_that_is_another_pool_s_is_not_believed() -> None:
    """Neither by its own word, nor where its position lies in another pool than it was found for."""
    pools = Pools(slip=True)
    evm = pools.evm(staked=(Lot(1),))
    evm.put(GAUGE, "pool()", gives=(account(0x99),))
    assert silent(read(evm, pools.manager())) == {"slip#1": "gauge"}
    evm = pools.evm(staked=(Lot(1),))
    evm.put(FACTORY, "getPool(address,address,int24)", WETH.address, USDC, 500, gives=(account(0x98),))
    assert silent(read(evm, pools.manager())) == {"slip#1": "pool"}


def test_decimals_that_are_not_the_configured_ones_make_no_amount() -> None:
    """The same check as for every other token."""
    evm = Pools().evm(Lot(1))
    evm.put(WETH.address, "decimals()", gives=(6,))
    assert silent(read(evm, Pools().manager())) == {"uni#1": "decimals"}


# --- bounds and failures ----------------------------------------------------------------------------


def test_more_positions_than_are_read_are_said_to_be_there() -> None:
    """Anybody can send an account positions; the first are read, and that there are more is no secret."""
    lots = tuple(Lot(number) for number in range(1, MOST + 2))
    exact = read(Pools().evm(*lots[:MOST]), Pools().manager())
    assert (len(exact.positions), silent(exact)) == (MOST, {})
    more = read(Pools().evm(*lots), Pools().manager())
    assert (len(more.positions), silent(more)) == (MOST + 1, {"uni#more": "too_many"})


def test_staked_positions_come_before_those_that_anybody_can_send() -> None:
    """A flood of gifts hides nothing that the account staked itself."""
    pools = Pools(slip=True)
    gifts = tuple(Lot(number) for number in range(100, 100 + MOST + 5))
    found = read(pools.evm(*gifts, staked=(Lot(1),)), pools.manager())
    first = found.positions[0]
    assert isinstance(first, PoolPosition)
    assert (first.slug, silent(found)) == ("slip#1", {"slip#more": "too_many"})
    assert len(found.positions) == MOST + 1


@pytest.mark.parametrize("count", [10**6 + 1, 2**256 - 1])
def test_an_absurd_count_is_no_count(count: int) -> None:
    """Nothing is asked for by it."""
    evm = Pools().evm(Lot(1))
    evm.put(MANAGER, "balanceOf(address)", OWNER, gives=(count,))
    with pytest.raises(MalformedError, match="positions to one account"):
        evm.run(read_holdings(Pools().manager(), OWNER))
    assert len(evm.rounds) == 1


@pytest.mark.parametrize("slip", [False, True])
def test_whatever_one_answer_is_the_others_are_read(slip: bool) -> None:
    """Each answer in turn fails or goes wrong in every way: what rests on it is unread, or an error of ours
    is raised; nothing else is, no amount is of its making, and what does not rest on it is untouched.
    """
    pools = Pools(slip)
    staked = (Lot(9, lower=-5, upper=5),) if slip else ()
    evm = pools.evm(Lot(1), Lot(2, lower=-7, upper=7), staked=staked, earned=(3, 4))
    whole = read(evm, pools.manager())
    asked = {(call.target, call.data) for calls in evm.rounds for call in calls}
    for key in sorted(asked, key=str):
        good = evm.answers[key]
        ways = garbled(good)
        if key[1][:4] in (GROWTH_0, GROWTH_1):
            del ways["dirty"]  # a counter may have any value of its word
        if key[1][:4] == STAKED:
            del ways["long"]  # behind a list there may be anything
        for bad in (None, *ways.values()):
            del evm.answers[key]
            if bad is not None:
                evm.answers[key] = bad
            _require_honest(evm, pools, whole)
            evm.answers[key] = good


def _require_honest(evm: Evm, pools: Pools, whole: PoolHoldings) -> None:
    try:
        found = read(evm, pools.manager())
    except MammonError:
        return
    kept = [one for one in found.positions if isinstance(one, PoolPosition)]
    assert all(one in whole.positions for one in kept)
    assert len(kept) < len(whole.positions)
    assert silent(found)


# --- hints ------------------------------------------------------------------------------------------


def test_a_steady_reading_takes_one_round() -> None:
    """Five the first time: what was asked then is asked at once the next time, and gives the same."""
    pools = Pools(slip=True)
    evm = pools.evm(Lot(1), Lot(2), staked=(Lot(9),))
    first = read(evm, pools.manager())
    assert len(evm.rounds) == 5
    again = evm.run(read_holdings(pools.manager(), OWNER, first.hint))
    assert (len(evm.rounds), again) == (1, first)


LOTS = st.lists(st.integers(1, 6), unique=True, max_size=4)


@settings(max_examples=30)
@given(LOTS, LOTS, st.booleans())
def test_a_hint_changes_what_is_asked_and_nothing_of_what_is_read(
    before: list[int], now: list[int], other_owner: bool
) -> None:
    """Whatever the account held when the hint was made, and whoever's it is."""
    pools = Pools(slip=True)
    earlier = pools.evm(*map(Lot, before[1:]), staked=tuple(map(Lot, before[:1])))
    hint = read(earlier, pools.manager()).hint
    if other_owner:
        hint = replace(hint, items=(account(0xB0B), *hint.items[1:]))
    evm = pools.evm(*map(Lot, now[1:]), staked=tuple(map(Lot, now[:1])))
    assert evm.run(read_holdings(pools.manager(), OWNER, hint)) == read(evm, pools.manager())


@pytest.mark.parametrize(
    "items",
    [
        (),
        (OWNER,),
        (OWNER, "", ":", "0x12:00", f"{MANAGER}:xyz", f"{MANAGER}"),
        (OWNER, *(f"{MANAGER}:{number:08x}" for number in range(601))),
        (str(MULTICALL3), f"{MANAGER}:00"),
    ],
    ids=["empty", "nobody", "nonsense", "endless", "another's"],
)
def test_a_hint_that_is_not_ours_costs_no_reading(items: tuple[str, ...]) -> None:
    """The state may be damaged, or another program's; what it asks for is at most a call that fails."""
    evm = Pools().evm(Lot(1))
    sound = read(evm, Pools().manager())
    unhinted = evm.rounds
    found = evm.run(read_holdings(Pools().manager(), OWNER, replace(sound.hint, items=items)))
    assert found == sound
    if items[:1] != (OWNER,) or len(items) > 600:
        assert evm.rounds == unhinted  # not one of its questions is asked


# --- what both kinds are held against ---------------------------------------------------------------


def test_slipstream_paid_what_is_computed() -> None:
    """120 positions of the published contracts, as they paid.

    Taken once on a local node (anvil 1.7.1) from code that no package carries: Slipstream's pool, factory,
    position manager and gauge compiled from aerodrome-finance/slipstream@7844368 (solc 0.7.6, as its own
    build is set), random ranges, trades, stakes and emissions. They are the first different ones of 2,583
    that were run, all equal, besides 706 stakes left and claimed from (317 with emissions). Figures are
    hexadecimal.
    """
    with VECTORS.open(newline="") as file:
        rows = [{key: int(value, 16) for key, value in row.items()} for row in csv.DictReader(file)]
    assert len(rows) == 120
    assert 20 < sum(row["staked"] for row in rows) < 100
    assert sum(row["fees0"] + row["fees1"] > 0 for row in rows) > 20
    for row in rows:
        paid = _computed(row)
        assert paid == ((row["fees0"], row["fees1"]), (row["all0"], row["all1"]))


def _computed(row: dict[str, int]) -> tuple[tuple[int, int], tuple[int, int]]:
    ends, tick = (row["lower"], row["upper"]), row["tick"]
    growths = [
        Growth(row[f"{name}0"], row[f"{name}1"]) for name in ("total", "low", "high", "seen", "pool_seen")
    ]
    total, low, high, seen, pool_seen = growths
    mine = Account(row["liquidity"], seen, (Units(row["owed0"]), Units(row["owed1"])))
    kept = Account(row["pool_liquidity"], pool_seen, (Units(row["pool_owed0"]), Units(row["pool_owed1"])))
    fees = (
        mine.owed if row["staked"] else collectable(mine, kept, growth_inside(total, low, high, ends, tick))
    )
    amounts = amounts_out(mine.liquidity, *ends, tick, SqrtPrice(row["price"]))
    return fees, (amounts[0] + fees[0], amounts[1] + fees[1])


def test_no_call_form_exists_for_positions() -> None:
    """They are read; nothing that touches one can be signed. The chain file knows the same kinds."""
    assert not POOLS.keys() & FORMS.keys()
    assert {kind: layout.staking for kind, layout in POOLS.items()} == STAKING
    assert all(kind == layout.protocol for kind, layout in POOLS.items())
