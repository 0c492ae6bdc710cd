"""Drive an adapter's read with plain `eth_call`s at one block: no Multicall3, no reader between."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from mammon.core.types import Call, CallFailed, Market, MarketState, Position, Read
from mammon.errors import CallFailedError
from mammon.protocols.registry import VENUES
from tests.chain.rpc import Rpc, RpcError, call_params

T = TypeVar("T")


def drive(rpc: Rpc, read: Read[T], block: int) -> T:
    """Return what a read returns at a block; a failed required call is raised inside it."""
    try:
        calls = next(read)
        while True:
            answers = _answers(rpc, calls, block)
            failed = [
                answer
                for call, answer in zip(calls, answers, strict=True)
                if isinstance(answer, CallFailed) and not call.optional
            ]
            calls = read.throw(_error(failed[0])) if failed else read.send(answers)
    except StopIteration as stop:
        value: T = stop.value
        return value


def read_state(rpc: Rpc, market: Market, block: int) -> MarketState:
    """Read a market through its own adapter."""
    return drive(rpc, VENUES[market.protocol].read_market(market, None), block)


def read_position(rpc: Rpc, market: Market, owner: str, block: int) -> Position:
    """Read a holding through the market's own adapter."""
    return drive(rpc, VENUES[market.protocol].read_position(market, owner), block)


def _answers(rpc: Rpc, calls: Sequence[Call], block: int) -> list[bytes | CallFailed]:
    outcomes = rpc.outcomes(
        [("eth_call", call_params(call.target, call.data, block=block)) for call in calls]
    )
    return [_answer(outcome) for outcome in outcomes]


def _answer(outcome: object) -> bytes | CallFailed:
    if isinstance(outcome, RpcError):
        return CallFailed("reverted", str(outcome))
    return bytes.fromhex(str(outcome)[2:])


def _error(failed: CallFailed) -> CallFailedError:
    return CallFailedError(failed.code, failed.reason)
