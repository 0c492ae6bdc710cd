"""Supply to one market of the simulated singleton: the same adapter reads it and moves money in it."""

from __future__ import annotations

import pytest

from mammon.core.curves import MorphoCurve
from mammon.core.numbers import Units
from mammon.core.types import All, Call, Market, MarketId, MarketState, Position
from mammon.protocols.morpho_blue import MorphoBlue
from mammon.sim import addresses as at
from mammon.sim.chainfile import USDC
from mammon.sim.contracts.morpho import MarketTerms
from mammon.sim.deployment import deployment
from mammon.sim.processes import EPOCH_BLOCKS, FIRST_BLOCK
from tests.protocols.fakes import calldata
from tests.sim.lab import Lab, RpcRefusalError, succeeded

VENUE = MorphoBlue()
NAMES = ("cbbtc", "weth", "cbeth")
CAPITAL = Units(20_000_000_000_000)
AMOUNT = 10_000_000_000
_TERMS = "(address,address,address,address,uint256)"
SUPPLY = f"supply({_TERMS},uint256,uint256,address,bytes)"
WITHDRAW = f"withdraw({_TERMS},uint256,uint256,address,address)"


def terms(name: str) -> MarketTerms:
    return next(entry for entry in deployment().markets if entry.name == name)


def listed(name: str) -> Market:
    """Return the market as one row of a chain file would list it."""
    entry = terms(name)
    roles = {
        "collateral": entry.collateral,
        "irm": at.IRM,
        "multicall3": at.MULTICALL3,
        "oracle": entry.oracle,
    }
    identity = MarketId(at.CHAIN_ID, at.MORPHO, at.USDC, "0x" + entry.id.hex())
    return Market(identity, f"morpho-{name}", "morpho_blue", USDC, at.MORPHO, tuple(sorted(roles.items())))


def state(lab: Lab, market: Market) -> MarketState:
    found = lab.read({"market": VENUE.read_market(market, None)}).values["market"]
    assert isinstance(found, MarketState), found
    return found


def position(lab: Lab, market: Market) -> Position:
    found = lab.read({"held": VENUE.read_position(market, lab.owner)}).values["held"]
    assert isinstance(found, Position), found
    return found


@pytest.mark.parametrize("name", NAMES)
def test_a_market_is_open_and_its_rate_is_what_the_curve_said(name: str) -> None:
    """Read in one request, supplied to, and the rate then is the one foretold."""
    lab, market = Lab(7, CAPITAL), listed(name)
    lab.clock.sleep(100)
    before = state(lab, market)
    assert (before.closed, before.room) == ((), None)
    assert isinstance(before.curve, MorphoCurve)
    when = lab.clock.now() - lab.clock.now() % 2 + 2
    assert (lab.chain.head + 1 - FIRST_BLOCK) % EPOCH_BLOCKS, "the crowd would move in between"
    predicted = before.curve.rate_after(5_000_000_000_000, when)
    assert succeeded(lab.mined(VENUE.supply(market, 5_000_000_000_000, lab.owner)))
    after = state(lab, market)
    assert isinstance(after.curve, MorphoCurve)
    assert after.curve.rate_after(0, when) == predicted < before.curve.rate_after(0, when)


@pytest.mark.parametrize("name", NAMES)
def test_money_goes_in_and_all_of_it_comes_back(name: str) -> None:
    """Held at once to two units, grown later, and gone with its last share; no allowance is left."""
    lab, market = Lab(), listed(name)
    assert succeeded(lab.mined(VENUE.supply(market, AMOUNT, lab.owner)))
    held = position(lab, market)
    assert AMOUNT - 2 <= held.assets <= AMOUNT
    assert lab.usdc() == 0
    lab.clock.sleep(2 * 86_400)
    grown = position(lab, market)
    assert grown.shares == held.shares
    assert AMOUNT < grown.assets < AMOUNT * 1_001 // 1_000
    assert succeeded(lab.mined(VENUE.withdraw(market, All(grown.shares), lab.owner)))
    assert grown.assets <= lab.usdc() <= grown.assets + 100
    assert (position(lab, market).shares, position(lab, market).assets) == (0, 0)
    allowance = Call(at.USDC, calldata("allowance(address,address)", lab.owner, at.MORPHO))
    assert lab.view(allowance) == 0


def test_a_part_comes_back_exactly() -> None:
    """An amount of assets is paid to the unit."""
    lab, market = Lab(), listed("weth")
    assert succeeded(lab.mined(VENUE.supply(market, AMOUNT, lab.owner)))
    assert succeeded(lab.mined(VENUE.withdraw(market, 3_000_000_001, lab.owner)))
    assert lab.usdc() == 3_000_000_001


def test_the_crowd_does_not_borrow_what_we_supply() -> None:
    """Our own money is left out of what borrowers take, so that what it does to a rate lasts."""
    lab, market = Lab(3, CAPITAL), listed("cbeth")
    alone = Lab(3, CAPITAL)
    assert succeeded(lab.mined(VENUE.supply(market, 10_000_000_000_000, lab.owner)))
    lab.clock.sleep(86_400)
    alone.clock.sleep(86_402)
    borrowed, without = state(lab, market).borrowed, state(alone, market).borrowed
    assert borrowed is not None
    assert without is not None
    assert abs(borrowed - without) < without // 100


def parameters(name: str) -> tuple[object, ...]:
    entry = terms(name)
    return at.USDC, entry.collateral, entry.oracle, at.IRM, entry.lltv


@pytest.mark.parametrize(
    ("signature", "rest", "reason"),
    [
        (SUPPLY, (0, 0, "me", b""), "inconsistent input"),
        (SUPPLY, (1, 1, "me", b""), "inconsistent input"),
        (SUPPLY, (1, 0, "0x" + "0" * 40, b""), "zero address"),
        (SUPPLY, (1, 0, "me", b"\1"), "reverted"),
        (WITHDRAW, (0, 0, "me", "me"), "inconsistent input"),
        (WITHDRAW, (1, 0, at.CROWD, "me"), "unauthorized"),
        (WITHDRAW, (1, 0, "me", "0x" + "0" * 40), "zero address"),
        (WITHDRAW, (0, 1, "me", "me"), "reverted"),
        (WITHDRAW, (0, 10**30, "me", "me"), "reverted"),
    ],
)
def test_the_singleton_refuses_as_the_real_one_does(
    signature: str, rest: tuple[object, ...], reason: str
) -> None:
    """Assets or shares, never both or none; of one's own; to somebody; without a callback."""
    lab = Lab()
    given = [lab.owner if each == "me" else each for each in rest]
    data = calldata(signature, parameters("weth"), *given)
    with pytest.raises(RpcRefusalError, match=reason):
        lab.view(Call(at.MORPHO, data))


def test_a_market_that_was_never_created_is_refused() -> None:
    """Its parameters hash to no id the singleton knows."""
    lab = Lab()
    odd = (*parameters("weth")[:4], 5)
    with pytest.raises(RpcRefusalError, match="market not created"):
        lab.view(Call(at.MORPHO, calldata(SUPPLY, odd, 1, 0, lab.owner, b"")))


def test_shares_can_be_bought_by_their_number() -> None:
    """The form nobody here uses: assets are what so many shares cost, rounded up."""
    lab, market = Lab(), listed("weth")
    approve, _ = VENUE.supply(market, AMOUNT, lab.owner)
    data = calldata(SUPPLY, parameters("weth"), 0, 5 * 10**15, lab.owner, b"")
    assert succeeded(lab.mined((approve, Call(at.MORPHO, data))))
    assert position(lab, market).shares == 5 * 10**15
