"""A venue drained over ten blocks on the real node: what the way out recovers, and what is left without."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.chain.lab import Lab
from tests.chain.populate import MILLION, USD
from tests.flows.draining import Drain
from tests.flows.forked import start
from tests.reliability.kill_commands import PATIENCE_S
from tests.reliability.kill_world import KillWorld, kill_world

pytestmark = pytest.mark.chain

HELD = 3 * MILLION
"""In a pool of 43 million, of which 31 could leave."""
LOOKING = ("run", "--yes", "--json")


@dataclass(frozen=True)
class Told:
    """What one bot came to."""

    recovered: int
    stuck: int
    exits: int
    sent: int


def drained(
    lab: Lab, folder: Path, on_danger: str, interval_s: int, back: int = 0, watch_s: int | None = 0
) -> Told:
    """Hold money in the one venue, look three times, and go on looking while it runs dry.

    `watch_s`: between looks while a cycle is waited for; 0 for none, None for what a live world does unasked.
    """
    with kill_world(lab, folder, held=HELD, slugs=("aave-30",)) as world:
        world.environment["MAMMON_POLICY__ON_DANGER"] = on_danger
        if watch_s is not None:
            world.environment["MAMMON_RUN__WATCH"] = f"{watch_s}s"
        assert world.ran(*LOOKING, "--cycles", "3", "--interval", "5m").code == 0
        whole = world.money()
        drain = Drain(lab, world.chain.block + 3, back)
        length_s = 2 * interval_s + 160
        acting = ("--execute", "--interval", f"{interval_s}s", "--duration", f"{length_s}s")
        told = _ran(world, drain, *LOOKING, *acting)
        after = world.money()
        assert abs(sum(after.values()) - sum(whole.values())) < 2_000 * USD, "interest, and nothing else"
        assert world.allowance() == 0
        return Told(after["idle"] - whole["idle"], after["aave-30"], told, world.count())


def _ran(world: KillWorld, drain: Drain, *words: str) -> int:
    """Run the loop to its end; return how often it brought something home."""
    port = world.node.port
    child = start(world.folder / "drained", world.environment, *words, before=lambda: drain.on_its_time(port))
    ended = child.wait(PATIENCE_S)
    assert ended.code == 0, ended.err
    cycles = [json.loads(line)["data"] for line in ended.out.splitlines()]
    return sum(each["action"] == "exit" and each["outcome"] is not None for each in cycles)


def shown(interval_s: int, on: Told, off: Told) -> str:
    return (
        f"held {HELD // USD:,} USDC, drained in 10 blocks, a look every {interval_s} s: "
        f"with the defensive exit {on.recovered / USD:,.0f} recovered ({on.exits} exits, {on.sent} "
        f"transactions), {on.stuck / USD:,.0f} stuck; without {off.recovered / USD:,.0f} recovered, "
        f"{off.stuck / USD:,.0f} stuck"
    )


def test_the_exit_recovers_what_the_same_bot_loses(lab: Lab, tmp_path: Path) -> None:
    """Looking at every block it is out before the venue is dry; told only, it is in there to the end."""
    on, off = (drained(lab, tmp_path / how, how, 2) for how in ("exit", "alert"))
    print(shown(2, on, off))
    assert on.recovered >= HELD
    assert (off.recovered, off.exits, off.sent) == (0, 0, 0)
    assert off.stuck >= HELD


def test_a_slow_loop_recovers_it_too(lab: Lab, tmp_path: Path) -> None:
    """As it comes: a cycle in five minutes, a look in ten seconds, with every block once it saw a fall."""
    told = drained(lab, tmp_path / "unasked", "exit", 300, watch_s=None)
    print(told)
    assert told.recovered >= HELD


def test_what_comes_back_is_taken_when_it_comes(lab: Lab, tmp_path: Path) -> None:
    """Too slow for the drain, the bot waits at the door: a part repaid later comes home at once."""
    back = MILLION
    on, off = (drained(lab, tmp_path / how, how, 40, back) for how in ("exit", "alert"))
    print(shown(40, on, off))
    assert back - 2 <= on.recovered < HELD
    assert off.recovered == 0


@pytest.mark.bench
@pytest.mark.parametrize("interval_s", [2, 4, 6, 10, 20, 60, 300])
def test_how_fast_it_must_look(lab: Lab, tmp_path: Path, interval_s: int) -> None:
    """The slower the loop, the less is recovered; never less than without, and nothing is lost either way."""
    on, off = (drained(lab, tmp_path / how, how, interval_s, MILLION) for how in ("exit", "alert"))
    print(shown(interval_s, on, off))
    assert on.recovered >= off.recovered == 0
