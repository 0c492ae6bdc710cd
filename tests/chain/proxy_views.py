"""How a provider shows the chain: some blocks behind, with safe and final heads of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]
Ask = Callable[..., Any]

SAFE_LAG = 2
"""Blocks by which the safe head follows the newest one. The local node's own is 32, a minute."""
FINAL_LAG = 4

_BLOCK_AT = {
    "eth_getBlockByNumber": 0,
    "eth_call": 1,
    "eth_estimateGas": 1,
    "eth_feeHistory": 1,
    "eth_getBalance": 1,
    "eth_getBlockReceipts": 0,
    "eth_getCode": 1,
    "eth_getStorageAt": 2,
    "eth_getTransactionCount": 1,
    "eth_simulateV1": 1,
}
"""Where in the parameters the block is asked for."""
_RANGE = ("fromBlock", "toBlock")
_BEYOND = 1_000_000
"""Far above every block: the node says that it has none such."""
_PLACED = frozenset({"eth_getTransactionReceipt", "eth_getTransactionByHash", "eth_getBlockByHash"})
"""Answers that name the block they are from: null where that one is not shown yet."""


@dataclass(frozen=True)
class View:
    """What of the chain is shown."""

    behind: int = 0
    """Blocks between the node's newest and the newest shown."""
    methods: frozenset[str] = frozenset()
    """Only these lag behind, as where a balancer has one slow replica; empty: all of them."""
    safe_lag: int = SAFE_LAG
    final_lag: int = FINAL_LAG
    held: int | None = None
    """No block above is safe or final."""
    chain_id: int | None = None
    """Told in place of the node's own."""

    def asked(self, call: Json, head: int) -> Json | None:
        """Return the call as it is put to the node; None where the answer is null."""
        method, params = call["method"], list(call.get("params", ()))
        top, at = self._top(method, head), _BLOCK_AT.get(method)
        if method == "eth_getLogs" and "blockHash" not in params[0]:
            ends = {name: self._number(params[0].get(name, "latest"), top) for name in _RANGE}
            params[0] = {**params[0], **{name: hex(min(number, top)) for name, number in ends.items()}}
        elif at is not None and at < len(params) and type(params[at]) is str:
            if params[at] == "pending" and top == head:
                return call
            number = self._number(params[at], top)
            if number > top and method == "eth_getBlockByNumber":
                return None
            params[at] = hex(number if number <= top else head + _BEYOND)
        return {**call, "params": params}

    def unknown(self, call: Json, head: int, ask: Ask) -> Json | None:
        """Return the error for events of a block, given by its hash, that is not shown yet."""
        if call["method"] != "eth_getLogs" or "blockHash" not in call["params"][0]:
            return None
        block = ask("eth_getBlockByHash", call["params"][0]["blockHash"], False)
        if block is not None and int(block["number"], 16) <= self._top("eth_getLogs", head):
            return None
        return {"code": -32000, "message": "unknown block"}

    def shown(self, call: Json, answer: Json, head: int) -> Json:
        """Return the node's answer as this provider gives it."""
        method, result, top = call["method"], answer.get("result"), self._top(call["method"], head)
        if method == "eth_chainId" and self.chain_id is not None:
            return {**answer, "result": hex(self.chain_id)}
        if method == "eth_blockNumber":
            return {**answer, "result": hex(top)}
        if method in _PLACED and type(result) is dict:
            number = result.get("blockNumber") or result.get("number")
            if number is not None and int(number, 16) > top:
                return {**answer, "result": None}
        return answer

    def _top(self, method: str, head: int) -> int:
        return head - (self.behind if not self.methods or method in self.methods else 0)

    def _number(self, tag: str, top: int) -> int:
        if tag.startswith("0x"):
            return int(tag, 16)
        ceiling = top if self.held is None else self.held
        known = {
            "latest": top,
            "pending": top,
            "safe": min(top - self.safe_lag, ceiling),
            "finalized": min(top - self.final_lag, ceiling),
        }
        return max(0, known.get(tag, 0))
