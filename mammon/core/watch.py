"""What to do next about the open slot, judged from what endpoints say of the chain. Pure.

The chain alone is evidence: receipts in canonical blocks, and the account's count of transactions. What
an endpoint answered to a broadcast is not. A slot is settled at a block that two endpoints call safe (the
only one, where there is no other) and that none contradicts; when the safe block stalls, or the others
are silent, three hundred blocks on top will do. A nonce that was used by nothing of ours is believed
only after it has looked so for a while, from every endpoint that answers, at its safe block.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mammon.core.fixed import mul_div_up
from mammon.core.numbers import Wei
from mammon.core.txstate import Attempt, Mined, Role, Slot

BUMP_PERCENT = 125
"""What a higher bid is of the one before, on both fees; nodes ask for at least 110."""
LEAST_BUMP_PERCENT = 110
CANCEL_GAS = 21_000


@dataclass(frozen=True, slots=True)
class Pace:
    """How patient the watch is. Seconds are of chain time."""

    underpriced_s: int = 30
    """After so long, an attempt that no block can include is bid higher."""
    unmined_s: int = 120
    """After so long, also one that blocks could have included."""
    most_bumps: int = 5
    odd_s: int = 60
    """For how long a nonce must look used by others before that is believed."""
    frozen_s: int = 300
    """How long endpoints may contradict each other before a person is called."""
    stalled_s: int = 600
    """The safe block counts as stalled when it is this much older than the head."""
    deep_blocks: int = 300
    least_depth: int = 30
    """Nothing is settled less deep under an endpoint's head, whatever it calls safe."""


@dataclass(frozen=True, slots=True)
class View:
    """What one endpoint says, in one answer."""

    name: str
    head: int
    head_at: int
    base_fee: Wei
    safe: int | None
    """Number of its safe block; None when it does not tell."""
    safe_at: int
    nonce: int
    """The account's count of transactions at the head."""
    safe_nonce: int | None
    receipts: tuple[Mined, ...]
    """Of our attempts, those whose block is canonical at this endpoint."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Look again later."""

    why: str


@dataclass(frozen=True, slots=True)
class Odd:
    """Look again later; if it stays like this it is no matter of time."""

    why: str
    foreign: bool
    """The nonce is used by nothing of ours; else endpoints contradict each other."""


@dataclass(frozen=True, slots=True)
class Tell:
    """Broadcast the newest attempt again."""


@dataclass(frozen=True, slots=True)
class Sign:
    """Sign the same act, or its cancellation, at these fees, and broadcast that."""

    role: Role
    max_fee: Wei
    tip: Wei


@dataclass(frozen=True, slots=True)
class Found:
    """Note that it is in a block."""

    mined: Mined


@dataclass(frozen=True, slots=True)
class Lost:
    """Note that a reorganisation took it out."""

    why: str


@dataclass(frozen=True, slots=True)
class Settle:
    """Its block is settled: see what it did, and close the slot."""

    mined: Mined


@dataclass(frozen=True, slots=True)
class Foreign:
    """Close the slot: its nonce was used by something that we did not sign."""


@dataclass(frozen=True, slots=True)
class Freeze:
    """Call a person: endpoints contradict each other and do not stop."""

    why: str


Action = Wait | Odd | Tell | Sign | Found | Lost | Settle | Foreign | Freeze


def next_action(
    slot: Slot,
    attempts: Sequence[Attempt],
    views: Sequence[View],
    odd_since: int | None,
    pace: Pace,
    endpoints: int = 1,
) -> Action:
    """Say what to do about an open slot.

    `endpoints`: how many there are, answering or not. `odd_since`: chain time since which the answer has
    been `Odd`, None when the last one was not.
    """
    if not views:
        return Wait("no endpoint answers")
    action = _seen(slot, views, pace, endpoints)
    if isinstance(action, Odd) and odd_since is not None:
        lasted_s = max(view.head_at for view in views) - odd_since
        if action.foreign and lasted_s >= pace.odd_s and len(views) >= min(2, endpoints):
            return Foreign()
        if not action.foreign and lasted_s >= pace.frozen_s:
            return Freeze(action.why)
    return action or _unseen(slot, attempts, views, pace)


def higher_bid(attempt: Attempt, role: Role, base_fee: Wei, ceiling: Wei) -> Sign | None:
    """Return a bid that every node takes in the place of `attempt`; None when it would pass the ceiling.

    It is a quarter higher on both fees, or what the market asks; at the ceiling, as high as that allows.
    """
    gas = CANCEL_GAS if role == "cancel" else attempt.gas
    tip = _times(attempt.tip, BUMP_PERCENT)
    wanted = max(_times(attempt.max_fee, BUMP_PERCENT), 2 * base_fee + tip)
    allowed = min(wanted, ceiling // gas)
    if allowed < _times(attempt.max_fee, LEAST_BUMP_PERCENT) or allowed < tip:
        return None
    return Sign(role, Wei(allowed), Wei(tip))


def _seen(slot: Slot, views: Sequence[View], pace: Pace, endpoints: int) -> Action | None:
    """Say what follows from receipts and used nonces; None when the nonce is free everywhere."""
    reports = {_place(mined): mined for view in views for mined in view.receipts}
    if len(reports) > 1:
        return Odd("endpoints tell of different blocks", foreign=False)
    if reports:
        (mined,) = reports.values()
        if slot.state != "mined" or slot.mined is None or _place(slot.mined) != _place(mined):
            return Found(mined) if slot.state != "mined" else Lost("it is in another block now")
        return _settled(mined, views, pace, endpoints)
    if slot.state == "mined" and slot.mined is not None:
        block = slot.mined.block
        gone = [view for view in views if view.head >= block]
        return Lost("its block is gone") if gone else Wait(f"no endpoint has reached block {block}")
    used = [view for view in views if view.nonce > slot.nonce]
    if not used:
        undone = all(view.nonce < slot.nonce for view in views)
        return Odd("the transaction before it is gone", foreign=False) if undone else None
    if len(used) == len(views) and all((view.safe_nonce or 0) > slot.nonce for view in views):
        return Odd("the nonce was used by something else", foreign=True)
    return Wait("the nonce is used, by what is not settled")


def _settled(mined: Mined, views: Sequence[View], pace: Pace, endpoints: int) -> Action:
    holders = [view for view in views if any(_place(one) == _place(mined) for one in view.receipts)]
    against = [view for view in views if view not in holders and view.head >= mined.block]
    if against:
        return Odd(f"{against[0].name} does not have it in block {mined.block}", foreign=False)
    telling = [view for view in holders if view.safe is not None]
    settled = mined.block + pace.least_depth
    reached = [view for view in telling if (view.safe or 0) >= mined.block and view.head >= settled]
    # Of several endpoints two must say so: one may lie, or lag, while the others miss a single look.
    if len(reached) >= 2 or (reached and endpoints == len(telling) == 1):
        return Settle(mined)
    alone = len(views) == 1 and reached
    if alone and reached[0].head - mined.block >= pace.deep_blocks:
        return Settle(mined)
    stalled = all(view.head_at - view.safe_at > pace.stalled_s for view in holders)
    deep = [view for view in holders if view.head - mined.block >= pace.deep_blocks]
    if stalled and len(deep) > 1:
        return Settle(mined)
    return Wait(f"block {mined.block} is not safe yet")


def _unseen(slot: Slot, attempts: Sequence[Attempt], views: Sequence[View], pace: Pace) -> Action:
    """Say what to do about a transaction that no block has."""
    now, newest = max(view.head_at for view in views), attempts[-1]
    base_fee = Wei(max(view.base_fee for view in views))
    if now >= slot.deadline and newest.role == "act":
        return higher_bid(newest, "cancel", base_fee, slot.fee_ceiling) or Tell()
    underpriced = newest.max_fee < base_fee + newest.tip
    patience_s = pace.underpriced_s if underpriced else pace.unmined_s
    if now - newest.signed_at >= patience_s and len(attempts) <= pace.most_bumps:
        return higher_bid(newest, newest.role, base_fee, slot.fee_ceiling) or Tell()
    return Tell()


def _place(mined: Mined) -> tuple[str, int, str, bool]:
    return mined.hash, mined.block, mined.block_hash, mined.succeeded


def _times(fee: int, percent: int) -> int:
    return mul_div_up(fee, percent, 100)
