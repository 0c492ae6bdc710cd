"""The money path of one world, put together: loaded only by commands that act."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mammon.chain.account import Account, Sight
from mammon.chain.effects import Effects
from mammon.chain.evidence import Pin
from mammon.chain.follow import Follower
from mammon.chain.legs import Legs, Seen
from mammon.chain.purse import Ceilings, Purse
from mammon.chain.recovery import Recovery
from mammon.chain.sender import Sender
from mammon.cli import worlds
from mammon.core.breaker import failed_in_a_row, tripped
from mammon.core.decide import Ask
from mammon.core.escape import entering_asks
from mammon.core.flows import Flow, Mark
from mammon.core.limits import PHASES
from mammon.core.numbers import Units
from mammon.core.plan import IDLE, Plan
from mammon.core.policy import Policy
from mammon.core.ports import Clock, Signer
from mammon.core.types import Address
from mammon.core.watch import Pace
from mammon.engine.cycle import consider
from mammon.ops import stops
from mammon.protocols.registry import VENUES
from mammon.state.store import Store

if TYPE_CHECKING:
    from mammon.cli.parts import Parts


class StatePins:
    """The pins of the state database, as the money path wants them."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def known(self, addresses: Sequence[Address]) -> Mapping[Address, Pin]:
        """Return the pins of those addresses that have one."""
        return {
            address: Pin(address, *found)
            for address in addresses
            if (found := self._store.pins.known(address)) is not None
        }

    def first_seen(self, pins: Sequence[Pin]) -> None:
        """Keep the pins of addresses that have none; never changes one."""
        known = self.known([pin.address for pin in pins])
        new = [pin for pin in pins if pin.address not in known]
        if new:
            with self._store.transaction():
                for pin in new:
                    self._store.pins.record(pin.address, pin.code, pin.implementation)

    def left(self, changed: Sequence[Pin]) -> None:
        """Keep in the audit log which changed code a way home rests on; changes no pin."""
        if changed:
            with self._store.transaction():
                for pin in changed:
                    self._store.pins.left(pin.address, pin.code, pin.implementation)


class StateMarks:
    """The marks and flows of the state database, as the account's explanation wants them."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def mark(self) -> Mark | None:
        """Return the last mark, None before the first."""
        return self._store.flows.mark()

    def record(self, since: Mark | None, now: Mark, flows: Sequence[Flow]) -> None:
        """Put `now` in the place of `since`, with the flows between: this state has met the chain."""
        with self._store.transaction():
            self._store.flows.record(since, now, flows)
        self._store.forget_restored()

    def adopted(self) -> int:
        """Return the nonce below which a person has looked at everything, 0 when none has."""
        return self._store.journal.adopted()

    def restored(self) -> bool:
        """Say whether this state is a copy that has not met the chain since it was made."""
        return bool(self._store.restored())


def count_failures(store: Store, folder: Path, clock: Clock, note: Callable[[str], None]) -> None:
    """Halt the world when too many moves failed in a row, and say so; then what comes is counted anew.

    The stop comes first: whoever dies in between stops once more than needed, never once less.
    """
    intents = store.journal.since_looked()
    if not tripped(intents):
        return
    failed = failed_in_a_row(intents)
    at = max(store.journal.seen_at(), clock.now())
    why = f"{failed} moves failed one after the other"
    stops.set_(folder, "halt", f"failed_in_a_row: {why}", "mammon", at)
    store.journal.failures_told(intents[0].id, failed)
    note(f"{why}: halted, and only looking from here on; `mammon resume` when it is understood")


def ceilings(policy: Policy) -> Ceilings:
    """Return what transactions may cost: the policy's figures, which the phase has lowered already."""
    return Ceilings(
        transaction_usd=policy.max_gas_usd,
        exit_usd=PHASES["canary"].exit_gas_usd,
        day_usd=policy.max_gas_day_usd,
        per_hour=policy.max_transactions_per_hour,
    )


def entry(parts: Parts, plan: Plan, amount: Units, fleeing: bool) -> str:
    """Judge anew, at the head, whether so much may still go into a plan's target; say why not, or nothing.

    `fleeing`: the money leaves a danger, so only what matters for its safety is asked.
    """
    decision = consider(parts.world, parts.observe(), Ask(IDLE, plan.target, amount, plan.source != IDLE))
    if decision.plan is not None:
        return ""
    refused = decision.refused_by
    if fleeing:
        return next((code for code in refused if entering_asks(code)), "")
    return refused[0] if refused else "does_not_pay"


def money_path(parts: Parts, signer: Signer, forbidden: Callable[[], str]) -> Legs:
    """Return the executor of a world that signs; `parts` gives the world itself, once it is there."""
    call, owner = parts.call, parts.owner
    assert owner is not None
    home, policy = call.settings.home, call.settings.policy
    folder = worlds.directory(call, worlds.identity(call))

    def emergency(code: str, why: str) -> None:
        at = max(parts.store.journal.seen_at(), parts.clock.now())
        stops.set_(folder, "emergency", f"{code}: {why}", "mammon", at)

    def see() -> Seen:
        view = parts.world.holdings.view(parts.observe())
        return Seen(view.snapshot, view.portfolio, policy)

    def sight() -> Sight:
        seen = parts.glance()
        assert seen.portfolio is not None
        return Sight(seen.portfolio, seen.snapshot.block, {**parts.hints, **seen.hints})

    subjects = {**parts.payers, **parts.markets}
    effects = Effects(parts.rpc, parts.reader, VENUES, subjects, parts.asset, owner)
    purse = Purse(
        rpc=parts.rpc,
        reader=parts.reader,
        effects=effects,
        journal=parts.store.journal,
        pins=StatePins(parts.store),
        signer=signer,
        clock=parts.clock,
        owner=owner,
        asset=parts.asset,
        gas_price_oracle=parts.known.gas_price_oracle,
        markets=parts.markets,
        venues=VENUES,
        ceilings=ceilings(policy),
        stops=lambda: stops.in_force(home, folder),
        forbidden=forbidden,
        emergency=emergency,
        progress=parts.progress,
        note=call.output.note,
        pace=Pace(least_depth=parts.known.settle_depth),
        exiting=parts.homeward is not None,
        overriding=parts.homeward is not None and parts.homeward.overriding,
        accepted=parts.homeward.accepted if parts.homeward is not None else (),
        leaving=policy.on_danger == "exit",
        payers=parts.payers,
    )
    follower = Follower(purse)
    account = Account(purse, StateMarks(parts.store), sight, parts.eyes)
    return Legs(
        purse,
        Sender(purse, follower),
        Recovery(purse, follower),
        see,
        lambda plan, amount, fleeing: entry(parts, plan, amount, fleeing),
        account.explain,
        lambda: count_failures(parts.store, folder, parts.clock, call.output.note),
    )
