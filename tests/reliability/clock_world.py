"""A simulated desk whose machine has a clock of its own: cycles as the program runs them, on a real state.

Everything is the program's: parts, gates, limits, journal, sender. Each attempt is a process of its own that
wants to deposit a little of the idle money, which always pays, so that nothing but limits and clocks holds
it back.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any, TypeVar

from mammon.cli import worlds
from mammon.cli.ledgers import StateWindows
from mammon.cli.parts import Parts
from mammon.config.settings import Settings
from mammon.core.decide import Ask
from mammon.core.numbers import Fraction, Seconds, Units, Usd
from mammon.core.plan import IDLE
from mammon.core.policy import Policy
from mammon.core.ports import Deadline
from mammon.engine import cycle
from mammon.engine.accounts import ChainAccount
from mammon.errors import MammonError, TransientError
from mammon.ops import stops
from mammon.sim import processes
from mammon.sim.faults import Stage
from mammon.sim.faults.fault import Fault
from mammon.sim.faults.stage import Endpoint, MachineClock
from mammon.sim.wallet import SimSigner
from mammon.sim.world import SimWorld
from mammon.state.store import Store
from tests.reliability.clock_scripts import DAY_S, Change, Script
from tests.reliability.truth import KNOWN

T = TypeVar("T")

POLICY = Policy(
    min_apy_gain=Fraction(Decimal(0)),
    min_annual_gain_usd=Usd(Decimal(0)),
    max_break_even_days=Decimal(10**6),
    max_cost_share=Fraction(Decimal(1)),
    cooldown_s=Seconds(1_800),
    max_moves_per_day=3,
    max_transactions_per_hour=5,
)
AMOUNT = Units(100 * 10**6)
TARGET = "aave-v3"


class ScriptedClock(MachineClock):
    """The machine's clock as a script has it."""

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage)
        self._change = Change("off by", 0, at_s=0)
        self._since = 0.0
        self._suspended_s = 0.0

    def change(self, change: Change) -> None:
        """Go wrong in another way from here on."""
        if change.what == "suspended":
            self._stage.world.advance(change.by)  # the chain goes on; the monotonic count does not
            self._suspended_s += change.by
            return
        self._change, self._since = change, self._stage.world.elapsed

    def now(self) -> int:
        """Return what the machine takes for unix seconds."""
        world, change = self._stage.world, self._change
        passed = world.elapsed - self._since
        if change.what == "shows":
            return int(change.by + passed)
        return int(world.time + (change.by * passed if change.what == "drifts" else change.by))

    @property
    def awake_s(self) -> float:
        """Seconds that the machine was awake, over all processes."""
        return self._stage.world.elapsed - self._suspended_s

    def monotonic(self) -> float:
        """Return seconds awake, counted from anywhere."""
        return super().monotonic() - self._suspended_s


class Happens(Fault):
    """Let the script's changes take place: as time passes, and in the middle of a move."""

    name = "clock_script"

    def __init__(self, script: Script) -> None:
        super().__init__(Random(0))
        self._due = sorted(
            (one for one in script.changes if one.at_s is not None), key=lambda one: one.at_s or 0
        )
        self._midway = [one for one in script.changes if one.signature is not None]
        self._signed = 0
        self._bad_endpoint = script.bad_endpoint

    def tick(self) -> None:
        """Make the changes whose time has come."""
        while self._due and self.stage.elapsed_s >= (self._due[0].at_s or 0):
            self.stage.clock.change(self._due.pop(0))  # type: ignore[attr-defined]
            self._bad_endpoint = False

    def next_s(self) -> float:
        """Return when the next change is due."""
        return self._due[0].at_s or 0.0 if self._due else float("inf")

    def write(self, method: str, proceed: Callable[[], T]) -> T:
        """Count signatures that are durable."""
        found = proceed()
        if method == "sign_slot":
            self._signed += 1
            for change in [one for one in self._midway if one.signature == self._signed]:
                self.stage.clock.change(change)  # type: ignore[attr-defined]
        return found

    def exchange(
        self, endpoint: Endpoint, methods: Sequence[str], deadline: Deadline, proceed: Callable[[], bytes]
    ) -> bytes:
        """Fail at the first endpoint, where the script wants it."""
        if self._bad_endpoint and endpoint.place == 0:
            raise TransientError("connect", "connection refused")
        return proceed()


class Desk:
    """One account under one script."""

    def __init__(self, script: Script) -> None:
        self.sim = SimWorld(5)
        if script.opens_before_midnight_s:
            self.sim.advance(DAY_S - self.sim.time % DAY_S - script.opens_before_midnight_s)
        self.stage = Stage(self.sim, 2)
        self.clock = self.stage.clock = ScriptedClock(self.stage)
        self.owner = self.sim.wallet
        ram = "/dev/shm" if Path("/dev/shm").is_dir() else None
        self.folder = Path(tempfile.mkdtemp(prefix="mammon-clock-", dir=ram))
        self.notes: list[str] = []
        self.settings = Settings(mode="mock", seed=5, home=self.folder, policy=POLICY)
        known: Any = SimpleNamespace(settings=self.settings)
        self._identity = worlds.identity(known)
        self._home = worlds.directory(known, self._identity)
        self.rests: dict[str, float] = {}
        self.script = Happens(script)
        self.stage.play((self.script,))

    def wait(self, until_s: float) -> None:
        """Let time pass while no process runs, from change to change."""
        while (now_s := self.stage.elapsed_s) < until_s:
            self.sim.advance(max(0.001, min(until_s, self.script.next_s()) - now_s))
            self.script.tick()

    def attempt(self) -> str:
        """Start a process that wants to deposit; return `moved`, or why it did not."""
        self.stage.restart()
        call: Any = SimpleNamespace(
            settings=self.settings,
            output=SimpleNamespace(progress=lambda _: None, note=self.notes.append),
            process=SimpleNamespace(clock=self.clock),
            deadline=None,
        )
        with self.opened() as store:
            store.check()
            parts = Parts(call, store, KNOWN, self.stage.endpoints, self.clock, self.owner, simulated=True)
            account = ChainAccount(store.moves.last_day, self.in_force, StateWindows(store), lambda *_: ())
            legs = parts.acting(self._signer(), lambda: "")
            parts.place(account, legs, lambda: None)
            _staged(legs, self.stage)
            try:
                return self._cycled(parts.world)
            except MammonError as error:
                return error.code
            finally:
                parts.keep_resting()
                self.rests = dict(parts.rpc.resting())

    def opened(self) -> Store:
        """Open the state."""
        return Store.open(self._home, self._identity)

    def in_force(self) -> tuple[str, ...]:
        """Return the stops in force."""
        return stops.in_force(self.folder, self._home)

    def _cycled(self, world: cycle.World) -> str:
        cycle.recover(world)
        decision = cycle.judge(world, world.observe(), Ask(IDLE, TARGET, AMOUNT))
        if decision.plan is None:
            return f"refused:{decision.refused_by[0]}" if decision.refused_by else "held"
        cycle.act(world, decision)
        return "moved"

    def _signer(self) -> Any:
        inner = SimSigner(self.sim.seed)
        sign = lambda unsigned: self.stage.signed(lambda: inner.sign(unsigned))  # noqa: E731
        return SimpleNamespace(address=inner.address, sign=sign)

    def mined(self) -> list[tuple[int, bool]]:
        """Return the block times of our transactions, oldest first, and whether each is a deposit."""
        ours = [one for one in self.stage.chain.mined.values() if one.transaction.sender == self.owner]
        others = (KNOWN.token("USDC").address, self.owner)  # an approval, a cancellation
        return sorted(
            (
                processes.timestamp_of(one.number),
                one.transaction.unsigned.to not in others and one.outcome.success,
            )
            for one in ours
        )

    def close(self) -> None:
        """Leave nothing behind."""
        shutil.rmtree(self.folder, ignore_errors=True)


def _staged(legs: Any, stage: Stage) -> None:
    """Put the stage between the money path and its journal."""
    guarded = stage.guarded(legs.purse.journal)
    object.__setattr__(legs.purse, "journal", guarded)


class Zone:
    """The machine's time zone, for as long as the block lasts."""

    def __init__(self, name: str) -> None:
        self._name, self._before = name, os.environ.get("TZ")

    def __enter__(self) -> None:
        os.environ["TZ"] = self._name
        time.tzset()

    def __exit__(self, *_: object) -> None:
        if self._before is None:
            del os.environ["TZ"]
        else:
            os.environ["TZ"] = self._before
        time.tzset()
