"""The calls adapters make, really sent: what goes in is what is held, what is asked comes back."""

from __future__ import annotations

import pytest

from mammon.core.types import Address, All, Market, Position
from mammon.protocols.registry import VENUES
from tests.chain.chainfile import BLUE, FURTHER, SLUGS, market
from tests.chain.driver import read_position, read_state
from tests.chain.rpc import RevertedError
from tests.chain.scenario import USD, Scenario

pytestmark = pytest.mark.chain

ALL = (*SLUGS, *FURTHER)
EACH = pytest.mark.parametrize("slug", ALL)
LENDING = pytest.mark.parametrize("slug", [slug for slug in ALL if slug != "vault"])
"""A plain vault lends nothing out: it cannot be drained."""

AMOUNT = 123_456_789_012
ROUNDING = 2
"""Units a venue may keep at each step: shares are whole."""


def _owner(chain: Scenario) -> Address:
    return Address(chain.account("alice"))


def _supplied(chain: Scenario, listed: Market, amount: int = AMOUNT) -> Position:
    owner = _owner(chain)
    chain.fund(owner, usdc=amount)
    _send(chain, VENUES[listed.protocol].supply(listed, amount, owner))
    return read_position(chain.rpc, listed, owner, chain.block)


def _send(chain: Scenario, calls: tuple[object, ...]) -> None:
    for call in calls:
        chain.rpc.send(_owner(chain), call.target, call.data)


@EACH
def test_a_supply_is_held_and_leaves_no_allowance(chain: Scenario, slug: str) -> None:
    """Exactly the amount leaves the wallet, is held up to rounding, and no approval remains."""
    listed, owner = market(chain.lab, slug), _owner(chain)
    held = _supplied(chain, listed)
    assert AMOUNT - ROUNDING <= held.assets <= AMOUNT
    assert chain.balance(owner) == 0
    assert chain["usdc"].call("allowance", owner, listed.spender) == 0


@EACH
def test_everything_leaves_nothing(chain: Scenario, slug: str) -> None:
    """A withdrawal of all, weeks later, brings the interest and leaves no share behind."""
    listed, owner = market(chain.lab, slug), _owner(chain)
    held = _supplied(chain, listed)
    chain.warp(14 * 86_400)
    before = read_position(chain.rpc, listed, owner, chain.block)
    assert before.shares == held.shares
    _send(chain, VENUES[listed.protocol].withdraw(listed, All(before.shares), owner))
    after = read_position(chain.rpc, listed, owner, chain.block)
    assert (after.shares, after.assets) == (0, 0)
    assert chain.balance(owner) >= before.assets - ROUNDING
    if slug != "vault":
        assert chain.balance(owner) > AMOUNT


@EACH
def test_an_amount_comes_back_exactly(chain: Scenario, slug: str) -> None:
    """A withdrawal of an amount pays that amount to the unit."""
    listed, owner = market(chain.lab, slug), _owner(chain)
    _supplied(chain, listed)
    _send(chain, VENUES[listed.protocol].withdraw(listed, 1_000_001, owner))
    assert chain.balance(owner) == 1_000_001


@LENDING
def test_what_is_withdrawable_can_leave_and_no_more(chain: Scenario, slug: str) -> None:
    """In a drained venue the figure read is what one holder of nearly everything can take."""
    listed, whale = market(chain.lab, slug), Address(chain.account("lender" if slug in BLUE else "whale"))
    _drain(chain, slug, 777 * USD)
    most = read_state(chain.rpc, listed, chain.block).withdrawable
    assert 777 * USD <= most < 3000 * USD
    (call,) = VENUES[listed.protocol].withdraw(listed, most + 1, whale)
    with pytest.raises(RevertedError), chain.undone():
        chain.rpc.send(whale, call.target, call.data)
    before = chain.balance(whale)
    (call,) = VENUES[listed.protocol].withdraw(listed, most, whale)
    chain.rpc.send(whale, call.target, call.data)
    assert chain.balance(whale) - before == most


@EACH
def test_the_index_is_what_a_holding_grows_by(chain: Scenario, slug: str) -> None:
    """Between two blocks a holding grows as the market's index does, up to rounding."""
    listed, owner = market(chain.lab, slug), _owner(chain)
    first = _supplied(chain, listed)
    index = read_state(chain.rpc, listed, chain.block).index
    if slug == "vault":
        chain.fund(chain["vault"].address, usdc=4321 * USD)
    chain.warp(30 * 86_400)
    later = read_state(chain.rpc, listed, chain.block).index
    held = read_position(chain.rpc, listed, owner, chain.block)
    assert later > index
    assert abs(held.assets - first.assets * later // index) <= ROUNDING


def _drain(chain: Scenario, slug: str, left: int) -> None:
    if slug == "aave-30":
        chain.aave30.drain(left)
    elif slug == "aave-36":
        chain.aave36.drain(left)
    elif slug == "moonwell":
        chain.moonwell.drain(left)
    else:
        names = ("weth",) if slug == "mm-small" else (BLUE[slug],) if slug in BLUE else tuple(BLUE.values())
        for name in names:
            chain.morpho.drain(name, left)
