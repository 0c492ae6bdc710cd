"""Markets in trouble: what the adapters say of them is what the contracts do."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mammon.core.types import MarketState
from mammon.errors import MalformedError
from mammon.protocols.registry import VENUES
from tests.chain.aave import Aave
from tests.chain.chainfile import market
from tests.chain.contract import MAX
from tests.chain.driver import drive, read_state
from tests.chain.scenario import USD, Scenario

pytestmark = pytest.mark.chain

POOLS = pytest.mark.parametrize("slug", ["aave-30", "aave-36"])
VAULTS = pytest.mark.parametrize("name", ["main", "small"])


def _pool(chain: Scenario, slug: str) -> Aave:
    return {"aave-30": chain.aave30, "aave-36": chain.aave36}[slug]


def _state(chain: Scenario, slug: str) -> MarketState:
    return read_state(chain.rpc, market(chain.lab, slug), chain.block)


def _can_supply(pool: Aave, amount: int = USD) -> bool:
    return pool.pool.refusal("supply", pool.usdc, amount, pool.whale, 0, sender=pool.whale) is None


def _can_withdraw(pool: Aave, amount: int = USD) -> bool:
    return pool.pool.refusal("withdraw", pool.usdc, amount, pool.whale, sender=pool.whale) is None


@POOLS
def test_a_reserve_in_order_is_open(chain: Scenario, slug: str) -> None:
    """Nothing is reported where nothing is wrong."""
    state, pool = _state(chain, slug), _pool(chain, slug)
    assert (state.closed, state.locked, state.evidence) == ((), (), ())
    assert state.room
    assert _can_supply(pool)
    assert _can_withdraw(pool)


@POOLS
def test_a_frozen_reserve_takes_nothing_and_pays_out(chain: Scenario, slug: str) -> None:
    """Frozen: closed, not locked, no room."""
    pool = _pool(chain, slug)
    pool.freeze()
    state = _state(chain, slug)
    assert (state.closed, state.locked, state.room) == (("frozen",), (), 0)
    assert state.withdrawable == pool.liquidity()
    assert not _can_supply(pool)
    assert _can_withdraw(pool)


@POOLS
def test_a_paused_reserve_is_closed_and_locked(chain: Scenario, slug: str) -> None:
    """Paused: nothing goes in, nothing comes out."""
    pool = _pool(chain, slug)
    pool.pause()
    state = _state(chain, slug)
    assert (state.closed, state.locked) == (("paused",), ("paused",))
    assert (state.room, state.withdrawable) == (0, 0)
    assert not _can_supply(pool)
    assert not _can_withdraw(pool)


@POOLS
def test_a_full_reserve_says_so(chain: Scenario, slug: str) -> None:
    """A cap below what is supplied leaves no room; without a cap there is no limit to the room."""
    pool = _pool(chain, slug)
    pool.supply_cap(1)
    state = _state(chain, slug)
    assert (state.closed, state.room) == (("cap_full",), 0)
    assert not _can_supply(pool)
    assert _can_withdraw(pool)
    pool.supply_cap(0)
    assert (_state(chain, slug).closed, _state(chain, slug).room) == ((), None)
    assert _can_supply(pool, 10**9 * USD)


def test_a_deficit_is_evidence_and_dust_is_not(chain: Scenario) -> None:
    """Debt that nobody will pay is reported with its amount once it matters."""
    pool = chain.aave36
    pool.bad_debt(100 * USD)
    assert _state(chain, "aave-36").evidence == ()
    pool.bad_debt(2_000_000 * USD)
    deficit = pool.pool.call("getReserveDeficit", pool.usdc)
    assert deficit > 1_900_000 * USD
    assert _state(chain, "aave-36").evidence == (("deficit", deficit),)


def test_an_asset_the_pool_does_not_list_is_not_an_empty_market(chain: Scenario) -> None:
    """Another token of the right decimals is refused by name."""
    listed = market(chain.lab, "aave-36")
    other = replace(listed.token, address=chain.lab.addresses["vault"], decimals=6)
    wrong = replace(listed, token=other, id=replace(listed.id, asset=other.address))
    with pytest.raises(MalformedError) as caught:
        read_state(chain.rpc, wrong, chain.block)
    assert caught.value.code == "not_listed"


@VAULTS
def test_a_vault_whose_caps_are_full_is_closed(chain: Scenario, name: str) -> None:
    """No room in any market of the queue: closed, and the vault refuses one unit."""
    vault, whale = chain.morpho.vault(name), chain.account("whale")
    chain.morpho.supply_queue(name, "weth")
    chain.morpho.cap(name, "weth", 1)
    state = _state(chain, f"mm-{name}")
    assert (state.closed, state.room) == (("cap_full",), 0)
    assert vault.refusal("deposit", 1, whale, sender=whale) is not None
    assert state.withdrawable > 0


@VAULTS
def test_bad_debt_shows_in_the_price_of_a_vault(chain: Scenario, name: str) -> None:
    """Version 1.0 shares a loss at once: the index falls, by what the vault's holders lost."""
    before = _state(chain, f"mm-{name}")
    chain.morpho.bad_debt("weth", 500_000 * USD)
    after = _state(chain, f"mm-{name}")
    assert after.index < before.index
    assert after.supplied < before.supplied
    assert after.index == chain.morpho.vault(name).call("convertToAssets", 10**39)


def test_an_unknown_rate_model_closes_a_vault(chain: Scenario) -> None:
    """A market under another rate model has a formula that is not known: no curve, no deposits."""
    listed = market(chain.lab, "mm-main")
    roles = {**dict(listed.addresses), "irm": chain.lab.addresses["vault"]}
    wrong = replace(listed, addresses=tuple(sorted(roles.items())))
    state = read_state(chain.rpc, wrong, chain.block)
    assert state.curve is None
    assert "unknown_irm" in state.closed
    assert state.room == 0


def test_a_plain_vault_earns_what_it_was_seen_to_earn(chain: Scenario) -> None:
    """Two readings an hour apart give the rate of a gift in between; more money thins it."""
    listed, adapter = market(chain.lab, "vault"), VENUES["erc4626"]
    first = drive(chain.rpc, adapter.read_market(listed, None), chain.block)
    assert first.curve is None
    start, total = chain.now, chain["vault"].call("totalAssets")
    chain.fund(chain["vault"].address, usdc=1000 * USD)
    chain.mine_at(start + 3600)
    second = drive(chain.rpc, adapter.read_market(listed, first.hint), chain.block)
    assert second.curve is not None
    exact = 1000 * USD * 10**18 // (total * 3600)
    assert abs(second.curve.rate_after(0, chain.now) - exact) <= exact // 10**6
    assert second.curve.rate_after(total, chain.now) < exact
    assert second.room is None or second.room >= MAX // 10
