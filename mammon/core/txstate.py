"""What may be on the wire: intents, legs, slots and attempts, and which state may follow which.

An intent is one decision being carried out, leg by leg. A leg that needs a transaction opens a slot: a
nonce of the account's. Everything ever signed for that nonce is an attempt: the act itself, the same
act at a higher fee, or its cancellation. At most one slot of an account is open, and what a leg came to
is known only from a settled block.

Times are the chain's own: unix seconds of a block, the highest one seen. A step of the machine's clock
changes nothing here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from mammon.core.names import Hash32
from mammon.core.numbers import Units, Wei
from mammon.core.plan import Plan, Step
from mammon.errors import MammonError

Role = Literal["act", "cancel"]
SlotState = Literal["signed", "sent", "mined", "settled", "reverted", "soft_failed", "cancelled", "external"]
LegState = Literal["waiting", "open", "done", "failed"]
IntentState = Literal["open", "done", "parked"]
IntentKind = Literal["move", "exit", "revoke", "drill", "claim"]

OPEN: frozenset[SlotState] = frozenset({"signed", "sent", "mined"})
"""States in which a transaction of the slot may still be, or cease to be, on the chain."""

FOLLOWS: Mapping[SlotState, frozenset[SlotState]] = {
    "signed": frozenset({"sent", "mined", "external"}),
    "sent": frozenset({"mined", "external"}),
    "mined": frozenset({"sent", "settled", "reverted", "soft_failed", "cancelled"}),
    "settled": frozenset(),
    "reverted": frozenset(),
    "soft_failed": frozenset(),
    "cancelled": frozenset(),
    "external": frozenset(),
}
"""`signed`: durable, perhaps sent. `sent`: some endpoint was told. `mined`: a canonical block has it;
a reorganisation leads back to `sent`. `settled`: it did what it must. `reverted`, `soft_failed` (no
error, no effect), `cancelled`: it did not. `external`: the nonce was used by nothing we signed."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One signed transaction. Its bytes are durable before anybody is told of them."""

    hash: Hash32
    nonce: int
    role: Role
    raw: bytes
    max_fee: Wei
    """Per gas, as `tip`."""
    tip: Wei
    gas: int
    permit: str
    """Identity of the permit it was signed under."""
    signed_at: int


@dataclass(frozen=True, slots=True)
class Mined:
    """Where a transaction stands in the chain, as a receipt tells."""

    hash: Hash32
    block: int
    block_hash: Hash32
    succeeded: bool
    paid: Wei
    """Everything paid for it: execution at its effective price, L1 data fee, operator fee."""
    gas_used: int


@dataclass(frozen=True, slots=True)
class Slot:
    """One nonce of the account, used for one leg."""

    nonce: int
    intent: int
    seq: int
    """The leg it is for, counted from 0."""
    state: SlotState
    opened_at: int
    deadline: int
    """When it is given up and cancelled."""
    fee_ceiling: Wei
    """The most that any one attempt may come to cost."""
    mined: Mined | None = None


@dataclass(frozen=True, slots=True)
class Effect:
    """What a leg really did, proven from events and balances at the block that has it."""

    amount: Units
    """Base units of the asset that came to the wallet (withdraw) or left it (deposit); what was allowed
    (approve, revoke); of the reward's own token what came to the wallet (claim)."""
    held: Units
    """What the venue says we hold afterwards, for a withdrawal or a deposit; what the wallet has of the
    token, for a claim; 0 otherwise."""
    block: int


@dataclass(frozen=True, slots=True)
class Leg:
    """One leg of an intent."""

    intent: int
    seq: int
    step: Step
    state: LegState
    slots: int = 0
    """How many nonces it has used."""
    effect: Effect | None = None


@dataclass(frozen=True, slots=True)
class Intent:
    """One decision being carried out."""

    id: int
    key: str
    """What makes it the same: hash of account, chain, block, from, to, asset and amount."""
    kind: IntentKind
    decision: str
    """Identity of the decision it carries out; empty when there was none."""
    plan: Plan
    decided_at: int
    deadline: int
    """After it no new leg is begun; what is on the wire is still watched."""
    state: IntentState = "open"
    reason: str = ""
    """Why it was parked: a stable code."""


class TransitionError(MammonError):
    """Report a step of the journal that its table does not allow: a defect, never the world's doing."""

    exit_code = 1


def due(legs: Sequence[Leg], seq: int) -> Units:
    """Return what a leg is to move or allow: what an earlier withdrawal brought, at most as planned."""
    planned = legs[seq].step.amount
    for leg in legs[:seq]:
        if leg.step.action == "withdraw" and leg.effect is not None:
            planned = Units(min(planned, leg.effect.amount))
    return planned


def require_follows(before: SlotState, after: SlotState) -> None:
    """Raise `TransitionError` unless a slot may go from one state to the other."""
    if after not in FOLLOWS[before]:
        raise TransitionError("transition", f"a slot that is {before} cannot become {after}")
