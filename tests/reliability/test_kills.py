"""Killed in the middle of a move on a real node: the money is all there, and the next start goes on."""

from __future__ import annotations

import shutil

import pytest

from tests.chain.lab import Lab
from tests.reliability.kill_points import POINTS, drawn
from tests.reliability.kill_trap import Syscall
from tests.reliability.kills import schedule
from tests.reliability.planted import planted

pytestmark = pytest.mark.chain

SEEDS = range(1, 9)


@pytest.mark.parametrize("name", POINTS)
def test_a_killed_move_is_finished_by_the_next_start(lab: Lab, name: str) -> None:
    """F29: no unit is lost at any time, no act is sent under two nonces, in the end the move is done once."""
    pause = 5 * (list(POINTS).index(name) % 2)
    told = schedule(lab, POINTS[name], pause=pause)
    assert not told.wrong, told
    assert told.killed == len(POINTS[name]), "a start ended before its death came"


@pytest.mark.parametrize("seed", SEEDS)
def test_deaths_and_faults_together_lose_nothing(lab: Lab, seed: int) -> None:
    """One to six deaths anywhere, while providers lose, refuse, garble and lag: the same must hold."""
    deaths, troubles, pause = drawn(seed)
    told = schedule(lab, deaths, troubles, pause=pause)
    assert not told.wrong, told


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
@pytest.mark.parametrize(
    "point", [Syscall("pwrite64", 300), Syscall("fdatasync", 60), Syscall("fdatasync", 110)], ids=str
)
def test_death_in_place_of_a_write_loses_nothing(lab: Lab, point: Syscall) -> None:
    """The kernel ends it where a page or a transaction of the state would have become durable."""
    told = schedule(lab, [point])
    assert not told.wrong, told
    assert told.killed == 1


def test_sending_before_the_journal_is_found_out(lab: Lab) -> None:
    """With the order of the two reversed a death in between leaves a transaction that nobody knows."""
    with planted("send-then-journal"):
        told = schedule(lab, POINTS["deposit sent, not answered"])
    assert told.wrong


@pytest.mark.bench
@pytest.mark.parametrize("name", ["committed, not sent", "between withdraw and approve"])
def test_the_installed_program_survives_too(lab: Lab, name: str) -> None:
    """With a key file, in real time, as a process that nothing was replaced in."""
    told = schedule(lab, POINTS[name], installed=True)
    assert not told.wrong, told
    assert told.killed == len(POINTS[name])
