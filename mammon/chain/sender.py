"""Send one leg: read, rehearse, judge, sign, make durable, broadcast, follow until it is settled.

Nothing is sent that was not committed before; nothing is signed while another transaction of the
account may be on the wire. Two requests lie before the receipt: one that reads and rehearses, one that
sends.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mammon.chain.authorise import Bid, Order, gas_limit, most_of, require, signed_attempt, watched
from mammon.chain.calls import calls_from, subject
from mammon.chain.follow import Errand, Follower
from mammon.chain.prepare import Prepared, prepared
from mammon.chain.purse import Purse
from mammon.chain.rehearse import rehearsed
from mammon.core.limits import DAY_S, HOUR_S
from mammon.core.numbers import Wei
from mammon.core.txstate import Intent, Leg, Slot, due
from mammon.errors import OutsideError, PersonNeededError, RefusedError


@dataclass(frozen=True, slots=True)
class Allowance:
    """What the transactions of one act may cost, in wei: the ceilings of the phase at today's price."""

    transaction: Wei
    day: Wei


class Sender:
    """Send legs of one account, one after the other."""

    def __init__(self, purse: Purse, follower: Follower) -> None:
        self.purse, self.follower = purse, follower

    def perform(
        self,
        intent: Intent,
        legs: Sequence[Leg],
        seq: int,
        shares: int,
        allowance: Allowance,
        by_command: bool = False,
    ) -> Leg:
        """Carry out leg `seq`; return it as the journal has it when its slot is closed.

        `shares`: the whole balance in the venue's own units, for a withdrawal of everything. Raises
        `RefusedError` when nothing was signed because it must not be, `OutsideError` when it could not
        be read or is not settled in time, `PersonNeededError` when a stop or a contradiction needs one.
        """
        purse, ahead = self.purse, legs[seq:]
        if purse.journal.open_slot() is not None:
            raise PersonNeededError("open_slot", "a transaction is still on its way", "run again")
        amounts = [due(legs, leg.seq) for leg in ahead]
        calls = calls_from(legs, seq, purse.owner, purse.venues, purse.subjects, shares)
        step = ahead[0].step
        market = subject(step, purse.subjects)
        order = Order(
            intent.kind, step.action, market, calls[0], amounts[0], step.everything, shares, by_command
        )
        require(purse, order.act, by_command)
        ready = prepared(purse, calls, watched(market), purse.soon(), _floor(legs), market.token)
        nonce = self._nonce(ready)
        now = max(ready.block.timestamp, purse.journal.seen_at())
        purse.journal.saw(now)
        if intent.kind not in ("exit", "revoke"):  # what makes safe is not held back by what went before
            self._require_pace(now)
        rehearsal = rehearsed(purse, ready, [leg.step for leg in ahead], amounts)
        if not rehearsal.passed:
            raise RefusedError(
                "rehearsal_failed", f"rehearsed and refused: {rehearsal.reason}", "decide anew"
            )
        purse.pins.first_seen(tuple(ready.code.values()))
        day_left = Wei(max(0, allowance.day - purse.journal.spent(now - DAY_S)))
        bid = _bid(ready, nonce, allowance, day_left)
        attempt = signed_attempt(purse, order, bid, ready, rehearsal)
        ceiling = Wei(max(0, allowance.transaction - ready.data_fee))
        slot = Slot(nonce, intent.id, seq, "signed", now, now + purse.patience.slot_s, ceiling)
        purse.journal.sign_slot(slot, attempt, most_of(attempt, ready))
        require(purse, order.act, by_command)
        self.follower.tell(attempt)
        purse.progress(f"{step.action} {step.slug}: sent")
        self.follower.follow(Errand(slot, intent, tuple(legs)))
        return purse.journal.legs(intent.id)[seq]

    def _nonce(self, ready: Prepared) -> int:
        """Return the nonce to use. Raises unless chain and journal agree on it."""
        purse, due_nonce = self.purse, self.purse.journal.next_nonce()
        if ready.nonce != ready.safe_nonce or ready.pending_nonce != ready.nonce:
            raise OutsideError(
                "nonce_unsettled",
                f"{purse.owner} has transactions that are not settled: {ready.safe_nonce} are safe, "
                f"{ready.nonce} mined, {ready.pending_nonce} waiting",
                "wait two minutes; if you sent none, look at the account",
            )
        if due_nonce is None:
            # The first count is taken by the recovery, from endpoints that agree; never from one alone.
            raise OutsideError(
                "nonce_unsettled", f"the endpoints do not agree on what {purse.owner} has sent", "run again"
            )
        if ready.nonce < due_nonce:
            raise OutsideError("behind", "the endpoint has not seen our last transaction", "try again")
        if ready.nonce > due_nonce:
            # One endpoint's word: the recovery at the next start asks them all, and stops everything if so.
            raise OutsideError(
                "nonce_unsettled",
                f"an endpoint counts {ready.nonce} transactions of {purse.owner}, the journal {due_nonce}",
                "run again: every endpoint is asked then",
            )
        return ready.nonce

    def _require_pace(self, now: int) -> None:
        sent = self.purse.journal.slots_since(now - HOUR_S)
        if sent >= self.purse.ceilings.per_hour:
            raise RefusedError(
                "hourly",
                f"{sent} transactions in the last hour, {self.purse.ceilings.per_hour} are allowed",
                "wait, or see `mammon tx list` for what they were",
            )


def _bid(ready: Prepared, nonce: int, allowance: Allowance, day_left: Wei) -> Bid:
    """Bid twice the next base fee: what is not used is not paid."""
    assert ready.simulated is not None
    gas = gas_limit(ready.simulated.calls[0].gas_used)
    most = Wei(2 * ready.next_base_fee + ready.tip)
    return Bid(nonce, gas, most, ready.tip, allowance.transaction, day_left)


def _floor(legs: Sequence[Leg]) -> int:
    """Return the block that an endpoint must have reached to be believed: the last effect's."""
    return max((leg.effect.block for leg in legs if leg.effect is not None), default=0)
