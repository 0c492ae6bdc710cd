"""No unit of the asset and no wei appears or vanishes, whatever the crowd and we do."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from mammon.core.numbers import Units
from mammon.core.types import All
from mammon.sim.genesis import CROWD_FUNDS, NATIVE
from tests.sim.lab import SLUGS, Lab

CAPITAL = Units(5_000_000_000_000)
actions = st.lists(
    st.tuples(
        st.sampled_from(SLUGS),
        st.sampled_from(["supply", "withdraw", "all"]),
        st.integers(min_value=1, max_value=10**12),
        st.integers(min_value=0, max_value=40_000),
    ),
    min_size=1,
    max_size=6,
)


def check_money(lab: Lab) -> None:
    """Assert every balance sheet of the world."""
    slots, usdc = lab.chain.slots, lab.chain.deployed.usdc
    balances = [value for key, value in slots.items() if key[:2] == (usdc.address, "balance")]
    assert sum(balances) == slots[usdc.key("supply")] == CROWD_FUNDS + CAPITAL
    assert min(balances) >= 0
    assert sum(value for key, value in slots.items() if key[0] == "native") == NATIVE
    for pool, _ in lab.chain.deployed.pools.values():
        reserve = slots[pool.key("reserve")]
        assert reserve.available == lab.usdc(pool.at.a_token)
        claims = [value for key, value in slots.items() if key[:2] == (pool.address, "scaled")]
        assert sum(claims) == reserve.scaled_supply
        at = reserve.updated_at
        owed = (reserve.scaled_supply + reserve.accrued_to_treasury) * reserve.index_at(at) // 10**27
        # Debt compounds between two touches and claims do not: a surplus, as in the real pools.
        assert -1_000 < reserve.available + reserve.debt_at(at) - owed < 10**6
    morpho = lab.chain.deployed.morpho
    markets = [slots[morpho.key("market", terms.slot)] for terms in lab.chain.deployed.markets]
    assert sum(m.supply_assets - m.borrow_assets for m in markets) == lab.usdc(morpho.address)
    for terms, market in zip(lab.chain.deployed.markets, markets, strict=True):
        shares = [value for key, value in slots.items() if key[:3] == morpho.key("shares", terms.slot)]
        assert sum(shares) == market.supply_shares
    for vault in (*(vault for vault, _ in lab.chain.deployed.vaults.values()), lab.chain.deployed.plain):
        shares = [value for key, value in slots.items() if key[:2] == (vault.address, "balance")]
        assert sum(shares) == slots[vault.key("supply")]


@settings(max_examples=15, deadline=None)
@given(actions, st.integers(min_value=0, max_value=1_000))
def test_money_is_conserved(steps: list[tuple[str, str, int, int]], seed: int) -> None:
    """After any deposits and withdrawals, refused ones included, every balance sheet is even."""
    lab = Lab(seed, CAPITAL)
    check_money(lab)
    for slug, action, amount, delay in steps:
        if action == "supply":
            lab.supply(slug, amount)
        elif action == "withdraw":
            lab.withdraw(slug, amount)
        elif shares := lab.position(slug).shares:
            lab.withdraw(slug, All(shares))
        check_money(lab)
        lab.clock.sleep(delay)
        check_money(lab)


def test_weeks_of_crowd_keep_the_books() -> None:
    """Spikes and squeezes included, two weeks of the crowd alone leave every sheet even."""
    lab = Lab(1, CAPITAL)
    for _ in range(14):
        lab.clock.sleep(86_400)
        check_money(lab)
