"""Reads of what markets are judged by: prices, the sequencer, gas prices, the wallet.

Each read is a generator like an adapter's: it yields calls and returns a value, or raises
`MalformedError` when the answer makes no sense. Whether a sound answer is fresh enough is for the
gates to say, not for the read.
"""

from __future__ import annotations

from dataclasses import dataclass

from mammon.core import abi
from mammon.core.numbers import Units, Wei
from mammon.core.types import Address, Call, CallFailed, Price, Read, Sequencer, Token
from mammon.errors import CallFailedError, MalformedError
from mammon.protocols.abi import erc20, multicall3

LATEST_ROUND_DATA = bytes.fromhex("feaf968c")  # latestRoundData()
L1_BASE_FEE = bytes.fromhex("519b4bd3")  # l1BaseFee()
BLOB_BASE_FEE = bytes.fromhex("f8206140")  # blobBaseFee()
BASE_FEE_SCALAR = bytes.fromhex("c5985918")  # baseFeeScalar()
BLOB_BASE_FEE_SCALAR = bytes.fromhex("68d5dca6")  # blobBaseFeeScalar()
OPERATOR_FEE = bytes.fromhex("275aedd2")  # getOperatorFee(uint256)
ETH_BALANCE = bytes.fromhex("4d2301cc")  # getEthBalance(address)

MEGAGAS = 1_000_000
_UP, _DOWN = 0, 1
_MAX_DECIMALS = 36


@dataclass(frozen=True, slots=True)
class DataFees:
    """What the chain's gas-price oracle says: the L1 data fee's parts and the operator fee."""

    l1_base_fee: Wei
    l1_base_fee_scalar: int
    blob_base_fee: Wei
    blob_base_fee_scalar: int
    operator_constant: Wei
    operator_per_megagas: Wei


NO_DATA_FEES = DataFees(Wei(0), 0, Wei(0), 0, Wei(0), Wei(0))
"""For a chain that charges execution gas alone."""


@dataclass(frozen=True, slots=True)
class _Round:
    answer: int
    started: int
    updated: int
    decimals: int
    now: int
    """The block's own time."""


def price(pair: str, feed: Address, heartbeat_s: int, multicall: Address) -> Read[Price]:
    """Read a Chainlink price feed. Raises `MalformedError` for an answer at or below zero, an unfinished
    round, or an update later than the block.
    """
    round_ = yield from _round(feed, multicall)
    if round_.answer <= 0:
        raise MalformedError("feed_answer", f"{pair} is {round_.answer}, which is no price")
    # `started` is not compared: it is the oracles' own clock, which may run ahead of the block's.
    if not 0 < round_.updated <= round_.now:
        raise MalformedError("feed_round", f"{pair} was updated at {round_.updated}, read at {round_.now}")
    return Price(pair, Units(round_.answer), round_.decimals, round_.updated, heartbeat_s)


def sequencer(feed: Address, multicall: Address) -> Read[Sequencer]:
    """Read the L2 sequencer's uptime feed: answer 0 is up, 1 is down, anything else malformed."""
    round_ = yield from _round(feed, multicall)
    if round_.answer not in (_UP, _DOWN):
        raise MalformedError("feed_answer", f"the sequencer feed says {round_.answer}, neither up nor down")
    if not 0 < round_.started <= round_.now:
        raise MalformedError("feed_round", f"up or down since {round_.started}, read at {round_.now}")
    return Sequencer(round_.answer == _UP, round_.started)


def data_fees(gas_price_oracle: Address) -> Read[DataFees]:
    """Read the L1 data fee's parts (Ecotone and later) and the operator fee.

    The operator fee is linear in gas since Isthmus, with a slope that changed at Jovian: two points
    of the chain's own function give both its parts at any fork.
    """
    questions = (
        abi.encode_call(L1_BASE_FEE),
        abi.encode_call(BASE_FEE_SCALAR),
        abi.encode_call(BLOB_BASE_FEE),
        abi.encode_call(BLOB_BASE_FEE_SCALAR),
        abi.encode_call(OPERATOR_FEE, 0),
        abi.encode_call(OPERATOR_FEE, MEGAGAS),
    )
    answers = yield [Call(gas_price_oracle, question) for question in questions]
    l1_base, l1_scalar, blob_base, blob_scalar, constant, at_megagas = (_number(answer) for answer in answers)
    if at_megagas < constant:
        raise MalformedError("operator_fee", "the operator fee falls as gas rises")
    return DataFees(
        l1_base_fee=Wei(l1_base),
        l1_base_fee_scalar=abi.uint(l1_scalar, 32),
        blob_base_fee=Wei(blob_base),
        blob_base_fee_scalar=abi.uint(blob_scalar, 32),
        operator_constant=Wei(constant),
        operator_per_megagas=Wei(at_megagas - constant),
    )


def token_balance(token: Token, owner: Address) -> Read[Units]:
    """Read an ERC-20 balance; raise `MalformedError` (`decimals`) unless the token is what is configured."""
    balance, decimals = yield [
        Call(token.address, abi.encode_call(erc20.BALANCE_OF, owner)),
        Call(token.address, abi.encode_call(erc20.DECIMALS)),
    ]
    found = _number(decimals)
    if found != token.decimals:
        raise MalformedError(
            "decimals", f"{token.symbol} has {found} decimals on the chain, {token.decimals} configured"
        )
    return Units(_number(balance))


def native_balance(multicall: Address, owner: Address) -> Read[Wei]:
    """Read an account's native coin."""
    (balance,) = yield [Call(multicall, abi.encode_call(ETH_BALANCE, owner))]
    return Wei(_number(balance))


def _round(feed: Address, multicall: Address) -> Read[_Round]:
    """Read a feed's latest round and the block's time. Raises `MalformedError` for an unanswered round."""
    answers = yield [
        Call(feed, abi.encode_call(LATEST_ROUND_DATA)),
        Call(feed, abi.encode_call(erc20.DECIMALS)),
        Call(multicall, abi.encode_call(multicall3.BLOCK_TIMESTAMP)),
    ]
    number, answer, started, updated, answered_in = abi.words(_returned(answers[0]), 5)
    decimals, now = _number(answers[1]), _number(answers[2])
    if decimals > _MAX_DECIMALS:
        raise MalformedError("feed_answer", f"a feed of {decimals} decimals")
    if not 0 < abi.uint(number, 80) <= abi.uint(answered_in, 80):
        raise MalformedError("feed_round", f"round {number} was not answered")
    return _Round(abi.signed(answer), started, updated, decimals, now)


def _returned(answer: bytes | CallFailed) -> bytes:
    if isinstance(answer, CallFailed):  # only optional calls are answered so, and none here is
        raise CallFailedError(answer.code, answer.reason)
    return answer


def _number(answer: bytes | CallFailed) -> int:
    return abi.words(_returned(answer), 1)[0]
