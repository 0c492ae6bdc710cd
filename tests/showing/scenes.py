"""The scenes: a move; a move killed between its legs; a kill switch between them; a stuck transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from mammon.ops import killswitch
from tests.chain.populate import USD
from tests.chain.proxy import Exchange, Fault
from tests.reliability.kill_trap import REHEARSE, Death, Trap
from tests.reliability.kill_world import KillWorld
from tests.showing.terminal import Terminal

MOVE = "mammon rebalance --execute --yes"
LIST = "mammon tx list"
DEAR_WEI = 1_000_000
"""A base fee of twice what was offered, half of what the ceiling allows."""


@dataclass(frozen=True)
class Scene:
    """What is typed, what happens meanwhile, and how the commands end."""

    told: str
    codes: tuple[int, ...]
    play: Callable[[KillWorld, Terminal], None]


def _moves(world: KillWorld, terminal: Terminal) -> None:
    """Look, move, look again."""
    terminal.run("mammon scan")
    terminal.run(MOVE)
    terminal.run(LIST)
    terminal.run("mammon detect-positions")


def _dies(world: KillWorld, terminal: Terminal) -> None:
    """SIGKILL when the money has left one venue and nothing was signed for the other."""
    trap = Trap()
    _around(world, trap.around)
    trap.arm(Death(2, "before", REHEARSE))
    _typed_under(trap, terminal, MOVE)
    _around(world, _forwarded)
    terminal.run("mammon status")
    terminal.run(LIST)
    terminal.run("mammon run --execute --yes --cycles 1 --interval 1m")
    terminal.run(LIST)


def _is_stopped(world: KillWorld, terminal: Terminal) -> None:
    """The kill switch appears while the first leg settles; a person brings the money home in spite of it."""
    chain, whale = world.chain, world.chain.account("whale")
    chain.approve("usdc", whale, chain["vault_main"].address)
    chain["vault_main"].send("deposit", 400 * USD, world.owner, sender=whale)
    switch = world.folder / "home" / killswitch.NAME
    seen = [0]

    def around(exchange: Exchange, fault: Fault) -> None:
        seen[0] += any(call["method"] == "eth_simulateV1" for call in exchange.calls)
        if seen[0] == 2:
            switch.touch()
        fault(exchange)

    _around(world, around)
    terminal.run(MOVE)
    _around(world, _forwarded)
    terminal.run(LIST)
    terminal.run("mammon run --execute --yes --cycles 1 --interval 1m")
    terminal.run("mammon exit-all --execute --override-stop 'venue looks wrong'", answer="y")
    terminal.run(LIST)


def _is_stuck(world: KillWorld, terminal: Terminal, verb: str) -> None:
    """No block takes what is offered; a person bids more, or takes it back; never above the ceiling."""
    chain = world.chain.rpc
    chain("evm_setIntervalMining", 0)
    chain("evm_setAutomine", False)
    terminal.run(MOVE, until=lambda: _sent(world))
    chain("anvil_setNextBlockBaseFeePerGas", hex(DEAR_WEI))
    chain("evm_mine")
    terminal.say("gas has become dearer than what was offered")
    terminal.run(LIST)
    if verb == "bump":
        terminal.run("mammon tx bump --execute --yes --max-fee 100000")
    terminal.run(f"mammon tx {verb}")
    chain("evm_setIntervalMining", 1)
    terminal.run(f"mammon tx {verb} --execute --yes")
    terminal.run(LIST)
    terminal.run(MOVE)
    terminal.run(LIST)


def _sent(world: KillWorld) -> bool:
    pending = world.chain.rpc("eth_getTransactionCount", world.owner, "pending")
    return int(pending, 16) > world.count()


def _typed_under(trap: Trap, terminal: Terminal, line: str) -> None:
    """Type a command that the trap may kill."""

    class Running:
        @property
        def pid(self) -> int:
            assert terminal.running is not None
            return terminal.running.pid

    trap.child = Running()  # type: ignore[assignment]
    terminal.run(line)


def _forwarded(exchange: Exchange, fault: Fault) -> None:
    fault(exchange)


def _around(world: KillWorld, around: Callable[[Exchange, Fault], None]) -> None:
    for provider in world.providers:
        provider.around = around


SCENES: Mapping[str, Scene] = {
    "move": Scene("a move in the live world, on a local chain", (0, 0, 0, 0), _moves),
    "killed": Scene("the process is killed between two legs", (137, 0, 0, 0, 0), _dies),
    "kill-switch": Scene("the kill switch appears between two legs", (5, 0, 0, 0, 0), _is_stopped),
    "bump": Scene(
        "no block takes what is offered: bid more",
        (130, 0, 3, 0, 0, 0, 0, 0),
        partial(_is_stuck, verb="bump"),
    ),
    "cancel": Scene(
        "no block takes what is offered: take it back",
        (130, 0, 0, 0, 0, 0, 0),
        partial(_is_stuck, verb="cancel"),
    ),
}
