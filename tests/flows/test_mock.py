"""The mock world from end to end: the commands as a person, a pipe and cron use them."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from mammon.core import canonical
from mammon.core.decide import Decision
from tests.flows.runner import Shell


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path / "home", MAMMON_MODE="mock", MAMMON_SEED="7")


def piped(shell: Shell) -> tuple[str, str, str]:
    """Run the pipeline of the command line's contract; return its three documents."""
    scan = shell("scan", "--json")
    gates = shell("gates", "-i", "-", "--json", piped=scan.out)
    plan = shell("rebalance", "-i", "-", "--plan-only", "--json", piped=gates.out)
    assert (scan.code, gates.code, plan.code) == (0, 0, 0), (scan.err, gates.err, plan.err)
    return scan.out, gates.out, plan.out


def test_one_seed_gives_the_same_bytes_in_two_homes(tmp_path: Path) -> None:
    """Two fresh homes and one seed: every document of the pipeline is equal to the byte."""
    first, second = (Shell(tmp_path / name, MAMMON_MODE="mock", MAMMON_SEED="7") for name in "ab")
    assert piped(first) == piped(second)


def test_another_seed_gives_another_world(tmp_path: Path) -> None:
    """The equality above is not that of a constant."""
    first = Shell(tmp_path / "a", MAMMON_MODE="mock", MAMMON_SEED="7")
    second = Shell(tmp_path / "b", MAMMON_MODE="mock", MAMMON_SEED="8")
    assert piped(first)[0] != piped(second)[0]


def test_separate_commands_move_the_money(shell: Shell) -> None:
    """scan, gates and rebalance --execute as commands of their own; detect-positions sees the result."""
    assert shell("scan").code == 0
    assert shell("gates").code == 0
    before = shell("detect-positions", "--json").data
    done = shell("rebalance", "--execute", "--yes", "--json")
    assert done.code == 0, done.err
    outcome = done.data["outcome"]
    after = shell("detect-positions", "--json").data
    held = {row["slug"]: int(row["assets"]["raw"]) for row in after["positions"]}
    assert [row["slug"] for row in before["positions"]] == ["idle"]
    assert held["idle"] == 0
    earned = held[outcome["target"]] - int(outcome["entered"])
    assert -2 <= earned <= int(outcome["entered"]) // 10_000  # interest while the transactions settled
    assert len(outcome["transactions"]) == 2


def test_a_move_survives_the_process(shell: Shell) -> None:
    """The simulated chain is rebuilt from the state: later commands see what an earlier one did."""
    assert shell("rebalance", "--execute", "--yes").code == 0
    again = shell("rebalance", "--execute", "--yes", "--json")
    assert again.code == 0
    assert again.data["decision"]["action"] == "hold"
    assert again.data["outcome"] is None


def test_looking_moves_neither_time_nor_money(shell: Shell) -> None:
    """Reading commands leave the simulated chain where it stands."""
    first = shell("scan", "--json").document["block"]
    for command in ("gates", "detect-positions", "rebalance"):
        assert shell(command).code == 0
    assert shell("scan", "--json").document["block"] == first


def test_the_loop_runs_on_simulated_time(shell: Shell) -> None:
    """Cycles are an interval of simulated time apart and take none of ours; the first one moves."""
    ended = shell("run", "--cycles", "3", "--interval", "1h", "--execute", "--yes", "--json")
    assert ended.code == 0, ended.err
    cycles = [json.loads(line) for line in ended.out.splitlines()]
    assert [entry["data"]["cycle"] for entry in cycles] == [1, 2, 3]
    assert cycles[0]["data"]["outcome"] is not None
    times = [entry["block"]["timestamp"] for entry in cycles]
    assert times[2] - times[1] == 3600


def test_a_duration_ends_the_loop(shell: Shell) -> None:
    """`--duration` is simulated time in the simulated world."""
    ended = shell("run", "--duration", "30m", "--interval", "10m", "--json")
    assert ended.code == 0
    assert len(ended.out.splitlines()) == 3


def test_a_decision_replays_offline_to_the_same_bytes(shell: Shell) -> None:
    """`replay` of a gates document prints the very document back; an edited one is exit 5."""
    gates = shell("gates", "--json")
    again = shell("replay", "-i", "-", "--json", piped=gates.out)
    assert (again.code, again.out) == (0, gates.out)
    edited = json.loads(gates.out)
    edited["data"]["action"] = "hold"
    edited["data"]["plan"] = None
    refused = shell("replay", "-i", "-", piped=json.dumps(edited))
    assert refused.code == 5
    assert "does not follow" in refused.err


def test_explain_rebuilds_a_hold_to_the_byte(shell: Shell) -> None:
    """Holds are stored by their inputs alone; explaining one gives the document that gates printed."""
    assert shell("rebalance", "--execute", "--yes").code == 0
    for _ in range(2):  # the first hold of its kind is kept whole, the second is not
        gates = shell("gates", "--json")
    assert gates.data["action"] == "hold"
    told = shell("explain", "--json")
    assert told.code == 0, told.err
    assert told.data == gates.data


def test_explain_tells_every_gate_in_words(shell: Shell) -> None:
    """The words name each gate with its number and the block they rest on."""
    decision = canonical.decode(Decision, shell("gates", "--json").data)
    told = shell("explain").out
    assert decision.chosen is not None
    for found in decision.chosen.verdicts:
        assert found.gate in told
    assert f"Block {decision.snapshot.block.number}" in told


def test_an_asked_move_that_does_not_pay_is_exit_3(shell: Shell) -> None:
    """`--from/--to` answers with 3 when any gate refuses; without them not paying is a hold, exit 0."""
    worst = shell("scan", "--json").data["markets"]
    readable = [row["slug"] for row in worst if row["apy_after"] is not None]
    assert shell("rebalance", "--execute", "--yes").code == 0
    held = shell("detect-positions", "--json").data["positions"][1]["slug"]
    asked = shell("gates", "--from", held, "--to", readable[-1])
    assert asked.code == 3
    assert shell("gates").code == 0
    assert shell("gates", "--exit-code").code == 3


def test_the_kill_switch_refuses_by_name(shell: Shell) -> None:
    """Any file of that name in the home stops every move: a judgement is 3, being asked to act is 5."""
    (shell.home / ".kill_switch").touch()
    assert shell("gates").code == 3
    refused = shell("rebalance", "--execute", "--yes", "--json")
    assert refused.code == 5
    assert refused.data["decision"]["refused_by"] == ["stops"]
    assert shell("detect-positions", "--json").data["positions"][0]["slug"] == "idle"


def test_status_says_what_is_known(shell: Shell) -> None:
    """After a move the state knows the holding, the decision and the stops, without asking the chain."""
    assert shell("rebalance", "--execute", "--yes").code == 0
    held = [row["slug"] for row in shell("detect-positions", "--json").data["positions"]]
    (shell.home / ".kill_switch").touch()
    known = shell("status", "--json").data
    assert known["stops"] == ["kill_switch"]
    assert known["decision"]["action"] == "move"
    assert [row["slug"] for row in known["holdings"]] == held[1:]


def test_quiet_says_nothing_when_nothing_was_done(shell: Shell) -> None:
    """Cron mails only when something was done: -q is silent for a look and a hold, not for a move."""
    assert shell("scan", "-q") == dataclasses.replace(shell("scan", "-q"), code=0, out="", err="")
    assert shell("rebalance", "--execute", "--yes", "-q").out != ""
    held = shell("rebalance", "--execute", "--yes", "-q")
    assert (held.code, held.out, held.err) == (0, "", "")


def test_without_a_terminal_nothing_is_asked(shell: Shell) -> None:
    """`--execute` without --yes and without a terminal is exit 5 at once, and nothing moves."""
    refused = shell("rebalance", "--execute")
    assert refused.code == 5
    assert "--yes" in refused.err
    assert shell("detect-positions", "--json").data["positions"][0]["slug"] == "idle"


def test_a_document_of_another_world_is_refused(shell: Shell, tmp_path: Path) -> None:
    """A scan of one seed's world is not judged in another's."""
    other = Shell(tmp_path / "other", MAMMON_MODE="mock", MAMMON_SEED="8")
    refused = shell("gates", "-i", "-", piped=other("scan", "--json").out)
    assert refused.code == 2
    assert "$.account" in refused.err


@pytest.mark.parametrize("cut", [0, 1, 100, -2])
def test_a_cut_document_is_refused(shell: Shell, cut: int) -> None:
    """Truncated JSON is exit 2 with a sentence, never a traceback."""
    scan = shell("scan", "--json").out
    refused = shell("gates", "-i", "-", piped=scan[:cut])
    assert refused.code == 2
    assert "Traceback" not in refused.err


def test_the_wrong_document_is_refused_by_name(shell: Shell) -> None:
    """Positions are not a scan: the schema is named."""
    refused = shell("gates", "-i", "-", piped=shell("detect-positions", "--json").out)
    assert refused.code == 2
    assert "mammon/scan@1" in refused.err


def test_live_does_not_act_without_consent(tmp_path: Path) -> None:
    """Without the acknowledgement nothing is signed or read: exit 5 with what to do instead."""
    live = Shell(tmp_path / "live", MAMMON_MODE="live", MAMMON_ACCOUNT="0x" + "11" * 20)
    for command in ("rebalance", "run"):
        refused = live(command, "--execute", "--yes")
        assert refused.code == 5
        assert "phase acknowledge" in refused.err


def test_capital_belongs_to_the_world(shell: Shell) -> None:
    """A simulated world keeps the capital it began with; another one asked for later is refused."""
    assert shell("scan", "--capital", "50000").code == 0
    assert shell("detect-positions", "--json").data["worth"]["display"] == "50000"
    assert shell("scan", "--capital", "60000").code == 2
