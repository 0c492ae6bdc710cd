"""Compound V2 by the second on the node: codes where others revert, and what that looks like to us."""

from __future__ import annotations

import pytest

from mammon.chain import simulate
from mammon.chain.effects import ROUNDING_UNITS
from mammon.chain.rehearse import _expected
from mammon.chain.simulate import Simulated, rehearsal
from mammon.core.numbers import Units
from mammon.core.plan import Step
from mammon.core.types import Address, All, Call, Market
from mammon.protocols.registry import VENUES
from tests.chain.chainfile import market
from tests.chain.driver import read_position, read_state
from tests.chain.scenario import USD, Scenario

pytestmark = pytest.mark.chain

AMOUNT = Units(5_000 * USD)
CODE_3 = "would return the error code 3"


def _listed(chain: Scenario) -> tuple[Market, Address]:
    return market(chain.lab, "moonwell"), Address(chain.account("alice"))


def _rehearsed(chain: Scenario, calls: tuple[Call, ...], step: Step) -> list[Simulated]:
    """Rehearse the last of the calls as the program does: with all before it, and alone."""
    owner, asset = Address(chain.account("alice")), Address(chain["usdc"].address)
    method, parameters = simulate.request(calls, owner)
    whole = simulate.read(chain.rpc(method, *parameters), len(calls), asset, owner)
    assert whole is not None
    alone = chain.rpc.outcomes(list(simulate.single_requests(calls[-1], owner)))
    last = Simulated(whole.block, whole.calls[-1:])
    return [last, simulate.read_single(alone)]  # type: ignore[arg-type]  # every one of them succeeds


def test_a_code_is_no_success(chain: Scenario) -> None:
    """A refused mint mines with status 1, moves nothing, and is seen for what it is in both rehearsals.

    With events the wallet did not change; without them (a node that cannot simulate) the code is told.
    """
    listed, owner = _listed(chain)
    chain.fund(owner, usdc=AMOUNT)
    approve, mint = VENUES["moonwell"].supply(listed, AMOUNT, owner)
    chain.rpc.send(owner, approve.target, approve.data)
    step = Step("deposit", listed.slug, listed.id, "moonwell", AMOUNT)
    for found in _rehearsed(chain, (mint,), step):
        assert rehearsal(found, [_expected(step, AMOUNT)], ROUNDING_UNITS).passed
    chain.moonwell.rules(delisted=True)
    with_events, alone = _rehearsed(chain, (mint,), step)
    judged = rehearsal(with_events, [_expected(step, AMOUNT)], ROUNDING_UNITS)
    assert not judged.passed
    assert "would move 0 units" in judged.reason
    judged = rehearsal(alone, [_expected(step, AMOUNT)], ROUNDING_UNITS)
    assert not judged.passed
    assert CODE_3 in judged.reason
    receipt = chain.rpc.send(owner, mint.target, mint.data)
    assert receipt["status"] == "0x1"
    assert chain.balance(owner) == AMOUNT
    assert read_position(chain.rpc, listed, owner, chain.block).shares == 0


@pytest.mark.parametrize(
    ("rules", "closed", "locked"),
    [
        ({"paused": True}, ("paused",), ()),
        ({"delisted": True}, ("not_listed",), ("not_listed",)),
        ({"cap": 1}, ("cap_full",), ()),
    ],
)
def test_what_the_comptroller_forbids_is_read_beforehand(
    chain: Scenario, rules: dict[str, int], closed: tuple[str, ...], locked: tuple[str, ...]
) -> None:
    """Pause, listing and cap close the market to deposits; a pause of minting holds no withdrawal up."""
    listed, _ = _listed(chain)
    assert read_state(chain.rpc, listed, chain.block).closed == ()
    chain.moonwell.rules(**rules)
    state = read_state(chain.rpc, listed, chain.block)
    assert (state.closed, state.locked) == (closed, locked)
    assert state.room == 0
    assert (state.withdrawable == 0) == bool(locked)


def test_a_paused_market_pays_out(chain: Scenario) -> None:
    """Everything comes home while deposits are paused, with the interest, and no mToken is left."""
    listed, owner = _listed(chain)
    chain.fund(owner, usdc=AMOUNT)
    for call in VENUES["moonwell"].supply(listed, AMOUNT, owner):
        chain.rpc.send(owner, call.target, call.data)
    chain.moonwell.rules(paused=True)
    chain.warp(30 * 86_400)
    held = read_position(chain.rpc, listed, owner, chain.block)
    (call,) = VENUES["moonwell"].withdraw(listed, All(held.shares), owner)
    chain.rpc.send(owner, call.target, call.data)
    assert chain.balance(owner) >= held.assets > AMOUNT
    assert read_position(chain.rpc, listed, owner, chain.block).shares == 0
    assert chain["usdc"].call("allowance", owner, listed.spender) == 0


def test_an_absurd_rate_locks_the_market(chain: Scenario) -> None:
    """Above the contract's ceiling nothing accrues, so nothing goes in or out: both are said."""
    listed, owner = _listed(chain)
    chain.moonwell.become((0, 10**9, 10**14, 5 * 10**17), 10**17)
    state = read_state(chain.rpc, listed, chain.block)
    assert (state.closed, state.locked, state.curve) == (("rate_cap",), ("rate_cap",), None)
    chain.warp(2)
    whale = chain.account("whale")
    refused = chain.moonwell.market.refusal("redeemUnderlying", 1_000, sender=whale)
    assert refused is not None
    assert b"absurdly high" in refused
    assert read_position(chain.rpc, listed, owner, chain.block).assets == 0


def test_one_round_reads_the_market_when_its_contracts_are_known(chain: Scenario) -> None:
    """The hint names comptroller and model; a new model is asked anew, and the next round is one again."""
    listed, _ = _listed(chain)
    venue = VENUES["moonwell"]
    hint = read_state(chain.rpc, listed, chain.block).hint
    assert _rounds(chain, listed, hint) == 1
    chain.moonwell.become((1, 2 * 10**9, 10**11, 8 * 10**17), 10**17)
    assert _rounds(chain, listed, hint) == 2
    assert _rounds(chain, listed, read_state(chain.rpc, listed, chain.block).hint) == 1
    assert venue.protocol == "moonwell"


def _rounds(chain: Scenario, listed: Market, hint: object) -> int:
    read, rounds = VENUES["moonwell"].read_market(listed, hint), 0  # type: ignore[arg-type]
    calls = next(read)
    try:
        while True:
            rounds += 1
            found = chain.rpc.outcomes(
                [
                    ("eth_call", ({"to": call.target, "data": "0x" + call.data.hex()}, "latest"))
                    for call in calls
                ]
            )
            calls = read.send([bytes.fromhex(str(one)[2:]) for one in found])
    except StopIteration:
        return rounds
