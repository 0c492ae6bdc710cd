"""Price feeds, the sequencer's uptime feed and the chain's own gas-price oracle."""

from __future__ import annotations

from collections.abc import Callable

from mammon.core import costs
from mammon.core.numbers import Wei
from mammon.core.types import Address, Fees
from mammon.sim import processes
from mammon.sim.contracts.encoding import encoded_text
from mammon.sim.contracts.machine import Contract, Environment, Frame, external

BASE_FEE_SCALAR = 2_269
BLOB_BASE_FEE_SCALAR = 1_055_762
OPERATOR_SCALAR = 3
OPERATOR_CONSTANT = 1_000
_PHASE = 1 << 64


class Feed(Contract):
    """A Chainlink aggregator: a new round every `every` epochs, at the start of the epoch."""

    def __init__(
        self, address: Address, pair: str, every: int, answer: Callable[[int, int], int], decimals: int = 8
    ) -> None:
        super().__init__(address)
        self.every, self.answer = every, answer
        self.constant("313ce567", "decimals()", decimals)
        self.constant("7284e416", "description()", encoded_text(pair))

    @external("feaf968c", "latestRoundData()")
    def latest(self, frame: Frame) -> tuple[int, ...]:
        forced = frame.storage.get(self.key("round"), None)
        if forced is not None:
            return tuple(forced)
        number = processes.epoch_of(frame.environment.number) // self.every
        first_block = processes.FIRST_BLOCK + number * self.every * processes.EPOCH_BLOCKS
        updated = processes.timestamp_of(first_block)
        answer = self.answer(frame.environment.seed, number * self.every)
        round_id = _PHASE + 1 + number
        return (round_id, answer, updated, updated, round_id)


class SequencerFeed(Feed):
    """The uptime feed: answer 0 (up) since a month before the world opened."""

    def __init__(self, address: Address) -> None:
        super().__init__(address, "L2 Sequencer Uptime Status Feed", 1, lambda _seed, _epoch: 0, 0)

    @external("feaf968c", "latestRoundData()")
    def latest(self, frame: Frame) -> tuple[int, ...]:
        forced = frame.storage.get(self.key("round"), None)
        if forced is not None:
            return tuple(forced)
        since = processes.OPENING - 30 * 86_400
        return (_PHASE + 1, 0, since, since, _PHASE + 1)


def fees_at(environment: Environment) -> Fees:
    """Return what gas costs in a block, on both layers."""
    base_fee, l1_base_fee, blob_base_fee = environment.prices(environment.number)
    return Fees(
        base_fee=Wei(base_fee),
        tip=processes.TIP,
        l1_base_fee=Wei(l1_base_fee),
        l1_base_fee_scalar=BASE_FEE_SCALAR,
        blob_base_fee=Wei(blob_base_fee),
        blob_base_fee_scalar=BLOB_BASE_FEE_SCALAR,
        operator_constant=Wei(OPERATOR_CONSTANT),
        operator_per_megagas=Wei(OPERATOR_SCALAR * 100 * 10**6),
    )


def compressed_bytes(raw: bytes) -> int:
    """Return how small a transaction gets: a stand-in for FastLZ, at most the bound the oracle uses.

    Runs of zero bytes all but vanish, everything else stays.
    """
    return sum(1 for byte in raw if byte) + raw.count(0) // 8 + 16


class GasPriceOracle(Contract):
    """The predeploy that answers for the L1 data fee and the operator fee."""

    def __init__(self, address: Address) -> None:
        super().__init__(address)
        self.constant("c5985918", "baseFeeScalar()", BASE_FEE_SCALAR)
        self.constant("68d5dca6", "blobBaseFeeScalar()", BLOB_BASE_FEE_SCALAR)
        self.constant("313ce567", "decimals()", 6)
        self.constant("960e3a23", "isFjord()", True)
        self.constant("b54501bc", "isIsthmus()", True)
        self.constant("105d0b81", "isJovian()", True)

    @external("519b4bd3", "l1BaseFee()")
    def l1_base_fee(self, frame: Frame) -> int:
        return fees_at(frame.environment).l1_base_fee

    @external("f8206140", "blobBaseFee()")
    def blob_base_fee(self, frame: Frame) -> int:
        return fees_at(frame.environment).blob_base_fee

    @external("f1c7a58b", "getL1FeeUpperBound(uint256)")
    def l1_fee_upper_bound(self, frame: Frame, unsigned_bytes: int) -> int:
        return costs.l1_fee(fees_at(frame.environment), costs.compressed_bytes_bound(unsigned_bytes))

    @external("49948e0e", "getL1Fee(bytes)")
    def l1_fee(self, frame: Frame, data: bytes) -> int:
        length = int.from_bytes(data[32:64], "big")
        raw = data[64 : 64 + length]
        size = compressed_bytes(raw) + costs.SIGNATURE_BYTES
        return costs.l1_fee(fees_at(frame.environment), size)

    @external("275aedd2", "getOperatorFee(uint256)")
    def operator_fee(self, frame: Frame, gas: int) -> int:
        return costs.operator_fee(fees_at(frame.environment), gas)

    @external("fe173b97", "gasPrice()")
    @external("6ef25c3a", "baseFee()")
    def base_fee(self, frame: Frame) -> int:
        return frame.environment.base_fee
