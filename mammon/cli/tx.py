"""`mammon tx list`, `tx show`: the transactions of this account, as the journal knows them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from mammon.cli import worlds
from mammon.cli.archive import archive
from mammon.cli.documents import Amount, amount
from mammon.cli.invocation import Invocation
from mammon.cli.options import BASE, WORLD, command
from mammon.core.numbers import Wei
from mammon.core.plan import Step
from mammon.core.txstate import Slot
from mammon.errors import UsageError
from mammon.reporting.numbers import DASH, native, token
from mammon.reporting.tables import Table, table
from mammon.reporting.transactions import standing
from mammon.state.journal import Journal

_DECIMALS = 6
_SHOWN = 20
Decimals = Callable[[Step], int]
_NONCE = re.compile(r"[0-9]{1,18}")
_TRANSACTION = re.compile(r"[0-9]{1,18}|0x[0-9a-fA-F]{64}")


@dataclass(frozen=True, slots=True)
class TxNote:
    """One nonce of the account and what became of it."""

    nonce: int
    intent: int
    leg: int
    """Counted from 0."""
    action: str
    slug: str
    amount: Amount
    """As planned; what was measured stands in `standing`."""
    state: str
    opened_at: int
    hash: str
    """Of what was mined, else of what was signed last."""
    block: int | None
    most: Wei
    """The most it may come to cost."""
    paid: Wei | None
    """What it cost, everything included; None while that is not known."""
    standing: str


@dataclass(frozen=True, slots=True)
class TxsData:
    """Transactions, newest first."""

    transactions: tuple[TxNote, ...]


@dataclass(frozen=True, slots=True)
class ToldNote:
    """One endpoint that was told."""

    endpoint: str
    answer: str
    """Class of its answer: a hint, never evidence."""
    at: int


@dataclass(frozen=True, slots=True)
class AttemptNote:
    """One signed transaction."""

    hash: str
    role: str
    """`act`, or `cancel`."""
    max_fee: Wei
    """Per unit of gas, as `tip`."""
    tip: Wei
    gas: int
    permit: str
    signed_at: int
    told: tuple[ToldNote, ...]


@dataclass(frozen=True, slots=True)
class TxData:
    """One nonce with everything that was ever signed for it."""

    transaction: TxNote
    decision: str
    """Identity of the decision it carries out; empty when there was none."""
    deadline: int
    """When it is given up and cancelled."""
    attempts: tuple[AttemptNote, ...]


@command(BASE, WORLD)
def tx_list(
    call: Invocation,
    limit: Annotated[int, typer.Option("--limit", metavar="N", help="At most so many.", min=1)] = _SHOWN,
) -> None:
    """List the transactions of this account, newest first: what each does, what it cost, where it stands."""
    with archive(call) as stored:
        journal = stored.store.journal
        unit = decimals_of(call)
        data = TxsData(tuple(_note(journal, slot, unit) for slot in journal.slots(limit=limit)))
    call.result("txs", data, lambda: [_listed(data)])


@command(BASE, WORLD)
def tx_show(
    call: Invocation,
    which: Annotated[str | None, typer.Argument(help="Hash, nonce, or FILE; default: the newest.")] = None,
) -> None:
    """Show one transaction: everything signed for its nonce, who was told, and where it stands.

    FILE is a batch that `rebalance --emit` wrote: it is judged anew, before the last signature.
    """
    if which is not None and _is_file(which, call.process.directory):
        from mammon.cli.tx_file import show_file  # looking back needs no chain

        show_file(call, which)
        return
    with archive(call) as stored:
        journal = stored.store.journal
        data = whole(journal, _found(journal, which), decimals_of(call))
    call.result("tx", data, lambda: shown(data))


def _is_file(which: str, directory: Path) -> bool:
    """Say whether an argument names a file: no nonce, no hash, and spelled or found as one."""
    if _TRANSACTION.fullmatch(which) or not which.isprintable():
        return False
    if "/" in which or which.endswith(".json"):
        return True
    try:
        return (directory / which).is_file()
    except OSError:  # a name no file can have
        return False


def _found(journal: Journal, which: str | None) -> Slot:
    if which is None:
        nonce = next((slot.nonce for slot in journal.slots(limit=1)), None)
    else:
        nonce = int(which) if _NONCE.fullmatch(which) else journal.nonce_of(which.lower())
    slot = None if nonce is None else journal.slot(nonce)
    if slot is None:
        what = "no transaction was signed" if which is None else f"no transaction {which[:80]!r} was signed"
        raise UsageError("no_transaction", f"{what} in this world", "see `mammon tx list`")
    return slot


def decimals_of(call: Invocation) -> Decimals:
    """Return who says how many decimals the token of a leg has: the asset's, for a claim the reward's own.

    A token that the chain does not list any more is told in base units.
    """

    def of(step: Step) -> int:
        if step.action != "claim":
            return _DECIMALS
        listed = worlds.tokens(call)
        return next((token.decimals for token in listed if token.address == step.market.asset), 0)

    return of


def whole(journal: Journal, slot: Slot, decimals: Decimals) -> TxData:
    """Return a slot with everything that was signed for it."""
    intent = journal.intent(slot.intent)
    attempts = tuple(
        AttemptNote(
            each.hash,
            each.role,
            each.max_fee,
            each.tip,
            each.gas,
            each.permit,
            each.signed_at,
            tuple(ToldNote(told.endpoint, told.answer, told.at) for told in journal.tellings(each.hash)),
        )
        for each in journal.attempts(slot.nonce)
    )
    return TxData(_note(journal, slot, decimals), intent.decision if intent else "", slot.deadline, attempts)


def _note(journal: Journal, slot: Slot, decimals: Decimals) -> TxNote:
    leg, spend = journal.legs(slot.intent)[slot.seq], journal.spend(slot.nonce)
    attempts = journal.attempts(slot.nonce)
    open_ones = attempts if slot.state == "sent" else ()
    told = sum(len(journal.tellings(attempt.hash)) for attempt in open_ones)
    mined, unit = slot.mined, decimals(leg.step)
    return TxNote(
        slot.nonce,
        slot.intent,
        slot.seq,
        leg.step.action,
        leg.step.slug,
        amount(leg.step.amount, unit),
        slot.state,
        slot.opened_at,
        mined.hash if mined else attempts[-1].hash,
        mined.block if mined else None,
        spend.most if spend else slot.fee_ceiling,
        mined.paid if mined else spend.paid if spend else None,
        standing(slot, leg.step, leg.effect, told, final=journal.is_final(slot.nonce), decimals=unit),
    )


def _listed(data: TxsData) -> Table | str:
    if not data.transactions:
        return "nothing was signed in this world yet"
    return table(
        ("nonce", "what", "where", "amount", "state", "block", "paid ETH", "hash"),
        [
            (
                str(row.nonce),
                row.action,
                row.slug,
                token(row.amount.raw, row.amount.decimals),
                row.state,
                DASH if row.block is None else str(row.block),
                DASH if row.paid is None else native(row.paid),
                row.hash[:12],
            )
            for row in data.transactions
        ],
        note=data.transactions[0].standing,
    )


def shown(data: TxData) -> Iterator[Table | str]:
    """Yield what a person sees."""
    note = data.transaction
    sum_ = token(note.amount.raw, note.amount.decimals)
    yield f"nonce {note.nonce}: {note.action} {note.slug} {sum_}: {note.state}"
    yield note.standing
    cost = f"at most {native(note.most)} ETH" if note.paid is None else f"paid {native(note.paid)} ETH"
    yield f"{cost}; opened {_time(note.opened_at)}, given up {_time(data.deadline)}"
    yield table(
        ("hash", "role", "max fee", "tip", "gas", "signed", "told"),
        [
            (
                each.hash,
                each.role,
                str(each.max_fee),
                str(each.tip),
                str(each.gas),
                _time(each.signed_at),
                ", ".join(f"{told.endpoint}: {told.answer}" for told in each.told) or DASH,
            )
            for each in data.attempts
        ],
        note="fees in wei per unit of gas",
    )


def _time(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
