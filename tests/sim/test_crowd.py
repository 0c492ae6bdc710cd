"""The crowd: what it does to the venues over days, and what it does in a squeeze."""

from __future__ import annotations

import pytest

from mammon.core import rates
from mammon.core.types import Hint, MarketState
from mammon.protocols.registry import VENUES
from mammon.sim import crowd
from mammon.sim.contracts.machine import Frame
from tests.sim.lab import SLUGS, Lab, RpcRefusalError, succeeded


def test_rates_are_realistic_and_the_best_venue_changes() -> None:
    """Over ten days every venue mostly pays 2 to 9 %, spikes pass, and the ranking is not fixed."""
    lab = Lab(42)
    hints: dict[str, Hint | None] = dict.fromkeys(SLUGS)
    paid: dict[str, list[float]] = {slug: [] for slug in SLUGS}
    best = []
    for _ in range(120):
        lab.clock.sleep(7_200)
        reads = {
            market.slug: VENUES[market.protocol].read_market(market, hints[market.slug])
            for market in lab.file.markets
        }
        now = {}
        for slug, state in lab.read(reads).values.items():
            assert isinstance(state, MarketState), state
            assert (state.closed, state.locked) == ((), ())
            hints[slug] = state.hint
            if state.curve is not None:
                rate = state.curve.rate_after(10**10, lab.clock.now() + 10)
                now[slug] = float(rates.apy(rate, state.curve.scale))
                paid[slug].append(now[slug])
        best.append(max(now, key=lambda slug: now[slug]))
    for slug, found in paid.items():
        usual = sorted(found)[len(found) // 20 : -len(found) // 10]
        assert 0.02 < usual[0] < usual[-1] < 0.09, slug
    assert max(map(max, paid.values())) > 0.055
    assert len(set(best)) >= 3


def test_a_squeeze_takes_our_cash_and_ends() -> None:
    """At full utilisation nothing is left to withdraw, ours included; an epoch later it is back."""
    lab = Lab()
    assert succeeded(lab.supply("aave-v3", 10_000_000_000))
    pool, _ = lab.chain.deployed.pools["aave-v3"]

    def squeeze(frame: Frame) -> None:
        crowd.move_reserve(frame, pool, 200_000_000_000_000, 1_000_000)

    lab.chain.intervene(lab.chain.head + 1, squeeze)
    lab.clock.sleep(2)
    state = lab.state("aave-v3")
    assert state.withdrawable < 10_000_000_000
    out = VENUES["aave_v3"].withdraw(lab.market("aave-v3"), 9_000_000_000, lab.owner)[0]
    with pytest.raises(RpcRefusalError) as caught:
        lab.ask("eth_call", {"from": lab.owner, "to": out.target, "data": "0x" + out.data.hex()})
    assert str(caught.value.data).startswith("0x4e487b71")
    lab.clock.sleep(300)
    assert lab.withdraw("aave-v3", 9_000_000_000)["status"] == "0x1"


def test_below_the_squeeze_our_cash_stays() -> None:
    """Just under the threshold the crowd lends out its own money only, so ours can leave."""
    lab = Lab()
    assert succeeded(lab.supply("aave-fork", 10_000_000_000))
    pool, _ = lab.chain.deployed.pools["aave-fork"]

    def tighten(frame: Frame) -> None:
        crowd.move_reserve(frame, pool, 40_000_000_000_000, crowd.SQUEEZE_PPM - 1)

    lab.chain.intervene(lab.chain.head + 1, tighten)
    lab.clock.sleep(2)
    assert lab.state("aave-fork").withdrawable > 10_000_000_000
    assert lab.withdraw("aave-fork", 9_999_000_000)["status"] == "0x1"
