"""Claims one after the other: each read, rehearsed and judged anew right before it is carried out."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from mammon.chain.calls import planned_calls, subject
from mammon.chain.keyless import Leg, Tried, tried
from mammon.chain.prepare import ENVELOPE_BYTES
from mammon.cli.acting import StatePins
from mammon.cli.documents import Amount, ErrorNote, amount
from mammon.cli.invocation import Invocation
from mammon.cli.output import printable
from mammon.cli.payday import Owing, due, only
from mammon.cli.place import Place
from mammon.cli.readings import require_some
from mammon.cli.reward_notes import unread_notes
from mammon.core.claim import claim_plan, worth_it
from mammon.core.costs import Action, Cost, cost_of
from mammon.core.numbers import Usd, Wei
from mammon.core.plan import Outcome, Plan
from mammon.core.policy import Policy
from mammon.core.types import Block, GasUnits, Snapshot, Unread, Verdict
from mammon.errors import (
    DeadlinePassedError,
    MalformedError,
    MammonError,
    OutsideError,
    PersonNeededError,
    RefusedError,
    UsageError,
)

QUIET = frozenset({"nothing_owed", "not_worth_it"})
"""Why a claim is not made although nothing is wrong: to hold is an answer."""
_REFUSED, _FAILED, _PERSON = 3, 4, 5


@dataclass(frozen=True, slots=True)
class ClaimNote:
    """One payer's claim."""

    payer: str
    symbol: str
    owed: Amount | None
    worth: Usd | None
    """After the haircut; None where no fresh price says so."""
    cost: Usd | None
    """As rehearsed; None where it could not be."""
    verdict: Verdict | None
    """Of worth against cost; None when nothing was to be judged."""
    ready: bool
    """It was rehearsed, nothing speaks against it, and it is worth its cost or wanted at any worth."""
    claimed: Amount | None
    """As measured; None when it was not carried out."""
    gas: Wei
    transactions: tuple[str, ...]
    code: str
    """Why not; empty when there is nothing to say."""
    reason: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Claims:
    """What came of all of them."""

    notes: tuple[ClaimNote, ...]
    unread: tuple[ErrorNote, ...]
    block: Block
    exit_code: int


def claims(call: Invocation, place: Place, named: str | None, any_worth: bool) -> Claims:
    """Look at every payer, or at the one named; carry out what may be when the command is to."""
    ports, policy = place.rewards(), call.settings.policy
    if named is not None and named not in ports.payers:
        raise UsageError("payer", f"nobody named {named[:60]!r} pays rewards", "see `mammon rewards list`")
    if named is not None:
        ports = only(ports, named)
    found = due(place, ports, policy)
    require_some(found.seen)
    notes: list[ClaimNote] = []
    problem: MammonError | None = None
    for slug in ports.payers:
        if notes and any(note.transactions for note in notes):
            found = due(place, ports, policy)  # minutes have passed since
        owing = next(one for one in found.owing if one.payer.slug == slug)
        note, plan = _judged(place, found.seen.snapshot, owing, policy, any_worth)
        if call.execute and note.ready and plan is not None and problem is None:
            note, problem = _carried(place, found.seen.snapshot, note, plan)
            place.settle()
        notes.append(note)
    if any(note.transactions for note in notes):
        place.look_again()
    return Claims(
        tuple(notes),
        tuple(unread_notes(found)),
        found.seen.snapshot.block,
        _exit_code(notes, problem, named is not None),
    )


def _judged(
    place: Place, snapshot: Snapshot, owing: Owing, policy: Policy, any_worth: bool
) -> tuple[ClaimNote, Plan | None]:
    """Rehearse a claim and hold its worth against its cost."""
    payer, owed = owing.payer, owing.owed
    worth = None if isinstance(owing.worth, Unread) else owing.worth
    empty = ClaimNote(
        payer.slug, payer.token.symbol, None, worth, None, None, False, None, Wei(0), (), "", ""
    )
    if isinstance(owed, Unread):
        return _because(empty, owed.code, owed.reason, "try again"), None
    note = dataclasses.replace(empty, owed=amount(owed.amount, payer.token.decimals))
    if owed.amount == 0:
        return _because(note, "nothing_owed", "nothing is owed"), None
    plan = claim_plan(payer, owed)
    try:
        outcome, size = _tried(place, plan, owing, snapshot)
    except DeadlinePassedError:
        raise
    except (OutsideError, MalformedError) as error:
        return _because(note, error.code, f"not rehearsed: {error.message}", "try again"), plan
    cost = _cost(payer.protocol, outcome.calls[0].gas_used, size, snapshot, policy)
    verdict = worth_it(owing.worth, cost, policy.min_claim_multiple)
    note = dataclasses.replace(note, cost=None if isinstance(cost, Unread) else cost.usd, verdict=verdict)
    if not outcome.rehearsal.passed:
        why = outcome.rehearsal.reason
        return _because(note, "rehearsal_failed", why, "see `mammon rewards list`; try again later"), plan
    against = [refusal for _, refusal in outcome.refusals]
    if against:
        told = "; ".join(f"{one.code}: {one.measured}" for one in against)
        return _because(note, against[0].code, told, "nothing is signed while this holds"), plan
    if not verdict.passed and not any_worth:
        return _not_worth(note, verdict, payer.slug), plan
    return dataclasses.replace(note, ready=True), plan


def _not_worth(note: ClaimNote, verdict: Verdict, slug: str) -> ClaimNote:
    if verdict.measured is None:
        why = f"not known whether it is worth its cost: {verdict.detail.partition(':')[2]}"
        return _because(note, "worth_unknown", why, f"`mammon rewards claim {slug} --any-worth`")
    why = f"worth {verdict.measured} times its cost, {verdict.limit} are asked for"
    return _because(note, "not_worth_it", why)


def _tried(place: Place, plan: Plan, owing: Owing, snapshot: Snapshot) -> tuple[Tried, int]:
    """Rehearse a claim at the head; return what came of it, and how long its data is."""
    onlooker, payers = place.onlooker(), {owing.payer.slug: owing.payer}
    (call,) = planned_calls(plan, onlooker.owner, place.venues, payers, 0)
    leg = Leg(plan.steps[0], subject(plan.steps[0], payers), call, kind="claim")
    pins, least = StatePins(place.store), snapshot.block.number
    return tried(onlooker, pins, (leg,), place.deadline(), least, whole=False), len(call.data)


def _cost(kind: str, used: int, size: int, snapshot: Snapshot, policy: Policy) -> Cost | Unread:
    """Return what a claim costs by the gas its rehearsal used; `size`: of its data, in bytes."""
    if not used:
        return Unread("cost", "not_rehearsed", "the rehearsal did not come so far")
    row = GasUnits(kind, "claim", used, ENVELOPE_BYTES + size)
    priced = dataclasses.replace(snapshot, gas_units=(row,))
    return cost_of((Action(kind, "claim"),), priced, policy.price_margin)


def _carried(
    place: Place, snapshot: Snapshot, note: ClaimNote, plan: Plan
) -> tuple[ClaimNote, MammonError | None]:
    """Carry a claim out; what went wrong with the world or needs a person ends the row of claims."""
    assert place.carrier is not None
    try:
        done = place.carrier.carry("claim", plan, snapshot, 0)
    except DeadlinePassedError:
        raise
    except RefusedError as error:
        return _because(note, error.code, error.message, error.hint), None
    except (OutsideError, MalformedError, PersonNeededError) as error:
        return _because(note, error.code, error.message, error.hint), error
    return _done(note, done), None


def _done(note: ClaimNote, done: Outcome) -> ClaimNote:
    assert note.owed is not None
    came = amount(done.left, note.owed.decimals)
    return dataclasses.replace(note, claimed=came, gas=done.gas, transactions=done.transactions)


def _because(note: ClaimNote, code: str, why: str, hint: str = "") -> ClaimNote:
    return dataclasses.replace(note, ready=False, code=code, reason=printable(why, 300), hint=hint)


def _exit_code(notes: list[ClaimNote], problem: MammonError | None, named: bool) -> int:
    """Return the exit code: who names a payer is told of a refusal, who names none of what went wrong."""
    if isinstance(problem, PersonNeededError):
        return _PERSON
    if problem is not None:
        return _FAILED
    codes = {note.code for note in notes if note.code and note.code not in QUIET}
    unread = {note.code for note in notes if note.owed is None}
    if unread and (named or len(unread) == len(notes)):
        return _FAILED
    refused = codes - unread - (set() if named else {"worth_unknown"})
    return _REFUSED if refused else 0
