"""Signals and sudden deaths: quick ends with their own codes, and a next start that goes on."""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import mammon
from mammon.cli import failure
from mammon.cli.process import Process
from mammon.cli.simulation import Simulation
from mammon.core.ports import Deadline
from mammon.state.db import Database
from tests.flows.endpoint import EndpointShell, SimEndpoint, chain_toml, endpoint
from tests.flows.forked import PATIENCE_S, Child, start
from tests.flows.runner import Shell
from tests.net.servers import serving, silence

ENDS = {signal.SIGTERM: 143, signal.SIGINT: 130}
MOCK = {"MAMMON_MODE": "mock", "MAMMON_SEED": "7"}
AT_ONCE_S = 1.0
"""How long a command may go on after it was told to stop."""
CAPITAL = 10_000 * 10**6
LOOPING = ("run", "--interval", "1h", "--json")


def until(true: Callable[[], bool], child: Child) -> None:
    """Wait until something is so, while the child runs."""
    ends = time.monotonic() + PATIENCE_S
    while not true():
        assert child.running(), child.wait()
        assert time.monotonic() < ends, child.err
        time.sleep(0.002)


def lines(child: Child, count: int) -> Callable[[], bool]:
    return lambda: child.out.count("\n") >= count


def interruptible() -> None:
    """Have SIGINT interrupt, also where the tests themselves run in the background."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def served() -> Iterator[SimEndpoint]:
    with endpoint() as found:
        yield found


def paper(home: Path, url: str) -> Shell:
    """Return a paper world on the machine's own clock: its pauses are real."""
    shell = Shell(home, MAMMON_MODE="paper", MAMMON_RPC__URLS=url, HOME=str(home))
    shell.environment["MAMMON_CHAIN_FILE"] = str(chain_toml(home / "chain.toml"))
    return shell


# --- told to stop --------------------------------------------------------------------------------


@pytest.mark.parametrize("number", ENDS)
def test_a_sleeping_run_ends_at_once(number: signal.Signals, tmp_path: Path, served: SimEndpoint) -> None:
    """143 and 130 within a second; the run is recorded as interrupted, and the next one starts."""
    shell = paper(tmp_path / "home", served.server.url)
    child = start(tmp_path / "run", shell.environment, *LOOPING, before=interruptible)
    until(lines(child, 1), child)
    told = time.monotonic()
    os.kill(child.pid, number)
    ended = child.wait()
    assert time.monotonic() - told < AT_ONCE_S
    assert ended.code == ENDS[number], ended
    assert "Traceback" not in ended.err
    assert "what was begun is in the state, run again to go on" in ended.err
    known = shell("status", "--json").data
    assert (known["last_run"]["outcome"], known["running"]) == ("interrupted", [])
    assert shell("run", "--cycles", "1").code == 0


@pytest.mark.parametrize("number", ENDS)
def test_a_run_in_the_middle_of_a_request_ends_at_once(number: signal.Signals, tmp_path: Path) -> None:
    """An endpoint that never answers does not hold up the end."""
    with serving(silence) as server:
        shell = paper(tmp_path / "home", server.url)
        child = start(tmp_path / "run", shell.environment, *LOOPING, before=interruptible)
        until(lambda: server.connections > 0, child)
        told = time.monotonic()
        os.kill(child.pid, number)
        ended = child.wait()
    assert time.monotonic() - told < AT_ONCE_S
    assert ended.code == ENDS[number], ended
    assert "Traceback" not in ended.err


@pytest.mark.parametrize("number", ENDS)
def test_a_busy_run_ends_at_once(number: signal.Signals, tmp_path: Path) -> None:
    """In simulated time a run never sleeps; it is stopped between any two instructions."""
    shell = Shell(tmp_path / "home", **MOCK)
    child = start(tmp_path / "run", shell.environment, *LOOPING, "--execute", "--yes", before=interruptible)
    until(lines(child, 2), child)
    told = time.monotonic()
    os.kill(child.pid, number)
    ended = child.wait()
    assert time.monotonic() - told < AT_ONCE_S
    assert ended.code == ENDS[number], ended
    assert "Traceback" not in ended.err
    assert ended.out.endswith("\n")
    assert whole(shell)


def test_a_second_sigterm_is_as_good_as_the_first(tmp_path: Path) -> None:
    """Impatience leaves no traceback: 143, or the kernel's own end by the same signal."""
    for pause_s in (0.0, 0.0005, 0.002, 0.01):
        shell = Shell(tmp_path / str(pause_s), **MOCK)
        child = start(tmp_path / f"run{pause_s}", shell.environment, *LOOPING)
        until(lines(child, 1), child)
        for _ in range(2):
            os.kill(child.pid, signal.SIGTERM)
            time.sleep(pause_s)
        ended = child.wait()
        assert ended.code in (143, -signal.SIGTERM), ended
        assert "Traceback" not in ended.err
        assert whole(shell)


def test_a_sigterm_while_the_first_is_told_ends_it_too(tmp_path: Path) -> None:
    """The second one may come at the worst moment: no exception is left to escape."""

    def impatient() -> None:
        told = failure._ended

        def twice(process: Process, code: int, word: str) -> int:
            os.kill(os.getpid(), signal.SIGTERM)
            return told(process, code, word)

        failure._ended = twice

    shell = Shell(tmp_path / "home", **MOCK)
    child = start(tmp_path / "run", shell.environment, *LOOPING, before=impatient)
    until(lines(child, 1), child)
    os.kill(child.pid, signal.SIGTERM)
    assert child.wait().code == -signal.SIGTERM


@pytest.mark.parametrize("number", ENDS)
def test_the_installed_program_ends_with_the_signals_code(
    number: signal.Signals, tmp_path: Path, served: SimEndpoint
) -> None:
    """The interpreter's own end adds nothing: the shell sees 143 and 130."""
    shell = paper(tmp_path / "home", served.server.url)
    root = str(Path(mammon.__file__).parents[1])
    with subprocess.Popen(
        [sys.executable, "-m", "mammon", *LOOPING],
        env={**shell.environment, "PYTHONPATH": root, "PATH": os.environ["PATH"]},
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as program:
        assert program.stdout is not None
        assert program.stdout.readline().startswith("{")
        told = time.monotonic()
        program.send_signal(number)
        _, err = program.communicate(timeout=PATIENCE_S)
    assert time.monotonic() - told < AT_ONCE_S
    assert program.returncode == ENDS[number]
    assert "Traceback" not in err


# --- killed --------------------------------------------------------------------------------------


def whole(shell: Shell) -> bool:
    """Say whether every dollar the world began with is where the chain says it is, interest aside."""
    worth = shell("detect-positions", "--json").data["worth"]
    return worth is not None and CAPITAL - 10 <= int(worth["raw"]) < CAPITAL * 11 // 10


def goes_on(shell: Shell) -> None:
    """Have the next start succeed, put idle money to work, and leave nothing unaccounted."""
    ended = shell("run", "--execute", "--yes", "--cycles", "3", "--interval", "1h", "--json")
    assert ended.code == 0, ended
    held = {
        row["slug"]: int(row["assets"]["raw"])
        for row in shell("detect-positions", "--json").data["positions"]
    }
    assert held.pop("idle") == 0
    assert len(held) == 1
    assert whole(shell)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGHUP, signal.SIGQUIT])
@pytest.mark.parametrize("after", [0, 1, 3])
def test_a_killed_run_is_shown_and_gone_on_from(number: signal.Signals, after: int, tmp_path: Path) -> None:
    """A1: without a chance to say goodbye: shown as killed, its lock is free, the next start goes on."""
    shell = Shell(tmp_path / "home", **MOCK)
    child = start(tmp_path / "run", shell.environment, *LOOPING, "--execute", "--yes")
    until(
        lambda: (
            child.out.count("\n") >= after and "MODE" in child.err and any(shell.home.glob("mock-*/*.db"))
        ),
        child,
    )
    os.kill(child.pid, number)
    assert child.wait().code == -number
    known = shell("status", "--json")
    if known.code == 0 and known.data["last_run"] is not None:
        assert known.data["last_run"]["outcome"] == "killed"
        assert known.data["running"] == []
        told = shell("run", "--cycles", "1")
        assert f"(process {child.pid}) was killed before" in told.err
        assert "was killed before" not in shell("run", "--cycles", "1").err
        assert shell("status", "--json").data["last_run"]["outcome"] == "done"
    goes_on(shell)


def _dying(where: str, at: int) -> Callable[[], None]:
    """Return what makes a child kill itself the `at`-th time it comes to a place."""
    visits = itertools.count(1)

    def here(place: str) -> None:
        if place == where and next(visits) == at:
            os.kill(os.getpid(), signal.SIGKILL)

    def prepare() -> None:
        exchange, transaction = Simulation.exchange, Database.transaction

        def exchanged(self: Simulation, body: bytes, deadline: Deadline) -> bytes:
            answer = exchange(self, body, deadline)
            here("exchanged")
            return answer

        @contextlib.contextmanager
        def committed(self: Database) -> Iterator[None]:
            with transaction(self):
                yield
                here("committing")
            here("committed")

        Simulation.exchange = exchanged  # type: ignore[method-assign]
        Database.transaction = committed  # type: ignore[method-assign,assignment]

    return prepare


@pytest.mark.parametrize("where", ["committing", "committed", "exchanged"])
def test_death_at_any_step_of_a_move_loses_nothing(where: str, tmp_path: Path) -> None:
    """A1, row 6: killed within and after every write, and after every exchange with the chain, of a move:
    money is where the chain says, and the next start finishes."""
    template = Shell(tmp_path / "template", **MOCK)
    assert template("scan").code == 0
    for at in range(1, 100):
        shell = Shell(shutil.copytree(template.home, tmp_path / str(at)), **MOCK)
        words = ("rebalance", "--execute", "--yes")
        ended = start(tmp_path / f"at{at}", shell.environment, *words, before=_dying(where, at)).wait()
        if ended.code == 0:
            break
        assert ended.code == -signal.SIGKILL, ended
        assert whole(shell), (at, ended)
        goes_on(shell)
    assert at > 3, "it hardly ever died: the test proves nothing"


@pytest.mark.parametrize("where", ["committing", "committed"])
def test_death_at_any_write_of_a_fill_loses_nothing(where: str, tmp_path: Path, served: SimEndpoint) -> None:
    """The paper book is as before the fill or as after it, never between."""
    for at in range(1, 100):
        shell = EndpointShell(tmp_path / str(at), served)
        words, dying = ("rebalance", "--execute", "--yes"), _on_time(served, _dying(where, at))
        ended = start(tmp_path / f"at{at}", shell.environment, *words, before=dying).wait()
        if ended.code == 0:
            break
        assert ended.code == -signal.SIGKILL, ended
        assert int(shell("detect-positions", "--json").data["worth"]["raw"]) == CAPITAL
        assert shell("rebalance", "--execute", "--yes").code == 0
        rows = shell("detect-positions", "--json").data["positions"]
        assert [int(row["assets"]["raw"]) for row in rows] == [0, CAPITAL]
    assert at > 2, "it hardly ever died: the test proves nothing"


def _on_time(served: SimEndpoint, prepare: Callable[[], None]) -> Callable[[], None]:
    """Have a child live on the served world's time."""

    def both() -> None:
        prepare()
        real = Process.real

        def timed() -> Process:
            process = real()
            process.clock = served.clock
            return process

        Process.real = timed  # type: ignore[method-assign]

    return both
