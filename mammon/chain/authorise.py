"""From a leg to signed bytes: the one way a signature comes about.

Everything it rests on was just read in one request (`prepare`); the gate judges the bytes; stops are
asked about once more; then the signer signs, and what it returns is held against what was permitted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mammon.chain import signing
from mammon.chain.changed import agreed_changes
from mammon.chain.evidence import Action, Evidence, Permit, Pin, Rehearsal
from mammon.chain.permit import judge
from mammon.chain.prepare import MAX_GAS, Prepared
from mammon.chain.purse import Purse
from mammon.core import stops
from mammon.core.numbers import Units, Wei
from mammon.core.stops import Act
from mammon.core.transaction import Unsigned
from mammon.core.txstate import Attempt, IntentKind, Role
from mammon.core.types import Address, Call, Market
from mammon.core.watch import CANCEL_GAS
from mammon.errors import PersonNeededError, RefusedError

HOMEWARD: frozenset[Act] = frozenset({"exit_home", "revoke"})
"""What a command to bring money home asks for."""
_NATIVE = Wei(0)


@dataclass(frozen=True, slots=True)
class Order:
    """One transaction that is wanted."""

    kind: IntentKind
    action: Action
    market: Market | None
    call: Call
    amount: Units
    everything: bool = False
    shares: int = 0
    by_command: bool = False
    """A person asked for just this."""
    again: bool = False
    """It was signed before, at a lower fee."""

    @property
    def act(self) -> Act:
        """What the table of stops calls it."""
        if self.action == "cancel":
            return "cancel"
        if self.action == "revoke":
            return "revoke"
        if self.kind == "exit" and self.action == "withdraw":
            return "exit_home"
        if self.again:
            return "bump"
        return "move" if self.action in ("withdraw", "claim") else "deposit"

    @property
    def role(self) -> Role:
        """What an attempt at it is."""
        return "cancel" if self.action == "cancel" else "act"


@dataclass(frozen=True, slots=True)
class Bid:
    """What a transaction offers, and what it may cost at most. Wei."""

    nonce: int
    gas: int
    max_fee: Wei
    tip: Wei
    ceiling: Wei
    """Of the whole transaction, the data fee included."""
    day_left: Wei


def signed_attempt(
    purse: Purse, order: Order, bid: Bid, ready: Prepared, rehearsal: Rehearsal | None
) -> Attempt:
    """Have one transaction judged and signed; nothing is written or sent.

    Raises `RefusedError` when the gate refuses, `PersonNeededError` when a stop is in force, what the
    signer raises, and nothing else.
    """
    call = order.call
    unsigned = Unsigned(
        purse.rpc.chain_id, bid.nonce, bid.tip, bid.max_fee, bid.gas, call.target, _NATIVE, call.data
    )
    now = max(ready.block.timestamp, purse.journal.seen_at())
    pins = purse.pins.known(tuple(ready.code))
    taken = _taken(purse, order, ready, pins)
    evidence = Evidence(
        chain_id=purse.rpc.chain_id,
        owner=purse.owner,
        nonce=bid.nonce,
        action=order.action,
        market=order.market,
        at_most=order.amount if order.action != "deposit" else Units(min(order.amount, ready.idle)),
        everything=order.everything,
        shares=order.shares,
        pins=pins,
        code=ready.code,
        fee_ceiling=bid.ceiling,
        data_fee=ready.data_fee,
        day_left=bid.day_left,
        rehearsal=rehearsal,
        head=ready.block.number,
        stops=against(purse, order.act, order.by_command),
        forbidden=_forbidden(purse, order),
        now=now,
        accepted=taken,
    )
    verdict = judge(unsigned.payload(), evidence)
    if not isinstance(verdict, Permit):
        if evidence.stops:
            raise _stopped(evidence.stops, order.act)
        told = "; ".join(f"{one.code}: {one.measured}, allowed {one.limit}" for one in verdict)
        raise RefusedError(verdict[0].code, f"the signing gate refused to {order.action}: {told}")
    require(purse, order.act, order.by_command)
    purse.pins.left([pin for pin in taken if ready.code.get(pin.address) == pin != pins.get(pin.address)])
    made = signing.sign(verdict, purse.signer, now)
    return Attempt(made.hash, bid.nonce, order.role, made.raw, bid.max_fee, bid.tip, bid.gas, verdict.id, now)


def _taken(purse: Purse, order: Order, ready: Prepared, pins: Mapping[Address, Pin]) -> tuple[Pin, ...]:
    """Return the changed code that an order may rest on: none, unless it leads home."""
    if order.act != "exit_home" or order.market is None:
        return ()
    found = purse.accepted if purse.exiting else ()
    if purse.leaving:
        found += agreed_changes(purse, order.market, pins, ready.code, purse.soon())
    return found


def require(purse: Purse, act: Act, by_command: bool = False) -> None:
    """Raise `PersonNeededError` when a stop in force does not allow an act."""
    found = against(purse, act, by_command)
    if found:
        raise _stopped(found, act)


def _stopped(found: tuple[str, ...], act: Act) -> PersonNeededError:
    told = f"{', '.join(found)} is in force: no {act.replace('_', ' ')}"
    lifts = "take its file away" if "kill_switch" in found else "`mammon resume` lifts it"
    return PersonNeededError(found[0], told, lifts)


def against(purse: Purse, act: Act, by_command: bool = False) -> tuple[str, ...]:
    """Return the stops in force that do not allow an act."""
    allowing = {"yes"}
    if by_command or (purse.exiting and act in HOMEWARD):
        allowing.add("by_command")
    if purse.overriding:
        allowing.add("by_override")
    return tuple(name for name in purse.stops() if stops.allowed((name,), act) not in allowing)


def _forbidden(purse: Purse, order: Order) -> str:
    """Return why this world may not sign an order. What leads home, and no further, always may."""
    home = purse.exiting and (order.act in HOMEWARD or order.act == "cancel")
    return "" if home else purse.forbidden()


def most_of(attempt: Attempt, ready: Prepared) -> Wei:
    """Return the most that an attempt may come to cost, its data fee included."""
    return Wei(attempt.gas * attempt.max_fee + ready.data_fee)


def gas_limit(used: int) -> int:
    """Return a gas limit for a call that was rehearsed: refunds hide up to a fifth, calls keep back 1/64."""
    return min(MAX_GAS, used * 3 // 2 + CANCEL_GAS // 2)


def cancellation(purse: Purse, by_command: bool = False) -> Order:
    """Return the order that makes a nonce do nothing: nothing, sent to oneself."""
    return Order("move", "cancel", None, Call(purse.owner, b""), Units(0), by_command=by_command)


def watched(market: Market) -> tuple[Address, ...]:
    """Return the contracts whose code a transaction on a market rests on."""
    return tuple(dict.fromkeys((market.token.address, market.id.address, market.spender)))
