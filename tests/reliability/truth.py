"""What is true of a run: the simulated chain's own state, which no fault of an endpoint reaches.

Beside it what the laws remember, and how a law that does not hold ends the run.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mammon.chain.legs import key_of
from mammon.core import costs
from mammon.core.abi import word
from mammon.core.transaction import Unsigned, decode_signed, transaction_hash
from mammon.core.watch import Pace
from mammon.protocols.abi import erc20
from mammon.sim import addresses as at
from mammon.sim.chainfile import chain_file
from mammon.sim.contracts.aave import Pool
from mammon.sim.contracts.erc4626 import Vault
from mammon.sim.contracts.machine import Frame, Storage
from mammon.sim.execution import Mined
from mammon.sim.faults.heads import WrongSafe
from mammon.sim.faults.onchain import DeepReorganised, ForeignUse
from mammon.sim.faults.venues import Loss, Soft
from mammon.sim.node import SAFE_LAG

if TYPE_CHECKING:
    from tests.reliability.world import World

KNOWN = chain_file(pegs=True)
MARKETS = {market.slug: market for market in KNOWN.markets}
ROUNDING_UNITS = 2
LEAST_DEPTH = Pace().least_depth - 1


@dataclass(frozen=True)
class Violation:
    """A law that did not hold."""

    law: str
    what: str
    step: int


class Halted(BaseException):
    """End the run: a law did not hold."""


@dataclass
class Truth:
    """What the laws remember of a run."""

    sends: int = 0
    signatures: int = 0
    mined: set[str] = field(default_factory=set)
    closed: dict[int, str] = field(default_factory=dict)
    slots: dict[int, tuple[int, int]] = field(default_factory=dict)
    raws: dict[bytes, tuple[str, Unsigned]] = field(default_factory=dict)
    start: int = 0
    native: int = 0
    told: int = 0
    told_at: float = 0.0
    first_nonce: int = 0


def fail(world: World, law: str, what: str) -> None:
    """Record a violation and end the run."""
    world.violations.append(Violation(law, what, world.stage.steps))
    world.stage.trace(f"VIOLATION {law}: {what}")
    raise Halted


def wallet(world: World) -> int:
    """Return the asset in the wallet, truly."""
    chain = world.stage.chain
    return int(chain.slots.get(chain.deployed.usdc.key("balance", world.owner), 0))


def value(world: World, number: int, after: int | None = None) -> int:
    """Return wallet and venues together after a block, as at the time of block `number`."""
    chain, owner = world.stage.chain, world.owner
    storage = chain.state(number if after is None else after)
    frame = Frame(chain.environment(number), storage, owner, quiet=True)
    held = sum(held_in(frame, chain, slug, owner)[1] for slug in MARKETS)
    return int(storage.get(chain.deployed.usdc.key("balance", owner))) + held


def shares(world: World, slug: str) -> int:
    """Return what is held in a venue in its own units, truly."""
    chain = world.stage.chain
    frame = Frame(chain.environment(chain.head), Storage(chain.slots), world.owner, quiet=True)
    return held_in(frame, chain, slug, world.owner)[0]


def assets(world: World, slug: str) -> int:
    """Return what a position is worth now, truly."""
    chain = world.stage.chain
    frame = Frame(chain.environment(chain.head), Storage(chain.slots), world.owner, quiet=True)
    return held_in(frame, chain, slug, world.owner)[1]


def held_in(frame: Frame, chain: Any, slug: str, owner: Any) -> tuple[int, int]:
    contract = chain.contracts[MARKETS[slug].id.address]
    venue = contract.inner if isinstance(contract, Soft) else contract
    if isinstance(venue, Pool):
        scaled = venue.scaled(frame, owner)
        return scaled, venue.worth(scaled, venue.reserve(frame).index_at(frame.timestamp))
    assert isinstance(venue, Vault)
    balance = venue.balance(frame, owner)
    return balance, venue.assets_for(balance, venue.totals(frame)) if balance else 0


def ours(world: World) -> dict[int, Mined]:
    """Return what canonical blocks have of our account since the run began, by nonce."""
    first = world.truth.first_nonce
    found = (m for m in world.stage.chain.mined.values() if m.transaction.sender == world.owner)
    return {m.transaction.unsigned.nonce: m for m in found if m.transaction.unsigned.nonce >= first}


def brought(world: World, mined: Mined) -> int:
    """Return what a transaction moved of the asset into the wallet, by its own events."""
    me, total = word(world.owner), 0
    for log in mined.outcome.logs:
        if log.address == at.USDC and log.topics[0] == erc20.TRANSFER_TOPIC:
            amount = int.from_bytes(log.data, "big")
            total += amount * ((log.topics[2] == me) - (log.topics[1] == me))
    return total


def effective(world: World, mined: Mined) -> bool:
    """Say whether a transaction did what a leg is for."""
    unsigned = mined.transaction.unsigned
    if not mined.outcome.success or unsigned.to == world.owner:
        return False
    return unsigned.to == at.USDC or brought(world, mined) != 0


def settled(world: World, number: int) -> bool:
    """Say whether a block is as deep as safe blocks are; a lie about that may gain it half."""
    lied = any(isinstance(fault, WrongSafe) for fault in world.schedule.faults)
    return world.stage.chain.head - number >= (LEAST_DEPTH if lied else SAFE_LAG - 1)


def decoded(world: World, raw: bytes) -> tuple[str, Unsigned]:
    found = world.truth.raws.get(raw)
    if found is None:
        found = world.truth.raws[raw] = (transaction_hash(raw), decode_signed(raw)[0])
    return found


def paid_for(mined: Mined) -> int:
    return (
        mined.outcome.gas_used * mined.gas_price
        + mined.l1_fee
        + costs.operator_fee(mined.fees, mined.outcome.gas_used)
    )


def slots(journal: Any) -> tuple[Any, ...]:
    """Return every slot."""
    return tuple(journal.slots())


def intents(world: World) -> tuple[Any, ...]:
    """Return every intent."""
    journal = world.journal
    if hasattr(journal, "intents"):
        return tuple(journal.intents())
    found, number = [], 1
    while (intent := journal.intent(number)) is not None:
        found.append(intent)
        number += 1
    return tuple(found)


def known(world: World, decision: Any) -> bool:
    """Say whether the journal has an intent of this decision."""
    key = key_of(decision, decision.plan)
    return any(intent.key == key for intent in intents(world))


def foreign(world: World) -> bool:
    """Say whether somebody else uses our key in this run."""
    return any(isinstance(fault, ForeignUse) for fault in world.schedule.faults)


def undone(world: World) -> bool:
    """Say whether settled blocks may vanish in this run: more than the program is built to survive."""
    return any(isinstance(fault, DeepReorganised) for fault in world.schedule.faults)


def lossy(world: World) -> bool:
    """Say whether a venue loses money in this run."""
    return any(isinstance(fault, Loss) for fault in world.schedule.faults)
