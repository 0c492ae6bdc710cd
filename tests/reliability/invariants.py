"""What must hold at every step of every run, whatever goes wrong: each law is a function of the world.

The journal is looked at directly, not through the program.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from mammon.core import stops as stop_table
from mammon.core.stops import Act
from mammon.core.transaction import Unsigned
from mammon.errors import OutsideError
from mammon.sim import processes
from mammon.sim.execution import Mined
from tests.reliability.closing import check_closed, check_new_slot
from tests.reliability.truth import ROUNDING_UNITS, decoded, fail, ours, value

if TYPE_CHECKING:
    from tests.reliability.world import World

RACE_S = 12.0
"""A broadcast that began before a stop was set may end after it."""
TOLD_EACH_S = 150.0
MOST_STEPS = 40_000


def check_step(world: World, what: str) -> None:
    """Look at everything that this step may have broken."""
    _signed(world)
    _sent(world)
    if what == "journal.sign_slot":
        check_new_slot(world)
        _begun(world)
        _alone(world)
    if what in ("journal.sign_slot", "journal.sign_again"):
        _bids(world)
    if what == "journal.saw":
        _time(world)
    _told(world)
    if what == "journal.close_slot":
        check_closed(world)
    _new_blocks(world)
    if world.stage.steps > MOST_STEPS:
        fail(world, "I14", "40,000 steps and no end")


def _signed(world: World) -> None:
    """I7: every signature is over bytes that the gate permitted, one permit for each."""
    truth = world.truth
    while truth.signatures < len(world.signatures):
        payload = world.signatures[truth.signatures]
        truth.signatures += 1
        found = next((entry for entry in world.permitted if entry[0] == payload), None)
        if found is None:
            fail(world, "I7", "something was signed that no permit allowed")
        world.permitted.remove(found)


def _sent(world: World) -> None:
    """I1, I2, I3: what is on the wire is durable, belongs to the open slot, and differs in fees alone."""
    truth, journal = world.truth, world.journal
    if truth.sends == len(world.stage.sent):
        return
    open_slot = journal.open_slot()
    while truth.sends < len(world.stage.sent):
        raw = world.stage.sent[truth.sends][1]
        truth.sends += 1
        hash_, unsigned = decoded(world, raw)
        attempts = journal.attempts(unsigned.nonce)
        if all(attempt.hash != hash_ for attempt in attempts):
            fail(world, "I1", f"{hash_} of nonce {unsigned.nonce} was sent before it was durable")
        if open_slot is None or open_slot.nonce != unsigned.nonce:
            fail(world, "I2", f"nonce {unsigned.nonce} was sent while {open_slot} is open")
        for attempt in attempts:
            _same(world, unsigned, decoded(world, attempt.raw)[1])
        _stopped(world, unsigned.nonce, _act(world, unsigned))


def _bids(world: World) -> None:
    """I3: each bid is one that every node takes in the place of the one before, and under the ceiling."""
    slot = world.journal.open_slot()
    if slot is None:
        return
    attempts = world.journal.attempts(slot.nonce)
    for before, after in itertools.pairwise(attempts):
        if min(after.max_fee * 100 - before.max_fee * 110, after.tip * 100 - before.tip * 110) < 0:
            fail(
                world,
                "I3",
                f"a bid of {after.max_fee} (tip {after.tip}) after {before.max_fee} ({before.tip})",
            )
    newest = attempts[-1]
    if newest.gas * newest.max_fee > slot.fee_ceiling:
        fail(world, "I7", f"nonce {slot.nonce} may cost {newest.gas * newest.max_fee} wei")
    cancels = newest.role == "cancel"
    if cancels and processes.timestamp_of(world.stage.chain.head) < slot.deadline - 2:
        fail(world, "I10", f"nonce {slot.nonce} is cancelled before its deadline")


def _alone(world: World) -> None:
    """I11: while somebody signs, nobody else can begin to."""
    if world.folder is None:
        return
    try:
        world.lock("another").release()
    except OutsideError as error:
        if error.code == "money_lock":
            return
        raise
    fail(world, "I11", "a second process took the money lock")


def _time(world: World) -> None:
    """I10: the time that counts is the chain's; no machine's clock gets into it."""
    seen, now = world.journal.seen_at(), processes.timestamp_of(world.stage.chain.head)
    if seen > now:
        fail(world, "I10", f"a block time of {seen} was noted, and the latest block is of {now}")


def _told(world: World) -> None:
    """I14: in a world that works, what is not mined is told again and again."""
    if not world.calm:
        return
    slot, now, truth = world.journal.open_slot(), world.sim.elapsed, world.truth
    idle = slot is None or slot.state == "mined" or slot.nonce in ours(world) or world.stops()
    if idle or truth.told != len(world.stage.sent) or not truth.told_at:
        truth.told, truth.told_at = len(world.stage.sent), now
    elif now - truth.told_at > TOLD_EACH_S and slot is not None:
        fail(world, "I14", f"nonce {slot.nonce} was not told for {now - truth.told_at:.0f} s")


def _same(world: World, one: Unsigned, other: Unsigned) -> None:
    cancel = (world.owner, 0, b"")
    fields = [(each.to, each.value, each.data) for each in (one, other)]
    if fields[0] != fields[1] and cancel not in fields:
        fail(world, "I3", f"two transactions of nonce {one.nonce} do different things")


def _act(world: World, unsigned: Unsigned) -> Act:
    return "cancel" if unsigned.to == world.owner and not unsigned.data else "rebroadcast"


def _stopped(world: World, nonce: int, act: Act) -> None:
    """I7: nothing is signed or sent against a stop that was set well before."""
    for stop, since in world.stage.stops.items():
        if world.sim.elapsed - since > RACE_S and stop_table.allowed((stop,), act) == "no":
            fail(world, "I7", f"{act} of nonce {nonce} against {stop}")


def _begun(world: World) -> None:
    """I7: no leg is begun that a stop forbids."""
    slot = world.journal.open_slot()
    if slot is not None:
        action = world.journal.legs(slot.intent)[slot.seq].step.action
        acts: dict[str, Act] = {"withdraw": "move", "revoke": "revoke"}
        _stopped(world, slot.nonce, acts.get(action, "deposit"))


def _new_blocks(world: World) -> None:
    """I6: no transaction of ours makes wallet and venues worth less than before it."""
    chain, truth = world.stage.chain, world.truth
    if len(chain.mined) == len(truth.mined):
        return
    for hash_, mined in list(chain.mined.items()):
        if hash_ in truth.mined:
            continue
        truth.mined.add(hash_)
        unsigned = mined.transaction.unsigned
        world.stage.trace(
            f"  nonce {unsigned.nonce} in block {mined.number}{'' if mined.outcome.success else ', reverted'}"
        )
        taken = _taken_by_others(mined)
        if chain.head - mined.number >= 1_000:
            continue
        before, after = value(world, mined.number, mined.number - 1), value(world, mined.number)
        if after < before - taken - 2 * ROUNDING_UNITS and not _interfered(world, mined.number):
            fail(world, "I6", f"nonce {unsigned.nonce} lost {before - after} units")
    truth.mined &= set(chain.mined)


def _interfered(world: World, number: int) -> bool:
    """Say whether the crowd moved in that block too: shares may then be worth a little less."""
    return (number - 40_000_000) % 150 == 0 or number in world.stage.chain._interventions


def _taken_by_others(mined: Mined) -> int:
    data = mined.transaction.unsigned.data
    return int.from_bytes(data[36:68], "big") if data[:4].hex() == "a9059cbb" else 0
