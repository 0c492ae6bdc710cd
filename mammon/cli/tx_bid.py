"""`mammon tx bump`, `tx cancel`: a higher fee for the transaction on the wire, or its cancellation."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Annotated

import typer

from mammon.chain.follow import Errand, Follower
from mammon.chain.legs import Legs
from mammon.chain.look import look
from mammon.cli.invocation import Invocation
from mammon.cli.options import ACT, BASE, WORLD, command
from mammon.cli.tx import decimals_of, shown, whole
from mammon.cli.wiring import Place, opened
from mammon.core.bids import bid_for
from mammon.core.numbers import Wei
from mammon.core.txstate import Role
from mammon.core.watch import CANCEL_GAS, Sign
from mammon.errors import OutsideError, RefusedError, UsageError
from mammon.reporting.numbers import native

_GWEI = 10**9


@dataclass(frozen=True, slots=True)
class _Asked:
    """The open slot, and what is to be bid for it."""

    errand: Errand
    bid: Sign
    most: Wei


@command(BASE, WORLD, ACT)
def tx_bump(
    call: Invocation,
    max_fee: Annotated[
        str | None, typer.Option("--max-fee", metavar="GWEI", help="Per gas; default: a quarter higher.")
    ] = None,
) -> None:
    """Bid higher for the transaction on the wire: the same act, the same nonce, a higher fee.

    Without --execute it only says what would be bid. The transaction's own ceiling is never passed.
    """
    _bid(call, "act", None if max_fee is None else _gwei(max_fee))


@command(BASE, WORLD, ACT)
def tx_cancel(call: Invocation) -> None:
    """Cancel the transaction on the wire: its nonce is used for nothing, if no block takes it before.

    Without --execute it only says what would be bid. The original may still win: both are watched.
    """
    _bid(call, "cancel", None)


def _bid(call: Invocation, role: Role, max_fee: Wei | None) -> None:
    with opened(call, holdings=True, acting=call.execute) as place:
        asked = _asked(place, role, max_fee)
        what = "Cancel" if role == "cancel" else "Bid higher for"
        told = f"{what} transaction {asked.errand.slot.nonce}, for {native(asked.most)} ETH at most"
        if call.execute:
            call.confirm(f"{told}?")
            _carry_out(place, asked)
        else:
            call.output.note(f"{told}: --execute does it")
        slot = place.store.journal.slot(asked.errand.slot.nonce)
        assert slot is not None
        data = whole(place.store.journal, slot, decimals_of(call))
        call.result("tx", data, lambda: shown(data), acted=call.execute)


def _carry_out(place: Place, asked: _Asked) -> None:
    """Sign it through the gate, broadcast it, and follow the slot to its end."""
    legs = place.world.executor
    if not isinstance(legs, Legs):
        raise UsageError("no_transactions", "a paper book makes no transactions", "use --mode live")
    follower = Follower(legs.purse)
    follower.bid(asked.errand, asked.bid)
    place.settle()
    follower.follow(asked.errand)
    place.settle()


def _asked(place: Place, role: Role, max_fee: Wei | None) -> _Asked:
    """Return what is to be bid. Raises `UsageError` without an open slot, `RefusedError` when it is mined."""
    journal = place.store.journal
    slot = journal.open_slot()
    if slot is None or place.owner is None:
        raise UsageError("no_open_slot", "no transaction is on its way", "see `mammon tx list`")
    attempts = journal.attempts(slot.nonce)
    views = look(place.rpc, place.owner, attempts, place.deadline())
    if not views:
        raise OutsideError("unread", "no endpoint tells the account's count of transactions", "try again")
    if slot.state == "mined" or any(view.receipts or view.nonce > slot.nonce for view in views):
        raise RefusedError(
            "mined",
            f"transaction {slot.nonce} is in a block: nothing is bid for it",
            "`mammon rebalance --execute` goes on with it",
        )
    newest = attempts[-1]
    if newest.role == "cancel" and role == "act":
        role = "cancel"  # what is being cancelled is not wanted back: its cancellation is bid higher
    base_fee = Wei(max(view.base_fee for view in views))
    bid = bid_for(newest, role, base_fee, slot.fee_ceiling, max_fee)
    intent = journal.intent(slot.intent)
    assert intent is not None
    gas = newest.gas if role == "act" else CANCEL_GAS
    return _Asked(Errand(slot, intent, journal.legs(intent.id)), bid, Wei(gas * bid.max_fee))


def _gwei(text: str) -> Wei:
    """Return gwei in wei, exactly."""
    try:
        gwei = Decimal(text)
    except InvalidOperation:
        gwei = Decimal(-1)
    wei = gwei * _GWEI if gwei.is_finite() and gwei.adjusted() < 15 else Decimal(-1)
    if wei <= 0 or wei != wei.to_integral_value():
        raise UsageError("bad_value", "--max-fee takes a number of gwei", 'for example "--max-fee 0.05"')
    return Wei(int(wei))
