"""Laws of an end: a halt has its reason, and what is over is whole, once, and accounted for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mammon.state.audit import Audit
from tests.reliability.truth import (
    MARKETS,
    ROUNDING_UNITS,
    effective,
    fail,
    foreign,
    intents,
    lossy,
    ours,
    paid_for,
    slots,
    undone,
    value,
)

if TYPE_CHECKING:
    from tests.reliability.world import World


def check_halt(world: World, code: str, why: str) -> None:
    """A halt is right only where the world did what the program is not built to mend."""
    allowed = frozenset[str]().union(*(fault.halts for fault in world.schedule.faults))
    if code not in allowed:
        fail(world, "I14", f"halted without need: {code}: {why}")


def check_end(world: World) -> None:
    """I6, I14, I13: all is ended and accounted for, nothing was done twice, no allowance is left."""
    if world.emergencies:
        return
    journal = world.journal
    slot = journal.open_slot()
    if slot is not None:
        fail(world, "I14", f"nonce {slot.nonce} is still {slot.state} after 30 minutes: {world.ends[-3:]}")
    waiting = journal.open_intents()
    if waiting:
        fail(world, "I14", f"intent {waiting[0].id} is still open after 30 minutes: {world.ends[-3:]}")
    if foreign(world):
        fail(world, "I4", "somebody else used the key and nobody noticed") if _used(world) else None
        return
    if undone(world):
        _noticed(world)
        return
    _accounted(world)
    _allowances(world)
    _twice(world)
    _audited(world)


def _used(world: World) -> bool:
    written = slots(world.journal)
    known_hashes = {a.hash for s in written for a in world.journal.attempts(s.nonce)}
    first = min((slot.nonce for slot in written), default=2**64)  # what was before is taken as it is
    return any(
        nonce >= first and mined.transaction.hash not in known_hashes for nonce, mined in ours(world).items()
    )


def _noticed(world: World) -> None:
    """A settled transaction that vanished must have been noticed."""
    mined = ours(world)
    for slot in slots(world.journal):
        if slot.state == "settled" and slot.nonce not in mined:
            fail(world, "I8", f"nonce {slot.nonce} is settled in the journal and in no block")


def _accounted(world: World) -> None:
    """I6: wallet and venues are worth what they were, but for rounding and what was earned."""
    chain, truth = world.stage.chain, world.truth
    now = value(world, chain.head)
    if now < (truth.start * 99 // 100 if lossy(world) else truth.start) - ROUNDING_UNITS * max(
        1, len(ours(world))
    ):
        fail(world, "I6", f"{truth.start - now} units are missing")
    if now > truth.start * 102 // 100:
        fail(world, "I6", f"{now - truth.start} units too many")
    paid = sum(paid_for(mined) for mined in ours(world).values())
    native = int(chain.slots.get(("native", world.owner), 0))
    if truth.native - native != paid:
        fail(world, "I6", f"gas: {truth.native - native} wei are gone, {paid} were paid")
    for intent in intents(world):
        billed, hashes = world.journal.bill(intent.id)
        mine = [n for n, leg in truth.slots.items() if leg[0] == intent.id]
        due = sum(paid_for(ours(world)[nonce]) for nonce in mine)
        if billed != due or len(hashes) != len(mine):
            fail(world, "I6", f"intent {intent.id} is billed {billed} wei for {len(hashes)}, paid {due}")


def _allowances(world: World) -> None:
    chain = world.stage.chain
    for slug, market in MARKETS.items():
        left = int(chain.slots.get(chain.deployed.usdc.key("allowance", world.owner, market.spender), 0))
        if left:
            fail(world, "I6", f"an allowance of {left} units is left to {slug}")


def _twice(world: World) -> None:
    done: dict[tuple[int, int], int] = {}
    for nonce, mined in ours(world).items():
        leg = world.truth.slots.get(nonce)
        if leg is None:
            fail(world, "I1", f"nonce {nonce} was mined and is in no slot")
        elif effective(world, mined):
            if leg in done:
                fail(world, "I4", f"leg {leg} was done at nonce {done[leg]} and {nonce}")
            done[leg] = nonce


def _audited(world: World) -> None:
    """I13: the chain of audit rows is whole."""
    if not world.schedule.stored:
        return
    found = Audit(world.journal._database).verify()
    if found.bad is not None:
        fail(world, "I13", f"audit row {found.bad}: {found.why}")
