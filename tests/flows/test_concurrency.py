"""Several commands at once: a pipeline's start, two that would act, readers beside a run."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mammon.core.transaction import Unsigned
from mammon.sim.wallet import SimSigner
from mammon.state import db
from tests.flows.forked import Child, start
from tests.flows.runner import Shell
from tests.flows.words import ACTING

MOCK = {"MAMMON_MODE": "mock", "MAMMON_SEED": "7"}
CAPITAL = 10_000 * 10**6


def together(folder: Path, shell: Shell, *lines: tuple[str, ...]) -> list[Child]:
    """Start several commands at the same instant."""
    reading, writing = os.pipe()

    def ready() -> None:
        os.read(reading, 1)  # returns when the other end is closed: everybody starts

    def hold(number: int) -> Child:
        return start(folder / str(number), shell.environment, *lines[number], before=ready, keep=(reading,))

    children = [hold(number) for number in range(len(lines))]
    os.close(writing)
    os.close(reading)
    return children


def slowly(gate: Path) -> Callable[[], None]:
    """Have a child stop before its first signature until a file appears."""

    def prepare() -> None:
        real = SimSigner.sign

        def sign(self: SimSigner, unsigned: Unsigned) -> bytes:
            gate.with_suffix(".waiting").touch()
            while not gate.exists():
                time.sleep(0.005)
            return real(self, unsigned)

        SimSigner.sign = sign  # type: ignore[method-assign]

    return prepare


def waited(path: Path, child: Child) -> None:
    while not path.exists():
        assert child.running(), child.wait()
        time.sleep(0.005)


@pytest.mark.parametrize("command", ["scan", "gates", "detect-positions"])
def test_five_commands_may_begin_a_world_at_once(command: str, tmp_path: Path) -> None:
    """`scan --json | gates -i -` starts both at once in a fresh home: nobody fails, all see one world."""
    shell = Shell(tmp_path / "home", **MOCK)
    ended = [child.wait() for child in together(tmp_path, shell, *[(command, "--json")] * 5)]
    assert [found.code for found in ended] == [0] * 5, ended
    assert len({found.document["block"]["hash"] for found in ended}) == 1
    assert shell(command).code == 0


def test_different_commands_may_begin_a_world_at_once(tmp_path: Path) -> None:
    """Also when one of them acts: it wins or is told to try again, and the readers see a world."""
    shell = Shell(tmp_path / "home", **MOCK)
    lines = (
        ("rebalance", "--execute", "--yes"),
        ("scan",),
        ("gates",),
        ("detect-positions",),
        ("rebalance",),
    )
    ended = [child.wait() for child in together(tmp_path, shell, *lines)]
    assert [found.code for found in ended] == [0] * 5, ended


@pytest.mark.parametrize("second", ACTING)
def test_one_acts_and_the_other_is_told_who(second: str, tmp_path: Path) -> None:
    """A3 45: while one acts the second ends with 4 in less than a second, naming the first and its age."""
    shell = Shell(tmp_path / "home", **MOCK)
    assert shell("scan").code == 0
    gate = tmp_path / "gate"
    words = ("rebalance", "--execute", "--yes", "--json")
    first = start(tmp_path / "first", shell.environment, *words, before=slowly(gate))
    waited(tmp_path / "gate.waiting", first)
    began = time.monotonic()
    ended = shell(second, "--execute", "--yes", "--json")
    assert time.monotonic() - began < 1
    assert ended.code == 4, ended
    (error,) = ended.document["errors"]
    assert error["code"] == "money_lock"
    assert f"`rebalance` (process {first.pid})" in error["message"]
    assert error["message"].endswith(" s")
    gate.touch()
    assert first.wait().data["outcome"] is not None
    assert shell(second, "--execute", "--yes", *(["--cycles", "1"] if second == "run" else [])).code == 0


def test_looking_goes_on_beside_one_that_acts(tmp_path: Path) -> None:
    """Reading commands take no lock: every one works while a move is under way."""
    shell = Shell(tmp_path / "home", **MOCK)
    gate = tmp_path / "gate"
    first = start(
        tmp_path / "first", shell.environment, "rebalance", "--execute", "--yes", before=slowly(gate)
    )
    waited(tmp_path / "gate.waiting", first)
    for words in (("scan",), ("gates",), ("detect-positions",), ("status",), ("explain",), ("rebalance",)):
        ended = shell(*words)
        assert ended.code == 0, ended
    gate.touch()
    assert first.wait().code == 0


def test_a_dead_holder_holds_nothing(tmp_path: Path) -> None:
    """The lock ends with the process, however it ends."""
    shell = Shell(tmp_path / "home", **MOCK)
    words = ("rebalance", "--execute", "--yes")
    first = start(tmp_path / "first", shell.environment, *words, before=slowly(tmp_path / "gate"))
    waited(tmp_path / "gate.waiting", first)
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    assert shell(*words).code == 0


def test_of_many_that_would_act_each_wins_or_is_told(tmp_path: Path) -> None:
    """E11: six at once, unsynchronised: 0 or 4 each, the money moved once and all of it is there."""
    shell = Shell(tmp_path / "home", **MOCK)
    assert shell("scan").code == 0
    words = ("rebalance", "--execute", "--yes", "--json")
    ended = [child.wait() for child in together(tmp_path, shell, *[words] * 6)]
    assert {found.code for found in ended} <= {0, 4}, ended
    moves = [found for found in ended if found.code == 0 and found.data["outcome"] is not None]
    assert len(moves) == 1, ended
    assert {found.document["errors"][0]["code"] for found in ended if found.code == 4} <= {"money_lock"}
    worth = int(shell("detect-positions", "--json").data["worth"]["raw"])
    assert CAPITAL - 10 <= worth < CAPITAL + 10**6


def holding(gate: Path) -> Callable[[], None]:
    """Have a child stay inside its first transaction until a file appears."""

    def prepare() -> None:
        real = db.Database.transaction

        @contextlib.contextmanager
        def long(self: db.Database) -> Iterator[None]:
            with real(self):
                gate.with_suffix(".waiting").touch()
                while not gate.exists():
                    time.sleep(0.005)
                yield

        db.Database.transaction = long  # type: ignore[method-assign,assignment]

    return prepare


@pytest.mark.parametrize("released", [True, False])
def test_a_writer_waits_for_another_and_then_gives_up(released: bool, tmp_path: Path) -> None:
    """A3 43: a locked database is waited for, and then a typed failure that is safe to try again."""
    shell = Shell(tmp_path / "home", **MOCK)
    assert shell("scan").code == 0
    gate = tmp_path / "gate"
    first = start(tmp_path / "first", shell.environment, "gates", before=holding(gate))
    waited(tmp_path / "gate.waiting", first)

    def patient() -> None:
        db.BUSY_S = 30.0 if released else 0.3

    second = start(tmp_path / "second", shell.environment, "gates", "--json", before=patient)
    if released:
        time.sleep(0.3)
        gate.touch()
    ended = second.wait()
    gate.touch()
    assert ended.code == (0 if released else 4), ended
    assert released or ended.document["errors"][0]["code"] == "state_busy"
    assert first.wait().code == 0
    assert shell("gates").code == 0


def test_a_clock_that_was_moved_by_another_is_told(tmp_path: Path) -> None:
    """Two that move simulated time at once: the later one is told to run again, nothing is lost."""
    shell = Shell(tmp_path / "home", **MOCK)
    assert shell("scan").code == 0
    words = ("run", "--cycles", "4", "--interval", "1h", "--json")
    ended = [child.wait() for child in together(tmp_path, shell, *[words] * 3)]
    assert {found.code for found in ended} <= {0, 4}, ended
    assert all("bug" not in found.err for found in ended)
    assert shell("run", "--cycles", "1").code == 0
