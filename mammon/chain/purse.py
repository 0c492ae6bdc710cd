"""The account that acts: its ports, its limits, and whom it asks before each signature."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from mammon.chain.effects import Effects
from mammon.chain.journal import Journal
from mammon.chain.permit import Pin
from mammon.chain.reader import Reader
from mammon.chain.rpc import Rpc
from mammon.core.numbers import Usd
from mammon.core.ports import Clock, Deadline, Signer
from mammon.core.types import Address, Market, Token
from mammon.core.watch import Pace
from mammon.errors import PersonNeededError
from mammon.net.deadline import Deadline as Countdown
from mammon.protocols.base import LendingVenue


class Pins(Protocol):
    """What the code of contracts was when it was first seen, or accepted by a person."""

    def known(self, addresses: Sequence[Address]) -> Mapping[Address, Pin]:
        """Return the pins of those addresses that have one."""
        ...

    def first_seen(self, pins: Sequence[Pin]) -> None:
        """Keep the pins of addresses that have none; never changes one."""
        ...

    def left(self, changed: Sequence[Pin]) -> None:
        """Keep in the log which changed code a way home rests on; changes no pin."""
        ...


@dataclass(frozen=True, slots=True)
class Ceilings:
    """What transactions may cost and how many there may be; the phase's table has lowered them."""

    transaction_usd: Usd
    exit_usd: Usd
    """For each transaction of a defensive exit."""
    day_usd: Usd
    per_hour: int


@dataclass(frozen=True, slots=True)
class Patience:
    """How long things may take. Seconds."""

    slot_s: int = 600
    """Chain time after which an unmined transaction is cancelled."""
    intent_s: int = 1_800
    """Chain time after which an intent begins no new leg."""
    follow_s: int = 1_800
    """How long one process watches one transaction before it leaves it to the next."""
    poll_s: float = 2.0
    """Between two looks at what no block has yet."""
    settle_s: float = 10.0
    """Between two looks at what waits for its block to be settled."""
    tell_s: float = 10.0
    """Between two broadcasts of the same bytes."""
    head_s: int = 30
    """Age of the newest block beyond which nothing is signed on it."""
    request_s: float = 10.0
    """For one look at all endpoints, or one broadcast to them."""


@dataclass(frozen=True, slots=True)
class Purse:
    """Everything the money path works with, for one account on one chain."""

    rpc: Rpc
    reader: Reader
    effects: Effects
    journal: Journal
    pins: Pins
    signer: Signer
    clock: Clock
    owner: Address
    asset: Token
    gas_price_oracle: Address | None
    markets: Mapping[str, Market]
    venues: Mapping[str, LendingVenue]
    ceilings: Ceilings
    stops: Callable[[], tuple[str, ...]]
    """Names of the stops in force, asked anew at each call."""
    forbidden: Callable[[], str]
    """Why this world may not sign at all now; empty when it may."""
    emergency: Callable[[str, str], None]
    """Stop everything: (code, sentence)."""
    progress: Callable[[str], None]
    """Told at each step forward, and at each new block while waiting."""
    note: Callable[[str], None]
    """Told what a person should read."""
    pace: Pace = field(default_factory=Pace)
    patience: Patience = field(default_factory=Patience)
    exiting: bool = False
    """A person commanded to bring money home: neither phase nor acknowledgement holds that back."""
    overriding: bool = False
    """A person at a terminal overrides the kill switch, for ways home alone."""
    accepted: tuple[Pin, ...] = ()
    """Changed code that a person at a terminal took as it is, for ways home alone."""
    leaving: bool = False
    """The policy leaves what is in danger: also code that changed, as every endpoint tells it."""
    payers: Mapping[str, Market] = field(default_factory=dict)
    """Who pays rewards, by slug; no market has one of theirs."""

    @property
    def subjects(self) -> Mapping[str, Market]:
        """Return everything that a leg may be about."""
        return {**self.payers, **self.markets}

    def stopped(self, code: str, why: str) -> PersonNeededError:
        """Stop everything, and return the error that says so."""
        self.emergency(code, why)
        return PersonNeededError(code, why, "nothing more is signed; look, then `mammon resume --reason`")

    def soon(self) -> Deadline:
        """Return the deadline of one request."""
        return Countdown(self.patience.request_s, self.clock.monotonic)
