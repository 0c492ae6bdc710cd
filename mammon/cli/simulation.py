"""The simulated world between processes: rebuilt from the state, made durable as it goes."""

from __future__ import annotations

import typing

from mammon.cli.invocation import Invocation
from mammon.core.costs import token_amount
from mammon.core.numbers import Units
from mammon.core.ports import Deadline
from mammon.core.types import Address
from mammon.errors import UsageError
from mammon.protocols.chains import ChainFile
from mammon.sim.chainfile import chain_file
from mammon.sim.clock import SimClock
from mammon.sim.crises import Crisis
from mammon.sim.node import SimNode
from mammon.sim.record import Recording
from mammon.sim.wallet import SimSigner
from mammon.sim.world import SimWorld
from mammon.state import meta
from mammon.state.simchain import Accepted, SimHead
from mammon.state.store import Store

_CAPITAL = "sim_capital"
_VENUES = "sim_venues"
_CRISIS = "sim_crisis"


class Simulation:
    """A simulated chain whose accepted transactions are in the state before anybody hears of them."""

    def __init__(self, store: Store, world: SimWorld, head: SimHead) -> None:
        self._store, self._world, self._head = store, world, head
        self._node = SimNode(world)
        self.clock = SimClock(world)
        self.chain: ChainFile = chain_file(world.full, pegs=world.crisis == "depeg")
        self.wallet: Address = world.wallet
        self.signer = SimSigner(world.seed)

    @classmethod
    def begun(cls, store: Store, call: Invocation) -> Simulation:
        """Begin the simulated world of the settings, or go on where an earlier command left it."""
        seed = call.settings.seed
        fresh = SimWorld(seed)
        with store.transaction():
            head = store.simchain.begin(seed, fresh.recording().height)
            full = _full(store, call)
            crisis = _crisis(store, call)
            capital = _capital(store, call)
        sent = tuple((accepted.height, accepted.raw) for accepted in store.simchain.accepted())
        return cls(store, SimWorld.rebuild(Recording(seed, head.height, sent, capital, full, crisis)), head)

    @property
    def name(self) -> str:
        """The endpoint's name."""
        return self._node.name

    def exchange(self, body: bytes, deadline: Deadline) -> bytes:
        """Answer one request; a transaction it accepted is durable before the answer is given."""
        answer = self._node.exchange(body, deadline)
        if len(self._world.recording().transactions) > self._head.accepted:
            self.keep()
        return answer

    def merkl(self, url: str) -> bytes:
        """Return what Merkl would answer about this chain."""
        from mammon.sim.merkl import answer

        return answer(self._world, url)

    def keep(self) -> None:
        """Make the chain's height and its accepted transactions durable."""
        now = self._world.recording()
        new = now.transactions[self._head.accepted :]
        if now.height == self._head.height and not new:
            return
        with self._store.change():
            added = [Accepted(height, raw) for height, raw in new]
            self._head = self._store.simchain.advance(self._head, now.height, added)


def _full(store: Store, call: Invocation) -> bool:
    """Return whether the world has a venue of every kind; that is set once, when the world begins."""
    wanted, facts = call.settings.sim_venues, meta.facts(store.database)
    known = facts.get(_VENUES, "few" if _CAPITAL in facts else None)
    if known is None:
        meta.put(store.database, {_VENUES: wanted})
        return wanted == "all"
    if known != wanted and call.resolved.origins["sim_venues"] != "default":
        raise UsageError(
            "other_venues",
            f"this simulated world began with {known} of the venues, not {wanted}",
            f"set sim_venues to {known!r}, or use another MAMMON_HOME",
        )
    return known == "all"


def _crisis(store: Store, call: Invocation) -> Crisis:
    """Return what befalls the world; that is set once, when the world begins."""
    wanted, facts = call.settings.sim_crisis, meta.facts(store.database)
    known = facts.get(_CRISIS, "none" if _CAPITAL in facts else None)
    if known is None:
        meta.put(store.database, {_CRISIS: wanted})
        return wanted
    if known != wanted and call.resolved.origins["sim_crisis"] != "default":
        raise UsageError(
            "other_crisis",
            f"this simulated world began with the crisis {known!r}, not {wanted!r}",
            f"set sim_crisis to {known!r}, or use another MAMMON_HOME",
        )
    return next(crisis for crisis in typing.get_args(Crisis) if crisis == known)


def _capital(store: Store, call: Invocation) -> Units:
    """Return what the wallet began with; it is set once, when the world begins."""
    wanted = token_amount(call.settings.capital_usdc, 6)
    known = meta.facts(store.database).get(_CAPITAL)
    if known is None:
        meta.put(store.database, {_CAPITAL: str(wanted)})
        return wanted
    if int(known) != wanted and call.resolved.origins["capital_usdc"] != "default":
        raise UsageError(
            "other_capital",
            f"this simulated world began with {int(known) // 10**6} USDC, not {wanted // 10**6}",
            "leave --capital out, or use another MAMMON_HOME",
        )
    return Units(int(known))
