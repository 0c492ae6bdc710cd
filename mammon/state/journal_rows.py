"""Rows of the journal's tables, to and from what `core.txstate` calls them."""

from __future__ import annotations

from functools import lru_cache

from mammon.core import canonical
from mammon.core.names import Hash32
from mammon.core.numbers import Units, Wei
from mammon.core.plan import Plan, Step
from mammon.core.txstate import Attempt, Effect, Intent, Leg, Mined, Slot
from mammon.state.db import Row, Value

INTENTS = ("id", "key", "kind", "decision", "plan", "decided_at", "deadline", "state", "reason")
LEGS = ("id", "intent", "seq", "step", "state", "slots", "effect_amount", "effect_held", "effect_block")
SLOTS = (
    *("nonce", "intent", "seq", "state", "opened_at", "deadline", "fee_ceiling", "attempts"),
    *("mined_hash", "mined_block", "mined_block_hash", "mined_succeeded", "mined_paid", "mined_gas_used"),
    "final",
)
ATTEMPTS = ("id", "hash", "nonce", "role", "raw", "max_fee", "tip", "gas", "permit", "signed_at")
SIGHTINGS = ("id", "hash", "endpoint", "answer", "at")
SPENDS = ("nonce", "at", "most", "paid")

ATTEMPTS_AT = SLOTS.index("attempts")
FINAL_AT = SLOTS.index("final")


def intent_row(intent: Intent) -> tuple[Value, ...]:
    """Return an intent as the table keeps it."""
    plan = canonical.dumps(intent.plan).decode()
    fixed = (intent.id, intent.key, intent.kind, intent.decision, plan, intent.decided_at, intent.deadline)
    return (*fixed, intent.state, intent.reason)


def intent_of(row: Row) -> Intent:
    """Return the intent of a row."""
    number, key, kind, decision, plan, decided_at, deadline, state, reason = row
    return Intent(number, key, kind, decision, _plan(plan), decided_at, deadline, state, reason)


@lru_cache(maxsize=64)  # the last intents are looked at in every cycle
def _plan(text: str) -> Plan:
    return canonical.loads(Plan, text)


def leg_row(number: int, leg: Leg) -> tuple[Value, ...]:
    """Return a leg as the table keeps it, under its number there."""
    effect = leg.effect
    proven = (None, None, None) if effect is None else (str(effect.amount), str(effect.held), effect.block)
    step = canonical.dumps(leg.step).decode()
    return (number, leg.intent, leg.seq, step, leg.state, leg.slots, *proven)


def leg_of(row: Row) -> Leg:
    """Return the leg of a row."""
    _, intent, seq, step, state, slots, amount, held, block = row
    effect = None if amount is None else Effect(Units(int(amount)), Units(int(held)), block)
    return Leg(intent, seq, _step(step), state, slots, effect)


@lru_cache(maxsize=64)
def _step(text: str) -> Step:
    return canonical.loads(Step, text)


def slot_row(slot: Slot, attempts: int, *, final: bool = False) -> tuple[Value, ...]:
    """Return a slot as the table keeps it, with the number of its attempts."""
    fixed = (slot.nonce, slot.intent, slot.seq, slot.state, slot.opened_at, slot.deadline)
    found = slot.mined
    mined: tuple[Value, ...] = (None,) * 6
    if found is not None:
        where = (found.hash, found.block, found.block_hash)
        mined = (*where, int(found.succeeded), str(found.paid), found.gas_used)
    return (*fixed, str(slot.fee_ceiling), attempts, *mined, int(final))


def slot_of(row: Row) -> Slot:
    """Return the slot of a row."""
    nonce, intent, seq, state, opened_at, deadline, ceiling, _, *mined, _ = row
    return Slot(nonce, intent, seq, state, opened_at, deadline, Wei(int(ceiling)), _mined(*mined))


def attempt_row(number: int, attempt: Attempt) -> tuple[Value, ...]:
    """Return an attempt as the table keeps it, under its number there."""
    fees = (str(attempt.max_fee), str(attempt.tip), attempt.gas)
    head = (number, attempt.hash, attempt.nonce, attempt.role, attempt.raw)
    return (*head, *fees, attempt.permit, attempt.signed_at)


def attempt_of(row: Row) -> Attempt:
    """Return the attempt of a row."""
    _, hash_, nonce, role, raw, max_fee, tip, gas, permit, signed_at = row
    return Attempt(Hash32(hash_), nonce, role, raw, Wei(int(max_fee)), Wei(int(tip)), gas, permit, signed_at)


def _mined(
    hash_: str | None, block: int, block_hash: str, succeeded: int, paid: str, gas_used: int
) -> Mined | None:
    if hash_ is None:
        return None
    return Mined(Hash32(hash_), block, Hash32(block_hash), bool(succeeded), Wei(int(paid)), gas_used)
