"""A small real node in process: blocks, views with gas, Multicall3, and faults where they are asked for.

It is a transport, so everything above it is the code that also talks to a real endpoint. Gas follows
the 63/64 rule: a view that burns everything leaves a 64th to those behind it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from typing import Any

from mammon.core import abi
from mammon.core.address import checksummed
from mammon.core.types import Address, Call, CallFailed, Read
from mammon.errors import OutsideError
from mammon.net.deadline import TimeLeft

CHAIN_ID = 8453
MULTICALL = checksummed("0xca11bde05977b3631167028862be2a173976ca11")
GENESIS_S = 1_800_000_000
HEIGHT = 1000
GAS_CAP = 50_000_000
BASE_FEE = 5_000_000
TIP = 1_000_000

OUT_OF_GAS = {"code": -32000, "message": "out of gas"}


class Clock:
    """Time that moves by sleeping, or when told."""

    def __init__(self) -> None:
        self.time = 0.0
        self.pauses: list[float] = []

    def now(self) -> int:
        return GENESIS_S + 2 * HEIGHT + 1 + int(self.time)

    def monotonic(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.time += seconds


def address(number: int) -> Address:
    """Return a made-up contract's address."""
    return checksummed(f"0xbeef{number:036x}")


def word(value: int) -> bytes:
    return value.to_bytes(32, "big", signed=value < 0)


def block_hash(number: int, salt: str = "") -> str:
    return f"0x{(f'{number:08x}' + salt.encode().hex()).rjust(64, 'b')}"


@dataclass(frozen=True)
class View:
    """What one call does: return, or revert with data, after using gas; `burns` uses all there is."""

    returns: bytes = b""
    reverts: bytes | None = None
    gas: int = 3_000
    burns: bool = False


@dataclass
class Chain:
    """Blocks two seconds apart, and views by target and calldata; unknown calls revert silently."""

    views: dict[tuple[Address, bytes], View] = field(default_factory=dict)
    height: int = HEIGHT
    chain_id: int = CHAIN_ID
    salt: str = ""
    gas_cap: int = GAS_CAP
    slots: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By contract, what asking for a word of its storage brings."""

    def add(self, target: int, payload: bytes, view: View) -> Call:
        """Add a view and return the call that asks for it."""
        self.views[address(target), payload] = view
        return Call(address(target), payload)

    def header(self, number: int) -> dict[str, Any] | None:
        if number > self.height:
            return None
        return {
            "number": hex(number),
            "hash": block_hash(number, self.salt),
            "parentHash": block_hash(number - 1, self.salt),
            "timestamp": hex(GENESIS_S + 2 * number),
            "baseFeePerGas": hex(BASE_FEE),
            "transactions": [],
        }

    def aggregate(self, payload: bytes, number: int) -> bytes | None:
        """Return what `aggregate3` returns at a block; None when the gas does not last."""
        left = self.gas_cap
        rows: list[tuple[bool, bytes]] = []
        for target, data in _calls(payload):
            view = self._view(target, data, number)
            given = left * 63 // 64
            if view.burns or view.gas > given:
                rows.append((False, b""))
                left -= given
            else:
                left -= view.gas
                rows.append((view.reverts is None, view.returns if view.reverts is None else view.reverts))
            if left < 1_000:
                return None
        return _encoded(rows)

    def _view(self, target: Address, data: bytes, number: int) -> View:
        if target != MULTICALL:
            return self.views.get((target, data), View(reverts=b""))
        found = {
            "42cbb15c": word(number),
            "0f28c97d": word(GENESIS_S + 2 * number),
            "27e86d6e": bytes.fromhex(block_hash(number - 1, self.salt)[2:]),
            "3408e470": word(self.chain_id),
        }.get(data.hex())
        return self.views.get((target, data), View(reverts=b"")) if found is None else View(found, gas=300)


class Node:
    """One endpoint of a chain, with the faults it was given."""

    def __init__(
        self,
        chain: Chain,
        name: str = "node",
        *,
        batches: bool = True,
        lag: dict[str, int] | None = None,
        fault: Callable[[list[dict[str, Any]]], bytes | None] | None = None,
        edit: Callable[[list[dict[str, Any]]], Any] | None = None,
        byte_cap: int = 5_000_000,
    ) -> None:
        self.chain = chain
        self.name = name
        self.batches = batches
        self.lag = lag or {}
        """By method: how many blocks behind the replica is that answers it."""
        self.fault = fault
        self.edit = edit
        self.byte_cap = byte_cap
        self.asked: list[list[str]] = []
        """Methods of each request."""
        self.sizes: list[int] = []
        """Views in each aggregate, the prelude left out."""

    def exchange(self, body: bytes, deadline: TimeLeft) -> bytes:
        deadline.require(self.name)
        items = json.loads(body)
        calls = items if isinstance(items, list) else [items]
        self.asked.append([call["method"] for call in calls])
        if self.fault is not None and (reply := self.fault(calls)) is not None:
            return reply
        if isinstance(items, list) and not self.batches:
            return json.dumps(
                {"jsonrpc": "2.0", "id": None, "error": {"code": -32600, "message": "no batches"}}
            ).encode()
        answers: Any = [{"jsonrpc": "2.0", "id": call["id"], **self._answer(call)} for call in calls]
        if self.edit is not None:
            answers = self.edit(answers)
        elif not isinstance(items, list):
            answers = answers[0]
        reply = json.dumps(answers).encode()
        if len(reply) > self.byte_cap:
            raise OutsideError("too_large", "the answer is too long")
        return reply

    def _answer(self, call: dict[str, Any]) -> dict[str, Any]:
        method, params = call["method"], call["params"]
        tip = self.chain.height - self.lag.get(method, 0)
        if method == "eth_chainId":
            return {"result": hex(self.chain.chain_id)}
        if method == "eth_blockNumber":
            return {"result": hex(tip)}
        if method == "eth_getStorageAt":
            return self.chain.slots.get(params[0], {"error": {"code": -32000, "message": "not found"}})
        tag = params[0] if method == "eth_getBlockByNumber" else params[1]
        number = tip if tag == "latest" else int(tag, 16)
        if number > tip:
            return {"error": {"code": -32000, "message": "header not found"}}
        if method == "eth_getBlockByNumber":
            return {"result": self.chain.header(number)}
        if method == "eth_feeHistory":
            count = int(params[0], 16)
            return {
                "result": {
                    "oldestBlock": hex(number - count + 1),
                    "baseFeePerGas": [hex(BASE_FEE)] * count + [hex(BASE_FEE + 7)],
                    "gasUsedRatio": [0.5] * count,
                    "reward": [[hex(TIP + index)] for index in range(count)],
                }
            }
        payload = bytes.fromhex(params[0]["data"][2:])
        self.sizes.append(len(_calls(payload)) - 4)
        found = self.chain.aggregate(payload, number)
        return {"error": OUT_OF_GAS} if found is None else {"result": "0x" + found.hex()}


def ask(*calls: Call) -> Read[tuple[bytes | CallFailed, ...]]:
    """A read of one round that returns the answers as they come."""
    answers = yield calls
    return tuple(answers)


def rounds(*steps: Sequence[Call]) -> Generator[Sequence[Call], Sequence[bytes | CallFailed], list[Any]]:
    """A read of several rounds that returns the answers of each."""
    found: list[Any] = []
    for step in steps:
        found.append(tuple((yield step)))
    return found


def _calls(payload: bytes) -> list[tuple[Address, bytes]]:
    assert payload[:4] == abi.AGGREGATE3
    data = payload[4:]
    assert data[:32] == word(32)
    count, base = int.from_bytes(data[32:64], "big"), 64
    calls = []
    for index in range(count):
        at = base + int.from_bytes(data[base + 32 * index : base + 32 * index + 32], "big")
        assert data[at + 32 : at + 96] == word(1) + word(96)
        length = int.from_bytes(data[at + 96 : at + 128], "big")
        calls.append((checksummed("0x" + data[at + 12 : at + 32].hex()), data[at + 128 : at + 128 + length]))
    return calls


def _encoded(rows: Sequence[tuple[bool, bytes]]) -> bytes:
    tails, offsets, position = [], [], 32 * len(rows)
    for ok, data in rows:
        offsets.append(word(position))
        tails.append(word(ok) + word(64) + word(len(data)) + data + bytes(-len(data) % 32))
        position += len(tails[-1])
    return b"".join([word(32), word(len(rows)), *offsets, *tails])
