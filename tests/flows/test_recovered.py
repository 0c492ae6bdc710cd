"""What an earlier process began and this one finished first: told in the document and to a person."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mammon.chain.follow import Follower
from mammon.errors import OutsideError
from tests.flows.runner import Shell
from tests.flows.settled import MOCK

AGAIN = ("rebalance", "--execute", "--yes")


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """A world in which a process died while its deposit was on its way."""
    found = Shell(tmp_path / "home", **MOCK)
    follow, times = Follower.follow, [0]

    def dies(self: Follower, errand: Any) -> None:
        times[0] += 1
        if times[0] == 2:
            raise OutsideError("killed", "killed", "run again")
        follow(self, errand)

    with monkeypatch.context() as patch:
        patch.setattr(Follower, "follow", dies)
        assert found(*AGAIN).code == 4
    return found


def test_a_script_sees_the_move(shell: Shell) -> None:
    """The decision it belongs to, what entered, and the hashes that the journal has too."""
    ended = shell(*AGAIN, "--json")
    assert ended.code == 0, ended.err
    (one,) = ended.data["recovered"]
    assert (one["outcome"]["source"], int(one["outcome"]["entered"])) == ("idle", 10_000_000_000)
    known = [each["hash"] for each in shell("tx", "list", "--json").data["transactions"]]
    assert sorted(one["outcome"]["transactions"]) == sorted(known)
    assert (ended.data["outcome"], shell(*AGAIN, "--json").data["recovered"]) == (None, [])


def test_a_person_sees_it_also_when_quiet(shell: Shell) -> None:
    """Something was done: that is not passed over in silence."""
    told = shell(*AGAIN, "-q").out
    assert "Begun before, finished now: Moved 10,000.00 USDC from idle to" in told


def test_the_loop_tells_it_with_the_cycle_that_finished_it(shell: Shell) -> None:
    """Once, in the first cycle, to a script and to a person."""
    loop = ("run", "--execute", "--yes", "--cycles", "2")
    ended = shell(*loop, "--json")
    first, second = (json.loads(line)["data"] for line in ended.out.splitlines())
    (one,) = first["recovered"]
    assert (one["outcome"]["source"], int(one["outcome"]["entered"])) == ("idle", 10_000_000_000)
    assert second["recovered"] == []


def test_the_loop_tells_a_person(shell: Shell) -> None:
    """In words, above the cycle's own line."""
    told = shell("run", "--execute", "--yes", "--cycles", "1").out
    assert "Begun before, finished now: Moved 10,000.00 USDC from idle to" in told


def test_a_plan_alone_recovers_nothing(shell: Shell) -> None:
    """Who only looks finishes nothing."""
    assert json.loads(shell("rebalance", "--json").out)["data"]["recovered"] == []
