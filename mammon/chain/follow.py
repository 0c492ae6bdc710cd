"""Follow the open slot to its end: broadcast, look, bid higher, cancel, settle, prove.

The sender and the recovery both end here, so that a transaction is treated alike whether this process
signed it or one that died. What to do is `core.watch`'s to say; this does it.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from mammon.chain.authorise import (
    Bid,
    Order,
    against,
    cancellation,
    most_of,
    require,
    signed_attempt,
    watched,
)
from mammon.chain.calls import named_shares, subject
from mammon.chain.jsonrpc import RpcFailure
from mammon.chain.look import look
from mammon.chain.prepare import Prepared, prepared
from mammon.chain.purse import Purse
from mammon.chain.rehearse import rehearsed
from mammon.core.costs import SIGNATURE_BYTES
from mammon.core.stops import Act
from mammon.core.transaction import decode_signed
from mammon.core.txstate import Attempt, Intent, Leg, Mined, Slot, SlotState, due
from mammon.core.types import Call
from mammon.core.watch import (
    CANCEL_GAS,
    Action,
    Foreign,
    Found,
    Freeze,
    Lost,
    Odd,
    Settle,
    Sign,
    Tell,
    View,
    Wait,
    next_action,
)
from mammon.errors import MalformedError, MammonError, OutsideError, PersonNeededError, RefusedError
from mammon.net.deadline import Deadline


@dataclass(frozen=True, slots=True)
class Errand:
    """The open slot with what it is for."""

    slot: Slot
    intent: Intent
    legs: tuple[Leg, ...]

    @property
    def leg(self) -> Leg:
        """The leg that the slot is for."""
        return self.legs[self.slot.seq]


class Follower:
    """Follow slots of one account."""

    def __init__(self, purse: Purse) -> None:
        self.purse = purse
        self._told_at = float("-inf")
        self._odd_since: int | None = None
        self._contradicted_since: int | None = None
        self._head = 0

    def follow(self, errand: Errand) -> None:
        """Watch the open slot until it is closed in the journal.

        Raises `PersonNeededError` for what only a person can resolve, `OutsideError` when the time this
        process may watch is over: the slot stays open and the next start goes on.
        """
        purse = self.purse
        self._odd_since = self._contradicted_since = None
        over = Deadline(purse.patience.follow_s, purse.clock.monotonic)
        while over.remaining() > 0:
            slot = purse.journal.open_slot()
            if slot is None or slot.nonce != errand.slot.nonce:
                return
            errand = dataclasses.replace(errand, slot=slot)
            attempts = purse.journal.attempts(slot.nonce)
            views = look(purse.rpc, purse.owner, attempts, purse.soon())
            self._note(views)
            action = next_action(slot, attempts, views, self._odd_since, purse.pace, len(purse.rpc.endpoints))
            self._remember_odd(action, views)
            if self._done(errand, attempts, action):
                return
            waiting = slot.state == "mined"
            purse.clock.sleep(purse.patience.settle_s if waiting else purse.patience.poll_s)
        raise OutsideError(
            "unresolved",
            f"transaction {errand.slot.nonce} of {purse.owner} is not settled yet",
            "run again: it is watched from where it stands (`mammon tx list`)",
        )

    def tell(self, attempt: Attempt) -> None:
        """Broadcast an attempt to every endpoint. What they answer is noted, and no evidence of anything."""
        purse = self.purse
        answers = purse.rpc.each([("eth_sendRawTransaction", ("0x" + attempt.raw.hex(),))], purse.soon())
        told = tuple((name, _class(results)) for name, results in answers.items())
        self._told_at = purse.clock.monotonic()
        purse.journal.told(attempt.nonce, attempt.hash, told, purse.journal.seen_at())

    def _done(self, errand: Errand, attempts: tuple[Attempt, ...], action: Action) -> bool:
        """Do what is to be done; return whether the slot is closed."""
        purse, nonce = self.purse, errand.slot.nonce
        match action:
            case Wait() | Odd():
                pass
            case Tell():
                self._tell_again(errand, attempts[-1])
            case Sign():
                self._bid(errand, attempts[-1], action)
            case Found(mined):
                purse.journal.mined(nonce, mined)
            case Lost(why):
                purse.journal.unmined(nonce, why)
            case Settle(mined):
                return self._settle(errand, attempts, mined)
            case Foreign():
                purse.journal.close_slot(nonce, "external", None, None)
                raise self.purse.stopped(
                    "external", f"nonce {nonce} was used by something mammon did not sign"
                )
            case Freeze(why):
                raise self.purse.stopped("endpoints_disagree", why)
        return False

    # --- closing -----------------------------------------------------------------------------------

    def _settle(self, errand: Errand, attempts: tuple[Attempt, ...], mined: Mined) -> bool:
        """Close the slot by what its transaction did; return False while that cannot be read."""
        purse, slot = self.purse, errand.slot
        role = next(attempt.role for attempt in attempts if attempt.hash == mined.hash)
        if role == "cancel":
            purse.journal.close_slot(slot.nonce, "cancelled", mined.paid, None)
        elif not mined.succeeded:
            purse.journal.close_slot(slot.nonce, "reverted", mined.paid, None)
        else:
            try:
                amount = due(errand.legs, slot.seq)
                effect = purse.effects.proven(errand.leg.step, amount, mined, purse.soon())
            except PersonNeededError as error:
                return self._contradicted(error)
            except (OutsideError, MalformedError):
                return False  # unread is not "nothing happened": look again
            state: SlotState = "soft_failed" if effect is None else "settled"
            purse.journal.close_slot(slot.nonce, state, mined.paid, effect)
            step = errand.leg.step
            used = next(
                len(attempt.raw) - SIGNATURE_BYTES for attempt in attempts if attempt.hash == mined.hash
            )
            if effect is not None and step.action != "revoke":
                form = "withdraw_all" if step.action == "withdraw" and step.everything else step.action
                protocol = "erc20" if step.action == "approve" else step.protocol
                purse.journal.measured(protocol, form, mined.gas_used, used, mined.paid)
        purse.progress(f"{errand.leg.step.action} {errand.leg.step.slug}: block {mined.block}")
        return True

    def _contradicted(self, error: PersonNeededError) -> bool:
        """Have another endpoint asked about what does not add up; call a person when it goes on so."""
        now = self.purse.journal.seen_at()
        if self._contradicted_since is None:
            self._contradicted_since = now
        if now - self._contradicted_since >= self.purse.pace.frozen_s:
            raise self.purse.stopped(error.code, error.message) from error
        self.purse.rpc.distrust(error.message)
        return False

    # --- bidding -----------------------------------------------------------------------------------

    def _tell_again(self, errand: Errand, newest: Attempt) -> None:
        """Broadcast what is known once more.

        A way home that a person commanded may be told again wherever it may be signed. What else was on
        the wire before is then only watched, as long as it can be cancelled in the end.
        """
        own = self.purse.exiting and errand.intent.kind == "exit" and newest.role == "act"
        again: Act = "cancel" if newest.role == "cancel" else "rebroadcast"
        act: Act = "exit_home" if own else again
        if self.purse.exiting and against(self.purse, act) and not against(self.purse, "cancel"):
            return
        require(self.purse, act)
        if self.purse.clock.monotonic() - self._told_at >= self.purse.patience.tell_s:
            self.tell(newest)

    def _bid(self, errand: Errand, newest: Attempt, wanted: Sign) -> None:
        """Sign a higher bid or a cancellation, make it durable, broadcast it; else repeat what there is."""
        purse = self.purse
        try:
            attempt, ready = self._higher(errand, newest, wanted)
        except (RefusedError, OutsideError, PersonNeededError) as error:
            if isinstance(error, PersonNeededError) and not purse.exiting:
                raise
            self._tell_again(errand, newest)
            return
        self._broadcast(attempt, ready)

    def bid(self, errand: Errand, wanted: Sign) -> None:
        """Bid higher, or cancel, because a person says so; made durable first, then broadcast.

        Raises what keeps it from being signed: nothing else is done instead. What was on the wire stays
        there, and whichever a block takes is what happened.
        """
        require(self.purse, "cancel" if wanted.role == "cancel" else "bump", by_command=True)
        newest = self.purse.journal.attempts(errand.slot.nonce)[-1]
        self._broadcast(*self._higher(errand, newest, wanted, by_command=True), by_command=True)

    def _broadcast(self, attempt: Attempt, ready: Prepared, by_command: bool = False) -> None:
        self.purse.journal.sign_again(attempt, most_of(attempt, ready))
        require(self.purse, "cancel" if attempt.role == "cancel" else "bump", by_command)
        self.tell(attempt)

    def _higher(
        self, errand: Errand, newest: Attempt, wanted: Sign, by_command: bool = False
    ) -> tuple[Attempt, Prepared]:
        purse, ceiling = self.purse, errand.slot.fee_ceiling
        if wanted.role == "cancel":
            ready = prepared(purse, (), (), purse.soon())
            bid = Bid(newest.nonce, CANCEL_GAS, wanted.max_fee, wanted.tip, ceiling, ceiling)
            return signed_attempt(purse, cancellation(purse, by_command), bid, ready, None), ready
        require(purse, "bump", by_command)
        unsigned, *_ = decode_signed(newest.raw)
        order = self._order(errand, Call(unsigned.to, unsigned.data), by_command)
        market = subject(errand.leg.step, purse.subjects)
        ready = prepared(purse, (order.call,), watched(market), purse.soon(), token=market.token)
        rehearsal = rehearsed(purse, ready, (errand.leg.step,), (order.amount,))
        bid = Bid(newest.nonce, newest.gas, wanted.max_fee, wanted.tip, ceiling, ceiling)
        return signed_attempt(purse, order, bid, ready, rehearsal), ready

    def _order(self, errand: Errand, call: Call, by_command: bool) -> Order:
        step = errand.leg.step
        market = subject(step, self.purse.subjects)
        return Order(
            errand.intent.kind,
            step.action,
            market,
            call,
            due(errand.legs, errand.slot.seq),
            step.everything,
            named_shares(market, call.data) if step.everything else 0,
            by_command,
            again=True,
        )

    # --- memory ------------------------------------------------------------------------------------

    def _note(self, views: tuple[View, ...]) -> None:
        if not views:
            return
        self.purse.journal.saw(max(view.head_at for view in views))
        head = max(view.head for view in views)
        if head > self._head:
            self._head = head
            self.purse.progress(f"block {head}")

    def _remember_odd(self, action: Action, views: tuple[View, ...]) -> None:
        if not isinstance(action, Odd):
            self._odd_since = None if not isinstance(action, Wait) or views else self._odd_since
        elif self._odd_since is None:
            self._odd_since = max(view.head_at for view in views)


def _class(results: list[object] | MammonError) -> str:
    if isinstance(results, MammonError):
        return results.code
    (result,) = results
    return f"refused: {result.message}"[:120] if isinstance(result, RpcFailure) else "taken"
