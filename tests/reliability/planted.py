"""Twelve bugs, planted one at a time: a harness that misses one of them is none.

Each is the mistake as it is commonly made, put in the place of what the program does instead.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from mammon.chain import authorise, calls, effects, follow, legs, sender, signing
from mammon.chain.evidence import PERMIT_LIFE_S, Permit
from mammon.core import txstate, watch
from mammon.core.numbers import Units, Wei
from mammon.core.transaction import Unsigned
from mammon.core.txstate import Attempt, Effect
from mammon.core.watch import Settle, Sign, Wait

Patch = tuple[Any, str, Any]


@contextlib.contextmanager
def planted(name: str) -> Iterator[None]:
    """Plant a bug for as long as the block lasts."""
    patches = BUGS[name]()
    before = [(place, attribute, getattr(place, attribute)) for place, attribute, _ in patches]
    try:
        for place, attribute, bug in patches:
            setattr(place, attribute, bug)
        yield
    finally:
        for place, attribute, sound in before:
            setattr(place, attribute, sound)


def _send_then_journal() -> list[Patch]:
    """Broadcast first, write it down when there is an answer."""
    sound = sender.signed_attempt

    def eager(purse: Any, *arguments: Any) -> Attempt:
        attempt = sound(purse, *arguments)
        purse.rpc.each([("eth_sendRawTransaction", ("0x" + attempt.raw.hex(),))], purse.soon())
        return attempt

    return [(sender, "signed_attempt", eager)]


def _abandon(purse: Any, nonce: int, state: str) -> None:
    """Forget a transaction that may be on the wire, against every rule of the journal."""
    journal = purse.journal._journal
    slot = journal._slots[nonce]
    journal._slots[nonce] = dataclasses.replace(slot, state=state)
    rows = journal._legs[slot.intent]
    rows[slot.seq] = dataclasses.replace(rows[slot.seq], state="waiting")


def _new_nonce_on_timeout() -> list[Patch]:
    """Take a new nonce when no receipt has come in time."""
    sound = follow.Follower._done

    def impatient(self: Any, errand: Any, attempts: Any, action: Any) -> bool:
        waited_s = self.purse.journal.seen_at() - errand.slot.opened_at
        if waited_s > 60 and errand.slot.state in ("signed", "sent"):
            _abandon(self.purse, errand.slot.nonce, "cancelled")
            return True
        return bool(sound(self, errand, attempts, action))

    def counted(self: Any, ready: Any) -> int:
        known = self.purse.journal.next_nonce()
        return int(ready.nonce if known is None else known)

    return [(follow.Follower, "_done", impatient), (sender.Sender, "_nonce", counted)]


def _depth_0() -> list[Patch]:
    """Take the first receipt for the last word."""
    return [(watch, "_settled", lambda mined, *_: Settle(mined))]


def _no_rebroadcast() -> list[Patch]:
    """Send once, and wait; after a restart, wait as well."""
    return [
        (follow.Follower, "_tell_again", lambda *_: None),
        (follow, "next_action", _without_bids(follow.next_action)),
    ]


def _without_bids(sound: Callable[..., Any]) -> Callable[..., Any]:
    def calm(*arguments: Any) -> Any:
        action = sound(*arguments)
        return Wait("it was sent") if isinstance(action, Sign) else action

    return calm


def _bump_5() -> list[Patch]:
    """Bid five percent more, which nodes do not take."""
    return [
        (watch, "BUMP_PERCENT", 105),
        (watch, "LEAST_BUMP_PERCENT", 105),
        (watch, "higher_bid", _small_bid),
    ]


def _small_bid(attempt: Attempt, role: Any, base_fee: Wei, ceiling: Wei) -> Sign | None:
    most, tip = attempt.max_fee * 105 // 100 + 1, attempt.tip * 105 // 100 + 1
    gas = watch.CANCEL_GAS if role == "cancel" else attempt.gas
    return Sign(role, Wei(most), Wei(tip)) if most * gas <= ceiling else None


def _planned_amount() -> list[Patch]:
    """Deposit what was planned, whatever the withdrawal brought."""

    def planned_(rows: Any, seq: int) -> Units:
        return Units(rows[seq].step.amount)

    return [(place, "due", planned_) for place in (txstate, sender, legs, follow, calls)]


def _newest_only() -> list[Patch]:
    """Ask for the receipt of the newest attempt alone."""
    sound = follow.look
    return [(follow, "look", lambda rpc, owner, tried, soon: sound(rpc, owner, tried[-1:], soon))]


def _trust_not_found() -> list[Patch]:
    """Believe an endpoint that does not find the receipt: it failed, so do it again."""
    sound = follow.Follower._done

    def believing(self: Any, errand: Any, attempts: Any, action: Any) -> bool:
        if errand.slot.state == "mined" and not isinstance(action, Settle):
            found = self.purse.rpc.each(
                [("eth_getTransactionReceipt", (errand.slot.mined.hash,))], self.purse.soon()
            )
            if any(results == [None] for results in found.values()):
                self.purse.journal.close_slot(errand.slot.nonce, "reverted", Wei(0), None)
                return True
        return bool(sound(self, errand, attempts, action))

    return [(follow.Follower, "_done", believing)]


def _ignore_error_code() -> list[Patch]:
    """Take status 1 for success."""

    sound = effects.Effects.proven

    def proven(self: Any, step: Any, amount: Units, mined: Any, deadline: Any) -> Effect:
        return sound(self, step, amount, mined, deadline) or Effect(amount, amount, mined.block)

    return [(effects.Effects, "proven", proven)]


def _wall_clock() -> list[Patch]:
    """Count deadlines on the machine's own clock."""
    sound = follow.look

    def dated(rpc: Any, *arguments: Any) -> Any:
        views = sound(rpc, *arguments)
        stage = rpc.clock._stage  # the difference alone: what a wrong clock makes of it
        wrong_s = rpc.clock.now() - stage.world.time
        return tuple(dataclasses.replace(view, head_at=view.head_at + wrong_s) for view in views)

    return [(follow, "look", dated)]


def _gate_skipped_on_retry() -> list[Patch]:
    """Sign the second bid without asking the gate: the first was allowed."""

    def unasked(purse: Any, order: Any, bid: Any, ready: Any, rehearsal: Any) -> Attempt:
        call, now = order.call, max(ready.block.timestamp, purse.journal.seen_at())
        unsigned = Unsigned(
            purse.rpc.chain_id, bid.nonce, bid.tip, bid.max_fee, bid.gas, call.target, Wei(0), call.data
        )
        permit = Permit(unsigned.payload(), unsigned.digest(), purse.owner, "0" * 32, now + PERMIT_LIFE_S)
        made = signing.sign(permit, purse.signer, now)
        return Attempt(
            made.hash, bid.nonce, order.role, made.raw, bid.max_fee, bid.tip, bid.gas, permit.id, now
        )

    return [(follow, "signed_attempt", unasked)]


def _kill_switch_once() -> list[Patch]:
    """Read the stops when the process starts."""
    sound, known = authorise.against, dict[int, tuple[Any, tuple[str, ...]]]()

    def remembered(purse: Any, act: Any, by_command: bool = False) -> tuple[str, ...]:
        if id(purse) not in known:
            known[id(purse)] = (purse, purse.stops())
        then = dataclasses.replace(purse, stops=lambda: known[id(purse)][1])
        return sound(then, act, by_command)

    return [(place, "against", remembered) for place in (authorise, legs)]


BUGS: Mapping[str, Callable[[], list[Patch]]] = {
    "send-then-journal": _send_then_journal,
    "new nonce on timeout": _new_nonce_on_timeout,
    "depth 0": _depth_0,
    "no rebroadcast": _no_rebroadcast,
    "bump 5 %": _bump_5,
    "planned amount instead of measured": _planned_amount,
    "receipt of newest attempt only": _newest_only,
    'trust "not found"': _trust_not_found,
    "ignore error code": _ignore_error_code,
    "wall-clock deadline": _wall_clock,
    "gate skipped on retry": _gate_skipped_on_retry,
    "kill switch read once": _kill_switch_once,
}
