"""`eth_simulateV1` says what execution then does."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mammon.core.types import Address, Call
from mammon.protocols.registry import VENUES
from mammon.sim.processes import EPOCH_BLOCKS, FIRST_BLOCK
from tests.sim.lab import SLUGS, Lab, RpcRefusalError

FRIEND = Address("0x000000000000000000000000000000000000dEaD")


def plain(lab: Lab, call: Call, **fields: str) -> dict[str, str]:
    """Return a call as JSON."""
    return {"from": lab.owner, "to": call.target, "data": "0x" + call.data.hex(), **fields}


def simulate(
    lab: Lab, calls: list[dict[str, str]], block: Any = None, **options: Any
) -> list[dict[str, Any]]:
    """Return what the calls of one block would come to."""
    state_calls = [{**(block or {}), "calls": calls}]
    told = lab.ask("eth_simulateV1", {"blockStateCalls": state_calls, **options}, "latest")
    return list(told[0]["calls"])


def shown(log: dict[str, Any]) -> tuple[Any, ...]:
    """Return what an event says, without where it happened."""
    return log["address"], tuple(log["topics"]), log["data"]


@settings(max_examples=15, deadline=None)
@given(st.sampled_from(SLUGS), st.integers(1, 12 * 10**9), st.integers(0, 50_000))
def test_simulation_equals_later_execution(slug: str, amount: int, delay: int) -> None:
    """Status, gas and events of approval, deposit and withdrawal are those of the receipts, also refused."""
    lab = Lab(11)
    lab.clock.sleep(delay)
    if (lab.chain.head + 1 - FIRST_BLOCK) % EPOCH_BLOCKS == 0:
        lab.clock.sleep(2)  # In an epoch's first block the crowd moves before us.
    venue, market = VENUES[lab.market(slug).protocol], lab.market(slug)
    calls = [*venue.supply(market, amount, lab.owner), *venue.withdraw(market, amount // 2 + 1, lab.owner)]
    told = simulate(lab, [plain(lab, call) for call in calls])
    receipts = lab.mined(calls)
    for one, receipt in zip(told, receipts, strict=True):
        assert one["status"] == receipt["status"]
        assert one["gasUsed"] == receipt["gasUsed"]
        assert [shown(log) for log in one["logs"]] == [shown(log) for log in receipt["logs"]]
        assert ("error" in one) == (one["status"] == "0x0")


def test_the_time_can_be_set() -> None:
    """A simulated withdrawal a day later pays a day's interest more."""
    lab = Lab()
    lab.supply("aave-v3", 10_000_000_000)
    out = VENUES["aave_v3"].withdraw(lab.market("aave-v3"), 1, lab.owner)[0]
    everything = plain(lab, Call(out.target, out.data[:36] + b"\xff" * 32 + out.data[68:]))
    paid = []
    for later in (1, 86_401):
        block = {"blockOverrides": {"time": hex(lab.clock.now() + later)}}
        paid.append(int(simulate(lab, [everything], block)[0]["returnData"], 16))
    assert 10_000_000_000 * 2 // 100 // 365 < paid[1] - paid[0] < 10_000_000_000 * 9 // 100 // 365


def test_blocks_follow_each_other_and_nothing_is_kept() -> None:
    """The second block sees the first one's effects; afterwards the chain is as before."""
    lab = Lab()
    approve, deposit = VENUES["aave_v3"].supply(lab.market("aave-v3"), 5_000_000, lab.owner)
    before = dict(lab.chain.slots)
    blocks = [{"calls": [plain(lab, approve)]}, {"calls": [plain(lab, deposit)]}]
    told = lab.ask("eth_simulateV1", {"blockStateCalls": blocks}, "latest")
    assert [block["calls"][0]["status"] for block in told] == ["0x1", "0x1"]
    assert int(told[1]["number"], 16) == int(told[0]["number"], 16) + 1 == lab.chain.head + 2
    assert lab.chain.slots == before
    assert simulate(lab, [plain(lab, deposit)])[0]["status"] == "0x0"


def test_transfers_of_ether_are_traced_and_balances_overridden() -> None:
    """With `traceTransfers` sent ether shows as a transfer; an overridden balance can be spent."""
    lab = Lab()
    much = 10**20
    call = {"from": lab.owner, "to": FRIEND, "value": hex(much)}
    assert simulate(lab, [call])[0]["status"] == "0x0"
    block = {"stateOverrides": {lab.owner: {"balance": hex(much)}}}
    told = simulate(lab, [call], block, traceTransfers=True)[0]
    assert told["status"] == "0x1"
    assert [int(log["data"], 16) for log in told["logs"]] == [much]
    assert told["logs"][0]["address"] == "0x" + "ee" * 20


def test_failures_carry_their_reason() -> None:
    """A revert gives its data and its text; too little gas says so."""
    lab = Lab()
    approve, deposit = VENUES["aave_v3"].supply(lab.market("aave-v3"), 5_000_000, lab.owner)
    error = simulate(lab, [plain(lab, deposit)])[0]["error"]
    assert error["code"] == 3
    assert error["message"] == "execution reverted: ERC20: transfer amount exceeds allowance"
    assert error["data"].startswith("0x08c379a0")
    assert simulate(lab, [plain(lab, approve, gas="0x5300")])[0]["error"]["message"] == "out of gas"


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"blockStateCalls": []},
        {"blockStateCalls": [{"blockOverrides": {"gasLimit": "0x1"}}]},
        {"blockStateCalls": [{"stateOverrides": {"0x" + "11" * 20: {"code": "0x"}}}]},
        {"blockStateCalls": [{"blockOverrides": {"time": "0x1"}}]},
        {"blockStateCalls": [{"blockOverrides": {"number": "0x1"}}]},
        {"blockStateCalls": [7]},
    ],
)
def test_what_is_not_simulated_is_refused(payload: Any) -> None:
    """An override that would be ignored is an error, never a wrong answer."""
    with pytest.raises(RpcRefusalError) as caught:
        Lab().ask("eth_simulateV1", payload, "latest")
    assert caught.value.code == -32602
