"""The way out of danger through the real commands: a crisis an hour after a simulated world opens."""

from __future__ import annotations

import dataclasses
import io
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from mammon.cli import rebalance
from mammon.cli.process import Process
from mammon.sim import crises
from tests.flows.runner import Ended, Shell
from tests.flows.settled import MOCK
from tests.flows.terminal import Terminal

USD = 10**6
RUN = ("run", "--execute", "--yes", "--json", "--duration", "75m")


def world(folder: Path, crisis: str, **more: str) -> Shell:
    return Shell(folder / "home", **(MOCK | {"MAMMON_SIM_CRISIS": crisis} | more))


def cycles(ended: Ended) -> list[dict[str, Any]]:
    assert ended.code == 0, ended.err
    return [json.loads(line)["data"] for line in ended.out.splitlines()]


def idle(shell: Shell) -> int:
    rows = shell("detect-positions", "--json").data["positions"]
    return next(int(row["assets"]["raw"]) for row in rows if row["slug"] == "idle")


@pytest.fixture(scope="module")
def lost(tmp_path_factory: pytest.TempPathFactory) -> tuple[Shell, list[dict[str, Any]], str]:
    """A world whose venues lost half a percent while the loop ran."""
    shell = world(tmp_path_factory.mktemp("lost"), "loss")
    ended = shell(*RUN)
    return shell, cycles(ended), ended.err


def test_money_leaves_a_venue_that_lost_some(lost: tuple[Shell, list[dict[str, Any]], str]) -> None:
    """Once, all of it, said by code and sentence; then nothing enters while the danger stands."""
    shell, found, err = lost
    exits = [each for each in found if each["action"] == "exit"]
    assert len(exits) == 1
    (left,) = exits
    assert "share_price_fell" in left["headline"]
    assert left["dangers"][0].startswith("danger: steakhouse-usdc: share_price_fell: a share is worth 0.4")
    assert "a fact of the chain" in left["dangers"][0]
    assert idle(shell) == int(left["outcome"]["left"]) > 9_900 * USD
    assert [each["action"] for each in found[found.index(left) + 1 :]] == ["hold"] * (
        len(found) - found.index(left) - 1
    )
    assert "no_danger" in found[-1]["refused_by"]
    assert err.count("danger: steakhouse-usdc") == 1


def test_it_is_told_and_replays(lost: tuple[Shell, list[dict[str, Any]], str], tmp_path: Path) -> None:
    """`explain` tells the exit; its document computes anew to the same bytes, offline."""
    shell, found, _ = lost
    kept = next(
        decision
        for decision in _decisions(shell)
        if "out of danger" in shell("explain", "--decision", decision).out
    )
    told = shell("explain", "--decision", kept).out
    assert "danger: steakhouse-usdc: share_price_fell" in told
    document = shell("explain", "--decision", kept, "--json")
    (tmp_path / "exit.json").write_text(document.out)
    assert document.data["action"] == "exit"
    assert document.data["dangers"][0]["code"] == "share_price_fell"
    assert shell("replay", "-i", str(tmp_path / "exit.json")).code == 0
    assert len(found) > 12


def _decisions(shell: Shell) -> list[str]:
    import sqlite3

    (path,) = shell.home.glob("mock-*/mammon.db")
    with sqlite3.connect(path) as database:
        return [row[0].hex() for row in database.execute("SELECT sha256 FROM decisions WHERE kind = 'exit'")]


def test_every_command_tells_a_danger(tmp_path: Path) -> None:
    """Where danger is only told of: `gates`, `rebalance`, `status` and `run` say it, and nothing leaves."""
    shell = world(tmp_path, "loss", MAMMON_POLICY__ON_DANGER="alert")
    found = cycles(shell(*RUN))
    assert {each["action"] for each in found} <= {"hold", "move"}
    assert "`policy.on_danger` only tells of it" in found[-1]["dangers"][0]
    for words in (("gates",), ("rebalance",), ("status",), ("explain",)):
        ended = shell(*words)
        assert "danger: steakhouse-usdc: share_price_fell" in ended.out, words
        assert ended.code in (0, 3)
    assert shell("status", "--json").data["decision"]["dangers"]


def test_a_venue_that_runs_dry_is_left_as_it_gives(tmp_path: Path) -> None:
    """A part at once, then whatever comes back; the loop looks at it sooner than its interval."""
    dry = world(tmp_path, "drain", MAMMON_SEED="1")
    found = cycles(dry(*RUN))
    exits = [each for each in found if each["action"] == "exit"]
    assert len(exits) >= 2
    assert all("liquidity_falling" in each["headline"] for each in exits)
    assert len(found) > 75 // 5 + 1
    assert sum(int(each["outcome"]["left"]) for each in exits) >= 6_000 * USD


def test_rebalance_brings_it_home_and_paper_too(tmp_path: Path) -> None:
    """One command is enough; a plan without --execute says what would leave."""
    shell = world(tmp_path, "loss")
    assert shell("run", "--execute", "--yes", "--duration", "61m", "--interval", "10m").code == 0
    ready = json.loads(
        shell("run", "--yes", "--cycles", "2", "--interval", "2m", "--json").out.splitlines()[-1]
    )
    assert ready["data"]["action"] == "exit"
    planned = shell("rebalance", "--json").data
    assert (planned["decision"]["action"], planned["decision"]["plan"]["target"]) == ("exit", "idle")
    done = shell("rebalance", "--execute", "--yes", "--json")
    assert (done.code, done.data["outcome"]["target"]) == (0, "idle")
    assert shell("gates", "--json").data["portfolio"]["moved"] == planned["decision"]["portfolio"]["moved"]


def test_a_haven_takes_it(tmp_path: Path) -> None:
    """Withdraw, approve and deposit, by one exit of three transactions; the plain vault lends nothing out."""
    dry = world(tmp_path, "drain", MAMMON_SEED="1", MAMMON_POLICY__HAVEN="plain-vault")
    found = cycles(dry(*RUN))
    first = next(each for each in found if each["action"] == "exit")
    assert first["outcome"]["target"] == "plain-vault"
    assert len(first["outcome"]["transactions"]) == 3
    assert first["headline"].startswith("Move ")


@pytest.mark.parametrize("elsewhere", [False, True])
def test_a_person_agrees_to_a_haven(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, elsewhere: bool) -> None:
    """What was agreed to is decided anew: the same is done; what now leads elsewhere is not, exit 3."""
    dry = world(
        tmp_path, "drain", MAMMON_SEED="1", MAMMON_POLICY__HAVEN="plain-vault", MAMMON_CAPITAL_USDC="4000"
    )
    assert dry("run", "--execute", "--yes", "--duration", "61m", "--interval", "10m").code == 0
    assert dry("run", "--yes", "--cycles", "2", "--interval", "2m").code == 0
    process, judged, times = dry.process, rebalance._judged, [0]

    def asked(stdin: object, out: io.StringIO, err: io.StringIO) -> Process:
        return process(Terminal("y\n"), out, err)

    def other(*arguments: Any) -> Any:
        times[0] += 1
        seen, decision = judged(*arguments)
        if times[0] == 2 and elsewhere:
            decision = dataclasses.replace(decision, plan=dataclasses.replace(decision.plan, target="idle"))
        return seen, decision

    monkeypatch.setattr(dry, "process", asked)
    monkeypatch.setattr(rebalance, "_judged", other)
    ended = dry("rebalance", "--execute", "--json")
    assert (ended.code, times) == (3 if elsewhere else 0, [2])
    if elsewhere:
        assert "what was agreed to" in ended.err
    else:
        assert ended.data["outcome"]["target"] == "plain-vault"


def test_a_world_keeps_its_crisis(tmp_path: Path) -> None:
    """What befalls a world is set when it begins; another one is refused, exit 2."""
    shell = world(tmp_path, "loss")
    assert shell("gates").code in (0, 3)
    shell.environment["MAMMON_SIM_CRISIS"] = "drain"
    ended = shell("gates")
    assert (ended.code, "other_crisis" in ended.err) == (2, True)
    del shell.environment["MAMMON_SIM_CRISIS"]
    assert shell("gates").code in (0, 3)


@pytest.mark.parametrize(("watch", "blocks"), [("0s", (800, 900)), ("10s", (0, 5))])
def test_between_cycles_held_venues_are_looked_at(
    tmp_path: Path, watch: str, blocks: tuple[int, int]
) -> None:
    """A slow loop is out of a loss by its next look, and not by its next cycle half an hour later."""
    shell = world(tmp_path, "loss", MAMMON_RUN__WATCH=watch)
    ended = shell("run", "--execute", "--yes", "--json", "--duration", "100m", "--interval", "45m")
    documents = [json.loads(line) for line in ended.out.splitlines()]
    (left,) = [each for each in documents if each["data"]["action"] == "exit"]
    least, most = blocks
    assert least <= left["block"]["number"] - crises.BEGINS_BLOCK <= most
    seen = "seen between cycles, decided now: steakhouse-usdc: share_price_fell" in ended.err
    assert seen is (watch == "10s")


@pytest.fixture(scope="module")
def fleeing(tmp_path_factory: pytest.TempPathFactory) -> tuple[Shell, dict[str, str]]:
    """A world that runs dry, with the documents of a way into its haven: a plan, and a decision."""
    dry = world(
        tmp_path_factory.mktemp("fleeing"),
        "drain",
        MAMMON_SEED="1",
        MAMMON_POLICY__HAVEN="plain-vault",
        MAMMON_CAPITAL_USDC="4000",
    )
    assert dry("run", "--execute", "--yes", "--duration", "61m", "--interval", "10m").code == 0
    assert dry("run", "--yes", "--cycles", "2", "--interval", "2m").code == 0
    return dry, {"plan": dry("rebalance", "--json").out, "decision": dry("gates", "--json").out}


def copied(shell: Shell, folder: Path, **more: str) -> Shell:
    shutil.copytree(shell.home, folder / "home")
    return Shell(folder / "home", **(shell.environment | {"MAMMON_HOME": str(folder / "home")} | more))


@pytest.mark.parametrize("kind", ["plan", "decision"])
def test_a_proposed_way_into_a_haven_is_judged_as_an_exit(
    fleeing: tuple[Shell, dict[str, str]], tmp_path: Path, kind: str
) -> None:
    """It earns less than where it is, so that as a named move it would be refused: in danger it is done."""
    dry, documents = fleeing
    shell = copied(dry, tmp_path)
    ended = shell("rebalance", "-i", "-", "--execute", "--yes", "--json", piped=documents[kind])
    assert ended.code == 0, ended.err
    decision, outcome = ended.data["decision"], ended.data["outcome"]
    assert (decision["action"], decision["ask"], outcome["target"]) == ("exit", None, "plain-vault")
    assert len(outcome["transactions"]) == 3


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"MAMMON_POLICY__HAVEN": ""}, "changed"),
        ({"MAMMON_POLICY__ON_DANGER": "alert"}, "danger_passed"),
    ],
)
def test_a_proposed_way_into_a_haven_that_is_no_longer_the_way_is_refused(
    fleeing: tuple[Shell, dict[str, str]], tmp_path: Path, more: dict[str, str], code: str
) -> None:
    """Where today's exit leads elsewhere, or nothing is to be left: exit 3, and nothing moves."""
    dry, documents = fleeing
    shell = copied(dry, tmp_path, **more)
    before = idle(shell)
    for document in documents.values():
        ended = shell("rebalance", "-i", "-", "--execute", "--yes", piped=document)
        assert (ended.code, code in ended.err) == (3, True), ended.err
    assert idle(shell) == before


def test_a_danger_that_passed_lets_nothing_into_a_haven(
    fleeing: tuple[Shell, dict[str, str]], tmp_path: Path
) -> None:
    """The document still shows the danger, a day later the present does not: exit 3, and nothing moves."""
    dry, documents = fleeing
    shell = copied(dry, tmp_path)
    assert shell("run", "--yes", "--cycles", "2", "--interval", "24h").code == 0
    before = idle(shell)
    ended = shell("rebalance", "-i", "-", "--execute", "--yes", piped=documents["decision"])
    assert (ended.code, "danger_passed" in ended.err) == (3, True), ended.err
    assert idle(shell) == before
    assert shell("rebalance", "-i", "-", "--execute", "--yes", piped=documents["plan"]).code == 2


def test_an_emitted_way_into_a_haven_is_shown_as_an_exit(
    fleeing: tuple[Shell, dict[str, str]], tmp_path: Path
) -> None:
    """Before the last signature too: in danger it may be signed, a day later or without a haven not."""
    dry, _ = fleeing
    batch = str(tmp_path / "batch.json")
    assert dry("rebalance", "--emit", "safe", "--valid-for", "2d", "--out", batch).code == 0
    shell = copied(dry, tmp_path)
    shown = shell("tx", "show", batch, "--json")
    assert shown.code == 0, shown.out + shown.err
    assert (shown.data["decision"]["action"], shown.data["rehearsal"]["passed"]) == ("exit", True)
    shell.environment["MAMMON_POLICY__HAVEN"] = ""
    refused = shell("tx", "show", batch, "--json")
    assert (refused.code, refused.data["decision"]["action"]) == (3, "hold")
    shell.environment["MAMMON_POLICY__HAVEN"] = "plain-vault"
    assert shell("run", "--yes", "--cycles", "2", "--interval", "24h").code == 0
    assert shell("tx", "show", batch).code == 3
