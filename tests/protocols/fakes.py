"""A dictionary that answers contract calls, and the contracts the adapters read, put into it.

Written with eth_abi and signatures, so that nothing here rests on the codec or the literals under test.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Any

from eth_abi import encode
from eth_utils import keccak

from mammon.core.address import checksummed
from mammon.core.types import Address, Call, CallFailed, Market, MarketId, Read, Token
from mammon.errors import CallFailedError

CHAIN_ID = 8453
NOW = 1_800_000_000
USDC = checksummed("0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913")
MULTICALL3 = checksummed("0xcA11bde05977b3631167028862bE2a173976CA11")
ZERO = Address("0x" + "0" * 40)
MAX = 2**256 - 1


def account(number: int) -> Address:
    """Return a made-up address."""
    return checksummed(f"0x{number:040x}")


OWNER = account(0xA11CE)
TOKEN = Token(CHAIN_ID, USDC, "USDC", 6)


def types_of(signature: str) -> list[str]:
    """Return the argument types of a signature; a struct is one."""
    inside = signature[signature.index("(") + 1 : -1]
    return re.findall(r"\([^)]*\)|[^,]+", inside)


def calldata(signature: str, *arguments: Any) -> bytes:
    """Return a call's data by eth_abi."""
    return keccak(text=signature)[:4] + encode(types_of(signature), arguments)


@dataclass
class Evm:
    """Return data by (target, call data); what is not in it reverts."""

    answers: dict[tuple[Address, bytes], bytes] = field(default_factory=dict)
    rounds: list[tuple[Call, ...]] = field(default_factory=list)

    def raw(self, target: Address, signature: str, arguments: tuple[Any, ...], data: bytes) -> None:
        """Answer a call with these bytes."""
        self.answers[target, calldata(signature, *arguments)] = data

    def put(self, target: Address, signature: str, *arguments: Any, gives: tuple[Any, ...]) -> None:
        """Answer a call with one word per value: int, bool, address or 32 bytes."""
        kinds = {int: "uint256", bool: "bool", str: "address", bytes: "bytes32"}
        data = encode([kinds[type(value)] for value in gives], gives)
        self.raw(target, signature, arguments, data)

    def drop(self, target: Address, signature: str, *arguments: Any) -> None:
        """Make a call revert."""
        del self.answers[target, calldata(signature, *arguments)]

    def answer(self, call: Call) -> bytes | CallFailed:
        """Answer one call as the reader would."""
        return self.answers.get((call.target, call.data), CallFailed("reverted", "no such function"))

    def run(self, read: Read[Any]) -> Any:
        """Drive a read to its value, round by round; a failed required call is thrown in."""
        self.rounds = []
        try:
            calls = read.send(None)
            while True:
                self.rounds.append(tuple(calls))
                found = [self.answer(call) for call in calls]
                failed = [
                    answer
                    for call, answer in zip(calls, found, strict=True)
                    if isinstance(answer, CallFailed) and not call.optional
                ]
                if failed:
                    calls = read.throw(CallFailedError(failed[0].code, failed[0].reason))
                else:
                    calls = read.send(found)
        except StopIteration as end:
            return end.value


def base_evm(timestamp: int = NOW) -> Evm:
    """Return a chain that has a clock and the token."""
    evm = Evm()
    evm.put(MULTICALL3, "getCurrentBlockTimestamp()", gives=(timestamp,))
    evm.put(USDC, "decimals()", gives=(6,))
    return evm


def market(protocol: str, address: Address, **roles: Address) -> Market:
    """Return a market of the test chain."""
    named = {"multicall3": MULTICALL3, **roles}
    identity = MarketId(CHAIN_ID, address, USDC)
    return Market(identity, f"test-{protocol}", protocol, TOKEN, address, tuple(sorted(named.items())))


def closed_to_deposits(found: Market) -> Market:
    """Return the market with its deposits off."""
    return replace(found, deposits=False, note="wound down")


def garbled(data: bytes) -> dict[str, bytes]:
    """Return ways in which return data goes wrong: none of them may be taken for a value."""
    return {"empty": b"", "short": data[:-1], "long": data + bytes(32), "dirty": b"\xff" * len(data)}
