"""The stage: a world, its endpoints, its clock and a journal, with faults between them and the program.

The program needs no hooks: everything it touches is wrapped. One call is one step; after each step
`watch` is told, so that invariants are looked at wherever they could break. From the moment a fault
ends the process until `restart`, every step ends it again: nothing a dying program does in its last
handlers reaches the outside.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from mammon.core.ports import Deadline
from mammon.sim.contracts.machine import Environment, Storage
from mammon.sim.faults.fault import Crash, Fault
from mammon.sim.node import SimNode
from mammon.sim.wire import Json
from mammon.sim.world import SimWorld

EXCHANGE_S = 0.04
"""What one exchange takes: a program that polls without a pause still lets time pass."""
_TICK_S = 2.0
_READS = frozenset(
    {
        "open_slot",
        "attempts",
        "next_nonce",
        "open_intents",
        "legs",
        "unsealed",
        "spent",
        "bill",
        "slots",
        "slots_since",
        "seen_at",
    }
)
"""Methods of the journal that change nothing."""


class Stage:
    """Everything outside the program, and the faults in it."""

    def __init__(self, world: SimWorld, endpoints: int) -> None:
        self.world, self.chain = world, world.chain
        # The contracts are shared by all worlds; a fault may replace one here.
        self.chain.contracts = dict(self.chain.contracts)
        self.opened_at = world.elapsed
        self.endpoints = tuple(Endpoint(self, place) for place in range(endpoints))
        self.clock = MachineClock(self)
        self.stops: dict[str, float] = {}
        """The stops that somebody set, and since when."""
        self.sent: list[tuple[int, bytes]] = []
        """(place of the endpoint, raw transaction) of every broadcast that reached the wire."""
        self.steps = 0
        self.dead = False
        self.trace: Callable[[str], None] = lambda _line: None
        self.watch: Callable[[str], None] = lambda _what: None
        self.faults: tuple[Fault, ...] = ()
        self._bent: dict[str, tuple[Fault, ...]] = {}

    @property
    def elapsed_s(self) -> float:
        """Seconds since the stage opened."""
        return self.world.elapsed - self.opened_at

    def bent(self, hook: str) -> tuple[Fault, ...]:
        """Return the faults that have this hook."""
        return self._bent.get(hook, ())

    def play(self, faults: Sequence[Fault]) -> None:
        """Let these faults begin; their moments count from here."""
        self.opened_at = self.world.elapsed
        self._set(faults)
        for fault in faults:
            fault.begin(self)

    def calm(self) -> None:
        """Take every fault away: from here on the world works."""
        faults = self.faults
        self._set(())
        for fault in faults:
            fault.end()

    def stop(self, name: str) -> None:
        """Set a stop, unless it is set."""
        self.stops.setdefault(name, self.world.elapsed)

    def lift(self, name: str) -> None:
        """Lift a stop."""
        self.stops.pop(name, None)

    def restart(self) -> None:
        """Begin a new process: its monotonic clock counts from elsewhere."""
        self.dead = False
        self.clock.rebooted()

    def crash(self, where: str) -> Crash:
        """Return what ends the process, and see to it that nothing else gets out."""
        self.dead = True
        self.trace(f"dies {where}")
        return Crash(where)

    def step(self, what: str) -> None:
        """Count a step of the program. Raises `Crash` when the process is gone already."""
        if self.dead:
            raise Crash("already dead")
        self.steps += 1
        self.trace(what)

    def pass_time(self, seconds: float) -> None:
        """Let time pass, a block at a time, so that what waits for a moment finds it."""
        left, ticking = seconds, self.bent("tick")
        while ticking and left > _TICK_S:
            self.world.advance(_TICK_S)
            left -= _TICK_S
            for fault in ticking:
                fault.tick()
        self.world.advance(max(0.0, left))
        for fault in ticking:
            fault.tick()

    def guarded(self, journal: Any) -> Any:
        """Return a journal whose every writing method is a step, and a place for faults."""
        return _Guarded(self, journal)

    def signed(self, sign: Callable[[], bytes]) -> bytes:
        """Make a signature: a step, and a place for faults."""
        self.step("sign")
        found: bytes = _chained(self.bent("sign"), lambda fault, proceed: fault.sign(proceed), sign)()
        return found

    def watched(self, what: str, act: Callable[[], Any]) -> Any:
        """Do something and have it looked at, also when it fails or the process dies of it."""
        try:
            return act()
        finally:
            self.watch(what)

    def _set(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        hooks = [name for name in vars(Fault) if not name.startswith("_")]
        self._bent = {
            hook: tuple(fault for fault in faults if getattr(type(fault), hook) is not getattr(Fault, hook))
            for hook in hooks
            if callable(getattr(Fault, hook, None))
        }


class Endpoint(SimNode):
    """One endpoint of the stage."""

    def __init__(self, stage: Stage, place: int) -> None:
        super().__init__(stage.world, f"endpoint-{place + 1}")
        self.stage, self.place = stage, place

    def exchange(self, body: bytes, deadline: Deadline) -> bytes:
        """Answer one request body through the faults."""
        asked = json.loads(body)
        calls = asked if isinstance(asked, list) else [asked]
        methods = [str(call["method"]) for call in calls]
        self.stage.step(f"{self.name} {' '.join(methods)}")
        self.stage.pass_time(EXCHANGE_S)
        answered = _chained(
            self.stage.bent("exchange"),
            lambda fault, proceed: fault.exchange(self, methods, deadline, proceed),
            lambda: SimNode.exchange(self, body, deadline),
        )
        told: bytes = self.stage.watched("exchange", answered)
        return told

    def answer(self, method: str, params: Sequence[Json]) -> Json:
        """Return the result of one call, through the faults. Raises `RpcError`."""
        if method == "eth_sendRawTransaction":
            self.stage.sent.append((self.place, bytes.fromhex(params[0][2:])))
        return _chained(
            self.stage.bent("answer"),
            lambda fault, proceed: fault.answer(self, method, params, proceed),
            lambda: SimNode.answer(self, method, params),
        )()

    def head(self) -> int:
        """Return the latest block this endpoint knows."""
        number = super().head()
        for fault in self.stage.bent("head"):
            number = fault.head(self, number)
        return number

    def safe(self) -> int:
        """Return the block this endpoint calls safe."""
        number = super().safe()
        for fault in self.stage.bent("safe"):
            number = fault.safe(self, number)
        return number

    def _state(self, tag: Json) -> tuple[Environment, Storage]:
        environment, storage = super()._state(tag)
        for fault in self.stage.bent("view"):
            fault.view(self, storage)
        return environment, storage


class MachineClock:
    """The clock of the machine: its wall may step, its monotonic count begins anew with each process."""

    def __init__(self, stage: Stage) -> None:
        self._stage, self._origin = stage, 0.0

    def rebooted(self) -> None:
        """Count from another origin."""
        self._origin += 10_007.0

    def now(self) -> int:
        """Return what the machine takes for unix seconds."""
        time = self._stage.world.time
        for fault in self._stage.bent("now"):
            time = fault.now(time)
        return time

    def monotonic(self) -> float:
        """Return seconds that never step back within a process."""
        return self._origin + self._stage.world.elapsed

    def sleep(self, seconds: float) -> None:
        """Wait."""
        if self._stage.dead:
            raise Crash("already dead")
        self._stage.pass_time(seconds)


class _Guarded:
    """A journal seen through the stage."""

    def __init__(self, stage: Stage, journal: Any) -> None:
        self._stage, self._journal = stage, journal

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._journal, name)
        if name in _READS or not callable(method):
            return method

        def written(*arguments: Any, **named: Any) -> Any:
            stage = self._stage
            stage.step(f"journal.{name}")
            wrote = _chained(
                stage.bent("write"),
                lambda fault, proceed: fault.write(name, proceed),
                lambda: method(*arguments, **named),
            )
            return stage.watched(f"journal.{name}", wrote)

        return written


def _chained(
    faults: Iterable[Fault], bend: Callable[[Fault, Callable[[], Any]], Any], plain: Callable[[], Any]
) -> Callable[[], Any]:
    """Return `plain` wrapped by each fault in turn."""
    found = plain
    for fault in faults:
        found = _wrapped(fault, bend, found)
    return found


def _wrapped(
    fault: Fault, bend: Callable[[Fault, Callable[[], Any]], Any], proceed: Callable[[], Any]
) -> Callable[[], Any]:
    return lambda: bend(fault, proceed)
