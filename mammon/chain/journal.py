"""What the money path needs of its journal; `state` keeps it, `wiring` passes it in.

Every method that changes something is one durable transaction: when it returns, the change survives
the loss of power; when it raises, nothing of it happened. Only what was `saw` waits for the next of them.
"""

from __future__ import annotations

from typing import Protocol

from mammon.core.names import Hash32
from mammon.core.numbers import Wei
from mammon.core.plan import Plan
from mammon.core.txstate import Attempt, Effect, Intent, IntentKind, IntentState, Leg, Mined, Slot, SlotState


class Journal(Protocol):
    """The journal of one account on one chain."""

    # --- reading -----------------------------------------------------------------------------------

    def open_slot(self) -> Slot | None:
        """Return the slot that may be on the wire, if there is one."""
        ...

    def attempts(self, nonce: int) -> tuple[Attempt, ...]:
        """Return everything signed for a nonce, in order of signing."""
        ...

    def next_nonce(self) -> int | None:
        """Return one more than the highest nonce used or adopted; None before the first."""
        ...

    def open_intents(self) -> tuple[Intent, ...]:
        """Return the intents that are neither done nor parked, oldest first."""
        ...

    def legs(self, intent: int) -> tuple[Leg, ...]:
        """Return the legs of an intent, in order."""
        ...

    def bill(self, intent: int) -> tuple[Wei, tuple[Hash32, ...]]:
        """Return what the closed slots of an intent paid, and the hashes that were mined for it, in order."""
        ...

    def unsealed(self) -> tuple[Slot, ...]:
        """Return the closed slots whose block was not final when last looked at, oldest first."""
        ...

    def spent(self, since: int) -> Wei:
        """Return what slots opened at `since` or later cost, or may still come to cost, in wei.

        An open slot counts with the most that its dearest attempt may cost; a closed one with what was
        paid, or with that same reservation where what was paid is not known.
        """
        ...

    def slots_since(self, since: int) -> int:
        """Return how many slots were opened at `since` or later."""
        ...

    def seen_at(self) -> int:
        """Return the highest block time seen, 0 before the first."""
        ...

    # --- writing -----------------------------------------------------------------------------------

    def begin(self, kind: IntentKind, key: str, decision: str, plan: Plan, at: int, deadline: int) -> Intent:
        """Write an intent and its legs; return the one that is there already under the same key."""
        ...

    def sign_slot(self, slot: Slot, attempt: Attempt, most: Wei) -> None:
        """Open a slot with its first attempt, reserve what it may cost (`most`, wei), mark its leg `open`.

        The commit of this is what permits the sending. Raises `PersonNeededError` when another slot is
        open, whatever this process believes.
        """
        ...

    def sign_again(self, attempt: Attempt, most: Wei) -> None:
        """Add an attempt to the open slot: a higher fee, or a cancellation."""
        ...

    def told(self, nonce: int, hash_: Hash32, endpoints: tuple[tuple[str, str], ...], at: int) -> None:
        """Note which endpoints were told of an attempt, and each answer's class: `signed` becomes `sent`."""
        ...

    def mined(self, nonce: int, mined: Mined) -> None:
        """Note that an attempt is in a canonical block."""
        ...

    def unmined(self, nonce: int, why: str) -> None:
        """Note that a reorganisation took it out again."""
        ...

    def close_slot(self, nonce: int, state: SlotState, paid: Wei | None, effect: Effect | None) -> None:
        """Close a slot and bring its leg up to date: `done` with its effect, `failed`, or `waiting` again.

        `settled` needs an effect. `reverted`, `soft_failed` and `cancelled` put the leg back to
        `waiting`; `external` makes it `failed`. The reserved cost becomes what was paid.
        """
        ...

    def fail_leg(self, intent: int, seq: int, why: str) -> None:
        """Give a leg up."""
        ...

    def close_intent(self, intent: int, state: IntentState, reason: str = "") -> None:
        """End an intent: `done`, or `parked` with a reason."""
        ...

    def seal(self, nonce: int) -> None:
        """Note that a closed slot's block is final."""
        ...

    def adopt(self, nonce: int, why: str) -> None:
        """Take `nonce` as the next one to use: a person looked at what used those before."""
        ...

    def saw(self, at: int) -> None:
        """Raise the highest block time seen; a lower one changes nothing."""
        ...

    def measured(self, protocol: str, action: str, gas_used: int, tx_bytes: int, paid: Wei) -> None:
        """Let a receipt's figures refine the gas table."""
        ...
