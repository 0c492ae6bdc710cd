"""Rehearse calls at the head of the chain before anything is signed: `eth_simulateV1`, read strictly.

All legs run in one block that does not exist yet, each on what the one before left behind, so that a
deposit of money still to be withdrawn can be rehearsed. What a call did to the wallet is taken from the
asset's own `Transfer` events, never from what the call says about itself. A node without the method
is asked for one leg alone (`single_requests`), which shows that it would not revert and no more.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from mammon.chain import events, reverts
from mammon.chain.jsonrpc import Json, Request, Result, RpcFailure, data, quantity
from mammon.chain.permit import Rehearsal
from mammon.core import abi
from mammon.core.types import Address, Call
from mammon.errors import MalformedError, OutsideError
from mammon.net.safe_text import safe_text

_NO_METHOD = frozenset({-32601, -32004})
"""Method not found (JSON-RPC), method not supported (EIP-1474)."""
_UNKNOWN = re.compile(r"eth_simulateV1.{0,60}(not|un)\W?(found|exist|avail|support|known)|unsupported method")
_REVERTED = re.compile(r"revert|execution (failed|error)|out of gas|invalid opcode|gas required exceeds")

Answer = Literal["any", "true", "zero"]


@dataclass(frozen=True, slots=True)
class SimulatedCall:
    """What one call would come to."""

    succeeded: bool
    gas_used: int
    """After refunds, which may be a fifth of it: a gas limit wants at least 5/4 of this."""
    answer: bytes
    """Return data; of a failed call, its revert data."""
    delta: int | None
    """Base units of the asset to (+) or from (-) the owner; None where events were not shown."""
    reason: str
    """Why it failed, printable; empty when it did not."""


@dataclass(frozen=True, slots=True)
class Simulated:
    """What a row of calls would come to, on top of the chain's head."""

    block: int
    """One less than the block made up for it: the head, or the one below where a node counts so."""
    calls: tuple[SimulatedCall, ...]


@dataclass(frozen=True, slots=True)
class Expected:
    """What a call has to do to pass its rehearsal."""

    delta: int
    """Base units of the asset to (+) or from (-) the owner."""
    at_least: bool = False
    """More to the owner than `delta` is as good: the "all" form pays interest up to its block."""
    answer: Answer = "any"
    """`true`: an approval. `zero`: a venue that returns error codes instead of reverting."""
    least_answer: int = 0
    """The first word returned must be no less: shares minted, or a balance asked for behind a deposit."""


APPROVAL = Expected(0, answer="true")


def request(calls: Sequence[Call], owner: Address) -> Request:
    """Ask what the calls would come to, one after the other, sent by the owner on top of the head."""
    block = {"calls": [_plain(call, owner) for call in calls]}
    return (
        "eth_simulateV1",
        ({"blockStateCalls": [block], "validation": False, "traceTransfers": False}, "latest"),
    )


def read(result: Result, count: int, asset: Address, owner: Address) -> Simulated | None:
    """Read the answer to `request`; None when the node does not know the method.

    Raises `OutsideError` when the node cannot simulate now, `MalformedError` for anything else.
    """
    if isinstance(result, RpcFailure):
        if result.code in _NO_METHOD or _UNKNOWN.search(result.message):
            return None
        raise OutsideError("simulation", f"the endpoint could not simulate: {result.message}", "try again")
    if type(result) is not list or len(result) != 1 or type(result[0]) is not dict:
        raise _wrong("not the one block that was asked for")
    number = quantity(result[0].get("number"), "the simulated block", 63)
    told = result[0].get("calls")
    if number == 0 or type(told) is not list or len(told) != count:
        raise _wrong("not as many results as calls")
    return Simulated(number - 1, tuple(_call(one, asset, owner) for one in told))


def single_requests(call: Call, owner: Address) -> list[Request]:
    """Ask a node without `eth_simulateV1` about one leg alone, which must be the next to be sent."""
    plain = _plain(call, owner)
    return [("eth_blockNumber", ()), ("eth_call", (plain, "latest")), ("eth_estimateGas", (plain, "latest"))]


def read_single(results: Sequence[Result]) -> Simulated:
    """Read the answers to `single_requests`; what the call does to the wallet stays unknown.

    Raises `OutsideError` when the node could not run the call, `MalformedError` for anything else.
    """
    if len(results) != 3:
        raise _wrong("not as many results as calls")
    head, returned, gas = results
    if isinstance(head, RpcFailure):
        raise OutsideError("simulation", f"the endpoint does not tell its head: {head.message}", "try again")
    block = quantity(head, "the head", 63)
    for failure in (returned, gas):
        if isinstance(failure, RpcFailure):
            return Simulated(block, (_failed(failure),))
    answer = data(returned, "return data")
    return Simulated(block, (SimulatedCall(True, quantity(gas, "gas", 63), answer, None, ""),))


def rehearsal(simulated: Simulated, expected: Sequence[Expected], tolerance: int) -> Rehearsal:
    """Judge a simulation: passed only when every call does what is expected of it.

    `tolerance` is in base units of the asset: what a venue may keep by rounding. The reason of a
    refusal names the first call, counted from 1. Where events were not shown the effect is not
    judged, which the reason says (`effect_unseen`).
    """
    if len(simulated.calls) != len(expected):
        raise ValueError(f"{len(expected)} expectations of {len(simulated.calls)} calls")
    for place, (call, due) in enumerate(zip(simulated.calls, expected, strict=True), 1):
        fault = _fault(call, due, tolerance)
        if fault:
            return Rehearsal(simulated.block, False, f"call {place} {fault}")
    unseen = any(call.delta is None for call in simulated.calls)
    return Rehearsal(simulated.block, True, "effect_unseen" if unseen else "")


def _fault(call: SimulatedCall, due: Expected, tolerance: int) -> str:
    """Return what is wrong with a call; nothing when it does what is due."""
    if not call.succeeded:
        return f"would fail: {call.reason}"
    if call.delta is not None:
        more = call.delta - due.delta
        if more < -tolerance or (more > tolerance and not due.at_least):
            return f"would move {call.delta} units, not {due.delta}"
    if due.answer == "any" and due.least_answer == 0:
        return ""
    word = call.answer[: abi.WORD]
    if len(word) != abi.WORD:
        return "would return nothing, where a value is due"
    value = int.from_bytes(word, "big")
    if due.answer == "true" and value != 1:
        return f"would return {value}, not true"
    if due.answer == "zero" and value != 0:
        return f"would return the error code {value}"
    return f"would return {value}, less than {due.least_answer}" if value < due.least_answer else ""


def _plain(call: Call, owner: Address) -> dict[str, str]:
    return {"from": owner, "to": call.target, "data": "0x" + call.data.hex()}


def _call(found: Json, asset: Address, owner: Address) -> SimulatedCall:
    if type(found) is not dict:
        raise _wrong("a result is no object")
    status = quantity(found.get("status"), "a call's status", 1)
    gas = quantity(found.get("gasUsed"), "a call's gas", 63)
    answer, logs = data(found.get("returnData"), "a call's return data"), found.get("logs")
    if type(logs) is not list:
        raise _wrong("a result without events")
    if status == 0:
        if logs:
            raise _wrong("a failed call with events")
        return SimulatedCall(False, gas, answer, 0, _reason(found.get("error"), answer))
    if found.get("error") is not None:
        raise _wrong("a call that succeeded with an error")
    return SimulatedCall(True, gas, answer, events.moved(map(events.event, logs), asset, owner), "")


def _reason(error: Json, answer: bytes) -> str:
    """Return why a call failed: its revert data says more than the node's words."""
    told = error if type(error) is dict else {}
    if not answer and type(told.get("data")) is str:
        answer = data(told["data"], "revert data")
    if answer:
        return reverts.reason(answer)
    message = told.get("message")
    return safe_text(message) if type(message) is str and message else "without a reason"


def _failed(failure: RpcFailure) -> SimulatedCall:
    # Code 3 is a revert by convention; a node that is overloaded must not look like a venue that refuses.
    if failure.code != 3 and not failure.data and not _REVERTED.search(failure.message):
        raise OutsideError(
            "simulation", f"the endpoint could not run the call: {failure.message}", "try again"
        )
    answer = bytes.fromhex(failure.data[2:])
    return SimulatedCall(False, 0, answer, 0, reverts.reason(answer) if answer else failure.message)


def _wrong(what: str) -> MalformedError:
    return MalformedError("simulation", f"malformed simulation: {what}")
