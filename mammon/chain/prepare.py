"""Everything a signature rests on, read at the head in one request: state, fees, code, and a rehearsal."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mammon.chain import head, oracle, simulate
from mammon.chain.evidence import Pin, pin_of
from mammon.chain.jsonrpc import Request, Result, RpcFailure, data, quantity
from mammon.chain.onlooker import Looking
from mammon.chain.proxies import IMPLEMENTATION_SLOT
from mammon.chain.simulate import Simulated
from mammon.core import abi
from mammon.core.numbers import Units, Wei
from mammon.core.ports import Deadline
from mammon.core.types import Address, Block, Call, Token, Unread
from mammon.errors import OutsideError, TransientError
from mammon.protocols.abi import erc20

L1_FEE_UPPER_BOUND = bytes.fromhex("f1c7a58b")  # getL1FeeUpperBound(uint256)
MAX_GAS = 3_000_000
ENVELOPE_BYTES = 160
"""What an unsigned transaction is longer than its data, at most."""
_FIXED = 7


@dataclass(frozen=True, slots=True)
class Prepared:
    """The account and the chain at the head, and what the calls would come to on top of it."""

    block: Block
    nonce: int
    safe_nonce: int | None
    pending_nonce: int
    next_base_fee: Wei
    tip: Wei
    idle: Units
    """Of the token that the calls move."""
    native: Wei
    data_fee: Wei
    """Upper bound of L1 data fee and operator fee of the first call's transaction."""
    code: Mapping[Address, Pin]
    simulated: Simulated | None
    """None: nothing to rehearse, or the node does not know how (then the first call was tried alone)."""
    besides: Simulated | None = None
    """The same calls by what they do to the account's asset, where they move another token."""


def prepared(
    purse: Looking,
    calls: Sequence[Call],
    watched: Sequence[Address],
    deadline: Deadline,
    at_least: int = 0,
    token: Token | None = None,
) -> Prepared:
    """Read it all from one endpoint whose head is fresh and `at_least` so high.

    `calls` are rehearsed in order by what they do to `token`, which is the account's asset where none is
    named; the code of `watched` is fingerprinted. Raises `OutsideError`,
    `MalformedError` or `DeadlinePassedError` when something of it could not be read: nothing is guessed.
    """
    moving = purse.asset if token is None else token
    asked = _requests(purse, calls, watched, moving)

    def accept(results: list[Result]) -> None:
        block = head.header(results[0])
        if block.number < at_least:
            raise TransientError("behind", f"the endpoint has not reached block {at_least}")
        head.require_past(block, purse.clock.now())
        age_s = purse.clock.now() - block.timestamp
        if age_s > purse.patience.head_s:
            raise OutsideError("stale_head", f"the newest block is {age_s} s old")

    results = purse.rpc.batch(asked, deadline, accept=accept)
    simulated = besides = None
    if calls:
        simulated = simulate.read(results[-1], len(calls), moving.address, purse.owner)
        if moving != purse.asset:
            besides = simulate.read(results[-1], len(calls), purse.asset.address, purse.owner)
        if simulated is None:
            alone = purse.rpc.batch(simulate.single_requests(calls[0], purse.owner), deadline)
            simulated = simulate.read_single(alone)
    return dataclasses.replace(_read(purse, results, watched, simulated), besides=besides)


def _requests(
    purse: Looking, calls: Sequence[Call], watched: Sequence[Address], token: Token
) -> list[Request]:
    owner, latest = purse.owner, "latest"
    asked: list[Request] = [
        *head.requests(latest),
        ("eth_getTransactionCount", (owner, latest)),
        ("eth_getTransactionCount", (owner, "safe")),
        ("eth_getTransactionCount", (owner, "pending")),
        _view(token.address, abi.encode_call(erc20.BALANCE_OF, owner)),
        ("eth_getBalance", (owner, latest)),
    ]
    for address in watched:
        asked.append(("eth_getCode", (address, latest)))
        asked.append(("eth_getStorageAt", (address, IMPLEMENTATION_SLOT, latest)))
    if purse.gas_price_oracle is not None:
        size = ENVELOPE_BYTES + (len(calls[0].data) if calls else 0)
        asked.append(_view(purse.gas_price_oracle, abi.encode_call(L1_FEE_UPPER_BOUND, size)))
        asked.append(_view(purse.gas_price_oracle, abi.encode_call(oracle.OPERATOR_FEE, MAX_GAS)))
    if calls:
        asked.append(simulate.request(calls, owner))
    return asked


def _read(
    purse: Looking, results: Sequence[Result], watched: Sequence[Address], simulated: Simulated | None
) -> Prepared:
    fees = head.next_fees(results[1])
    if isinstance(fees, Unread):
        raise OutsideError("fees", f"the price of gas was not read: {fees.reason}", "try again")
    code = {}
    for place, address in enumerate(watched):
        found, word = (_bytes(one, "code") for one in results[_FIXED + 2 * place :][:2])
        code[address] = pin_of(address, found, word)
    data_fee = 0
    if purse.gas_price_oracle is not None:
        after = _FIXED + 2 * len(watched)
        data_fee = sum(abi.words(_bytes(one, "data fee"), 1)[0] for one in results[after : after + 2])
    return Prepared(
        block=head.header(results[0]),
        nonce=_count(results[2]),
        safe_nonce=None if isinstance(results[3], RpcFailure) else _count(results[3]),
        pending_nonce=_count(results[4]),
        next_base_fee=fees.next_base_fee,
        tip=fees.tip,
        idle=Units(abi.words(_bytes(results[5], "balance"), 1)[0]),
        native=Wei(quantity(_sound(results[6], "balance"), "the native balance")),
        data_fee=Wei(data_fee),
        code=code,
        simulated=simulated,
    )


def _view(target: Address, calldata: bytes) -> Request:
    return "eth_call", ({"to": target, "data": "0x" + calldata.hex()}, "latest")


def _sound(result: Result, what: str) -> Result:
    if isinstance(result, RpcFailure):
        raise OutsideError("unread", f"the {what} was not read: {result.message}", "try again")
    return result


def _bytes(result: Result, what: str) -> bytes:
    return data(_sound(result, what), what)


def _count(result: Result) -> int:
    return quantity(_sound(result, "count of transactions"), "the count of transactions", 63)
