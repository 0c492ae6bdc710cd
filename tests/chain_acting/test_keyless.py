"""Laws of calls that others sign: rehearsed whole, judged by the gate's rules, nothing signed or sent."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from mammon.chain import keyless
from mammon.chain.calls import planned_calls
from mammon.chain.evidence import Pin
from mammon.chain.keyless import Leg, Tried
from mammon.chain.onlooker import Onlooker
from mammon.chain.rpc import Rpc
from mammon.core import abi
from mammon.core.decide import Decision
from mammon.core.numbers import Units
from mammon.core.ports import Deadline
from mammon.core.types import Address, Call, Hash32
from mammon.errors import OutsideError
from mammon.protocols.abi import erc20
from mammon.protocols.registry import VENUES
from mammon.sim.addresses import CHAIN_ID
from mammon.sim.node import SimNode
from tests.chain_acting.desk import KNOWN, MARKETS, USDC, Desk

WHOLE = 10_000 * 10**6
THIEF = Address("0x" + "11" * 20)

Change = Callable[[Leg], Leg]


class Plain:
    """An endpoint that does not know `eth_simulateV1`."""

    def __init__(self, node: SimNode) -> None:
        self.name, self.node = node.name, node

    def exchange(self, body: bytes, deadline: Deadline) -> bytes:
        asked = json.loads(body)
        answers = json.loads(self.node.exchange(body, deadline))
        if type(asked) is dict:
            return json.dumps(self._refused(asked, answers)).encode()
        by_id = {one["id"]: one for one in asked}
        return json.dumps([self._refused(by_id[one["id"]], one) for one in answers]).encode()

    def _refused(self, asked: Any, answer: Any) -> Any:
        if asked["method"] != "eth_simulateV1":
            return answer
        return {"jsonrpc": "2.0", "id": asked["id"], "error": {"code": -32601, "message": "no such method"}}


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "world")


def legs_of(desk: Desk, decision: Decision) -> list[Leg]:
    plan = decision.plan
    assert plan is not None
    held = [p for p in desk.portfolio.positions if getattr(p, "slug", "") == plan.source]
    shares = held[0].shares if held else 0  # type: ignore[union-attr]
    made = planned_calls(plan, desk.world.wallet, VENUES, MARKETS, shares)
    return [Leg(step, MARKETS[step.slug], call, shares) for step, call in zip(plan.steps, made, strict=True)]


def tried(desk: Desk, legs: Sequence[Leg], *, transports: Sequence[Any] = (), whole: bool = True) -> Tried:
    rpc = Rpc(transports, CHAIN_ID, clock=desk.clock, jitter=lambda: 0.5) if transports else desk.rpc
    onlooker = Onlooker(
        rpc, desk.clock, desk.world.wallet, USDC, KNOWN.gas_price_oracle, lambda: tuple(desk.stops),
        lambda text: None,
    )  # fmt: skip
    return keyless.tried(onlooker, desk.pins, legs, desk.soon(), 0, whole=whole)


def moved(desk: Desk, source: str) -> list[Leg]:
    """Put everything into a venue, let a day pass, and return the legs that move it on."""
    desk.legs.execute(desk.decision("idle", source))
    desk.clock.sleep(86_400)
    return legs_of(desk, desk.decision(source, "aave-v3" if source != "aave-v3" else "aave-fork"))


@pytest.mark.parametrize("source", ["aave-v3", "aave-fork", "steakhouse-usdc", "plain-vault"])
def test_a_whole_move_passes_and_nothing_happens(source: str, desk: Desk) -> None:
    """Three legs in one rehearsal, by their deltas; the chain, the journal and the wallet stay."""
    legs = moved(desk, source)
    height, idle, next_nonce = desk.world.recording(), desk.idle, desk.journal.next_nonce()
    found = tried(desk, legs)
    assert found.passed
    assert (found.rehearsal.reason, found.refusals) == ("", ())
    brought, allowed, entered = (call.delta for call in found.calls)
    assert (allowed, entered) == (0, -legs[2].step.amount)
    assert brought is not None
    assert brought >= legs[2].step.amount
    assert (desk.world.recording(), desk.idle, desk.journal.next_nonce()) == (height, idle, next_nonce)


def test_code_is_pinned_at_first_sight_and_refused_when_it_changes(desk: Desk) -> None:
    """The pins are those of the signing gate."""
    legs = legs_of(desk, desk.decision("idle", "aave-v3"))
    assert tried(desk, legs).passed
    pool = MARKETS["aave-v3"].id.address
    desk.pins.pins[pool] = Pin(pool, Hash32("0x" + "22" * 32), Hash32("0x" + "00" * 32))
    found = tried(desk, legs)
    assert not found.passed
    assert {(leg, refusal.code) for leg, refusal in found.refusals} == {
        (0, "code_changed"),
        (1, "code_changed"),
    }


def unlimited(leg: Leg) -> Leg:
    return recalled(leg, abi.encode_call(erc20.APPROVE, leg.market.spender, 2**256 - 1))


def stranger(leg: Leg) -> Leg:
    return recalled(leg, abi.encode_call(erc20.APPROVE, THIEF, leg.step.amount))


def longer(leg: Leg) -> Leg:
    return recalled(leg, leg.call.data + b"\0")


def one_more(leg: Leg) -> Leg:
    return recalled(leg, abi.encode_call(erc20.APPROVE, leg.market.spender, leg.step.amount + 1))


def elsewhere(leg: Leg) -> Leg:
    return dataclasses.replace(leg, call=Call(THIEF, leg.call.data))


def unknown(leg: Leg) -> Leg:
    return recalled(leg, b"\xa9\x05\x9c\xbb" + leg.call.data[4:])


def recalled(leg: Leg, data: bytes) -> Leg:
    return dataclasses.replace(leg, call=Call(leg.call.target, data))


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (unlimited, "unlimited"),
        (stranger, "spender"),
        (longer, "calldata"),
        (one_more, "amount"),
        (elsewhere, "recipient"),
        (unknown, "selector"),
    ],
)
def test_each_call_is_judged_by_the_gates_rules(change: Change, code: str, desk: Desk) -> None:
    """What the gate would refuse to have signed is refused here by the same code."""
    approve, deposit = legs_of(desk, desk.decision("idle", "aave-v3"))
    found = tried(desk, [change(approve), deposit])
    assert code in {refusal.code for leg, refusal in found.refusals if leg == 0}
    assert not found.passed


def test_a_deposit_above_what_there_is_is_refused(desk: Desk) -> None:
    """Of idle money no more is deposited than is idle, whatever the plan says."""
    found = tried(desk, legs_of(desk, desk.decision("idle", "aave-v3", WHOLE + 1)))
    assert not found.rehearsal.passed
    assert {"amount"} <= {refusal.code for _, refusal in found.refusals}


def test_a_deposit_above_the_withdrawal_is_refused(desk: Desk) -> None:
    """The money of the wallet is not what the withdrawal brought: amounts are conserved."""
    desk.legs.execute(desk.decision("idle", "aave-v3", WHOLE // 2))
    withdraw, approve, deposit = legs_of(desk, desk.decision("aave-v3", "aave-fork", WHOLE // 4))
    more = Units(WHOLE // 4 + 1)
    calls = VENUES["aave_v3"].supply(MARKETS["aave-fork"], more, desk.world.wallet)
    greedy = [
        dataclasses.replace(leg, step=dataclasses.replace(leg.step, amount=more), call=call)
        for leg, call in zip((approve, deposit), calls, strict=True)
    ]
    found = tried(desk, [withdraw, *greedy])
    assert found.rehearsal.passed  # the wallet has it
    assert {(leg, refusal.code) for leg, refusal in found.refusals} == {(1, "amount"), (2, "amount")}


@pytest.mark.parametrize("stop", ["pause", "reduce", "halt", "emergency", "kill_switch"])
def test_a_stop_in_force_refuses(stop: str, desk: Desk) -> None:
    """What may not be signed is not emitted either."""
    legs = legs_of(desk, desk.decision("idle", "aave-v3"))
    desk.stops.append(stop)
    assert {refusal.code for _, refusal in tried(desk, legs).refusals} == {"stop"}


def test_what_cannot_be_rehearsed_whole_is_told_or_refused(desk: Desk) -> None:
    """A node without the method tries the first leg alone; a batch is not emitted on its word."""
    legs = legs_of(desk, desk.decision("idle", "aave-v3"))
    plain = [Plain(desk.nodes[0])]
    found = tried(desk, legs, transports=plain, whole=False)
    assert found.passed
    assert len(found.calls) == 1
    assert found.calls[0].delta is None
    with pytest.raises(OutsideError, match="together"):
        tried(desk, legs, transports=plain)


def test_a_failed_rehearsal_pins_nothing(desk: Desk) -> None:
    """Code is trusted at first sight only when it did what it must."""
    found = tried(desk, legs_of(desk, desk.decision("idle", "aave-v3", WHOLE + 1)))
    assert not found.passed
    assert desk.pins.pins == {}
