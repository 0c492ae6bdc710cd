"""Laws of slots: when one may be opened, over what amount, and as what it is closed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.reliability.truth import brought, decoded, effective, fail, foreign, ours, settled, slots, undone

if TYPE_CHECKING:
    from tests.reliability.world import World


def check_new_slot(world: World) -> None:
    """I2, I4, I5: a new slot only after the one before is settled, and over measured amounts."""
    slot = world.journal.open_slot()
    if slot is None or slot.nonce in world.truth.slots:
        return
    world.truth.slots[slot.nonce] = (slot.intent, slot.seq)
    mined = ours(world)
    if slot.nonce > world.truth.first_nonce and not undone(world):
        before = mined.get(slot.nonce - 1)
        if before is None or not settled(world, before.number):
            fail(world, "I4", f"nonce {slot.nonce} was signed before {slot.nonce - 1} was settled")
    if not undone(world):
        for nonce, leg in world.truth.slots.items():
            done = mined.get(nonce)
            if nonce != slot.nonce and leg == (slot.intent, slot.seq) and done and effective(world, done):
                fail(world, "I4", f"leg {leg} was done at nonce {nonce} and is signed again")
    _measured(world, slot)


def _measured(world: World, slot: Any) -> None:
    """I5: what a deposit or an approval is for is at most what the withdrawal really brought."""
    unsigned = decoded(world, world.journal.attempts(slot.nonce)[0].raw)[1]
    legs = world.journal.legs(slot.intent)
    step = legs[slot.seq].step
    if step.action not in ("approve", "deposit"):
        return
    place = {"approve": 1, "deposit": 1 if step.protocol == "aave_v3" else 0}[step.action]
    amount = int.from_bytes(unsigned.data[4 + 32 * place : 36 + 32 * place], "big")
    most = step.amount
    for nonce, leg in world.truth.slots.items():
        done = ours(world).get(nonce)
        if leg[0] == slot.intent and done and legs[leg[1]].step.action == "withdraw":
            most = min(most, max(0, brought(world, done))) if effective(world, done) else most
    if amount != most and not undone(world) and not foreign(world):
        fail(world, "I5", f"{step.action} is for {amount} units, {most} are due")


def check_closed(world: World) -> None:
    """I4, I8: a slot is closed as what canonical, settled blocks have of it, and once."""
    for nonce in world.truth.slots:
        state = _state_of(world, nonce)
        before = world.truth.closed.get(nonce)
        if state in ("signed", "sent", "mined", None):
            if before is not None:
                fail(world, "I8", f"nonce {nonce} was {before} and is {state}")
            continue
        if before is None:
            world.truth.closed[nonce] = state
            if not undone(world):
                _closed(world, nonce, state)


def _closed(world: World, nonce: int, state: str) -> None:
    mined, attempts = ours(world).get(nonce), world.journal.attempts(nonce)
    if mined is None or not settled(world, mined.number):
        fail(world, "I4", f"nonce {nonce} was closed as {state}, and no settled block has it")
        return
    mine = any(attempt.hash == mined.transaction.hash for attempt in attempts)
    cancel = mined.transaction.unsigned.to == world.owner
    if not mine:
        due = "external"
    elif not mined.outcome.success:
        due = "reverted"
    elif cancel:
        due = "cancelled"
    else:
        due = "settled" if effective(world, mined) else "soft_failed"
    if state != due:
        fail(world, "I8", f"nonce {nonce} was closed as {state}; it is {due}")
    if state != "settled":
        return
    intent, seq = world.truth.slots[nonce]
    leg = world.journal.legs(intent)[seq]
    moved = brought(world, mined)
    if leg.step.action in ("withdraw", "deposit") and leg.effect.amount != abs(moved):
        fail(world, "I5", f"nonce {nonce} moved {moved} units, the journal says {leg.effect.amount}")


def _state_of(world: World, nonce: int) -> str | None:
    journal = world.journal
    slot = next((one for one in slots(journal) if one.nonce == nonce), None)
    return None if slot is None else slot.state
