"""Laws of the Vault V2 curve: random vaults held against the second implementation, to the last unit.

No package holds the contract's bytecode: what is proven here rests on two readings of its source.
"""

from __future__ import annotations

import dataclasses
import random

import pytest

from mammon.core import canonical
from mammon.core.curves import AnyCurve, MetaMorphoCurve, VaultV2Curve
from mammon.core.curves.metamorpho import VaultMarket
from mammon.core.curves.vault_v2 import Cap, Liquidity
from mammon.core.curves.vault_v2_adapters import AdapterMarket, MarketAdapter, VaultAdapter
from mammon.core.fixed import RAY, WAD
from mammon.errors import MalformedError
from tests.core.test_curves_morpho import AT_FOUR_PERCENT, market
from tests.core.vault_v2_points import DAY, MAX_RATE, MILLION, NOW, YEAR, Point, log_uniform, point
from tests.core.vault_v2_reference import RevertError

POINTS = 1_200
TRIED = 400
"""At so many of them the contract is also asked for a unit more than fits, or than is liquid."""
CHUNK = 100


def moved(found: Point, amount: int) -> int | None:
    """Return what the contract's holders earn after a move at `at`; None where it reverts."""
    vault = found.after()
    try:
        if amount >= 0:
            vault.deposit(amount, found.at)
        else:
            vault.withdraw(-amount, found.at)
    except RevertError:
        return None
    return vault.net(found.at)


def foretold(found: Point, amount: int) -> int | None:
    try:
        return found.curve.rate_after(amount, found.at)
    except ValueError:
        return None


@pytest.mark.parametrize("first", range(0, POINTS, CHUNK))
def test_the_curve_foretells_the_contract(first: int) -> None:
    """Total, price, what each adapter holds, rates after deposits and withdrawals, room and liquidity."""
    for seed in range(first, first + CHUNK):
        found, rng = point(seed), random.Random(seed)
        vault, curve, at = found.after(), found.curve, found.at
        assert curve.total_assets_at(at) == vault.view(at)[0], seed
        assert curve.share_price_at(at) == vault.price(at), seed
        assert curve.held_at(at) == tuple(adapter.real(vault) for adapter in vault.adapters), seed
        assert curve.rate_after(0, at) == curve.quotes(at).rate_after(0) == vault.net(at), seed
        for amount in (1, log_uniform(rng, 1, 100 * MILLION), log_uniform(rng, 1, MILLION)):
            assert foretold(found, amount) == moved(found, amount), (seed, amount)
        total = vault.view(at)[0]
        for amount in (1, log_uniform(rng, 1, max(1, total))):
            if amount <= total:
                assert foretold(found, -amount) == moved(found, -amount), (seed, -amount)


@pytest.mark.parametrize("first", range(0, TRIED, CHUNK))
def test_room_fits_and_one_more_does_not(first: int) -> None:
    """Whatever stops a deposit: a cap of an id, the vault within, a relative cap. Without caps, nothing."""
    for seed in range(first, first + CHUNK):
        found = point(seed)
        room = found.curve.room_at(found.at)
        assert (room is None) == (found.contract.liquidity is None)
        if room is not None and room < 2**90:
            assert room == 0 or moved(found, room) is not None, seed
            assert moved(found, room + 1) is None, seed


@pytest.mark.parametrize("first", range(0, TRIED, CHUNK))
def test_what_is_liquid_can_leave_and_no_more(first: int) -> None:
    """Idle money and what the liquidity adapter can give back."""
    for seed in range(first, first + CHUNK):
        found = point(seed)
        liquid = found.curve.liquidity_at(found.at)
        assert liquid == 0 or moved(found, -liquid) is not None, seed
        assert moved(found, -liquid - 1) is None, seed


@pytest.mark.parametrize("seed", range(0, POINTS, 10))
def test_no_deposit_earns_more_than_the_ceiling(seed: int) -> None:
    """Whatever it is, and whoever pays best gets it."""
    found, rng = point(seed), random.Random(seed)
    ceiling = found.curve.rate_ceiling(found.at)
    for amount in (0, 1, log_uniform(rng, 1, 100 * MILLION)):
        rate = foretold(found, amount)
        assert rate is None or rate <= ceiling
        assert found.curve.quotes(found.at).ceiling(amount) == ceiling


# --- by hand -------------------------------------------------------------------------------------


def lending(supplied: int, borrowed: int, held: int) -> AdapterMarket:
    """A market at a million shares to the unit, of which the adapter holds `held` units."""
    totals = {"supply_assets": supplied, "supply_shares": supplied * 10**6, "borrow_assets": borrowed}
    return AdapterMarket(market(**totals, fee=0, updated_at=NOW), held * 10**6)


def vault(**changes: object) -> VaultV2Curve:
    """A vault of 100M: 80M in a market of 100M at its target of 90 %, 20M idle."""
    fields: dict[str, object] = {
        "stored_assets": 100 * MILLION,
        "updated_at": NOW,
        "max_rate": MAX_RATE,
        "performance_fee": WAD // 10,
        "management_fee": 0,
        "total_shares": 100 * MILLION * 10**12,
        "decimals_offset": 12,
        "idle": 20 * MILLION,
        "adapters": (MarketAdapter((lending(100 * MILLION, 90 * MILLION, 80 * MILLION),), WAD // 50),),
        "liquidity": Liquidity(0, 0, 80 * MILLION, (Cap(80 * MILLION, 95 * MILLION, WAD),) * 3),
    }
    return VaultV2Curve(**(fields | changes))  # type: ignore[arg-type]


GROSS = (80 * MILLION - 1) * (AT_FOUR_PERCENT * 9 // 10) // (100 * MILLION)


def test_fees_are_taken_from_the_growth() -> None:
    """A tenth of it, and a fixed part of everything; together they can be more than it."""
    assert abs(vault().rate_after(0, NOW) - GROSS * 9 // 10) <= 1
    fee = 10**9
    with_both = vault(management_fee=fee).rate_after(0, NOW)
    assert with_both == vault().rate_after(0, NOW) - fee
    assert vault(management_fee=fee, max_rate=0).rate_after(0, NOW) == -fee


def test_growth_is_held_at_the_maximal_rate() -> None:
    """A vault that may grow by 1 % a year pays that, less its fee, whatever its markets pay."""
    slow = WAD // 100 // YEAR
    assert vault(max_rate=slow).rate_after(0, NOW) == slow * 9 // 10
    later = NOW + 30 * DAY
    grown = vault(max_rate=slow).total_assets_at(later)
    assert grown == 100 * MILLION + 100 * MILLION * 30 * DAY * slow // WAD < vault().total_assets_at(later)


def test_a_loss_hits_the_price_at_once() -> None:
    """What the vault has booked and its adapters do not have is gone with the next look at it."""
    lossy = vault(stored_assets=110 * MILLION)
    assert lossy.total_assets_at(NOW) < 100 * MILLION + 1
    assert lossy.share_price_at(NOW) <= RAY


def test_the_rate_comes_true() -> None:
    """Over a day the share price grows by what the rate said, the markets' own drift aside."""
    curve = vault(management_fee=WAD // 1000 // YEAR)
    first, last = curve.share_price_at(NOW), curve.share_price_at(NOW + DAY)
    real = (last - first) * WAD // (first * DAY)
    assert abs(real - curve.rate_after(0, NOW)) < curve.rate_after(0, NOW) // 1000


def test_a_cap_of_zero_shuts_the_door_also_where_nothing_is_left_to_allocate() -> None:
    """An id whose absolute cap is zero refuses even a change downwards."""
    caps = (Cap(80 * MILLION, 0, WAD), Cap(80 * MILLION, 95 * MILLION, WAD))
    shut = vault(liquidity=Liquidity(0, 0, 200 * MILLION, caps))
    assert shut.room_at(NOW) == 0
    with pytest.raises(ValueError, match="cap"):
        shut.rate_after(1, NOW)


def test_nothing_comes_back_from_an_id_without_allocation() -> None:
    """The contract refuses to deallocate there: what is idle is all there is."""
    caps = (Cap(0, 95 * MILLION, WAD),)
    assert vault(liquidity=Liquidity(0, 0, 0, caps)).liquidity_at(NOW) == 20 * MILLION


def test_what_force_would_free_is_told_with_its_price() -> None:
    """Everything outside the liquidity adapter's own market, at up to 2 %."""
    elsewhere = MarketAdapter((lending(50 * MILLION, 20 * MILLION, 10 * MILLION),), WAD // 100)
    curve = vault(adapters=(*vault().adapters, elsewhere))
    freed, cost = curve.forced_at(NOW)
    assert abs(freed - 10 * MILLION) <= 1
    assert cost == -(-freed // 100)
    assert vault().forced_at(NOW) == (0, 0)
    alone = vault(liquidity=None)
    assert alone.liquidity_at(NOW) == 20 * MILLION
    assert alone.forced_at(NOW)[0] == 10 * MILLION
    assert alone.room_at(NOW) is None


def test_our_own_money_that_the_chain_does_not_know_lies_where_deposits_go() -> None:
    """Beyond caps that others have filled: it was there before them."""
    curve = dataclasses.replace(vault(), shift=MILLION)
    assert curve.rate_after(0, NOW) == vault().rate_after(MILLION, NOW)
    assert curve.total_assets_at(NOW) == vault().total_assets_at(NOW) + MILLION
    full = vault(liquidity=Liquidity(0, 0, 80 * MILLION, (Cap(80 * MILLION, 80 * MILLION, WAD),)))
    assert dataclasses.replace(full, shift=MILLION).rate_after(0, NOW) < full.rate_after(0, NOW)


def test_an_empty_vault_earns_nothing() -> None:
    """No money, no adapters: rate 0, price 1."""
    empty = vault(stored_assets=0, total_shares=0, idle=0, adapters=(), liquidity=None)
    assert (empty.rate_after(0, NOW), empty.share_price_at(NOW), empty.rate_ceiling(NOW)) == (0, RAY, 0)


@pytest.mark.parametrize(
    "changes",
    [
        {"decimals_offset": 19},
        {"decimals_offset": -1},
        {"liquidity": Liquidity(1, 0, 0, (Cap(0, 0, 0),))},
        {"liquidity": Liquidity(0, 1, 0, (Cap(0, 0, 0),))},
        {"liquidity": Liquidity(0, 0, 0, ())},
    ],
)
def test_what_leads_nowhere_is_refused(changes: dict[str, object]) -> None:
    """In a document as anywhere else."""
    with pytest.raises(MalformedError):
        vault(**changes)


def test_a_time_before_the_last_update_and_fees_beyond_everything_are_refused() -> None:
    """The contract would revert, and there is no answer."""
    for early in (vault(), vault(adapters=(), liquidity=None)):
        with pytest.raises(ValueError, match="before"):
            early.rate_after(0, NOW - 1)
    with pytest.raises(ValueError, match="fees"):
        vault(management_fee=WAD // YEAR, performance_fee=WAD // 2).rate_after(0, NOW + 2 * YEAR)


def test_a_share_that_costs_more_than_a_unit_is_refused() -> None:
    """The adapter reverts, so that nobody's rounding can be fed."""
    dear = AdapterMarket(market(supply_assets=10**14, supply_shares=10**6, updated_at=NOW), 10**6)
    way = Liquidity(0, 0, 10**13, (Cap(10**13, 10**18, WAD),))
    curve = vault(adapters=(MarketAdapter((dear,), 0),), liquidity=way)
    with pytest.raises(ValueError, match="more than one unit"):
        curve.rate_after(10**6, NOW)


def test_the_curve_is_written_and_read_back_the_same() -> None:
    """With both kinds of adapters, and as one of the curves, which its tag tells apart."""
    inner = MetaMorphoCurve("1.1", (VaultMarket(market(), 5, 6),), (0,), 7, 8, 9, 12)
    adapters = (*vault().adapters, VaultAdapter(inner, 5, True, 0))
    curve = vault(adapters=adapters, shift=3)
    assert canonical.loads(VaultV2Curve, canonical.dumps(curve)) == curve
    plain = {**canonical.encode(curve), "kind": "vault_v2_curve"}
    assert canonical.decode(AnyCurve, plain) == curve  # type: ignore[arg-type]
