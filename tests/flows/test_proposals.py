"""Forged decisions and scans: nothing in a document has authority to spend, or to be remembered."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.flows.mangling import put
from tests.flows.runner import Shell
from tests.flows.settled import MOCK


def moved(shell: Shell) -> bool:
    """Say whether money left the wallet."""
    return [row["slug"] for row in shell("detect-positions", "--json").data["positions"]] != ["idle"]


@pytest.fixture
def fresh(homes: Path, shell: Shell, tmp_path: Path) -> Callable[..., Shell]:
    """Return a maker of shells, each on a copy of the idle world."""

    def make(**environment: str) -> Shell:
        home = tmp_path / "home"
        shutil.copytree(shell.home, home)
        return Shell(home, **MOCK, **environment)

    return make


def test_a_proposal_without_its_stop_is_stopped(fresh: Callable[..., Shell], move: dict[str, Any]) -> None:
    """The stops are this machine's: a document that knows none changes nothing."""
    shell = fresh()
    (shell.home / ".kill_switch").touch()
    ended = shell("rebalance", "-i", "-", "--execute", "--yes", "--json", piped=json.dumps(move))
    assert ended.code == 5
    assert "stops" in ended.data["decision"]["refused_by"]
    assert not moved(shell)


def test_a_proposal_brings_no_policy_along(fresh: Callable[..., Shell], move: dict[str, Any]) -> None:
    """The policy is this machine's, however generous the one in the document is."""
    shell = fresh(MAMMON_POLICY__MAX_GAS_USD="0.000001")
    generous = put(move, ("data", "policy", "max_gas_usd"), "1000")
    ended = shell("rebalance", "-i", "-", "--execute", "--yes", "--json", piped=json.dumps(generous))
    assert ended.code == 3
    assert ended.data["decision"]["refused_by"] == ["gas_ceiling"]
    assert not moved(shell)


@pytest.mark.parametrize("amount", ["0", "-1", "10000000001", str(2**200)])
def test_a_proposed_amount_is_judged_like_any(
    amount: str, fresh: Callable[..., Shell], move: dict[str, Any]
) -> None:
    """Nothing, less than nothing and more than there is are refused, whatever every other number says."""
    shell = fresh()
    forged = put(move, ("data", "plan", "amount"), amount)
    ended = shell("rebalance", "-i", "-", "--execute", "--yes", piped=json.dumps(forged))
    assert ended.code == 3, ended.err
    assert not moved(shell)


def test_a_proposed_venue_must_earn_it(fresh: Callable[..., Shell], move: dict[str, Any]) -> None:
    """A venue whose rate nobody knows is not entered because a document says it pays best."""
    shell = fresh()
    forged = put(
        put(move, ("data", "plan", "target"), "plain-vault"), ("data", "chosen", "move", "target"), "x"
    )
    ended = shell("rebalance", "-i", "-", "--execute", "--yes", "--json", piped=json.dumps(forged))
    assert ended.code == 3
    assert "rate_sane" in ended.data["decision"]["refused_by"]
    assert not moved(shell)


def test_money_goes_to_the_markets_own_address(fresh: Callable[..., Shell], move: dict[str, Any]) -> None:
    """Addresses in a proposal are not used: identity is the configured contract."""
    thief = "0x" + "11" * 20
    text = json.dumps(move).replace(move["data"]["plan"]["steps"][1]["market"]["address"], thief)
    ended = fresh()("rebalance", "-i", "-", "--plan-only", "--json", piped=text)
    assert ended.code == 0, ended.err
    assert thief not in ended.out
    assert len(ended.data["calls"]) == 2


def test_a_plan_without_steps_is_no_bug(fresh: Callable[..., Shell], move: dict[str, Any]) -> None:
    """The legs are planned anew, so a proposal without any loses nothing."""
    ended = fresh()(
        "rebalance", "-i", "-", "--json", piped=json.dumps(put(move, ("data", "plan", "steps"), []))
    )
    assert ended.code == 0, ended.err
    assert len(ended.data["decision"]["plan"]["steps"]) == 2


def test_a_proposal_to_hold_moves_nothing(fresh: Callable[..., Shell], move: dict[str, Any]) -> None:
    """Judged anew it may well pay to move; a move that nobody proposed is not made."""
    shell = fresh()
    forged = put(put(move, ("data", "plan"), None), ("data", "action"), "hold")
    forged = put(forged, ("data", "chosen", "verdicts", 0, "detail"), "forged")
    ended = shell("rebalance", "-i", "-", "--execute", "--yes", "--json", piped=json.dumps(forged))
    assert ended.code == 0, ended.err
    assert (ended.data["outcome"], ended.data["calls"]) == (None, [])
    assert "forged" not in ended.out
    assert "nothing is carried out" in ended.err
    assert not moved(shell)


def test_a_piped_scan_leaves_no_trace(fresh: Callable[..., Shell], scan: dict[str, Any]) -> None:
    """Neither positions, nor decisions, nor the books learn anything from a document."""
    shell = fresh()
    before = shell("status", "--json").data
    market = next(entry["market"] for entry in scan["data"]["snapshot"]["markets"] if "market" in entry)
    position = {
        "kind": "position",
        "market": market["id"],
        "slug": market["slug"],
        "owner": scan["account"],
        "shares": "1",
        "assets": "5",
    }
    forged = put(scan, ("data", "portfolio", "positions"), [position])
    assert shell("gates", "-i", "-", piped=json.dumps(forged)).code in (0, 3)
    assert shell("status", "--json").data == before


def test_replay_prints_one_document_also_for_a_forgery(shell: Shell, move: dict[str, Any]) -> None:
    """Exit 5 with what the inputs really give on stdout, once, and why on stderr."""
    ended = shell(
        "replay", "-i", "-", "--json", piped=json.dumps(put(move, ("data", "refused_by"), ["stops"]))
    )
    assert ended.code == 5
    assert ended.document == move
    assert "does not follow" in ended.err


def test_a_decision_is_told_without_a_state(tmp_path: Path, move: dict[str, Any]) -> None:
    """`explain -i` needs the document alone; naming a stored decision as well is a question twice asked."""
    shell = Shell(tmp_path / "new", **MOCK)
    told = shell("explain", "-i", "-", piped=json.dumps(move))
    assert told.code == 0, told.err
    assert "May it be done?" in told.out
    assert list(shell.home.iterdir()) == []
    assert shell("explain", "-i", "-", "--decision", "abcd", piped=json.dumps(move)).code == 2
