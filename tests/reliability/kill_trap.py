"""The trap: a process dies at a chosen exchange with a provider or with the signer."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from tests.chain.proxy import Exchange, Fault, sound
from tests.flows.forked import Child
from tests.reliability.kill_commands import Installed

Side = Literal["before", "after"]
SIDES: tuple[Side, Side] = ("before", "after")


@dataclass(frozen=True)
class Death:
    """When to die: at the nth exchange that holds one of the methods (all, where none is named)."""

    number: int
    side: Side = "before"
    methods: frozenset[str] = frozenset()

    def __str__(self) -> str:
        return f"{self.side} {self.number} {'+'.join(sorted(self.methods)) or 'any'}"


@dataclass(frozen=True)
class Syscall:
    """When to die: instead of the nth call of the system by this name."""

    name: str
    number: int

    def __str__(self) -> str:
        return f"{self.name} {self.number}"


SEND = frozenset({"eth_sendRawTransaction"})
SIGN = frozenset({"sign"})
REHEARSE = frozenset({"eth_simulateV1"})
LOOK = frozenset({"eth_getTransactionReceipt"})


@dataclass
class Trap:
    """Kill a process at its death; count the exchanges of one start."""

    child: Child | Installed | None = None
    death: Death | None = None
    count: int = 0
    sprung: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _now: bool = False

    def arm(self, death: Death | None) -> None:
        """Begin to count for the next start."""
        self.child, self.death, self.count, self.sprung = None, death, 0, False

    def before(self, methods: Sequence[str]) -> bool:
        """Count an exchange; kill where its death is before it. True: it goes no further."""
        with self._lock:
            if self.sprung:
                return True
            if self.death is None or (self.death.methods and not self.death.methods & set(methods)):
                self.count += self.death is None
                self._now = False
                return False
            self.count += 1
            self._now = self.count == self.death.number
            return self._now and self.death.side == "before" and self._kill()

    def after(self) -> bool:
        """Kill where its death is after the exchange. True: it is not answered."""
        with self._lock:
            return self.sprung or (self._now and self._kill())

    def around(self, exchange: Exchange, fault: Fault) -> None:
        """Deal with an exchange at a provider."""
        if self.before([call["method"] for call in exchange.calls]):
            return
        if fault is not sound:
            fault(exchange)
            self.after()
            return
        answers = exchange.forward()
        if not self.after():
            exchange.answer(answers)

    def _kill(self) -> bool:
        self.sprung = True
        while self.child is None:  # the process asks before its starter has its id
            time.sleep(0.001)
        os.kill(self.child.pid, signal.SIGKILL)
        return True
