"""A simulated world with the whole money path on it, the journal in a real state database."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from mammon.chain import oracle
from mammon.chain.account import Account, Sight
from mammon.chain.effects import Effects
from mammon.chain.evidence import Pin
from mammon.chain.eyes import Eyes
from mammon.chain.follow import Follower
from mammon.chain.legs import Legs, Seen
from mammon.chain.purse import Ceilings, Patience, Purse
from mammon.chain.reader import Reader
from mammon.chain.recovery import Recovery
from mammon.chain.rpc import Rpc
from mammon.chain.sender import Sender
from mammon.cli.acting import StateMarks, count_failures
from mammon.core.decide import Decision, decide
from mammon.core.numbers import Units, Usd, Wei
from mammon.core.plan import Plan, Step
from mammon.core.policy import Policy
from mammon.core.ports import Transport
from mammon.core.types import Address, Portfolio, Snapshot
from mammon.core.watch import Pace
from mammon.engine.observe import Observation, Survey, observe
from mammon.net.deadline import Deadline
from mammon.ops import stops
from mammon.protocols.registry import VENUES
from mammon.sim.addresses import CHAIN_ID
from mammon.sim.chainfile import chain_file
from mammon.sim.clock import SimClock
from mammon.sim.node import SimNode
from mammon.sim.wallet import SimSigner
from mammon.sim.world import SimWorld
from mammon.state.journal import Journal
from mammon.state.opening import Identity
from mammon.state.store import Store

KNOWN = chain_file()
MARKETS = {market.slug: market for market in KNOWN.markets}
PAYERS = {payer.slug: payer for payer in KNOWN.payers}
USDC = KNOWN.token("USDC")


class MemoryPins:
    """Pins that live as long as the test."""

    def __init__(self) -> None:
        self.pins: dict[Address, Pin] = {}
        self.log: list[Pin] = []
        """Changed code that ways home rested on."""

    def known(self, addresses: Sequence[Address]) -> Mapping[Address, Pin]:
        return {address: self.pins[address] for address in addresses if address in self.pins}

    def first_seen(self, pins: Sequence[Pin]) -> None:
        for pin in pins:
            self.pins.setdefault(pin.address, pin)

    def left(self, changed: Sequence[Pin]) -> None:
        self.log.extend(changed)


class Desk:
    """One account of one simulated world, and everything between it and a decision.

    `begun`: it has started once, and knows how many transactions the account has sent. `leaving`: as the
    purse's.
    """

    def __init__(
        self, folder: Path, seed: int = 7, endpoints: int = 1, begun: bool = True, leaving: bool = True
    ) -> None:
        self.world = SimWorld(seed)
        self.clock = SimClock(self.world)
        self.nodes = [SimNode(self.world, f"node{number}") for number in range(endpoints)]
        self.folder, self.signer = folder, SimSigner(seed)
        self.pins = MemoryPins()
        self.stops: list[str] = []
        self.emergencies: list[tuple[str, str]] = []
        self.notes: list[str] = []
        self.refuse = ""
        self.leaving = leaving
        self.start()
        if begun:
            self.recovery.run()

    def start(self, transports: Sequence[Transport] = (), wrap: Callable[[Any], Any] = lambda it: it) -> None:
        """Put the money path together as a new process would."""
        owner = self.world.wallet
        self.store = Store.open(self.folder, Identity("mock", CHAIN_ID, owner))
        self.journal = Journal(self.store.database)
        self.rpc = Rpc(transports or self.nodes, CHAIN_ID, clock=self.clock, jitter=lambda: 0.5)
        self.reader = self._reader(self.rpc)
        self.purse = Purse(
            rpc=self.rpc,
            reader=self.reader,
            effects=Effects(self.rpc, self.reader, VENUES, PAYERS | MARKETS, USDC, owner),
            journal=wrap(self.journal),
            pins=self.pins,
            signer=self.signer,
            clock=self.clock,
            owner=owner,
            asset=USDC,
            gas_price_oracle=KNOWN.gas_price_oracle,
            markets=MARKETS,
            venues=VENUES,
            ceilings=Ceilings(Usd(Decimal("0.50")), Usd(Decimal(25)), Usd(Decimal(2)), 12),
            stops=lambda: (*self.stops, *stops.in_force(self.folder.parent, self.folder)),
            forbidden=lambda: "",
            emergency=self._emergency,
            progress=lambda text: None,
            note=self.notes.append,
            pace=Pace(),
            patience=Patience(),
            payers=PAYERS,
            leaving=self.leaving,
        )
        self.follower = Follower(self.purse)
        self.recovery = Recovery(self.purse, self.follower)
        self.sender = Sender(self.purse, self.follower)
        self.account = Account(self.purse, StateMarks(self.store), self.sight, self.eyes)
        self.legs = Legs(
            self.purse,
            self.sender,
            self.recovery,
            self.see,
            lambda plan, amount, fleeing: self.refuse,
            self.account.explain,
            lambda: count_failures(self.store, self.folder, self.clock, self.notes.append),
        )

    def _reader(self, rpc: Rpc) -> Reader:
        return Reader(rpc, CHAIN_ID, KNOWN.multicall3, parallel=1)

    def _wallet(self, owner: Address) -> dict[str, Any]:
        return {
            "idle": oracle.token_balance(USDC, owner),
            "native": oracle.native_balance(KNOWN.multicall3, owner),
        }

    def eyes(self, rpc: Rpc) -> Eyes:
        """Return what reads the account at settled blocks."""
        depth, owner = self.purse.pace.least_depth, self.world.wallet
        return Eyes(rpc, self._reader(rpc), owner, USDC, MARKETS, VENUES, self._wallet, depth, self.soon)

    def restart(self, transports: Sequence[Transport] = ()) -> None:
        """Let the process die and begin another."""
        self.store.close()
        self.start(transports)

    def _emergency(self, code: str, why: str) -> None:
        self.emergencies.append((code, why))
        self.stops.append("emergency")

    # --- seeing --------------------------------------------------------------------------------------

    def soon(self) -> Deadline:
        return Deadline(60.0, self.clock.monotonic)

    def observation(self) -> Observation:
        from mammon.chain.fees import fees

        def feeds() -> dict[str, Any]:
            found = {
                name: oracle.price(pair, feed.address, feed.heartbeat_s, KNOWN.multicall3)
                for name, pair in (("eth_usd", "eth_usd"), ("asset_usd", "usdc_usd"))
                if (feed := KNOWN.feed(pair)) is not None
            }
            assert KNOWN.gas_price_oracle is not None
            return {**found, "data_fees": oracle.data_fees(KNOWN.gas_price_oracle)}

        survey = Survey(
            CHAIN_ID,
            USDC,
            tuple(MARKETS.values()),
            VENUES,
            feeds,
            self._wallet,
            lambda round_: fees(round_, round_.values["data_fees"]),
            KNOWN.gas_units,
        )
        return observe(survey, self.reader, {}, self.world.wallet, self.soon())

    def sight(self) -> Sight:
        """Return what the account's explanation begins with."""
        found = self.observation()
        assert found.portfolio is not None
        return Sight(found.portfolio, found.snapshot.block, found.hints)

    def see(self) -> Seen:
        found = self.observation()
        assert found.portfolio is not None
        return Seen(found.snapshot, found.portfolio, Policy())

    @property
    def portfolio(self) -> Portfolio:
        return self.see().portfolio

    @property
    def snapshot(self) -> Snapshot:
        return self.see().snapshot

    @property
    def idle(self) -> int:
        idle = self.portfolio.idle
        assert isinstance(idle, int)
        return idle

    def held(self, slug: str) -> int:
        found = [p.assets for p in self.portfolio.positions if getattr(p, "slug", "") == slug]  # type: ignore[union-attr]
        return found[0] if found else 0

    @property
    def native(self) -> Wei:
        native = self.portfolio.native
        assert isinstance(native, int)
        return native

    # --- deciding ------------------------------------------------------------------------------------

    def decision(self, source: str, target: str, amount: int | None = None) -> Decision:
        """Return a decision with the plan of a move, whether it pays or not."""
        seen = self.see()
        held = self.held(source) if source != "idle" else self.idle
        size = Units(held if amount is None else amount)
        everything = source != "idle" and amount is None
        leaving = () if source == "idle" else (_step("withdraw", source, size, everything),)
        entering = (
            () if target == "idle" else tuple(_step(each, target, size) for each in ("approve", "deposit"))
        )
        steps = (*leaving, *entering)
        base = decide(seen.snapshot, seen.portfolio, seen.policy, self.clock.now())
        return dataclasses.replace(base, plan=Plan(source, target, size, steps))


def _step(action: Any, slug: str, amount: Units, everything: bool = False) -> Step:
    market = MARKETS[slug]
    return Step(action, slug, market.id, market.protocol, amount, everything)
