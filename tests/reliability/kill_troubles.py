"""What providers and the chain do wrong while processes die: each for a while, then all is well again."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tests.chain import proxy_faults as faults
from tests.chain import proxy_sends as sends
from tests.chain.proxy import Exchange, Fault, sound
from tests.reliability.kill_world import KillWorld

SEND = "eth_sendRawTransaction"
METHODS = (
    "",
    SEND,
    "eth_call",
    "eth_getBlockByNumber",
    "eth_getTransactionCount",
    "eth_getTransactionReceipt",
    "eth_simulateV1",
)
"""Whose exchanges a fault may befall; the empty one: all."""
SPIKE = 100
"""How many times the base fee becomes what it was. It falls back by an eighth in each block."""


@dataclass(frozen=True)
class Trouble:
    """A fault, whose exchanges it befalls from when on and how often, at the first provider or at both."""

    name: str
    method: str
    first: int
    times: int
    everywhere: bool

    def __str__(self) -> str:
        where = "both" if self.everywhere else "one"
        return f"{self.name} at {where}: {self.method or 'any'} {self.first}+{self.times}"

    def befall(self, world: KillWorld) -> None:
        """Put it in the providers' way."""
        for provider in world.providers if self.everywhere else world.providers[:1]:
            methods = (self.method,) if self.method else ()
            provider.fault(KINDS[self.name](world), *methods, first=self.first, times=self.times)


def some(chance: random.Random) -> tuple[Trouble, ...]:
    """Draw none to three troubles."""
    return tuple(_one(chance) for _ in range(chance.randint(0, 3)))


def _one(chance: random.Random) -> Trouble:
    name = chance.choice(tuple(KINDS))
    method = SEND if name in _OF_SENDS else chance.choice(METHODS)
    times = 1 if name in _ONCE else chance.randint(1, 6)
    first, everywhere = chance.randint(1, 5), chance.random() < 0.5
    return Trouble(name, method, first, times, everywhere and name != "silent")  # silence takes real time


def _dropped_from_pool(world: KillWorld) -> Fault:
    """Take the transaction, and forget it."""

    def fault(exchange: Exchange) -> None:
        answers = exchange.forward()
        for number in exchange.hit:
            if "result" in answers[number]:
                exchange.provider.node("anvil_dropTransaction", answers[number]["result"])
        exchange.answer(answers)

    return fault


def _spike(world: KillWorld) -> Fault:
    """Take the transaction, and let the next block cost many times as much."""

    def fault(exchange: Exchange) -> None:
        sound(exchange)
        block = exchange.provider.node("eth_getBlockByNumber", "latest", False)
        fee = SPIKE * int(block["baseFeePerGas"], 16)
        exchange.provider.node("anvil_setNextBlockBaseFeePerGas", hex(fee))

    return fault


def _reorg(world: KillWorld) -> Fault:
    """Replace the newest block by one without its transactions, which nobody pools again."""

    def fault(exchange: Exchange) -> None:
        exchange.provider.node("anvil_reorg", 1, [])
        sound(exchange)

    return fault


def _held(world: KillWorld) -> Fault:
    return faults.held(world.chain.block - 2)


def _plain(fault: Fault) -> Callable[[KillWorld], Fault]:
    return lambda _: fault


KINDS: Mapping[str, Callable[[KillWorld], Fault]] = {
    "swallowed": _plain(sends.swallowed),
    "refused": _plain(sends.refused(-32000, "txpool is full")),
    "refused but forwarded": _plain(sends.refused_but_forwarded(-32000, "nonce too low")),
    "dropped from the pool": _dropped_from_pool,
    "price spike": _spike,
    "reorganisation": _reorg,
    "connection dropped": _plain(faults.dropped),
    "silent": _plain(faults.silent),
    "limited": _plain(faults.limited),
    "unavailable": _plain(faults.unavailable),
    "html": _plain(faults.html),
    "truncated": _plain(faults.truncated),
    "wrong id": _plain(faults.wrong_id),
    "result and error": _plain(faults.both),
    "wrong chain": _plain(faults.wrong_chain),
    "behind": _plain(faults.behind(3)),
    "lagging": _plain(faults.lagging(2)),
    "safe held": _held,
}
_OF_SENDS = frozenset(
    {"swallowed", "refused", "refused but forwarded", "dropped from the pool", "price spike"}
)
_ONCE = frozenset({"price spike", "reorganisation", "silent"})
