"""Receipts: what became of a transaction, read strictly."""

from __future__ import annotations

from dataclasses import dataclass

from mammon.chain.events import Event, event
from mammon.chain.jsonrpc import Json, RpcFailure, data, quantity
from mammon.core.names import Hash32
from mammon.core.numbers import Wei
from mammon.core.txstate import Mined
from mammon.errors import MalformedError

OPERATOR_SCALE = 100
"""OP Stack since Jovian: the operator fee is gas * scalar * 100 + constant."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """A mined transaction and what it emitted."""

    mined: Mined
    events: tuple[Event, ...]


def receipt(found: Json, wanted: Hash32) -> Receipt | None:
    """Read the receipt of one transaction; None when the endpoint has none. Raises `MalformedError`.

    What was paid is execution at the effective price, the L1 data fee and the operator fee as the
    receipt gives them; a chain without the last two gives none.
    """
    if found is None or isinstance(found, RpcFailure):
        return None
    if type(found) is not dict or found.get("transactionHash") != wanted:
        raise MalformedError("receipt", "malformed receipt: not of the transaction asked for")
    logs = found.get("logs")
    if type(logs) is not list:
        raise MalformedError("receipt", "malformed receipt: no events")
    gas_used = quantity(found.get("gasUsed"), "a receipt's gas", 63)
    paid = gas_used * quantity(found.get("effectiveGasPrice"), "a receipt's price", 128)
    paid += _optional(found, "l1Fee")
    paid += gas_used * _optional(found, "operatorFeeScalar") * OPERATOR_SCALE
    paid += _optional(found, "operatorFeeConstant")
    mined = Mined(
        hash=wanted,
        block=quantity(found.get("blockNumber"), "a receipt's block", 63),
        block_hash=block_hash(found.get("blockHash")),
        succeeded=quantity(found.get("status"), "a receipt's status", 1) == 1,
        paid=Wei(paid),
        gas_used=gas_used,
    )
    return Receipt(mined, tuple(event(one) for one in logs))


def block_hash(value: Json) -> Hash32:
    """Read the hash of a block. Raises `MalformedError`."""
    found = data(value, "a block's hash")
    if len(found) != 32:
        raise MalformedError("receipt", "malformed answer: a block's hash is no hash")
    return Hash32(f"0x{found.hex()}")


def _optional(found: dict[str, Json], name: str) -> int:
    value = found.get(name)
    return 0 if value is None else quantity(value, name, 128)
