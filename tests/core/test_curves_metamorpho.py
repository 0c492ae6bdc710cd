"""Laws of the MetaMorpho curve: vectors, and the vault's own bookkeeping to the last unit."""

from __future__ import annotations

import dataclasses
import random
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from mammon.core import canonical
from mammon.core.curves import MetaMorphoCurve
from mammon.core.curves.metamorpho import VaultMarket
from mammon.core.curves.morpho import MorphoMarket, assets_down
from mammon.core.rates import Scale
from tests.core.curves_reference import RAY, WAD, Blue, Vault

MILLION = 10**12
AT_FOUR_PERCENT = 1268391679
DAY = 86_400
NO_LIMIT = 10**18


def lent(supplied: int, borrowed: int, held: int, cap: int = NO_LIMIT, **changes: Any) -> VaultMarket:
    """A market at one million shares per unit, of which the vault holds `held` units."""
    fields: dict[str, Any] = {
        "supply_assets": supplied,
        "supply_shares": supplied * 10**6,
        "borrow_assets": borrowed,
        "updated_at": 1000,
        "fee": 0,
        "rate_at_target": AT_FOUR_PERCENT,
    }
    return VaultMarket(MorphoMarket(**(fields | changes)), held * 10**6, cap)


def vault(*markets: VaultMarket, **changes: Any) -> MetaMorphoCurve:
    """A vault over these markets, its supply queue in their order, its price at one."""
    total = sum(entry.shares // 10**6 for entry in markets)
    fields: dict[str, Any] = {
        "version": "1.0",
        "markets": markets,
        "supply_queue": tuple(range(len(markets))),
        "fee": 10**17,
        "total_shares": total * 10**12,
        "last_total_assets": total,
        "decimals_offset": 12,
    }
    return MetaMorphoCurve(**(fields | changes))


def published() -> MetaMorphoCurve:
    """The vault of vectors V1 and V2."""
    return vault(
        lent(60 * MILLION, 55_200_000_000_000, 50 * MILLION),
        lent(100 * MILLION, 90 * MILLION, 30 * MILLION),
        lent(5 * MILLION, 0, 5 * MILLION, idle=True),
    )


def contract(curve: MetaMorphoCurve) -> Vault:
    """The same vault as the second implementation holds it."""
    states = [entry.market for entry in curve.markets]
    return Vault(
        version=curve.version,
        markets=[
            Blue(
                assets=state.supply_assets,
                shares=state.supply_shares,
                borrowed=state.borrow_assets,
                time=state.updated_at,
                fee=state.fee,
                rate=state.rate_at_target,
                has_irm=not state.idle,
            )
            for state in states
        ],
        held=[entry.shares for entry in curve.markets],
        caps=[entry.cap for entry in curve.markets],
        queue=list(curve.supply_queue),
        fee=curve.fee,
        supply=curve.total_shares,
        last=curve.last_total_assets,
        lost=curve.lost_assets,
        offset=curve.decimals_offset,
    )


@st.composite
def holdings(draw: st.DrawFn) -> VaultMarket:
    """Any market with any part of it in the vault's hands."""
    supplied = draw(st.integers(0, 10**15))
    shares = supplied * 10**6 + draw(st.integers(0, 10**12))
    return VaultMarket(
        MorphoMarket(
            supply_assets=supplied,
            supply_shares=shares,
            borrow_assets=draw(st.integers(0, supplied)),
            updated_at=draw(st.integers(0, 1000)),
            fee=draw(st.just(0) | st.integers(0, WAD // 4)),
            rate_at_target=draw(st.integers(10**15 // 31_536_000, 10**18 // 31_536_000)),
            idle=draw(st.booleans()),
        ),
        draw(st.just(0) | st.integers(0, shares)),
        draw(st.sampled_from((0, 1, NO_LIMIT)) | st.integers(0, 2 * 10**15)),
    )


@st.composite
def vaults(draw: st.DrawFn) -> MetaMorphoCurve:
    """Any vault of either version: in profit, at a loss, with a queue that repeats or skips markets."""
    markets = tuple(draw(st.lists(holdings(), min_size=1, max_size=4)))
    positions = st.integers(0, len(markets) - 1)
    real = sum(entry.market.supply_assets for entry in markets)
    version = draw(st.sampled_from(("1.0", "1.1")))
    lost = draw(st.just(0) | st.integers(0, 10**13)) if version == "1.1" else 0
    return vault(
        *markets,
        version=version,
        supply_queue=tuple(draw(st.lists(positions, max_size=5))),
        fee=draw(st.just(0) | st.integers(0, WAD // 2)),
        total_shares=draw(st.integers(0, 10**28)),
        last_total_assets=lost + draw(st.integers(0, real)),
        decimals_offset=draw(st.sampled_from((0, 12))),
        lost_assets=lost,
    )


TIMES = st.integers(1000, 1002) | st.integers(1000, 1000 + 365 * DAY)
AMOUNTS = st.integers(0, 10**15)


def test_published_rates_hold() -> None:
    """V1 as it stands and V2 after ten millions more hold to the last unit; gross without the fee."""
    curve = published()
    assert curve.rate_after(0, 1000) == 1351060971
    assert curve.rate_after(10 * MILLION, 1000) == 840192456
    free = dataclasses.replace(curve, fee=0)
    assert free.rate_after(0, 1000) == 1501178857
    assert free.rate_after(10 * MILLION, 1000) == 933547174


def ordinary(rng: random.Random) -> MetaMorphoCurve:
    """A vault with figures of the size real ones have, none of them round."""
    markets = []
    for _ in range(rng.randint(1, 5)):
        supplied = rng.randint(10**12, 10**14)
        shares = supplied * rng.randint(800_000, 1_000_000)
        state = MorphoMarket(
            supply_assets=supplied,
            supply_shares=shares,
            borrow_assets=rng.randint(supplied // 2, supplied),
            updated_at=1000 - rng.randint(0, 1000),
            fee=rng.choice((0, rng.randint(0, WAD // 4))),
            rate_at_target=rng.randint(10**8, 10**10),
        )
        markets.append(VaultMarket(state, rng.randint(0, shares), rng.randint(10**12, 10**14)))
    real = sum(assets_down(m.shares, m.market.supply_assets, m.market.supply_shares) for m in markets)
    version = rng.choice(("1.0", "1.1"))
    return vault(
        *markets,
        version=version,
        supply_queue=tuple(rng.choices(range(len(markets)), k=4)),
        fee=rng.randint(0, WAD // 2),
        total_shares=rng.randint(real * 10**11, real * 10**12),
        last_total_assets=real * rng.randint(90, 105) // 100,
        lost_assets=rng.choice((0, real // 50)) if version == "1.1" else 0,
    )


def test_ordinary_lives_equal_a_second_implementation() -> None:
    """On evenly spread states, where every rounding is at work, views and rates equal the contract's."""
    rng = random.Random("metamorpho")
    for _ in range(150):
        curve, at = ordinary(rng), 1000 + rng.randint(0, 30 * DAY)
        stored = contract(curve)
        stored.touch(at)
        assert curve.total_assets_at(at) == stored.accrued()[1]
        assert curve.share_price_at(at) == stored.price()
        amount = rng.randint(0, curve.max_deposit_at(at))
        stored.enter(amount, at)
        assert curve.rate_after(amount, at) == stored.net()
        entered = dataclasses.replace(curve, shift=amount)
        assert entered.share_price_at(at) == stored.price()
        assert entered.rate_after(0, at) == stored.net()


@given(vaults(), AMOUNTS, TIMES)
@settings(max_examples=250, deadline=None)
def test_deposit_equals_a_second_implementation(curve: MetaMorphoCurve, amount: int, at: int) -> None:
    """The rate after a deposit is that of the contract's own state; what it refuses is refused."""
    stored = contract(curve)
    try:
        stored.enter(amount, at)
    except OverflowError:
        with pytest.raises(ValueError, match="every cap"):
            curve.rate_after(amount, at)
    else:
        assert curve.rate_after(amount, at) == stored.net()
        assert curve.rate_after(amount, at) <= curve.rate_ceiling(at)


@given(vaults(), AMOUNTS, AMOUNTS, TIMES)
@settings(max_examples=300)
def test_no_deposit_beats_the_ceiling_of_its_size(
    curve: MetaMorphoCurve, amount: int, more: int, at: int
) -> None:
    """A deposit of up to the named size earns no more than its ceiling, rounding in tiny markets included."""
    try:
        rate = curve.rate_after(amount, at)
    except ValueError:
        return
    quotes = curve.quotes(at)
    assert rate == quotes.rate_after(amount) == quotes.rate_after(amount)
    assert rate <= quotes.ceiling(amount)
    assert rate <= quotes.ceiling(amount + more) <= curve.rate_ceiling(at)


@given(vaults(), TIMES)
@settings(max_examples=200, deadline=None)
def test_views_equal_a_second_implementation(curve: MetaMorphoCurve, at: int) -> None:
    """Total assets, price and liquidity equal the contract's views at that time."""
    stored = contract(curve)
    stored.touch(at)
    assert curve.total_assets_at(at) == stored.accrued()[1]
    assert curve.share_price_at(at) == stored.price()
    liquid = sum(min(stored.worth(i), m.assets - m.borrowed) for i, m in enumerate(stored.markets))
    assert curve.liquidity_at(at) == liquid


@given(vaults(), TIMES)
@settings(max_examples=200, deadline=None)
def test_room_is_the_last_deposit_the_caps_admit(curve: MetaMorphoCurve, at: int) -> None:
    """A deposit of `max_deposit_at` goes in, one unit more does not, when no market is queued twice."""
    assume(len(set(curve.supply_queue)) == len(curve.supply_queue))
    room = curve.max_deposit_at(at)
    contract(curve).enter(room, at)
    with pytest.raises(OverflowError):
        contract(curve).enter(room + 1, at)


@given(vaults(), AMOUNTS, AMOUNTS, TIMES)
@settings(max_examples=200, deadline=None)
def test_shift_is_deposited_first(curve: MetaMorphoCurve, shift: int, amount: int, at: int) -> None:
    """A shifted curve is the vault after our own deposit, every view of it."""
    stored = contract(curve)
    shifted = dataclasses.replace(curve, shift=shift)
    try:
        stored.enter(shift, at)
        assert shifted.total_assets_at(at) == stored.accrued()[1]
        assert shifted.share_price_at(at) == stored.price()
        stored.enter(amount, at)
    except OverflowError:
        return
    assert shifted.rate_after(amount, at) == stored.net()


@given(vaults(), st.integers(1, 10**15), TIMES)
@settings(max_examples=200, deadline=None)
def test_shift_beyond_the_caps_still_counts(curve: MetaMorphoCurve, shift: int, at: int) -> None:
    """Supply of our own that the caps no longer admit stays in the book: its sum holds, no room is left."""
    shift += curve.max_deposit_at(at)
    shifted = dataclasses.replace(curve, shift=shift)
    before = curve.total_assets_at(at)
    assert before + shift - 6 <= shifted.total_assets_at(at) <= before + shift
    assert shifted.rate_after(0, at) >= 0
    assert shifted.max_deposit_at(at) <= 5


def test_caps_send_the_rest_down_the_queue() -> None:
    """A deposit fills the queue in its order, skips what has no cap, and stops where it fits."""
    curve = vault(
        lent(MILLION, 0, MILLION, cap=MILLION + 10),
        lent(MILLION, 0, MILLION, cap=0),
        lent(MILLION, 0, MILLION, cap=MILLION + 7),
        supply_queue=(2, 1, 0),
    )
    assert curve.max_deposit_at(1000) == 17
    curve.rate_after(17, 1000)
    with pytest.raises(ValueError, match="every cap"):
        curve.rate_after(18, 1000)


def test_ceiling_is_the_best_market_a_deposit_can_reach() -> None:
    """A deposit into the best market raises the mean, never above it; what is out of reach is left out."""
    low, high = lent(MILLION, MILLION // 2, MILLION), lent(MILLION, 95 * MILLION // 100, 0)
    curve = vault(low, high, supply_queue=(1,), fee=0)
    best = high.market.supply_rate_per_second(1000)
    assert curve.rate_after(0, 1000) < curve.rate_after(MILLION // 100, 1000) < best
    assert curve.rate_ceiling(1000) == best
    held = low.market.supply_rate_per_second(1000)
    assert dataclasses.replace(curve, supply_queue=(0,)).rate_ceiling(1000) == held
    assert vault().rate_ceiling(1000) == 0


def test_market_queued_twice_is_filled_once() -> None:
    """Where `maxDeposit` counts a repeated market twice, the room counts what can go in."""
    curve = vault(lent(MILLION, 0, MILLION, cap=2 * MILLION), supply_queue=(0, 0))
    assert curve.max_deposit_at(1000) == MILLION
    with pytest.raises(ValueError, match="every cap"):
        curve.rate_after(MILLION + 1, 1000)


def test_performance_fee_thins_the_price() -> None:
    """Over a day the price grows by the interest less the fee, as new shares, not as a cut of assets."""
    kept = vault(lent(MILLION, 950_000_000_000, MILLION), fee=0)
    shared = dataclasses.replace(kept, fee=WAD // 2)
    at = 1000 + DAY
    assert kept.total_assets_at(at) == shared.total_assets_at(at) > MILLION
    earned, left = kept.share_price_at(at) - RAY, shared.share_price_at(at) - RAY
    assert left / earned == pytest.approx(0.5, rel=1e-3)


def test_loss_shows_in_the_price_of_version_one_alone() -> None:
    """1.0 lets the price fall with the assets; 1.1 books the difference as lost and keeps the price."""
    bad = lent(MILLION, 0, MILLION)
    old = vault(bad, last_total_assets=2 * MILLION, total_shares=2 * MILLION * 10**12)
    new = dataclasses.replace(old, version="1.1")
    assert old.total_assets_at(1000) == MILLION
    assert old.share_price_at(1000) == pytest.approx(RAY // 2, rel=1e-9)
    assert new.total_assets_at(1000) == 2 * MILLION
    assert new.share_price_at(1000) == RAY


def test_lost_assets_earn_nothing() -> None:
    """In 1.1 what was lost shares in the total, so the holders' rate is the lower for it."""
    healthy = vault(lent(MILLION, 900_000_000_000, MILLION), version="1.1", fee=0)
    half = dataclasses.replace(healthy, last_total_assets=2 * MILLION, lost_assets=MILLION)
    assert half.rate_after(0, 1000) == healthy.rate_after(0, 1000) // 2


def test_liquidity_is_what_borrowers_left() -> None:
    """A market pays out at most what is not borrowed and at most the vault's own part."""
    curve = vault(lent(MILLION, 900_000_000_000, MILLION), lent(MILLION, 0, 7))
    assert curve.liquidity_at(1000) == 100_000_000_000 + 7


def test_empty_vault_earns_nothing() -> None:
    """Nothing held, nothing earned, a price of one; without markets a shift has nowhere to go."""
    empty = vault(lent(0, 0, 0))
    assert empty.rate_after(0, 1000) == empty.total_assets_at(1000) == empty.liquidity_at(1000) == 0
    assert empty.share_price_at(1000) == RAY
    bare = vault(shift=5)
    assert bare.rate_after(0, 1000) == bare.max_deposit_at(1000) == 0


def test_what_lies_before_the_state_is_refused() -> None:
    """A time before a market's last touch has no answer."""
    curve = published()
    with pytest.raises(ValueError, match="before"):
        curve.rate_after(0, 999)


def test_canonical_form_survives_a_round_trip() -> None:
    """A curve written and read is the same curve, its markets and queue with it."""
    curve = dataclasses.replace(published(), version="1.1", shift=5)
    assert canonical.loads(MetaMorphoCurve, canonical.dumps(curve)) == curve
    assert MetaMorphoCurve.scale is Scale.WAD_PER_SECOND
