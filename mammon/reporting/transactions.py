"""Where a transaction stands, in one sentence."""

from __future__ import annotations

from mammon.core.plan import Step
from mammon.core.txstate import Effect, Slot, SlotState
from mammon.reporting.numbers import token

_CLOSED: dict[SlotState, str] = {
    "reverted": "It reverted in block {block}: nothing moved, the gas is spent.",
    "soft_failed": "Block {block} has it without an error, and it had no effect: nothing moved.",
    "cancelled": "It was cancelled: block {block} has the cancellation, nothing moved.",
    "external": "Its nonce was used by something that was not signed here: find out what.",
}
_DID = {
    "withdraw": "{amount} came to the wallet",
    "deposit": "{amount} went into {slug}",
    "approve": "{slug} may take {amount}",
    "revoke": "{slug} may take nothing any more",
    "claim": "{amount} of a reward came to the wallet from {slug}",
}


def standing(
    slot: Slot, step: Step, effect: Effect | None, told: int, *, final: bool, decimals: int = 6
) -> str:
    """Say where a slot stands. `told`: how many times some endpoint was told of one of its attempts;
    `decimals`: of the token that the leg moves."""
    block = slot.mined.block if slot.mined else None
    if slot.state == "signed":
        return "It is signed, and nobody was told yet: the next command that acts sends or cancels it."
    if slot.state == "sent":
        times = f"{told} times" if told != 1 else "once"
        return f"Endpoints were told {times}, no block has it: the next command that acts goes on with it."
    if slot.state == "mined":
        return f"Block {block} has it; it is not settled yet."
    if slot.state == "settled":
        sealed = "final" if final else "settled, not final yet"
        return f"Done in block {block} ({sealed}): {_did(step, effect, decimals)}."
    return _CLOSED[slot.state].format(block=block)


def _did(step: Step, effect: Effect | None, decimals: int) -> str:
    amount = token(effect.amount if effect else None, decimals)
    return _DID[step.action].format(amount=amount, slug=step.slug)
