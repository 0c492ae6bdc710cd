"""Multicall3: many reads at one block in one call."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from mammon.core.abi import word
from mammon.core.address import address_from_word
from mammon.core.types import Address
from mammon.errors import MalformedError
from mammon.sim.addresses import CHAIN_ID
from mammon.sim.contracts.encoding import Reverted, failure
from mammon.sim.contracts.machine import Contract, Frame, external

_HEADS = {success: word(success) + word(64) for success in (True, False)}


class Multicall3(Contract):
    """The aggregator every chain has at the same address, with its views of the block."""

    def __init__(self, address: Address, contracts: Mapping[Address, Contract]) -> None:
        super().__init__(address)
        self.contracts = contracts
        self.constant("3408e470", "getChainId()", CHAIN_ID)

    @external("82ad56cb", "aggregate3((address,bool,bytes)[])", 1_000)
    def aggregate3(self, frame: Frame, data: bytes) -> bytes:
        results = [self._one(frame, *call) for call in _calls(data)]
        tails, offsets, at = [], [], 32 * len(results)
        for success, answer in results:
            size = len(answer)
            tail = _HEADS[success] + size.to_bytes(32, "big") + answer + bytes(-size % 32)
            offsets.append(at.to_bytes(32, "big"))
            tails.append(tail)
            at += len(tail)
        return b"".join((word(32), word(len(results)), *offsets, *tails))

    def _one(self, frame: Frame, target: Address, allow_failure: bool, data: bytes) -> tuple[bool, bytes]:
        contract = self.contracts.get(target)
        if contract is None:
            return True, b""
        inner = frame.nested(self.address)
        try:
            answer = contract.call(inner, data)
        except Reverted as reverted:
            if not allow_failure:
                raise failure("Multicall3: call failed") from reverted
            return False, reverted.data
        frame.merge(inner)
        return True, answer

    @external("42cbb15c", "getBlockNumber()")
    def block_number(self, frame: Frame) -> int:
        return frame.environment.number

    @external("0f28c97d", "getCurrentBlockTimestamp()")
    def block_timestamp(self, frame: Frame) -> int:
        return frame.timestamp

    @external("27e86d6e", "getLastBlockHash()")
    def last_block_hash(self, frame: Frame) -> bytes:
        return frame.environment.block_hash(frame.environment.number - 1)

    @external("ee82ac5e", "getBlockHash(uint256)")
    def block_hash(self, frame: Frame, number: int) -> bytes:
        known = frame.environment.number - 256 <= number < frame.environment.number
        return frame.environment.block_hash(number) if known else bytes(32)

    @external("3e64a696", "getBasefee()")
    def base_fee(self, frame: Frame) -> int:
        return frame.environment.base_fee

    @external("4d2301cc", "getEthBalance(address)")
    def eth_balance(self, frame: Frame, account: Address) -> int:
        return int(frame.storage.get(("native", account)))


@lru_cache(maxsize=8)  # one reading asks what the last one asked
def _calls(data: bytes) -> tuple[tuple[Address, bool, bytes], ...]:
    try:
        return tuple(_decoded_calls(data))
    except (MalformedError, IndexError) as error:
        raise Reverted from error


def _decoded_calls(data: bytes) -> list[tuple[Address, bool, bytes]]:
    start = _number(data, 0)
    count = _number(data, start)
    base = start + 32
    found = []
    for index in range(count):
        at = base + _number(data, base + 32 * index)
        target = address_from_word(data[at : at + 32])
        allow = _number(data, at + 32)
        tail = at + _number(data, at + 64)
        length = _number(data, tail)
        payload = data[tail + 32 : tail + 32 + length]
        if allow > 1 or len(payload) != length:
            raise IndexError
        found.append((target, bool(allow), payload))
    return found


def _number(data: bytes, at: int) -> int:
    chunk = data[at : at + 32]
    value = int.from_bytes(chunk, "big")
    if len(chunk) != 32 or value > 2**32:
        # Offsets and lengths beyond 4 GB are out of gas long before they are out of range.
        raise IndexError
    return value
