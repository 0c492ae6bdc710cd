"""Running a transaction: fees, nonce, value, code, and the receipt that tells of it.

Gas is a figure per method instead of a count of steps: the base of a transaction, what its bytes cost,
and what the method takes. Below that limit a transaction runs out of gas and pays for all of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from mammon.core import costs
from mammon.core.transaction import Unsigned
from mammon.core.types import Address, Fees, Hash32
from mammon.sim.addresses import FEE_VAULT
from mammon.sim.contracts.encoding import Reverted
from mammon.sim.contracts.machine import Contract, Environment, Frame, Log, Storage
from mammon.sim.contracts.oracles import compressed_bytes, fees_at

TRANSACTION_GAS = 21_000
_ZERO_BYTE_GAS = 4
_BYTE_GAS = 16
TRANSACTION_GAS_CAP = 16_777_216


@dataclass(frozen=True, slots=True)
class Pooled:
    """A signed transaction whose sender is known."""

    raw: bytes
    hash: Hash32
    sender: Address
    unsigned: Unsigned


@dataclass(frozen=True, slots=True)
class Outcome:
    """What running a call came to."""

    success: bool
    gas_used: int
    answer: bytes
    """Return data, or the data of the revert; empty when it ran out of gas."""
    logs: tuple[Log, ...]


@dataclass(frozen=True, slots=True)
class Mined:
    """A transaction in a block."""

    transaction: Pooled
    number: int
    index: int
    outcome: Outcome
    gas_price: int
    """What it paid per unit of gas, base fee included."""
    l1_fee: int
    fees: Fees


def native(storage: Storage, account: Address) -> int:
    """Return an account's ether in wei."""
    return int(storage.get(("native", account)))


def nonce(storage: Storage, account: Address) -> int:
    """Return how many transactions an account has sent."""
    return int(storage.get(("nonce", account)))


@lru_cache(maxsize=16)
def intrinsic_gas(data: bytes) -> int:
    """Return what a transaction costs before any code runs."""
    zeros = data.count(0)
    return TRANSACTION_GAS + _ZERO_BYTE_GAS * zeros + _BYTE_GAS * (len(data) - zeros)


def gas_needed(contracts: Mapping[Address, Contract], to: Address, data: bytes) -> int:
    """Return the gas a call takes when it succeeds."""
    contract = contracts.get(to)
    return intrinsic_gas(data) + (contract.gas(data) if contract else 0)


def run(
    contracts: Mapping[Address, Contract], frame: Frame, to: Address, data: bytes, value: int, gas: int
) -> Outcome:
    """Run a call in `frame`, which keeps its effects only if it succeeds."""
    needed = gas_needed(contracts, to, data)
    if gas < needed:
        return Outcome(False, gas, b"", ())
    inner = Frame(frame.environment, Storage(frame.storage), frame.sender)
    try:
        answer = _call(contracts, inner, to, data, value)
    except Reverted as reverted:
        return Outcome(False, needed, reverted.data, ())
    frame.merge(inner)
    return Outcome(True, needed, answer, tuple(inner.logs))


def send_native(storage: Storage, sender: Address, to: Address, value: int) -> None:
    """Move ether. Raises `Reverted` when the sender has too little."""
    held = native(storage, sender)
    if value > held:
        raise Reverted
    storage.put(("native", sender), held - value)
    storage.put(("native", to), native(storage, to) + value)


def l1_fee(environment: Environment, raw: bytes) -> int:
    """Return what a raw transaction pays for its bytes on the chain below."""
    return costs.l1_fee(fees_at(environment), compressed_bytes(raw))


def reserve_of(environment: Environment, entry: Pooled) -> int:
    """Return what a transaction sets aside for its fees in a block, at its price and its whole gas."""
    unsigned = entry.unsigned
    price = min(unsigned.max_fee, environment.base_fee + unsigned.tip)
    operator = costs.operator_fee(fees_at(environment), unsigned.gas)
    return unsigned.gas * price + l1_fee(environment, entry.raw) + operator


def execute(
    contracts: Mapping[Address, Contract],
    environment: Environment,
    storage: Storage,
    transaction: Pooled,
    index: int,
) -> Mined:
    """Mine a transaction that the pool found valid: take its fees, run it, count its nonce."""
    unsigned, sender = transaction.unsigned, transaction.sender
    price = min(unsigned.max_fee, environment.base_fee + unsigned.tip)
    storage.put(("nonce", sender), nonce(storage, sender) + 1)
    frame = Frame(environment, storage, sender)
    # The fees are set aside first, so that the value sent cannot eat into them.
    fees, data_fee = fees_at(environment), l1_fee(environment, transaction.raw)
    reserved = reserve_of(environment, transaction)
    send_native(storage, sender, FEE_VAULT, reserved)
    outcome = run(contracts, frame, unsigned.to, unsigned.data, unsigned.value, unsigned.gas)
    due = outcome.gas_used * price + data_fee + costs.operator_fee(fees, outcome.gas_used)
    send_native(storage, FEE_VAULT, sender, reserved - due)
    return Mined(transaction, environment.number, index, outcome, price, data_fee, fees)


def _call(contracts: Mapping[Address, Contract], frame: Frame, to: Address, data: bytes, value: int) -> bytes:
    contract = contracts.get(to)
    if contract is not None:
        if value:
            # Nothing that is deployed here takes ether.
            raise Reverted
        return contract.call(frame, data)
    send_native(frame.storage, frame.sender, to, value)
    return b""
