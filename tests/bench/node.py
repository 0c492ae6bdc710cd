"""The simulated chain as an endpoint in real time, able to answer the peers as well.

The peers ask in two ways that mammon does not: Multicall3's older `aggregate`, and an `eth_call` with
a state override, whose override is dropped (it would put there what is there).
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import eth_abi

from mammon.core.types import Address
from mammon.net.deadline import Deadline
from mammon.sim import processes
from mammon.sim.contracts.machine import Frame, external
from mammon.sim.contracts.multicall import Multicall3

PRELUDE = 4
"""Calls with which each of mammon's aggregates says which block it ran in."""
_BEHIND_S = 10


class OlderMulticall(Multicall3):
    """Multicall3 with the entry that multicall.py uses."""

    @external("252dba42", "aggregate((address,bytes)[])")
    def aggregate(self, frame: Frame, data: bytes) -> bytes:
        """Run the calls; the first failure undoes all."""
        (calls,) = eth_abi.decode(["(address,bytes)[]"], data)
        by_name = {address.lower(): address for address in self.contracts}
        targets = [by_name.get(target, Address(target)) for target, _ in calls]
        answers = [
            self._one(frame, target, False, payload)[1]
            for target, (_, payload) in zip(targets, calls, strict=True)
        ]
        return eth_abi.encode(["uint256", "bytes[]"], [frame.environment.number, answers])


class TimedNode:
    """One world that opened when the process began and whose blocks come by the wall clock.

    Only for a process of its own: it moves the opening of every world in it.
    """

    def __init__(self, seed: int, hold: str = "") -> None:
        if "mammon.sim.world" in sys.modules:
            raise RuntimeError("a world was made before its opening was moved")
        processes.OPENING = int(time.time()) - _BEHIND_S
        processes.FIRST_TIMESTAMP = processes.OPENING - processes.PAST_BLOCKS * processes.BLOCK_S
        from mammon.sim.addresses import MULTICALL3
        from mammon.sim.node import SimNode
        from mammon.sim.world import SimWorld

        self.world = SimWorld(seed)
        contracts = self.world.chain.contracts
        contracts[MULTICALL3] = OlderMulticall(MULTICALL3, contracts)
        if hold:
            from tests.sim.lab import Lab, succeeded

            assert succeeded(Lab(world=self.world).supply(hold, 4_000 * 10**6))
        self._node = SimNode(self.world)
        self._call, self._node.methods["eth_call"] = self._node.methods["eth_call"], self._remembered
        self._answers: dict[str, Any] = {}
        self._answers_of = 0

    def answered(self, body: bytes, *, frozen: bool) -> bytes:
        """Answer one request body at the present time, or at the last block when `frozen`."""
        if not frozen:
            self.world.advance(max(0.0, time.time() - processes.OPENING - self.world.elapsed))
        return self._node.exchange(body, Deadline(60))

    def _remembered(self, params: Any) -> Any:
        """Answer a call, the same one at the same block at once: the node is not what is measured."""
        if self._answers_of != self.world.chain.head:
            self._answers, self._answers_of = {}, self.world.chain.head
        asked = json.dumps(params[:2])
        if asked not in self._answers:
            self._answers[asked] = self._call(params[:2])
        return self._answers[asked]


def methods(body: bytes) -> list[str]:
    """Return the methods that one request asks for."""
    asked = json.loads(body)
    return [call.get("method", "") for call in (asked if isinstance(asked, list) else [asked])]


def views(exchange: tuple[bytes, bytes]) -> list[dict[str, Any]]:
    """Return the calls of the aggregates in one exchange, mammon's prelude left out, with their answers."""
    asked, answered = (json.loads(part) for part in exchange)
    if not isinstance(asked, list):
        asked, answered = [asked], [answered]
    results = {answer["id"]: answer.get("result") for answer in answered}
    found = []
    for call in asked:
        if call["method"] == "eth_call" and call["params"][0]["data"].startswith("0x82ad56cb"):
            data, result = call["params"][0]["data"], results[call["id"]]
            (calls,) = eth_abi.decode(["(address,bool,bytes)[]"], bytes.fromhex(data[10:]))
            (answers,) = eth_abi.decode(["(bool,bytes)[]"], bytes.fromhex(result[2:]))
            found += [
                {"target": target, "data": payload.hex(), "ok": ok, "answer": answer.hex()}
                for (target, _, payload), (ok, answer) in zip(calls, answers, strict=True)
            ][PRELUDE:]
    return found
