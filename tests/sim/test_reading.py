"""The real adapters, reader and oracle reads over the simulated node."""

from __future__ import annotations

import pytest

from mammon.chain import oracle
from mammon.core import rates
from mammon.core.types import Hint, MarketState, Position, Price, Sequencer
from mammon.protocols.registry import VENUES
from mammon.sim import processes
from mammon.sim.deployment import PLAIN_CROWD
from tests.sim.lab import SLUGS, Lab

AMOUNT = 10_000_000_000


def test_every_market_is_read_and_open() -> None:
    """Each listed market gives a state from its own adapter, takes deposits and pays withdrawals."""
    lab = Lab()
    assert tuple(market.slug for market in lab.file.markets) == SLUGS
    for slug in SLUGS:
        state = lab.state(slug)
        assert (state.closed, state.locked, state.evidence) == ((), (), ()), slug
        assert state.room is not None
        assert state.room > AMOUNT
        assert state.withdrawable > 100 * AMOUNT


@pytest.mark.parametrize("seed", [0, 1, 42, 8453, -5])
def test_a_deposit_pays_from_the_first_minute(seed: int) -> None:
    """Whatever the seed, moving 10,000 idle dollars into some venue earns at least 3 % after dilution."""
    lab = Lab(seed)
    at = processes.OPENING + 10
    curves = [state.curve for state in map(lab.state, SLUGS) if state.curve is not None]
    assert len(curves) == 4
    assert max(rates.apy(curve.rate_after(AMOUNT, at), curve.scale) for curve in curves) > rates.Decimal(
        "0.03"
    )


def test_a_steady_scan_is_one_request() -> None:
    """With the hints of the last scan, all markets and positions of five venues take one exchange."""
    lab = Lab()
    hints: dict[str, Hint | None] = dict.fromkeys(SLUGS)
    for _ in range(3):
        reads = {
            market.slug: VENUES[market.protocol].read_market(market, hints[market.slug])
            for market in lab.file.markets
        }
        scan = lab.read(reads)
        hints = {slug: state.hint for slug, state in scan.values.items()}
        lab.clock.sleep(600)
    assert scan.requests == 1
    assert scan.block.number == lab.chain.head - 300
    assert all(isinstance(state, MarketState) and state.curve for state in scan.values.values())


def test_the_plain_vaults_growth_is_its_managers_rate() -> None:
    """What the growth of the share price tells is what the manager earns, to a few units of rounding."""
    lab = Lab()
    hint = lab.state("plain-vault").hint
    lab.clock.sleep(1_200)
    curve = lab.state("plain-vault", hint).curve
    assert curve is not None
    growth = rates.apr(curve.rate_now(), curve.scale)
    levels = [processes.level(42, "plain-vault", PLAIN_CROWD, epoch) for epoch in range(7, 12)]
    assert min(levels) - 300 <= growth * 10**6 <= max(levels) + 300


def test_positions_of_a_fresh_wallet_are_empty_and_its_money_is_idle() -> None:
    """The world begins with the capital in the wallet and nothing in any venue."""
    lab = Lab()
    for slug in SLUGS:
        found = lab.position(slug)
        assert (found.shares, found.assets) == (0, 0)
    token = lab.file.token("USDC")
    scan = lab.read(
        {
            "idle": oracle.token_balance(token, lab.owner),
            "native": oracle.native_balance(lab.file.multicall3, lab.owner),
        }
    )
    assert scan.values == {"idle": AMOUNT, "native": 5 * 10**16}


def test_prices_fees_and_the_sequencer_are_read() -> None:
    """The oracle's own reads accept the feeds, at every age up to their heartbeat."""
    lab = Lab()
    multicall = lab.file.multicall3
    assert lab.file.sequencer is not None
    assert lab.file.gas_price_oracle is not None
    for _ in range(30):
        reads = {
            feed.pair: oracle.price(feed.pair, feed.address, feed.heartbeat_s, multicall)
            for feed in lab.file.feeds
        }
        reads["sequencer"] = oracle.sequencer(lab.file.sequencer.address, multicall)
        reads["fees"] = oracle.data_fees(lab.file.gas_price_oracle)
        scan = lab.read(reads)
        for feed in lab.file.feeds:
            price = scan.values[feed.pair]
            assert isinstance(price, Price)
            assert scan.block.timestamp - price.updated <= feed.heartbeat_s
        sequencer = scan.values["sequencer"]
        assert isinstance(sequencer, Sequencer)
        assert sequencer.up
        assert isinstance(scan.values["fees"], oracle.DataFees)
        lab.clock.sleep(1_234)


def test_no_state_is_zero_for_what_is_not_there() -> None:
    """A call to a view that a contract lacks fails instead of answering nothing."""
    lab = Lab()
    state = lab.read({"x": VENUES["aave_v3"].read_position(lab.market("plain-vault"), lab.owner)}).values["x"]
    assert not isinstance(state, Position)
