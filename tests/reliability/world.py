"""A simulated desk under a schedule: processes that begin, die and begin again, on one journal, one chain."""

from __future__ import annotations

import atexit
import dataclasses
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from decimal import Decimal
from functools import cache, lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import Any

from mammon.chain import oracle
from mammon.chain.account import Sight
from mammon.chain.effects import Effects
from mammon.chain.follow import Follower
from mammon.chain.legs import Legs, Seen
from mammon.chain.purse import Ceilings, Patience, Purse
from mammon.chain.reader import Reader
from mammon.chain.recovery import Recovery
from mammon.chain.rpc import Rpc
from mammon.chain.sender import Sender
from mammon.core.decide import Decision, decide
from mammon.core.numbers import Units, Usd, Wei
from mammon.core.plan import Plan, Step
from mammon.core.policy import Policy
from mammon.core.transaction import Unsigned
from mammon.core.types import Block, Hash32, Position, Unread
from mammon.engine.observe import Survey, observe
from mammon.errors import MammonError, RefusedError
from mammon.ops.lock import MoneyLock, money_lock
from mammon.protocols.registry import VENUES
from mammon.sim import chain, processes
from mammon.sim.faults import Crash, Stage
from mammon.sim.wallet import SimSigner
from mammon.sim.world import SimWorld
from mammon.state.journal import Journal
from mammon.state.opening import Identity
from mammon.state.store import Store
from tests.core.build import portfolio as built_portfolio
from tests.core.build import snapshot as built_snapshot
from tests.reliability import ending, invariants, setting, truth
from tests.reliability.memory import MemoryJournal, MemoryLedger
from tests.reliability.schedule import Schedule
from tests.reliability.truth import KNOWN, MARKETS, Halted, Violation

FAULTY_S = 900.0
"""How long the faults stay, at most, while there is something left to do."""
LIVENESS_S = 1_800.0
"""Within this, once the world works again, everything begun must have ended."""
MOST_DECISIONS = 3
"""While the world is faulty; one more when it works again."""
CEILINGS = Ceilings(Usd(Decimal("0.50")), Usd(Decimal(25)), Usd(Decimal(2)), 12)


@lru_cache(maxsize=65_536)
def _quick_block_hash(seed: int, number: int, lineage: bytes) -> bytes:
    """Hash blocks as the chain does, with a hash that takes no time: most of a run would be Keccak."""
    digest = blake2b(b"%d/%d/" % (seed, number) + lineage, digest_size=24).digest()
    return digest + chain._hidden(digest, number).to_bytes(8, "big")


@contextmanager
def quick_hashes() -> Iterator[None]:
    """Have the blocks of every simulated chain hashed quickly, as long as this lasts."""
    sound = chain._block_hash
    chain._block_hash = _quick_block_hash  # type: ignore[assignment]
    try:
        yield
    finally:
        chain._block_hash = sound


def _nothing() -> None:
    """Look at nothing: accounts and failures have their own tests."""


class Pins:
    """What code was first seen to be; outlives processes."""

    def __init__(self) -> None:
        self._pins: dict[Any, Any] = {}

    def known(self, addresses: Any) -> dict[Any, Any]:
        return {address: self._pins[address] for address in addresses if address in self._pins}

    def first_seen(self, pins: Any) -> None:
        for pin in pins:
            self._pins.setdefault(pin.address, pin)

    def left(self, changed: Any) -> None:
        """Keep nothing: no code changes here."""


class Signer:
    """The simulated key, behind the stage."""

    def __init__(self, world: World) -> None:
        self._world, self._inner = world, SimSigner(world.sim.seed)
        self.address = self._inner.address

    def sign(self, unsigned: Unsigned) -> bytes:
        self._world.signatures.append(unsigned.payload())
        return self._world.stage.signed(lambda: self._inner.sign(unsigned))


class World:
    """One run of one schedule. `violations` is what went wrong with the program, not with the world."""

    def __init__(self, schedule: Schedule, trace: Callable[[str], None] | None = None) -> None:
        self.schedule = schedule
        self.sim = SimWorld(schedule.world)
        self.stage = Stage(self.sim, schedule.endpoints)
        self.owner = self.sim.wallet
        self.violations: list[Violation] = []
        self.signatures: list[bytes] = []
        self.permitted: list[tuple[bytes, Any]] = []
        self.emergencies: list[tuple[str, str]] = []
        self.ends: list[str] = []
        self.commands = 0
        self.decisions = 0
        self.calm = False
        self.pins = Pins()
        self.ledger = MemoryLedger()
        self.folder: Path | None = None
        self._store: Store | None = None
        self._lock: MoneyLock | None = None
        self._memory = MemoryJournal()
        if schedule.stored:
            self.folder = Path(tempfile.mkdtemp(prefix="mammon-", dir=_ram_disk()))
            shutil.copytree(_template(self.owner), self.folder, dirs_exist_ok=True)
        setting.prepare(self)
        if trace is not None:
            self.stage.trace = lambda line: trace(f"{self.stage.elapsed_s:8.2f} {line}")
        self.stage.watch = lambda what: invariants.check_step(self, what)

    # --- the parts of a process --------------------------------------------------------------------

    @property
    def journal(self) -> Any:
        """Return the journal itself, without anything in between."""
        if not self.schedule.stored:
            return self._memory
        if self._store is None:
            assert self.folder is not None
            self._store = Store.open(self.folder, _identity(self.owner))
        return Journal(self._store.database)

    def lock(self, command: str) -> MoneyLock:
        """Take the money lock. Raises `OutsideError` when somebody has it."""
        assert self.folder is not None
        now = self.stage.clock.now()
        return money_lock(self.folder, KNOWN.chain_id, self.owner, command, now, lambda _s: None)

    def _ended(self) -> None:
        """Take from a process what the kernel takes from a dead one: its lock and its open files."""
        if self._lock is not None:
            self._lock.release()
        if self._store is not None:
            self._store.close()
        self._lock = self._store = None

    def stops(self) -> tuple[str, ...]:
        """Return the stops in force: those of the faults and the program's own emergency."""
        return (*self.stage.stops, *(("emergency",) if self.emergencies else ()))

    def purse(self) -> Purse:
        """Return what a new process works with."""
        self._ended()
        if self.folder is not None:
            self._lock = self.lock("run")
        stage = self.stage
        rpc = Rpc(stage.endpoints, KNOWN.chain_id, clock=stage.clock, jitter=lambda: 0.5)
        reader = _reader_of(rpc)
        asset = KNOWN.token("USDC")
        return Purse(
            rpc=rpc,
            reader=reader,
            effects=Effects(rpc, reader, VENUES, MARKETS, asset, self.owner),
            journal=stage.guarded(self.journal),
            pins=self.pins,
            signer=Signer(self),
            clock=stage.clock,
            owner=self.owner,
            asset=asset,
            gas_price_oracle=KNOWN.gas_price_oracle,
            markets=MARKETS,
            venues=VENUES,
            ceilings=CEILINGS,
            stops=self.stops,
            forbidden=lambda: "",
            emergency=self._emergency,
            progress=lambda _what: None,
            note=lambda *_: None,
            patience=Patience(poll_s=self.schedule.poll_s),
        )

    def _emergency(self, code: str, why: str) -> None:
        if self.stage.dead:
            raise Crash("already dead")
        self.stage.trace(f"emergency {code}: {why}")
        self.emergencies.append((code, why))
        ending.check_halt(self, code, why)

    # --- running -----------------------------------------------------------------------------------

    def run(self) -> World:
        """Run the whole schedule: faults, then none. Ends at the first violation."""
        try:
            with suppress(Halted):
                setting.fund(self)
                self.stage.play(self.schedule.faults)
                self._until(FAULTY_S)
                self.stage.calm()
                self.calm = True
                self.sim.advance(4.0)
                self.stage.trace("--- the world works again")
                began = self.stage.elapsed_s
                self._until(began + LIVENESS_S)
                self.took_s = self.stage.elapsed_s - began
                ending.check_end(self)
        finally:
            self.states = Counter(intent.state for intent in truth.intents(self))
            self._ended()
            if self.folder is not None:
                shutil.rmtree(self.folder, ignore_errors=True)
        return self

    def _until(self, end_s: float) -> None:
        """Begin one process after the other until all is done, or the time is over."""
        while self.stage.elapsed_s < end_s and not self.emergencies:
            self.stage.restart()
            self.commands += 1
            self.stage.trace(f"--- process {self.commands}")
            try:
                if self.command():
                    return
            except Crash as crash:
                self.ends.append(f"crash {crash}")
            except MammonError as error:
                self.ends.append(error.code)
                self.stage.trace(f"ends: {error}")
            self.stage.restart()
            with suppress(Crash):
                self.stage.clock.sleep(self.schedule.pause_s)

    def command(self) -> bool:
        """Do what one start of an acting command does; return whether nothing is left to do."""
        purse = self.purse()
        follower = Follower(purse)
        recovery = Recovery(purse, follower)
        legs = Legs(purse, Sender(purse, follower), recovery, self._see, self._enter, _nothing, _nothing)
        try:
            legs.recover()
            decision = self._decided()
            if decision is not None:
                self.decisions += 1
                legs.execute(decision)
        except RefusedError as error:
            self.ends.append(error.code)
            self.stage.trace(f"refused: {error}")
        return self.journal.open_slot() is None and not self.journal.open_intents() and self._enough()

    def _sight(self, purse: Purse) -> Sight:
        """Read the account as a cycle does, through whatever the endpoints answer."""
        seen = observe(SURVEY, purse.reader, {}, self.owner, purse.soon())
        assert seen.portfolio is not None
        return Sight(seen.portfolio, seen.snapshot.block, seen.hints)

    def _enter(self, plan: Plan, amount: Units, fleeing: bool) -> str:
        return "rate_moved" if self.schedule.stays_out else ""

    # --- the decision ------------------------------------------------------------------------------

    def _snapshot(self) -> Any:
        chain = self.stage.chain
        number = chain.head
        time = processes.timestamp_of(number)
        block = Block(
            number, _hash(chain, number), _hash(chain, number - 1), time, Wei(chain.base_fee(number))
        )
        price = dataclasses.replace(_base().snapshot.eth_usd, updated=time - 100)
        return dataclasses.replace(_base().snapshot, block=block, eth_usd=price)

    def _see(self) -> Seen:
        return Seen(self._snapshot(), self._portfolio(), Policy())

    def _portfolio(self) -> Any:
        held = (
            Position(
                market.id,
                slug,
                self.owner,
                Units(truth.shares(self, slug)),
                Units(truth.assets(self, slug)),
            )
            for slug, market in MARKETS.items()
        )
        return dataclasses.replace(_base().portfolio, owner=self.owner, positions=tuple(held))

    def _enough(self) -> bool:
        """Say whether there is nothing more to decide: the move is made, or was tried often enough."""
        made = any(intent.kind == "move" and intent.state == "done" for intent in truth.intents(self))
        return made or self.decisions >= (MOST_DECISIONS + self.calm)

    def _decided(self) -> Decision | None:
        """Return the next decision: the schedule's move from wherever its money is now, until it is made."""
        if self.journal.open_intents() or self._enough():
            return None
        one, idle = self.schedule, truth.wallet(self)
        began = self.decisions and one.source != "idle" and truth.assets(self, one.source) < 10**6
        source = "idle" if began else one.source
        size = (idle if source == "idle" else truth.assets(self, source)) // (2 if one.part else 1)
        if size < 10**6:
            return None
        everything, size = source != "idle" and not one.part, Units(size)
        leaving = () if source == "idle" else (_step("withdraw", source, size, everything),)
        steps = (*leaving, _step("approve", one.target, size), _step("deposit", one.target, size))
        plan = Plan(source, one.target, size, steps)
        return dataclasses.replace(_base(), snapshot=self._snapshot(), portfolio=self._portfolio(), plan=plan)


def _wallet_reads(owner: Any) -> dict[str, Any]:
    idle = oracle.token_balance(KNOWN.token("USDC"), owner)
    return {"idle": idle, "native": oracle.native_balance(KNOWN.multicall3, owner)}


def _reader_of(rpc: Rpc) -> Reader:
    return Reader(rpc, KNOWN.chain_id, KNOWN.multicall3, parallel=1)


SURVEY = Survey(
    KNOWN.chain_id,
    KNOWN.token("USDC"),
    KNOWN.markets,
    VENUES,
    dict,
    _wallet_reads,
    lambda _: Unread("fees", "unasked", "the account alone is asked for"),
    (),
)


@cache
def _base() -> Decision:
    return decide(built_snapshot(), built_portfolio(0), Policy(), 0)


def _step(action: Any, slug: str, amount: Units, everything: bool = False) -> Step:
    market = MARKETS[slug]
    return Step(action, slug, market.id, market.protocol, amount, everything)


def _hash(chain: Any, number: int) -> Hash32:
    return Hash32("0x" + chain.block_hash(number).hex())


def _identity(owner: Any) -> Identity:
    return Identity("mock", KNOWN.chain_id, owner)


def _ram_disk() -> str | None:
    return "/dev/shm" if Path("/dev/shm").is_dir() else None


@cache
def _template(owner: Any) -> Path:
    """Return a folder with an empty database, made once for each account."""
    folder = Path(tempfile.mkdtemp(prefix="mammon-template-", dir=_ram_disk()))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    Store.open(folder, _identity(owner)).close()
    return folder
