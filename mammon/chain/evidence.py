"""What a transaction is judged by before anybody signs it, and what the judgement comes to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from mammon.core.keccak import keccak256
from mammon.core.numbers import Units, Wei
from mammon.core.types import Address, Hash32, Market
from mammon.errors import OutsideError

PERMIT_LIFE_S = 60

Action = Literal["approve", "deposit", "withdraw", "revoke", "claim", "cancel"]


@dataclass(frozen=True, slots=True)
class Pin:
    """What the code of a contract is."""

    address: Address
    code: Hash32
    """Keccak-256 of its code."""
    implementation: Hash32
    """The word in its EIP-1967 implementation slot; zeros where there is none."""


def pin_of(address: Address, code: bytes, implementation: bytes) -> Pin:
    """Return the pin of a contract's code and of the word in its implementation slot.

    Raises `OutsideError` for no code at all: no contract that money goes to is pinned as nothing.
    """
    if not code:
        raise OutsideError("no_code", f"the endpoint has no code at {address}", "try another endpoint")
    word = implementation.rjust(32, b"\0")
    return Pin(address, Hash32(f"0x{keccak256(code).hex()}"), Hash32(f"0x{word.hex()}"))


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """How the transaction went when the node was asked to simulate it."""

    block: int
    passed: bool
    reason: str
    """Why it did not pass; empty when it did."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything a transaction is held against: what is meant, what was read, what may be spent."""

    chain_id: int
    owner: Address
    nonce: int
    action: Action
    market: Market | None
    """None for a cancellation, and for nothing else. For a claim the payer, whose key names the grant."""
    at_most: Units
    """The least of the planned amount (or the measured effect of the leg before), ceiling and balance. An
    approval is for exactly this, a deposit or a withdrawal for no more."""
    everything: bool
    """A withdrawal may take the venue's own form for everything: Aave's sentinel, or exactly `shares`."""
    shares: int
    pins: Mapping[Address, Pin]
    """What contracts must be."""
    code: Mapping[Address, Pin]
    """What contracts were just read to be."""
    fee_ceiling: Wei
    """What this transaction may cost, everything included."""
    data_fee: Wei
    """Upper bound of its L1 data fee and operator fee."""
    day_left: Wei
    """What may still be spent on gas today."""
    rehearsal: Rehearsal | None
    """None for a cancellation, and for nothing else."""
    head: int
    """The latest block's number."""
    stops: tuple[str, ...]
    """Stops in force that speak against this act, read just before."""
    forbidden: str
    """Why this world may sign nothing at all now (phase, acknowledgement, mode); empty when it may."""
    now: int
    """Unix seconds of the chain: the highest block time seen."""
    accepted: tuple[Pin, ...] = ()
    """What a venue's contracts have become and a person, or the policy by every endpoint's word, took as it
    is, to bring money home from there."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """One reason not to sign: a stable code, what was found, what would have been allowed."""

    code: str
    measured: str
    limit: str


class Once:
    """Something that can be taken once; copies of what holds it share it."""

    __slots__ = ("_taken",)

    def __init__(self) -> None:
        self._taken = False

    def take(self) -> bool:
        """Say whether this was the first time."""
        first, self._taken = not self._taken, True
        return first


@dataclass(frozen=True, slots=True)
class Permit:
    """Leave to have exactly these bytes signed, once, soon. Made by `permit.judge` and by nothing else."""

    payload: bytes
    """The unsigned transaction: its type's byte and its nine fields."""
    digest: bytes
    """What is signed: the payload's Keccak-256."""
    owner: Address
    """Whose signature it must be."""
    id: str
    """Names the judgement in the journal: 32 hexadecimal digits."""
    expires_at: int
    """Unix seconds of the chain; the last second at which it counts."""
    use: Once = field(default_factory=Once, repr=False, compare=False)
