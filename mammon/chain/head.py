"""The head of the chain as one batch tells it three times: header, fee history, and Multicall3 itself.

A load balancer may answer the calls of one batch from replicas at different heights. The block is
believed when the header, the fee history and what the aggregate says of its own block agree.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mammon.chain.jsonrpc import Json, Request, Result, RpcFailure, quantity
from mammon.core import abi
from mammon.core.numbers import Wei
from mammon.core.types import Address, Block, Hash32, Unread
from mammon.errors import MalformedError, OutsideError
from mammon.protocols.abi import multicall3

FEE_BLOCKS = 5
FEE_PERCENTILE = 50
AHEAD_S = 120
"""How far a block's time may be ahead of this machine's clock: far more than clocks of hosts that keep time
differ. Limits are counted on block time, which only rises: one head from next year would end them all."""

_PRELUDE = (
    multicall3.BLOCK_NUMBER,
    multicall3.BLOCK_TIMESTAMP,
    multicall3.LAST_BLOCK_HASH,
    multicall3.CHAIN_ID,
)
PRELUDE_SIZE = len(_PRELUDE)


@dataclass(frozen=True, slots=True)
class Sighting:
    """What an aggregate says of the block it ran in."""

    number: int
    timestamp: int
    parent_hash: Hash32
    chain_id: int

    def is_of(self, block: Block) -> bool:
        """Say whether it ran in this block."""
        return (self.number, self.timestamp, self.parent_hash) == (
            block.number,
            block.timestamp,
            block.parent_hash,
        )


@dataclass(frozen=True, slots=True)
class NextFees:
    """What the fee history says of the next block, and which block it ends with."""

    number: int
    next_base_fee: Wei
    tip: Wei
    """Median, over the last five blocks, of the median priority fee per gas."""


def requests(tag: str) -> list[Request]:
    """Ask for the header and the fee history at a block tag or number."""
    return [
        ("eth_getBlockByNumber", (tag, False)),
        ("eth_feeHistory", (hex(FEE_BLOCKS), tag, [FEE_PERCENTILE])),
    ]


def prelude(multicall: Address) -> list[tuple[Address, bytes]]:
    """Return the calls an aggregate begins with, so that it says which block it ran in."""
    return [(multicall, selector) for selector in _PRELUDE]


def sighting(answers: Sequence[tuple[bool, bytes]]) -> Sighting:
    """Read the answers to the prelude. Raises `MalformedError`."""
    if len(answers) != PRELUDE_SIZE or not all(ok and len(data) == abi.WORD for ok, data in answers):
        raise MalformedError(
            "multicall", "Multicall3 does not tell its block", "check the chain file's address"
        )
    number, timestamp, parent, chain_id = (data for _, data in answers)
    return Sighting(
        abi.uint(number, 63), abi.uint(timestamp, 63), Hash32(f"0x{parent.hex()}"), abi.uint(chain_id, 63)
    )


def header(result: Result) -> Block:
    """Read a block header. Raises `MalformedError`, also for null."""
    if type(result) is not dict:
        what = result.message if isinstance(result, RpcFailure) else "no such block"
        raise MalformedError("header", f"no block header: {what}")
    return Block(
        number=quantity(result.get("number"), "block number", 63),
        hash=_hash32(result.get("hash"), "block hash"),
        parent_hash=_hash32(result.get("parentHash"), "parent hash"),
        timestamp=quantity(result.get("timestamp"), "block timestamp", 63),
        base_fee=Wei(quantity(result.get("baseFeePerGas"), "base fee", 128)),
    )


def require_past(block: Block, now: int) -> None:
    """Refuse a head from the future. Raises `OutsideError`."""
    ahead_s = block.timestamp - now
    if ahead_s > AHEAD_S:
        raise OutsideError(
            "future_head",
            f"the newest block is {ahead_s} s ahead of this machine's clock",
            "check the clock; ask another endpoint",
        )


def next_fees(result: Result) -> NextFees | Unread:
    """Read a fee history; what cannot be read is `Unread`, for markets can be read without it."""
    if isinstance(result, RpcFailure):
        return Unread("fees", "fee_history", result.message)
    try:
        return _history(result)
    except MalformedError as error:
        return Unread("fees", "fee_history", error.message)


def _history(result: Json) -> NextFees:
    if type(result) is not dict:
        raise MalformedError("fee_history", "no fee history")
    fees, rewards = result.get("baseFeePerGas"), result.get("reward")
    if type(fees) is not list or type(rewards) is not list or not rewards or len(fees) != len(rewards) + 1:
        raise MalformedError("fee_history", "a fee history without fees or rewards")
    tips = sorted(quantity(row[0] if type(row) is list and row else None, "reward", 128) for row in rewards)
    oldest = quantity(result.get("oldestBlock"), "oldest block", 63)
    return NextFees(
        number=oldest + len(rewards) - 1,
        next_base_fee=Wei(quantity(fees[-1], "base fee", 128)),
        tip=Wei(tips[len(tips) // 2]),
    )


def _hash32(value: Json, what: str) -> Hash32:
    if type(value) is not str or len(value) != 66:
        raise MalformedError("header", f"{what} is no hash")
    return Hash32(f"0x{quantity(value, what):064x}")
