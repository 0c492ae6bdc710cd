"""Rehearsals on a real node over the real protocols: what passes happens so, the rest is refused."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from mammon.chain import simulate
from mammon.chain.jsonrpc import RpcFailure
from mammon.chain.simulate import APPROVAL, Expected, Simulated
from mammon.core.types import Address, All, Call, Market, Position
from mammon.protocols.registry import VENUES
from tests.chain.chainfile import SLUGS, market
from tests.chain.driver import read_position
from tests.chain.rpc import RpcError
from tests.chain.scenario import USD, Scenario

pytestmark = pytest.mark.chain

EACH = pytest.mark.parametrize("slug", SLUGS)
AMOUNT = 123_456_789_012
ROUNDING = 2


def _owner(chain: Scenario) -> Address:
    return Address(chain.account("alice"))


def _simulated(chain: Scenario, calls: Sequence[Call]) -> Simulated:
    method, params = simulate.request(calls, _owner(chain))
    asset = market(chain.lab, "vault").token.address
    found = simulate.read(chain.rpc(method, *params), len(calls), asset, _owner(chain))
    assert found is not None
    return found


def _held(chain: Scenario, listed: Market) -> Position:
    return read_position(chain.rpc, listed, _owner(chain), chain.block)


def _supply(chain: Scenario, listed: Market, amount: int) -> tuple[Call, ...]:
    return VENUES[listed.protocol].supply(listed, amount, _owner(chain))


def _withdraw(chain: Scenario, listed: Market, amount: int | All) -> tuple[Call, ...]:
    return VENUES[listed.protocol].withdraw(listed, amount, _owner(chain))


def _sent(chain: Scenario, calls: Sequence[Call]) -> None:
    for call in calls:
        chain.rpc.send(_owner(chain), call.target, call.data)


@EACH
def test_a_whole_move_is_rehearsed_at_once(chain: Scenario, slug: str) -> None:
    """Withdraw all, approve and deposit elsewhere pass in one simulation, and happen so when sent."""
    source = market(chain.lab, slug)
    target = market(chain.lab, "aave-36" if slug != "aave-36" else "mm-main")
    chain.fund(_owner(chain), usdc=AMOUNT)
    _sent(chain, _supply(chain, source, AMOUNT))
    chain.warp(86_400)
    held = _held(chain, source)
    calls = [*_withdraw(chain, source, All(held.shares)), *_supply(chain, target, held.assets)]
    due = [Expected(held.assets, at_least=True), APPROVAL, Expected(-held.assets)]
    found = _simulated(chain, calls)
    verdict = simulate.rehearsal(found, due, ROUNDING)
    assert (verdict.passed, verdict.reason) == (True, "")
    # This node gives the block it makes up the head's own number, where others give the next one.
    assert verdict.block == chain.block - 1
    _sent(chain, calls)
    assert _held(chain, source).shares == 0
    assert abs(_held(chain, target).assets - held.assets) <= ROUNDING


@EACH
def test_the_deltas_are_those_of_the_transactions(chain: Scenario, slug: str) -> None:
    """A partial withdrawal and a deposit move to the unit what the simulation said, and use no more gas."""
    listed = market(chain.lab, slug)
    chain.fund(_owner(chain), usdc=AMOUNT)
    for calls in (_supply(chain, listed, AMOUNT // 2), _withdraw(chain, listed, 1_000_001)):
        found = _simulated(chain, calls)
        for call, told in zip(calls, found.calls, strict=True):
            before = chain.balance(_owner(chain))
            receipt = chain.rpc.send(_owner(chain), call.target, call.data)
            assert chain.balance(_owner(chain)) - before == told.delta
            assert int(receipt["gasUsed"], 16) <= told.gas_used * 5 // 4


@EACH
def test_a_deposit_above_the_balance_is_refused(chain: Scenario, slug: str) -> None:
    """One unit more than there is fails in the deposit, not in the approval, with a reason."""
    chain.fund(_owner(chain), usdc=AMOUNT)
    calls = _supply(chain, market(chain.lab, slug), AMOUNT + 1)
    verdict = simulate.rehearsal(_simulated(chain, calls), [APPROVAL, Expected(-AMOUNT - 1)], ROUNDING)
    assert not verdict.passed
    assert verdict.reason.startswith("call 2 would fail: ")
    assert verdict.reason != "call 2 would fail: "


@pytest.mark.parametrize("slug", [slug for slug in SLUGS if slug != "vault"])
def test_a_drained_venue_is_refused(chain: Scenario, slug: str) -> None:
    """Money that is lent out cannot be withdrawn: the rehearsal says so before anything is signed."""
    listed = market(chain.lab, slug)
    chain.fund(_owner(chain), usdc=AMOUNT)
    _sent(chain, _supply(chain, listed, AMOUNT))
    _drain(chain, slug, 777 * USD)
    held = _held(chain, listed)
    found = _simulated(chain, _withdraw(chain, listed, All(held.shares)))
    verdict = simulate.rehearsal(found, [Expected(held.assets, at_least=True)], ROUNDING)
    assert not verdict.passed
    assert verdict.reason.startswith("call 1 would fail: ")


def test_an_approval_left_out_is_refused(chain: Scenario) -> None:
    """A deposit without its approval does not pass."""
    chain.fund(_owner(chain), usdc=AMOUNT)
    calls = _supply(chain, market(chain.lab, "aave-36"), AMOUNT)[1:]
    assert not simulate.rehearsal(_simulated(chain, calls), [Expected(-AMOUNT)], ROUNDING).passed


@EACH
def test_the_single_form_judges_one_leg(chain: Scenario, slug: str) -> None:
    """Call and estimate pass the approval, and refuse the deposit that wants it first."""
    chain.fund(_owner(chain), usdc=AMOUNT)
    approve, deposit = _supply(chain, market(chain.lab, slug), AMOUNT)
    assert simulate.rehearsal(_single(chain, approve), [APPROVAL], ROUNDING).passed
    refused = simulate.rehearsal(_single(chain, deposit), [Expected(-AMOUNT)], ROUNDING)
    assert not refused.passed
    assert refused.reason.startswith("call 1 would fail: ")


def _single(chain: Scenario, call: Call) -> Simulated:
    outcomes = chain.rpc.outcomes(
        [(method, list(params)) for method, params in simulate.single_requests(call, _owner(chain))]
    )
    return simulate.read_single([_result(outcome) for outcome in outcomes])


def _result(outcome: object) -> object:
    if isinstance(outcome, RpcError):
        return RpcFailure(int(outcome.code or 0), str(outcome), "0x" + outcome.data.hex())
    return outcome


def _drain(chain: Scenario, slug: str, left: int) -> None:
    if slug == "aave-30":
        chain.aave30.drain(left)
    elif slug == "aave-36":
        chain.aave36.drain(left)
    else:
        for name in ("weth",) if slug == "mm-small" else ("weth", "wbtc", "weth_low"):
            chain.morpho.drain(name, left)
