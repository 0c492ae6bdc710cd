"""Between JSON-RPC's hexadecimal text and the simulated chain's values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from mammon.core import abi
from mammon.core.address import checksummed
from mammon.core.transaction import decode_signed
from mammon.core.types import Address, Hash32
from mammon.errors import MalformedError, MammonError
from mammon.sim import processes
from mammon.sim.addresses import FEE_VAULT
from mammon.sim.chain import Chain
from mammon.sim.contracts.encoding import ZERO_ADDRESS
from mammon.sim.contracts.machine import Log
from mammon.sim.contracts.oracles import OPERATOR_CONSTANT, OPERATOR_SCALAR
from mammon.sim.execution import Mined, Pooled

INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
PARSE_ERROR = -32700
SERVER_ERROR = -32000
REVERTED = 3

BLOCK_GAS_LIMIT = 400_000_000
_AMBIENT_GAS = 60_000_000
"""What everybody else uses in a block."""
_CALL_GAS = 50_000_000
_ERROR_STRING = bytes.fromhex("08c379a0")
_NO_HASH = "0x" + "00" * 32
_NO_BLOOM = "0x" + "00" * 256
_QUANTITY = re.compile(r"0x(0|[1-9a-fA-F][0-9a-fA-F]{0,63})\Z")
_HASH = re.compile(r"0x[0-9a-fA-F]{64}\Z")

Json = Any


class Hex(str):
    """Text of hexadecimal digits alone: not searched for what to escape, which takes longer than the rest."""

    __slots__ = ()


class RpcError(MammonError):
    """Answer a call with a JSON-RPC error."""

    def __init__(self, code: int, message: str, data: str | None = None) -> None:
        super().__init__("rpc", message)
        self.number, self.data = code, data


def invalid(what: str) -> RpcError:
    """Return the error for a parameter that is not what it should be."""
    return RpcError(INVALID_PARAMS, f"invalid argument: {what}")


def reverted(data: bytes) -> RpcError:
    """Return the error for a call that reverted with `data`; a reason in it is spelt out."""
    message = "execution reverted"
    if data[:4] == _ERROR_STRING:
        message += f": {abi.text_at(data[4:])}"
    return RpcError(REVERTED, message, "0x" + data.hex())


# --- reading parameters --------------------------------------------------------------------------


def quantity(value: Json, what: str) -> int:
    """Read an integer in hexadecimal without leading zeros."""
    if not isinstance(value, str) or not _QUANTITY.match(value):
        raise invalid(f"{what} is not a quantity")
    return int(value, 16)


def octets(value: Json, what: str) -> bytes:
    """Read bytes in hexadecimal."""
    if not isinstance(value, str) or not value.startswith("0x"):
        raise invalid(f"{what} is not hexadecimal data")
    try:
        return _octets(value)
    except ValueError as error:
        raise invalid(f"{what} is not hexadecimal data") from error


@lru_cache(maxsize=16)  # one reading asks what the last one asked
def _octets(text: str) -> bytes:
    found = bytes.fromhex(text[2:])
    if 2 * len(found) + 2 != len(text):
        raise ValueError("fromhex skips spaces")
    return found


def hash32(value: Json, what: str) -> Hash32:
    """Read a hash."""
    if not isinstance(value, str) or not _HASH.match(value):
        raise invalid(f"{what} is not a hash")
    return Hash32(value.lower())


def address(value: Json, what: str) -> Address:
    """Read an address in any spelling."""
    try:
        return checksummed(value if isinstance(value, str) else "")
    except MalformedError as error:
        raise invalid(f"{what} is not an address") from error


@dataclass(frozen=True, slots=True)
class CallRequest:
    """A call as `eth_call` and its relatives take it."""

    sender: Address
    to: Address
    data: bytes
    value: int
    gas: int


def call_request(plain: Json) -> CallRequest:
    """Read a call object; what it leaves out is zero, and gas is plenty."""
    if not isinstance(plain, Mapping):
        raise invalid("the call is not an object")
    if "to" not in plain:
        raise invalid("creating contracts is not simulated")
    data = plain.get("data", plain.get("input", "0x"))
    return CallRequest(
        sender=address(plain["from"], "from") if "from" in plain else ZERO_ADDRESS,
        to=address(plain["to"], "to"),
        data=octets(data, "data"),
        value=quantity(plain.get("value", "0x0"), "value"),
        gas=quantity(plain["gas"], "gas") if "gas" in plain else _CALL_GAS,
    )


# --- writing results -----------------------------------------------------------------------------


def header(chain: Chain, number: int, full: bool) -> Json:
    """Return a block as `eth_getBlockByNumber` gives it."""
    block = chain.blocks.get(number, [])
    gas = _AMBIENT_GAS + sum(mined.outcome.gas_used for mined in block)
    hashes = [mined.transaction.hash for mined in block]
    return {
        "number": hex(number),
        "hash": "0x" + chain.block_hash(number).hex(),
        "parentHash": "0x" + chain.block_hash(number - 1).hex(),
        "timestamp": hex(processes.timestamp_of(number)),
        "baseFeePerGas": hex(chain.base_fee(number)),
        "gasLimit": hex(BLOCK_GAS_LIMIT),
        "gasUsed": hex(gas),
        "miner": FEE_VAULT.lower(),
        "nonce": "0x" + "00" * 8,
        "sha3Uncles": _NO_HASH,
        "logsBloom": _NO_BLOOM,
        "transactionsRoot": _NO_HASH,
        "stateRoot": _NO_HASH,
        "receiptsRoot": _NO_HASH,
        "difficulty": "0x0",
        "extraData": "0x",
        "mixHash": _NO_HASH,
        "size": hex(1_000),
        "uncles": [],
        "transactions": [transaction(chain, mined.transaction, mined) for mined in block] if full else hashes,
    }


def gas_used_share(chain: Chain, number: int) -> float:
    """Return how full a block is, in thousandths: shown, never reckoned with."""
    used = _AMBIENT_GAS + sum(mined.outcome.gas_used for mined in chain.blocks.get(number, []))
    return used * 1_000 // BLOCK_GAS_LIMIT / 1_000


def log_entry(entry: Log, index: int, where: dict[str, Json]) -> Json:
    """Return an event with where it happened."""
    return {
        "address": entry.address.lower(),
        "topics": ["0x" + topic.hex() for topic in entry.topics],
        "data": "0x" + entry.data.hex(),
        "logIndex": hex(index),
        "removed": False,
        **where,
    }


def place(chain: Chain, mined: Mined) -> dict[str, Json]:
    """Return the fields that say where a transaction was mined."""
    return {
        "blockNumber": hex(mined.number),
        "blockHash": "0x" + chain.block_hash(mined.number).hex(),
        "blockTimestamp": hex(processes.timestamp_of(mined.number)),
        "transactionHash": mined.transaction.hash,
        "transactionIndex": hex(mined.index),
    }


def block_logs(chain: Chain, number: int) -> list[tuple[Log, Json]]:
    """Return every event of a block, numbered through, with its JSON."""
    found: list[tuple[Log, Json]] = []
    for mined in chain.blocks.get(number, []):
        where = place(chain, mined)
        for entry in mined.outcome.logs:
            found.append((entry, log_entry(entry, len(found), where)))
    return found


def receipt(chain: Chain, mined: Mined) -> Json:
    """Return a receipt with the fields of an OP Stack chain."""
    unsigned, fees, block = mined.transaction.unsigned, mined.fees, chain.blocks[mined.number]
    where = place(chain, mined)
    return {
        **{name: value for name, value in where.items() if name != "blockTimestamp"},
        "type": "0x2",
        "from": mined.transaction.sender.lower(),
        "to": unsigned.to.lower(),
        "status": hex(mined.outcome.success),
        "gasUsed": hex(mined.outcome.gas_used),
        "cumulativeGasUsed": hex(sum(other.outcome.gas_used for other in block[: mined.index + 1])),
        "effectiveGasPrice": hex(mined.gas_price),
        "contractAddress": None,
        "logsBloom": _NO_BLOOM,
        "logs": [
            entry
            for _, entry in block_logs(chain, mined.number)
            if entry["transactionHash"] == mined.transaction.hash
        ],
        "l1Fee": hex(mined.l1_fee),
        "l1GasPrice": hex(fees.l1_base_fee),
        "l1BlobBaseFee": hex(fees.blob_base_fee),
        "l1BaseFeeScalar": hex(fees.l1_base_fee_scalar),
        "l1BlobBaseFeeScalar": hex(fees.blob_base_fee_scalar),
        "operatorFeeScalar": hex(OPERATOR_SCALAR),
        "operatorFeeConstant": hex(OPERATOR_CONSTANT),
    }


def transaction(chain: Chain, entry: Pooled, mined: Mined | None) -> Json:
    """Return a transaction, mined or waiting."""
    unsigned = entry.unsigned
    where = place(chain, mined) if mined else {}
    _, parity, r, s = decode_signed(entry.raw)
    return {
        "type": "0x2",
        "hash": entry.hash,
        "chainId": hex(unsigned.chain_id),
        "nonce": hex(unsigned.nonce),
        "from": entry.sender.lower(),
        "to": unsigned.to.lower(),
        "value": hex(unsigned.value),
        "input": "0x" + unsigned.data.hex(),
        "gas": hex(unsigned.gas),
        "gasPrice": hex(mined.gas_price if mined else unsigned.max_fee),
        "maxFeePerGas": hex(unsigned.max_fee),
        "maxPriorityFeePerGas": hex(unsigned.tip),
        "accessList": [],
        "yParity": hex(parity),
        "v": hex(parity),
        "r": hex(r),
        "s": hex(s),
        "blockNumber": where.get("blockNumber"),
        "blockHash": where.get("blockHash"),
        "transactionIndex": where.get("transactionIndex"),
    }
