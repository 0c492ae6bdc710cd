"""Stops through the real commands: each refuses, each is told, and only its own way lifts it."""

from __future__ import annotations

import fcntl
import io
import json
import os
import shutil
import sqlite3
from pathlib import Path
from types import SimpleNamespace

import pytest

from mammon.cli.guarded import GuardedExecutor
from mammon.cli.process import Process
from mammon.core.decide import Decision
from mammon.core.plan import Finished, Outcome
from mammon.core.stops import ACTS, TABLE
from mammon.errors import PersonNeededError
from mammon.ops import killswitch, stops
from mammon.ops.stops import NAMES, Name
from tests.flows.runner import Shell
from tests.flows.settled import MOCK, prepared
from tests.flows.terminal import Terminal

VERBS: tuple[Name, ...] = ("pause", "reduce", "halt")
ACT = ("rebalance", "--execute", "--yes", "--json")
REASON = "unexplained_decrease: 12 USDC left aave-v3 without a log"


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a home in which something was decided."""
    return prepared(tmp_path_factory.mktemp("template"))


@pytest.fixture
def shell(template: Path, tmp_path: Path) -> Shell:
    """A shell in a copy of it."""
    return Shell(Path(shutil.copytree(template / "home", tmp_path / "home")), **MOCK)


def world(shell: Shell) -> Path:
    """Return the folder of the shell's one world."""
    (folder,) = shell.home.glob("mock-*")
    return folder


def acts(shell: Shell) -> bool:
    """Say whether a move is carried out now; whoever refuses is the stop."""
    ended = shell(*ACT)
    if ended.code == 0:
        assert ended.data["outcome"] is not None, ended.out
        return True
    assert (ended.code, ended.data["decision"]["refused_by"]) == (5, ["stops"]), ended
    assert ended.data["outcome"] is None
    return False


# --- each stop -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", VERBS)
def test_each_verb_stops_every_act_until_it_is_lifted(name: Name, shell: Shell) -> None:
    """Given by command, told by `status`, refused with 5, lifted by `resume`, and then the move is made."""
    given = shell(name, "--reason", "looking into it", "--json")
    assert given.code == 0
    (note,) = given.data["stops"]
    assert (note["name"], note["reason"]) == (name, "looking into it")
    assert note["by"]
    assert {row["act"]: row["answer"] for row in given.data["allows"]} == TABLE[name]
    assert not acts(shell)
    loop = shell("run", "--cycles", "1", "--execute", "--yes", "--json")
    assert (loop.code, loop.data["outcome"]) == (0, None)
    assert shell("status", "--json").data["stops"] == [name]
    assert "looking into it" in shell("status").out
    assert shell("resume", "--json").data["stops"] == []
    assert acts(shell)


@pytest.mark.parametrize("name", NAMES)
def test_a_stop_touched_by_hand_stops(name: Name, shell: Shell) -> None:
    """A file is enough: no words, no command."""
    (world(shell) / stops.FOLDER).mkdir(mode=0o700)
    (world(shell) / stops.FOLDER / name).touch()
    assert not acts(shell)


def test_a_folder_of_stops_that_is_none_stops(shell: Shell) -> None:
    """A3 55: a dangling link in the folder's place, and `resume` does not pretend to have lifted it."""
    (world(shell) / stops.FOLDER).symlink_to("nowhere")
    assert not acts(shell)
    ended = shell("resume")
    assert (ended.code, "unknown_stop" in ended.err) == (5, True)


def test_a_stop_holds_one_world_and_no_other(shell: Shell) -> None:
    """Another account's world goes on; the kill switch is what stops all of them."""
    assert shell("halt").code == 0
    assert shell("rebalance", "--execute", "--yes", "--seed", "8").code == 0
    assert not acts(shell)


@pytest.mark.parametrize("words", [("rebalance",), ("run", "--cycles", "1")], ids=["rebalance", "run"])
def test_the_first_line_of_whoever_acts_names_the_stops(words: tuple[str, ...], shell: Shell) -> None:
    """On stderr, in the MODE line; whoever only looks has a line without it, and -q has none."""
    assert "STOPPED" not in shell(*words, "--execute", "--yes").err
    shell("pause")
    (shell.home / killswitch.NAME).touch()
    first = shell(*words, "--execute", "--yes").err.splitlines()[0]
    assert first.startswith("MODE mock | EXECUTE")
    assert first.endswith("| STOPPED kill_switch, pause")
    assert "STOPPED" not in shell(*words).err
    assert "STOPPED" not in shell(*words, "--execute", "--yes", "-q").err


@pytest.mark.parametrize("name", VERBS)
def test_a_stop_was_done_and_is_said_with_q(name: Name, shell: Shell) -> None:
    """-q is silent unless something was done: a stop was."""
    ended = shell(name, "-q")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith(f"stop: {name}")


# --- by file first -------------------------------------------------------------------------------


def test_the_verbs_work_in_a_home_that_does_not_exist_yet(tmp_path: Path) -> None:
    """Stopping before the first command stops the first command."""
    shell = Shell(tmp_path / "home", **MOCK)
    assert shell("pause").code == 0
    assert not acts(shell)


DAMAGE = {
    "cut": lambda path: path.write_bytes(path.read_bytes()[:1000]),
    "empty": lambda path: path.write_bytes(b""),
    "garbage": lambda path: path.write_bytes(os.urandom(8192)),
    "open to others": lambda path: path.chmod(0o644),
    "a folder": lambda path: (path.unlink(), path.mkdir()),
}


@pytest.mark.parametrize("how", DAMAGE)
@pytest.mark.parametrize("name", VERBS)
def test_the_verbs_work_with_a_damaged_database(name: Name, how: str, shell: Shell) -> None:
    """They stop by file first and open nothing; so does lifting."""
    DAMAGE[how](world(shell) / "mammon.db")
    assert shell(name).code == 0
    assert stops.in_force(shell.home, world(shell)) == (name,)
    assert shell("resume").code == 0
    assert stops.in_force(shell.home, world(shell)) == ()


def test_the_verbs_take_no_lock_and_wait_for_none(shell: Shell) -> None:
    """Beside a command that acts, and one in the middle of a transaction, they act at once."""
    assert shell("rebalance", "--execute", "--yes").code == 0
    (lock,) = shell.home.glob("money-*.lock")
    descriptor = os.open(lock, os.O_RDWR)
    database = sqlite3.connect(world(shell) / "mammon.db", isolation_level=None)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        database.execute("BEGIN EXCLUSIVE")
        for name in VERBS:
            assert shell(name).code == 0
        assert stops.in_force(shell.home, world(shell)) == VERBS
        assert shell("resume").code == 0
    finally:
        database.close()
        os.close(descriptor)
    assert stops.in_force(shell.home, world(shell)) == ()


def test_a_stop_that_cannot_be_made_names_the_switch_that_can(shell: Shell) -> None:
    """Exit 5, with the one file that stops every world."""
    (world(shell) / stops.FOLDER).touch()
    ended = shell("halt")
    assert ended.code == 5
    assert f"touch {shell.home / killswitch.NAME}" in ended.err


def test_a_stop_between_judgement_and_act_is_asked_about_again(shell: Shell) -> None:
    """What was judged before a stop is not carried out after it."""

    class Book:
        """Carries out whatever it is given."""

        done = 0

        def recover(self) -> tuple[Finished, ...]:
            return ()

        def execute(self, decision: Decision) -> Outcome:
            self.done += 1
            return None  # type: ignore[return-value]

    book, decision = Book(), SimpleNamespace(action="move", plan=None)
    guarded = GuardedExecutor(book, shell.home, world(shell))
    guarded.execute(decision)  # type: ignore[arg-type]
    assert shell("pause").code == 0
    with pytest.raises(PersonNeededError):
        guarded.execute(decision)  # type: ignore[arg-type]
    assert book.done == 1


# --- lifting -------------------------------------------------------------------------------------


def emergency(shell: Shell, reason: str = REASON) -> None:
    """Have the program give the alarm."""
    stops.set_(world(shell), "emergency", reason, "mammon", 1_700_000_000)


def test_an_emergency_refuses_and_is_told(shell: Shell) -> None:
    """As every stop, with what was found."""
    emergency(shell)
    assert not acts(shell)
    assert REASON in shell("status").out


REFUSED = {
    "no reason": (),
    "an empty reason": ("--reason", ""),
    "another reason": ("--reason", "all is well again"),
    "a name and no reason": ("--yes-with-name", "Anna"),
    "a name and another reason": ("--reason", "it was nothing", "--yes-with-name", "Anna"),
    "its reason and nobody's name": ("--reason", "unexplained_decrease: a vault's fee"),
    "its reason and an empty name": ("--reason", "unexplained_decrease", "--yes-with-name", "  "),
}


@pytest.mark.parametrize("how", REFUSED)
def test_an_emergency_is_lifted_by_nothing_less(how: str, shell: Shell) -> None:
    """Exit 5 and nothing lifted, the milder stop beside it neither; without a terminal nobody is asked."""
    shell("pause")
    emergency(shell)
    ended = shell("resume", *REFUSED[how])
    assert (ended.code, ended.out) == (5, "")
    assert stops.in_force(shell.home, world(shell)) == ("pause", "emergency")


def test_an_approval_that_names_the_reason_lifts_it(shell: Shell) -> None:
    """With its code and a person's name; both are kept with what was found."""
    emergency(shell)
    ended = shell("resume", "--reason", "Unexplained_Decrease: a vault's fee", "--yes-with-name", "Anna")
    assert ended.code == 0, ended.err
    (kept,) = (world(shell) / stops.LIFTED).iterdir()
    told = json.loads(kept.read_text())
    assert (told["by"], told["reason"]) == ("Anna", "Unexplained_Decrease: a vault's fee")
    assert told["stop"]["reason"] == REASON
    assert acts(shell)


@pytest.mark.parametrize("reason", ["", "   "])
def test_an_emergency_without_words_is_named_by_what_it_is(reason: str, shell: Shell) -> None:
    """A file touched by hand, or one that cannot be read, is no way round the approval."""
    emergency(shell, reason)
    assert shell("resume", "--yes-with-name", "Anna").code == 5
    assert shell("resume", "--reason", "emergency: a test", "--yes-with-name", "Anna").code == 0


@pytest.mark.parametrize(("typed", "code"), [("Anna\n", 0), ("\n", 5), ("", 5)])
def test_at_a_terminal_the_name_is_asked_for(
    typed: str, code: int, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A person who says nothing, or closes the stream, lifts nothing."""
    emergency(shell)
    process = shell.process

    def asked(stdin: object, out: io.StringIO, err: io.StringIO) -> Process:
        return process(Terminal(typed), out, err)  # type: ignore[arg-type]

    monkeypatch.setattr(shell, "process", asked)
    ended = shell("resume", "--reason", "unexplained_decrease: seen")
    assert (ended.code, stops.in_force(shell.home, world(shell)) == ()) == (code, code == 0)
    assert "Your name:" in ended.err


def test_the_kill_switch_is_lifted_by_taking_it_away_alone(shell: Shell) -> None:
    """`resume` says so, and lifts nothing beside it."""
    shell("pause")
    (shell.home / killswitch.NAME).touch()
    ended = shell("resume", "--reason", "kill_switch", "--yes-with-name", "Anna")
    assert (ended.code, "kill_switch" in ended.err) == (5, True)
    assert stops.in_force(shell.home, world(shell)) == ("kill_switch", "pause")


def test_resuming_what_is_not_stopped_is_done_already(shell: Shell) -> None:
    """No stop, no question, exit 0."""
    ended = shell("resume", "--json")
    assert (ended.code, ended.data["stops"]) == (0, [])
    assert {row["act"] for row in ended.data["allows"]} == set(ACTS)
