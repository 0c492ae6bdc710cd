"""What was begun and is not at its end, told in one sentence each: where the money is, and what goes on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mammon.core.plan import IDLE
from mammon.core.txstate import Effect, Intent, Leg, due
from mammon.core.types import Token
from mammon.reporting.numbers import token
from mammon.state.store import Store

_RECENT = 8
"""Intents looked through: positions are read again in every cycle."""
_GOES_ON = "`mammon rebalance --execute` goes on with it"


@dataclass(frozen=True, slots=True)
class Unfinished:
    """One thing that was begun: since when, unix seconds of the chain, and where it stands."""

    since: int
    sentence: str


def unfinished(store: Store, asset: Token | None) -> tuple[Unfinished, ...]:
    """Return what the journal has open, the transaction on the wire first; `asset` None: not known here."""
    return tuple(_every(store, asset))


def effects_since(store: Store) -> dict[str, Effect]:
    """Return what the last legs proved of each venue, by slug: it may be newer than what was read there."""
    found: dict[str, Effect] = {}
    for intent in store.journal.intents()[-_RECENT:]:
        for leg in store.journal.legs(intent.id):
            if leg.effect is not None and leg.step.action in ("withdraw", "deposit"):
                found[leg.step.slug] = leg.effect
    return found


def _every(store: Store, asset: Token | None) -> Iterator[Unfinished]:
    slot = store.journal.open_slot()
    if slot is not None:
        step = store.journal.legs(slot.intent)[slot.seq].step
        stands = {
            "signed": "is signed and may be on its way",
            "sent": "is on its way",
            "mined": "is in a block that is not settled yet",
        }[slot.state]
        yield Unfinished(
            slot.opened_at, f"transaction {slot.nonce} ({step.action} {step.slug}) {stands}; {_GOES_ON}"
        )
    for intent in store.journal.open_intents():
        told = _told(intent, store.journal.legs(intent.id), asset)
        if told:
            yield Unfinished(intent.decided_at, told)


def _told(intent: Intent, legs: tuple[Leg, ...], asset: Token | None) -> str:
    """Return where an intent stands; nothing for one of which nothing was done."""
    plan = intent.plan
    if intent.kind == "revoke":
        return f"an allowance for {plan.target} is still to be taken back; {_GOES_ON}"
    done = [leg.step.action for leg in legs if leg.state == "done"]
    if not done:
        return ""
    if intent.kind == "claim":
        return f"a claim on {plan.source} is carried out and not recorded yet; {_GOES_ON}"
    if "deposit" in done or len(done) == len(legs):
        return f"{plan.source} to {plan.target} is carried out and not recorded yet; {_GOES_ON}"
    amount = "some of it" if asset is None else token(due(legs, len(legs) - 1), asset.decimals, asset.symbol)
    origin = "the wallet" if plan.source == IDLE else plan.source
    return f"{amount} on the way from {origin} to {plan.target} are idle in the wallet; {_GOES_ON}"
